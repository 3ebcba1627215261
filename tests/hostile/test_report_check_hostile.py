"""Judging what nobody should send: a named reason, a bounded answer, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cda.rules.engine import KEPT
from gateway.check_report import LIMITS, judge_bytes
from gateway.cli import app
from tests.support.report_documents import good

_OPEN = b'<ClinicalDocument xmlns="urn:hl7-org:v3">'
_BODY = _OPEN + b"<component><structuredBody>"
_END = b"</structuredBody></component></ClinicalDocument>"
_FITS = LIMITS.elements - 100

UNREADABLE = {
    "nothing": (b"", "xml_malformed"),
    "binary": (bytes(range(256)) * 50, "xml_malformed"),
    "truncated": (good()[:9000], "xml_malformed"),
    "another encoding": (good().decode().encode("utf-16")[2:], "xml_"),
    "an encoding nobody needs": (good().replace(b"UTF-8", b"UTF-7", 1), "xml_encoding"),
    "bytes of another encoding": (good().decode().encode("iso-8859-1", "replace"), "xml_malformed"),
    "a document type": (b"<!DOCTYPE ClinicalDocument>" + _OPEN + b"</ClinicalDocument>", "xml_doctype"),
    "a billion laughs": (b'<!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c "lol">]><a>&b;</a>', "xml_doctype"),
    "ten thousand levels": (_OPEN + b"<component>" * 10_000 + b"</component>" * 10_000, "xml_"),
    "a million sections": (_BODY + b"<component><section/></component>" * 1_000_000 + _END, "xml_too_many_elements"),
    "a hundred megabytes": (b"\0" * 100_000_000, "xml_too_large"),
    "no CDA": (b"<html><body/></html>", "report_not_cda"),
    "CDA in no namespace": (b"<ClinicalDocument/>", "report_not_cda"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_readable_report_is_unreadable_with_the_reason(name: str) -> None:
    content, code = UNREADABLE[name]
    judgement = judge_bytes(content)
    assert judgement.verdict == "unreadable"
    assert judgement.about == {"profile": "spec", "model": None, "level": None}
    assert len(judgement.findings) == 1
    assert judgement.findings[0].rule.startswith(code)
    assert judgement.findings[0].message.fr != judgement.findings[0].message.en


LONG = {
    "sections": _BODY + b"<component><section/></component>" * (_FITS // 3) + _END,
    "identifiers": _OPEN + b'<id root="x y"/>' * _FITS + b"</ClinicalDocument>",
    "the same identifier": _OPEN + b'<id root="1.2"/>' * _FITS + b"</ClinicalDocument>",
    "templates": _OPEN + b"".join(b'<templateId root="1.%d"/>' % n for n in range(_FITS)) + b"</ClinicalDocument>",
    "authors": good().replace(b"<informant>", b"<author/>" * 30_000 + b"<informant>", 1),
    "names": good().replace(b"<name>", b"<name>" + b"<given>A</given>" * 30_000, 1),
    "addresses": good().replace(b"</addr>", b"</addr>" + b"<addr><city>A</city></addr>" * 15_000, 1),
    "acts": good().replace(
        b"<componentOf>", b"<documentationOf><serviceEvent><id root='1.2'/></serviceEvent></documentationOf>" * 12_000
        + b"<componentOf>", 1,
    ),
    "entries": good().replace(b"<entry>", b"<entry><observation/></entry>" * 20_000 + b"<entry>", 1),
    "a version of many digits": good().replace(b'Number value="2"', b'Number value="' + b"9" * 50_000 + b'"'),
    "a long attribute": good().replace(b'code="18748-4"', b'code="' + b"A" * 5_000_000 + b'"', 1),
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
def test_a_very_long_document_gets_a_bounded_answer(name: str) -> None:
    for profile in ("spec", "official"):
        judgement = judge_bytes(LONG[name], profile)
        assert judgement.verdict in ("valid", "invalid")
        counts: dict[str, int] = {}
        for finding in judgement.findings:
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
            assert finding.value is None or len(finding.value) <= 200
        assert max(counts.values(), default=0) <= KEPT


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_report_with_bytes_changed_is_judged_or_refused(data: st.DataObject) -> None:
    content = bytearray(good())
    for _ in range(data.draw(st.integers(1, 20))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    assert judge_bytes(bytes(content)).verdict in ("valid", "invalid", "unreadable")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_report_with_elements_moved_or_gone_is_judged(data: st.DataObject) -> None:
    from lxml import etree

    from gateway.cda.rules import judge
    from tests.support.report_documents import tree

    root = tree()
    for _ in range(data.draw(st.integers(1, 8))):
        elements = [one for one in root.iter("*") if one is not root]
        one = elements[data.draw(st.integers(0, len(elements) - 1))]
        parent = one.getparent()
        assert parent is not None
        kind = data.draw(st.sampled_from(["remove", "move", "empty", "attribute"]))
        if kind == "remove":
            parent.remove(one)
        elif kind == "move":
            parent.append(one)
        elif kind == "empty":
            one.clear(keep_tail=True)
        else:
            one.set(
                data.draw(st.sampled_from(["root", "code", "value", "nullFlavor", "ID"])),
                data.draw(st.text(max_size=5, alphabet="é.1 #")),
            )
    for profile in ("spec", "official"):
        assert judge(etree.ElementTree(root).getroot(), profile).verdict in ("valid", "invalid")


def test_the_command_tells_each_file_and_ends_with_the_worst(tmp_path: Path) -> None:
    right, wrong, broken = (tmp_path / name for name in ("right.xml", "wrong.xml", "broken.xml"))
    right.write_bytes(good())
    wrong.write_bytes(good().replace(b"<setId", b"<setIdentifier").replace(b"</setId>", b"</setIdentifier>"))
    broken.write_bytes(b"<a>")
    run = CliRunner()
    one = run.invoke(app, ["report", "check", str(right), "--json"])
    assert one.exit_code == 0
    told = json.loads(one.stdout)
    assert set(told) == {"file", "profile", "verdict", "model", "level", "findings"}
    assert (told["profile"], told["verdict"], told["model"], told["level"]) == ("spec", "valid", "IMG-CR-IMG", 3)
    several = run.invoke(
        app, ["report", "check", str(right), str(wrong), "--profile", "official", "--lang", "en", "--json"]
    )
    assert several.exit_code == 1
    told = json.loads(several.stdout)
    assert [each["verdict"] for each in told] == ["valid", "invalid"]
    assert {"rule", "severity", "path", "line", "message", "source"} <= set(told[1]["findings"][0])
    unreadable = run.invoke(app, ["report", "check", str(right), str(broken), str(tmp_path / "absent"), "--json"])
    assert unreadable.exit_code == 2
    assert {frozenset(each) for each in json.loads(unreadable.stdout)} == {
        frozenset({"file", "profile", "verdict", "model", "level", "findings"})
    }
    assert run.invoke(app, ["report", "check", str(wrong)]).stdout.count("X-1") >= 1


def test_a_folder_that_is_no_checkout_of_the_validator_is_named(tmp_path: Path) -> None:
    report = tmp_path / "right.xml"
    report.write_bytes(good())
    answer = CliRunner().invoke(app, ["report", "check", str(report), "--official", str(tmp_path / "absent")])
    assert answer.exit_code == 1
    assert getattr(answer.exception, "code", "") == "official_unusable"


def test_the_list_of_rules_is_printed(tmp_path: Path) -> None:
    run = CliRunner()
    assert "H-13b" in run.invoke(app, ["report", "rules", "--lang", "en"]).stdout
    assert json.loads(run.invoke(app, ["report", "rules", "--json"]).stdout)[0]["rule"] == "X-1a"
