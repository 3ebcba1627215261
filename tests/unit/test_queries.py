"""Stored queries: what is written is read back, and every fault has its XDS code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.model.codes import DCM, SNOMED_CT, Code
from gateway.model.document import Status
from gateway.texts.metadata import TEXTS
from gateway.trust.safexml import parse
from gateway.xds import constants as c
from gateway.xds import queries
from gateway.xds.constants import rim
from gateway.xds.queries import QueryError, StoredQuery
from tests.support.submissions import PATIENT, words

CT = Code("CT", DCM)
MR = Code("MR", DCM)
THORAX = Code("67734004", SNOMED_CT)
ACCESSION = "ACN102^^^&1.2.250.1.213.4.5.2.5&ISO^urn:ihe:iti:xds:2013:accession"
PATIENT_SLOT = ("$XDSDocumentEntryPatientId", ["'p^^^&1.2&ISO'"])
STATUS_SLOT = ("$XDSDocumentEntryStatus", [f"('{Status.APPROVED}')"])

codes = st.builds(Code, words.filter(lambda w: "^" not in w), words.filter(lambda w: "^" not in w))
groups = st.lists(st.lists(codes, min_size=1, max_size=4), max_size=3)


def request(*slots: tuple[str, list[str]], query: str = queries.FIND_DOCUMENTS) -> etree._Element:
    root = etree.Element(f"{{{c.QUERY}}}AdhocQueryRequest")
    etree.SubElement(root, f"{{{c.QUERY}}}ResponseOption", returnType="LeafClass")
    adhoc = etree.SubElement(root, rim("AdhocQuery"), id=query)
    for name, values in slots:
        value_list = etree.SubElement(etree.SubElement(adhoc, rim("Slot"), name=name), rim("ValueList"))
        for value in values:
            etree.SubElement(value_list, rim("Value")).text = value
    return root


def values_of(element: etree._Element) -> dict[str, list[list[str]]]:
    slots: dict[str, list[list[str]]] = {}
    for slot in element.iter(rim("Slot")):
        slots.setdefault(slot.get("name", ""), []).append([value.text or "" for value in slot.iter(rim("Value"))])
    return slots


def fault(element: etree._Element) -> QueryError:
    with pytest.raises(QueryError) as caught:
        queries.read(element)
    return caught.value


@given(words, groups, st.lists(words, min_size=1, max_size=3))
def test_find_documents_is_read_back_as_it_was_written(
    patient: str, events: list[list[Code]], status: list[str]
) -> None:
    query = queries.find_documents(
        patient, events=events, status=status, created=("20210108", "202102"), codes={"ClassCode": [THORAX]}
    )
    read = queries.read(parse(etree.tostring(queries.write(query))))
    assert read == query
    assert read.codes("$XDSDocumentEntryEventCodeList") == tuple(tuple(group) for group in events)


@given(st.lists(words, min_size=1, max_size=40), st.lists(st.lists(words, min_size=1, max_size=3), max_size=2))
def test_references_are_read_back_with_their_and_and_or(references: list[str], also: list[list[str]]) -> None:
    query = queries.find_documents_by_reference_id(PATIENT, references, also=also)
    read = queries.read(parse(etree.tostring(queries.write(query))))
    assert read.groups("$XDSDocumentEntryReferenceIdList") == (tuple(references), *map(tuple, also))


@given(st.lists(words, min_size=1, max_size=60))
def test_no_value_element_passes_the_length_of_the_schema(ids: list[str]) -> None:
    element = queries.write(queries.get_documents(unique_ids=ids))
    assert all(len(value.text or "") <= c.VALUE_LENGTH for value in element.iter(rim("Value")))
    assert queries.read(element).values("$XDSDocumentEntryUniqueId") == tuple(ids)


def test_the_coding_rules_stand_on_the_wire() -> None:
    query = queries.find_documents("O'Neil^^^&1.2&ISO", events=[[CT, MR], [THORAX]], created=("2021", ""))
    assert values_of(queries.write(query)) == {
        "$XDSDocumentEntryPatientId": [["'O''Neil^^^&1.2&ISO'"]],
        "$XDSDocumentEntryStatus": [["('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"]],
        "$XDSDocumentEntryCreationTimeFrom": [["2021"]],
        "$XDSDocumentEntryEventCodeList": [
            ["('CT^^1.2.840.10008.2.16.4','MR^^1.2.840.10008.2.16.4')"],
            ["('67734004^^2.16.840.1.113883.6.96')"],
        ],
    }


def test_a_reference_is_quoted_inside_parentheses() -> None:
    element = queries.write(queries.find_documents_by_reference_id(PATIENT, [ACCESSION]))
    assert values_of(element)["$XDSDocumentEntryReferenceIdList"] == [[f"('{ACCESSION}')"]]
    assert b"ACN102^^^&amp;1.2.250" in etree.tostring(element)


def test_the_request_asks_for_composed_objects_and_names_its_home() -> None:
    element = queries.write(
        queries.get_documents(entry_uuids=["urn:uuid:1"], return_type="ObjectRef", home="urn:oid:1")
    )
    option, adhoc = element
    assert dict(option.attrib) == {"returnComposedObjects": "true", "returnType": "ObjectRef"}
    assert (adhoc.get("id"), adhoc.get("home")) == (queries.GET_DOCUMENTS, "urn:oid:1")
    assert queries.read(element).home_community_id == "urn:oid:1"


def test_a_list_goes_on_over_several_values() -> None:
    read = queries.read(request(PATIENT_SLOT, ("$XDSDocumentEntryStatus", ["('a','b')", " ( 'c' , 'd''e' ) "])))
    assert read.groups("$XDSDocumentEntryStatus") == (("a", "b", "c", "d'e"),)


def test_repeated_slots_mean_and_where_the_query_allows_it() -> None:
    event = "$XDSDocumentEntryEventCodeList"
    read = queries.read(request(PATIENT_SLOT, STATUS_SLOT, (event, ["('a^^1')"]), (event, ["('b^^1','c^^1')"])))
    assert read.codes(event) == ((Code("a", "1"),), (Code("b", "1"), Code("c", "1")))
    assert fault(request(PATIENT_SLOT, PATIENT_SLOT, STATUS_SLOT)).code == "XDSStoredQueryParamNumber"
    class_code = ("$XDSDocumentEntryClassCode", ["('a^^1')"])
    assert fault(request(PATIENT_SLOT, STATUS_SLOT, class_code, class_code)).code == "XDSStoredQueryParamNumber"


def test_numbers_are_bare_and_read_in_quotes_too() -> None:
    name = "$XDSDocumentEntryCreationTimeFrom"
    for text in ("20210108", "'20210108'"):
        assert queries.read(request(PATIENT_SLOT, STATUS_SLOT, (name, [text]))).one(name) == "20210108"


def test_unknown_parameters_are_ignored() -> None:
    read = queries.read(request(PATIENT_SLOT, STATUS_SLOT, ("$Other", ["not even quoted"])))
    assert set(read.parameters) == {PATIENT_SLOT[0], STATUS_SLOT[0]}


def test_an_unknown_query_is_told_by_its_code() -> None:
    error = fault(request(query="urn:uuid:00000000-0000-0000-0000-000000000000"))
    assert error.code == "XDSUnknownStoredQuery"
    assert queries.read(
        request(PATIENT_SLOT, STATUS_SLOT, query=queries.FIND_DOCUMENTS.upper().replace("URN:UUID", "urn:uuid"))
    )


@pytest.mark.parametrize(
    ("slots", "query", "context"),
    [
        ([STATUS_SLOT], queries.FIND_DOCUMENTS, "$XDSDocumentEntryPatientId"),
        ([PATIENT_SLOT], queries.FIND_DOCUMENTS, "$XDSDocumentEntryStatus"),
        ([("$XDSDocumentEntryPatientId", []), STATUS_SLOT], queries.FIND_DOCUMENTS, "$XDSDocumentEntryPatientId"),
        (
            [PATIENT_SLOT, STATUS_SLOT],
            queries.FIND_DOCUMENTS_BY_REFERENCE_ID,
            "$XDSDocumentEntryReferenceIdList",
        ),
        (
            [],
            queries.GET_DOCUMENTS,
            "$XDSDocumentEntryEntryUUID, $XDSDocumentEntryLogicalID, $XDSDocumentEntryUniqueId",
        ),
    ],
)
def test_a_missing_parameter_is_named(slots: list[tuple[str, list[str]]], query: str, context: str) -> None:
    error = fault(request(*slots, query=query))
    assert (error.code, error.context) == ("XDSStoredQueryMissingParam", context)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("$XDSDocumentEntryPatientId", ["'a'", "'b'"]),
        ("$XDSDocumentEntryPatientId", ["('a','b')"]),
        ("$XDSDocumentEntryPatientId", ["unquoted"]),
        ("$XDSDocumentEntryPatientId", ["''"]),
        ("$XDSDocumentEntryStatus", ["('a'"]),
        ("$XDSDocumentEntryStatus", ["'a')"]),
        ("$XDSDocumentEntryStatus", ["('a' 'b')"]),
        ("$XDSDocumentEntryStatus", ["('a',)"]),
        ("$XDSDocumentEntryStatus", ["()"]),
        ("$XDSDocumentEntryStatus", ["("]),
        ("$XDSDocumentEntryStatus", ["('a''b)"]),
        ("$XDSDocumentEntryClassCode", ["('a')"]),
        ("$XDSDocumentEntryClassCode", ["('^^a')"]),
        ("$XDSDocumentEntryCreationTimeFrom", ["2021010"]),
        ("$XDSDocumentEntryCreationTimeFrom", ["20210108", "20210109"]),
        ("$XDSDocumentEntryCreationTimeFrom", ["20210108+0100"]),
        ("$MetadataLevel", ["'two'"]),
    ],
)
def test_a_malformed_parameter_is_named_and_its_value_kept_silent(name: str, values: list[str]) -> None:
    slots = dict([PATIENT_SLOT, STATUS_SLOT])
    slots[name] = values
    error = fault(request(*slots.items()))
    assert (error.code, error.context) == ("XDSStoredQueryParamNumber", name)


def test_one_way_to_name_documents_is_wanted_and_not_two() -> None:
    slots = (("$XDSDocumentEntryEntryUUID", ["('a')"]), ("$XDSDocumentEntryUniqueId", ["('a')"]))
    assert fault(request(*slots, query=queries.GET_DOCUMENTS)).code == "XDSStoredQueryParamNumber"
    with pytest.raises(ValueError, match="exactly one kind of identifier"):
        queries.get_documents()
    with pytest.raises(ValueError, match="exactly one kind of identifier"):
        queries.get_documents(unique_ids=["1"], entry_uuids=["2"])


@pytest.mark.parametrize("return_type", ["RegistryObject", "LeafClassWithRepositoryItem", "", "leafclass"])
def test_only_leaf_class_and_object_ref_may_be_asked_for(return_type: str) -> None:
    element = request(PATIENT_SLOT, STATUS_SLOT)
    element[0].set("returnType", return_type)
    assert fault(element).code == "XDSRegistryError"


def test_a_message_without_a_query_is_an_error_of_the_registry_kind() -> None:
    assert fault(etree.Element(f"{{{c.QUERY}}}AdhocQueryRequest")).code == "XDSRegistryError"
    assert fault(etree.Element("other")).code == "XDSRegistryError"


def test_a_query_that_a_registry_would_refuse_does_not_leave() -> None:
    with pytest.raises(QueryError, match="MissingParam"):
        queries.write(StoredQuery(query_id=queries.FIND_DOCUMENTS))
    with pytest.raises(QueryError, match="XDSRegistryError"):
        queries.write(queries.get_documents(unique_ids=["1"], return_type="RegistryObject"))
    with pytest.raises(QueryError, match="ParamNumber"):
        queries.write(queries.find_documents("p", created=("yesterday", "")))


def test_every_fault_has_its_sentence() -> None:
    for code in ("XDSUnknownStoredQuery", "XDSStoredQueryMissingParam", "XDSStoredQueryParamNumber"):
        assert "{context}" in TEXTS[code].fr
        assert "{context}" in TEXTS[code].en


def test_a_long_malformed_value_is_refused_in_linear_time() -> None:
    slots = (PATIENT_SLOT, ("$XDSDocumentEntryStatus", ["('" + "''" * 200_000]))
    assert fault(request(*slots)).code == "XDSStoredQueryParamNumber"
