"""An examination to the manifest that announces it: a DICOM Key Object Selection Document, as Part 10 bytes.

Sources: DICOM PS3.3 A.35.4 (IOD), C.17.6 (Key Object Document modules), PS3.16 TID 2010; IHE RAD TF-3 4.68.4.1.2.3
(manifest of XDS-I.b); for the ``dmp`` flavour the official samples of DRIM-M, whose consumers also read the lines of
the description; IHE RAD Supplement MADO 1.1 for the manifest with description.

The two flavours differ in whose patient number comes first, in the description's words and in the accession number
of the study level, which DRIM-M leaves empty.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

from gateway import __version__
from gateway.errors import Mismatch
from gateway.kos import tags
from gateway.kos.choice import choose
from gateway.kos.elements import Attributes, coded
from gateway.kos.encode import element, raw, sequence, wrapped
from gateway.kos.library import library
from gateway.kos.patient import put_patient
from gateway.kos.references import DESCRIPTION, filled, references, text_item
from gateway.kos.requests import Order, put_requests
from gateway.kos.sop_classes import KEY_OBJECT_SELECTION
from gateway.kos.titles import MANIFEST, MANIFEST_WITH_DESCRIPTION
from gateway.model.codes import Code
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from gateway.model.people import Patient
from gateway.model.site import Site

_IMPLEMENTATION_CLASS_UID = "2.25.195213318625906054100384178324250070577"
_IMPLEMENTATION_VERSION_NAME = "DRIM_GATEWAY"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_SERIES_NUMBER = "59"
"""As the official manifests have it."""
_TEMPLATE = sequence(
    tags.CONTENT_TEMPLATE_SEQUENCE,
    [element(tags.MAPPING_RESOURCE, "CS", "DCMR") + element(tags.TEMPLATE_IDENTIFIER, "CS", "2010")],
)
"""Content Template Sequence: TID 2010 of the DICOM Content Mapping Resource."""


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
    described: bool = False
    """Whether it is the manifest with description of IHE MADO."""
    regions: tuple[Code, ...] = ()
    """Anatomical regions of the examination as the report codes them, for the manifest with description."""


def build(exam: Exam, request: ManifestRequest) -> bytes:
    """The manifest of *exam* as a Part 10 file, Explicit VR Little Endian, UTF-8; same arguments, same bytes.

    What the site does not share is left out (:func:`gateway.kos.choice.choose`, which also tells why). Raises Mismatch
    when nothing is left to refer to, when the ``dmp`` flavour has no national identity to name the patient by, and
    when an identifier cannot be written in DICOM.
    """
    exam = choose(exam, request.site.manifest).exam
    if not exam.instances:
        raise Mismatch("manifest_without_instances", study=exam.study_uid)
    dmp = request.flavour == "dmp"
    head = Attributes()
    _put_document(head, exam, request)
    put_patient(head, exam, request.patient, request.site, dmp=dmp, repeat=request.described)
    _put_study(head, exam)
    put_requests(head, exam, request.accession, request.orders, one_at_the_study=not dmp or request.described)
    _put_title(head, MANIFEST_WITH_DESCRIPTION if request.described else MANIFEST)
    evidence, content = references(exam, request.site)
    words = _words(exam, request)
    if words:
        content.insert(0, text_item(DESCRIPTION, words))
    if request.described:
        content.append(library(exam, request.site, request.regions))
    # in the order of their tags, all of which come after every tag of the head
    return b"".join(
        (_file(request.sop_instance_uid), head.encoded(), evidence, _TEMPLATE, wrapped(tags.CONTENT_SEQUENCE, content))
    )


def _words(exam: Exam, request: ManifestRequest) -> str:
    kind = request.site.manifest.description
    if kind == "flavour":
        kind = "drim" if request.flavour == "dmp" else "study"
    if kind == "drim":
        return description(exam, request.act)
    return exam.description.strip() if kind == "study" else ""


def _put_document(head: Attributes, exam: Exam, request: ManifestRequest) -> None:
    """SOP Common, KO series, equipment and document general (PS3.3 C.12.1, C.17.6.1, C.7.5.1, C.17.6.2)."""
    zone = _zone(exam, request)
    created = request.created_at.astimezone(zone)
    settings = request.site.manifest
    head.put(tags.SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 192")
    head.put(tags.SOP_CLASS_UID, "UI", KEY_OBJECT_SELECTION)
    head.uid(tags.SOP_INSTANCE_UID, request.sop_instance_uid)
    head.put(tags.TIMEZONE_OFFSET_FROM_UTC, "SH", created.strftime("%z"))
    for date, time in (
        (tags.INSTANCE_CREATION_DATE, tags.INSTANCE_CREATION_TIME),
        (tags.CONTENT_DATE, tags.CONTENT_TIME),
    ):
        head.put(date, "DA", created.strftime("%Y%m%d"))
        head.put(time, "TM", created.strftime("%H%M%S"))
    head.put(tags.MODALITY, "CS", "KO")
    head.uid(tags.SERIES_INSTANCE_UID, request.series_instance_uid)
    head.put(tags.SERIES_NUMBER, "IS", _SERIES_NUMBER)
    head.put(tags.INSTANCE_NUMBER, "IS", "1")
    head.items(tags.REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, ())
    head.words(tags.MANUFACTURER, "LO", settings.manufacturer)
    head.put(tags.SOFTWARE_VERSIONS, "LO", __version__)
    for tag, vr, text in (
        (tags.INSTITUTION_NAME, "LO", request.site.institution_name),
        (tags.STATION_NAME, "SH", settings.station_name),
        (tags.MANUFACTURER_MODEL_NAME, "LO", settings.model_name),
    ):
        if text:
            head.words(tag, vr, text)


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


def _put_study(head: Attributes, exam: Exam) -> None:
    """General Study (PS3.3 C.7.2.1), in the PACS's words; the accession number is the requests' affair."""
    head.uid(tags.STUDY_INSTANCE_UID, exam.study_uid)
    head.date(tags.STUDY_DATE, exam.study_date)
    head.time(tags.STUDY_TIME, exam.study_time)
    head.words(tags.STUDY_ID, "SH", exam.study_id)
    head.words(tags.REFERRING_PHYSICIAN_NAME, "PN", exam.referring_physician)
    if exam.description:
        head.words(tags.STUDY_DESCRIPTION, "LO", exam.description)


def _put_title(head: Attributes, title: Code) -> None:
    """The root of the content tree (PS3.16 TID 2010)."""
    head.put(tags.VALUE_TYPE, "CS", "CONTAINER")
    head.put(tags.CONTINUITY_OF_CONTENT, "CS", "SEPARATE")
    head.items(tags.CONCEPT_NAME_CODE_SEQUENCE, [coded(title)])


def description(exam: Exam, act: str) -> str:
    """The lines that consumers of DRIM-M parse to show modality and label of each series, each ended by a line feed.

    One blank before and after ``@``, as the official manifest has it; the demonstrator writes two behind it, and its
    consumers split at `` : `` and at the first blank, which reads both.
    """
    lines = [f"Examen : {_one_line(exam.description)}", f"Acte = {_one_line(act)}"]
    lines += [
        f"Série-{series.series_uid} : {_one_line(series.modality)} @ : {_one_line(series.description)}"
        for series in filled(exam)
    ]
    return "".join(f"{line}\n" for line in lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _file(sop_instance_uid: str) -> bytes:
    """Part 10 (PS3.10 section 7.1): 128 zero bytes, ``DICM``, file meta information."""
    meta = b"".join(
        (
            raw(0x00020001, "OB", b"\0\1"),
            element(tags.MEDIA_STORAGE_SOP_CLASS_UID, "UI", KEY_OBJECT_SELECTION),
            element(tags.MEDIA_STORAGE_SOP_INSTANCE_UID, "UI", sop_instance_uid),
            element(tags.TRANSFER_SYNTAX_UID, "UI", _EXPLICIT_LITTLE),
            element(0x00020012, "UI", _IMPLEMENTATION_CLASS_UID),
            element(0x00020013, "SH", _IMPLEMENTATION_VERSION_NAME),
        )
    )
    return bytes(128) + b"DICM" + raw(0x00020000, "UL", struct.pack("<I", len(meta))) + meta
