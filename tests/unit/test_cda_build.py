"""A report is written so that reading it whole gives the same value back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from gateway.cda.build import build
from gateway.cda.whole import read_whole
from gateway.demo import reports
from gateway.errors import InputRejected
from gateway.model.codes import Code
from gateway.model.report import Report
from gateway.model.report_body import Body, Section
from gateway.report_form import read_value
from gateway.report_form.compose import compose, compose_unstructured
from gateway.trust import safexml
from tests.support import report_documents, report_values


def reread(report: Report) -> Report:
    return read_whole(safexml.parse(build(report)))


_quick = settings(
    deadline=None,
    max_examples=25,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
_FRAME = compose(read_value(reports.examples()["mr"]))


def assert_the_same(report: Report) -> None:
    again = reread(report)
    assert again == report
    assert not again.not_understood


@_quick
@given(report=report_values.reports())
def test_any_header_and_document_are_read_as_they_were_built(report: Report) -> None:
    assert_the_same(report)


@_quick
@given(section=report_values.sections(depth=2))
def test_any_sections_are_read_as_they_were_built(section: Section) -> None:
    assert_the_same(replace(reread(_FRAME), body=Body(sections=(section,), language="fr-FR")))


@_quick
@given(section=report_values.sections(depth=0, entry_depth=1))
def test_any_entries_are_read_as_they_were_built(section: Section) -> None:
    assert_the_same(replace(reread(_FRAME), body=Body(sections=(section,))))


@pytest.mark.parametrize("name", reports.EXAMS)
def test_a_composed_report_is_what_its_document_says(name: str) -> None:
    report = compose(read_value(reports.examples()[name]))
    once = reread(report)
    assert not once.not_understood
    assert reread(once) == once
    assert once.body == report.body
    assert once.patient == report.patient


def test_a_report_that_others_wrote_keeps_everything() -> None:
    report = read_whole(report_documents.tree())
    assert not report.not_understood
    assert reread(report) == report


def test_a_level_1_report_keeps_its_document() -> None:
    form = read_value(reports.examples()["radiography"])
    report = compose_unstructured(form, b"%PDF-1.4 test")
    again = reread(report)
    assert again.body is not None
    assert again.body.media is not None
    assert again.body.media.content == b"%PDF-1.4 test"
    assert (again.level, again.media_type) == (1, "application/pdf")


def test_a_plain_code_gets_the_name_of_its_system() -> None:
    report = compose(read_value(reports.examples()["ct"]))
    plain = replace(report, code=Code("18748-4", "2.16.840.1.113883.6.1", "CR"))
    assert b'codeSystemName="LOINC"' in build(plain)[:1500]


def test_a_character_that_xml_cannot_hold_is_refused_by_its_number() -> None:
    report = compose(read_value(reports.examples()["ct"]))
    with pytest.raises(InputRejected) as refusal:
        build(replace(report, title="a\x01b"))
    assert refusal.value.code == "build_character"
    assert refusal.value.facts == {"character": "U+0001"}


def test_the_children_of_the_document_stand_in_the_order_of_the_schema() -> None:
    report = compose(read_value(reports.examples()["intervention"]))
    names = [str(child.tag).rpartition("}")[2] for child in safexml.parse(build(report))]
    order = (
        "realmCode typeId templateId id code title effectiveTime confidentialityCode languageCode setId versionNumber"
        " recordTarget author custodian informationRecipient legalAuthenticator participant inFulfillmentOf"
        " documentationOf componentOf component"
    )
    assert " ".join(dict.fromkeys(names)) == order
