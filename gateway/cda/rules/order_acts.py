"""Orders and documented acts: placer and accession numbers, studies, codes, modalities, regions, performers.

Source: 001 section 3.2 (inFulfillmentOf, documentationOf); CI-SIS "Structuration minimale", documentationOf. For a
report whose body is not structured (level 1) 001 does not apply: the same checks then only warn, because the images can
be published with these numbers alone.
"""

from __future__ import annotations

from lxml import etree

from gateway import valuesets as sets
from gateway.cda.elements import PS3_20, attribute, find, path
from gateway.cda.rules.engine import WARNING, Book, Context, Model
from gateway.cda.rules.profiles import IMAGING_REPORT
from gateway.cda.rules.vocabulary import allowed, is_null, set_shown, shown
from gateway.model.codes import CCAM_SYSTEMS, DCM, LOINC, SNOMED_CT
from gateway.model.identifiers import ORGANIZATION_OID, PROFESSIONAL_OID, is_uid

BOOK = Book("orders and acts", models={Model.CR_IMG, Model.LEVEL_1}, softened={Model.LEVEL_1})

_CD = "ClinicalDocument"
_ORDER = f"{_CD}/inFulfillmentOf/order"
_EVENT = f"{_CD}/documentationOf/serviceEvent"
_ACCESSION = f"{{{PS3_20}}}accessionNumber"
_SCREENING = "Z13.9"
_ICD_10 = "2.16.840.1.113883.6.3"
_CCAM = "1.2.250.1.213.2.5"
_MODALITY, _REGION = ("121139", DCM), ("39111-0", LOINC)
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


def applies(context: Context) -> bool:
    """Whether the document is an imaging report: a letter in a level-1 envelope has no order and no study."""
    return context.model is Model.CR_IMG or attribute(find(context.root, "code"), "code") == IMAGING_REPORT


@BOOK.at(_CD)
def document(root: etree._Element, context: Context) -> None:
    if not applies(context):
        return
    if find(root, "inFulfillmentOf") is None:
        context.say(ORDER_MISSING, root, at="inFulfillmentOf")
    events = root.findall(path("documentationOf/serviceEvent"))
    screenings = [one for one in events if _is_screening(one)]
    if len(screenings) > 1:
        context.say(SCREENING_TWICE, screenings[1])
    if len(screenings) == len(events):
        context.say(EVENT_MISSING, root, at="documentationOf")
    _distinct(root, context)
    for author in root.findall(path("author/assignedAuthor")):
        if find(author, "assignedAuthoringDevice") is None and not _is_named(find(author, "representedOrganization")):
            context.say(AUTHOR_ORGANIZATION, author, at="representedOrganization")
    for steps in _PROFESSIONALS:
        for one in root.findall(path(steps)):
            name = steps.partition("/")[0]
            if find(one, "assignedPerson") is not None and find(one, "code") is None:
                context.say(PROFESSION, one, at="code", name=name)
            ids = [attribute(each, "root") for each in one.findall(path("id"))]
            if attribute(find(one, "code"), "code").startswith(_HEALTH) and ids and PROFESSIONAL_OID not in ids:
                context.say(NATIONAL_ID, one, at="id/@root", value=ids[0], expected=PROFESSIONAL_OID, name=name)


_HEALTH = "G15_"
"""Professions of health, in the table of professions of the CI-SIS (TRE_G15)."""
_PROFESSIONALS = (
    "author/assignedAuthor",
    "legalAuthenticator/assignedEntity",
    "documentationOf/serviceEvent/performer/assignedEntity",
)


def _is_named(organization: etree._Element | None) -> bool:
    """Whether an organisation says who it is, by an identifier or a name."""
    if organization is None or is_null(organization):
        return False
    return any(not is_null(one) for name in ("id", "name") for one in organization.findall(path(name)))


def _distinct(root: etree._Element, context: Context) -> None:
    seen: set[str] = set()
    for one in root.findall(path("documentationOf/serviceEvent/id")):
        uid = attribute(one, "root")
        if uid and uid in seen and not is_null(one):
            context.say(STUDY_TWICE, one, at="@root")
        seen.add(uid)
    numbers: set[tuple[str, str]] = set()
    orders: set[tuple[tuple[str, str], ...]] = set()
    for order in root.findall(path("inFulfillmentOf/order")):
        accession, placer = (_number(one) for one in (order.find(_ACCESSION), find(order, "id")))
        if (accession, placer) in orders and all(accession):
            context.say(ORDER_TWICE, order, value=".".join(accession))
        elif accession in numbers and all(accession):
            context.say(ACCESSION_TWICE, order, at="ps3-20:accessionNumber", value=".".join(accession))
        numbers.add(accession)
        orders.add((accession, placer))


def _number(element: etree._Element | None) -> tuple[str, str]:
    return attribute(element, "root"), attribute(element, "extension")


@BOOK.at(_ORDER)
def order(element: etree._Element, context: Context) -> None:
    if not applies(context):
        return
    placers = element.findall(path("id"))
    if len(placers) != 1:
        context.say(PLACER, element, at="id", value=str(len(placers)), expected="1..1")
    elif not is_null(placers[0]) and not placers[0].get("extension"):
        context.say(PLACER_EXTENSION, placers[0], at="@extension")
    accessions = element.findall(_ACCESSION)
    if len(accessions) != 1:
        context.say(ACCESSION, element, at="ps3-20:accessionNumber", value=str(len(accessions)), expected="1..1")
    for one in accessions:
        if is_null(one) or not one.get("root") or not one.get("extension", "").strip():
            context.say(ACCESSION_PARTS, one)


