"""What is written is read back, stands in the order of the schema, and has ids of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from lxml import etree

from gateway.model.document import (
    REFERENCE_ACCESSION,
    Association,
    DocumentEntry,
    Folder,
    ReferenceId,
    Submission,
    SubmissionSet,
)
from gateway.trust.safexml import parse
from gateway.xds import constants as c
from gateway.xds import ebrim
from gateway.xds.constants import rim
from tests.support.submissions import (
    ENTRY,
    MEMBER,
    SUBMISSION,
    associations,
    folders,
    submission_sets,
    submissions,
    with_entry,
)

ORDER = ["Slot", "Name", "Description", "VersionInfo", "Classification", "ExternalIdentifier"]


def sent(element: etree._Element) -> etree._Element:
    """The element after a journey as bytes."""
    return parse(etree.tostring(element, encoding="UTF-8", xml_declaration=True))


def ids_below(element: etree._Element) -> list[str]:
    return [child.get("id", "") for child in element.iter() if child.get("id")]


@given(submissions)
@settings(max_examples=40, deadline=None)
def test_a_submission_is_read_back_as_it_was_written(submission: Submission) -> None:
    assert ebrim.read(sent(ebrim.write(submission))) == submission


@given(submissions)
@settings(max_examples=40, deadline=None)
def test_an_object_list_is_read_back_as_it_was_written(submission: Submission) -> None:
    assert ebrim.read(sent(ebrim.write_object_list(submission))) == submission


@given(submissions)
@settings(max_examples=30, deadline=None)
def test_children_stand_in_the_order_of_the_schema_and_no_id_repeats(submission: Submission) -> None:
    root = ebrim.write(submission)
    for tag in ("ExtrinsicObject", "RegistryPackage", "Association", "Classification", "ExternalIdentifier"):
        for element in root.iter(rim(tag)):
            names = [etree.QName(child).localname for child in element]
            assert names == sorted(names, key=ORDER.index)
    assert max(Counter(ids_below(root)).values(), default=1) == 1


def test_a_symbolic_id_never_takes_the_name_of_an_object() -> None:
    ids = ids_below(ebrim.write(with_entry(entry_uuid="cl1")))
    assert len(set(ids)) == len(ids)


def test_two_objects_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="one id"):
        ebrim.write(replace(SUBMISSION, associations=(MEMBER, MEMBER)))


def test_the_ids_in_an_answer_are_uuids_and_the_same_in_every_answer() -> None:
    answers = [ebrim.write_object_list(SUBMISSION) for _ in range(2)]
    first, second = (ids_below(answer) for answer in answers)
    assert first == second
    parts = [e.get("id", "") for e in answers[0].iter(rim("Classification"), rim("ExternalIdentifier"))]
    assert parts
    assert all(part.startswith("urn:uuid:") for part in parts)


def test_a_character_that_xml_cannot_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="XML compatible"):
        ebrim.write(with_entry(title="a\x01b"))


def test_a_submission_set_is_classified_as_one() -> None:
    (package,) = ebrim.write(SUBMISSION).iter(rim("RegistryPackage"))
    nodes = [child.get("classificationNode") for child in package.iterchildren(rim("Classification"))]
    assert c.SUBMISSION_SET_NODE in nodes


def test_version_and_home_travel_as_attributes() -> None:
    changed = with_entry(logical_id="urn:uuid:1", version="2", home_community_id="urn:oid:1.2")
    (entry,) = ebrim.write(changed).iter(rim("ExtrinsicObject"))
    assert (entry.get("lid"), entry.get("home")) == ("urn:uuid:1", "urn:oid:1.2")
    assert [v.get("versionName") for v in entry.iter(rim("VersionInfo"))] == ["2"]


def test_an_author_without_anything_to_say_is_not_written() -> None:
    from gateway.model.document import Author

    assert ebrim.read(ebrim.write(with_entry(authors=(Author(),)))).entries[0].authors == ()


def test_object_references_are_read_back() -> None:
    answer = ebrim.write_query_response(
        ebrim.RegistryResponse(status=ebrim.ResponseStatus.SUCCESS),
        ebrim.write_object_refs(["urn:uuid:1", "urn:uuid:2"], home="urn:oid:1.2"),
    )
    assert ebrim.read_object_refs(sent(answer)) == ("urn:uuid:1", "urn:uuid:2")
    assert [ref.get("home") for ref in answer.iter(rim("ObjectRef"))] == ["urn:oid:1.2", "urn:oid:1.2"]
    assert ebrim.read(answer) == Submission()


def test_every_attribute_of_the_model_stands_in_the_example_or_has_a_default() -> None:
    """A field that is added to the model and forgotten here would be lost in silence."""
    everything = replace(
        ENTRY,
        source_patient_id="a",
        source_patient_info=("PID-5|a",),
        title="a",
        comments="a",
        legal_authenticator="a",
        event_codes=(ENTRY.class_code,),
        service_start_time="2021",
        service_stop_time="2022",
        repository_unique_id="1.2",
        home_community_id="urn:oid:1.2",
        uri="a",
        status="a",
        logical_id="a",
        version="1",
        document_availability="urn:ihe:iti:2010:DocumentAvailability:Online",
        limited_metadata=True,
        authors=ebrim_author(),
        extra_slots=(("a", ("b",)),),
    )
    stated = {name: getattr(everything, name) for name in DocumentEntry.__dataclass_fields__}
    empty = [name for name, value in stated.items() if value in ("", (), None) or value is False]
    assert empty == []
    assert ebrim.read(ebrim.write(replace(SUBMISSION, entries=(everything,)))).entries == (everything,)


def ebrim_author() -> tuple[object, ...]:
    from gateway.model.document import Author

    one = Author(
        person="a", institutions=("b",), roles=("c",), specialties=("d",), telecommunications=("^^Internet^e",)
    )
    assert all(getattr(one, name) for name in Author.__dataclass_fields__)
    return (one,)


@pytest.mark.parametrize("kind", [SubmissionSet, Folder, Association])
def test_the_strategies_fill_every_attribute_of_the_other_objects(kind: type) -> None:
    """What a strategy leaves at its default would be lost in silence."""
    strategy = {SubmissionSet: submission_sets, Folder: folders, Association: associations}[kind]
    names = set(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    assert names == set(strategy.wrapped_strategy.kwargs)


def test_an_extra_slot_cannot_take_the_name_of_an_attribute() -> None:
    with pytest.raises(ValueError, match="creationTime"):
        ebrim.write(with_entry(extra_slots=(("creationTime", ("2021",)),)))


def test_extra_slots_of_one_name_are_one_slot() -> None:
    written = ebrim.write(with_entry(extra_slots=(("urn:x", ("a",)), ("urn:x", ("b",)))))
    assert ebrim.read(written).entries[0].extra_slots == (("urn:x", ("a", "b")),)


def test_a_reference_id_keeps_its_home_community() -> None:
    reference = ReferenceId("A", "1.2", REFERENCE_ACCESSION, "1.3")
    assert reference.cxi() == "A^^^&1.2&ISO^urn:ihe:iti:xds:2013:accession^&1.3&ISO"
    assert ReferenceId.parse(reference.cxi()) == reference
