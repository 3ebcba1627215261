"""What a manifest says of itself, against its entry: identity, study, accession number, patient, modality, time.

Sources: RAD TF-2 section 4.68.4.1.2.3; ITI TF-3 sections 4.2.3.2.8, 4.2.3.2.16, 4.2.3.2.19, 4.2.3.2.23, 4.2.3.2.26,
4.2.3.2.28; DICOM PS3.3 A.35.4 and the modality that each image object definition has (A.2 to A.66).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import valuesets
from gateway.errors import GatewayError
from gateway.kos.rejections import REJECTIONS
from gateway.kos.sop_classes import value_type
from gateway.model.codes import DCM
from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_ORDER, REFERENCE_STUDY
from gateway.model.finding import Severity
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, names, values
from gateway.xds.rules.documents import held
from gateway.xds.rules.formats import is_manifest, references
from gateway.xds.rules.objects import Objects, Thing
from gateway.xds.rules.rule import ERROR, RAD, TF3, WARNING, Findings, rule

UNREADABLE = rule(
    "manifest.unreadable",
    ERROR,
    "DICOM PS3.10, PS3.3 A.35.4",
    "Le document de la fiche « {value} » n'est pas un Key Object Selection lisible.",
    "The document of the entry “{value}” is no readable Key Object Selection.",
)
TITLE = rule(
    "manifest.title",
    WARNING,
    f"{RAD} (113030, DCM); DICOM PS3.16 CID 7010, CID 7011",
    "Le document de la fiche « {value} » n'est pas un manifeste (113030, DCM) ; son titre est {expected}.",
    "The document of the entry “{value}” is no manifest (113030, DCM); its title is {expected}.",
)
UNIQUE_ID = rule(
    "manifest.unique-id",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.26",
    "uniqueId « {value} » n'est pas le SOP Instance UID du manifeste, {expected}.",
    "uniqueId “{value}” is not the SOP Instance UID of the manifest, {expected}.",
)
STUDY = rule(
    "manifest.study",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.28",
    "referenceIdList donne l'étude « {value} » ; celle du manifeste est {expected}.",
    "referenceIdList gives the study “{value}”; that of the manifest is {expected}.",
)
ACCESSION = rule(
    "manifest.accession",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.28",
    "referenceIdList donne le numéro d'examen « {value} » ; celui du manifeste est {expected}.",
    "referenceIdList gives the accession number “{value}”; that of the manifest is {expected}.",
)
PATIENT = rule(
    "manifest.patient",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.16, 4.2.3.2.22",
    "Le patient de la fiche (« {value} ») n'est pas celui du manifeste ({expected}).",
    "The patient of the entry (“{value}”) is not that of the manifest ({expected}).",
)
BIRTH = rule(
    "manifest.birth",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.23",
    "PID-7 de sourcePatientInfo (« {value} ») n'est pas la date de naissance du manifeste ({expected}).",
    "PID-7 of sourcePatientInfo (“{value}”) is not the birth date in the manifest ({expected}).",
)
SEX = rule(
    "manifest.sex",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.23",
    "PID-8 de sourcePatientInfo (« {value} ») n'est pas le sexe du manifeste ({expected}).",
    "PID-8 of sourcePatientInfo (“{value}”) is not the sex in the manifest ({expected}).",
)
NAME = rule(
    "manifest.name",
    WARNING,
    f"{RAD}; {TF3} 4.2.3.2.23",
    "PID-5 de sourcePatientInfo (« {value} ») n'est pas le nom du patient du manifeste ({expected}).",
    "PID-5 of sourcePatientInfo (“{value}”) is not the name of the patient in the manifest ({expected}).",
)
ORDER = rule(
    "manifest.order",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.28",
    "referenceIdList donne le numéro de demande « {value} » ; celui du manifeste est {expected}.",
    "referenceIdList gives the order number “{value}”; that of the manifest is {expected}.",
)
MODALITY = rule(
    "manifest.modality",
    ERROR,
    f"{RAD}.4.1.2.3 (eventCodeList: each acquisition modality)",
    "eventCodeList donne la modalité « {value} », dont le manifeste n'a aucune image ({expected}).",
    "eventCodeList gives the modality “{value}”, of which the manifest has no image ({expected}).",
)
CREATED = rule(
    "manifest.creation-time",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.6",
    "creationTime « {value} » est à plus d'un jour de la création du manifeste ({expected}).",
    "creationTime “{value}” is more than a day from the creation of the manifest ({expected}).",
)
BEGUN = rule(
    "manifest.service-time",
    WARNING,
    f"{RAD}.4.1.2.3 (serviceStartTime); {TF3} 4.2.3.2.19",
    "serviceStartTime « {value} » est à plus de deux jours de la date d'étude du manifeste ({expected}).",
    "serviceStartTime “{value}” is more than two days from the study date in the manifest ({expected}).",
)

if TYPE_CHECKING:
    from gateway.kos.selection import KeyObjectSelection

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_X_RAY = frozenset({"CR", "DX", "RG", "IO", "PX", "MG", "BMD"})
_FLUOROSCOPY = frozenset({"XA", "RF", "DF", "DSA"})
_ULTRASOUND = frozenset({"US", "IVUS", "EC", "ECHO"})
_MODALITIES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("1", "1.1", "1.1.1", "1.3", "1.3.1"), _X_RAY),
    **dict.fromkeys(("1.2", "1.2.1", "13.1.3", "13.1.4", "13.1.5"), frozenset({"MG"})),
    **dict.fromkeys(("2", "2.1", "2.2"), frozenset({"CT"})),
    **dict.fromkeys(("3", "3.1", "6", "6.1", "6.2"), _ULTRASOUND),
    **dict.fromkeys(("4", "4.1", "4.2", "4.3", "4.4"), frozenset({"MR", "MS", "MA"})),
    **dict.fromkeys(("5", "20"), frozenset({"NM"})),
    **dict.fromkeys(("12.1", "12.1.1", "12.2", "12.2.1", "12.3"), _FLUOROSCOPY),
    **dict.fromkeys(("128", "128.1", "130"), frozenset({"PT"})),
}
"""Modalities under which the images of a storage class are acquired; of the classes that are not here, any."""
_APART_DAYS = 2
"""A time zone and an examination over night lie within."""


def check(objects: Objects, found: dict[str, bytes | None], findings: Findings, *, french: bool) -> None:
    """Each manifest whose bytes are in the file, against its entry."""
    for entry, data in held(objects, found):
        if is_manifest(entry) and data[128:132] == b"DICM":
            _manifest(entry, data, findings, french=french)


def _manifest(entry: Thing, data: bytes, findings: Findings, *, french: bool) -> None:
    from gateway.kos import read as kos  # pydicom, which most messages do not need

    try:
        selection = kos.read(data)
    except GatewayError:
        findings.add(UNREADABLE, entry.element, value=entry.id)
        return
    if (title := selection.title) and not selection.is_manifest:
        # key images may be shared beside a manifest; a note that rejects images says the opposite of one
        severity = ERROR if title.code in REJECTIONS else None
        told = f"{title.code} {title.display}"
        findings.add(TITLE, entry.element, value=entry.id, expected=told, severity=severity)
    unique_id = entry.identifier(c.ENTRY_UNIQUE_ID)
    if unique_id != selection.sop_instance_uid:
        findings.add(UNIQUE_ID, entry.element, value=unique_id, expected=selection.sop_instance_uid)
    studies = [study.study_uid for study in selection.studies] or [selection.study_uid]
    listed = references(entry, REFERENCE_STUDY)
    for text in listed:
        if text.split("^")[0] not in studies:
            findings.add(STUDY, entry.element, value=text, expected=", ".join(studies))
    if listed and selection.study_uid not in (*studies, *(text.split("^")[0] for text in listed)):
        findings.add(STUDY, entry.element, value=", ".join(listed), expected=selection.study_uid)
    _numbers(entry, selection, findings)
    _patient(entry, selection, findings)
    severity = ERROR if french else None
    groups = [f"{group}^".split("^") for group in selection.patient_name.split("=")]
    families, givens = ([group[number] for group in groups] for number in (0, 1))
    if one := names.of_another(entry, families) or names.of_another_given(entry, givens):
        findings.add(NAME, one.element, value=one.text, expected=selection.patient_name, severity=severity)
    _modalities(entry, selection, findings)
    _times(entry, selection, findings, severity)


def _numbers(entry: Thing, selection: KeyObjectSelection, findings: Findings) -> None:
    """Accession and order numbers, with their issuers where both name them."""
    accessions = [selection.accession, *(request.accession for request in selection.requests)]
    orders = [request.placer for request in selection.requests]
    for stated, kind, broken in ((accessions, REFERENCE_ACCESSION, ACCESSION), (orders, REFERENCE_ORDER, ORDER)):
        known = {one.extension: one.root for one in stated if one is not None and one.extension}
        for text in references(entry, kind) if known else ():
            number, domain = hl7_values.cx_key(text)
            root = known.get(number)
            if root is None or (root and domain and root != domain):
                told = ", ".join(f"{one} ({root})" if root else one for one, root in known.items())
                findings.add(broken, entry.element, value=text, expected=told)


def _patient(entry: Thing, selection: KeyObjectSelection, findings: Findings) -> None:
    for stated in dict.fromkeys((entry.identifier(c.ENTRY_PATIENT_ID), entry.value("sourcePatientId"))):
        number, domain = hl7_values.cx_key(stated)
        same = [one.extension for one in selection.patient_identifiers if one.root == domain and one.extension]
        if domain and same and number not in same:
            findings.add(PATIENT, entry.element, value=stated, expected=", ".join(filter(None, same)))
    born, sex = selection.patient_birth_date, selection.patient_sex
    for one in entry.values.get("sourcePatientInfo", ()):
        field = hl7_values.field_of(one.text)
        if field and field[0] == 8 and {field[1], sex} == {"M", "F"}:
            findings.add(SEX, one.element, value=field[1], expected=sex)
        if field and field[0] == 7 and born and values.is_dtm(field[1]) and field[1][:8] != born[: len(field[1][:8])]:
            findings.add(BIRTH, one.element, value=field[1], expected=born)


def _modalities(entry: Thing, selection: KeyObjectSelection, findings: Findings) -> None:
    """Every modality that the entry gives has its images, where all images tell theirs by their class."""
    known: set[str] = set()
    for instance in selection.instances:
        if value_type(instance.sop_class_uid) != "COMPOSITE":
            modalities = _MODALITIES.get(instance.sop_class_uid.removeprefix(_STORAGE))
            if modalities is None:
                return
            known |= modalities
    modality = valuesets.load(valuesets.MODALITY)
    for code in entry.codes(c.ENTRY_EVENT) if known else ():
        if code.system in (DCM, "DCM") and code.code in modality and code.code not in known:
            findings.add(MODALITY, code.element, value=code.code, expected=", ".join(sorted(known)))


def _times(entry: Thing, selection: KeyObjectSelection, findings: Findings, severity: Severity | None) -> None:
    """By the day: times of the document may be of another zone."""
    for name, said, most, broken, weight in (
        ("serviceStartTime", selection.study_date, _APART_DAYS, BEGUN, severity),
        ("creationTime", selection.created, 1, CREATED, None),
    ):
        stated, told = entry.value(name)[:8], said[:8]
        known = len(stated) == len(told) == len("YYYYMMDD") and values.is_dtm(stated) and values.is_dtm(told)
        if known and abs(values.days_between(told, stated)) > most:
            findings.add(broken, entry.element, value=entry.value(name), expected=said, severity=weight)
