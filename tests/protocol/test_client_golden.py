"""Requests of the client as they leave, letter by letter, with a reading beside each line.

The submission of ITI-41 stands in ``test_soap_golden``.
"""

from __future__ import annotations

import re

from gateway.xds import queries
from tests.protocol.test_client_amending import BY, DONE, NOW, entry, registered
from tests.protocol.test_client_consumer import EXPLICIT, SOURCE, client_of_sources, instance, series, showing
from tests.support import client_wire as wire
from tests.support.soap import PATIENT, client_of, in_turn, playing

_XML = "<?xml version='1.0' encoding='UTF-8'?>\n"
_RIM = ' xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"'

QUERY = "".join(
    [
        "<query:AdhocQueryRequest>",
        # whole objects, with what is composed in them
        '<query:ResponseOption returnComposedObjects="true" returnType="LeafClass"/>',
        f'<rim:AdhocQuery{_RIM} id="urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4">',  # GetDocuments
        # a list of strings in parentheses and apostrophes; a quote inside is doubled
        '<rim:Slot name="$XDSDocumentEntryUniqueId"><rim:ValueList>',
        "<rim:Value>('1.2.3','O''Neil')</rim:Value>",
        "</rim:ValueList></rim:Slot></rim:AdhocQuery></query:AdhocQueryRequest>",
    ]
)

IMAGES = "".join(
    [
        '<ns0:RetrieveImagingDocumentSetRequest xmlns:ns0="urn:ihe:rad:xdsi-b:2009">',
        '<ns0:StudyRequest studyInstanceUID="1.2.3">',
        '<ns0:SeriesRequest seriesInstanceUID="1.2.3.1">',
        "<xdsb:DocumentRequest>",
        "<xdsb:HomeCommunityId>urn:oid:1.2.9</xdsb:HomeCommunityId>",
        f"<xdsb:RepositoryUniqueId>{SOURCE}</xdsb:RepositoryUniqueId>",  # the Retrieve Location UID of the manifest
        "<xdsb:DocumentUniqueId>1.2.3.1.1</xdsb:DocumentUniqueId>",  # a SOP Instance UID
        "</xdsb:DocumentRequest></ns0:SeriesRequest></ns0:StudyRequest>",
        # at least one: an instance comes in one of these or not at all
        "<ns0:TransferSyntaxUIDList>",
        f"<ns0:TransferSyntaxUID>{EXPLICIT}</ns0:TransferSyntaxUID>",
        "</ns0:TransferSyntaxUIDList></ns0:RetrieveImagingDocumentSetRequest>",
    ]
)

WITHDRAWAL = "".join(
    [
        # the set that brings the change: who, for whom, when
        '<rim:RegistryPackage id="SubmissionSet01"',
        ' objectType="urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:RegistryPackage">',
        '<rim:Slot name="submissionTime"><rim:ValueList>',
        "<rim:Value>20261122103000</rim:Value></rim:ValueList></rim:Slot>",
    ]
)
CHANGE = "".join(
    [
        # from the set to the entryUUID that the registry told, from one status to another
        '<rim:Association id="Association01"',
        ' objectType="urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"',
        ' associationType="urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"',
        ' sourceObject="SubmissionSet01" targetObject="urn:uuid:11111111-2222-4333-8444-000000000001">',
        '<rim:Slot name="OriginalStatus"><rim:ValueList>',
        "<rim:Value>urn:oasis:names:tc:ebxml-regrep:StatusType:Approved</rim:Value></rim:ValueList></rim:Slot>",
        '<rim:Slot name="NewStatus"><rim:ValueList>',
        "<rim:Value>urn:asip:ci-sis:2010:StatusType:Deleted</rim:Value></rim:ValueList></rim:Slot>",
        "</rim:Association>",
    ]
)


def body_of(message: bytes) -> str:
    """The bytes between the tags of the body."""
    found = re.search(rb"<soap-env:Body>(.*)</soap-env:Body></soap-env:Envelope>", message, re.DOTALL)
    assert found is not None
    return found[1].decode()


def test_a_stored_query_leaves_as_written_here() -> None:
    with playing(wire.saying(wire.query_response(""))) as loopback, client_of(loopback) as client:
        client.query(queries.get_documents(unique_ids=["1.2.3", "O'Neil"]))
        (seen,) = loopback.seen
    assert seen.headers["content-type"] == (
        'application/soap+xml; charset=UTF-8; action="urn:ihe:iti:2007:RegistryStoredQuery"'
    )
    assert seen.body.decode().startswith(_XML + "<soap-env:Envelope ")
    assert body_of(seen.body) == QUERY


def test_a_request_for_images_leaves_as_written_here() -> None:
    answer = wire.saying(showing, {"1.2.3.1.1": instance("1.2.3.1.1")})
    with playing(answer) as loopback, client_of_sources(loopback) as client:
        list(client.images([series("1.2.3.1.1")], [EXPLICIT]))
        assert body_of(loopback.seen[0].body) == IMAGES


def test_a_withdrawal_leaves_as_written_here() -> None:
    with playing(in_turn(registered(entry()), DONE)) as loopback, client_of(loopback, flavour="dmp") as client:
        client.withdraw(["1.2.250.1.999.1.1"], BY, NOW)
        text = body_of(loopback.seen[1].body)
    assert text.count("<rim:ExtrinsicObject") == 0
    assert WITHDRAWAL in text
    assert CHANGE in text
    assert f'value="{PATIENT.replace("&", "&amp;")}"' in text
