"""Comments, devices, attached documents, what the patient was told (N-14 to N-16, N-18)."""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import attribute, name_of
from gateway.cda.rules.engine import WARNING, Context
from gateway.cda.rules.entries_common import (
    BOOK,
    LOINC,
    Coding,
    Entry,
    frame,
    framed,
    is_coded,
    names_no_product,
    shown,
)
from gateway.cda.rules.looking import declares, find, kids
from gateway.cda.rules.narrative import lead_to_words
from gateway.cda.rules.sections_content import ATTACHMENT, DEVICE, PRODUCT, RADIOPHARMACEUTICAL, SIMPLE, TECHNIQUE
from gateway.cda.rules.unstructured import is_other_format

_FRENCH = "1.2.250.1.213.1.1.3."
COMMENT_TEMPLATES = ("1.3.6.1.4.1.19376.1.5.3.1.4.2", f"{_FRENCH}32", "2.16.840.1.113883.10.20.1.40")
TOLD = Coding(code="99622-3", system=LOINC, display="Informations pour le patient")
KIND = Coding(code="69764-9", system=LOINC, display="Type de document")
COMMENT = Entry(
    key="N-14",
    name="FR-Commentaire-ER",
    element="act",
    class_code="ACT",
    templates=COMMENT_TEMPLATES,
    lenient="all",
    code=Coding(code="48767-8", system=LOINC, display="Commentaire"),
    source="001 3.3.1 ; IHE PCC TF-2, Comments",
)
DEVICE_ENTRY = Entry(
    key="N-15",
    name="FR-Dispositif-medical",
    element="supply",
    class_code="SPLY",
    templates=(DEVICE[1], DEVICE[0]),
    lenient="class",
    source="001 3.3.5 ; CI-SIS Modèles de contenus CDA, entrée FR-Dispositif-medical",
)
DOCUMENT = Entry(
    key="N-16",
    name="FR-Document-attache",
    element="organizer",
    class_code="CLUSTER",
    templates=ATTACHMENT,
    ids=(1, 1),
    source="001 3.3.10 ; CI-SIS Modèles de contenus CDA, entrée FR-Document-attache",
)
SIMPLE_ENTRY = Entry(
    key="N-18",
    name="FR-Simple-observation",
    element="observation",
    class_code="OBS",
    templates=SIMPLE,
    ids=(1, None),
    negatable=True,
    source="001 3.3.11.1 ; IHE PCC TF-2, Simple Observation",
)
FRAMES = {one.key: frame(one) for one in (COMMENT, DEVICE_ENTRY, DOCUMENT, SIMPLE_ENTRY)}
COMMENT_STATUS = BOOK.rule(
    "N-14e",
    "L'état du commentaire (statusCode) est fixé à « completed » ; trouvé : « {value} ».",
    "The status of the comment (statusCode) is fixed to “completed”; found: “{value}”.",
    source="IHE PCC TF-2, Comments (statusCode)",
)
COMMENT_WORDS = BOOK.rule(
    "N-14f",
    "Le commentaire doit renvoyer à son texte (text/reference).",
    "The comment must refer to its words (text/reference).",
    source="IHE PCC TF-2, Comments (text/reference)",
)
COMMENT_AUTHOR = BOOK.rule(
    "N-14g",
    "L'auteur du commentaire est incomplet : {value}.",
    "The author of the comment is incomplete: {value}.",
    source="IHE PCC TF-2, Comments (author)",
)
DEVICE_PARTS = BOOK.rule(
    "N-15e",
    "Le dispositif médical doit avoir exactement un élément {expected} ; trouvé : {value}.",
    "The device must have exactly one element {expected}; found: {value}.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-Dispositif-medical",
)
DEVICE_IDENTITY = BOOK.rule(
    "N-15f",
    "L'identifiant unique du dispositif médical manque (participantRole/id).",
    "The unique identifier of the device is missing (participantRole/id).",
    source="000 3.3.2 : « Identifiant unique du dispositif médical [1..1] »",
    official=None,
)
DEVICE_CODE = BOOK.rule(
    "N-15g",
    "Le type du dispositif médical manque (playingDevice/code).",
    "The type of the device is missing (playingDevice/code).",
    source="000 3.3.2 : « Code produit du dispositif médical [1..1] »",
    official=None,
)
DEVICE_SYSTEM = BOOK.rule(
    "N-15h",
    "Le type du dispositif médical est d'une terminologie qui ne nomme aucun produit : {value}.",
    "The type of the device is of a terminology that names no product: {value}.",
    source="000 3.3.2 : « Code produit du dispositif médical [1..1] »",
    official=None,
)
DOCUMENT_CODE = BOOK.rule(
    "N-16d",
    "Le document attaché doit avoir un code.",
    "The attached document must have a code.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-Document-attache (code)",
)
DOCUMENT_STATUS = BOOK.rule(
    "N-16e",
    "L'état du document attaché (statusCode) est fixé à « completed » ; trouvé : « {value} ».",
    "The status of the attached document (statusCode) is fixed to “completed”; found: “{value}”.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-Document-attache (statusCode)",
)
DOCUMENT_KIND = BOOK.rule(
    "N-16f",
    "Le document attaché doit dire son type (entrée FR-Type-document-attache).",
    "The attached document must tell its kind (entry FR-Type-document-attache).",
    source="CI-SIS Modèles de contenus CDA, entrée FR-Document-attache (component/observation)",
)
DOCUMENT_CONTENT = BOOK.rule(
    "N-16g",
    "Le document attaché doit contenir un fichier : observationMedia/value avec mediaType et representation B64.",
    "The attached document must hold a file: observationMedia/value with mediaType and representation B64.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-Document-attache (component/observationMedia)",
)
KIND_PARTS = BOOK.rule(
    "N-16h",
    "Le type du document attaché est incomplet : {value}.",
    "The kind of the attached document is incomplete: {value}.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-Type-document-attache",
)
SIMPLE_PARTS = BOOK.rule(
    "N-18e",
    "L'entrée FR-Simple-observation est incomplète : {value}.",
    "The entry FR-Simple-observation is incomplete: {value}.",
    source="IHE PCC TF-2, Simple Observation ; 001 3.3.11.1",
)
SIMPLE_ONCE = BOOK.rule(
    "N-18f",
    "L'entrée FR-Simple-observation a au plus un élément {value}.",
    "The entry FR-Simple-observation has at most one element {value}.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-Simple-observation",
)
TOLD_CODE = BOOK.rule(
    "N-18g",
    "Le code des informations au patient est fixé à {expected} ; trouvé : {value}.",
    "The code of what the patient was told is fixed to {expected}; found: {value}.",
    source="001 3.3.11.1 : « code [1..1] Fixé à la valeur 99622-3 »",
    official=None,
)
TOLD_WORDS = BOOK.rule(
    "N-18h",
    "Ce qui a été dit au patient doit renvoyer à son texte, dans sa section, qui dit quelque chose"
    " (text/reference/@value).",
    "What the patient was told must refer to its words, in its section, which say something (text/reference/@value).",
    source="001 3.3.11.1 : « text [1..1] Contient la référence vers l'information contenue dans la partie narrative de "
    "la section »",
    official=None,
)
OTHER_FORMAT = BOOK.rule(
    "N-16i",
    "Le document attaché n'est pas du {expected} : ses premiers octets ne sont pas ceux de ce format.",
    "The attached document is no {expected}: its first bytes are not those of this format.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-Document-attache (observationMedia/value/@mediaType)",
    official=None,
)
COMMENT_RELATION = BOOK.rule(
    "N-14h",
    "Un commentaire est tenu par une relation SUBJ avec inversionInd=true.",
    "A comment is held by a relation SUBJ with inversionInd=true.",
    source="IHE PCC TF-2, Comments (entryRelationship)",
    spec=WARNING,
    official=None,
)
COMMENT_SUBJECT = BOOK.rule(
    "N-14j",
    "Un commentaire est tenu par une relation {expected} ; celle-ci est « {value} ».",
    "A comment is held by a relation {expected}; this one is “{value}”.",
    source="IHE PCC TF-2, Comments (entryRelationship/@typeCode)",
    official=None,
)
ONE_COMMENT = BOOK.rule(
    "N-14i",
    "Un acte ou un produit administré a au plus un commentaire ; celui-ci est le deuxième.",
    "An act or a product administered has at most one comment; this is the second.",
    source="001 3.3.1 : « Autres paramètres [0..1] », « Commentaire sur l'administration d'un produit [0..1] »",
    official=None,
)
_COMMENTED = (*TECHNIQUE, *PRODUCT, *RADIOPHARMACEUTICAL)
_AUTHOR = (
    "time",
    "assignedAuthor/id",
    "assignedAuthor/addr",
    "assignedAuthor/telecom",
    "assignedAuthor/assignedPerson/name",
    "assignedAuthor/representedOrganization/name",
)


