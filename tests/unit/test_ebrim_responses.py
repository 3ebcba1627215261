"""Answers of registries: status and errors, written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import InputRejected
from gateway.model.document import RegistryError
from gateway.trust.safexml import parse
from gateway.xds import constants as c
from gateway.xds import ebrim
from gateway.xds.ebrim import RegistryResponse, ResponseStatus
from tests.support.submissions import SUBMISSION, maybe, texts

errors = st.builds(
    RegistryError, code=texts, context=maybe, severity=st.sampled_from(["Error", "Warning"]), location=maybe
)
responses = st.builds(
    RegistryResponse, status=st.sampled_from([s.value for s in ResponseStatus]), errors=st.lists(errors).map(tuple)
)


@given(responses)
def test_an_answer_is_read_back_as_it_was_written(response: RegistryResponse) -> None:
    for element in (ebrim.write_response(response), ebrim.write_query_response(response)):
        assert ebrim.read_response(parse(etree.tostring(element))) == response


def test_a_query_answer_carries_errors_before_objects() -> None:
    response = RegistryResponse(status=ResponseStatus.SUCCESS, errors=(RegistryError(code="a", severity="Warning"),))
    answer = ebrim.write_query_response(response, ebrim.write_object_list(SUBMISSION))
    assert [etree.QName(child).localname for child in answer] == ["RegistryErrorList", "RegistryObjectList"]
    assert ebrim.read(answer) == SUBMISSION


@pytest.mark.parametrize(
    ("severities", "highest"), [(["Warning"], "Warning"), (["Warning", "Error"], "Error"), (["Error"], "Error")]
)
def test_the_highest_severity_is_stated(severities: list[str], highest: str) -> None:
    response = RegistryResponse(
        status=ResponseStatus.FAILURE, errors=tuple(RegistryError(code="a", severity=s) for s in severities)
    )
    error_list = ebrim.write_response(response)[0]
    assert error_list.get("highestSeverity") == c.ERROR_SEVERITY + highest


def test_success_is_success_even_with_warnings_and_nothing_else_is() -> None:
    assert RegistryResponse(
        status=ResponseStatus.SUCCESS, errors=(RegistryError(code="a", severity="Warning"),)
    ).success
    assert not RegistryResponse(status=ResponseStatus.PARTIAL_SUCCESS).success
    assert not RegistryResponse(status="").success


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Success", ResponseStatus.SUCCESS),
        ("urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure", ResponseStatus.FAILURE),
        ("urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:PartialSuccess", ResponseStatus.PARTIAL_SUCCESS),
    ],
)
def test_a_status_is_read_with_or_without_its_urn(text: str, status: str) -> None:
    element = etree.Element(f"{{{c.RS}}}RegistryResponse", status=text)
    assert ebrim.read_response(element).status == status


def test_the_words_of_an_error_without_context_are_its_text() -> None:
    element = parse(
        f'<r:RegistryResponse xmlns:r="{c.RS}" status="Failure"><r:RegistryErrorList>'
        f'<r:RegistryError errorCode="XDSRegistryError" severity="Error"> it is full </r:RegistryError>'
        f"</r:RegistryErrorList></r:RegistryResponse>".encode()
    )
    assert ebrim.read_response(element).errors == (RegistryError(code="XDSRegistryError", context="it is full"),)


def test_the_answer_to_a_retrieval_wraps_its_status() -> None:
    wrapper = etree.Element("{urn:ihe:iti:xds-b:2007}RetrieveDocumentSetResponse")
    wrapper.append(ebrim.write_response(RegistryResponse(status=ResponseStatus.SUCCESS)))
    assert ebrim.read_response(wrapper).success


@pytest.mark.parametrize("text", ["<a/>", f'<r:RegistryResponse xmlns:r="{c.RS}"/>'])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(InputRejected) as caught:
        ebrim.read_response(parse(text.encode()))
    assert caught.value.code == "registry_metadata"
