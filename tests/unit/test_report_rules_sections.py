"""Every rule of sections has a wrong document that shows it in each profile that has it; the good report shows none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from gateway.cda.elements import find, path
from gateway.cda.rules import Profile, judge
from gateway.cda.rules.sections import BOOK
from gateway.cda.rules.sections_table import (
    ACT,
    ASKED,
    BODY,
    BY_TEMPLATE,
    COMMENT,
    CONCLUSION,
    DEVICES,
    DOCUMENTS,
    EDUCATION,
    EXPOSURE,
    HISTORY,
    INFORMATION,
    PRIOR_RESULTS,
    RESULTS,
    SECTIONS,
    Section,
)
from tests.support.report_documents import (
    Change,
    altered,
    below,
    missed,
    one,
    remove,
    repeat,
    said,
    tree,
    with_official_traits,
    with_template,
)

_ENTRY = "1.2.250.1.213.1.1.3."


def _at(template: str, steps: str, change: Callable[[etree._Element], object]) -> Change:
    return lambda root: change(one(root, template, steps))


def _without(template: str, steps: str) -> Change:
    return _at(template, steps, remove)


def _set(template: str, steps: str, name: str, value: str) -> Change:
    return _at(template, steps, lambda element: element.set(name, value))


def _moved(template: str, parent: str) -> Change:
    """The section of *template* into the section of *parent*, or into the body."""

    def change(root: etree._Element) -> None:
        component = one(root, template).getparent()
        target = find(root, "component/structuredBody") if parent == BODY else one(root, parent)
        assert component is not None
        assert target is not None
        target.append(component)

    return change


def _without_template(row: Section) -> Change:
    def change(root: etree._Element) -> None:
        section = one(root, row.french)
        for declared in section.findall(path("templateId")):
            if declared.get("root") == row.templates[-1]:
                remove(declared)

    return change


def _without_parent(root: etree._Element) -> None:
    remove(one(root, EDUCATION).findall(path("templateId"))[0])


def _emptied(row: Section) -> Change:
    def change(root: etree._Element) -> None:
        text = one(root, row.french, "text")
        text.text = None
        for child in list(text):
            remove(child)

    return change


def _counted(row: Section) -> Change:
    """Once more than allowed, or not at all."""

    def change(root: etree._Element) -> None:
        if row.least and (row.most is None or row.key in ("S-2a", "S-2b", "S-3c", "S-8")):
            for section in with_template(root, row.french):
                parent = section.getparent()
                assert parent is not None
                remove(parent)
        else:
            section = one(root, row.french)
            component = section.getparent()
            assert component is not None
            repeat(component)

    return change


_OBSERVATION = '<entry><observation classCode="OBS" moodCode="EVN"><code nullFlavor="NA"/></observation></entry>'


def _of(row: Section) -> dict[str, Change]:
    wrong: dict[str, Change] = {
        "a": _without_parent if row.key == "S-10" else _without_template(row),
        "b": _set(row.french, "code", "code", "00000-0"),
        "c": _without(row.french, "title"),
        "d": lambda root: setattr(one(root, row.french, "title"), "text", "Autre chose"),
        "e": _without(row.french, "text"),
        "f": _emptied(row),
        "g": _counted(row),
        "h": _moved(row.french, ACT if row.parent == BODY and row.french != ACT else CONCLUSION),
        "i": lambda root: below(one(root, row.french), _OBSERVATION),
        "j": _without(row.french, "id"),
    }
    known = {rule.id for rule in BOOK.rules}
    return {f"{row.key}{letter}": change for letter, change in wrong.items() if f"{row.key}{letter}" in known}


WRONG: dict[str, Change | dict[str, Change]] = {}
for _row in SECTIONS:
    WRONG.update(_of(_row))


def _history_coded(code: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        for element in one(root, HISTORY).iterfind(path("entry/observation/code")):
            if element.get("code") == code:
                element.set("code", "99999-9")

    return change


def _entry_again(template: str) -> Change:
    def change(root: etree._Element) -> None:
        entry = one(root, template).getparent()
        assert entry is not None
        repeat(entry)

    return change


def _no_entries(template: str) -> Change:
    def change(root: etree._Element) -> None:
        for entry in one(root, template).findall(path("entry")):
            remove(entry)

    return change


def _pregnancy_again(root: etree._Element) -> None:
    for entry in one(root, EXPOSURE).findall(path("entry")):
        if find(entry, "observation/targetSiteCode") is not None and entry.find(path("observation/value")) is not None:
            repeat(entry)
            return


def _comments(root: etree._Element) -> None:
    body = find(root, "component/structuredBody")
    assert body is not None
    for _ in range(2):
        below(body, f'<component><section><templateId root="{COMMENT}"/><text>Note</text></section></component>')


def _two_models(root: etree._Element) -> None:
    section = one(root, RESULTS)
    section.insert(0, etree.Element(path("templateId"), root=CONCLUSION))


def _organizer_device(root: etree._Element) -> None:
    below(one(root, DEVICES), f'<entry><organizer classCode="CLUSTER" moodCode="EVN"><templateId root="{_ENTRY}2"/>'
          '<statusCode code="completed"/></organizer></entry>')  # fmt: skip


def _coded_results(root: etree._Element) -> None:
    one(root, PRIOR_RESULTS).insert(0, etree.Element(path("templateId"), root="1.3.6.1.4.1.19376.1.5.3.1.3.28"))


WRONG.update(
    {
        "S-1k": _without(SECTIONS[0].french, "author/assignedAuthor/assignedPerson"),
        "S-2bk": _history_coded("11348-0"),
        "S-2bl": _history_coded("47519-4"),
        "S-2bm": _history_coded("64100-1"),
        "S-3k": _no_entries(ACT),
        "S-3bk": _entry_again(f"{_ENTRY}165"),
        "S-3bl": _pregnancy_again,
        "S-3bm": _entry_again(f"{_ENTRY}173"),
        "S-3bn": _set(f"{_ENTRY}165", "participant/participantRole/code", "code", "000000"),
        "S-3ck": _without(f"{_ENTRY}155", "effectiveTime"),
        "S-4k": {"spec": _no_entries(DEVICES), "official": _set(f"{_ENTRY}20", "templateId[2]", "root", "1.2.3")},
        "S-4l": _organizer_device,
        "S-6k": _coded_results,
        "S-9k": _no_entries(DOCUMENTS),
        "S-10k": lambda root: repeat(one(root, EDUCATION, "entry")),
        "S-10l": _no_entries(EDUCATION),
        "S-11g": _comments,
        "S-12": lambda root: below(
            one(root, INFORMATION), "<component><section><text>Mot</text></section></component>"
        ),
        "S-13": _two_models,
        "S-14": lambda root: below(one(root, ACT), "<component><section/></component>"),
        "N-21": lambda root: one(root, ACT).append(one(root, f"{_ENTRY}154").getparent()),  # type: ignore[arg-type]
        "N-22b": lambda root: remove(one(root, f"{_ENTRY}173", "templateId")),
        "N-22": lambda root: below(one(root, HISTORY), _OBSERVATION),
    }
)


def test_every_rule_is_said_of_a_wrong_document() -> None:
    assert missed(BOOK, WRONG) == []


@pytest.mark.parametrize("profile", [profile.value for profile in Profile])
def test_the_good_report_breaks_no_rule(profile: str) -> None:
    assert said(tree(), profile) == {}


def test_what_the_official_example_departs_in_is_a_warning() -> None:
    judgement = judge(with_official_traits())
    assert {finding.severity.value for finding in judgement.findings} == {"warning"}
    assert {"S-5d", "S-8d", "S-10d"} <= {finding.rule for finding in judgement.findings}


@pytest.mark.parametrize("words", [None, " \n ", "…", "-"])
def test_a_conclusion_that_says_nothing_is_an_error_of_the_specification_alone(words: str | None) -> None:
    root = altered(lambda root: setattr(one(root, CONCLUSION, "text"), "text", words))
    assert said(root, "spec") == {"S-8f": "error", "AD-1": "advice", "AD-14": "advice"}
    assert judge(root, "official").verdict.value == "valid"


def test_a_section_that_lost_all_its_templates_is_known_by_its_code() -> None:
    def change(root: etree._Element) -> None:
        for declared in one(root, PRIOR_RESULTS).findall(path("templateId")):
            remove(declared)

    assert said(altered(change), "spec")["S-6a"] == "error"


def test_titles_may_differ_in_apostrophes_white_space_and_case() -> None:
    root = altered(lambda root: setattr(one(root, RESULTS, "title"), "text", " RÉSULTATS  de l'acte "))
    assert said(root, "spec") == {}


def test_every_section_of_one_act_is_judged_by_itself() -> None:
    def change(root: etree._Element) -> None:
        remove(one(root, BY_TEMPLATE["1.2.250.1.213.1.1.2.217"].french, number=2).getparent())  # type: ignore[arg-type]

    root = altered(change)
    assert said(root, "spec")["S-3cg"] == "error"
    assert said(root, "official")["S-3cg"] == "error"


def test_a_report_without_contra_indication_is_right_by_the_specification() -> None:
    def change(root: etree._Element) -> None:
        for entry in one(root, HISTORY).findall(path("entry")):
            if entry.find(path("observation/code")).get("code") == "64100-1":  # type: ignore[union-attr]
                remove(entry)

    root = altered(change)
    assert judge(root).verdict.value == "valid"
    assert said(root, "official")["S-2bm"] == "error"


def test_what_the_validator_asks_names_known_sections() -> None:
    assert {key for _, key, _ in ASKED} <= {row.key for row in SECTIONS}


@pytest.mark.parametrize("entry", [f"{_ENTRY}151", f"{_ENTRY}154", f"{_ENTRY}173"])
def test_a_product_or_a_dose_that_lost_its_templates_is_known(entry: str) -> None:
    def change(root: etree._Element) -> None:
        for declared in one(root, entry).findall(path("templateId")):
            declared.set("root", "1.2.3.4")

    assert said(altered(change), "spec")["N-22b"] == "error"


def test_an_observation_of_another_kind_may_stand_with_the_exposure() -> None:
    def change(root: etree._Element) -> None:
        below(one(root, EXPOSURE), _OBSERVATION)

    found = said(altered(change), "spec")
    assert found.get("N-22") == "warning"
    assert "N-22b" not in found