@BOOK.template(*COMMENT_TEMPLATES[:2])
def comment(element: etree._Element, context: Context) -> None:
    """A comment on an entry."""
    pair = FRAMES["N-14"].templates
    if context.official and pair is not None and not declares(element, COMMENT_TEMPLATES[0]):
        context.say(pair, element, value=COMMENT_TEMPLATES[1], expected=" + ".join(COMMENT_TEMPLATES))
    if not framed(element, context, COMMENT, FRAMES["N-14"]):
        return
    relation = element.getparent()
    if relation is not None and name_of(relation) == "entryRelationship":
        held = (attribute(relation, "typeCode"), attribute(relation, "inversionInd"))
        if held[0] != "SUBJ" and not context.official:
            context.say(COMMENT_SUBJECT, relation, at="@typeCode", expected="SUBJ")
        elif held != ("SUBJ", "true"):
            context.say(COMMENT_RELATION, relation)
        if not context.official:
            _only_one(element, relation, context)
    status = attribute(find(element, "statusCode"), "code")
    if status != "completed":
        context.say(COMMENT_STATUS, element, at="statusCode/@code", value=status)
    reference = find(element, "text/reference")
    if reference is None or (not context.official and not attribute(reference, "value")):
        context.say(COMMENT_WORDS, element, at="text/reference")
    author = find(element, "author")
    lacking = [steps for steps in _AUTHOR if author is not None and find(author, steps) is None]
    if lacking:
        context.say(COMMENT_AUTHOR, element, at="author", value=", ".join(lacking))


