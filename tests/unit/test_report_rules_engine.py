"""The engine: one walk, findings in document order with paths and lines, profiles, models, bounded findings."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from gateway.cda.elements import path
from gateway.cda.rules import Model, Profile, judge, rules, tables
from gateway.cda.rules.engine import KEPT, Book, Context, Places
from gateway.check_report import digest, judge_beside, judge_bytes
from gateway.trust import safexml
from tests.support.report_documents import altered, good, said, tree
from tests.support.rules import add, cut, put, then

_ROOT = Path(__file__).resolve().parents[2]


def test_every_rule_has_one_id_a_sentence_in_both_languages_and_a_source() -> None:
    assert not [rule for rule, times in Counter(rule.id for rule in rules()).items() if times > 1]
    assert not [rule.id for rule in rules() if not (rule.text.fr and rule.text.en and rule.source)]
    assert not [rule.id for rule in rules() if rule.spec is None and rule.official is None]


def test_the_page_of_the_documentation_is_the_program_s() -> None:
    written = (_ROOT / "docs" / "report-rules.md").read_text(encoding="utf-8")
    assert written == tables.as_markdown(rules()), "gateway report rules --markdown > docs/report-rules.md"


def test_the_tables_of_the_rules_name_each_of_them() -> None:
    assert len(json.loads(tables.as_json(rules()))) == len(rules())
    assert tables.as_text(rules(), "en").count("\n") == 2 * len(rules()) - 1


def test_a_finding_says_where_with_positions_and_lines() -> None:
    root = safexml.parse(
        good().replace(
            b'<inFulfillmentOf><order><id root="1.2.250.1.999.7.3" extension="O-77002"/>', b"<inFulfillmentOf><order>"
        )
    )
    finding = next(one for one in judge(root).findings if one.rule == "O-2")
    assert finding.path == "/ClinicalDocument/inFulfillmentOf[2]/order/id"
    assert finding.line == root.findall(path("inFulfillmentOf"))[1].sourceline
    assert finding.as_json("fr")["message"] != finding.as_json("en")["message"]
    assert finding.source.startswith("001 3.2")
    assert (finding.value, finding.expected) == ("0", "1..1")


def test_findings_come_in_the_order_of_the_document_whoever_says_them() -> None:
    wrong = altered(
        then(
            put("realmCode", "code", "BE"),
            cut("author/time"),
            put("component/structuredBody/component/section/id", "root", "x y"),
        )
    )
    lines = [finding.line or 0 for finding in judge(wrong).findings]
    order = {element: number for number, element in enumerate(wrong.iter())}
    places = [wrong.xpath(_prefixed(finding.path)) for finding in judge(wrong).findings if finding.severity == "error"]
    assert lines
    assert [order[found[0]] for found in places if found] == sorted(order[found[0]] for found in places if found)


def _prefixed(where: str) -> str:
    steps = [step for step in where.split("/")[1:] if not step.startswith("@")]
    return "/" + "/".join(
        f"*[local-name()='{step.partition('[')[0]}'][{step.partition('[')[2].rstrip(']') or 1}]" for step in steps
    )


def test_a_rule_broken_very_often_is_counted_and_not_kept() -> None:
    wrong = altered(
        lambda root: [add("author/assignedAuthor", "<telecom value='wrong'/>")(root) for _ in range(KEPT + 7)]
    )
    found = [finding for finding in judge(wrong).findings if finding.rule == "T-TEL-1"]
    assert len(found) == KEPT
    assert found[-1].more == {"not_shown": "7"}
    assert "7" in found[-1].message.fr


def test_positions_of_many_siblings_are_counted_onwards() -> None:
    root = safexml.parse(b"<a>" + b"<b/><c/>" * 500 + b"</a>")
    places = Places()
    assert [places.path(element) for element in root.iterchildren("b")] == [
        f"/b:a/b:b[{n}]".replace("b:", "") for n in range(1, 501)
    ]
    assert places.path(root[0]) == "/a/b[1]"


def test_a_check_is_called_once_for_an_element_that_declares_two_of_its_templates() -> None:
    book = Book("trial", models={Model.CR_IMG})
    rule = book.rule("TRIAL", "oui", "yes", source="none")
    called: list[str] = []

    @book.template("1.2", "1.3")
    def check(element: object, context: Context) -> None:
        called.append(rule.id)

    assert [where for _, where, _ in book.checks] == ["1.2", "1.3"]
    assert len({check for _, _, check in book.checks}) == 1


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("1.2.250.1.213.1.1.1.27", "CANCER-D2LM-FIN (1.2.250.1.213.1.1.1.27)"),
        ("1.2.250.1.213.1.1.1.5.1", "CSE (1.2.250.1.213.1.1.1.5.1)"),
        ("1.2.250.1.213.1.1.1.999", "1.2.250.1.213.1.1.1.999"),
    ],
)
def test_another_model_is_named_and_never_judged_as_an_imaging_report(template: str, name: str) -> None:
    other = altered(
        then(
            put("templateId[6]", "root", template),
            put("templateId[6]", "extension", "2022.01"),
            put("code", "code", "34112-3"),
        )
    )
    judgement = judge(other)
    assert judgement.about == {"profile": "spec", "model": name, "level": 3}
    assert not [
        finding.rule
        for finding in judgement.findings
        if finding.rule.startswith(("S-", "N-", "AG-", "AD-", "O-", "H-4", "H-7"))
    ]


def test_a_report_that_lost_its_model_is_still_an_imaging_report() -> None:
    assert judge(altered(cut("templateId[6]"))).about["model"] == "IMG-CR-IMG"
    assert said(altered(cut("templateId[6]")), "spec")["H-4"] == "error"


@pytest.mark.parametrize("template", ["1.2.250.1.213.1.1.1.459", "1.2.250.1.213.1.1.1.46"])
def test_an_imaging_report_with_the_template_of_another_model_is_a_wrong_imaging_report(template: str) -> None:
    wrong = altered(put("templateId[6]", "root", template))
    assert judge(wrong).about["model"] == "IMG-CR-IMG"
    assert [said(wrong, profile)["H-4"] for profile in ("spec", "official")] == ["error", "error"]


def test_the_profiles_are_two_and_no_other_word_is_one() -> None:
    assert [judge(tree(), profile).about["profile"] for profile in Profile] == ["spec", "official"]
    with pytest.raises(ValueError, match="wish"):
        judge(tree(), "wish")


def test_where_the_official_validator_differs_an_advice_says_so() -> None:
    content = good()
    agreed = judge_beside(content, "spec", {digest(content): ()})
    assert agreed.about["official"] == "valid"
    assert "official-differs" not in {finding.rule for finding in agreed.findings}
    differs = judge_beside(content, "spec", {digest(content): ("strucmin: no",)})
    last = differs.findings[-1]
    assert (last.rule, last.severity, differs.about["official"]) == ("official-differs", "advice", "invalid")
    assert differs.verdict == "valid"
    assert judge_beside(content, "spec", {}).about.keys() == {"profile", "model", "level"}


def test_the_bytes_of_the_good_report_are_valid_in_both_profiles() -> None:
    assert [judge_bytes(good(), profile).verdict for profile in ("spec", "official")] == ["valid", "valid"]
