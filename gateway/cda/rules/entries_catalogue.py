"""The object catalogue: study, generic series, object with the link (001 3.3.4.5; N-11 to N-13).

The link itself is compared with the rest of the document in :mod:`gateway.cda.rules.agreement_links`.
"""

from __future__ import annotations

from lxml import etree

from gateway import valuesets
from gateway.cda.elements import CDA, attribute, text_of
from gateway.cda.rules.engine import WARNING, Context, Rule
from gateway.cda.rules.entries_common import (
    BOOK,
    DCM,
    Coding,
    Entry,
    frame,
    framed,
    in_set,
    is_coded,
    nested,
    outside_set,
    shown,
)
from gateway.cda.rules.looking import declares, find, kids
from gateway.cda.rules.sections_content import STUDY
from gateway.model.identifiers import is_uid

SERIES = ("1.2.840.10008.9.17", "1.2.250.1.213.1.1.3.156")
INSTANCE = ("1.2.840.10008.9.18", "1.2.250.1.213.1.1.3.157")
MODALITY = Coding(code="121139", system=DCM, display="Modalité")
MEDIA_TYPE = "application/dicom"
STUDY_ENTRY = Entry(
    key="N-11",
    name="FR-DICOM-Examen-imagerie",
    element="act",
    class_code="ACT",
    templates=STUDY,
    lenient="class",
    ids=(1, None),
    code=Coding(code="113014", system=DCM, display="Examen"),
    source="001 4.2.4.5.1",
)
SERIES_ENTRY = Entry(
    key="N-12",
    name="FR-DICOM-Serie-imagerie",
    element="act",
    class_code="ACT",
    templates=SERIES,
    exact=True,
    lenient="class",
    ids=(1, None),
    spec_ids=WARNING,
    code=Coding(code="113015", system=DCM, display="Séries"),
    source="001 4.2.4.5.1.1",
)
INSTANCE_ENTRY = Entry(
    key="N-13",
    name="FR-DICOM-SOP-instance-observation",
    element="observation",
    class_code="DGIMG",
    templates=INSTANCE,
    exact=True,
    ids=(1, None),
    spec_ids=WARNING,
    source="001 4.2.4.5.1.1.1",
)
STUDY_FRAME, SERIES_FRAME, INSTANCE_FRAME = frame(STUDY_ENTRY), frame(SERIES_ENTRY), frame(INSTANCE_ENTRY)
ONE_STUDY_ID = BOOK.rule(
    "N-11e",
    "L'examen a exactement un identifiant, son Study Instance UID ; trouvé : {value}.",
    "The study has exactly one id, its Study Instance UID; found: {value}.",
    source="001 4.2.4.5.1 : « act/id [1..1] Study Instance UUID »",
    official=None,
)
STUDY_UID = BOOK.rule(
    "N-11f",
    "« {value} » n'est pas un UID DICOM (chiffres et points, 64 caractères au plus).",
    "“{value}” is no DICOM UID (digits and dots, at most 64 characters).",
    source="001 4.2.4.5.1 : « act/id [1..1] Study Instance UUID » ; DICOM PS3.5 section 9.1",
    official=None,
)
STUDY_TIME = BOOK.rule(
    "N-11g",
    "L'examen doit avoir une date et heure (effectiveTime).",
    "The study must have a date and time (effectiveTime).",
    source="001 4.2.4.5.1 : « act/effectiveTime [1..1] Date et heure de l'examen »",
    official=None,
)
ONE_SERIES = BOOK.rule(
    "N-11h",
    "L'examen contient exactement une série générique (entryRelationship COMP) ; trouvé : {value}.",
    "The study holds exactly one generic series (entryRelationship COMP); found: {value}.",
    source="001 3.3.4.5 : « [1..1] Série générique »",
)
SERIES_MODALITY = BOOK.rule(
    "N-12e",
    "La série dit une fois sa modalité : qualifier/name {expected} et qualifier/value ; trouvé : {value}.",
    "The series tells its modality once: qualifier/name {expected} and qualifier/value; found: {value}.",
    source="001 4.2.4.5.1.1 : « act/code/qualifier/name [1..1] », « act/code/qualifier/value [1..1] »",
)
SERIES_MODALITY_VALUE = BOOK.rule(
    "N-12f",
    "La modalité de la série {value} n'est pas dans le jeu de valeurs {expected}.",
    "The modality of the series {value} is not in the value set {expected}.",
    source="001 4.2.4.5.1.1 : « qualifier/value issue du JDV_ModaliteAcquisition_CISIS (1.2.250.1.213.1.1.5.618) »",
)
INVERTED = BOOK.rule(
    "N-12j",
    "La relation est inversée (inversionInd) : elle dit que l'examen est dans la série, ou la série dans l'objet.",
    "The relation is inverted (inversionInd): it says that the study is in the series, or the series in the object.",
    source="001 3.3.4.5 : examen, série générique, objet référencé ; HL7 CDA R2 4.3.8.2 entryRelationship.inversionInd",
    official=None,
)
ONE_INSTANCE = BOOK.rule(
    "N-12g",
    "La série contient exactement un objet référencé (entryRelationship COMP) avec un code ; trouvé : {value}.",
    "The series holds exactly one referenced object (entryRelationship COMP) with a code; found: {value}.",
    source="001 3.3.4.5 : « [1..1] Objet référencé »",
)
OTHER_UID = BOOK.rule(
    "N-12h",
    "L'identifiant « {value} » n'est pas un UID DICOM.",
    "The id “{value}” is no DICOM UID.",
    source="DICOM PS3.20 sections 10.10 et 10.11 (Series Instance UID, SOP Instance UID)",
    spec=WARNING,
    official=None,
)
SAME_UID = BOOK.rule(
    "N-12i",
    "L'UID « {value} » est déjà celui de l'examen ou de la série au-dessus.",
    "The UID “{value}” is already that of the study or of the series above.",
    source="DICOM PS3.5 section 9 : un UID désigne un seul objet",
    official=None,
)
SOP_CLASS = BOOK.rule(
    "N-13e",
    "La classe SOP {value} n'est pas dans le jeu de valeurs {expected}.",
    "The SOP class {value} is not in the value set {expected}.",
    source="001 4.2.4.5.1.1.1 : « observation/code issu du JDV_SOPClass_CISIS (1.2.250.1.213.1.1.5.689) »",
    official=None,
)
LINK = BOOK.rule(
    "N-13f",
    "Le lien vers les images manque (text/reference/@value).",
    "The link to the images is missing (text/reference/@value).",
    source="001 4.2.4.5.1.1.1 : « observation/text [1..1] url permettant d'accéder aux images »",
    official=None,
)
MEDIA = BOOK.rule(
    "N-13g",
    "Le type du lien (text/@mediaType) est fixé à « {expected} » ; trouvé : « {value} ».",
    "The type of the link (text/@mediaType) is fixed to “{expected}”; found: “{value}”.",
    source="001 4.2.4.5.1.1.1 : « observation/text/@mediaType [1..1] application/dicom »",
)
REFERENCE = BOOK.rule(
    "N-13h",
    "Le texte de l'objet doit contenir le lien dans un élément reference.",
    "The text of the object must hold the link in an element reference.",
    source="Validateur ANS, volet IMG-CR-IMG, entrée SOP-instance-observation (001 écrit l'URL comme le texte)",
    spec=WARNING,
)
NESTED = BOOK.rule(
    "N-13i",
    "Pour le validateur officiel, une relation {value} d'un objet porte un seul {expected}, avec son code.",
    "To the official validator a relation {value} of an object holds one {expected}, with its code.",
    source="Validateur ANS, entrée SOP-instance-observation",
    spec=None,
)


