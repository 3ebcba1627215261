"""Forms of values, rows and what stands only in the XML: pure."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unavailable
from gateway.model.codes import Code
from gateway.model.document import Association, Author, DocumentEntry, ReferenceId, SubmissionSet
from gateway.registry import forms, presence, rows
from gateway.trust import safexml
from tests.support import registry_wire as wire
from tests.support.registry import PATIENT, entry, member, submission

text = st.text(max_size=20)
codes = st.builds(Code, text, text, text)
slots = st.lists(st.tuples(text, st.lists(text, max_size=3).map(tuple)), max_size=3).map(tuple)
authors = st.lists(
    st.builds(
        Author,
        person=text,
        institutions=st.lists(text, max_size=2).map(tuple),
        roles=st.lists(text, max_size=2).map(tuple),
        specialties=st.lists(text, max_size=2).map(tuple),
    ),
    max_size=2,
).map(tuple)
entries = st.builds(
    replace,
    st.just(entry()),
    title=text,
    comments=text,
    class_code=codes,
    event_codes=st.lists(codes, max_size=3).map(tuple),
    authors=authors,
    reference_ids=st.lists(st.builds(ReferenceId, text, text, text), max_size=3).map(tuple),
    size=st.none() | st.integers(min_value=0),
    source_patient_info=st.lists(text, max_size=3).map(tuple),
    extra_slots=slots,
)


@given(entries)
def test_a_stored_entry_is_the_entry(one: DocumentEntry) -> None:
    assert rows.load(DocumentEntry, rows.dump(one)) == one


def test_a_stored_set_and_association_are_themselves() -> None:
    submitted = submission(entry(), title="é", comments="", home_community_id="urn:oid:1.2")
    (one,) = submitted.submission_sets
    assert rows.load(SubmissionSet, rows.dump(one)) == one
    assert rows.load(Association, rows.dump(member("x"))) == member("x")


def test_a_form_of_a_later_version_is_refused_by_name() -> None:
    with pytest.raises(Unavailable) as caught:
        rows.load(Association, '{"form":2}')
    assert caught.value.code == "store_form"


def test_every_attribute_of_an_entry_is_stored() -> None:
    full = entry(
        comments="c", hash="h", size=1, repository_unique_id="r", home_community_id="h", uri="u", status="s",
        logical_id="l", version="1", document_availability="o", limited_metadata=True, extra_slots=(("n", ("v",)),),
    )  # fmt: skip
    stored = rows.dump(full)
    assert all(f'"{field.name}":' in stored for field in fields(DocumentEntry))


@given(st.text(alphabet="0123456789", max_size=20))
def test_a_time_is_a_dtm_exactly_when_it_exists(value: str) -> None:
    wrong = forms.dtm(value)
    assert wrong or len(value) in (4, 6, 8, 10, 12, 14)
    if not wrong:
        assert len(forms.full_time(value)) == 14
        assert forms.dtm(forms.full_time(value)) == ""


@pytest.mark.parametrize("value", ["2024", "202402", "20240229", "2024022923", "202402292359", "20240229235959"])
def test_each_precision_of_a_time_is_right(value: str) -> None:
    assert forms.dtm(value) == ""


@pytest.mark.parametrize("value", ["", "20", "20230229", "20240229240000", "0000", "2024-02", "２０２４", "20240229Z"])
def test_a_time_that_does_not_exist_is_wrong(value: str) -> None:
    assert forms.dtm(value)


def test_a_time_of_less_precision_means_its_first_moment() -> None:
    assert forms.full_time("2024") == "20240101000000"
    assert forms.full_time("202402") == "20240201000000"
    assert forms.full_time("2024022912") == "20240229120000"


@given(st.text(max_size=60))
def test_no_text_breaks_a_form(value: str) -> None:
    for form in (
        forms.cx, forms.xcn, forms.xon, forms.dtm, forms.oid, forms.unique_id, forms.entry_uuid, forms.sha1,
        forms.language, forms.mime_type, forms.home_community, forms.source_patient_field, forms.patient_key,
    ):  # fmt: skip
        assert isinstance(form(value), str)


def test_the_key_of_a_patient_is_id_and_authority() -> None:
    assert forms.patient_key(PATIENT) == forms.patient_key(PATIENT.removesuffix("^NH"))
    assert forms.patient_key("1^^^&1.2&ISO") != forms.patient_key("1^^^&1.3&ISO")
    assert forms.patient_key("1") == "1^"


@pytest.mark.parametrize("value", ["1.2.3", "1.2.3^ext", "2.25." + "9" * 38, "8F3B8038-5122-4e1b-8af4-29bb8759e8ae"])
def test_a_unique_id_is_an_oid_perhaps_with_an_extension_or_a_uuid(value: str) -> None:
    assert forms.unique_id(value) == ""


@pytest.mark.parametrize(
    "value", ["1.2", "1.42.20130403134532", "2.999.1", "129.6.58", "2.25", "2.25.0.7", f"2.25.{2**128 - 1}", "1.0.0"]
)
def test_an_oid_is_judged_by_its_form(value: str) -> None:
    assert forms.oid(value) == ""


@pytest.mark.parametrize("value", ["", "1", f"2.25.{2**128}", "1.02", "1..2", "1.2.", "1.2\n", "1.٣", "1." + "2" * 63])
def test_what_is_no_oid_is_named(value: str) -> None:
    assert "is not an OID" in forms.oid(value)


@pytest.mark.parametrize("value", ["1", "1.2.3^a^b", "1.2.3^" + "x" * 128, "urn:oid:1.2", "abc^1"])
def test_other_unique_ids_are_wrong(value: str) -> None:
    assert forms.unique_id(value)


def _objects(body: str) -> list[tuple[str, str]]:
    root = safexml.parse(body.encode())
    found = presence.missing(next(root.iter("{*}RegistryObjectList")))
    return [(error.location, error.context) for error in found]


def test_a_whole_submission_misses_nothing() -> None:
    assert _objects(wire.provide_and_register(wire.extrinsic_object("1.2.3"), "")) == []


def test_an_empty_object_misses_everything_that_is_mandatory() -> None:
    body = wire.provide_and_register('<rim:ExtrinsicObject id="D1"/><rim:Association id="A"/>', "")
    words = [context for where, context in _objects(body) if where == "D1"]
    assert len(words) == 11
    assert ("A", "Association.sourceObject is missing") in _objects(body)


def test_a_classification_beside_its_object_counts() -> None:
    scheme = "f0306f51-975f-434e-a61c-c59651d33983"
    bare = wire.extrinsic_object("1.2.3", without=scheme)
    beside = (
        f'<rim:Classification id="b" classifiedObject="Document01" classificationScheme="urn:uuid:{scheme}"'
        f' nodeRepresentation="18748-4">{wire.slot("codingScheme", "2.16.840.1.113883.6.1")}</rim:Classification>'
    )
    assert _objects(wire.provide_and_register(bare, "")) == [("Document01", "DocumentEntry.typeCode is missing")]
    assert _objects(wire.provide_and_register(bare + beside, "")) == []
    half = beside.replace("codingScheme", "codingScheme2").replace("<rim:Value>2.16.840.1.113883.6.1", "<rim:Value>")
    assert _objects(wire.provide_and_register(bare + half, "")) == [
        ("Document01", "DocumentEntry.typeCode/codingScheme is missing")
    ]
