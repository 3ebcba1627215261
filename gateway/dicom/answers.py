"""What a PACS answers to C-FIND or QIDO-RS, turned into our own values.

Sources: DICOM PS3.4 section C.6.2 (Study Root), PS3.3 tables C.7-1 and C.7-3 and section 10.14 (issuers), PS3.5
section 6.2 (value representations).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.dicom.keys import SERIES_UID, SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_UID
from gateway.dicom.values import Header, text
from gateway.model.codes import Code
from gateway.model.exam import Exam, ImagingRequest, Instance, Series
from gateway.model.identifiers import Identifier, is_uid

_PATIENT_ID, _AVAILABILITY = 0x00100020, 0x00080056
_ISSUERS = (0x00100024, 0x00080051, 0x00101002)
_ACCESSION, _ACCESSION_ISSUER, _REQUEST_ATTRIBUTES = 0x00080050, 0x00080051, 0x00400275


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A STUDY level answer: the examination without its series."""

    exam: Exam
    instances: int | None
    """Number of Study Related Instances, where the PACS counts them."""
    availability: str = ""
    """Instance Availability (PS3.3 C.4.23.1.1), where the PACS tells it."""
    tells_issuers: bool = True
    """Whether the answer has any of the issuer attributes, be they empty."""


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A SERIES level answer."""

    series: Series
    instances: int | None
    requests: tuple[ImagingRequest, ...]
    """Those of its Request Attributes Sequence that name an accession number."""
    availability: str = ""
    patient_id: str = ""
    """Where the PACS tells it unasked."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An IMAGE level answer."""

    series_uid: str
    instance: Instance
    patient_id: str = ""
    """Where the PACS tells it unasked."""


def study_row(values: Header) -> StudyRow:
    """Read a STUDY level answer."""
    exam = Exam(
        study_uid=text(values, STUDY_UID),
        patient_id=text(values, _PATIENT_ID),
        patient_id_issuer=_patient_id_issuer(values),
        other_patient_ids=_other_patient_ids(values),
        patient_name=_alphabetic(text(values, 0x00100010)),
        patient_birth_date=text(values, 0x00100030),
        patient_sex=text(values, 0x00100040),
        accession_number=text(values, _ACCESSION),
        accession_issuer=_first_oid(values.items(_ACCESSION_ISSUER)),
        study_date=text(values, 0x00080020),
        study_time=text(values, 0x00080030),
        study_id=text(values, 0x00200010),
        description=text(values, 0x00081030),
        referring_physician=_alphabetic(text(values, 0x00080090)),
    )
    tells_issuers = any(tag in values for tag in _ISSUERS)
    return StudyRow(exam, _count(text(values, 0x00201208)), text(values, _AVAILABILITY), tells_issuers)


def series_row(values: Header) -> SeriesRow:
    """Read a SERIES level answer."""
    return SeriesRow(
        series=Series(
            series_uid=text(values, SERIES_UID),
            modality=text(values, 0x00080060),
            number=_integer(text(values, 0x00200011)),
            description=text(values, 0x0008103E),
            body_part=text(values, 0x00180015),
            date=text(values, 0x00080021),
            time=text(values, 0x00080031),
            laterality=text(values, 0x00200060),
        ),
        instances=_count(text(values, 0x00201209)),
        requests=tuple(_request(item) for item in values.items(_REQUEST_ATTRIBUTES) if text(item, _ACCESSION)),
        availability=text(values, _AVAILABILITY),
        patient_id=text(values, _PATIENT_ID),
    )


def image_row(values: Header) -> ImageRow:
    """Read an IMAGE level answer."""
    instance = Instance(
        sop_class_uid=text(values, SOP_CLASS_UID),
        sop_instance_uid=text(values, SOP_INSTANCE_UID),
        number=_integer(text(values, 0x00200013)),
        frames=_count(text(values, 0x00280008)) or None,
    )
    return ImageRow(text(values, SERIES_UID), instance, text(values, _PATIENT_ID))


def agreed_accession(rows: Iterable[SeriesRow]) -> tuple[str, str] | None:
    """The one accession number (with its issuer) that the requests of all series name; None when they differ.

    A series without a request (a structured report, a presentation state) does not disagree.
    """
    named = {request.accession for request in all_requests(rows)}
    numbers = {accession.extension or "" for accession in named}
    issuers = {accession.root for accession in named if accession.root}
    if len(numbers) != 1 or len(issuers) > 1:
        return None
    return next(iter(numbers)), next(iter(issuers), "")


def all_requests(rows: Iterable[SeriesRow]) -> tuple[ImagingRequest, ...]:
    """Every request that the series name, each once, in the order of their accession numbers."""
    found = dict.fromkeys(request for row in rows for request in row.requests)
    return tuple(sorted(found, key=lambda one: (one.accession.extension or "", one.accession.root, one.procedure_id)))


def _request(item: Header) -> ImagingRequest:
    """An item of Request Attributes Sequence (PS3.3 table 10-9)."""
    return ImagingRequest(
        accession=Identifier(_first_oid(item.items(_ACCESSION_ISSUER)), text(item, _ACCESSION)),
        placer=_numbered(item, 0x00402016, 0x00400026),
        filler=_numbered(item, 0x00402017, 0x00400027),
        procedure_id=text(item, 0x00401001),
        procedure_description=text(item, 0x00321060),
        procedure=next((code for code in map(_code, item.items(0x00321064)) if code), None),
    )


def _numbered(item: Header, number: int, issuer: int) -> Identifier | None:
    value = text(item, number)
    return Identifier(_first_oid(item.items(issuer)), value) if value else None


def _code(item: Header) -> Code | None:
    """A code item (PS3.3 section 8.8)."""
    code = Code(text(item, 0x00080100), text(item, 0x00080102), text(item, 0x00080104))
    return code if code.code and code.system else None


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


def _oid(item: Header) -> str:
    """The OID of an issuer item (PS3.3 tables 10-17 and 10-18); ISO is its type, which some leave out."""
    value = text(item, 0x00400032)
    return value if is_uid(value) and text(item, 0x00400033) in ("ISO", "") else ""


def _first_oid(items: Iterable[Header]) -> str:
    return next((oid for oid in map(_oid, items) if oid), "")


def _patient_id_issuer(values: Header) -> str:
    issuer = _first_oid(values.items(0x00100024))
    plain = text(values, 0x00100021)
    return issuer or (plain if is_uid(plain) else "")


def _other_patient_ids(values: Header) -> tuple[Identifier, ...]:
    """Those whose issuer is an OID; the others name nobody outside the PACS."""
    pairs = ((_patient_id_issuer(item), text(item, 0x00100020)) for item in values.items(0x00101002))
    return tuple(dict.fromkeys(Identifier(oid, number) for oid, number in pairs if oid and number))
