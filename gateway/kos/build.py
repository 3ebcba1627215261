"""An examination to the manifest that announces it: a DICOM Key Object Selection Document, as Part 10 bytes.

Sources: DICOM PS3.3 A.35.4 (IOD), C.17.6 (Key Object Document modules), PS3.16 TID 2010; IHE RAD TF-3 4.68.4.1.2.3
(manifest of XDS-I.b); for the ``dmp`` flavour the official samples of DRIM-M, whose consumers also read the lines of
the description.

The two flavours differ in whose patient number comes first, in the description's words and in the accession number
of the study level, which DRIM-M leaves empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from io import BytesIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian

from gateway import __version__
from gateway.errors import Mismatch
from gateway.kos import tags
from gateway.kos.elements import coded, entity, put, put_date, put_items, put_key, put_time, put_uid, put_words
from gateway.kos.encode import element, sequence
from gateway.kos.patient import put_patient
from gateway.kos.references import content, evidence, filled
from gateway.model.codes import Code
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from gateway.model.people import Patient
from gateway.model.site import Site

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
MANIFEST = Code("113030", "DCM", "Manifest")

_IMPLEMENTATION_CLASS_UID = "2.25.195213318625906054100384178324250070577"
_IMPLEMENTATION_VERSION_NAME = "DRIM_GATEWAY"
_MANUFACTURER = "drim-gateway"
_SERIES_NUMBER = "59"
"""As the official manifests have it."""
_TEMPLATE = sequence(
    tags.CONTENT_TEMPLATE_SEQUENCE,
    [element(tags.MAPPING_RESOURCE, "CS", "DCMR") + element(tags.TEMPLATE_IDENTIFIER, "CS", "2010")],
)
"""Content Template Sequence: TID 2010 of the DICOM Content Mapping Resource."""

Order = tuple[Identifier, Identifier | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRequest:
    """Everything of a manifest that the examination itself does not tell."""

    sop_instance_uid: str
    series_instance_uid: str
    created_at: datetime
    """Aware."""
    site: Site
    patient: Patient
    """As the report names them."""
    accession: Identifier
    """The accession number under which the study is shared."""
    orders: tuple[Order, ...] = ()
    """Accession number and placer order number of each order of this study; at least ``accession`` is announced."""
    flavour: str = "ihe"
    """``dmp`` or ``ihe``."""
    act: str = ""
    """What was done, in words, for the description of the ``dmp`` flavour."""


def build(exam: Exam, request: ManifestRequest) -> bytes:
    """The manifest of *exam* as a Part 10 file, Explicit VR Little Endian, UTF-8; same arguments, same bytes.

    Raises Mismatch when the study has no instance, when the ``dmp`` flavour has no national identity to name the
    patient by, and when an identifier cannot be written in DICOM.
    """
    if not exam.instances:
        raise Mismatch("manifest_without_instances", study=exam.study_uid)
    dataset = Dataset()
    _put_document(dataset, exam, request)
    put_patient(dataset, exam, request.patient, request.site, dmp=request.flavour == "dmp")
    _put_study(dataset, exam, request)
    _put_requests(dataset, exam, request)
    _put_title(dataset)
    words = description(exam, request.act) if request.flavour == "dmp" else exam.description.strip()
    # in the order of their tags, all of which come after every tag of the data set so far
    return b"".join(
        (_file(dataset, request.sop_instance_uid), evidence(exam, request.site), _TEMPLATE, content(exam, words))
    )


def _put_document(dataset: Dataset, exam: Exam, request: ManifestRequest) -> None:
    """SOP Common, KO series, equipment and document general (PS3.3 C.12.1, C.17.6.1, C.7.5.1, C.17.6.2)."""
    zone = _zone(exam, request)
    created = request.created_at.astimezone(zone)
    put(dataset, "SpecificCharacterSet", "CS", "ISO_IR 192")
    put_uid(dataset, "SOPClassUID", KEY_OBJECT_SELECTION)
    put_uid(dataset, "SOPInstanceUID", request.sop_instance_uid)
    put(dataset, "TimezoneOffsetFromUTC", "SH", created.strftime("%z"))
    for kind in ("InstanceCreation", "Content"):
        put(dataset, f"{kind}Date", "DA", created.strftime("%Y%m%d"))
        put(dataset, f"{kind}Time", "TM", created.strftime("%H%M%S"))
    put(dataset, "Modality", "CS", "KO")
    put_uid(dataset, "SeriesInstanceUID", request.series_instance_uid)
    put(dataset, "SeriesNumber", "IS", _SERIES_NUMBER)
    put(dataset, "InstanceNumber", "IS", "1")
    put_items(dataset, "ReferencedPerformedProcedureStepSequence", ())
    put(dataset, "Manufacturer", "LO", _MANUFACTURER)
    put(dataset, "SoftwareVersions", "LO", __version__)
    if request.site.institution_name:
        put_words(dataset, "InstitutionName", "LO", request.site.institution_name)


def _zone(exam: Exam, request: ManifestRequest) -> tzinfo:
    """The one offset of every time in the file: the site's on the day of the study, which summer time may have changed.

    The study's date and time are copied as the PACS says them, in local time of that day, and one Timezone Offset
    From UTC speaks for all (PS3.3 C.12.1.1.8); the manifest's own times are converted, the study's cannot be.
    """
    zone = request.site.time_zone
    try:
        at = datetime.strptime(f"{exam.study_date}{exam.study_time[:4] or '1200'}", "%Y%m%d%H%M").replace(tzinfo=zone)
    except ValueError:
        at = request.created_at.astimezone(zone)
    offset = at.utcoffset() or timedelta()
    return timezone(timedelta(minutes=round(offset.total_seconds() / 60)))


def _put_study(dataset: Dataset, exam: Exam, request: ManifestRequest) -> None:
    """General Study (PS3.3 C.7.2.1), in the PACS's words."""
    put_uid(dataset, "StudyInstanceUID", exam.study_uid)
    put_date(dataset, "StudyDate", exam.study_date)
    put_time(dataset, "StudyTime", exam.study_time)
    put_words(dataset, "StudyID", "SH", exam.study_id)
    put_words(dataset, "ReferringPhysicianName", "PN", exam.referring_physician)
    if exam.description:
        put_words(dataset, "StudyDescription", "LO", exam.description)
    accessions = {accession for accession, _ in _orders(request)}
    if request.flavour == "dmp" or len(accessions) > 1:
        put(dataset, "AccessionNumber", "SH", "")
    else:
        _put_accession(dataset, request.accession)