def _only_one(element: etree._Element, relation: etree._Element, context: Context) -> None:
    """Say when the technique or the product that *relation* hangs from had a comment already; they come in order."""
    holder, commented = relation.getparent(), context.collected["commented"]
    if holder is None or not declares(holder, *_COMMENTED):
        return
    if commented and commented[-1] is holder:
        context.say(ONE_COMMENT, element)
    commented.append(holder)


@BOOK.template(*DEVICE)
def device(element: etree._Element, context: Context) -> None:
    """A device."""
    if not framed(element, context, DEVICE_ENTRY, FRAMES["N-15"]):
        return
    roles = [one for one in kids(element, "participant/participantRole") if attribute(one, "classCode") == "MANU"]
    devices = [
        one
        for one in kids(element, "participant/participantRole/playingDevice")
        if attribute(one, "classCode") == "DEV" and attribute(one, "determinerCode") == "INSTANCE"
    ]
    parties = [one for one in kids(element, "participant") if attribute(one, "typeCode") == "DEV"]
    for count, name in (
        (len(kids(element, "effectiveTime")), "effectiveTime"),
        (min(len(parties), 1), "participant[@typeCode=DEV]"),
        (len(roles), "participantRole[@classCode=MANU]"),
        (len(devices), "playingDevice[@classCode=DEV, @determinerCode=INSTANCE]"),
    ):
        if count != 1:
            context.say(DEVICE_PARTS, element, at=name.partition("[")[0], value=str(count), expected=name)
    if not context.official:
        for role in kids(element, "participant/participantRole"):
            if find(role, "id") is None:
                context.say(DEVICE_IDENTITY, role, at="id")
            code = find(role, "playingDevice/code")
            if code is None:
                context.say(DEVICE_CODE, role, at="playingDevice/code")
            elif names_no_product(attribute(code, "codeSystem")):
                context.say(DEVICE_SYSTEM, code, value=shown(code))


