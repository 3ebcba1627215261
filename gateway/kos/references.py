"""The two sequences that name every instance of a study, as bytes: the evidence and the content, in one order.

Sources: DICOM PS3.3 C.17.6.2 (Current Requested Procedure Evidence Sequence; Hierarchical SOP Instance Reference
macro, table C.17-3), C.17.3 (SR Document Content), PS3.16 TID 2010; IHE RAD TF-3 4.68.4.1.2.3 (retrieval).
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.kos import tags
from gateway.kos.elements import key, paragraphs, uid
from gateway.kos.encode import element, sequence
from gateway.kos.sop_classes import value_type
from gateway.model.codes import Code
from gateway.model.exam import Exam, Instance, Series
from gateway.model.site import Site

DESCRIPTION = Code("113012", "DCM", "Key Object Description")


def filled(exam: Exam) -> Iterator[Series]:
    """The series that hold something."""
    return (series for series in exam.series if series.instances)


def evidence(exam: Exam, site: Site) -> bytes:
    """Current Requested Procedure Evidence Sequence: the study, its series with where to get them, their instances.

    Raises Mismatch for a UID that is none.
    """
    study = _uid(tags.STUDY_INSTANCE_UID, exam.study_uid)
    series = sequence(tags.REFERENCED_SERIES_SEQUENCE, (_series(exam, series, site) for series in filled(exam)))
    return sequence(tags.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, [series + study])


def _series(exam: Exam, series: Series, site: Site) -> bytes:
    """One series; its number, and the numbers and frames of its instances, are beyond the IOD.

    Official manifests carry them for the sake of viewers.
    """
    parts = []
    if site.retrieve_ae_title:
        parts.append(element(tags.RETRIEVE_AE_TITLE, "AE", key("RetrieveAETitle", site.retrieve_ae_title)))
    if site.retrieve_url:
        url = f"{site.retrieve_url}/studies/{exam.study_uid}/series/{series.series_uid}"
        parts.append(element(tags.RETRIEVE_URL, "UR", url))
    parts.append(sequence(tags.REFERENCED_SOP_SEQUENCE, (_evidence_instance(i) for i in series.instances)))
    parts.append(_uid(tags.SERIES_INSTANCE_UID, series.series_uid))
    if series.number is not None:
        parts.append(element(tags.SERIES_NUMBER, "IS", str(series.number)))
    if site.imaging_source_uid:
        parts.append(_uid(tags.RETRIEVE_LOCATION_UID, site.imaging_source_uid))
    return b"".join(parts)


def _evidence_instance(instance: Instance) -> bytes:
    number = "" if instance.number is None else str(instance.number)
    frames = "" if instance.frames is None else str(instance.frames)
    return b"".join(
        (
            _instance(instance),
            element(tags.INSTANCE_NUMBER, "IS", number) if number else b"",
            element(tags.NUMBER_OF_FRAMES, "IS", frames) if frames else b"",
        )
    )


def _instance(instance: Instance) -> bytes:
    return _uid(tags.REFERENCED_SOP_CLASS_UID, instance.sop_class_uid) + _uid(
        tags.REFERENCED_SOP_INSTANCE_UID, instance.sop_instance_uid
    )


def content(exam: Exam, words: str) -> bytes:
    """Content Sequence after TID 2010: the description *words* first, if any, then each instance of the evidence."""
    description = [_text(DESCRIPTION, words)] if words else []
    references = (_content_instance(instance) for series in filled(exam) for instance in series.instances)
    return sequence(tags.CONTENT_SEQUENCE, [*description, *references])


def _text(name: Code, words: str) -> bytes:
    concept = (
        element(tags.CODE_VALUE, "SH", name.code)
        + element(tags.CODING_SCHEME_DESIGNATOR, "SH", name.system)
        + element(tags.CODE_MEANING, "LO", name.display)
    )
    return (
        element(tags.RELATIONSHIP_TYPE, "CS", "CONTAINS")
        + element(tags.VALUE_TYPE, "CS", "TEXT")
        + sequence(tags.CONCEPT_NAME_CODE_SEQUENCE, [concept])
        + element(tags.TEXT_VALUE, "UT", paragraphs(words))
    )


def _content_instance(instance: Instance) -> bytes:
    return (
        sequence(tags.REFERENCED_SOP_SEQUENCE, [_instance(instance)])
        + element(tags.RELATIONSHIP_TYPE, "CS", "CONTAINS")
        + element(tags.VALUE_TYPE, "CS", value_type(instance.sop_class_uid))
    )


def _uid(tag: int, value: str) -> bytes:
    return element(tag, "UI", uid(tags.name(tag), value))
