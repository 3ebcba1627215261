"""Answers of the registry as they leave, letter by letter, with a reading beside each line.

The requests are those of ``tests.support.registry_wire``, which nothing of the gateway makes.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from gateway.registry.app import create_app
from tests.support import registry_wire as wire
from tests.support.registry import PATIENT, REPOSITORY, make_service

UUID = "urn:uuid:11111111-2222-4333-8444-000000000001"
UNIQUE_ID, SET_ID = "1.2.250.1.999.5.1", "1.2.250.1.999.5.9"
HASH = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
GET_DOCUMENTS = "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
_OASIS = "urn:oasis:names:tc:ebxml-regrep"
_SPACES = (
    f' xmlns:rim="{_OASIS}:xsd:rim:3.0" xmlns:rs="{_OASIS}:xsd:rs:3.0"'
    f' xmlns:lcm="{_OASIS}:xsd:lcm:3.0" xmlns:query="{_OASIS}:xsd:query:3.0"'
)
_ERROR = f'severity="{_OASIS}:ErrorSeverityType:Error"'
_CLASSIFICATION = f"{_OASIS}:ObjectType:RegistryObject:Classification"
_IDENTIFIER = f"{_OASIS}:ObjectType:RegistryObject:ExternalIdentifier"

REGISTERED = "".join(
    [
        f'<rs:RegistryResponse{_SPACES} status="{_OASIS}:ResponseStatusType:Success"/>',  # no error list at all
    ]
)

REFUSED = "".join(
    [
        f'<rs:RegistryResponse{_SPACES} status="{_OASIS}:ResponseStatusType:Failure">',
        f'<rs:RegistryErrorList highestSeverity="{_OASIS}:ErrorSeverityType:Error">',
        # what is wrong with the form first: the attribute, the value and why in codeContext, the object in location
        '<rs:RegistryError errorCode="XDSRegistryMetadataError"',
        ' codeContext="DocumentEntry.languageCode “?” is not a language tag such as fr-FR"',
        f' {_ERROR} location="{UUID}"/>',
        # then all that is known here already: the uniqueId of the set, the entryUUID
        '<rs:RegistryError errorCode="XDSDuplicateUniqueIdInRegistry"',
        f' codeContext="uniqueId “{SET_ID}” is registered already" {_ERROR} location="{SET_ID}"/>',
        '<rs:RegistryError errorCode="XDSDuplicateUniqueIdInRegistry"',
        f' codeContext="entryUUID “{UUID}” is registered already" {_ERROR} location="{UUID}"/>',
        # and the document, which would be no error with the same hash
        '<rs:RegistryError errorCode="XDSNonIdenticalHash"',
        f' codeContext="uniqueId “{UNIQUE_ID}” is registered with other bytes (another hash)"',
        f' {_ERROR} location="{UUID}"/>',
        "</rs:RegistryErrorList></rs:RegistryResponse>",
    ]
)

REFERENCES = "".join(
    [
        f'<query:AdhocQueryResponse{_SPACES} status="{_OASIS}:ResponseStatusType:Success">',
        f'<rim:RegistryObjectList><rim:ObjectRef id="{UUID}"/></rim:RegistryObjectList>',
        "</query:AdhocQueryResponse>",
    ]
)

ENTRY = "".join(
    [
        # the registry adds lid (its own id: a first version), status, and VersionInfo below
        f'<rim:ExtrinsicObject id="{UUID}" lid="{UUID}"',
        ' objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"',  # stable
        f' status="{_OASIS}:StatusType:Approved" mimeType="application/dicom">',
        *(
            f'<rim:Slot name="{name}"><rim:ValueList>{values}</rim:ValueList></rim:Slot>'
            for name, values in (
                ("creationTime", "<rim:Value>20261120101500</rim:Value>"),
                ("hash", f"<rim:Value>{HASH}</rim:Value>"),
                ("languageCode", "<rim:Value>fr-FR</rim:Value>"),
                ("repositoryUniqueId", f"<rim:Value>{REPOSITORY}</rim:Value>"),
                ("size", "<rim:Value>42</rim:Value>"),
                ("sourcePatientId", "<rim:Value>IPP1^^^&amp;1.2.250.1.999.1&amp;ISO</rim:Value>"),
                ("sourcePatientInfo", "<rim:Value>PID-5|DÉSIRÉE^Noël</rim:Value><rim:Value>PID-8|F</rim:Value>"),
                (
                    "urn:ihe:iti:xds:2013:referenceIdList",
                    "<rim:Value>ACC1^^^&amp;1.2.250.1.999.2&amp;ISO^urn:ihe:iti:xds:2013:accession</rim:Value>",
                ),
            )
        ),
        '<rim:Name><rim:LocalizedString xml:lang="fr-FR" charset="UTF-8" value="Scanner de Noël – œdème"/></rim:Name>',
        '<rim:VersionInfo versionName="1"/>',
        *(
            # ids of the parts are made from the entry's: the same in every answer
            f'<rim:Classification id="…" objectType="{_CLASSIFICATION}" classifiedObject="{UUID}"'
            f' classificationScheme="urn:uuid:{scheme}" nodeRepresentation="{code}">'
            f'<rim:Slot name="codingScheme"><rim:ValueList><rim:Value>{system}</rim:Value></rim:ValueList></rim:Slot>'
            f'<rim:Name><rim:LocalizedString xml:lang="fr-FR" charset="UTF-8" value="{display}"/></rim:Name>'
            "</rim:Classification>"
            for scheme, code, system, display in wire.ENTRY_CODES
        ),
        *(
            f'<rim:ExternalIdentifier id="…" objectType="{_IDENTIFIER}" registryObject="{UUID}"'
            f' identificationScheme="urn:uuid:{scheme}" value="{value}">'
            f'<rim:Name><rim:LocalizedString charset="UTF-8" value="XDSDocumentEntry.{name}"/></rim:Name>'
            "</rim:ExternalIdentifier>"
            for scheme, value, name in (
                # the type code ^NH is given back, though it is not compared
                ("58a6f841-87b3-4a3e-92fd-a8ffeff98427", PATIENT.replace("&", "&amp;"), "patientId"),
                ("2e82c1f6-a085-4c72-9da3-8640a32e42ab", UNIQUE_ID, "uniqueId"),
            )
        ),
        "</rim:ExtrinsicObject>",
    ]
)

NOT_HERE = "".join(
    [
        '<xdsb:RetrieveDocumentSetResponse xmlns:xdsb="urn:ihe:iti:xds-b:2007">',
        # nothing of what was asked for: Failure; with some of it, PartialSuccess and DocumentResponses behind
        f'<rs:RegistryResponse{_SPACES} status="{_OASIS}:ResponseStatusType:Failure">',
        f'<rs:RegistryErrorList highestSeverity="{_OASIS}:ErrorSeverityType:Error">',
        '<rs:RegistryError errorCode="XDSDocumentUniqueIdError"',
        f' codeContext="no document with the uniqueId “{UNIQUE_ID}” is here" {_ERROR} location="{UNIQUE_ID}"/>',
        "</rs:RegistryErrorList></rs:RegistryResponse></xdsb:RetrieveDocumentSetResponse>",
    ]
)


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return create_app(make_service(tmp_path)).test_client()


def request_of(language: str = "fr-FR", hash_: str = HASH) -> str:
    facts = (("hash", hash_), ("size", "42"), ("repositoryUniqueId", REPOSITORY))
    slots = "".join(wire.slot(name, value) for name, value in facts) + wire.accession_slot("ACC1")
    return wire.submit_objects(wire.extrinsic_object(UNIQUE_ID, UUID, slots), SET_ID).replace("fr-FR", language)


def body_of(client: FlaskClient, path: str, action: str, body: str) -> str:
    """What stands between the tags of the answer's body; the header is looked at here."""
    message = wire.envelope(action, body)
    asked = re.search(rb"<a:MessageID>(.*)</a:MessageID>", message)
    headers = {"Content-Type": f'application/soap+xml; charset=UTF-8; action="{action}"'}
    response = client.post(f"/{path}", data=message, headers=headers)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == f'application/soap+xml; charset=UTF-8; action="{action}Response"'
    text = response.get_data().decode()
    assert asked is not None
    found = re.fullmatch(
        r"<\?xml version='1.0' encoding='UTF-8'\?>\n"
        r'<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"'
        r' xmlns:wsa="http://www.w3.org/2005/08/addressing"><env:Header>'
        rf'<wsa:Action env:mustUnderstand="1">{action}Response</wsa:Action>'
        r"<wsa:MessageID>urn:uuid:[0-9a-f-]{36}</wsa:MessageID>"
        rf"<wsa:RelatesTo>{asked[1].decode()}</wsa:RelatesTo></env:Header>"  # the message id of the request
        r"<env:Body>(.*)</env:Body></env:Envelope>",
        text.strip(),
    )
    assert found is not None, text
    return found[1]