def component(element: etree._Element, name: str, template: str) -> list[etree._Element]:
    """The *name* elements in its COMP relations that declare *template*."""
    relations = (one for one in kids(element, "entryRelationship") if attribute(one, "typeCode") == "COMP")
    return [one for relation in relations for one in kids(relation, name) if declares(one, template)]


def instances(study: etree._Element) -> list[etree._Element]:
    """The objects of a study, whatever declares them."""
    found = []
    for series in kids(study, "entryRelationship/act"):
        found.extend(kids(series, "entryRelationship/observation"))
    return [one for one in found if declares(one, *INSTANCE)]


@BOOK.template(*STUDY)
def study(element: etree._Element, context: Context) -> None:
    """A study of the catalogue."""
    context.collected["studies"].append(element)
    if context.official and declares(element, STUDY[1]) and not nested(element) and element.tag == f"{{{CDA}}}act":
        relations = element.iter(f"{{{CDA}}}entryRelationship")
        below = [
            one
            for relation in relations
            if attribute(relation, "typeCode") == "COMP"
            for one in kids(relation, "act")
            if declares(one, SERIES[1])
        ]
        _exactly_one(element, context, ONE_SERIES, len(below))
    if not framed(element, context, STUDY_ENTRY, STUDY_FRAME):
        return
    if context.official:
        for template in SERIES:
            if not component(element, "act", template):
                context.say(ONE_SERIES, element, at="entryRelationship", value="0")
        return
    ids = kids(element, "id")
    if len(ids) != 1:
        context.say(ONE_STUDY_ID, element, at="id", value=str(len(ids)))
    for one in ids:
        if not is_uid(attribute(one, "root")):
            context.say(STUDY_UID, one, at="@root")
    if not any(attribute(find(element, steps), "value") for steps in ("effectiveTime", "effectiveTime/low")):
        context.say(STUDY_TIME, element, at="effectiveTime")
    held = kids(element, "entryRelationship")
    _not_inverted(held, context)
    count = sum(
        declares(one, *SERIES)
        for relation in held
        if attribute(relation, "typeCode") == "COMP"
        for one in kids(relation, "act")
    )
    _exactly_one(element, context, ONE_SERIES, count)