def _put_accession(dataset: Dataset, accession: Identifier) -> None:
    put_key(dataset, "AccessionNumber", "SH", accession.extension or "")
    put_items(dataset, "IssuerOfAccessionNumberSequence", [entity(accession.root)])


def _orders(request: ManifestRequest) -> tuple[Order, ...]:
    own = () if any(accession == request.accession for accession, _ in request.orders) else ((request.accession, None),)
    return tuple(dict.fromkeys((*own, *request.orders)))


def _put_requests(dataset: Dataset, exam: Exam, request: ManifestRequest) -> None:
    """Referenced Request Sequence (PS3.3 C.17.6.2): one item per order, type 2 attributes empty where unknown."""
    items = []
    for accession, placer in _orders(request):
        item = Dataset()
        put_uid(item, "StudyInstanceUID", exam.study_uid)
        put_items(item, "ReferencedStudySequence", ())
        _put_accession(item, accession)
        put_key(item, "PlacerOrderNumberImagingServiceRequest", "LO", (placer.extension or "") if placer else "")
        if placer and placer.extension:
            put_items(item, "OrderPlacerIdentifierSequence", [entity(placer.root)])
        put(item, "FillerOrderNumberImagingServiceRequest", "LO", "")
        put(item, "RequestedProcedureID", "SH", "")
        put(item, "RequestedProcedureDescription", "LO", "")
        put_items(item, "RequestedProcedureCodeSequence", ())
        items.append(item)
    put_items(dataset, "ReferencedRequestSequence", items)


def _put_title(dataset: Dataset) -> None:
    """The root of the content tree (PS3.16 TID 2010)."""
    put(dataset, "ValueType", "CS", "CONTAINER")
    put(dataset, "ContinuityOfContent", "CS", "SEPARATE")
    put_items(dataset, "ConceptNameCodeSequence", [coded(MANIFEST)])


def description(exam: Exam, act: str) -> str:
    """The lines that consumers of DRIM-M parse to show modality and label of each series, each ended by a line feed."""
    lines = [f"Examen : {_one_line(exam.description)}", f"Acte = {_one_line(act)}"]
    lines += [
        f"Série-{series.series_uid} : {_one_line(series.modality)} @ : {_one_line(series.description)}"
        for series in filled(exam)
    ]
    return "".join(f"{line}\n" for line in lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _file(dataset: Dataset, sop_instance_uid: str) -> bytes:
    """Part 10 (PS3.10 section 7.1): 128 zero bytes, ``DICM``, file meta information, the data set so far."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(KEY_OBJECT_SELECTION)
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(_IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = _IMPLEMENTATION_VERSION_NAME
    dataset.file_meta = meta
    buffer = BytesIO()
    dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return buffer.getvalue()
