"""The signature of a French submission set: whole, and each part of it altered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from gateway.model.finding import Verdict
from gateway.trust.safexml import parse
from gateway.xds import constants as c
from gateway.xds import ebrim
from gateway.xds.constants import rim
from gateway.xds.metadata import MetadataSettings, prepare, signed
from gateway.xds.rules.judge import judge
from tests.support import xds_messages as m
from tests.support.xds_changes import Element, add_association, classified, drop, entry, told

SETTINGS = MetadataSettings(flavour="dmp", destination="registre")
SIGNATURE = 4
"""The entry behind the report and two manifests."""


def submission() -> Element:
    frozen = prepare(m.publication("dmp"), SETTINGS)
    whole = signed(ebrim.read(parse(frozen.metadata)), b"<Signature/>", "1.2.250.1.9.9", SETTINGS)
    return parse(etree.tostring(ebrim.write(whole)))


def signs(root: Element) -> Element:
    return next(one for one in root.iter(rim("Association")) if one.get("associationType", "").endswith(":signs"))


def coded(root: Element, scheme: str, code: str, system: str = "") -> None:
    one = classified(entry(root, SIGNATURE), scheme)
    one.set("nodeRepresentation", code)
    if system:
        told(one, "codingScheme", system)


def unmasked(root: Element) -> None:
    for one in list(entry(root, SIGNATURE).iter(rim("Classification"))):
        if one.get("nodeRepresentation") in ("MASQUE_PS", "INVISIBLE_PATIENT"):
            drop(one)


@pytest.mark.parametrize(
    ("change", "wrong", "valid"),
    [
        (lambda r: None, "", True),
        (lambda r: signs(r).set("targetObject", "Document01"), "", True),  # as elsewhere: a document
        (lambda r: coded(r, c.ENTRY_EVENT, "1.2.840.10065.1.12.1.1"), "", True),  # another purpose
        (unmasked, "dmp.signature.masks", True),
        (lambda r: drop(signs(r)), "dmp.signature.association", False),
        (lambda r: signs(r).set("sourceObject", "Document02"), "dmp.signature.source", False),
        (
            lambda r: add_association(r, signs(r).get("associationType", ""), "Document02", "Document01"),
            "dmp.signature.source",
            False,
        ),
        (lambda r: drop(classified(entry(r, SIGNATURE), c.ENTRY_EVENT)), "dmp.signature.purpose", False),
        (lambda r: coded(r, c.ENTRY_EVENT, "1.2.840.10065.1.12.1.99"), "dmp.signature.purpose", False),
        (lambda r: coded(r, c.ENTRY_EVENT, "1.2.840.10065.1.12.1.14", "1.2.3"), "dmp.signature.purpose", False),
        (
            lambda r: coded(r, c.ENTRY_FORMAT, "http://www.w3.org/2000/09/xmldsig#", "1.3.6.1.4.1.19376.1.2.3"),
            "dmp.signature.format-system",
            False,
        ),
    ],
)
def test_a_signature_signs_and_says_why(change: Callable[[Element], object], wrong: str, valid: bool) -> None:
    root = submission()
    change(root)
    judgement = judge(etree.tostring(root), "dmp")
    found = {one.rule for one in judgement.findings if one.rule.startswith("dmp.signature.")}
    assert wrong in found if wrong else not found
    assert (judgement.verdict is Verdict.VALID) is valid


def test_a_later_version_of_the_metadata_of_a_signature_does_not_sign_anew() -> None:
    root = submission()
    drop(signs(root))
    entry(root, SIGNATURE).set("lid", "urn:uuid:99999999-2222-4333-8444-555555555555")
    assert "dmp.signature.association" not in {one.rule for one in judge(etree.tostring(root), "dmp").findings}
