"""Sentences of the manifest: what ``gateway kos check`` says, by rule, and what making one says."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
    "kos-meta-missing": Text(
        "Il manque {name} dans l'en-tête du fichier (groupe 0002) : ajoutez cet attribut.",
        "{name} is missing in the file meta information (group 0002): add this attribute.",
    ),
    "kos-meta-value": Text(
        "La valeur « {value} » de {name} n'est pas permise dans l'en-tête du fichier.",
        "The value “{value}” of {name} is not allowed in the file meta information.",
    ),
    "kos-meta-class": Text(
        "La classe de l'en-tête du fichier ({value}) n'est pas celle du document ({expected}).",
        "The class in the file meta information ({value}) is not that of the document ({expected}).",
    ),
    "kos-meta-instance": Text(
        "L'UID de l'en-tête du fichier ({value}) n'est pas celui du document ({expected}).",
        "The UID in the file meta information ({value}) is not that of the document ({expected}).",
    ),
    "kos-meta-length": Text(
        "La longueur du groupe 0002 n'est pas celle qui est annoncée.",
        "The length of group 0002 is not the one announced.",
    ),
    "kos-transfer-syntax": Text(
        "La syntaxe de transfert « {value} » ne convient pas à un manifeste : utilisez {expected}.",
        "Transfer syntax “{value}” does not fit a manifest: use {expected}.",
    ),
    "kos-transfer-encoding": Text(
        "Le fichier annonce la syntaxe {value} et est écrit en {expected}.",
        "The file announces transfer syntax {value} and is written in {expected}.",
    ),
    "kos-deflated": Text(
        "Le manifeste est compressé (deflate) : tous les consommateurs ne savent pas le lire ; préférez {expected}.",
        "The manifest is deflated: not every consumer can read it; prefer {expected}.",
    ),
    "kos-preamble": Text(
        "Le préambule ressemble au début d'un programme ou d'un autre format : remplissez-le de zéros.",
        "The preamble looks like the beginning of a program or of another format: fill it with zeros.",
    ),
    "kos-twice": Text(
        "{name} est présent deux fois au même niveau.",
        "{name} is there twice at the same level.",
    ),
    "kos-order": Text(
        "{name} n'est pas à sa place : les attributs vont par étiquettes croissantes.",
        "{name} is out of place: attributes go by increasing tags.",
    ),
    "kos-odd": Text(
        "La valeur de {name} a une longueur impaire.",
        "The value of {name} has an odd length.",
    ),
    "kos-vr": Text(
        "{name} a le type {value} ; le dictionnaire veut {expected}.",
        "{name} has the VR {value}; the dictionary wants {expected}.",
    ),
    "kos-vr-unknown": Text(
        "{name} est écrit comme inconnu (UN) alors que son type est {expected}.",
        "{name} is written as unknown (UN) while its VR is {expected}.",
    ),
    "kos-value": Text(
        "La valeur « {value} » de {name} n'est pas un {vr} correct.",
        "The value “{value}” of {name} is not a right {vr}.",
    ),
    "kos-long": Text(
        "La valeur de {name} a {length} caractères pour {expected} au plus.",
        "The value of {name} has {length} characters of at most {expected}.",
    ),
    "kos-several": Text(
        "{name} n'admet qu'une valeur et en a plusieurs : « {value} ».",
        "{name} takes one value and has several: “{value}”.",
    ),
    "kos-padding": Text(
        "{name} est complété par un caractère qui n'est pas celui de son type ({value}).",
        "{name} is padded with a character that is not the one of its VR ({value}).",
    ),
    "kos-charset": Text(
        "« {value} » n'est pas un jeu de caractères utilisable de DICOM : utilisez {expected}.",
        "“{value}” is not a usable character set of DICOM: use {expected}.",
    ),
    "kos-charset-missing": Text(
        "{name} a des caractères accentués et le fichier ne déclare aucun jeu de caractères (0008,0005).",
        "{name} has characters beyond ASCII and the file declares no character set (0008,0005).",
    ),
    "kos-charset-bytes": Text(
        "{name} n'est pas écrit dans le jeu de caractères déclaré ({value}).",
        "{name} is not written in the declared character set ({value}).",
    ),
    "kos-charset-utf8": Text(
        "{name} est écrit en UTF-8 alors que le fichier déclare {value} : déclarez ISO_IR 192.",
        "{name} is written in UTF-8 while the file declares {value}: declare ISO_IR 192.",
    ),
    "kos-attribute-unknown": Text(
        "L'attribut {name} n'est pas dans le dictionnaire de DICOM.",
        "The attribute {name} is not in DICOM's dictionary.",
    ),
    "kos-pixels": Text(
        "Un manifeste n'a pas de pixels : retirez cet attribut.",
        "A manifest has no pixels: remove this attribute.",
    ),
    "kos-missing": Text(
        "Il manque {name}, qui doit être présent (type {type}).",
        "{name} is missing; it must be there (type {type}).",
    ),
    "kos-empty": Text(
        "{name} est vide et doit avoir une valeur (type 1).",
        "{name} is empty and must have a value (type 1).",
    ),
    "kos-items": Text(
        "{name} a {value} éléments pour {most} au plus.",
        "{name} has {value} items of at most {most}.",
    ),
    "kos-fixed": Text(
        "{name} vaut « {value} » ; valeurs attendues : {expected}.",
        "{name} is “{value}”; expected: {expected}.",
    ),
    "kos-class": Text(
        "La classe {value} n'est pas celle d'un document d'objets clés ({expected}).",
        "Class {value} is not that of a key object selection document ({expected}).",
    ),
    "kos-code": Text(
        "Ce code est incomplet ou a deux valeurs : {name}.",
        "This code is incomplete or has two values: {name}.",
    ),
    "kos-institution": Text(
        "Indiquez l'établissement (Institution Name) : c'est à lui qu'on demandera de corriger le manifeste.",
        "State the institution (Institution Name): it is whom one asks to correct the manifest.",
    ),
    "kos-patient-id": Text(
        "Le numéro du patient (Patient ID) est vide : le manifeste ne peut être rattaché à personne.",
        "Patient ID is empty: the manifest cannot be tied to anyone.",
    ),
    "kos-patient-issuer": Text(
        "Le numéro du patient n'a pas d'autorité d'affectation : ajoutez son OID (type ISO).",
        "The patient's number has no issuer: add its OID (type ISO).",
    ),
    "kos-issuer": Text(
        "L'identifiant « {value} » d'une autorité n'est pas un OID ({name}).",
        "The identifier “{value}” of an issuer is not an OID ({name}).",
    ),
    "kos-ins-form": Text(
        "Le matricule INS doit avoir 15 caractères, clé comprise (il en a {value}, ou un caractère interdit).",
        "The national identity number must have 15 characters, its key included (it has {value}, or a forbidden one).",
    ),
    "kos-ins-key": Text(
        "La clé du matricule INS est fausse : vérifiez le numéro.",
        "The key of the national identity number is wrong: check the number.",
    ),
    "kos-ins-name": Text(
        "L'autorité « {value} » et l'OID {expected} ne désignent pas la même identité nationale.",
        "The issuer “{value}” and the OID {expected} do not mean the same national identity.",
    ),
    "kos-ins-two": Text(
        "Le manifeste porte deux matricules INS différents.",
        "The manifest carries two different national identity numbers.",
    ),
    "kos-ins-traits": Text(
        "Le sexe ou l'année de naissance ne sont pas ceux du matricule INS : vérifiez l'identité.",
        "Sex or year of birth are not those of the national identity number: check the identity.",
    ),
    "kos-other-id-twice": Text(
        "Le même identifiant de patient est donné deux fois.",
        "The same patient identifier is given twice.",
    ),
    "kos-request-missing": Text(
        "Il manque la demande (Referenced Request Sequence) avec son numéro d'accession.",
        "The request (Referenced Request Sequence) with its accession number is missing.",
    ),
    "kos-request-none": Text(
        "Le manifeste ne nomme ni demande ni numéro d'accession : on ne le retrouvera que par le patient et l'examen.",
        "The manifest names neither a request nor an accession number: it can be found by patient and study only.",
    ),
    "kos-request-accession": Text(
        "Cette demande n'a pas de numéro d'accession.",
        "This request has no accession number.",
    ),
    "kos-request-study": Text(
        "La demande désigne l'examen {value}, que le manifeste ne référence pas.",
        "The request names study {value}, to which the manifest does not refer.",
    ),
    "kos-request-twice": Text(
        "La même demande est donnée deux fois.",
        "The same request is given twice.",
    ),
    "kos-accession-issuer": Text(
        "Le numéro d'accession n'a pas d'autorité d'affectation : ajoutez son OID (type ISO).",
        "The accession number has no issuer: add its OID (type ISO).",
    ),
    "kos-accession-several": Text(
        "Avec plusieurs numéros d'accession, celui de l'examen (« {value} ») doit rester vide.",
        "With several accession numbers that of the study level (“{value}”) must be left empty.",
    ),
    "kos-accession-differs": Text(
        "Le numéro d'accession de l'examen (« {value} ») n'est pas celui de la demande (« {expected} »), ou son "
        "autorité diffère.",
        "The accession number of the study level (“{value}”) is not that of the request (“{expected}”), or its "
        "issuer differs.",
    ),
    "kos-order-issuer": Text(
        "Le numéro de demande « {value} » n'a pas d'autorité d'affectation : ajoutez son OID (type ISO).",
        "The order number “{value}” has no issuer: add its OID (type ISO).",
    ),
    "kos-zone": Text(
        "« {value} » n'est pas un fuseau horaire : la forme est +HHMM ou -HHMM, de -1200 à +1400, jamais -0000.",
        "“{value}” is not a time zone: the form is +HHMM or -HHMM, from -1200 to +1400, never -0000.",
    ),
    "kos-zone-missing": Text(
        "Sans fuseau horaire (Timezone Offset From UTC), les heures du manifeste sont ambiguës ailleurs.",
        "Without a time zone (Timezone Offset From UTC) the manifest's times are ambiguous elsewhere.",
    ),
    "kos-zone-national": Text(
        "Il manque le fuseau horaire (Timezone Offset From UTC), que les manifestes français portent.",
        "The time zone (Timezone Offset From UTC), which French manifests carry, is missing.",
    ),
    "kos-before-study": Text(
        "Le manifeste est daté du {value}, avant l'examen ({expected}).",
        "The manifest is dated {value}, before the study ({expected}).",
    ),
    "kos-born-after": Text(
        "La date de naissance est après l'examen.",
        "The birth date is after the study.",
    ),
    "kos-created-before": Text(
        "Le fichier est daté du {value}, avant son contenu.",
        "The file is dated {value}, before its content.",
    ),
    "kos-study-other": Text(
        "Le manifeste appartient à l'examen {value} et référence l'examen {expected}.",
        "The manifest belongs to study {value} and refers to study {expected}.",
    ),
    "kos-study-twice": Text(
        "L'examen {value} est donné deux fois.",
        "Study {value} is given twice.",
    ),
    "kos-series-twice": Text(
        "La série {value} est donnée deux fois.",
        "Series {value} is given twice.",
    ),
    "kos-instance-twice": Text(
        "L'objet {value} est donné deux fois.",
        "Instance {value} is given twice.",
    ),
    "kos-own-series": Text(
        "La série {value} du manifeste est aussi une série référencée : il lui faut la sienne.",
        "Series {value} of the manifest is also a referenced series: it needs one of its own.",
    ),
    "kos-own-instance": Text(
        "Le manifeste {value} se référence lui-même.",
        "Manifest {value} refers to itself.",
    ),
    "kos-uid-reused": Text(
        "L'UID {value} désigne deux choses différentes (examen, série ou objet).",
        "UID {value} names two different things (study, series or instance).",
    ),
    "kos-sop-class": Text(
        "{value} n'est pas une classe d'objets qui se conservent.",
        "{value} is not a class of objects that are stored.",
    ),
    "kos-identical-missing": Text(
        "Le manifeste référence plusieurs examens sans nommer ses copies (Identical Documents Sequence) : faites "
        "un manifeste par examen.",
        "The manifest refers to several studies without naming its copies (Identical Documents Sequence): make one"
        " manifest for each study.",
    ),
    "kos-identical-needless": Text(
        "Le manifeste d'un seul examen n'a pas de copies (Identical Documents Sequence).",
        "The manifest of a single study has no copies (Identical Documents Sequence).",
    ),
    "kos-retrieval-missing": Text(
        "Rien ne dit où prendre cette série : ajoutez Retrieve URL, Retrieve AE Title ou Retrieve Location UID.",
        "Nothing says where to get this series: add Retrieve URL, Retrieve AE Title or Retrieve Location UID.",
    ),
    "kos-retrieval-uneven": Text(
        "Cette série n'a pas {name}, que les autres ont.",
        "This series has no {name}, which the others have.",
    ),
    "kos-url": Text(
        "« {value} » n'est pas de la forme https://…/studies/UID/series/UID.",
        "“{value}” is not of the form https://…/studies/UID/series/UID.",
    ),
    "kos-url-study": Text(
        "L'URL désigne l'examen {value} au lieu de {expected}.",
        "The URL names study {value} instead of {expected}.",
    ),
    "kos-url-series": Text(
        "L'URL désigne la série {value} au lieu de {expected}.",
        "The URL names series {value} instead of {expected}.",
    ),
    "kos-url-clear": Text(
        "L'adresse {value} n'est pas chiffrée : utilisez https.",
        "The address {value} is not encrypted: use https.",
    ),
    "kos-number": Text(
        "« {value} » n'est pas un nombre permis ici.",
        "“{value}” is not a number that is allowed here.",
    ),
    "kos-mark": Text(
        "La marque d'image clé désigne « {value} », qui n'est pas une note de ce manifeste ou pas dans cette série.",
        "The mark of a key image names “{value}”, which is no note of this manifest or not in this series.",
    ),
    "kos-title": Text(
        "Le titre {value} n'est pas celui d'un manifeste : {expected}.",
        "The title {value} is not that of a manifest: {expected}.",
    ),
    "kos-title-meaning": Text(
        "Le libellé du titre est « {value} » et non « Manifest ».",
        "The meaning of the title is “{value}” and not “Manifest”.",
    ),
    "kos-title-signed": Text(
        "Le titre annonce un manifeste signé et il n'y a pas de signature.",
        "The title announces a signed manifest and there is no signature.",
    ),
    "kos-template-missing": Text(
        "Il manque le modèle du contenu (Content Template Sequence : DCMR, 2010).",
        "The template of the content (Content Template Sequence: DCMR, 2010) is missing.",
    ),
    "kos-template-drim": Text(
        "Le modèle du contenu (DCMR, 2010) n'est pas nommé, comme dans les manifestes officiels de DRIM-M ; nommez-le.",
        "The template of the content (DCMR, 2010) is not named, as in the official manifests of DRIM-M; name it.",
    ),
    "kos-relationship": Text(
        "La relation « {value} » n'est pas permise pour cet élément (attendu : {expected}).",
        "The relationship “{value}” is not allowed for this item (expected: {expected}).",
    ),
    "kos-by-reference": Text(
        "Un manifeste n'a pas de relation par référence.",
        "A manifest has no relationship by reference.",
    ),
    "kos-content-type": Text(
        "« {value} » n'est pas un type d'élément d'un manifeste.",
        "“{value}” is not a value type of a manifest.",
    ),
    "kos-content-name": Text(
        "Le nom de cet élément ({value}) n'est pas du modèle 2010 ; le texte s'appelle (113012, DCM).",
        "The name of this item ({value}) is not of template 2010; the text is named (113012, DCM).",
    ),
    "kos-content-value": Text(
        "Un élément de type {value} doit avoir une valeur dans {name}.",
        "An item of type {value} must have a value in {name}.",
    ),
    "kos-content-foreign": Text(
        "Un élément de type {value} n'a pas de {name}.",
        "An item of type {value} has no {name}.",
    ),
    "kos-purpose": Text(
        "Une référence du manifeste n'a pas de nom (Concept Name Code Sequence).",
        "A reference of the manifest has no name (Concept Name Code Sequence).",
    ),
    "kos-description-several": Text(
        "Il y a plus d'une description (113012, DCM).",
        "There is more than one description (113012, DCM).",
    ),
    "kos-description-series": Text(
        "La description et le manifeste ne nomment pas les mêmes séries : {value}.",
        "Description and manifest do not name the same series: {value}.",
    ),
    "kos-reference-one": Text(
        "Un élément sélectionne un seul objet, celui-ci en a {value}.",
        "An item selects one instance, this one has {value}.",
    ),
    "kos-reference-none": Text(
        "Le contenu ne sélectionne aucun objet.",
        "The content selects no instance.",
    ),
    "kos-value-type": Text(
        "Un objet de cette classe est sélectionné comme {expected}, pas comme {value}.",
        "An instance of this class is selected as {expected}, not as {value}.",
    ),
    "kos-content-twice": Text(
        "L'objet {value} est sélectionné deux fois.",
        "Instance {value} is selected twice.",
    ),
    "kos-content-unknown": Text(
        "Le contenu sélectionne {value}, qui n'est pas dans les preuves (0040,A375).",
        "The content selects {value}, which is not in the evidence (0040,A375).",
    ),
    "kos-content-lacks": Text(
        "L'objet {value} des preuves (0040,A375) n'est pas sélectionné par le contenu.",
        "Instance {value} of the evidence (0040,A375) is not selected by the content.",
    ),
    "kos-class-differs": Text(
        "La classe {value} n'est pas celle que les preuves donnent à cet objet ({expected}).",
        "Class {value} is not the one that the evidence gives this instance ({expected}).",
    ),
    "kos-nested": Text(
        "Cet élément en contient d'autres, ce que le modèle 2010 ne permet pas.",
        "This item contains others, which template 2010 does not allow.",
    ),
    "kos-library-missing": Text(
        "Le titre annonce une description et il n'y a pas de bibliothèque d'images (111028, DCM).",
        "The title announces a description and there is no image library (111028, DCM).",
    ),
    "kos-library-several": Text(
        "Il y a plus d'une bibliothèque d'images.",
        "There is more than one image library.",
    ),
    "kos-library-series": Text(
        "La bibliothèque d'images n'a pas exactement un groupe pour la série « {value} ».",
        "The image library does not have exactly one group for series “{value}”.",
    ),
    "kos-library-instance": Text(
        "La bibliothèque d'images et les preuves ne s'accordent pas sur l'objet « {value} ».",
        "Image library and evidence do not agree on instance “{value}”.",
    ),
    "kos-library-count": Text(
        "La bibliothèque compte « {value} » ; le manifeste en référence {expected}.",
        "The library counts “{value}”; the manifest refers to {expected}.",
    ),
    "kos-library-lacks": Text(
        "La bibliothèque d'images ne dit pas {name}.",
        "The image library does not say {name}.",
    ),
    "kos-library-continuity": Text(
        "Un conteneur doit dire Continuity Of Content SEPARATE (trouvé : « {value} »).",
        "A container must say Continuity Of Content SEPARATE (found: “{value}”).",
    ),
    "kos-private": Text(
        "L'attribut privé {name} n'a pas de créateur déclaré.",
        "The private attribute {name} has no creator declared.",
    ),
    "kos-traits": Text(
        "{name} est vide : le destinataire ne pourra pas vérifier l'identité.",
        "{name} is empty: the receiver cannot check the identity.",
    ),
    "kos-description-none": Text(
        "Il n'y a pas de description (113012, DCM) : des consommateurs de DRIM-M y lisent les modalités.",
        "There is no description (113012, DCM): consumers of DRIM-M read the modalities there.",
    ),
    "kos-description-meaning": Text(
        "Le libellé de la description est « {value} » et non « Key Object Description ».",
        "The meaning of the description is “{value}” and not “Key Object Description”.",
    ),
    "kos-described": Text(
        "{name} doit être rempli dans un manifeste décrit.",
        "{name} must be filled in a manifest with description.",
    ),
    "kos-library-name": Text(
        "Le nom de cet élément de la bibliothèque ({value}) n'a pas le bon code, le bon système ou le bon type.",
        "The name of this item of the library ({value}) does not have the right code, scheme or value type.",
    ),
    "kos-library-unit": Text(
        "Un nombre doit avoir une valeur et une seule unité (UCUM).",
        "A number must have a value and a single unit (UCUM).",
    ),
    "kos_build_pacs": Text(
        "Il n'y a pas de PACS « {value} » dans la configuration (connus : {known}).",
        "There is no PACS “{value}” in the settings (known: {known}).",
    ),
    "kos_build_site": Text(
        "Nommez le site avec --site : {known}.",
        "Name the site with --site: {known}.",
    ),
    "kos_build_absent": Text(
        "Le PACS {pacs} n'a pas cet examen.",
        "The PACS {pacs} does not have this study.",
    ),
    "kos_build_output": Text(
        "Le manifeste n'a pas pu être écrit : {reason}.",
        "The manifest could not be written: {reason}.",
    ),
    "kos-other-ids": Text(
        "Un manifeste décrit répète le numéro du patient dans Other Patient IDs Sequence.",
        "A manifest with description repeats the patient's number in Other Patient IDs Sequence.",
    ),
}
