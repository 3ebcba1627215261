"""PACS that count, name, write or order things wrongly, limit what they give, or leave out what they should say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt

from gateway.demo.pacs import DemoPacs
from gateway.dicom.query import PacsClient
from gateway.dicom.settings import PacsSettings
from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, PeerUnreachable, SettingsError
from gateway.model.exam import Exam
from gateway.texts import TEXTS, sentence
from tests.support import dicom_corpus as corpus
from tests.support.dicom_objects import ACCESSION_OID, CT, IPP_OID, STUDY, image, write
from tests.support.dicom_scp import Answers, answering, filled, level, settings

IMAGES = [("1.1", "1.1.1"), ("1.1", "1.1.2"), ("1.2", "1.2.1")]


def pacs(
    study: dict[str, object] | None = None,
    series: dict[str, object] | None = None,
    images: dict[str, object] | None = None,
) -> object:
    """A PACS of three images in two series, its answers changed as given."""

    def find(event: evt.Event) -> Answers:
        if level(event) == "STUDY":
            yield 0xFF00, filled(event, **{"PatientID": "P1", "OtherPatientIDsSequence": [], **(study or {})})
        elif level(event) == "SERIES":
            for uid in ("1.1", "1.2"):
                yield 0xFF00, filled(event, SeriesInstanceUID=uid, **(series or {}))
        else:
            for uid, instance in IMAGES:
                if event.identifier.SeriesInstanceUID in ("", uid):
                    given = {"SeriesInstanceUID": uid, "SOPClassUID": CT, "SOPInstanceUID": instance, **(images or {})}
                    yield 0xFF00, filled(event, **given)

    return find


def looked(find: object, **others: object) -> Exam:
    with answering(find) as port:  # type: ignore[arg-type]
        client = PacsClient(settings(port, **others))
        try:
            exam = client.study(STUDY)
        finally:
            client.close()
    assert exam is not None
    return exam


def refused(find: object, family: type[GatewayError], code: str, **others: object) -> None:
    with pytest.raises(family) as caught:
        looked(find, **others)
    assert caught.value.code == code
    for language in ("fr", "en"):
        assert "?" not in sentence(code, caught.value.facts, language)


def test_fewer_than_are_counted_are_not_the_whole() -> None:
    for find in (pacs({"NumberOfStudyRelatedInstances": 4}), pacs(series={"NumberOfSeriesRelatedInstances": 3})):
        refused(find, PeerUnreachable, "pacs_answers_short")
        assert len(looked(find, count_instances=False).instances) == 3
    assert len(looked(pacs({"NumberOfStudyRelatedInstances": 2})).instances) == 3


def test_what_is_not_available_is_waited_for() -> None:
    refused(pacs({"InstanceAvailability": "UNAVAILABLE"}), PeerUnreachable, "pacs_not_available")
    refused(pacs(series={"InstanceAvailability": "UNAVAILABLE"}), PeerUnreachable, "pacs_not_available")
    assert looked(pacs({"InstanceAvailability": "NEARLINE"})).instances


def test_answers_about_another_patient_are_not_used() -> None:
    for find in (pacs(series={"PatientID": "P2"}), pacs(images={"PatientID": "P2"})):
        refused(find, PeerMisbehaved, "pacs_other_patient")
    assert looked(pacs(series={"PatientID": "P1"})).patient_id == "P1"


def test_one_series_of_two_modalities_is_not_used() -> None:
    modalities = iter(("CT", "MR", "CT", "MR"))

    def find(event: evt.Event) -> Answers:
        if level(event) == "SERIES":
            for _ in range(2):
                yield 0xFF00, filled(event, SeriesInstanceUID="1.1", Modality=next(modalities))
        else:
            yield from pacs()(event)  # type: ignore[operator]

    refused(find, PeerMisbehaved, "pacs_contradicts")


def test_a_name_in_another_character_set_than_declared_is_not_used() -> None:
    def find(event: evt.Event) -> Answers:
        for status, answer in pacs()(event):  # type: ignore[operator]
            if answer is not None and level(event) == "STUDY":
                answer.SpecificCharacterSet = "ISO_IR 100"
                answer.PatientName = "LEFÈVRE".encode()
            yield status, answer

    refused(find, PeerMisbehaved, "pacs_wrong_character_set")
    assert looked(find, answer_character_set="ISO_IR 192").patient_name == "LEFÈVRE"


def test_a_pacs_that_must_not_be_asked_for_whole_studies_is_not() -> None:
    asked: list[str] = []

    def find(event: evt.Event) -> Answers:
        if level(event) == "IMAGE":
            asked.append(str(event.identifier.SeriesInstanceUID))
        yield from pacs()(event)  # type: ignore[operator]

    assert len(looked(find, relational="no").instances) == 3
    assert asked == ["1.1", "1.2"]


def test_the_character_set_of_queries_is_declared() -> None:
    declared: set[str] = set()

    def find(event: evt.Event) -> Answers:
        declared.add(str(event.identifier.SpecificCharacterSet))
        yield from pacs()(event)  # type: ignore[operator]

    looked(find)
    looked(find, request_character_set="ISO_IR 100")
    assert declared == {"ISO_IR 192", "ISO_IR 100"}


# What the answers leave out, and an image tells


@contextmanager
def leaving_out(folder: Path, *keywords: str) -> Iterator[tuple[DemoPacs, PacsSettings]]:
    running = DemoPacs(folder, "PACS")
    answer = running._rows

    def rows(asked: str, identifier: Dataset) -> Iterator[Dataset]:
        for row in answer(asked, identifier):
            for keyword in keywords:
                if keyword in row:
                    delattr(row, keyword)
            yield row

    running._rows = rows  # type: ignore[method-assign]
    running.start()
    try:
        yield running, settings(running.port)
    finally:
        running.stop()


ISSUERS = ("IssuerOfPatientIDQualifiersSequence", "IssuerOfAccessionNumberSequence", "OtherPatientIDsSequence")


def test_classes_issuers_and_requests_that_are_not_answered_are_learned_from_the_images(tmp_path: Path) -> None:
    write(tmp_path, corpus.corpus())
    with leaving_out(tmp_path, "SOPClassUID", "RequestAttributesSequence", *ISSUERS) as (_, given):
        client = PacsClient(given)
        try:
            found = {uid: client.study(uid) for uid in (corpus.SR_PR, corpus.ISSUER_B, corpus.THREE_ACCESSIONS)}
            got = client._classes._retriever.got
            client._classes._retriever.got = None  # type: ignore[assignment, method-assign]
            again = client.study(corpus.SR_PR)  # the classes are known by now
            client._classes._retriever.got = got  # type: ignore[method-assign]
        finally:
            client.close()
    exam = found[corpus.SR_PR]
    assert exam is not None
    assert exam == again
    assert {one.sop_class_uid for one in exam.instances} == {CT, corpus.STRUCTURED_REPORT, corpus.PRESENTATION_STATE}
    other, three = found[corpus.ISSUER_B], found[corpus.THREE_ACCESSIONS]
    assert other is not None
    assert (other.accession_issuer, other.patient_id_issuer) == (corpus.OTHER_ISSUER, IPP_OID)
    assert three is not None
    assert [one.accession.unique_id for one in three.requests] == [f"{ACCESSION_OID}^ACC{n}" for n in (1, 2, 3)]


def test_a_class_that_nothing_tells_needs_a_person(tmp_path: Path) -> None:
    find = pacs(images={"SOPClassUID": ""})
    refused(find, PeerRefused, "pacs_no_sop_class")


def test_what_a_note_in_the_pacs_rejects_is_left_out(tmp_path: Path) -> None:
    images = [image(1, number) for number in (1, 2, 3)]
    write(tmp_path, [*images, corpus.key_object(STUDY, images[:1], corpus.REJECTED_FOR_QUALITY)])
    with leaving_out(tmp_path) as (_, given):
        for opened, count in ((True, 2), (False, 4)):
            client = PacsClient(replace(given, open_notes=opened))
            exam = client.study(STUDY)
            client.close()
            assert exam is not None
            assert len(exam.instances) == count
            assert len(exam.notes) == int(opened)


def test_a_note_that_names_no_study_marks_nothing(tmp_path: Path) -> None:
    images = [image(1, number) for number in (1, 2)]
    note = corpus.key_object(STUDY, images[:1], corpus.OF_INTEREST)
    note.CurrentRequestedProcedureEvidenceSequence[0].StudyInstanceUID = ""
    write(tmp_path, [*images, note])
    with leaving_out(tmp_path) as (_, given):
        client = PacsClient(given)
        exam = client.study(STUDY)
        client.close()
    assert exam is not None
    assert exam.notes[0].marked == frozenset()


def test_a_rejection_that_names_no_study_blocks_the_share(tmp_path: Path) -> None:
    images = [image(1, number) for number in (1, 2)]
    note = corpus.key_object(STUDY, images[:1], corpus.REJECTED_FOR_QUALITY)
    note.CurrentRequestedProcedureEvidenceSequence[0].StudyInstanceUID = ""
    write(tmp_path, [*images, note])
    with leaving_out(tmp_path) as (_, given):
        client = PacsClient(given)
        with pytest.raises(PeerMisbehaved, match="pacs_note_unreadable"):
            client.study(STUDY)
        client.close()


@pytest.mark.parametrize("title", [corpus.REJECTED_FOR_QUALITY, corpus.OF_INTEREST])
def test_a_key_object_that_cannot_be_read_blocks_the_share_and_says_why(tmp_path: Path, title: tuple[str, str]) -> None:
    images = [image(1, number) for number in (1, 2)]
    note = corpus.key_object(STUDY, images[:1], title)
    del note.ContentSequence[0].ReferencedSOPSequence
    note.ContentSequence[0].add_new(0x00081199, "LO", "no sequence")
    write(tmp_path, [*images, note])
    with leaving_out(tmp_path) as (_, given):
        client = PacsClient(given)
        with pytest.raises(PeerMisbehaved) as caught:
            client.study(STUDY)
        client.close()
        # Who knows that no note rejects anything may say so.
        unopened = PacsClient(replace(given, open_notes=False))
        exam = unopened.study(STUDY)
        unopened.close()
    assert (caught.value.code, caught.value.facts["words"]) == ("pacs_note_unreadable", "kos_malformed")
    for language in ("fr", "en"):
        said = sentence(caught.value.code, caught.value.facts, language)
        assert "kos_malformed" in said
        assert "open_notes = false" in said
    assert exam is not None
    assert len(exam.instances) == 3


def test_settings_that_contradict_each_other_are_named() -> None:
    for others in (
        {"upstream": "dicomweb"},
        {"query": "qido-rs"},
        {"upstream": "c-move"},
        {"request_character_set": "KLINGON"},
        {"answer_character_set": "KLINGON"},
        {"move_destination": "A" * 17},
    ):
        given = {"name": "x", "host": "h", "port": 104, "called_aet": "A", "calling_aet": "B", **others}
        with pytest.raises(SettingsError) as caught:
            PacsSettings(**given)  # type: ignore[arg-type]
        assert caught.value.code in TEXTS
