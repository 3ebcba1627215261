"""What of a study a manifest names, why the rest is left out, and when a manifest must be replaced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.demo.identity import demo_uid
from gateway.errors import Mismatch
from gateway.kos.build import build
from gateway.kos.choice import choose
from gateway.kos.read import read
from gateway.kos.same import same_content
from gateway.kos.sop_classes import KEY_OBJECT_SELECTION
from gateway.model.codes import Code
from gateway.model.exam import Exam, Instance, KeyObjectNote, Series
from gateway.model.site import ManifestSettings
from tests.support.manifests import CT_IMAGE, ct_exam, key_image_exam, odd_exams, request

PRIVATE = "1.3.12.2.1107.5.9.1"


def classes(exam: Exam) -> list[str]:
    return [instance.sop_class_uid for instance in exam.instances]


def test_everything_that_others_can_use_is_shared_by_default() -> None:
    for exam in odd_exams().values():
        choice = choose(exam, ManifestSettings())
        assert choice.exam is exam
        assert choice.left_out == ()


def test_a_vendor_s_own_class_is_left_out_unless_the_site_wants_it() -> None:
    exam = ct_exam((Series(series_uid="1.2.3", instances=(Instance(PRIVATE, "1.2.4"), Instance(CT_IMAGE, "1.2.5"))),))
    choice = choose(exam, ManifestSettings())
    assert classes(choice.exam) == [CT_IMAGE]
    assert choice.reasons == {"private": 1}
    assert choose(exam, ManifestSettings(private_classes=True)).exam is exam


def test_presentation_states_and_structured_reports_are_a_setting() -> None:
    exam = odd_exams()["sr-pr"]
    choice = choose(exam, ManifestSettings(presentation_states=False, structured_reports=False))
    assert set(classes(choice.exam)) == {CT_IMAGE}
    assert choice.reasons == {"presentation state": 1, "structured report": 1}
    assert len(choice.exam.series) == 1


def test_rejected_instances_and_their_note_are_never_named_and_key_image_notes_always() -> None:
    exam = key_image_exam()
    kept, rejection = exam.notes
    choice = choose(exam, ManifestSettings(structured_reports=False, presentation_states=False))
    named = {instance.sop_instance_uid for instance in choice.exam.instances}
    assert kept.sop_instance_uid in named
    assert rejection.sop_instance_uid not in named
    assert not named & rejection.marked
    assert choice.reasons == {"rejected": 1, "rejection note": 1}


def test_a_note_that_was_not_opened_is_named() -> None:
    exam = replace(key_image_exam(), notes=())
    assert choose(exam, ManifestSettings()).exam is exam


def test_an_older_manifest_in_the_pacs_is_not_part_of_the_study() -> None:
    note = KeyObjectNote(sop_instance_uid="1.2.9", series_uid="1.2.8", title=Code("113030", "DCM", "Manifest"))
    series = Series(series_uid="1.2.8", modality="KO", instances=(Instance(KEY_OBJECT_SELECTION, "1.2.9"),))
    exam = replace(ct_exam((*ct_exam().series, series)), notes=(note,))
    assert choose(exam, ManifestSettings()).reasons == {"manifest": 1}


def test_a_study_of_which_nothing_is_shared_has_no_manifest() -> None:
    exam = ct_exam((Series(series_uid="1.2.3", instances=(Instance(PRIVATE, "1.2.4"),)),))
    with pytest.raises(Mismatch) as caught:
        build(exam, request())
    assert caught.value.code == "manifest_without_instances"


def test_a_manifest_of_the_same_instances_is_not_replaced() -> None:
    manifest = read(build(ct_exam(), request()))
    assert same_content(manifest, ct_exam())
    assert same_content(manifest, replace(ct_exam(), description="Other words", patient_name="OTHER"))
    assert same_content(manifest, ct_exam(tuple(reversed(ct_exam().series))))


def test_a_manifest_is_replaced_when_an_instance_comes_goes_or_moves() -> None:
    manifest = read(build(ct_exam(), request()))
    first, *others = ct_exam().series
    fewer = replace(first, instances=first.instances[1:])
    more = replace(first, instances=(*first.instances, Instance(CT_IMAGE, demo_uid("new"))))
    moved = replace(first, series_uid=demo_uid("moved"))
    for changed in (fewer, more, moved):
        assert not same_content(manifest, ct_exam((changed, *others)))
    assert not same_content(manifest, replace(ct_exam(), study_uid=demo_uid("another")))


def test_a_rejection_replaces_the_manifest() -> None:
    exam = key_image_exam()
    before = read(build(replace(exam, notes=exam.notes[:1]), request()))
    assert not same_content(before, exam)
    assert same_content(read(build(exam, request())), exam)
