"""What other stacks write is read; what is missing is named."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from lxml import etree

from gateway.errors import InputRejected
from gateway.model.document import ON_DEMAND, AssociationType, Submission
from gateway.trust.safexml import parse
from gateway.xds import constants as c
from gateway.xds import ebrim
from gateway.xds.constants import rim
from tests.support.submissions import ENTRY, FOLDER, SUBMISSION, with_entry

Element = etree._Element


def written() -> Element:
    return ebrim.write(SUBMISSION)


def entry_of(root: Element) -> Element:
    return next(root.iter(rim("ExtrinsicObject")))


def slot(parent: Element, name: str) -> Element:
    return next(child for child in parent.iter(rim("Slot")) if child.get("name") == name)


def by_scheme(root: Element, scheme: str) -> Element:
    tags = (rim("Classification"), rim("ExternalIdentifier"))
    return next(e for e in root.iter(*tags) if scheme in (e.get("classificationScheme"), e.get("identificationScheme")))


def drop(element: Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def test_other_prefixes_and_no_prefix_are_the_same() -> None:
    text = etree.tostring(written(), encoding="unicode")
    for prefix, declaration in (("ns7:", ":ns7="), ("", "=")):
        other = text.replace("<rim:", f"<{prefix}").replace("</rim:", f"</{prefix}").replace(":rim=", declaration)
        assert ebrim.read(parse(other.encode())) == SUBMISSION


def test_any_order_of_children_is_read() -> None:
    root = written()
    for element in list(root.iter(rim("ExtrinsicObject"), rim("RegistryObjectList"))):
        element[:] = list(reversed(element))
    assert ebrim.read(root).entries == SUBMISSION.entries


def test_a_hash_in_upper_case_is_lowered() -> None:
    root = written()
    value = next(slot(root, "hash").iter(rim("Value")))
    value.text = (value.text or "").upper()
    assert ebrim.read(root) == SUBMISSION


def test_blanks_comments_and_missing_languages_do_not_matter() -> None:
    root = written()
    value = next(slot(root, "creationTime").iter(rim("Value")))
    value.text = f"\n   {value.text}\n"
    value.append(etree.Comment("no text of the value"))
    for localized in root.iter(rim("LocalizedString")):
        localized.attrib.pop(c.XML_LANG, None)
        localized.attrib.pop("charset", None)
    entry_of(root).insert(0, etree.Comment("a remark"))
    assert ebrim.read(root) == SUBMISSION


def test_a_classification_beside_its_object_counts_as_its_own() -> None:
    root = written()
    for element in list(entry_of(root).iterchildren(rim("Classification"))):
        next(root.iter(rim("RegistryObjectList"))).append(element)
    package = next(root.iter(rim("RegistryPackage")))
    node = next(e for e in package if e.get("classificationNode"))
    next(root.iter(rim("RegistryObjectList"))).append(node)
    assert ebrim.read(root).entries == SUBMISSION.entries
    assert ebrim.read(root).submission_sets == SUBMISSION.submission_sets


def test_a_package_without_its_node_is_known_by_its_unique_id() -> None:
    root = written()
    drop(next(e for e in root.iter(rim("Classification")) if e.get("classificationNode")))
    assert ebrim.read(root) == SUBMISSION


def test_a_slot_that_is_repeated_is_joined() -> None:
    root = ebrim.write(with_entry(extra_slots=(("urn:x", ("a",)), ("urn:y", ("b",)))))
    slot(root, "urn:y").set("name", "urn:x")
    assert ebrim.read(root).entries[0].extra_slots == (("urn:x", ("a", "b")),)


def test_a_short_association_type_is_completed() -> None:
    root = written()
    next(root.iter(rim("Association"))).set("associationType", "HasMember")
    assert ebrim.read(root).associations[0].type == AssociationType.HAS_MEMBER


def test_a_uri_in_numbered_parts_is_joined_in_their_order() -> None:
    root = ebrim.write(with_entry(uri="x"))
    value_list = next(slot(root, "URI").iter(rim("ValueList")))
    value_list[0].text = "2|/b|c"
    etree.SubElement(value_list, rim("Value")).text = "1|http://a"
    assert ebrim.read(root).entries[0].uri == "http://a/b|c"


def test_an_on_demand_entry_needs_no_creation_time() -> None:
    root = ebrim.write(with_entry(object_type=ON_DEMAND, creation_time="", hash="", size=None))
    assert ebrim.read(root).entries[0].object_type == ON_DEMAND


def test_an_answer_keeps_a_reference_id_it_cannot_take_apart_and_a_submission_is_refused() -> None:
    answer = ebrim.write_object_list(SUBMISSION)
    next(slot(answer, c.REFERENCE_ID_LIST).iter(rim("Value"))).text = "ACN102"
    entry = ebrim.read(answer).entries[0]
    assert entry.reference_ids == ()
    assert entry.extra_slots == ((c.REFERENCE_ID_LIST, ("ACN102",)),)
    assert ebrim.read(ebrim.write_object_list(Submission(entries=(entry,)))).entries == (entry,)
    request = ebrim.write(Submission(entries=(entry,)))
    with pytest.raises(InputRejected) as caught:
        ebrim.read(request)
    assert caught.value.code == "registry_metadata_value"
    assert caught.value.facts["attribute"] == "XDSDocumentEntry.referenceIdList"


def test_the_request_that_wraps_a_submission_may_be_given() -> None:
    wrapper = etree.Element("{urn:ihe:iti:xds-b:2007}ProvideAndRegisterDocumentSetRequest")
    wrapper.append(written())
    assert ebrim.read(wrapper) == SUBMISSION


@pytest.mark.parametrize(
    ("attribute", "spoil"),
    [
        ("id", lambda root: entry_of(root).attrib.pop("id")),
        ("XDSDocumentEntry.mimeType", lambda root: entry_of(root).attrib.pop("mimeType")),
        ("XDSDocumentEntry.creationTime", lambda root: drop(slot(entry_of(root), "creationTime"))),
        ("XDSDocumentEntry.languageCode", lambda root: drop(slot(entry_of(root), "languageCode"))),
        ("XDSDocumentEntry.patientId", lambda root: drop(by_scheme(root, c.ENTRY_PATIENT_ID))),
        ("XDSDocumentEntry.uniqueId", lambda root: drop(by_scheme(root, c.ENTRY_UNIQUE_ID))),
        ("XDSDocumentEntry.classCode", lambda root: drop(by_scheme(root, c.ENTRY_CLASS))),
        ("XDSDocumentEntry.typeCode", lambda root: drop(by_scheme(root, c.ENTRY_TYPE))),
        ("XDSDocumentEntry.formatCode", lambda root: drop(by_scheme(root, c.ENTRY_FORMAT))),
        ("XDSDocumentEntry.healthcareFacilityTypeCode", lambda root: drop(by_scheme(root, c.ENTRY_FACILITY))),
        ("XDSDocumentEntry.practiceSettingCode", lambda root: drop(by_scheme(root, c.ENTRY_PRACTICE))),
        ("XDSDocumentEntry.confidentialityCode", lambda root: drop(by_scheme(root, c.ENTRY_CONFIDENTIALITY))),
        (
            "XDSDocumentEntry.classCode/codingScheme",
            lambda root: drop(slot(by_scheme(root, c.ENTRY_CLASS), "codingScheme")),
        ),
        ("XDSSubmissionSet.patientId", lambda root: drop(by_scheme(root, c.SET_PATIENT_ID))),
        ("XDSSubmissionSet.sourceId", lambda root: drop(by_scheme(root, c.SET_SOURCE_ID))),
        ("XDSSubmissionSet.uniqueId", lambda root: drop(by_scheme(root, c.SET_UNIQUE_ID))),
        ("XDSSubmissionSet.contentTypeCode", lambda root: drop(by_scheme(root, c.SET_CONTENT_TYPE))),
        ("XDSSubmissionSet.submissionTime", lambda root: drop(slot(root, "submissionTime"))),
        ("Association.sourceObject", lambda root: next(root.iter(rim("Association"))).attrib.pop("sourceObject")),
        ("Association.targetObject", lambda root: next(root.iter(rim("Association"))).attrib.pop("targetObject")),
        ("Association.associationType", lambda root: next(root.iter(rim("Association"))).attrib.pop("associationType")),
        ("RegistryObjectList", lambda root: drop(next(root.iter(rim("RegistryObjectList"))))),
    ],
)
def test_a_mandatory_part_that_is_missing_is_named(attribute: str, spoil: Callable[[Element], object]) -> None:
    root = written()
    spoil(root)
    with pytest.raises(InputRejected) as caught:
        ebrim.read(root)
    assert caught.value.code == "registry_metadata"
    assert caught.value.facts["attribute"] == attribute
    assert caught.value.place


def test_the_place_tells_which_object_it_is() -> None:
    root = written()
    drop(by_scheme(root, c.ENTRY_CLASS))
    with pytest.raises(InputRejected) as caught:
        ebrim.read(root)
    assert caught.value.place == "/RegistryObjectList/ExtrinsicObject[1]"
    assert caught.value.facts["object"] == ENTRY.entry_uuid


@pytest.mark.parametrize("size", ["-1", "1.5", "many", "1" * 30, "١"])
def test_a_size_that_is_no_number_is_refused(size: str) -> None:
    root = written()
    next(slot(root, "size").iter(rim("Value"))).text = size
    with pytest.raises(InputRejected) as caught:
        ebrim.read(root)
    assert caught.value.code == "registry_metadata_value"


def test_a_package_that_calls_itself_a_folder_is_read_as_one() -> None:
    root = written()
    node = next(e for e in root.iter(rim("Classification")) if e.get("classificationNode"))
    node.set("classificationNode", c.FOLDER_NODE)
    with pytest.raises(InputRejected) as caught:
        ebrim.read(root)
    assert caught.value.facts["attribute"] == "XDSFolder.uniqueId"


def test_a_folder_without_its_node_is_known_by_its_unique_id() -> None:
    root = ebrim.write(Submission(folders=(FOLDER,)))
    drop(next(e for e in root.iter(rim("Classification")) if e.get("classificationNode")))
    assert ebrim.read(root).folders == (FOLDER,)


def test_a_hash_in_base64_is_read_as_its_digits_and_what_is_no_hash_is_kept() -> None:
    root = written()
    value = next(slot(root, "hash").iter(rim("Value")))
    value.text = base64.b64encode(bytes.fromhex(ENTRY.hash)).decode()
    assert ebrim.read(root) == SUBMISSION
    for odd in ("Zm9v", "no hash"):
        value.text = odd
        assert ebrim.read(root).entries[0].hash == odd


def test_a_package_that_is_nothing_known_is_refused() -> None:
    root = written()
    drop(next(e for e in root.iter(rim("Classification")) if e.get("classificationNode")))
    drop(by_scheme(root, c.SET_UNIQUE_ID))
    with pytest.raises(InputRejected) as caught:
        ebrim.read(root)
    assert caught.value.facts["attribute"] == "classificationNode"


def test_an_answer_without_a_list_holds_nothing() -> None:
    answer = etree.Element(f"{{{c.QUERY}}}AdhocQueryResponse", {"status": ebrim.ResponseStatus.FAILURE})
    assert ebrim.read(answer) == Submission()
    assert ebrim.read_object_refs(answer) == ()


def test_another_message_is_refused() -> None:
    with pytest.raises(InputRejected):
        ebrim.read(etree.Element("{urn:other}Thing"))
