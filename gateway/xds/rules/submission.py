"""What the objects of one submission, or of one answer, say together: one submission set, one patient, whole links.

Sources: ITI TF-3 sections 4.1.4, 4.2.1.5, 4.2.2 (associations), 4.2.3.2.16; ITI TF-2 3.41.4.1.3, 3.42.4.1.3; the
Metadata Update supplement (3.57, 3.92).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gateway.model.document import AssociationType
from gateway.xds import constants as c
from gateway.xds.rules import associations, hl7_values, updating
from gateway.xds.rules.attributes import Context
from gateway.xds.rules.objects import Kind, Objects, Thing
from gateway.xds.rules.rule import ERROR, TF2, TF3, WARNING, Findings, rule

ONE_SET = rule(
    "submission.set",
    ERROR,
    f"{TF3} 4.2.1.5",
    "Une soumission a exactement un lot de soumission (SubmissionSet) ; celle-ci en a {count}.",
    "A submission has exactly one SubmissionSet; this one has {count}.",
)
NOTHING = rule(
    "submission.empty",
    ERROR,
    f"{TF3} 4.1.4",
    "Le lot de soumission ne contient ni fiche, ni classeur, ni association.",
    "The submission set holds no entry, folder or association.",
)
UNIQUE_ID_TWICE = rule(
    "unique-id.repeated",
    ERROR,
    f"{TF3} table 4.2.4.1-2 (XDSRegistryDuplicateUniqueIdInMessage)",
    "uniqueId « {value} » est donné plusieurs fois dans le message.",
    "uniqueId “{value}” is given several times in the message.",
)
SOURCE_IS_SET = rule(
    "SubmissionSet.sourceId.taken",
    ERROR,
    f"{TF3} 4.2.3.3.9 and 4.2.3.3.12 (both globally unique); ITU-T X.660",
    "sourceId « {value} » est aussi le uniqueId d'un objet : un OID ne désigne qu'une chose.",
    "sourceId “{value}” is the uniqueId of an object too: an OID names one thing alone.",
)
PATIENTS = rule(
    "patient-id.differs",
    ERROR,
    f"{TF3} 4.2.3.2.16, 4.2.3.4.7 (XDSPatientIdDoesNotMatch)",
    "patientId « {value} » n'est pas celui du lot de soumission ({expected}).",
    "patientId “{value}” is not that of the SubmissionSet ({expected}).",
)
PATIENTS_ANSWERED = rule(
    "patient-id.answered",
    ERROR,
    f"{TF3} table 4.2.4.1-2 (XDSResultNotSinglePatient)",
    "La réponse porte des objets de plusieurs patients : « {value} » et « {expected} ».",
    "The answer holds objects of several patients: “{value}” and “{expected}”.",
)
PATIENT_WRITING = rule(
    "patient-id.writing",
    ERROR,
    f"{TF3} 4.2.3.2.16",
    "patientId « {value} » nomme le même patient que le lot de soumission, écrit autrement ({expected}).",
    "patientId “{value}” names the patient of the SubmissionSet, written in another way ({expected}).",
)
SOURCE_PATIENTS = rule(
    "source-patient.differs",
    WARNING,
    f"{TF3} 4.2.3.2.22, 4.2.3.2.23",
    "{attribute} « {value} » n'est pas celui d'une autre fiche de la soumission ({expected}).",
    "{attribute} “{value}” is not that of another entry of the submission ({expected}).",
)
COMMUNITIES = rule(
    "home.differs",
    ERROR,
    f"{TF3} 4.2.3.2.12, 4.2.3.3.5 (one submission goes to one community)",
    "homeCommunityId « {value} » n'est pas celui d'un autre objet de la soumission ({expected}).",
    "homeCommunityId “{value}” is not that of another object of the submission ({expected}).",
)
NOT_MEMBER = rule(
    "has-member.missing",
    ERROR,
    f"{TF3} 4.2.2.1",
    "Aucun HasMember ne relie {attribute} « {value} » au lot de soumission.",
    "No HasMember joins the {attribute} “{value}” to the SubmissionSet.",
)
FOLDER_LINK = rule(
    "has-member.folder",
    ERROR,
    f"{TF3} 4.2.2.1.3, 4.2.2.1.4",
    "L'association qui place un document dans un classeur (« {value} ») n'est pas reliée au lot de soumission.",
    "The association that puts a document into a folder (“{value}”) is not joined to the SubmissionSet.",
)
LIMITED = rule(
    "limited-metadata",
    ERROR,
    f"{TF3} table 4.3.1-3 (limitedMetadata)",
    "limitedMetadata est indiqué sur une partie des objets seulement : « {value} » ne le porte pas.",
    "limitedMetadata is stated on some of the objects only: “{value}” does not state it.",
)
LIMITED_XDS = rule(
    "limited-metadata.xds",
    WARNING,
    f"{TF3} table 4.3.1-3 (X for XDS)",
    "limitedMetadata n'est permis qu'entre un émetteur XDR « Metadata-Limited » et son destinataire, pas en XDS.",
    "limitedMetadata is allowed between a Metadata-Limited XDR source and its recipient only, not in XDS.",
)
LIMITED_ANSWERED = rule(
    "limited-metadata.answered",
    ERROR,
    f"{TF3} table 4.3.2.1-3 (X)",
    "limitedMetadata n'est pas permis dans une réponse.",
    "limitedMetadata is not allowed in an answer.",
)
HOME_MISSING = rule(
    "home.missing",
    ERROR,
    f"{TF3} table 4.3.2.1-3 (homeCommunityId R for XCA); {TF2} 3.38.4.1.3",
    "homeCommunityId manque dans la réponse d'une communauté à une autre.",
    "homeCommunityId is missing in the answer of one community to another.",
)

_LIMITED_NODES = {Kind.ENTRY: c.ENTRY_LIMITED_NODE, Kind.SET: c.SET_LIMITED_NODE, Kind.FOLDER: c.FOLDER_LIMITED_NODE}


def check(objects: Objects, context: Context, findings: Findings, *, french: bool) -> None:
    """The rules on the whole; of an answer only those on associations, for it may hold any selection."""
    associations.check(objects, context, findings, french=french)
    if not context.submits:
        _one_patient(objects, context, findings)
        for flagged in _flagged(objects)[:1]:
            findings.add(LIMITED_ANSWERED, flagged.element)
        if context is Context.ANSWER_BETWEEN_COMMUNITIES:
            _at_home(objects, findings)
        return
    if len(objects.sets) != 1:
        findings.add(ONE_SET, objects.element, count=str(len(objects.sets)))
    if objects.sets and not (objects.entries or objects.folders or objects.associations):
        findings.add(NOTHING, objects.element)
    _unique_ids(objects, findings)
    _patients(objects, findings)
    _source_patients(objects, findings, french=french)
    _communities(objects, findings)
    _members(objects, context, findings)
    _limited(objects, context, findings, french=french)
    if context.updates:
        updating.check(objects, context, findings)


def _one_patient(objects: Objects, context: Context, findings: Findings) -> None:
    """Whole objects of ITI-18 are of one patient; ITI-51 and gateways answer of several."""
    if context is Context.ANSWER:
        for thing, value, first in _others(objects):
            if hl7_values.cx_key(value) != hl7_values.cx_key(first):
                findings.add(PATIENTS_ANSWERED, thing.element, value=value, expected=first)


def _unique_ids(objects: Objects, findings: Findings) -> None:
    schemes = {Kind.ENTRY: c.ENTRY_UNIQUE_ID, Kind.SET: c.SET_UNIQUE_ID, Kind.FOLDER: c.FOLDER_UNIQUE_ID}
    seen: set[str] = set()
    for thing in objects.patients:
        value = thing.identifier(schemes[thing.kind])
        if value and value in seen:
            findings.add(UNIQUE_ID_TWICE, thing.element, value=value, attribute=f"{thing.kind.value}.uniqueId")
        seen.add(value)
    for one in objects.sets:
        if (source := one.identifier(c.SET_SOURCE_ID)) and source in seen:
            findings.add(SOURCE_IS_SET, one.element, value=source, attribute="SubmissionSet.sourceId")


def _patients(objects: Objects, findings: Findings) -> None:
    for thing, value, first in _others(objects):
        same = hl7_values.cx_key(value) == hl7_values.cx_key(first)
        attribute = f"{thing.kind.value}.patientId"
        findings.add(
            PATIENT_WRITING if same else PATIENTS, thing.element, value=value, expected=first, attribute=attribute
        )


def _others(objects: Objects) -> Iterator[tuple[Thing, str, str]]:
    """Objects whose patientId is not written as that of the first, with both."""
    schemes = {Kind.ENTRY: c.ENTRY_PATIENT_ID, Kind.SET: c.SET_PATIENT_ID, Kind.FOLDER: c.FOLDER_PATIENT_ID}
    told = [(thing, thing.identifier(schemes[thing.kind])) for thing in objects.patients]
    first = next((value for _, value in told if value), "")
    return ((thing, value, first) for thing, value in told if value and value != first)


def _source_patients(objects: Objects, findings: Findings, *, french: bool) -> None:
    """One person is written in one way in one submission; a signature has no patient of its own.

    Entries may name the patient by the numbers of different domains, and one may say more of the patient than another.
    """
    severity = ERROR if french else None
    entries = [entry for entry in objects.entries if entry.values.get("sourcePatientInfo")]
    for entry in entries[1:]:
        for slot, said in (("sourcePatientId", _numbers), ("sourcePatientInfo", _fields)):
            mine, first = said(entry), said(entries[0])
            key = next((one for one in mine if one in first and mine[one] != first[one]), None)
            if key is not None:
                findings.add(
                    SOURCE_PATIENTS,
                    entry.values[slot][0].element,
                    value=", ".join(mine[key]),
                    expected=", ".join(first[key]),
                    attribute=f"DocumentEntry.{slot}",
                    severity=severity,
                )


def _communities(objects: Objects, findings: Findings) -> None:
    told = [(thing, home) for thing in objects.patients if (home := thing.attribute("home"))]
    for thing, home in told[1:]:
        if home != told[0][1]:
            findings.add(COMMUNITIES, thing.element, value=home, expected=told[0][1])


def _numbers(entry: Thing) -> dict[str, list[str]]:
    """The numbers of the patient at the source, by domain."""
    told: dict[str, list[str]] = {}
    for one in entry.values.get("sourcePatientId", ()):
        told.setdefault(hl7_values.cx_key(one.text)[1], []).append(one.text)
    return told


def _fields(entry: Thing) -> dict[str, list[str]]:
    """What is said of the patient, by field of the PID."""
    told: dict[str, list[str]] = {}
    for one in entry.values.get("sourcePatientInfo", ()):
        told.setdefault(one.text.partition("|")[0], []).append(one.text)
    return {name: sorted(texts) for name, texts in told.items()}


def _members(objects: Objects, context: Context, findings: Findings) -> None:
    """Every object of the submission hangs on the submission set by exactly one HasMember."""
    sets = {one.id for one in objects.sets}
    if not sets:
        return
    members = [one for one in objects.associations if one.attribute("associationType") in _member_types()]
    held = Counter(one.attribute("targetObject") for one in members if one.attribute("sourceObject") in sets)
    for thing in [*objects.entries, *objects.folders]:
        if thing.id and not held[thing.id]:
            findings.add(NOT_MEMBER, thing.element, attribute=thing.kind.value, value=thing.id)
    for one in members:  # an update submits them in its own way
        if one.attribute("sourceObject") not in sets and one.id and not held[one.id] and not context.updates:
            findings.add(FOLDER_LINK, one.element, value=one.id)


def _member_types() -> tuple[str, str]:
    return (AssociationType.HAS_MEMBER.value, "HasMember")


def _at_home(objects: Objects, findings: Findings) -> None:
    """Each object, and each reference to one, says in which community it is."""
    for element in (*(thing.element for thing in objects.patients), *objects.references):
        if not (element.get("home") or "").strip():
            findings.add(HOME_MISSING, element)


def _flagged(objects: Objects) -> list[Thing]:
    return [thing for thing in objects.patients if _LIMITED_NODES[thing.kind] in thing.nodes]


def _limited(objects: Objects, context: Context, findings: Findings, *, french: bool) -> None:
    flagged = _flagged(objects)
    if not flagged:
        return
    provided = context in (Context.PROVIDE, Context.BARE)  # which may be of XDR; the others are of XDS alone
    findings.add(LIMITED_XDS, flagged[0].element, severity=None if provided and not french else ERROR)
    for thing in objects.patients:
        if _LIMITED_NODES[thing.kind] not in thing.nodes:
            findings.add(LIMITED, thing.element, value=thing.id)