@BOOK.template(*SERIES)
def series(element: etree._Element, context: Context) -> None:
    """The generic series of a study."""
    if context.official and declares(element, SERIES[1]) and not nested(element) and element.tag == f"{{{CDA}}}act":
        _official_series(element, context)
    if not framed(element, context, SERIES_ENTRY, SERIES_FRAME):
        return
    qualifiers = kids(element, "code/qualifier")
    names, values = kids(element, "code/qualifier/name"), kids(element, "code/qualifier/value")
    if not (len(qualifiers) == len(names) == len(values) == 1 and is_coded(names[0], MODALITY)):
        told = ", ".join(shown(one) for one in names) or "—"
        context.say(SERIES_MODALITY, element, at="code/qualifier", value=told, expected=str(MODALITY))
    found = component(element, "observation", INSTANCE[0])
    if not context.official:
        found = [*found, *(one for one in component(element, "observation", INSTANCE[1]) if one not in found)]
        for value in values:
            if not in_set(value, valuesets.MODALITY):
                context.say(SERIES_MODALITY_VALUE, value, value=shown(value), expected=valuesets.MODALITY)
        _uids(element, context, above=2)
        _not_inverted(kids(element, "entryRelationship"), context)
    coded = not found or any(find(one, "code") is not None for one in found)
    _exactly_one(element, context, ONE_INSTANCE, len(found) if coded else 0)