@BOOK.template(*ATTACHMENT)
def document(element: etree._Element, context: Context) -> None:
    """An attached document."""
    framed(element, context, DOCUMENT, FRAMES["N-16"])
    if find(element, "code") is None:
        context.say(DOCUMENT_CODE, element, at="code")
    status = attribute(find(element, "statusCode"), "code")
    if status != "completed":
        context.say(DOCUMENT_STATUS, element, at="statusCode/@code", value=status)
    if not any(declares(one, SIMPLE[0]) for one in kids(element, "component/observation")):
        context.say(DOCUMENT_KIND, element, at="component/observation")
    files = [
        value
        for media in kids(element, "component/observationMedia")
        if (attribute(media, "classCode"), attribute(media, "moodCode")) == ("OBS", "EVN")
        for value in kids(media, "value")
    ]
    if not any(_holds_a_file(value, context) for value in files):
        context.say(DOCUMENT_CONTENT, element, at="component/observationMedia")
    for value in files:
        media_type = attribute(value, "mediaType")
        if is_other_format(media_type, value.text or ""):
            context.say(OTHER_FORMAT, value, at="@mediaType", expected=media_type)


def _holds_a_file(value: etree._Element, context: Context) -> bool:
    if value.get("nullFlavor") is not None:
        return True
    encoded = value.get("mediaType") is not None and attribute(value, "representation") == "B64"
    return encoded and (context.official or bool((value.text or "").strip()))


@BOOK.template(f"{_FRENCH}48.18")
def kind(element: etree._Element, context: Context) -> None:
    """The kind of an attached document."""
    lacking = [name for name in ("text", "effectiveTime", "value") if find(element, name) is None]
    if name_of(element) != "observation" or (attribute(element, "classCode"), attribute(element, "moodCode")) != (
        "OBS",
        "EVN",
    ):
        lacking.append("observation[@classCode=OBS, @moodCode=EVN]")
    if len(kids(element, "id")) != 1:
        lacking.append("id")
    if not declares(element, SIMPLE[0]):
        lacking.append(f"templateId {SIMPLE[0]}")
    if not is_coded(find(element, "code"), KIND):
        lacking.append(f"code {KIND}")
    if attribute(find(element, "statusCode"), "code") != "completed":
        lacking.append("statusCode completed")
    if lacking:
        context.say(KIND_PARTS, element, value=", ".join(lacking))


@BOOK.template(*SIMPLE)
def simple(element: etree._Element, context: Context) -> None:
    """A simple observation: what the patient was told, the kind of a document."""
    if not framed(element, context, SIMPLE_ENTRY, FRAMES["N-18"]):
        return
    lacking = [name for name in ("code", "text/reference") if find(element, name) is None]
    if attribute(find(element, "statusCode"), "code") != "completed":
        lacking.append("statusCode completed")
    times = [*kids(element, "effectiveTime"), *kids(element, "effectiveTime/low")]
    if not any(one.get("value") is not None or one.get("nullFlavor") is not None for one in times):
        lacking.append("effectiveTime")
    reference = find(element, "text/reference")
    if not context.official and reference is not None and not attribute(reference, "value"):
        lacking.append("text/reference/@value")
    if lacking:
        context.say(SIMPLE_PARTS, element, value=", ".join(lacking))
    for name in ("interpretationCode", "methodCode", "targetSiteCode", "author"):
        if len(kids(element, name)) > 1:
            context.say(SIMPLE_ONCE, element, at=name, value=name)
    parent = element.getparent()
    in_section = parent is not None and name_of(parent) == "entry"
    if in_section and not context.official:
        context.collected["told"].append(element)
    if in_section and not context.official and not is_coded(find(element, "code"), TOLD):
        context.say(TOLD_CODE, element, at="code", value=shown(find(element, "code")), expected=str(TOLD))


@BOOK.end
def told(root: etree._Element, context: Context) -> None:
    """What the patient was told leads to words of the narrative."""
    references = [reference for one in context.collected["told"] for reference in kids(one, "text/reference")]
    for reference, is_told in zip(references, lead_to_words(references, context), strict=True):
        if attribute(reference, "value") and not is_told:
            context.say(TOLD_WORDS, reference, at="@value")
