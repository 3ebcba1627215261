"""What the link of a report opens as its life goes on: replaced, withdrawn, masked anew; with the real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.demo.identity import CT, PATIENT, RADIOLOGIST
from gateway.flow.consult import Consulting, LinkUnknown
from gateway.flow.events import New, Replace
from gateway.model.access import Kind, Person
from gateway.model.link import Asked, StudyRequest
from gateway.model.report import Statements
from gateway.store.exams import SqlExams
from gateway.store.schema import REPORTS
from tests.fakes.world import World, received, world
from tests.unit.test_life import V, delete, send, settle, version

PHYSICIAN = Person(subject="s", issuer="i", identifier="someone", profession="10")
MYSELF = Person(subject="p", issuer="i", kind=Kind.PATIENT, patient=PATIENT)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def opens(here: World, number: int, person: Person = PHYSICIAN) -> str:
    """The version that the link of version *number* opens for *person*; nothing when it opens none."""
    store = here.store
    links = Consulting(exams=SqlExams(store._engine, store._writer))
    request = StudyRequest(
        study_uids=(CT.study_uid,), accessions=(CT.accession.dotted,), report=V[number - 1].unique_id
    )
    try:
        (opened,) = links.study(request, person)
    except LinkUnknown:
        return ""
    return f"v{V.index(opened.exam.report) + 1}"


def test_the_link_of_a_replaced_report_opens_the_version_that_holds(here: World) -> None:
    send(here, 1)
    assert opens(here, 1) == "v1", "from the acceptance on"
    settle(here)
    send(here, 2)
    settle(here)
    send(here, 3)
    settle(here)
    assert [opens(here, number) for number in (1, 2, 3)] == ["v3"] * 3
    assert opens(here, 1, MYSELF) == "v3"


def test_a_version_that_came_late_does_not_take_the_place_of_the_newer_one(here: World) -> None:
    send(here, 2)
    send(here, 1)
    settle(here, days=1)
    assert [opens(here, number) for number in (1, 2)] == ["v2"] * 2


def test_the_link_of_a_withdrawn_report_opens_nothing_from_the_moment_it_is_asked(here: World) -> None:
    send(here, 1)
    settle(here)
    assert opens(here, 1) == "v1"
    delete(here, 1)
    assert opens(here, 1) == ""
    settle(here)
    assert [opens(here, 1, person) for person in (PHYSICIAN, MYSELF)] == ["", ""]


def test_the_last_version_withdrawn_closes_every_link(here: World) -> None:
    send(here, 1)
    settle(here)
    send(here, 2)
    settle(here)
    delete(here, 2)
    settle(here)
    assert [opens(here, number) for number in (1, 2)] == ["", ""]


def test_a_mask_that_comes_with_a_new_version_binds_the_link_of_the_old_one(here: World) -> None:
    send(here, 1)
    settle(here)
    masked = Statements(masked=frozenset({"MASQUE_PS", "INVISIBLE_PATIENT"}))
    here.accepting.accept(Replace(replace(received(version(2)), statements=masked), None))
    assert [opens(here, 1, person) for person in (PHYSICIAN, MYSELF)] == ["", ""]
    author = RADIOLOGIST.identifiers[0].extension or ""
    assert opens(here, 1, replace(PHYSICIAN, identifier=author)) == "v2"


def test_what_rights_depend_on_is_kept_with_the_report(here: World) -> None:
    here.accepting.accept(New(received(version(1))))
    (led,) = [
        one
        for one in SqlExams(here.store._engine, here.store._writer).led(Asked(studies=(CT.study_uid,)))
        if one.current
    ]
    facts = led.asked.facts
    assert facts.patient.ins == PATIENT.ins
    assert (facts.patient.birth_family, facts.patient.birth_date) == (PATIENT.birth_family, PATIENT.birth_date)
    assert facts.type_code == "18748-4"
    assert "1290099993" in facts.structures
    assert "810999000028" in facts.addressees, "who asked for the examination"
    assert facts.started_at == CT.started_at
    assert facts.modalities == {"CT"}
    with here.store._engine.connect() as connection:
        assert connection.execute(select(REPORTS.c.id)).scalars().all() == [led.asked.report_id]
