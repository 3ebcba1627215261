"""Anyone's Key Object Selection Document to a value: identifiers, requests, evidence with retrieval, content.

Sources: DICOM PS3.3 A.35.4, C.17.6 and C.17.3; PS3.16 TID 2010. Official French manifests leave out much that the
standard wants (template, several type 2 attributes); what is needed to find the images is required, nothing else.
"""

from __future__ import annotations

from gateway.errors import InputRejected
from gateway.kos import tags
from gateway.kos.decode import Elements, Item, decode
from gateway.kos.selection import (
    ContentReference,
    KeyObjectSelection,
    ReferencedRequest,
    SelectedSeries,
    SelectedStudy,
)
from gateway.kos.sop_classes import KEY_OBJECT_SELECTION
from gateway.model.codes import Code
from gateway.model.exam import Instance
from gateway.model.identifiers import Identifier

_VALUE_TYPES = {name.encode(): name for name in ("IMAGE", "WAVEFORM", "COMPOSITE")}
_DESCRIPTION = ("113012", "DCM")
_FRAMES = 10_000
"""Of one reference: no viewer shows more of an instance."""


def read(content: bytes) -> KeyObjectSelection:
    """What the file *content* says.

    Raises as :func:`gateway.kos.decode.decode`, and InputRejected for another class of document (``kos_other_class``)
    or when what every key object has is missing (``kos_incomplete``; ``place`` is the tag).
    """
    dataset = decode(content)
    if dataset.text(tags.SOP_CLASS_UID) != KEY_OBJECT_SELECTION:
        raise InputRejected("kos_other_class", place=tags.name(tags.SOP_CLASS_UID))
    return KeyObjectSelection(
        sop_instance_uid=_required(dataset, tags.SOP_INSTANCE_UID),
        series_uid=dataset.text(tags.SERIES_INSTANCE_UID),
        study_uid=_required(dataset, tags.STUDY_INSTANCE_UID),
        title=_concept(dataset),
        patient_identifiers=_patient_identifiers(dataset),
        patient_name=dataset.text(tags.PATIENT_NAME),
        patient_birth_date=dataset.text(tags.PATIENT_BIRTH_DATE),
        patient_sex=dataset.text(tags.PATIENT_SEX),
        study_date=dataset.text(tags.STUDY_DATE),
        study_time=dataset.text(tags.STUDY_TIME),
        study_description=dataset.text(tags.STUDY_DESCRIPTION),
        accession=_accession(dataset),
        created=_created(dataset),
        description=_description(dataset),
        requests=tuple(_request(item) for item in dataset.items(tags.REFERENCED_REQUEST_SEQUENCE)),
        studies=_evidence(dataset),
        references=_references(dataset.raw_items(tags.CONTENT_SEQUENCE)),
    )


def _evidence(dataset: Item) -> tuple[SelectedStudy, ...]:
    tag = tags.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE
    studies = tuple(
        SelectedStudy(
            study_uid=_required(study, tags.STUDY_INSTANCE_UID),
            series=tuple(_series(series) for series in study.items(tags.REFERENCED_SERIES_SEQUENCE)),
        )
        for study in dataset.items(tag)
    )
    if not any(series.instances for study in studies for series in study.series):
        raise InputRejected("kos_incomplete", place=tags.name(tag))
    return studies


def _series(item: Item) -> SelectedSeries:
    return SelectedSeries(
        series_uid=_required(item, tags.SERIES_INSTANCE_UID),
        number=_number(item.elements, tags.SERIES_NUMBER),
        retrieve_ae_title=item.text(tags.RETRIEVE_AE_TITLE),
        retrieve_location_uid=item.text(tags.RETRIEVE_LOCATION_UID),
        retrieve_url=item.text(tags.RETRIEVE_URL),
        instances=_instances(item.raw_items(tags.REFERENCED_SOP_SEQUENCE)),
    )


def _instances(items: list[Elements]) -> tuple[Instance, ...]:
    """The instances of a series. A manifest has thousands, so their few values are taken from the bare elements."""
    return tuple(
        [
            Instance(
                _uid(item, tags.REFERENCED_SOP_CLASS_UID),
                _uid(item, tags.REFERENCED_SOP_INSTANCE_UID),
                _number(item, tags.INSTANCE_NUMBER),
                _number(item, tags.NUMBER_OF_FRAMES),
            )
            for item in items
        ]
    )


