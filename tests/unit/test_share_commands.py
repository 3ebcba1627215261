"""``gateway share list | show | replay | abandon | withdraw``, ``gateway replay`` and ``gateway top``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import app
from gateway.errors import InputRejected
from gateway.flow.states import Happening
from gateway.model.share import Deed, ShareState
from gateway.store.blobs import FileBlobs
from gateway.texts.seeing import happening
from tests.support.store import Stage, accept, accepted, claimed, frozen, keep, report, share, stage

HELD = {"state": ShareState.HELD, "reason": "patient_differs", "facts": {"report": "1", "pacs": "2"}}

OTHER = {**HELD, "reason": "sex_differs"}


@dataclass
class Desk:
    """A store and the commands on it."""

    on: Stage
    config: Path

    def run(self, *arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(app, [*arguments, "--config", str(self.config)], input=typed or None)

    def told(self, *arguments: str, typed: str = "") -> list[dict[str, object]]:
        result = self.run(*arguments, "--json", typed=typed)
        assert result.exit_code in (0, 2), result.output
        found: list[dict[str, object]] = json.loads(result.stdout)
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    url = f"sqlite:///{tmp_path}/gateway.db"
    config = tmp_path / "gateway.toml"
    config.write_text(f'[store]\nurl = "{url}"\nblobs = "{tmp_path}/blobs"\n', encoding="utf-8")
    FileBlobs(tmp_path / "blobs")  # as the gateway left it: a store in use is not opened without its documents
    with stage(url) as on:
        yield Desk(on, config)


def test_the_list_says_why_one_is_held_and_is_cut_by_what_is_known(desk: Desk) -> None:
    held, waiting = keep(desk.on.store, **HELD), keep(desk.on.store)
    out = desk.run("share", "list", "--lang", "fr").stdout
    assert held.id in out
    assert "n'est pas celui" in out
    assert [one["share"] for one in desk.told("share", "list")] == [waiting.id, held.id]
    for cut in (("--state", "held"), ("--state", "held", "--accession", "a1"), ("--state", "held", "--patient", "42")):
        assert [one["share"] for one in desk.told("share", "list", *cut)] == [held.id]
    assert [one["share"] for one in desk.told("share", "list", "--patient", "-", typed="42\n")] == [waiting.id, held.id]
    assert desk.told("share", "list", "--patient", "43") == []
    assert desk.told("share", "list", "--until", "2026-03-03") == []
    assert len(desk.told("share", "list", "--since", "2026-03-04", "--until", "2026-03-04")) == 2
    assert desk.told("share", "list", "--modality", "ct") == []


def test_the_list_has_pages(desk: Desk) -> None:
    shares = [keep(desk.on.store) for _ in range(5)]
    first = desk.run("share", "list", "--limit", "3")
    assert first.stdout.count("share-") == 3
    before = first.stderr.split("--before ")[1].strip()
    rest = desk.told("share", "list", "--limit", "3", "--before", before)
    assert [one["share"] for one in rest] == [shares[1].id, shares[0].id]


def test_the_forms_of_the_first_version_still_work(desk: Desk) -> None:
    held = keep(desk.on.store, **HELD)
    assert [one["share"] for one in desk.told("share", "--state", "held")] == [held.id]
    assert held.id in desk.run("share").stdout
    done = desk.run("replay", held.id)
    assert done.stdout.split() == [held.id, "waiting"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--state", "lost"), "share_filter_state"), (("--since", "03/04/2026"), "share_filter_date")],
)
def test_a_filter_that_makes_no_sense_is_named(desk: Desk, arguments: tuple[str, ...], code: str) -> None:
    result = desk.run("share", "list", *arguments)
    assert isinstance(result.exception, InputRejected)
    assert result.exception.code == code


def test_a_share_is_shown_with_everything_that_happened(desk: Desk) -> None:
    one = keep(desk.on.store)
    moved = replace(claimed(desk.on.store), state=ShareState.FROZEN, happening="FROZEN")
    desk.on.store.freeze(moved, frozen(), [], [], [])
    out = desk.run("share", "show", one.id, "--lang", "fr").stdout
    for part in ("Compte rendu reçu", "documents et métadonnées fixés", "manifest", "RIS|NORD"):
        assert part in out, out
    told = json.loads(desk.run("share", "show", one.id, "--json").stdout)
    assert [step["happening"] for step in told["steps"]] == ["", "FROZEN"]
    assert [each["kind"] for each in told["documents"]] == ["report", "manifest"]
    assert desk.run("share", "show", one.id, "--metadata").stdout.startswith("<lcm:SubmitObjectsRequest>")
    lost = desk.run("share", "show", one.id, "--manifest")
    assert lost.exit_code == 0, "a document whose bytes are gone is told, not fallen over"
    unknown = desk.run("share", "show", "nobody")
    assert isinstance(unknown.exception, InputRejected)


def test_a_hostile_reason_is_shown_not_obeyed(desk: Desk) -> None:
    one = keep(
        desk.on.store,
        state=ShareState.HELD,
        reason="registry_refused",
        facts={"words": "\x1b[2Jno", "destination": "d"},
    )
    out = desk.run("share", "show", one.id).stdout
    assert "\x1b" not in out
    assert "no" in out
    assert "\x1b" not in desk.run("share", "list").stdout


def test_shares_are_taken_up_and_given_up_each_by_itself(desk: Desk) -> None:
    first, second, waiting = keep(desk.on.store, **HELD), keep(desk.on.store, **HELD), keep(desk.on.store)
    done = desk.told("share", "replay", first.id, waiting.id)
    assert done[0] == {"share": first.id, "state": "waiting"}
    assert done[1]["error"] == "share_not_held"
    assert desk.run("share", "replay", "nobody").exit_code == 2
    assert desk.told("share", "abandon", second.id, "--reason", "sent twice") == [
        {"share": second.id, "state": "abandoned"}
    ]
    assert desk.run("share", "abandon", second.id).exit_code == 2, "never without a reason"
    actors = {step["actor"] for step in json.loads(desk.run("share", "show", second.id, "--json").stdout)["steps"]}
    assert any(str(actor).startswith("command line (") for actor in actors)


def test_every_share_that_is_held_for_one_reason_is_taken_up(desk: Desk) -> None:
    first, second, other = keep(desk.on.store, **HELD), keep(desk.on.store, **HELD), keep(desk.on.store, **OTHER)
    done = desk.told("share", "replay", "--held-for", "patient_differs")
    assert [one["share"] for one in done] == [first.id, second.id], "what came first goes first"
    assert [one["share"] for one in desk.told("share", "list", "--state", "held")] == [other.id]
    assert desk.told("share", "replay", "--held-for", "patient_differs") == []


def test_what_was_published_is_withdrawn_by_a_share_of_its_own(desk: Desk) -> None:
    of = accepted(report(number="CR-W"))
    one = share(of, state=ShareState.SHARED, registered_at=of.received_at)
    accept(desk.on.store, of, [one], [])
    (told,) = desk.told("share", "withdraw", one.id)
    assert told["share"] == one.id
    by = str(told["by"])
    (listed,) = [each for each in desk.told("share", "list") if each["share"] == by]
    assert listed["deed"] == "withdraw"


def test_the_day_is_seen_once_as_a_picture_and_as_json(desk: Desk) -> None:
    now = datetime.now(UTC)
    of = accepted(received_at=now)
    failing = {"state": ShareState.SENDING, "attempts": 2, "reason": "registry_unreachable", "destination": "region"}
    accept(desk.on.store, of, [share(of, **failing), share(of, **HELD)], [])  # type: ignore[arg-type]
    out = desk.run("top", "--once").stdout
    for part in ("received today 1", "patient_differs", "region", "Not answering"):
        assert part in out, out
    told = json.loads(desk.run("top", "--json").stdout)
    assert told["states"]["held"] == 1
    assert told["held"][0]["what_to_do"]
    assert told["not_answering"][0]["peer"] == "destination"
    assert "A1" not in json.dumps(told), "no accession number in what is watched"


def test_everything_that_can_happen_has_its_words_in_both_languages() -> None:
    for each in Happening:
        assert happening(each.name, "fr") != happening(each.name, "en") != each.name.replace("_", " ").lower()
    for deed in Deed:
        assert happening("", "fr", deed.value)
    assert happening("SOMETHING_LATER", "fr") == "something later"
