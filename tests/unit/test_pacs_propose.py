"""What a probe proposes, from what it has found out."""

from __future__ import annotations

import pytest

from gateway.dicom.probing.propose import proposed
from gateway.dicom.probing.traits import Trait
from gateway.dicom.settings import PacsSettings

SETTINGS = PacsSettings(
    name="p",
    host="h",
    port=104,
    called_aet="P",
    calling_aet="G",
    move_destination="G",
    dicomweb_url="https://pacs.example/dicom-web",
)


def asked(**holds: bool | None) -> dict[str, Trait]:
    """A PACS that can do everything but what is said."""
    names = ("c-echo", "image-level", "image.SOPClassUID", "relational-image-query", "c-get", "c-move")
    every = (*names, "qido-rs", "wado-rs", "character-set", "counts-agree")
    told: dict[str, bool | None] = dict.fromkeys(every, True)
    told |= {name.replace("__", "-"): value for name, value in holds.items()}
    return {name: Trait(name, value, took_ms=100.0) for name, value in told.items()}


def test_who_does_not_answer_is_proposed_nothing_for() -> None:
    assert proposed(SETTINGS, {}) == ()
    assert proposed(SETTINGS, asked(c__echo=False)) == ()


@pytest.mark.parametrize(
    ("find_ms", "web_ms", "query"),
    [(100.0, 90.0, "c-find"), (1_000.0, 100.0, "qido-rs"), (40.0, 10.0, "c-find"), (1_000.0, 900.0, "c-find")],
)
def test_a_query_is_proposed_for_its_speed_when_that_is_to_be_noticed(
    find_ms: float, web_ms: float, query: str
) -> None:
    traits = asked()
    traits["relational-image-query"] = Trait("relational-image-query", True, took_ms=find_ms)
    traits["qido-rs"] = Trait("qido-rs", True, took_ms=web_ms)
    assert f'query = "{query}"' in proposed(SETTINGS, traits)


@pytest.mark.parametrize("lacking", ["image__level", "image.SOPClassUID"])
def test_the_query_that_tells_everything_is_proposed_whatever_it_takes(lacking: str) -> None:
    lines = proposed(SETTINGS, asked(**{lacking: False}))
    assert lines[0] == 'query = "qido-rs"'
    assert 'dicomweb_url = "https://pacs.example/dicom-web"' in lines


def test_the_ways_are_proposed_in_the_order_of_their_speed() -> None:
    assert 'upstream = "dicomweb"' in proposed(SETTINGS, asked())
    assert 'upstream = "c-get"' in proposed(SETTINGS, asked(wado__rs=None))
    moving = proposed(SETTINGS, asked(wado__rs=None, c__get=False))
    assert {'upstream = "c-move"', 'move_destination = "G"'} <= set(moving)
    none = proposed(SETTINGS, asked(wado__rs=None, c__get=False, c__move=False))
    assert "open_notes = false" in none
    assert not any(line.startswith("upstream") for line in none)


def test_what_a_pacs_gets_wrong_is_set_aside() -> None:
    lines = proposed(SETTINGS, asked(counts__agree=False, character__set=False, relational__image__query=False))
    assert {"count_instances = false", 'relational = "no"'} <= set(lines)
    assert lines[-1].startswith("answer_character_set = ")