def _references(items: list[Elements]) -> tuple[ContentReference, ...]:
    """What the content selects, in its order."""
    found = []
    for item in items:
        kind = _VALUE_TYPES.get(_bytes(item, tags.VALUE_TYPE))
        if kind is None:
            continue
        selected = item.get(tags.REFERENCED_SOP_SEQUENCE, [])
        if isinstance(selected, bytes):
            raise InputRejected("kos_malformed", place=tags.name(tags.REFERENCED_SOP_SEQUENCE))
        for instance in selected:
            sop_class_uid = _uid(instance, tags.REFERENCED_SOP_CLASS_UID)
            sop_instance_uid = _uid(instance, tags.REFERENCED_SOP_INSTANCE_UID)
            frames = _frames(instance) if tags.REFERENCED_FRAME_NUMBER in instance else None
            found.append(ContentReference(kind, sop_class_uid, sop_instance_uid, frames))
    return tuple(found)


def _frames(item: Elements) -> tuple[int, ...] | None:
    """The frames that a reference names (PS3.3 table 10-3): an empty value is all, what is no number is none."""
    values = _bytes(item, tags.REFERENCED_FRAME_NUMBER).split(b"\\")[:_FRAMES]
    numbers = tuple(int(one) for one in map(bytes.strip, values) if one.isdigit() and len(one) <= 9)
    return numbers if values != [b""] else None


def _request(item: Item) -> ReferencedRequest:
    placer = item.text(tags.PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST)
    issuer = _issuer(item, tags.ORDER_PLACER_IDENTIFIER_SEQUENCE)
    return ReferencedRequest(
        study_uid=item.text(tags.STUDY_INSTANCE_UID),
        accession=_accession(item),
        placer=Identifier(issuer, placer) if placer else None,
    )


def _accession(item: Item) -> Identifier | None:
    number = item.text(tags.ACCESSION_NUMBER)
    issuer = _issuer(item, tags.ISSUER_OF_ACCESSION_NUMBER_SEQUENCE)
    return Identifier(issuer, number) if number else None


def _patient_identifiers(dataset: Item) -> tuple[Identifier, ...]:
    named = [dataset, *dataset.items(tags.OTHER_PATIENT_IDS_SEQUENCE)]
    stated = (
        Identifier(_issuer(item, tags.ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE), item.text(tags.PATIENT_ID))
        for item in named
    )
    return tuple(dict.fromkeys(identifier for identifier in stated if identifier.extension))


def _issuer(item: Item, tag: int) -> str:
    return next((issuer.text(tags.UNIVERSAL_ENTITY_ID) for issuer in item.items(tag)), "")


def _description(dataset: Item) -> str:
    """The text named 113012 (DCM): the template allows any order, and official French manifests have it last."""
    for elements in dataset.raw_items(tags.CONTENT_SEQUENCE):
        if _bytes(elements, tags.VALUE_TYPE) != b"TEXT":
            continue
        item = Item(elements, dataset.character_sets)
        name = _concept(item)
        if name is not None and (name.code, name.system) == _DESCRIPTION:
            return item.text(tags.TEXT_VALUE)
    return ""


def _created(dataset: Item) -> str:
    date, time = dataset.text(tags.CONTENT_DATE), dataset.text(tags.CONTENT_TIME).partition(".")[0]
    return f"{date}{time}{dataset.text(tags.TIMEZONE_OFFSET_FROM_UTC)}" if date else ""


def _concept(item: Item) -> Code | None:
    """The concept name; the designator stands for the code system (PS3.16 section 8)."""
    for code in item.items(tags.CONCEPT_NAME_CODE_SEQUENCE):
        return Code(code.text(tags.CODE_VALUE), code.text(tags.CODING_SCHEME_DESIGNATOR), code.text(tags.CODE_MEANING))
    return None


def _required(item: Item, tag: int) -> str:
    value = item.text(tag)
    if not value:
        raise InputRejected("kos_incomplete", place=tags.name(tag))
    return value


def _bytes(item: Elements, tag: int) -> bytes:
    value = item.get(tag, b"")
    if isinstance(value, bytes):
        return value.strip(b" \0")
    raise InputRejected("kos_malformed", place=tags.name(tag))


def _uid(item: Elements, tag: int) -> str:
    """A UID, or a named error: nothing can be retrieved without it."""
    value = _bytes(item, tag)
    if not value:
        raise InputRejected("kos_incomplete", place=tags.name(tag))
    return str(value, "ascii", "replace")


def _number(item: Elements, tag: int) -> int | None:
    """A number of a viewer's interest; one that is none is taken as not stated."""
    if tag not in item:
        return None
    text = _bytes(item, tag)
    return int(text) if text.isascii() and text.removeprefix(b"-").isdigit() and len(text) <= 12 else None