def _is_screening(event: etree._Element) -> bool:
    code = find(event, "code")
    return attribute(code, "code") == _SCREENING and attribute(code, "codeSystem") == _ICD_10


@BOOK.at(_EVENT)
def event(element: etree._Element, context: Context) -> None:
    if not applies(context):
        return
    code = find(element, "code")
    if context.official:
        if code is not None and code.get("codeSystem") == LOINC and not _with_qualifier(code, _MODALITY):
            context.say(TRANSLATIONS, code, at="translation")
        return
    if _is_screening(element):
        return
    _study(element, context)
    if code is None or code.get("codeSystem") != LOINC or not allowed(sets.IMAGING_CODES, code, context):
        where, at = (element, "code") if code is None else (code, "@code")
        value = "" if code is None else shown(code)
        context.say(CODE_MISSING, where, at=at, value=value, expected=set_shown(sets.IMAGING_CODES))
    if code is not None:
        _translations(code, context)
    low = find(element, "effectiveTime/low")
    if low is None or not low.get("value"):
        context.say(TIME_MISSING, element, at="effectiveTime/low")
    _performer(element, context)


def _with_qualifier(code: etree._Element, name: tuple[str, str]) -> bool:
    """As the validator looks: the code of the qualifier's name alone."""
    return any(one.get("code") == name[0] for one in code.findall(path("translation/qualifier/name")))


def _study(element: etree._Element, context: Context) -> None:
    ids = element.findall(path("id"))
    if len(ids) != 1 or is_null(ids[0]):
        context.say(STUDY, element, at="id", value=str(len(ids)), expected="1..1")
    for one in ids:
        if one.get("root") is not None and not is_uid(attribute(one, "root")):
            context.say(STUDY_FORM, one, at="@root")
        if one.get("extension") is not None:
            context.say(STUDY_EXTENSION, one, at="@extension")


def _translations(code: etree._Element, context: Context) -> None:
    modalities = regions = ccam = 0
    for one in code.findall(path("translation")):
        names = one.findall(path("qualifier/name"))
        kinds = [(attribute(name, "code"), attribute(name, "codeSystem")) for name in names]
        system = attribute(one, "codeSystem")
        if system in CCAM_SYSTEMS and not kinds:
            ccam += 1
            _ccam(one, context)
        elif kinds == [_MODALITY] or (not kinds and system == DCM):
            modalities += kinds == [_MODALITY]
            _translation(one, kinds, context)
        elif kinds == [_REGION] or (not kinds and system == SNOMED_CT):
            regions += kinds == [_REGION]
            _translation(one, kinds, context)
        elif kinds:
            context.say(QUALIFIER, one, at="qualifier/name", value=" ".join(".".join(kind) for kind in kinds))
        else:
            context.say(TRANSLATION_UNKNOWN, one, value=shown(one))
    if not modalities:
        context.say(TRANSLATIONS, code, at="translation")
    if not regions:
        context.say(REGION_MISSING, code, at="translation")
    if ccam > 1:
        context.say(CCAM_TWICE, code, at="translation", value=str(ccam))


def _translation(one: etree._Element, kinds: list[tuple[str, str]], context: Context) -> None:
    is_region = kinds == [_REGION] or attribute(one, "codeSystem") == SNOMED_CT
    rule, table = (REGION, sets.REGION) if is_region else (MODALITY, sets.MODALITY)
    if not kinds:
        context.say(QUALIFIER, one, at="qualifier/name", value="")
    if not one.get("codeSystem") or not allowed(table, one, context):
        context.say(rule, one, at="@code", value=shown(one), expected=set_shown(table))


def _ccam(one: etree._Element, context: Context) -> None:
    code = attribute(one, "code")
    if not (len(code) == 7 and code[:4].isalpha() and code[:4].isupper() and code[4:].isdecimal()):
        context.say(CCAM_FORM, one, at="@code")
    if one.get("codeSystem") != _CCAM:
        context.say(CCAM_SYSTEM, one, at="@codeSystem")


@BOOK.at(f"{_EVENT}/code/translation")
def official_modality(element: etree._Element, context: Context) -> None:
    """As the validator looks: a translation of DCM is a modality of the value set."""
    if context.official and element.get("codeSystem") == DCM and not allowed(sets.MODALITY, element, context):
        context.say(MODALITY, element, at="@code", value=shown(element), expected=set_shown(sets.MODALITY))


def _performer(element: etree._Element, context: Context) -> None:
    performers = [one for one in element.findall(path("performer")) if one.get("typeCode") == "PRF"]
    if len(performers) != 1:
        context.say(PERFORMER_MISSING, element, at="performer", value=str(len(performers)), expected="1..1")
    for one in performers:
        entity = find(one, "assignedEntity")
        ids = [] if entity is None else entity.findall(path("id"))
        if len(ids) != 1 or not ids[0].get("extension"):
            context.say(PERFORMER_ID, one, at="assignedEntity/id")
        organization = find(entity, "representedOrganization")
        known = [] if organization is None else organization.findall(path("id"))
        if len(known) != 1 or not known[0].get("root"):
            context.say(PERFORMER_ORGANIZATION, one, at="assignedEntity/representedOrganization/id")
        elif known[0].get("root") != ORGANIZATION_OID:
            context.say(ESTABLISHMENT, known[0], at="@root", expected=ORGANIZATION_OID)
