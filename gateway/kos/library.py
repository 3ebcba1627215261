"""The image library of a manifest with description: what is known of each series and instance, beside the references.

Sources: IHE RAD Supplement "Manifest-based Access to DICOM Objects (MADO)", revision 1.1 for trial implementation,
6.X.2.9; DICOM CP-2595 (TID 1600, 1601, 1602 and the descriptors of key objects). The supplement gives codes of the
scheme 99IHE until the change proposal is final. Only what C-FIND tells is said; nothing is guessed. Where the two
documents disagree on the value type of the number of instances (TEXT with units, NUM) it is NUM, for text has no units.
"""

from __future__ import annotations

from functools import cache

from gateway.kos import tags
from gateway.kos.elements import Attributes, coded, is_date, is_time, uid
from gateway.kos.encode import element, item_head, sequence, wrapped
from gateway.kos.references import DESCRIPTION, filled, text_item
from gateway.kos.sop_classes import KEY_OBJECT_SELECTION, value_type
from gateway.model.codes import Code
from gateway.model.exam import Exam, Instance, KeyObjectNote, Series
from gateway.model.site import Site

IMAGE_LIBRARY = Code("111028", "DCM", "Image Library")
GROUP = Code("126200", "DCM", "Image Library Group")
MODALITY = Code("121139", "DCM", "Modality")
TARGET_REGION = Code("123014", "DCM", "Target Region")
NUMBER_OF_SERIES = Code("MADOTEMP009", "99IHE", "Number of Study Related Series")
NUMBER_OF_INSTANCES = Code("MADOTEMP007", "99IHE", "Number of Series Related Instances")
SERIES_UID = Code("112002", "DCM", "Series Instance UID")
SERIES_NUMBER = Code("113607", "DCM", "Series Number")
SERIES_DESCRIPTION = Code("MADOTEMP002", "99IHE", "Series Description")
SERIES_DATE = Code("MADOTEMP003", "99IHE", "Series Date")
SERIES_TIME = Code("MADOTEMP004", "99IHE", "Series Time")
LATERALITY = Code("111027", "DCM", "Image Laterality")
INSTANCE_NUMBER = Code("113609", "DCM", "Instance Number")
NUMBER_OF_FRAMES = Code("121140", "DCM", "Number of Frames")
DOCUMENT_TITLE = Code("121144", "DCM", "Document Title")

_LATERALITIES = {"L": Code("7771000", "SCT", "Left"), "R": Code("24028007", "SCT", "Right")}
_CONTEXT = "HAS ACQ CONTEXT"


def library(exam: Exam, site: Site, regions: tuple[Code, ...]) -> bytes:
    """The content item of the image library, its own head included."""
    series = list(filled(exam))
    modalities = dict.fromkeys(one.modality for one in series if one.modality)
    mapped = (site.region_by_body_part.get(one.body_part) for one in series)
    areas = dict.fromkeys((*regions, *(region for region in mapped if region)))
    inside = [_code(MODALITY, Code(modality, "DCM", modality)) for modality in modalities]
    inside += [_code(TARGET_REGION, region) for region in areas]
    inside.append(_count(NUMBER_OF_SERIES, len(series), "series"))
    notes = {note.sop_instance_uid: note for note in exam.notes}
    inside += [_group(one, site, notes) for one in series]
    return _container(IMAGE_LIBRARY, inside)


def _group(series: Series, site: Site, notes: dict[str, KeyObjectNote]) -> bytes:
    """One series: its descriptors, then its instances with theirs."""
    region = site.region_by_body_part.get(series.body_part)
    inside = [_uid(SERIES_UID, series.series_uid)]
    if series.modality:
        inside.append(_code(MODALITY, Code(series.modality, "DCM", series.modality)))
    if is_date(series.date):
        inside.append(_value(SERIES_DATE, "DATE", element(tags.DATE, "DA", series.date)))
    if is_time(series.time):
        inside.append(_value(SERIES_TIME, "TIME", element(tags.TIME, "TM", series.time)))
    if series.description.strip():
        inside.append(text_item(SERIES_DESCRIPTION, series.description.strip(), _CONTEXT))
    if series.number is not None:
        inside.append(text_item(SERIES_NUMBER, str(series.number), _CONTEXT))
    if region:
        inside.append(_code(TARGET_REGION, region))
    elif series.body_part.strip():
        inside.append(text_item(TARGET_REGION, series.body_part.strip(), _CONTEXT))
    if series.laterality in _LATERALITIES:
        inside.append(_code(LATERALITY, _LATERALITIES[series.laterality]))
    inside.append(_count(NUMBER_OF_INSTANCES, len(series.instances), "instances"))
    inside += [_entry(instance, notes.get(instance.sop_instance_uid)) for instance in series.instances]
    return _container(GROUP, inside)


