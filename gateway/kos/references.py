"""The two sequences that name every instance of a study, as bytes, in one pass: the evidence and the content.

Sources: DICOM PS3.3 C.17.6.2 (Current Requested Procedure Evidence Sequence; Hierarchical SOP Instance Reference
macro, table C.17-3), C.17.3 (SR Document Content), PS3.16 TID 2010; IHE RAD TF-3 4.68.4.1.2.3 (retrieval).

A study of 20 000 instances is usual, so the loop over instances joins ready-made bytes: the heads of an item depend
only on the SOP class and on the length of the UID, and are made once for each pair.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gateway.kos import tags
from gateway.kos.elements import Attributes, coded, key, paragraphs, uid
from gateway.kos.encode import element, item_head, padded, raw, sequence, sequence_head, wrapped
from gateway.kos.sop_classes import ValueType, value_type
from gateway.model.codes import Code
from gateway.model.exam import Exam, Instance, KeyObjectNote, Series
from gateway.model.site import Site

DESCRIPTION = Code("113012", "DCM", "Key Object Description")

_UIDS = re.compile(r"[0-9.]{1,64}(?:\n[0-9.]{1,64})*", re.ASCII)


def filled(exam: Exam) -> Iterator[Series]:
    """The series that hold something."""
    return (series for series in exam.series if series.instances)


@dataclass(slots=True)
class References:
    """The items of both sequences, as they grow; ``content`` by value type."""

    evidence: list[bytes] = field(default_factory=list)
    content: dict[ValueType, list[bytes]] = field(
        default_factory=lambda: {"IMAGE": [], "WAVEFORM": [], "COMPOSITE": []}
    )

    def content_items(self) -> list[bytes]:
        """In the order of the rows of TID 2010: images, waveforms, then every other object."""
        return [part for parts in self.content.values() for part in parts]


@dataclass(frozen=True, slots=True)
class _Heads:
    """What is the same for every reference to a class by a UID of one length."""

    evidence: bytes
    """Elements of an evidence item up to the UID itself."""
    evidence_bytes: int
    """Length of those and of the UID."""
    content: bytes
    """A content item up to the UID itself, its own head included."""
    tail: bytes
    """What follows the UID in the content item, its padding first."""
    pad: bytes
    target: list[bytes]
    """The content items of its value type."""


class _Writer:
    """Makes the items of the instances."""

    def __init__(self, notes: Iterable[KeyObjectNote]) -> None:
        self._heads: dict[tuple[str, int], _Heads] = {}
        self._numbers: dict[int | None, bytes] = {None: b""}
        self._items: dict[int, bytes] = {}
        self._notes: dict[str, list[KeyObjectNote]] = {}
        for note in notes:
            for marked in note.marked:
                self._notes.setdefault(marked, []).append(note)

    def series(self, series: Series, references: References) -> bytes:
        """Referenced SOP Sequence of *series*; its content items are added to *references*.

        Raises Mismatch for a UID that is none.
        """
        instances = series.instances
        if _UIDS.fullmatch("\n".join([instance.sop_instance_uid for instance in instances])) is None:
            for instance in instances:
                uid(tags.REFERENCED_SOP_INSTANCE_UID, instance.sop_instance_uid)
        parts: list[bytes] = []
        heads_of, numbers, items, notes = self._heads, self._numbers, self._items, self._notes
        for instance in instances:
            value = instance.sop_instance_uid
            try:
                heads = heads_of[instance.sop_class_uid, len(value)]
                extras = numbers[instance.number]
            except KeyError:
                heads = self._make(instance.sop_class_uid, len(value), references)
                extras = self._number(instance.number)
            if instance.frames is not None or value in notes:
                extras = self._more(instance, series, extras)
            length = heads.evidence_bytes + len(extras)
            text = value.encode()
            parts += (items.get(length) or self._item(length), heads.evidence, text, heads.pad + extras)
            heads.target.extend((heads.content, text, heads.tail))
        return wrapped(tags.REFERENCED_SOP_SEQUENCE, parts)

    def _make(self, sop_class_uid: str, length: int, references: References) -> _Heads:
        found = self._heads.get((sop_class_uid, length))
        if found is not None:
            return found
        uid(tags.REFERENCED_SOP_CLASS_UID, sop_class_uid)
        even = length + length % 2
        pad = b"\0" * (even - length)
        head = element(tags.REFERENCED_SOP_CLASS_UID, "UI", sop_class_uid) + raw(
            tags.REFERENCED_SOP_INSTANCE_UID, "UI", bytes(even)
        ).removesuffix(bytes(even))
        reference = item_head(len(head) + even)
        relation = element(tags.RELATIONSHIP_TYPE, "CS", "CONTAINS")
        relation += element(tags.VALUE_TYPE, "CS", value_type(sop_class_uid))
        selected = sequence_head(tags.REFERENCED_SOP_SEQUENCE, len(reference) + len(head) + even) + reference + head
        heads = self._heads[sop_class_uid, length] = _Heads(
            evidence=head,
            evidence_bytes=len(head) + even,
            content=item_head(len(selected) + even + len(relation)) + selected,
            tail=pad + relation,
            pad=pad,
            target=references.content[value_type(sop_class_uid)],
        )
        return heads

    def _number(self, number: int | None) -> bytes:
        if number is None:
            return b""
        found = self._numbers[number] = element(tags.INSTANCE_NUMBER, "IS", str(number))
        return found

    def _item(self, length: int) -> bytes:
        found = self._items[length] = item_head(length)
        return found

    def _more(self, instance: Instance, series: Series, extras: bytes) -> bytes:
        """Marks of key images, number, frames: in the order of their tags, which is where the number comes between."""
        notes = self._notes.get(instance.sop_instance_uid, ())
        marks = sequence(tags.REFERENCED_SOP_SEQUENCE, [_mark(n, instance, series) for n in notes]) if notes else b""
        frames = "" if instance.frames is None else str(instance.frames)
        return marks + extras + (element(tags.NUMBER_OF_FRAMES, "IS", frames) if frames else b"")


def _mark(note: KeyObjectNote, instance: Instance, series: Series) -> bytes:
    """How official French manifests say that an image is a key image: the note, its title, and one sentence."""
    text = f"Definition of key instance {instance.sop_instance_uid} associated with series {series.series_uid}"
    item = Attributes()
    item.uid(tags.REFERENCED_SOP_INSTANCE_UID, note.sop_instance_uid)
    item.uid(tags.SERIES_INSTANCE_UID, note.series_uid)
    item.items(tags.CONCEPT_NAME_CODE_SEQUENCE, [coded(note.title)])
    item.items(tags.CONTENT_SEQUENCE, [element(tags.TEXT_VALUE, "UT", text)])
    return item.encoded()


def references(exam: Exam, site: Site) -> tuple[bytes, list[bytes]]:
    """Current Requested Procedure Evidence Sequence, and the content items that select its instances.

    Raises Mismatch for a UID that is none.
    """
    writer, found = _Writer(exam.notes), References()
    for series in filled(exam):
        part = _series(exam, series, site, writer, found)
        found.evidence += (item_head(len(part)), part)
    study = element(tags.STUDY_INSTANCE_UID, "UI", uid(tags.STUDY_INSTANCE_UID, exam.study_uid))
    evidence = wrapped(tags.REFERENCED_SERIES_SEQUENCE, found.evidence) + study
    found.evidence.clear()
    return sequence(tags.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, [evidence]), found.content_items()


def _series(exam: Exam, series: Series, site: Site, writer: _Writer, found: References) -> bytes:
    """One series; its number, and the numbers and frames of its instances, are beyond the IOD.

    Official manifests carry them for the sake of viewers.
    """
    series_uid = uid(tags.SERIES_INSTANCE_UID, series.series_uid)
    retrieval = site.manifest.retrieval
    parts = []
    if site.retrieve_ae_title and "ae-title" in retrieval:
        title = key(tags.RETRIEVE_AE_TITLE, site.retrieve_ae_title, 16)
        parts.append(element(tags.RETRIEVE_AE_TITLE, "AE", title))
    if site.retrieve_url and "url" in retrieval:
        url = f"{site.retrieve_url}/studies/{exam.study_uid}/series/{series_uid}"
        parts.append(element(tags.RETRIEVE_URL, "UR", url))
    parts.append(writer.series(series, found))
    parts.append(element(tags.SERIES_INSTANCE_UID, "UI", series_uid))
    if series.number is not None:
        parts.append(element(tags.SERIES_NUMBER, "IS", str(series.number)))
    if site.imaging_source_uid and "location" in retrieval:
        location = uid(tags.RETRIEVE_LOCATION_UID, site.imaging_source_uid)
        parts.append(element(tags.RETRIEVE_LOCATION_UID, "UI", location))
    return b"".join(parts)


def text_item(name: Code, words: str, relationship: str = "CONTAINS") -> bytes:
    """A content item of value type TEXT, its own head included."""
    item = (
        element(tags.RELATIONSHIP_TYPE, "CS", relationship)
        + element(tags.VALUE_TYPE, "CS", "TEXT")
        + sequence(tags.CONCEPT_NAME_CODE_SEQUENCE, [coded(name)])
        + raw(tags.TEXT_VALUE, "UT", padded(paragraphs(words).encode(), b" "))
    )
    return item_head(len(item)) + item
