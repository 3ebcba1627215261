"""What ``gateway kos check`` says, by rule: the file, its elements, identities, requests and dates.

:mod:`gateway.texts.manifest_content` holds what it says of the evidence and of the content.
"""

from gateway.texts import manifest_content
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
    "kos-charset-escape": Text(
        "{name} utilise le second jeu de caractères ({value}) sans l'annoncer par une séquence d'échappement.",
        "{name} uses the second character set ({value}) without an escape sequence that says so.",
    ),
    "kos-attribute-unknown": Text(
        "L'attribut {name} n'est pas dans le dictionnaire de DICOM.",
        "The attribute {name} is not in DICOM's dictionary.",
    ),
    "kos-pixels": Text(
        "Un manifeste n'a pas de pixels : retirez cet attribut.",
        "A manifest has no pixels: remove this attribute.",
    ),
    "kos-group": Text(
        "Le groupe de {name} n'a pas sa place dans un document : retirez cet attribut.",
        "The group of {name} has no place in a document: remove this attribute.",
    ),
    "kos-text-lost": Text(
        "{name} contient le caractère de remplacement (U+FFFD) : un texte a été perdu ; reprenez-le à sa source.",
        "{name} holds the replacement character (U+FFFD): some text was lost; take it from its source again.",
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
    "kos-code-concept": Text(
        "« {value} » n'est pas un concept de SNOMED CT (clé de contrôle ou partition fausse) : vérifiez le code.",
        "“{value}” is no concept of SNOMED CT (wrong check digit or partition): check the code.",
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
    "kos-issuer-alone": Text(
        "L'autorité d'un numéro est donnée, et le numéro est vide : remplissez-le ou retirez l'autorité.",
        "The issuer of a number is given and the number is empty: fill it or remove the issuer.",
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
    "kos-private": Text(
        "L'attribut privé {name} n'a pas de créateur déclaré.",
        "The private attribute {name} has no creator declared.",
    ),
    "kos-traits": Text(
        "{name} est vide : le destinataire ne pourra pas vérifier l'identité.",
        "{name} is empty: the receiver cannot check the identity.",
    ),
    "kos-other-ids": Text(
        "Un manifeste décrit répète le numéro du patient dans Other Patient IDs Sequence.",
        "A manifest with description repeats the patient's number in Other Patient IDs Sequence.",
    ),
    **manifest_content.TEXTS,
}