@BOOK.template(*INSTANCE)
def instance(element: etree._Element, context: Context) -> None:
    """The object that holds the link."""
    if context.official and declares(element, INSTANCE[1]) and not nested(element):
        _official_text(element, context)
    if not framed(element, context, INSTANCE_ENTRY, INSTANCE_FRAME):
        return
    if context.official:
        _nested(element, context)
        return
    code = find(element, "code")
    if code is None or not in_set(code, valuesets.SOP_CLASS):
        context.say(SOP_CLASS, element, at="code", value=shown(code), expected=valuesets.SOP_CLASS)
    _uids(element, context, above=4)
    text = find(element, "text")
    if not url_of(element):
        context.say(LINK, element, at="text/reference/@value")
    if text is not None:
        if attribute(text, "mediaType") != MEDIA_TYPE:
            context.say(MEDIA, text, at="@mediaType", expected=MEDIA_TYPE)
        if find(text, "reference") is None and text_of(text):
            context.say(REFERENCE, text, at="reference")


def url_of(element: etree._Element) -> str:
    """The link of an object: the value of the reference, else the words of its text."""
    text = find(element, "text")
    return attribute(find(text, "reference"), "value") or text_of(text)


def _not_inverted(relations: list[etree._Element], context: Context) -> None:
    for relation in relations:
        if relation.get("inversionInd") == "true":
            context.say(INVERTED, relation, at="@inversionInd")


def _exactly_one(element: etree._Element, context: Context, rule: Rule, count: int) -> None:
    if count != 1:
        context.say(rule, element, at="entryRelationship", value=str(count))


def _uids(element: etree._Element, context: Context, *, above: int) -> None:
    """Its ids are UIDs, and not those of the study or the series *above* levels up."""
    holders = [one for index, one in enumerate(element.iterancestors()) if index < above]
    taken = {attribute(one, "root") for holder in holders for one in kids(holder, "id")}
    for one in kids(element, "id"):
        root = attribute(one, "root")
        if root and not is_uid(root):
            context.say(OTHER_UID, one, at="@root")
        if root and root in taken and not attribute(one, "extension"):
            context.say(SAME_UID, one, at="@root")


def _official_series(element: etree._Element, context: Context) -> None:
    """What starts at the French templateId: look-up of the modality, and counts that take in everything below."""
    values = [one for code in element.iter(f"{{{CDA}}}code") for one in kids(code, "qualifier/value")]
    if len(values) != 1:
        context.say(SERIES_MODALITY, element, at="code/qualifier", value=str(len(values)), expected=str(MODALITY))
    for code in kids(element, "code"):
        for value in kids(code, "qualifier/value") if attribute(code, "code") == "113015" else ():
            if outside_set(value, valuesets.MODALITY):
                context.say(SERIES_MODALITY_VALUE, value, value=shown(value), expected=valuesets.MODALITY)
    found = [
        one
        for relation in element.iter(f"{{{CDA}}}entryRelationship")
        if attribute(relation, "typeCode") == "COMP"
        for one in kids(relation, "observation")
        if declares(one, INSTANCE[1])
    ]
    _exactly_one(element, context, ONE_INSTANCE, len(found))


def _official_text(element: etree._Element, context: Context) -> None:
    for text in kids(element, "text"):
        if text.get("mediaType") != MEDIA_TYPE:
            context.say(MEDIA, text, at="@mediaType", expected=MEDIA_TYPE)
    dicom = [one for one in element.iter(f"{{{CDA}}}text") if one.get("mediaType") == MEDIA_TYPE]
    if dicom and all(find(one, "reference") is None for one in dicom):
        context.say(REFERENCE, dicom[0], at="reference")


def _nested(element: etree._Element, context: Context) -> None:
    for kind, template in (("RSON", "1.2.250.1.213.1.1.3.163"), ("COMP", "1.2.250.1.213.1.1.3.164")):
        relations = [one for one in kids(element, "entryRelationship") if attribute(one, "typeCode") == kind]
        inner = [one for relation in relations for one in kids(relation, "observation") if declares(one, template)]
        if relations and (len(inner) > 1 or all(find(one, "code") is None for one in inner)):
            context.say(NESTED, element, at="entryRelationship", value=kind, expected=template)
