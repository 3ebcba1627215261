"""Every rule of entries has a wrong document that shows it in each profile that has it; the good report shows none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from gateway.cda.elements import find, path
from gateway.cda.rules import judge
from gateway.cda.rules.entries import BOOK
from gateway.trust import safexml
from tests.support.report_documents import (
    Change,
    altered,
    below,
    good,
    missed,
    one,
    remove,
    repeat,
    said,
    with_template,
)

_E = "1.2.250.1.213.1.1.3."
OBSERVATION, PREGNANCY = f"{_E}150", 3
TECHNIQUE, PRODUCT, TRACER = f"{_E}153", f"{_E}151", f"{_E}173"
AUTHORISATION, QUANTITY = f"{_E}165", f"{_E}154"
STUDY, SERIES, INSTANCE = f"{_E}155", f"{_E}156", f"{_E}157"
COMMENT, DEVICE, DOCUMENT, SIMPLE, KIND = f"{_E}32", f"{_E}20", f"{_E}18", f"{_E}48", f"{_E}48.18"
_MATERIAL = "consumable/manufacturedProduct/manufacturedMaterial"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"


def _on(template: str, steps: str, change: Callable[[etree._Element], object], number: int = 0) -> Change:
    return lambda root: change(one(root, template, steps, number))


def _without(template: str, steps: str, number: int = 0) -> Change:
    return _on(template, steps, remove, number)


def _twice(template: str, steps: str, number: int = 0) -> Change:
    return _on(template, steps, repeat, number)


def _set(template: str, steps: str, name: str, value: str, number: int = 0) -> Change:
    return _on(template, steps, lambda element: element.set(name, value), number)


def _other_template(template: str, international: str) -> Change:
    """One of the templates becomes another."""

    def change(root: etree._Element) -> None:
        for declared in one(root, template).findall(path("templateId")):
            if declared.get("root") != international:
                declared.set("root", "1.2.3.4")

    return change


def _retyped(template: str, name: str, text: str, number: int = 0) -> Change:
    """The child *name* is replaced by what *text* writes."""

    def change(root: etree._Element) -> None:
        element = one(root, template, number=number)
        old = find(element, name)
        assert old is not None
        new = below(element, text)
        element.replace(old, new)

    return change


def _renamed(template: str) -> Change:
    """The entry becomes another element."""
    return lambda root: setattr(one(root, template), "tag", path("encounter"))


def _nested(kind: str, inner: str) -> Change:
    """A relation *kind* with *inner* below the object of the link."""

    def change(root: etree._Element) -> None:
        below(one(root, INSTANCE), f'<entryRelationship typeCode="{kind}">{inner}</entryRelationship>')

    return change


def _observation(template: str, rest: str, class_code: str = "OBS") -> str:
    return f'<observation classCode="{class_code}" moodCode="EVN"><templateId root="{template}"/>{rest}</observation>'


_ASSERTION = '<code code="ASSERTION" codeSystem="2.16.840.1.113883.5.4"/>'
_VALUE = '<value xsi:type="CD" code="121079" codeSystem="1.2.840.10008.2.16.4"/>'
_GOOD_PURPOSE = _observation(
    f"{_E}163", f'{_ASSERTION}<value xsi:type="CD" code="121079" codeSystem="1.2.840.10008.2.16.4"/>'
)


def _unlike(root: etree._Element) -> None:
    one(root, PRODUCT, f"{_MATERIAL}/code").set("code", "V08AB05")
    one(root, PRODUCT, f"{_MATERIAL}/code").set("codeSystem", "2.16.840.1.113883.6.73")


def _uncoded(root: etree._Element) -> None:
    for translation in one(root, PRODUCT, f"{_MATERIAL}/code").findall(path("translation")):
        remove(translation)


def _in_words(root: etree._Element) -> None:
    value = one(root, OBSERVATION, "value", 2)
    observation = value.getparent()
    assert observation is not None
    observation.replace(value, below(observation, '<value xsi:type="ST">Aucune contre-indication connue</value>'))


def _pregnant_man(root: etree._Element) -> None:
    one(root, OBSERVATION, "value", PREGNANCY).set("code", "77386006")
    root.find(path("recordTarget/patientRole/patient/administrativeGenderCode")).set("code", "M")  # type: ignore[union-attr]


WRONG: dict[str, Change | dict[str, Change]] = {
    "N-1a": _other_template(OBSERVATION, "2.16.840.1.113883.10.20.6.2.13"),
    "N-1b": _set(OBSERVATION, "", "classCode", "CNOD"),
    "N-1c": _without(OBSERVATION, "id"),
    "N-1d": _set(OBSERVATION, "code", "codeSystem", "1.2.3"),
    "N-1e": _without(OBSERVATION, "value"),
    "N-1f": _without(OBSERVATION, "statusCode"),
    "N-1g": _without(OBSERVATION, "targetSiteCode"),
    "N-1h": lambda root: below(
        one(root, OBSERVATION), f'<entryRelationship typeCode="SPRT">{_GOOD_PURPOSE}</entryRelationship>'
    ),
    "N-2": _set(OBSERVATION, "value", "code", "MED-9999", 2),
    "N-2b": _in_words,
    "N-3": _set(OBSERVATION, "value", "code", "260413007", PREGNANCY),
    "N-3b": _pregnant_man,
    "N-4": _without(OBSERVATION, "value/originalText"),
    "N-5a": _other_template(TECHNIQUE, "1.2.840.10008.9.14"),
    "N-5b": _set(TECHNIQUE, "", "classCode", "ACT"),
    "N-5c": _without(TECHNIQUE, "id"),
    "N-5e": _set(TECHNIQUE, "code", "code", "18748-4"),
    "N-5f": _twice(TECHNIQUE, "code/translation"),
    "N-5g": _set(TECHNIQUE, "code/translation", "codeSystem", "1.2.3"),
    "N-5h": _without(TECHNIQUE, "methodCode"),
    "N-5i": _set(TECHNIQUE, "methodCode", "code", "MRI"),
    "N-5j": _without(TECHNIQUE, "targetSiteCode"),
    "N-5k": _set(TECHNIQUE, "targetSiteCode", "code", "15776009"),
    "N-5l": lambda root: [
        below(one(root, TECHNIQUE), '<participant typeCode="DEV"><participantRole/></participant>') for _ in range(2)
    ],
    "N-6a": _without(TECHNIQUE, "targetSiteCode/originalText/reference"),
    "N-6b": _set(TECHNIQUE, "targetSiteCode/qualifier/name", "code", "272741003", 2),
    "N-6c": _set(TECHNIQUE, "targetSiteCode/qualifier/value", "code", "7771001", 2),
    "N-7a": _other_template(PRODUCT, "1.2.840.10008.9.13"),
    "N-7b": _set(PRODUCT, "", "moodCode", "INT"),
    "N-7c": _without(PRODUCT, "id"),
    "N-7e": _set(PRODUCT, "statusCode", "code", "active"),
    "N-7f": _twice(PRODUCT, "routeCode"),
    "N-7g": _set(PRODUCT, "routeCode", "code", "20045999"),
    "N-7h": _without(PRODUCT, f"{_MATERIAL}/code"),
    "N-7i": _uncoded,
    "N-7j": _set(PRODUCT, f"{_MATERIAL}/code/translation[2]", "codeSystem", "1.2.3"),
    "N-7k": _set(PRODUCT, f"{_MATERIAL}/code/translation[2]", "code", "V08-AB"),
    "N-7l": _without(PRODUCT, f"{_MATERIAL}/lotNumberText"),
    "N-7m": _set(PRODUCT, "doseQuantity", "value", "-5"),
    "N-7n": _on(PRODUCT, "doseQuantity", lambda element: element.attrib.pop("unit")),
    "N-7o": _without(PRODUCT, f"{_MATERIAL}/name"),
    "N-7p": _unlike,
    "N-7r": lambda root: one(root, PRODUCT, "routeCode").addnext(
        below(one(root, PRODUCT), '<approachSiteCode code="368208006" codeSystem="2.16.840.1.113883.6.96"/>')
    ),
    "N-7q": _set(PRODUCT, f"{_MATERIAL}/code/translation[2]", "code", "V09BA02"),
    "N-8b": _set(TRACER, "", "moodCode", "INT"),
    "N-8d": _set(TRACER, "code", "code", "440252008"),
    "N-8e": _on(TRACER, "consumable", lambda element: element.attrib.pop("typeCode")),
    "N-8f": _set(TRACER, f"{_MATERIAL}/code/translation", "code", "V08AB05"),
    "N-8g": _set(TRACER, f"{_MATERIAL}/code/translation", "code", "V09ZZ99"),
    "N-8h": _set(TRACER, "doseQuantity", "unit", "mL"),
    "N-9b": _set(AUTHORISATION, "", "moodCode", "INT"),
    "N-9d": _set(AUTHORISATION, "code", "code", "121291"),
    "N-9e": _twice(AUTHORISATION, "participant"),
    "N-9f": _set(AUTHORISATION, "participant/participantRole/code", "code", "113851"),
    "N-9g": _without(AUTHORISATION, "participant/participantRole/playingEntity/name"),
    "N-10a": _other_template(QUANTITY, "2.16.840.1.113883.10.20.6.2.14"),
    "N-10b": _set(QUANTITY, "", "moodCode", "GOL"),
    "N-10c": _without(QUANTITY, "id"),
    "N-10e": _set(QUANTITY, "code", "code", "113999"),
    "N-10f": _without(QUANTITY, "statusCode"),
    "N-10g": _retyped(QUANTITY, "value", '<value xsi:type="ST">412,5 mGy.cm</value>'),
    "N-10h": _set(QUANTITY, "value", "unit", "mL"),
    "N-10i": _without(QUANTITY, "targetSiteCode"),
    "N-10j": _set(QUANTITY, "targetSiteCode", "code", "15776009"),
    "N-11a": _other_template(STUDY, "1.2.840.10008.9.16"),
    "N-11b": {"spec": _set(STUDY, "", "classCode", "CTTEVENT"), "official": _renamed(STUDY)},
    "N-11c": _without(STUDY, "id"),
    "N-11d": _set(STUDY, "code", "code", "113015"),
    "N-11e": _twice(STUDY, "id"),
    "N-11f": _set(STUDY, "id", "root", "1.2.250.01.5"),
    "N-11g": _without(STUDY, "effectiveTime"),
    "N-11h": _twice(STUDY, "entryRelationship"),
    "N-12a": _other_template(SERIES, "1.2.840.10008.9.17"),
    "N-12b": {"spec": _set(SERIES, "", "classCode", "CTTEVENT"), "official": _renamed(SERIES)},
    "N-12c": _without(SERIES, "id"),
    "N-12d": _set(SERIES, "code", "code", "113014"),
    "N-12e": _set(SERIES, "code/qualifier/name", "code", "121140"),
    "N-12f": _set(SERIES, "code/qualifier/value", "code", "SCANNER"),
    "N-12g": _without(SERIES, "entryRelationship"),
    "N-12h": _set(SERIES, "id", "root", "5B1E0001-7C2A-4D10-9A3F-0A0B0C0D0003"),
    "N-12j": _set(SERIES, "entryRelationship", "inversionInd", "true"),
    "N-24": _set(PRODUCT, "", "negationInd", "true"),
    "N-12i": _set(SERIES, "id", "root", "1.2.250.1.999.7.9.2024.1001"),
    "N-13a": _other_template(INSTANCE, "1.2.840.10008.9.18"),
    "N-13b": _set(INSTANCE, "", "classCode", "OBS"),
    "N-13c": _without(INSTANCE, "id"),
    "N-13e": _set(INSTANCE, "code", "code", "1.2.840.10008.5.1.4.1.1.88.59"),
    "N-13f": _without(INSTANCE, "text"),
    "N-13g": _set(INSTANCE, "text", "mediaType", "text/html"),
    "N-13h": _retyped(INSTANCE, "text", '<text mediaType="application/dicom">https://images.example.org/</text>'),
    "N-13i": _nested("RSON", '<act classCode="ACT" moodCode="EVN"><code nullFlavor="NA"/></act>'),
    "N-14a": _set(COMMENT, "templateId", "root", "1.2.3.4"),
    "N-14b": _set(COMMENT, "", "classCode", "INFRM"),
    "N-14d": _set(COMMENT, "code", "code", "48767-9"),
    "N-14e": _set(COMMENT, "statusCode", "code", "active"),
    "N-14f": _without(COMMENT, "text"),
    "N-14g": lambda root: below(
        one(root, COMMENT),
        '<author><time nullFlavor="NA"/><assignedAuthor><id nullFlavor="NA"/></assignedAuthor></author>',
    ),
    "N-14i": lambda root: repeat(one(root, PRODUCT, "entryRelationship")),
    "N-7s": _set(PRODUCT, f"{_MATERIAL}/code/translation", "codeSystem", "2.16.840.1.113883.6.1"),
    "N-15h": _set(
        DEVICE, "participant/participantRole/playingDevice/code", "codeSystem", "1.2.250.1.213.1.1.4.9"
    ),
    "N-25": _set(OBSERVATION, "statusCode", "code", "fr-FR"),
    "N-14j": _on(COMMENT, "", lambda element: element.getparent().set("typeCode", "CAUS")),
    "N-14h": _on(COMMENT, "", lambda element: element.getparent().attrib.pop("inversionInd")),
    "N-15a": _set(DEVICE, "templateId", "root", "1.2.3.4"),
    "N-15b": _renamed(DEVICE),
    "N-15e": _without(DEVICE, "effectiveTime"),
    "N-15f": _without(DEVICE, "participant/participantRole/id"),
    "N-15g": _without(DEVICE, "participant/participantRole/playingDevice/code"),
    "N-16b": _set(DOCUMENT, "", "classCode", "BATTERY"),
    "N-16c": _without(DOCUMENT, "id"),
    "N-16d": _without(DOCUMENT, "code"),
    "N-16e": _set(DOCUMENT, "statusCode", "code", "active"),
    "N-16f": _without(DOCUMENT, "component"),
    "N-16g": _on(DOCUMENT, "component/observationMedia/value", lambda element: element.attrib.pop("mediaType")),
    "N-16h": _set(KIND, "code", "code", "69764-8"),
    "N-16i": _set(DOCUMENT, "component/observationMedia/value", "mediaType", "image/png"),
    "N-17b": _nested("RSON", _GOOD_PURPOSE.replace('classCode="OBS"', 'classCode="CNOD"')),
    "N-17a": _nested("RSON", _GOOD_PURPOSE.replace("<code", '<templateId root="1.2.3.4"/><code', 1)),
    "N-17d": _nested("RSON", _GOOD_PURPOSE.replace("ASSERTION", "OTHER")),
    "N-17e": _nested("RSON", _GOOD_PURPOSE.replace("121079", "121078")),
    "N-17f": _nested("COMP", _observation(f"{_E}164", '<code code="121190" codeSystem="1.2.840.10008.2.16.4"/>')),
    "N-18a": _set(SIMPLE, "templateId[2]", "root", "1.2.3.4", 1),
    "N-18b": _set(SIMPLE, "", "moodCode", "GOL", 1),
    "N-18c": _without(SIMPLE, "id", 1),
    "N-18e": _without(SIMPLE, "text", 1),
    "N-18f": lambda root: [below(one(root, SIMPLE, number=1), '<methodCode nullFlavor="NA"/>') for _ in range(2)],
    "N-18g": _set(SIMPLE, "code", "code", "99622-4", 1),
    "N-18h": _set(SIMPLE, "text/reference", "value", "#nowhere", 1),
    "N-19": lambda root: one(root, TECHNIQUE).insert(0, etree.Element(path("templateId"), root="1.2.3.4")),
    "N-19b": _twice(TECHNIQUE, "templateId"),
    "N-20": _set(OBSERVATION, "code", "displayName", "Antécédents familiaux"),
    "N-23": _set(TECHNIQUE, "code/originalText/reference", "value", ""),
}  # fmt: skip


def test_every_rule_is_said_of_a_wrong_document() -> None:
    assert missed(BOOK, WRONG) == []


def test_a_location_beyond_both_sides_is_right_by_the_specification_and_refused_by_the_validator() -> None:
    root = altered(_set(TECHNIQUE, "targetSiteCode/qualifier/value", "code", "7771000", 2))
    assert "N-6c" not in said(root, "spec")
    assert said(root, "official")["N-6c"] == "error"


def test_several_locations_are_right_by_the_specification_and_refused_by_the_validator() -> None:
    root = altered(_twice(TECHNIQUE, "targetSiteCode"))
    assert "N-5j" not in said(root, "spec")
    assert said(root, "official")["N-5j"] == "error"


@pytest.mark.parametrize("unit", ["mGy.cm", "mGy·cm", "mGy*cm", "Gy.cm", "cGy.cm", "µGy.m"])
def test_a_unit_of_the_right_dimension_is_accepted_however_it_is_written(unit: str) -> None:
    assert said(altered(_set(QUANTITY, "value", "unit", unit)), "spec") == {}


@pytest.mark.parametrize("unit", ["", "mGy", "mGy.cm2", "mL", "kg", "MBq", "X"])
def test_a_unit_of_another_dimension_is_refused(unit: str) -> None:
    assert said(altered(_set(QUANTITY, "value", "unit", unit)), "spec")["N-10h"] == "error"


def test_one_good_entry_does_not_excuse_another() -> None:
    root = altered(_set(TECHNIQUE, "methodCode", "code", "ZZ", 1))
    errors = {finding.rule for finding in judge(root).findings if finding.severity.value == "error"}
    assert errors == {"N-5i", "AG-8", "AG-9"}


def test_the_ccam_is_known_under_both_systems() -> None:
    root = altered(_set(TECHNIQUE, "code/translation", "codeSystem", "1.2.250.1.215.300.1"))
    assert "N-5g" not in said(root, "spec")


def test_a_dose_may_be_told_as_an_interval() -> None:
    text = '<doseQuantity><low value="110" unit="mL"/></doseQuantity>'
    assert said(altered(_retyped(PRODUCT, "doseQuantity", text)), "spec") == {}


def test_every_entry_of_the_good_report_is_judged() -> None:
    root = altered(lambda root: None)
    templates = (OBSERVATION, TECHNIQUE, PRODUCT, TRACER, AUTHORISATION, QUANTITY, STUDY, SERIES, INSTANCE, COMMENT)
    assert all(with_template(root, template) for template in (*templates, DEVICE, DOCUMENT, SIMPLE, KIND))


@pytest.mark.parametrize("value", ["#nowhere", "medical-history", "https://example.org/history", "#"])
def test_a_history_leads_to_words_of_the_document(value: str) -> None:
    assert said(altered(_set(OBSERVATION, "value/originalText/reference", "value", value)), "spec")["N-4"] == "error"


def test_a_history_leads_to_words_of_its_own_section_or_of_one_above() -> None:
    def leading_to(target: str) -> dict[str, str]:
        return said(altered(_set(OBSERVATION, "value/originalText/reference", "value", target)), "spec")

    def told_above(root: etree._Element) -> None:
        below(one(root, "1.2.250.1.213.1.1.2.205", "text"), '<content ID="above">Cancer du sein en 2022.</content>')
        one(root, OBSERVATION, "value/originalText/reference").set("value", "#above")

    assert leading_to("#act-1-text") == {"N-4": "error", "X-3d": "error"}
    assert leading_to("#surgical-history") == {}
    assert said(altered(told_above), "spec") == {}


@pytest.mark.parametrize("prefix", ["", "hl7:", " "])
def test_a_data_type_may_be_named_with_the_prefix_of_its_namespace(prefix: str) -> None:
    plain = good().replace(b"<ClinicalDocument ", b'<ClinicalDocument xmlns:hl7="urn:hl7-org:v3" ')
    for kind in (b"CD", b"PQ"):
        plain = plain.replace(b'xsi:type="' + kind, b'xsi:type="' + prefix.encode() + kind)
    assert said(safexml.parse(plain), "spec") == {}


def test_a_study_says_when_it_was_and_not_why_it_does_not() -> None:
    for text, right in (
        ('<effectiveTime nullFlavor="UNK"/>', False),
        ("<effectiveTime/>", False),
        ('<effectiveTime><low value="20240514090000+0200"/></effectiveTime>', True),
    ):
        assert ("N-11g" not in said(altered(_retyped(STUDY, "effectiveTime", text)), "spec")) is right


@pytest.mark.parametrize("template", [TECHNIQUE, PRODUCT, QUANTITY, AUTHORISATION, STUDY])
def test_what_was_done_or_given_was_not_left_undone(template: str) -> None:
    assert said(altered(_set(template, "", "negationInd", "true")), "spec")["N-24"] == "error"
    assert said(altered(_set(template, "", "negationInd", "false")), "spec") == {}
    assert "N-24" not in said(altered(_set(template, "", "negationInd", "true")), "official")


def test_a_contraindication_may_be_one_that_there_is_not() -> None:
    def change(root: etree._Element) -> None:
        for observation in with_template(root, OBSERVATION):
            observation.set("negationInd", "true")

    assert said(altered(change), "spec") == {}


def test_no_dose_is_nought() -> None:
    assert said(altered(_set(PRODUCT, "doseQuantity", "value", "0")), "spec")["N-7m"] == "error"
    assert "N-7m" not in said(altered(_set(PRODUCT, "doseQuantity", "value", "0.5")), "spec")


def test_a_product_and_a_technique_have_one_comment_each() -> None:
    def second(template: str) -> dict[str, str]:
        return said(altered(lambda root: repeat(one(root, template, "entryRelationship"))), "spec")

    assert second(TECHNIQUE) == second(TRACER) == {"N-14i": "error"}


def test_a_history_leads_to_words_and_not_to_nothing() -> None:
    def change(root: etree._Element) -> None:
        for content in root.iter(path("content")):
            if content.get("ID") == "medical-history":
                content.text = " - "

    assert said(altered(change), "spec") == {"N-4": "error"}


@pytest.mark.parametrize(
    ("code", "right"),
    [("ZBQH001", True), ("ZBQH001 01", True), ("ZBQH001-01-0", True), ("ZBQH0019", False), ("ZBQH", False)],
)
def test_a_ccam_code_may_be_followed_by_activity_and_phase(code: str, right: bool) -> None:
    found = said(altered(_set(TECHNIQUE, "code/translation", "code", code)), "spec")
    assert ("N-5g" not in found) is right


@pytest.mark.parametrize("number", [1, 2])
def test_the_code_of_a_medicine_is_of_its_own_system(number: int) -> None:
    path_ = f"{_MATERIAL}/code/translation[{number}]"
    other = altered(_set(PRODUCT, path_, "codeSystem", "2.16.840.1.113883.6.96"))
    assert said(other, "spec")["N-7k"] == "error"


def test_a_product_may_have_a_code_of_a_further_terminology() -> None:
    def change(root: etree._Element) -> None:
        below(
            one(root, PRODUCT, f"{_MATERIAL}/code"),
            '<translation code="353962003" codeSystem="2.16.840.1.113883.6.96"/>',
        )

    assert said(altered(change), "spec") == {}


@pytest.mark.parametrize("media_type", ["application/pdf", "application/x-unknown"])
def test_an_attached_document_may_be_of_a_format_that_nobody_here_knows(media_type: str) -> None:
    root = altered(_set(DOCUMENT, "component/observationMedia/value", "mediaType", media_type))
    assert "N-16i" not in said(root, "spec")


@pytest.mark.parametrize("state", ["completed", "active", "aborted"])
def test_a_state_is_one_of_hl7_s(state: str) -> None:
    assert "N-25" not in said(altered(_set(OBSERVATION, "statusCode", "code", state)), "spec")


@pytest.mark.parametrize("system", ["2.16.840.1.113883.6.96", "1.2.250.1.213.2.61", "1.2.250.1.213.2.68"])
def test_a_device_may_be_of_any_terminology_of_products(system: str) -> None:
    where = "participant/participantRole/playingDevice/code"
    assert "N-15h" not in said(altered(_set(DEVICE, where, "codeSystem", system)), "spec")
