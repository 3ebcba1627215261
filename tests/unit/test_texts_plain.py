"""What others wrote, where control characters would be obeyed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.texts.plain import is_writing, shown
from gateway.web.relay_form.fields import AntecedentForm

FRENCH = "Antécédent\u00a0: «\u202fallergie\u202f» à l'iode, 2\u00a0mg"


@given(st.text())
def test_what_is_shown_moves_no_cursor_and_stands_in_any_xml(text: str) -> None:
    told = shown(text)
    assert told.isprintable()
    assert len(told) == len(text)
    etree.Element("a").text = told
    told.encode()


def test_the_spaces_of_french_are_spaces_and_an_escape_is_lost() -> None:
    assert shown(FRENCH) == "Antécédent : « allergie » à l'iode, 2 mg"
    assert shown("a\x1b[2Jb\n") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}"


def test_a_person_may_write_french_on_several_lines() -> None:
    assert is_writing(f"{FRENCH}\r\n\tsuite \N{SOFT HYPHEN}")
    assert AntecedentForm(text=FRENCH).text == FRENCH


@pytest.mark.parametrize("bad", ["\x00", "\x1b[2J", "\x7f", "\x85", "\ud800"])
def test_control_characters_and_half_pairs_are_no_writing(bad: str) -> None:
    assert not is_writing(f"mots {bad}")
