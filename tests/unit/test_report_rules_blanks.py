"""Codes with a blank too many: the official validator compares them as they are written."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.cda.elements import path
from gateway.cda.rules.blanks import BOOK
from tests.support.report_documents import Change, altered, missed, one, said
from tests.support.rules import ENCOUNTER, PATIENT, at, put

COMMENT, AUTHORISATION, TECHNIQUE, INSTANCE = (f"1.2.250.1.213.1.1.3.{number}" for number in (32, 165, 153, 157))


def _blank(where: str, template: str = "") -> Change:
    def change(root: etree._Element) -> None:
        element = one(root, template, where) if template else at(root, where)
        element.set("code", element.get("code", "") + " ")

    return change


COMPARED = [
    _blank("realmCode"),
    _blank("languageCode"),
    _blank(f"{PATIENT}/administrativeGenderCode"),
    _blank("author/assignedAuthor/code"),
    _blank("legalAuthenticator/signatureCode"),
    _blank("statusCode", COMMENT),
    _blank("participant/participantRole/code", AUTHORISATION),
    _blank("targetSiteCode", TECHNIQUE),
    _blank("component/structuredBody/component/section/code"),
]


def test_every_rule_is_said_of_a_wrong_document() -> None:
    assert missed(BOOK, {"T-CS-2": COMPARED[0]}) == []


@pytest.mark.parametrize("change", COMPARED)
def test_a_code_that_is_compared_has_no_blank_around_it(change: Change) -> None:
    assert said(altered(change), "official")["T-CS-2"] == "error"
    assert "T-CS-2" not in said(altered(change), "spec")


@pytest.mark.parametrize("where", [(TECHNIQUE, "methodCode"), (TECHNIQUE, "code"), (INSTANCE, "code")])
def test_a_code_that_nobody_compares_may_have_one(where: tuple[str, str]) -> None:
    template, steps = where
    assert said(altered(_blank(steps, template)), "official") == {}


@pytest.mark.parametrize("where", ["confidentialityCode", "author/functionCode", f"{ENCOUNTER}/code"])
def test_a_code_that_is_looked_up_word_by_word_may_have_one(where: str) -> None:
    assert said(altered(_blank(where)), "official") == {}


def test_a_blank_inside_a_code_or_in_words_is_another_matter() -> None:
    assert said(altered(put("code", "displayName", "CR d’imagerie médicale ")), "official") == {}
    unnamed = altered(lambda root: next(root.iter(path("title"))).set("language", "fr-FR"))
    assert said(unnamed, "official") == {}
