"""What ``gateway kos check`` says of evidence and content, by rule; a part of :mod:`gateway.texts.manifest`."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {
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
    "kos-uid-standard": Text(
        "L'UID {value} appartient à la norme DICOM (1.2.840.10008) : il ne peut désigner un examen, une série, un "
        "objet ou un lieu.",
        "UID {value} belongs to the DICOM standard (1.2.840.10008): it cannot name a study, a series, an instance "
        "or a location.",
    ),
    "kos-sop-class": Text(
        "{value} n'est pas une classe d'objets qui se conservent.",
        "{value} is not a class of objects that are stored.",
    ),
    "kos-sop-class-unknown": Text(
        "La classe {value} n'est pas connue de cette version de la norme : vérifiez-la.",
        "Class {value} is not known to this edition of the standard: check it.",
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
    "kos-identical": Text(
        "« {value} » ne désigne pas une copie de ce manifeste dans un autre examen référencé.",
        "“{value}” does not name a copy of this manifest in another referenced study.",
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
    "kos-mark-title": Text(
        "Le titre de la marque d'image clé ({value}) n'est pas celui d'une note d'images clés.",
        "The title of the mark of a key image ({value}) is not that of a note of key images.",
    ),
    "kos-mark-words": Text(
        "La marque d'image clé n'a pas sa phrase (« Definition of key instance … ») : des consommateurs la lisent.",
        "The mark of a key image has no sentence (“Definition of key instance …”): consumers read it.",
    ),
    "kos-title": Text(
        "Le titre {value} n'est pas celui d'un manifeste : {expected}.",
        "The title {value} is not that of a manifest: {expected}.",
    ),
    "kos-title-meaning": Text(
        "Le libellé du titre est « {value} » et non « {expected} ».",
        "The meaning of the title is “{value}” and not “{expected}”.",
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
    "kos-description-other": Text(
        "La description nomme la série {value}, que le manifeste ne référence pas.",
        "The description names series {value}, to which the manifest does not refer.",
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
    "kos-library-twice": Text(
        "La bibliothèque dit deux fois la même chose ({value}) au même endroit.",
        "The library says the same thing twice ({value}) in one place.",
    ),
    "kos-library-modality": Text(
        "Les modalités de la bibliothèque ne sont pas celles de ses séries : {value}.",
        "The modalities of the library are not those of its series: {value}.",
    ),
    "kos-library-value": Text(
        "Le code « {value} » n'est pas permis pour cet élément de la bibliothèque (code ou système).",
        "The code “{value}” is not allowed for this item of the library (code or scheme).",
    ),
    "kos-library-continuity": Text(
        "Un conteneur doit dire Continuity Of Content SEPARATE (trouvé : « {value} »).",
        "A container must say Continuity Of Content SEPARATE (found: “{value}”).",
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
    "kos-library-meaning": Text(
        "Le libellé « {value} » n'est pas celui du concept (« {expected} »).",
        "The meaning “{value}” is not the concept's (“{expected}”).",
    ),
    "kos-library-unit": Text(
        "Un nombre doit avoir une valeur et une seule unité (UCUM).",
        "A number must have a value and a single unit (UCUM).",
    ),
}