def _entry(instance: Instance, note: KeyObjectNote | None) -> bytes:
    """One instance; a key object document that was opened says its title and its words."""
    inside = []
    if instance.number is not None:
        inside.append(_numbered(instance.number))
    if instance.frames is not None:
        inside.append(_count(NUMBER_OF_FRAMES, instance.frames, "frames"))
    if note and instance.sop_class_uid == KEY_OBJECT_SELECTION:
        inside.append(_code(DOCUMENT_TITLE, note.title))
        if note.description.strip():
            inside.append(text_item(DESCRIPTION, note.description.strip(), _CONTEXT))
    reference = _class(instance.sop_class_uid) + element(
        tags.REFERENCED_SOP_INSTANCE_UID, "UI", uid(tags.REFERENCED_SOP_INSTANCE_UID, instance.sop_instance_uid)
    )
    item = (
        sequence(tags.REFERENCED_SOP_SEQUENCE, [reference])
        + element(tags.RELATIONSHIP_TYPE, "CS", "CONTAINS")
        + element(tags.VALUE_TYPE, "CS", value_type(instance.sop_class_uid))
        + (wrapped(tags.CONTENT_SEQUENCE, inside) if inside else b"")
    )
    return item_head(len(item)) + item


def _numbered(number: int) -> bytes:
    return text_item(INSTANCE_NUMBER, str(number), _CONTEXT)


@cache
def _name(name: Code) -> bytes:
    return sequence(tags.CONCEPT_NAME_CODE_SEQUENCE, [coded(name)])


def _class(sop_class_uid: str) -> bytes:
    return element(tags.REFERENCED_SOP_CLASS_UID, "UI", sop_class_uid)


def _value(name: Code, value_type: str, value: bytes) -> bytes:
    """A content item that describes the one above it; *value* comes behind the concept name in the order of tags."""
    item = (
        element(tags.RELATIONSHIP_TYPE, "CS", _CONTEXT)
        + element(tags.VALUE_TYPE, "CS", value_type)
        + _name(name)
        + value
    )
    return item_head(len(item)) + item


def _code(name: Code, value: Code) -> bytes:
    return _value(name, "CODE", sequence(tags.CONCEPT_CODE_SEQUENCE, [coded(value)]))


def _uid(name: Code, value: str) -> bytes:
    return _value(name, "UIDREF", element(tags.UID, "UI", uid(tags.SERIES_INSTANCE_UID, value)))


def _count(name: Code, number: int, unit: str) -> bytes:
    units = coded(Code(f"{{{unit}}}", "UCUM", unit))
    measured = sequence(tags.MEASUREMENT_UNITS_CODE_SEQUENCE, [units]) + element(tags.NUMERIC_VALUE, "DS", str(number))
    return _value(name, "NUM", sequence(tags.MEASURED_VALUE_SEQUENCE, [measured]))


def _container(name: Code, inside: list[bytes]) -> bytes:
    head = Attributes()
    head.put(tags.RELATIONSHIP_TYPE, "CS", "CONTAINS")
    head.put(tags.VALUE_TYPE, "CS", "CONTAINER")
    head.items(tags.CONCEPT_NAME_CODE_SEQUENCE, [coded(name)])
    head.put(tags.CONTINUITY_OF_CONTENT, "CS", "SEPARATE")
    item = head.encoded() + wrapped(tags.CONTENT_SEQUENCE, inside)
    return item_head(len(item)) + item
