"""Every row of the table of attributes: left out, given twice, given in a wrong form."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.model.finding import Severity, Verdict
from gateway.xds.constants import rim
from gateway.xds.rules.attributes import RULES, TABLE, Attribute, Context, Where
from gateway.xds.rules.judge import judge
from gateway.xds.rules.objects import Kind
from tests.support import xds_messages as messages
from tests.support.xds_changes import Element, classified, drop, entry, identifier, package, slot, text, told, twice

WRONG = {
    "entryUUID": "urn:uuid:NOT-ONE",
    "mimeType": "text",
    "homeCommunityId": "1.2.3",
    "logicalID": "urn:uuid:1",
    "uniqueId": "1.02.3",
    "patientId": "IPP101",
    "creationTime": "20210230",
    "languageCode": "fr_FR",
    "sourcePatientId": "^^^&1.2&ISO",
    "sourcePatientInfo": "PID-99|x",
    "serviceStartTime": "2021-01-08",
    "serviceStopTime": "20210108101900+0100",
    "legalAuthenticator": "^^Anne",
    "hash": "da39a3",
    "size": "-1",
    "repositoryUniqueId": "1.2.3.04",
    "URI": "DOC 001.XML",
    "referenceIdList": "ACN102^^^&1.2.3&ISO",
    "sourceId": "urn:oid:1.2.3",
    "submissionTime": "202101081019000",
    "intendedRecipient": "||",
    "lastUpdateTime": "2021010810",
}


def thing(root: Element, kind: Kind) -> Element:
    return entry(root) if kind is Kind.ENTRY else package(root, 1 if kind is Kind.SET else 2)


def part(owner: Element, row: Attribute) -> Element | None:
    if row.where is Where.SLOT:
        return slot(owner, row.key)
    if row.where is Where.CODE:
        return classified(owner, row.key)
    if row.where is Where.IDENTIFIER:
        return identifier(owner, row.key)
    if row.where in (Where.NAME, Where.DESCRIPTION):
        return next(owner.iterchildren(rim(row.key)))
    return None


def found(root: Element) -> tuple[Verdict, set[str]]:
    judgement = judge(etree.tostring(messages.envelope(root, messages.REGISTER)), "ihe")
    return judgement.verdict, {one.rule for one in judgement.findings if one.severity is Severity.ERROR}


def rows(which: str) -> list[Attribute]:
    return [row for row in TABLE if getattr(RULES[row.qualified], which) is not None]


def test_the_whole_message_is_valid_and_states_every_attribute() -> None:
    root = messages.full()
    assert found(root) == (Verdict.VALID, set())
    for row in TABLE:
        owner = thing(root, row.kind)
        if row.where is Where.XML:
            assert owner.get(row.key), row.qualified
        else:
            assert part(owner, row) is not None, row.qualified


@pytest.mark.parametrize(
    "row", [row for row in rows("missing") if Context.REGISTER in row.required], ids=lambda row: row.qualified
)
def test_a_required_attribute_that_is_left_out_is_named(row: Attribute) -> None:
    root = messages.full()
    owner = thing(root, row.kind)
    gone = part(owner, row)
    if gone is None:
        del owner.attrib[row.key]
    else:
        drop(gone)
    verdict, errors = found(root)
    assert verdict is Verdict.INVALID
    assert f"{row.qualified}.missing" in errors


@pytest.mark.parametrize(
    "row", [row for row in TABLE if not row.required and row.where is not Where.XML], ids=lambda row: row.qualified
)
def test_an_optional_attribute_may_be_left_out(row: Attribute) -> None:
    root = messages.full()
    gone = part(thing(root, row.kind), row)
    assert gone is not None
    drop(gone)
    assert found(root) == (Verdict.VALID, set())


@pytest.mark.parametrize("row", rows("repeated"), ids=lambda row: row.qualified)
def test_a_single_attribute_that_is_given_twice_is_named(row: Attribute) -> None:
    root = messages.full()
    there = part(thing(root, row.kind), row)
    assert there is not None
    if row.where is Where.SLOT:
        there = next(there.iter(rim("Value")))
    twice(there)
    verdict, errors = found(root)
    assert verdict is Verdict.INVALID
    assert f"{row.qualified}.repeated" in errors


@pytest.mark.parametrize("row", rows("form"), ids=lambda row: row.qualified)
def test_a_value_in_a_wrong_form_is_named(row: Attribute) -> None:
    root = messages.full()
    owner = thing(root, row.kind)
    if row.where is Where.SLOT:
        told(owner, row.key, WRONG[row.name])
    elif row.where is Where.IDENTIFIER:
        identifier(owner, row.key).set("value", WRONG[row.name])
    else:
        owner.set(row.key, WRONG[row.name])
    verdict, errors = found(root)
    assert verdict is Verdict.INVALID
    assert f"{row.qualified}.form" in errors


def test_a_finding_names_the_value_the_component_the_place_and_the_source() -> None:
    root = messages.full()
    identifier(entry(root), "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427").set("value", "IPP101^^^&1.2.03&ISO")
    judgement = judge(etree.tostring(root), "ihe")
    (one,) = [found for found in judgement.findings if found.rule == "DocumentEntry.patientId.form"]
    assert one.value == "IPP101^^^&1.2.03&ISO"
    assert "CX.4.2" in one.message.en
    assert "CX.4.2" in one.message.fr
    assert one.path.startswith("/SubmitObjectsRequest/RegistryObjectList/ExtrinsicObject/ExternalIdentifier")
    assert one.line
    assert "ITI TF-3" in one.source
    assert one.as_json("en")["attribute"] == "DocumentEntry.patientId"


def test_a_title_of_128_characters_is_too_long_and_one_of_127_is_not() -> None:
    for length, expected in ((127, set()), (128, {"title.long"})):
        root = messages.full()
        text(entry(root)).set("value", "a" * length)
        assert found(root)[1] == expected