def test_a_registration_is_answered_as_written_here(client: FlaskClient) -> None:
    assert body_of(client, "registry", wire.ITI_42, request_of()) == REGISTERED


def test_a_refusal_leaves_as_written_here(client: FlaskClient) -> None:
    body_of(client, "registry", wire.ITI_42, request_of())
    assert body_of(client, "registry", wire.ITI_42, request_of("?", "f" * 40)) == REFUSED


def test_found_objects_leave_as_written_here(client: FlaskClient) -> None:
    body_of(client, "registry", wire.ITI_42, request_of())
    asked = wire.slot("$XDSDocumentEntryUniqueId", f"('{UNIQUE_ID}')")
    references = wire.stored_query(GET_DOCUMENTS, asked, "ObjectRef")
    assert body_of(client, "registry", wire.ITI_18, references) == REFERENCES
    whole = body_of(client, "registry", wire.ITI_18, wire.stored_query(GET_DOCUMENTS, asked))
    expected = REFERENCES.replace(f'<rim:ObjectRef id="{UUID}"/>', ENTRY)
    named = r'<rim:(Classification|ExternalIdentifier) id="urn:uuid:[0-9a-f-]{36}"'
    assert re.sub(named, r'<rim:\1 id="…"', whole) == expected
    assert body_of(client, "registry", wire.ITI_18, wire.stored_query(GET_DOCUMENTS, asked)) == whole


def test_a_document_that_is_not_here_is_answered_as_written_here(client: FlaskClient) -> None:
    assert body_of(client, "repository", wire.ITI_43, wire.retrieve((REPOSITORY, UNIQUE_ID))) == NOT_HERE
