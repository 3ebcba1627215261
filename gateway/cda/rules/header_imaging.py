"""The header of an imaging report: the templates, the type of document and its acts (001 section 3.2)."""

from __future__ import annotations

from lxml import etree

from gateway import valuesets as sets
from gateway.cda.elements import attribute
from gateway.cda.rules.engine import Book, Context, Model
from gateway.cda.rules.looking import kids
from gateway.cda.rules.profiles import CR_IMG
from gateway.cda.rules.vocabulary import shown
from gateway.model.codes import LOINC

BOOK = Book("header of an imaging report", models={Model.CR_IMG})

_CD = "ClinicalDocument"
_DICOM = ("1.2.840.10008.9.1", "1.2.840.10008.9.20", "1.2.840.10008.9.21")
_EXTENSION = "2024.01"
_MODELS, _CI_SIS = "1.2.250.1.213.1.1.1.", "1.2.250.1.213.1.1.1.1"

MODEL_TEMPLATE = BOOK.rule(
    "H-4",
    "Il manque la déclaration de conformité {expected} (templateId).",
    "The declaration of conformance {expected} (templateId) is missing.",
    source="001 3.2: templateId of DICOM Part 20 (1.2.840.10008.9.1, .9.20, .9.21) and of IMG-CR-IMG [1..1]",
)
MODEL_VERSION = BOOK.rule(
    "H-4b",
    "Le templateId du modèle doit avoir l'extension {expected} ; il a « {value} ».",
    "The templateId of the model must have the extension {expected}; it has “{value}”.",
    source='001 3.2: <templateId root="1.2.250.1.213.1.1.1.45" extension="2024.01"/>',
    official=None,
)
SECOND_MODEL = BOOK.rule(
    "H-4c",
    "Le document déclare aussi le modèle {value} : il est d'un seul modèle du CI-SIS.",
    "The document declares the model {value} too: it is of one model of the CI-SIS.",
    source="001 3.2: templateId of IMG-CR-IMG [1..1], whose code, sections and entries are no other model's",
    official=None,
)
TYPE = BOOK.rule(
    "H-6d",
    "Le type de document doit être 18748-4 (LOINC), CR d'imagerie médicale ; c'est « {value} ».",
    "The type of document must be 18748-4 (LOINC), imaging report; it is “{value}”.",
    source="001 3.2: code='18748-4', codeSystem='2.16.840.1.113883.6.1'",
)
ACT_MISSING = BOOK.rule(
    "H-7",
    "Le type de document doit avoir une traduction LOINC pour chaque acte.",
    "The type of document must have one LOINC translation for each act.",
    source="001 3.2: code/translation [1..*] « Créer 1 occurrence pour chaque acte »",
    official=None,
)
ACT_UNKNOWN = BOOK.rule(
    "H-7b",
    "L'acte « {value} » n'est pas un code LOINC de {expected}.",
    "The act “{value}” is not a LOINC code of {expected}.",
    source="001 3.2: code/translation « Valeur issue du JDV_CodesDocumentImagerie-CISIS »",
    official=None,
)


@BOOK.at(_CD)
def model(element: etree._Element, context: Context) -> None:
    declared = {attribute(one, "root"): one for one in kids(element, "templateId")}
    for wanted in (*_DICOM, CR_IMG):
        if wanted not in declared:
            context.say(MODEL_TEMPLATE, element, at=f"templateId[@root='{wanted}']", expected=wanted)
    for root, one in declared.items():
        if root.startswith(_MODELS) and root != _CI_SIS and not f"{root}.".startswith(f"{CR_IMG}."):
            context.say(SECOND_MODEL, one, at="@root")
    stated = declared.get(CR_IMG)
    if stated is not None and stated.get("extension") != _EXTENSION:
        context.say(
            MODEL_VERSION, stated, at="@extension", value=stated.get("extension", ""), expected=_EXTENSION
        )  # fmt: skip


@BOOK.at(f"{_CD}/code")
def type_of_document(element: etree._Element, context: Context) -> None:
    if (element.get("code"), element.get("codeSystem")) != ("18748-4", LOINC):
        context.say(TYPE, element, value=shown(element))
    translations = kids(element, "translation")
    if not translations:
        context.say(ACT_MISSING, element, at="translation")
    for one in translations:
        if not (one.get("codeSystem") == LOINC and sets.load(sets.IMAGING_CODES).has(attribute(one, "code"), LOINC)):
            context.say(ACT_UNKNOWN, one, value=shown(one), expected=sets.IMAGING_CODES)
