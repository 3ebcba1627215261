"""The one gate of WADO-RS and RAD-69: who must name a manifest, what is told to whom, what of the study is given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.errors import PeerUnreachable
from gateway.model.access import Kind, Person
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.exam import Exam, Instance, Series
from gateway.model.identifiers import Identifier
from gateway.model.rights import Door, Policy, Right
from gateway.model.share import SharedStudy
from gateway.web.door_settings import ImageDoors
from gateway.web.doors import gate as module
from gateway.web.doors.gate import Gate, Seen, Wrong
from tests.support.web import ACCESSION, PATIENT, RADIOLOGIST, STUDY, known

CT = "1.2.840.10008.5.1.4.1.1.2"
MANIFEST, OTHER_MANIFEST = "1.2.9.1", "1.2.9.2"
PHYSICIAN = Person(subject="s", issuer="i", identifier="899700000099", profession="10")
AUTHOR = replace(PHYSICIAN, identifier=RADIOLOGIST.identifier)
NURSE = replace(PHYSICIAN, identifier="899700000098", profession="60")
SYSTEM = Person(subject="box", issuer="", name="box", kind=Kind.SYSTEM)
PHYSICIANS = Policy(matrix=(Right(professions=frozenset({"10"}), documents=frozenset({"*"})),))
BY_TOKEN = {"HTTP_AUTHORIZATION": "Bearer x"}
NAMED = {**BY_TOKEN, module.MANIFEST_HEADER: f" {MANIFEST} "}
INS_CX = known().patient_cx


def study(*uids: str, series: str = "1.2.2") -> Exam:
    instances = tuple(Instance(CT, uid, number) for number, uid in enumerate(uids, start=1))
    return Exam(study_uid=STUDY, series=(Series(series_uid=series, modality="CT", instances=instances),))


@dataclass
class World:
    """What the gate asks: what is shared, what the PACS has, what time it is."""

    standing: list[SharedStudy] = field(default_factory=list)
    listed: dict[str, Exam] = field(default_factory=dict)
    pacs: Exam | Exception | None = None
    now_is: datetime = datetime(2026, 3, 12, 9, tzinfo=UTC)
    events: list[AuditEvent] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)

    def study(self, study_uid: str) -> list[SharedStudy]:
        return self.standing if study_uid == STUDY else []

    def listing(self, study_uid: str, manifest: str) -> Exam | None:
        return self.listed.get(manifest)

    def get(self, site: str, study_uid: str, max_age_s: float) -> Any:
        assert (site, study_uid) == ("nord", STUDY)
        self.looks.append(max_age_s)
        if isinstance(self.pacs, Exception):
            raise self.pacs
        return None if self.pacs is None else SimpleNamespace(exam=self.pacs)

    def now(self) -> datetime:
        return self.now_is

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)

    def gate(self, door: Door = Door.WADO_RS, **doors: Any) -> Gate:
        parts: Any = SimpleNamespace(store=self, clock=self)
        exams: Any = self
        return Gate(parts, ImageDoors(shared=self, **doors), parts, exams, door)


def shared(manifest: str = MANIFEST, masked: frozenset[str] = frozenset(), **changes: Any) -> SharedStudy:
    return SharedStudy(exam=replace(known(masked=masked), **changes), manifests=frozenset({manifest}))


@pytest.fixture
def world() -> World:
    whole = study("1.2.2.1", "1.2.2.2")
    return World(standing=[shared()], listed={MANIFEST: whole}, pacs=whole)


def refused(gate: Gate, environ: dict[str, str], person: Person) -> tuple[int, str]:
    with pytest.raises(Wrong) as wrong:
        gate.study(environ, person, STUDY)
    assert str(wrong.value) == wrong.value.code
    return wrong.value.status, wrong.value.code


# .. the manifest


def test_a_person_with_a_token_names_the_manifest_that_they_come_from(world: World) -> None:
    gate = world.gate()
    assert refused(gate, BY_TOKEN, AUTHOR) == (400, "wado_manifest_missing")
    assert refused(gate, {**BY_TOKEN, module.MANIFEST_HEADER: "  "}, AUTHOR) == (400, "wado_manifest_missing")
    assert gate.study(NAMED, AUTHOR, STUDY).site == "nord"
    assert refused(gate, {**BY_TOKEN, module.MANIFEST_HEADER: OTHER_MANIFEST}, AUTHOR) == (404, "wado_unknown")


def test_nobody_else_must_name_one(world: World) -> None:
    """A system answers for its own users, a session is here already, RAD-69 has no place for it, a site may not ask."""
    assert world.gate().study(BY_TOKEN, SYSTEM, STUDY)
    assert world.gate().study({}, AUTHOR, STUDY)
    assert world.gate(Door.RAD_69).study(BY_TOKEN, AUTHOR, STUDY)
    assert world.gate(needs_manifest=False).study(BY_TOKEN, AUTHOR, STUDY)


def test_who_names_the_manifest_holds_the_report_and_who_does_not_needs_another_tie(world: World) -> None:
    assert world.gate(policy=PHYSICIANS).study(NAMED, PHYSICIAN, STUDY)
    for gate, environ in ((world.gate(), {}), (world.gate(Door.RAD_69), BY_TOKEN)):
        assert refused(gate, environ, PHYSICIAN) == (404, "wado_unknown")


def test_what_is_not_shared_is_unknown(world: World) -> None:
    world.standing = []
    assert refused(world.gate(), BY_TOKEN, SYSTEM) == (404, "wado_unknown")
    assert world.events == []


# .. what is told


def test_a_refusal_is_explained_to_who_holds_the_report_and_looks_like_nothing_to_anyone_else(world: World) -> None:
    gate = world.gate(policy=PHYSICIANS)
    assert refused(gate, NAMED, NURSE) == (403, "wado_forbidden")
    assert refused(gate, {}, NURSE) == (404, "wado_unknown")
    assert [(one.outcome, one.facts["reason"], one.facts["door"]) for one in world.events] == [
        (Outcome.MINOR_FAILURE, "rights_matrix", "wado-rs")
    ] * 2
    assert {(one.actor, one.patient, one.study_uid) for one in world.events} == {(NURSE.identifier, INS_CX, STUDY)}


@pytest.mark.parametrize("first_is_masked", [True, False])
def test_where_one_of_several_reports_is_masked_nothing_tells_of_any(world: World, first_is_masked: bool) -> None:
    both = [shared(masked=frozenset({"MASQUE_PS"})), shared()]
    world.standing = both if first_is_masked else both[::-1]
    assert refused(world.gate(policy=PHYSICIANS), NAMED, NURSE) == (404, "wado_unknown")
    assert len(world.events) == 2


def test_the_report_that_the_person_may_see_opens_the_study(world: World) -> None:
    world.standing = [shared(masked=frozenset({"MASQUE_PS"})), shared(patient_cx="that of the second")]
    world.gate().study(NAMED, PHYSICIAN, STUDY)
    assert [(one.outcome, one.patient) for one in world.events] == [
        (Outcome.MINOR_FAILURE, INS_CX),
        (Outcome.SUCCESS, "that of the second"),
    ]


def test_the_trail_has_one_line_of_who_has_fetched_a_study_in_five_minutes(world: World) -> None:
    gate = world.gate()
    for _ in range(3):
        gate.study(NAMED, AUTHOR, STUDY)
    gate.study(BY_TOKEN, SYSTEM, STUDY)
    assert [(one.action, one.actor, one.outcome) for one in world.events] == [
        ("images.retrieved", AUTHOR.identifier, Outcome.SUCCESS),
        ("images.retrieved", "box", Outcome.SUCCESS),
    ]
    world.now_is += timedelta(minutes=5) - timedelta(seconds=1)
    gate.study(NAMED, AUTHOR, STUDY)
    assert len(world.events) == 2
    world.now_is += timedelta(seconds=1)
    gate.study(NAMED, AUTHOR, STUDY)
    assert len(world.events) == 3


def test_what_is_remembered_is_bounded_and_what_is_forgotten_is_said_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 4)
    gate = world.gate()
    people = [replace(AUTHOR, subject=str(number), identifier="") for number in range(9)]
    world.standing = [shared(facts=replace(known().facts, addressees=frozenset()))]
    for person in people:
        gate.study(NAMED, person, STUDY)
        gate.stale(f"1.2.{person.subject}")
        assert len(gate._told) <= 4
        assert len(gate._stale) <= 4
    assert len(world.events) == len(people)
    gate.study(NAMED, people[-1], STUDY)
    assert len(world.events) == len(people)


# .. what of it


def test_what_the_manifest_lists_is_given_and_the_pacs_is_not_asked_before(world: World) -> None:
    world.pacs = PeerUnreachable("pacs_unreachable")
    seen = world.gate().study(NAMED, AUTHOR, STUDY)
    assert seen == Seen("nord", world.listed[MANIFEST])
    assert not seen.partial
    assert world.looks == []


def test_of_several_manifests_the_one_that_is_named_says_what_is_shared(world: World) -> None:
    world.standing = [SharedStudy(exam=known(), manifests=frozenset({MANIFEST, OTHER_MANIFEST}))]
    world.listed[OTHER_MANIFEST] = study("1.2.2.3")
    gate = world.gate()
    named = {**BY_TOKEN, module.MANIFEST_HEADER: OTHER_MANIFEST}
    assert gate.study(named, AUTHOR, STUDY).exam is world.listed[OTHER_MANIFEST]
    assert gate.study(BY_TOKEN, SYSTEM, STUDY).exam is world.listed[MANIFEST]
    del world.listed[MANIFEST]
    assert gate.study(BY_TOKEN, SYSTEM, STUDY).exam is world.listed[OTHER_MANIFEST], "the next that is known"


def test_without_a_list_the_pacs_says_what_there_is(world: World) -> None:
    world.listed.clear()
    assert world.gate().study(NAMED, AUTHOR, STUDY) == Seen("nord", world.pacs)  # type: ignore[arg-type]
    world.pacs = None
    assert refused(world.gate(), NAMED, AUTHOR) == (410, "wado_gone")
    assert [one.outcome for one in world.events] == [Outcome.SUCCESS], "nothing was given the second time"


def test_what_the_pacs_has_lost_is_left_out_for_an_hour_and_what_was_never_shared_is_not_given(world: World) -> None:
    gate = world.gate()
    world.pacs = study("1.2.2.2", "1.2.2.99")
    gate.stale(STUDY)
    gate.stale("1.2.3.4.another")
    seen = gate.study(NAMED, AUTHOR, STUDY)
    assert [one.sop_instance_uid for one in seen.exam.instances] == ["1.2.2.2"]
    assert seen.partial
    world.now_is += timedelta(hours=1) - timedelta(seconds=1)
    assert gate.study(NAMED, AUTHOR, STUDY).partial
    world.now_is += timedelta(seconds=1)
    assert gate.study(NAMED, AUTHOR, STUDY).exam is world.listed[MANIFEST]


def test_a_study_that_is_whole_again_is_not_called_partial(world: World) -> None:
    gate = world.gate()
    gate.stale(STUDY)
    assert not gate.study(NAMED, AUTHOR, STUDY).partial


def test_a_study_of_which_nothing_shared_is_left_is_gone(world: World) -> None:
    gate = world.gate()
    gate.stale(STUDY)
    world.pacs = study("1.2.2.99")
    assert refused(gate, NAMED, AUTHOR) == (410, "wado_gone")
    both = replace(study("1.2.2.1"), series=(*study("1.2.2.99", series="1.2.8").series, *study("1.2.2.1").series))
    world.pacs = both
    assert [one.series_uid for one in gate.study(NAMED, AUTHOR, STUDY).exam.series] == ["1.2.2"]


# .. the national identity


@pytest.mark.parametrize(
    ("patient_cx", "expected"),
    [
        (INS_CX, PATIENT.identifiers[0]),
        ("281112915104759^^^&1.2.250.1.213.1.4.8&ISO", Identifier("1.2.250.1.213.1.4.8", "281112915104759")),
        ("IPP-7^^^&1.2.250.1.999.1.1&ISO^PI", None),
        ("^^^&1.2.250.1.213.1.4.8&ISO^NH", None),
        ("281112915104759", None),
        ("", None),
    ],
)
def test_only_a_national_identity_is_put_into_instances_and_only_where_that_is_set(
    world: World, patient_cx: str, expected: Identifier | None
) -> None:
    world.standing = [shared(patient_cx=patient_cx, accession=ACCESSION)]
    assert world.gate(adds_identity=True).study(NAMED, AUTHOR, STUDY).identity == expected
    assert world.gate().study(NAMED, AUTHOR, STUDY).identity is None
