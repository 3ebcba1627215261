"""What a PACS answers to C-FIND, turned into our own values; and the keys that are asked for.

Sources: DICOM PS3.4 section C.6.2 (Study Root), PS3.3 tables C.7-1 and C.7-3 and section 10.14 (issuers), PS3.5
section 6.2 (value representations).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from gateway.dicom.values import Values, text
from gateway.model.exam import Exam, Instance, Series
from gateway.model.identifiers import Identifier, is_uid

STUDY_UID = 0x0020000D
SERIES_UID = 0x0020000E
_STUDY_KEYS = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "PatientBirthDate",
    "PatientSex",
    "OtherPatientIDsSequence",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "ReferringPhysicianName",
    "NumberOfStudyRelatedInstances",
)
_SERIES_KEYS = (
    "SeriesInstanceUID",
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "BodyPartExamined",
    "RequestAttributesSequence",
    "NumberOfSeriesRelatedInstances",
)
_IMAGE_KEYS = ("SOPClassUID", "SOPInstanceUID", "InstanceNumber", "NumberOfFrames")


def study_identifier(study_uid: str) -> Dataset:
    """The STUDY level identifier."""
    return _identifier("STUDY", _STUDY_KEYS, StudyInstanceUID=study_uid)


def series_identifier(study_uid: str) -> Dataset:
    """The SERIES level identifier."""
    return _identifier("SERIES", _SERIES_KEYS, StudyInstanceUID=study_uid)


def image_identifier(study_uid: str, series_uid: str = "") -> Dataset:
    """The IMAGE level identifier, of one series or of the whole study.

    Without the series it is a relational query (PS3.4 section C.4.1.2.2.1), which a PACS may refuse.
    """
    return _identifier("IMAGE", _IMAGE_KEYS, StudyInstanceUID=study_uid, SeriesInstanceUID=series_uid)


def instance_identifier(study_uid: str, series_uid: str, sop_instance_uid: str) -> Dataset:
    """The identifier of a C-GET of one instance."""
    unique = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid, "SOPInstanceUID": sop_instance_uid}
    return _identifier("IMAGE", (), **unique)


def _identifier(level: str, keys: Iterable[str], **unique: str) -> Dataset:
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.QueryRetrieveLevel = level
    for keyword in keys:
        setattr(identifier, keyword, [] if keyword.endswith("Sequence") else "")
    for keyword, value in unique.items():
        # The caller has checked them; pydicom would warn of the leading zeros that archives are full of.
        identifier.add(DataElement(Tag(keyword), "UI", value, validation_mode=IGNORE))
    return identifier


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A STUDY level answer: the examination without its series."""

    exam: Exam
    instances: int | None
    """Number of Study Related Instances, where the PACS counts them."""


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A SERIES level answer."""

    series: Series
    instances: int | None
    accessions: frozenset[tuple[str, str]]
    """(number, issuer OID or empty) of its Request Attributes Sequence."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An IMAGE level answer."""

    series_uid: str
    instance: Instance


def study_row(values: Values) -> StudyRow:
    """Read a STUDY level answer."""
    exam = Exam(
        study_uid=text(values, STUDY_UID),
        patient_id=text(values, 0x00100020),
        patient_id_issuer=_patient_id_issuer(values),
        other_patient_ids=_other_patient_ids(values),
        patient_name=_alphabetic(text(values, 0x00100010)),
        patient_birth_date=text(values, 0x00100030),
        patient_sex=text(values, 0x00100040),
        accession_number=text(values, 0x00080050),
        accession_issuer=_first_oid(values.items(0x00080051)),
        study_date=text(values, 0x00080020),
        study_time=text(values, 0x00080030),
        study_id=text(values, 0x00200010),
        description=text(values, 0x00081030),
        referring_physician=_alphabetic(text(values, 0x00080090)),
    )
    return StudyRow(exam, _count(text(values, 0x00201208)))


def series_row(values: Values) -> SeriesRow:
    """Read a SERIES level answer."""
    requests = ((text(item, 0x00080050), _first_oid(item.items(0x00080051))) for item in values.items(0x00400275))
    return SeriesRow(
        series=Series(
            series_uid=text(values, SERIES_UID),
            modality=text(values, 0x00080060),
            number=_integer(text(values, 0x00200011)),
            description=text(values, 0x0008103E),
            body_part=text(values, 0x00180015),
        ),
        instances=_count(text(values, 0x00201209)),
        accessions=frozenset(request for request in requests if request[0]),
    )


def image_row(values: Values) -> ImageRow:
    """Read an IMAGE level answer."""
    instance = Instance(
        sop_class_uid=text(values, 0x00080016),
        sop_instance_uid=text(values, 0x00080018),
        number=_integer(text(values, 0x00200013)),
        frames=_count(text(values, 0x00280008)) or None,
    )
    return ImageRow(text(values, SERIES_UID), instance)


def agreed_accession(rows: Iterable[SeriesRow]) -> tuple[str, str] | None:
    """The one accession number (with its issuer) that the requests of all series name; None when they differ.

    A series without a request (a structured report, a presentation state) does not disagree.
    """
    named = frozenset[tuple[str, str]]().union(*(row.accessions for row in rows))
    numbers = {number for number, _ in named}
    issuers = {issuer for _, issuer in named if issuer}
    if len(numbers) != 1 or len(issuers) > 1:
        return None
    return next(iter(numbers)), next(iter(issuers), "")


def _alphabetic(name: str) -> str:
    """The alphabetic component group of a PN (PS3.5 section 6.2.1), or the first there is."""
    return next((group.rstrip("^ ") for group in name.split("=") if group.strip("^ ")), "")


def _integer(value: str) -> int | None:
    """An IS within its range; what is no number is not known."""
    if len(value) > 12:
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number if -(2**31) <= number < 2**31 else None


def _count(value: str) -> int | None:
    number = _integer(value)
    return number if number is not None and number >= 0 else None


def _oid(item: Values) -> str:
    """The OID of an issuer item (PS3.3 tables 10-17 and 10-18); ISO is its type, which some leave out."""
    value = text(item, 0x00400032)
    return value if is_uid(value) and text(item, 0x00400033) in ("ISO", "") else ""


def _first_oid(items: Iterable[Values]) -> str:
    return next((oid for oid in map(_oid, items) if oid), "")


def _patient_id_issuer(values: Values) -> str:
    issuer = _first_oid(values.items(0x00100024))
    plain = text(values, 0x00100021)
    return issuer or (plain if is_uid(plain) else "")


def _other_patient_ids(values: Values) -> tuple[Identifier, ...]:
    """Those whose issuer is an OID; the others name nobody outside the PACS."""
    pairs = ((_patient_id_issuer(item), text(item, 0x00100020)) for item in values.items(0x00101002))
    return tuple(dict.fromkeys(Identifier(oid, number) for oid, number in pairs if oid and number))
