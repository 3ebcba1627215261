"""The rules of orders and documented acts, as data; ``order_acts`` looks for what breaks them.

Source: 001 section 3.2 (inFulfillmentOf, documentationOf); CI-SIS "Structuration minimale", documentationOf. For a
report whose body is not structured (level 1) 001 does not apply: the same rules then only warn, because the images can
be published with these numbers alone.
"""

from __future__ import annotations

from gateway.cda.rules.engine import WARNING, Book, Model

BOOK = Book("orders and acts", models={Model.CR_IMG, Model.LEVEL_1}, softened={Model.LEVEL_1})

_001 = "001 3.2, {}"

ORDER_MISSING = BOOK.rule(
    "O-1",
    "Le compte rendu doit dire à quelle demande il répond (inFulfillmentOf).",
    "The report must say which order it fulfils (inFulfillmentOf).",
    source=_001.format("inFulfillmentOf [1..*]"),
    official=None,
)
PLACER = BOOK.rule(
    "O-2",
    "Une demande doit avoir exactement un numéro du demandeur (order/id ; nullFlavor s'il n'y en a pas).",
    "An order must have exactly one placer number (order/id; nullFlavor when there is none).",
    source=_001.format("order/id [1..1] OrderPlacerNumber, nullFlavor autorisé"),
)
PLACER_EXTENSION = BOOK.rule(
    "O-2b",
    "Le numéro de la demande n'a pas d'extension : la racine dit qui l'a donné, l'extension est le numéro.",
    "The placer number has no extension: its root says who gave it, the extension is the number.",
    source=_001.format("order/id: numéro de la demande attribué par le demandeur"),
    spec=WARNING,
    official=None,
)
ACCESSION = BOOK.rule(
    "O-3",
    "Une demande doit avoir exactement un numéro d'accession (ps3-20:accessionNumber).",
    "An order must have exactly one accession number (ps3-20:accessionNumber).",
    source=_001.format("ps3-20:accessionNumber [1..1]"),
)
ACCESSION_PARTS = BOOK.rule(
    "O-3b",
    "Le numéro d'accession doit avoir une racine et une extension, et pas de nullFlavor.",
    "The accession number must have a root and an extension, and no nullFlavor.",
    source=_001.format("ps3-20:accessionNumber; 3.3.4.5: <Accessionnumber> concaténer root.extension"),
    official=None,
)
ACCESSION_TWICE = BOOK.rule(
    "O-3c",
    "Deux demandes ont le même numéro d'accession « {value} ».",
    "Two orders have the same accession number “{value}”.",
    source=_001.format("one inFulfillmentOf an order"),
    spec=WARNING,
    official=None,
)
ORDER_TWICE = BOOK.rule(
    "O-4",
    "La même demande (numéro du demandeur et numéro d'accession) est donnée deux fois.",
    "The same order (placer number and accession number) is given twice.",
    source=_001.format("one inFulfillmentOf an order"),
    official=None,
)
EVENT_MISSING = BOOK.rule(
    "D-1b",
    "Le compte rendu ne documente aucun acte d'imagerie (documentationOf avec un code LOINC).",
    "The report documents no imaging act (documentationOf with a LOINC code).",
    source=_001.format("documentationOf [1..*] « Créer 1 occurrence pour chaque acte »"),
    official=None,
)
SCREENING_TWICE = BOOK.rule(
    "D-1c",
    "Le dépistage (Z13.9) est dit plusieurs fois.",
    "The screening (Z13.9) is said several times.",
    source=_001.format("documentationOf [0..1] dépistage"),
    official=None,
)
STUDY = BOOK.rule(
    "D-4",
    "Un acte doit avoir exactement un identifiant d'examen (serviceEvent/id, Study Instance UID).",
    "An act must have exactly one study identifier (serviceEvent/id, Study Instance UID).",
    source=_001.format("serviceEvent/id [1..1] DICOM Study instance UID, formé d'un root"),
    official=None,
)
STUDY_FORM = BOOK.rule(
    "D-4b",
    "L'identifiant d'examen « {value} » n'est pas un UID DICOM (chiffres et points, au plus 64 caractères, pas de zéro"
    " en tête).",
    "The study identifier “{value}” is not a DICOM UID (digits and dots, 64 characters at most, no leading zeros).",
    source=_001.format("serviceEvent/id; DICOM PS3.5 9.1"),
    official=None,
)
STUDY_EXTENSION = BOOK.rule(
    "D-4c",
    "L'identifiant d'examen est formé d'une racine seule ; l'extension « {value} » est de trop.",
    "The study identifier is made of a root alone; the extension “{value}” is too much.",
    source=_001.format("serviceEvent/id « Formé d'un root »"),
    spec=WARNING,
    official=None,
)
STUDY_TWICE = BOOK.rule(
    "D-4d",
    "Deux actes ont le même identifiant d'examen « {value} ».",
    "Two acts have the same study identifier “{value}”.",
    source=_001.format("serviceEvent/id « Chaque examen possède un identifiant unique »"),
    official=None,
)
CODE_MISSING = BOOK.rule(
    "D-5",
    "Un acte doit avoir un code LOINC de {expected}.",
    "An act must have a LOINC code of {expected}.",
    source=_001.format("serviceEvent/code [1..1] JDV_CodesDocumentImagerie_CISIS"),
    official=None,
)
TRANSLATIONS = BOOK.rule(
    "D-5b",
    "Un acte doit avoir au moins une modalité (translation avec le qualifier 121139).",
    "An act must have at least one modality (translation with the qualifier 121139).",
    source=_001.format("serviceEvent/code/translation modalité [1..*]"),
)
REGION_MISSING = BOOK.rule(
    "D-7",
    "Un acte doit avoir au moins une région anatomique (translation avec le qualifier 39111-0).",
    "An act must have at least one anatomic region (translation with the qualifier 39111-0).",
    source=_001.format("serviceEvent/code/translation région [1..*]"),
    official=None,
)
REGION = BOOK.rule(
    "D-7b",
    "La région « {value} » n'est pas dans {expected}.",
    "The region “{value}” is not in {expected}.",
    source=_001.format("translation: JDV_RegionAnatomique_CISIS"),
    official=None,
)
MODALITY = BOOK.rule(
    "D-6",
    "La modalité « {value} » n'est pas dans {expected}.",
    "The modality “{value}” is not in {expected}.",
    source=_001.format("translation: JDV_ModaliteAcquisition_CISIS"),
)
QUALIFIER = BOOK.rule(
    "D-6b",
    "Le qualifier d'une translation doit avoir exactement un name, 121139 (DCM) ou 39111-0 (LOINC) ; c'est"
    " « {value} ».",
    "The qualifier of a translation must have exactly one name, 121139 (DCM) or 39111-0 (LOINC); it is “{value}”.",
    source=_001.format("translation/qualifier/name [1..1] 121139 or 39111-0"),
    official=None,
)
QUALIFIED_OTHERWISE = BOOK.rule(
    "D-6f",
    "Le qualifier de la translation dit « {value} », sa translation dit « {expected} ».",
    "The qualifier of the translation says “{value}”, its translation says “{expected}”.",
    source=_001.format("translation (modalité, région); qualifier/name alone is foreseen"),
    official=None,
)
TRANSLATION_UNKNOWN = BOOK.rule(
    "D-6c",
    "La translation « {value} » n'est ni un code CCAM, ni une modalité, ni une région.",
    "The translation “{value}” is no CCAM code, no modality and no region.",
    source=_001.format("serviceEvent/code/translation: CCAM, modality, region"),
    official=None,
)
CCAM_TWICE = BOOK.rule(
    "D-8",
    "Un acte a plusieurs codes CCAM : un seul est permis.",
    "An act has several CCAM codes: one is allowed.",
    source=_001.format("translation CCAM [0..1]"),
    official=None,
)
CCAM_FORM = BOOK.rule(
    "D-8b",
    "« {value} » n'a pas la forme d'un code CCAM (quatre lettres, trois chiffres).",
    "“{value}” does not have the form of a CCAM code (four letters, three digits).",
    source=_001.format("translation CCAM; CCAM, form of its codes"),
    official=None,
)
CCAM_SYSTEM = BOOK.rule(
    "D-8c",
    "La CCAM est identifiée par 1.2.250.1.213.2.5 dans la spécification (l'exemple officiel dit 1.2.250.1.215.300.1).",
    "CCAM is identified by 1.2.250.1.213.2.5 in the specification (the official example says 1.2.250.1.215.300.1).",
    source=_001.format('translation codeSystem="1.2.250.1.213.2.5"'),
    spec=WARNING,
    official=None,
)
TIME_MISSING = BOOK.rule(
    "D-3",
    "Un acte doit dire quand il a commencé (effectiveTime/low).",
    "An act must say when it began (effectiveTime/low).",
    source=_001.format("serviceEvent; CI-SIS Structuration minimale, effectiveTime/low"),
    official=None,
)
PERFORMER_MISSING = BOOK.rule(
    "D-9",
    "Un acte doit avoir exactement un exécutant (performer PRF).",
    "An act must have exactly one performer (PRF).",
    source=_001.format("serviceEvent/performer [1..1]"),
    official=None,
)
PERFORMER_ID = BOOK.rule(
    "D-9b",
    "L'exécutant d'un acte doit avoir exactement un identifiant, avec son extension.",
    "The performer of an act must have exactly one identifier, with its extension.",
    source=_001.format("performer/assignedEntity/id [1..1]"),
    official=None,
)
PERFORMER_ORGANIZATION = BOOK.rule(
    "D-10",
    "L'organisation de l'exécutant doit avoir exactement un identifiant (établissement de rattachement, pour la"
    " DRIMbox).",
    "The organisation of the performer must have exactly one identifier (the establishment, for the DRIMbox).",
    source=_001.format("performer/assignedEntity/representedOrganization/id [1..1]"),
    official=None,
)
NATIONAL_ID = BOOK.rule(
    "A-3l",
    "{name} est un professionnel de santé : son identifiant doit être national (racine 1.2.250.1.71.4.2.1).",
    "{name} is a health professional: the identifier must be the national one (root 1.2.250.1.71.4.2.1).",
    source="CI-SIS Structuration minimale, author, legalAuthenticator, performer: id « RPPS obligatoire pour les PS »",
    official=None,
)
ESTABLISHMENT = BOOK.rule(
    "D-10b",
    "L'établissement de l'exécutant doit être identifié sous 1.2.250.1.71.4.2.2, non sous « {value} ».",
    "The establishment of the performer must be identified under 1.2.250.1.71.4.2.2, not under “{value}”.",
    source=_001.format("performer/…/representedOrganization/id; CI-SIS Modèles de contenus CDA, Struct_IdNat"),
    official=None,
)
PROFESSION = BOOK.rule(
    "A-3j",
    "La profession de {name} (code) doit être là : elle est obligatoire pour un professionnel de santé.",
    "The profession of {name} (code) must be there: it is mandatory for a health professional.",
    source="CI-SIS Structuration minimale, author, legalAuthenticator, performer: code « obligatoire pour les PS »",
    official=None,
)
AUTHOR_ORGANIZATION = BOOK.rule(
    "A-4",
    "L'organisation de l'auteur doit être là (representedOrganization).",
    "The organisation of the author must be there (representedOrganization).",
    source=_001.format("author/assignedAuthor/representedOrganization [1..1] « Obligatoire pour le CR d'imagerie »"),
    official=None,
)
