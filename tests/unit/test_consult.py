"""What a link opens: every value of a request must fit, masks and registries bind, and nothing tells what exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from gateway.flow.consult import Consulting, LinkUnknown, Refused
from gateway.model.access import Kind, Person
from gateway.model.identifiers import INS_TEST, Identifier
from gateway.model.link import Asked, Led, PatientRequest, StudyRequest
from gateway.model.people import Patient
from gateway.model.rights import ExamFacts, Policy, Right, Standing, Tie
from gateway.model.share import KnownExam

INS = Identifier(INS_TEST, "281112915104759")
ZOE = Patient(
    identifiers=(INS, Identifier("1.2.9", "IPP7")),
    birth_family="KERMARREC-LEFÈVRE",
    birth_given="ZOÉ",
    given_names="ZOÉ ANNE",
    used_family="MARTIN",
    used_given="Zo",
    birth_date="19811109",
    sex="F",
)
ROOT = "1.2.250.1.999.1.2"
PHYSICIAN = Person(subject="s", issuer="i", identifier="p", profession="10", structures=frozenset({"1290"}))
STRANGER = replace(PHYSICIAN, identifier="stranger", structures=frozenset())
NURSE = replace(STRANGER, identifier="nurse", profession="60")
MYSELF = Person(subject="z", issuer="i", kind=Kind.PATIENT, patient=ZOE)
STRICT = Policy(
    matrix=(Right(professions=frozenset({"10"}), documents=frozenset({"*"})),), glass_professions=frozenset({"10"})
)


def exam(number: int, *, report: int = 0, site: str = "nord", root: str = ROOT, **changes: object) -> KnownExam:
    """Study ``1.2.3.<number>`` under accession ``A<number>``, of report *report*, else of the same number."""
    named = report or number
    facts = {"patient": ZOE, "type_code": "18748-4", "structures": frozenset({"1290"}), **changes.pop("facts", {})}  # type: ignore[dict-item]
    whole = KnownExam(
        report_id=f"report-{named}",
        site=site,
        study_uid=f"1.2.3.{number}",
        accession=Identifier(root, f"A{number}"),
        report=Identifier(f"1.2.250.1.999.8.{named}"),
        patient_cx=INS.cx(),
        facts=ExamFacts(**facts),  # type: ignore[arg-type]
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


@dataclass
class Known:
    """gateway.flow.ports.Exams that answers with all it holds: what does not fit must be left out by the story."""

    held: list[Led] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def led(self, asked: Asked) -> Sequence[Led]:
        self.asked.append(asked)
        return self.held


def consulting(*exams: KnownExam | Led, **options: object) -> Consulting:
    held = [one if isinstance(one, Led) else Led(one, (one,)) for one in exams]
    return Consulting(exams=Known(held), **options)  # type: ignore[arg-type]


def national(*numbers: int, **changes: object) -> StudyRequest:
    """What the link of the report of these studies says."""
    whole = StudyRequest(
        study_uids=tuple(f"1.2.3.{number}" for number in numbers),
        accessions=tuple(f"{ROOT}.A{number}" for number in numbers),
        report=f"1.2.250.1.999.8.{numbers[0]}",
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def of(found: Sequence[object]) -> list[tuple[str, str]]:
    return [(one.exam.study_uid, one.exam.report_id) for one in found]  # type: ignore[attr-defined]


# .. the link of a report


def test_the_three_values_of_a_report_open_its_study_and_no_other() -> None:
    story = consulting(exam(1), exam(2), exam(1, report=9))
    found = story.study(national(1), STRANGER)
    assert of(found) == [("1.2.3.1", "report-1")]
    assert found[0].tie is Tie.REPORT
    assert story.exams.asked == [Asked(studies=("1.2.3.1",), accessions=(f"{ROOT}.A1",))]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "changes",
    [
        {"study_uids": ("1.2.3.2",)},
        {"accessions": (f"{ROOT}.A2",)},
        {"accessions": ("A2",)},
        {"accessions": (f"{ROOT}.A1", f"{ROOT}.A2")},
        {"accessions": (f"{ROOT}.A1", f"{ROOT}.B9")},
        {"study_uids": ("1.2.3.1", "1.2.3.2")},
        {"study_uids": ("1.2.3.1", "1.2.3.9")},
        {"report": "1.2.250.1.999.8.2"},
        {"report": "1.2.250.1.999.8"},
    ],
)
def test_values_that_do_not_stand_together_in_one_report_open_nothing(changes: dict[str, object]) -> None:
    story = consulting(exam(1), exam(2))
    assert story.study(national(1), STRANGER)
    with pytest.raises(LinkUnknown) as unknown:
        story.study(national(1, **changes), PHYSICIAN)
    assert unknown.value.http_status == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"study_uids": ("1.2.3.1",)},
        {"accessions": (f"{ROOT}.A1",)},
        {"study_uids": ("1.2.3.1",), "accessions": (f"{ROOT}.A2",)},
    ],
)
def test_studies_and_numbers_of_one_report_must_belong_together_too(changes: dict[str, object]) -> None:
    story = consulting(exam(1), exam(2, report=1))
    assert len(story.study(national(1, 2), STRANGER)) == 2
    with pytest.raises(LinkUnknown):
        story.study(national(1, 2, **changes), PHYSICIAN)


def test_several_studies_of_one_report_open_in_the_order_asked_each_once() -> None:
    story = consulting(exam(1), exam(2, report=1), exam(2, report=1))
    wanted = national(2, 1, report="1.2.250.1.999.8.1")
    assert of(story.study(wanted, STRANGER)) == [("1.2.3.2", "report-1"), ("1.2.3.1", "report-1")]


def test_all_of_several_studies_are_opened_or_none() -> None:
    story = consulting(exam(1), exam(2, report=1, masked=frozenset({"MASQUE_PS"})))
    with pytest.raises(LinkUnknown):
        story.study(national(1, 2), PHYSICIAN)


def test_one_study_of_two_sites_is_two_studies() -> None:
    story = consulting(Led(exam(1), (exam(1), exam(1, site="sud"))))
    assert [one.exam.site for one in story.study(national(1), STRANGER)] == ["nord", "sud"]


def test_a_report_that_was_replaced_opens_the_version_that_holds_and_a_withdrawn_one_nothing() -> None:
    story = consulting(Led(exam(1), (exam(1, report=7),)))
    assert of(story.study(national(1), STRANGER)) == [("1.2.3.1", "report-7")]
    with pytest.raises(LinkUnknown):
        consulting(Led(exam(1), ())).study(national(1), PHYSICIAN)


def test_a_version_that_is_closed_in_part_opens_nothing() -> None:
    story = consulting(Led(exam(1), (exam(1), exam(2, masked=frozenset({"MASQUE_PS"})))))
    with pytest.raises(LinkUnknown):
        story.study(national(1), STRANGER)


def test_of_several_reports_on_one_study_the_first_that_may_be_seen_opens() -> None:
    masked = exam(1, report=8, masked=frozenset({"MASQUE_PS"}))
    story = consulting(masked, exam(1), exam(1, report=9))
    assert of(story.study(StudyRequest(study_uids=("1.2.3.1",)), PHYSICIAN)) == [("1.2.3.1", "report-1")]


def test_a_refusal_is_explained_to_who_holds_the_report_and_to_nobody_else() -> None:
    story = consulting(exam(1), policy=STRICT)
    with pytest.raises(Refused) as refused:
        story.study(national(1), NURSE)
    assert (refused.value.code, refused.value.breakable) == ("rights_matrix", False)
    with pytest.raises(LinkUnknown):
        story.study(StudyRequest(study_uids=("1.2.3.1",)), NURSE)


def test_break_glass_opens_what_no_tie_does_and_no_mask() -> None:
    story = consulting(exam(1), exam(2, masked=frozenset({"MASQUE_PS"})), policy=STRICT)
    alone = StudyRequest(study_uids=("1.2.3.1",))
    with pytest.raises(LinkUnknown):
        story.study(alone, STRANGER)
    assert story.study(alone, STRANGER, broken_glass=True)[0].tie is Tie.GLASS
    with pytest.raises(LinkUnknown):
        story.study(StudyRequest(study_uids=("1.2.3.2",)), STRANGER, broken_glass=True)
    with pytest.raises(LinkUnknown):
        story.study(alone, NURSE, broken_glass=True)


@pytest.mark.parametrize(
    ("person", "may"),
    [
        (PHYSICIAN, True),
        (NURSE, False),
        (replace(PHYSICIAN, profession=""), False),
        (replace(PHYSICIAN, kind=Kind.SYSTEM), False),
        (replace(PHYSICIAN, kind=Kind.PATIENT), False),
    ],
)
def test_who_may_break_the_glass(person: Person, may: bool) -> None:
    assert consulting(policy=STRICT).may_break(person) is may
    assert consulting(policy=Policy(glass_professions=frozenset({"*"}))).may_break(person) is (
        person.kind is Kind.PROFESSIONAL and bool(person.profession)
    )


# .. accession numbers without a study


def test_an_accession_number_opens_all_its_studies_each_by_one_report() -> None:
    story = consulting(exam(1), exam(1, report=9), exam(2, accession=Identifier(ROOT, "A1")), exam(3))
    found = story.study(StudyRequest(accessions=("A1",)), PHYSICIAN)
    assert sorted(one.exam.study_uid for one in found) == ["1.2.3.1", "1.2.3.2"]


@pytest.mark.parametrize("other", [{"accession": Identifier("1.9", "A1")}, {"patient_cx": "another"}])
def test_a_number_that_two_have_given_opens_nothing(other: dict[str, object]) -> None:
    changes = {"accession": Identifier(ROOT, "A1"), **other}
    story = consulting(exam(1), exam(2, **changes))
    with pytest.raises(LinkUnknown):
        story.study(StudyRequest(accessions=("A1",)), PHYSICIAN)


def test_every_number_asked_must_be_known() -> None:
    story = consulting(exam(1), exam(2))
    assert len(story.study(StudyRequest(accessions=("A1", "A2")), PHYSICIAN)) == 2
    with pytest.raises(LinkUnknown):
        story.study(StudyRequest(accessions=("A1", "A9")), PHYSICIAN)


# .. what the registries say


def test_what_no_registry_offers_any_more_is_closed() -> None:
    story = consulting(exam(1), standing=lambda _: Standing(offered=False))
    with pytest.raises(LinkUnknown):
        story.study(national(1), PHYSICIAN)


def test_a_mask_that_a_registry_has_set_binds_as_the_reports_own() -> None:
    masks = frozenset({"MASQUE_PS"})
    story = consulting(exam(1, authors=frozenset({"author"})), standing=lambda _: Standing(masks=masks))
    with pytest.raises(LinkUnknown):
        story.study(national(1), PHYSICIAN)
    with pytest.raises(LinkUnknown):
        story.study(national(1), PHYSICIAN, broken_glass=True)
    assert story.study(national(1), MYSELF)
    assert story.study(national(1), replace(PHYSICIAN, identifier="author"))


def test_the_registries_masks_do_not_take_the_reports_own_away() -> None:
    hidden = exam(1, masked=frozenset({"INVISIBLE_PATIENT"}))
    story = consulting(hidden, standing=lambda _: Standing(masks=frozenset({"INVISIBLE_REPRESENTANTS_LEGAUX"})))
    for person in (MYSELF, replace(MYSELF, kind=Kind.REPRESENTATIVE)):
        with pytest.raises(LinkUnknown):
            story.study(national(1), person)


def test_no_registry_is_asked_of_what_is_closed_here() -> None:
    asked: list[str] = []

    def standing(one: KnownExam) -> Standing:
        asked.append(one.report_id)
        return Standing()

    story = consulting(exam(1, masked=frozenset({"MASQUE_PS"})), standing=standing)
    with pytest.raises(LinkUnknown):
        story.study(national(1), PHYSICIAN)
    assert asked == []
    assert consulting(exam(1), standing=standing).study(national(1), PHYSICIAN)
    assert asked == ["report-1"]


# .. a patient's studies

NINE, TEN, ELEVEN = (datetime(2026, 3, 12, hour, tzinfo=UTC) for hour in (9, 10, 11))


def patients(**limits: object) -> PatientRequest:
    return PatientRequest(patient=INS, **limits)  # type: ignore[arg-type]


def dated(number: int, began: datetime | None, *modalities: str, **changes: object) -> KnownExam:
    facts = {"started_at": began, "modalities": frozenset(modalities)}
    return exam(number, facts=facts, **changes)


def test_a_patients_studies_come_the_latest_first_those_without_a_date_last() -> None:
    story = consulting(dated(1, NINE), dated(2, None), dated(3, ELEVEN), dated(4, TEN))
    found = story.patient(patients(), PHYSICIAN)
    assert [study for study, _ in of(found)] == ["1.2.3.3", "1.2.3.4", "1.2.3.1", "1.2.3.2"]
    assert {one.tie for one in found} == {Tie.STRUCTURE}
    assert [study for study, _ in of(story.patient(patients(most_recent=2), PHYSICIAN))] == ["1.2.3.3", "1.2.3.4"]
    assert story.exams.asked[0] == Asked(patients=(INS,))  # type: ignore[attr-defined]


def test_a_namespace_stands_for_its_oid() -> None:
    story = consulting(dated(1, NINE), authorities={"IPP-NORD": "1.2.9"})
    story.patient(PatientRequest(patient=Identifier("IPP-NORD", "IPP7")), PHYSICIAN)
    assert story.exams.asked == [Asked(patients=(Identifier("1.2.9", "IPP7"),))]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("limits", "studies"),
    [
        ({"lower": TEN}, {"2", "3", "4"}),
        ({"upper": TEN}, {"1", "2", "4"}),
        ({"lower": TEN, "upper": TEN}, {"2", "4"}),
        ({"modalities": frozenset({"CT"})}, {"1", "3", "4"}),
        ({"modalities": frozenset({"US", "MR"})}, {"2", "4"}),
    ],
)
def test_limits_leave_out_what_is_stated_otherwise_and_nothing_that_is_not_stated(
    limits: dict[str, object], studies: set[str]
) -> None:
    story = consulting(dated(1, NINE, "CT"), dated(2, TEN, "MR", "PT"), dated(3, ELEVEN, "CT"), dated(4, None))
    assert {study[-1] for study, _ in of(story.patient(patients(**limits), PHYSICIAN))} == studies


@pytest.mark.parametrize(
    "stated",
    [
        {"family": "Kermarrec Lefevre"},
        {"family": "martin"},
        {"given": "zoe"},
        {"given": "Anne"},
        {"given": "ZO"},
        {"birth_date": "19811109"},
        {"family": "Martin", "given": "Zoé", "birth_date": "19811109"},
    ],
)
def test_what_is_said_of_the_patient_may_be_any_name_they_bear(stated: dict[str, str]) -> None:
    assert consulting(exam(1)).patient(patients(**stated), PHYSICIAN)


@pytest.mark.parametrize(
    "stated", [{"family": "Abgrall"}, {"given": "Marie"}, {"birth_date": "19811110"}, {"family": "Zoé"}]
)
def test_one_contradiction_leaves_the_study_out(stated: dict[str, str]) -> None:
    whole = {"family": "Martin", "given": "Zoé", "birth_date": "19811109", **stated}
    with pytest.raises(LinkUnknown):
        consulting(exam(1)).patient(patients(**whole), PHYSICIAN)


def test_a_report_that_names_nobody_contradicts_nothing() -> None:
    nameless = exam(1, facts={"patient": Patient(identifiers=(INS,))})
    assert consulting(nameless).patient(patients(family="X", given="Y", birth_date="19000101"), PHYSICIAN)


def test_of_a_patients_studies_those_that_may_not_be_seen_are_not_there() -> None:
    story = consulting(exam(1, masked=frozenset({"MASQUE_PS"})), exam(2), Led(exam(3), ()), policy=STRICT)
    assert of(story.patient(patients(), PHYSICIAN)) == [("1.2.3.2", "report-2")]
    with pytest.raises(LinkUnknown):
        story.patient(patients(), STRANGER)
    broken = story.patient(patients(), STRANGER, broken_glass=True)
    assert [(one.exam.study_uid, one.tie) for one in broken] == [("1.2.3.2", Tie.GLASS)]
    with pytest.raises(LinkUnknown):
        consulting().patient(patients(), PHYSICIAN)


def test_a_study_of_two_reports_is_there_once_and_one_of_two_sites_twice() -> None:
    story = consulting(exam(1), exam(1, report=9), exam(1, site="sud"))
    assert sorted(one.exam.site for one in story.patient(patients(), PHYSICIAN)) == ["nord", "sud"]


def test_who_holds_a_report_is_told_why_although_another_report_is_masked() -> None:
    """Two reports name the study under the same number and id; of one nothing may be told."""
    closed = exam(1, masked=frozenset({"MASQUE_PS"}))
    for held in ((exam(1), closed), (closed, exam(1))):
        with pytest.raises(Refused) as refused:
            consulting(*held, policy=STRICT).study(national(1), NURSE)
        assert (refused.value.code, refused.value.breakable) == ("rights_matrix", False)
    with pytest.raises(LinkUnknown) as unknown:
        consulting(closed, policy=STRICT).study(national(1), NURSE)
    assert (unknown.value.code, unknown.value.http_status) == ("link_unknown", 404)


def test_the_report_is_held_by_who_has_all_three_values() -> None:
    whole = national(1)
    assert whole.holds_report
    for missing in ({"study_uids": ()}, {"accessions": ()}, {"report": ""}):
        assert not replace(whole, **missing).holds_report  # type: ignore[arg-type]


# .. studies that are shown together

ABGRALL = replace(
    ZOE, identifiers=(Identifier(INS_TEST, "255069999999934"),), birth_family="ABGRALL", birth_date="19550612"
)


def test_the_studies_of_two_patients_are_not_opened_together() -> None:
    """They would stand under the name of the first."""
    story = consulting(exam(1), exam(2), exam(3, patient_cx=ABGRALL.identifiers[0].cx(), facts={"patient": ABGRALL}))
    for wanted in (StudyRequest(study_uids=("1.2.3.1", "1.2.3.3")), StudyRequest(accessions=("A2", "A1", "A3"))):
        for broken_glass in (False, True):
            with pytest.raises(LinkUnknown):
                story.study(wanted, PHYSICIAN, broken_glass=broken_glass)
    assert len(story.study(StudyRequest(study_uids=("1.2.3.1", "1.2.3.2")), PHYSICIAN)) == 2
    assert story.study(StudyRequest(study_uids=("1.2.3.3",)), PHYSICIAN)


def test_one_patient_whom_two_sites_know_by_other_numbers_is_one() -> None:
    story = consulting(exam(1), exam(2, patient_cx="IPP7^^^&1.2.9&ISO^PI"))
    assert len(story.study(StudyRequest(study_uids=("1.2.3.1", "1.2.3.2")), PHYSICIAN)) == 2


def test_reports_that_say_nothing_of_their_patient_but_the_number_are_held_together_by_it() -> None:
    bare = {"facts": {"patient": Patient(identifiers=())}, "patient_cx": "IPP7^^^&1.2.9&ISO^PI"}
    story = consulting(exam(1, **bare), exam(2, **bare), exam(3, **{**bare, "patient_cx": "IPP8^^^&1.2.9&ISO^PI"}))
    assert len(story.study(StudyRequest(study_uids=("1.2.3.1", "1.2.3.2")), PHYSICIAN)) == 2
    with pytest.raises(LinkUnknown):
        story.study(StudyRequest(study_uids=("1.2.3.1", "1.2.3.3")), PHYSICIAN)


def test_of_several_numbers_all_open_or_none() -> None:
    """The second has been given by two issuers, which the link does not tell apart."""
    story = consulting(exam(1), exam(2), exam(2, root="1.2.250.1.999.77", report=9))
    for numbers in (("A1", "A2"), ("A2", "A1"), ("A1", "A7")):
        with pytest.raises(LinkUnknown):
            story.study(StudyRequest(accessions=numbers), PHYSICIAN)
    assert len(story.study(StudyRequest(accessions=("A1", f"{ROOT}.A2")), PHYSICIAN)) == 2


# .. images that are open already


def test_what_is_open_stays_open_while_every_one_of_its_reports_holds() -> None:
    story = consulting(exam(1), exam(2), exam(3, masked=frozenset({"MASQUE_PS"})), Led(exam(4), ()))
    one, two, masked, gone = ((f"report-{number}", f"1.2.3.{number}") for number in (1, 2, 3, 4))
    assert story.still(STRANGER, [one, two, one])
    assert story.exams.asked[0].studies in (("1.2.3.1", "1.2.3.2"), ("1.2.3.2", "1.2.3.1"))  # type: ignore[attr-defined]
    assert not story.still(STRANGER, [one, masked])
    assert not story.still(STRANGER, [gone])
    assert not story.still(STRANGER, [("report-1", "1.2.3.2")])
    assert not story.still(STRANGER, [("report-9", "1.2.3.9")])
    assert story.still(STRANGER, [])


def test_a_study_that_the_new_version_of_the_report_no_longer_names_is_closed() -> None:
    """The report was on the wrong examination; the one that it is on now is opened by its link, not by the old page."""
    story = consulting(Led(exam(1), (exam(2, report=1),)), Led(exam(3), (exam(3, report=9), exam(4, report=9))))
    assert not story.still(STRANGER, [("report-1", "1.2.3.1")])
    assert story.still(STRANGER, [("report-3", "1.2.3.3")])


def test_what_break_glass_opened_stays_open_and_for_nobody_else() -> None:
    story = consulting(exam(1), policy=STRICT)
    assert story.still(STRANGER, [("report-1", "1.2.3.1")])
    assert not story.still(replace(MYSELF, patient=replace(ZOE, identifiers=())), [("report-1", "1.2.3.1")])
    assert story.still(MYSELF, [("report-1", "1.2.3.1")])
