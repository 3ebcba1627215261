"""The real application over loopback, spoken to with ``requests`` and messages written by hand."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator

import pytest
import requests

from gateway.registry.app import create_app
from tests.support import registry_wire as wire
from tests.support.registry import ACCESSION_AUTHORITY, PATIENT, REPOSITORY, new_unique_id, running_service

FIND_BY_REFERENCE = "12941a89-e02e-4be5-967c-ce4bfc8fe492"
GET_DOCUMENTS = "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
CONTENT = b"\r\n--MIMEBoundary\x00\xff\r\n" + bytes(range(256)) * 40 + b"\r\n"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_service(tmp_path_factory.mktemp("registry")) as service, wire.loopback(create_app(service)) as address:
        yield address


def submit(url: str, unique_id: str, content: bytes = CONTENT, slots: str = "") -> requests.Response:
    body = wire.provide_and_register(wire.extrinsic_object(unique_id, slots=slots), wire.by_part())
    return wire.post(f"{url}/repository", wire.ITI_41, body, {"d1@hand": content})


def find(url: str, number: str, return_type: str = "LeafClass") -> requests.Response:
    slots = (
        wire.slot("$XDSDocumentEntryPatientId", f"'{PATIENT}'")
        + wire.slot("$XDSDocumentEntryStatus", "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')")
        + wire.slot(
            "$XDSDocumentEntryReferenceIdList",
            f"('{number}^^^&{ACCESSION_AUTHORITY}&ISO^urn:ihe:iti:xds:2013:accession')",
        )
    )
    return wire.post(f"{url}/registry", wire.ITI_18, wire.stored_query(FIND_BY_REFERENCE, slots, return_type))


def test_a_document_is_provided_found_and_retrieved_byte_for_byte(url: str) -> None:
    unique_id = new_unique_id()
    answer = submit(url, unique_id, slots=wire.accession_slot("ACC-é-1"))
    assert (answer.status_code, wire.status_of(answer), wire.errors_of(answer)) == (200, "Success", [])
    assert 'type="application/xop+xml"' in answer.headers["Content-Type"]

    (entry,) = wire.root_of(find(url, "ACC-é-1")).iter("{*}ExtrinsicObject")
    slots = {s.get("name"): [v.text for v in s.iter("{*}Value")] for s in entry.iterchildren("{*}Slot")}
    assert slots["hash"] == [hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()]
    assert slots["size"] == [str(len(CONTENT))]
    assert slots["repositoryUniqueId"] == [REPOSITORY]
    assert slots["sourcePatientInfo"] == ["PID-5|DÉSIRÉE^Noël", "PID-8|F"]
    assert entry.find("{*}Name/{*}LocalizedString").get("value") == "Scanner de Noël – œdème"
    assert str(entry.get("status")).endswith(":Approved")

    retrieved = wire.post(f"{url}/repository", wire.ITI_43, wire.retrieve((REPOSITORY, unique_id)), {})
    assert wire.status_of(retrieved) == "Success"
    root, document = wire.parts_of(retrieved)
    assert document.get_payload(decode=True) == CONTENT
    assert document["Content-ID"].strip("<>") in str(root.get_payload(decode=True))
    (response,) = wire.root_of(retrieved).iter("{*}DocumentResponse")
    assert response.findtext("{*}DocumentUniqueId") == unique_id
    assert response.findtext("{*}mimeType") == "application/dicom"


def test_an_answer_names_the_message_it_answers(url: str) -> None:
    answer = find(url, "nothing")
    sent = str(answer.request.body)
    root = wire.root_of(answer)
    assert root.findtext(".//{*}RelatesTo") in sent
    assert root.findtext(".//{*}Action") == f"{wire.ITI_18}Response"


def test_object_refs_are_the_ids_alone(url: str) -> None:
    assert wire.status_of(submit(url, new_unique_id(), slots=wire.accession_slot("ACC2"))) == "Success"
    root = wire.root_of(find(url, "ACC2", "ObjectRef"))
    (reference,) = root.iter("{*}ObjectRef")
    assert str(reference.get("id")).startswith("urn:uuid:")
    assert list(root.iter("{*}ExtrinsicObject")) == []


def test_a_document_inside_the_envelope_is_accepted_without_mtom(url: str) -> None:
    unique_id = new_unique_id()
    inline = f'<x:Document id="Document01">\n{base64.encodebytes(CONTENT).decode()}</x:Document>'
    body = wire.provide_and_register(wire.extrinsic_object(unique_id), inline)
    answer = wire.post(f"{url}/repository", wire.ITI_41, body)
    assert wire.status_of(answer) == "Success"
    assert answer.headers["Content-Type"].startswith("application/soap+xml")
    retrieved = wire.post(f"{url}/repository", wire.ITI_43, wire.retrieve((REPOSITORY, unique_id)))
    assert wire.parts_of(retrieved)[1].get_payload(decode=True) == CONTENT


def test_a_document_whose_element_is_gone_is_missing_though_its_part_came(url: str) -> None:
    body = wire.provide_and_register(wire.extrinsic_object(new_unique_id()), "")
    answer = wire.post(f"{url}/repository", wire.ITI_41, body, {"d1@hand": CONTENT})
    assert (answer.status_code, wire.status_of(answer)) == (200, "Failure")
    assert wire.errors_of(answer) == ["XDSMissingDocument"]


def test_a_part_that_nothing_names_beside_documents_that_are_all_there_is_a_fault(url: str) -> None:
    body = wire.provide_and_register(wire.extrinsic_object(new_unique_id()), wire.by_part())
    answer = wire.post(f"{url}/repository", wire.ITI_41, body, {"d1@hand": CONTENT, "d2@hand": b"?"})
    assert answer.status_code == 400
    asked = wire.retrieve((REPOSITORY, "1.2.3"))
    assert wire.post(f"{url}/repository", wire.ITI_43, asked, {"d1@hand": CONTENT}).status_code == 400


def test_a_query_of_several_patients_is_not_known_under_the_action_of_one(url: str) -> None:
    several = "3d1bdb10-39a2-11de-89c2-2f44d94eaa9f"
    slots = wire.slot("$XDSDocumentEntryStatus", "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')")
    slots += wire.slot("$XDSDocumentEntryPatientId", f"('{PATIENT}')")
    answer = wire.post(f"{url}/registry", wire.ITI_18, wire.stored_query(several, slots))
    assert wire.errors_of(answer) == ["XDSUnknownStoredQuery"]
    assert wire.status_of(wire.post(f"{url}/registry", wire.ITI_51, wire.stored_query(several, slots))) == "Success"


def test_a_refusal_is_http_200_with_every_error(url: str) -> None:
    slots = wire.slot("hash", "00" * 20) + wire.slot("size", "7")
    answer = submit(url, new_unique_id(), slots=slots)
    assert (answer.status_code, wire.status_of(answer)) == (200, "Failure")
    assert wire.errors_of(answer) == ["XDSRepositoryMetadataError"] * 2


def test_every_mandatory_part_that_is_missing_is_named_at_once(url: str) -> None:
    no_class = wire.extrinsic_object(new_unique_id(), without="41a5887f-8865-4c09-adf7-e362475b143a")
    no_patient = wire.extrinsic_object(
        new_unique_id(), name="Document02", without="58a6f841-87b3-4a3e-92fd-a8ffeff98427"
    )
    no_patient = no_patient.replace('name="languageCode"', 'name="language"')
    documents = wire.by_part() + wire.by_part("Document02", "d2@hand")
    body = wire.provide_and_register(no_class + no_patient, documents)
    answer = wire.post(f"{url}/repository", wire.ITI_41, body, {"d1@hand": b"1", "d2@hand": b"2"})
    found = [(e.get("codeContext"), e.get("location")) for e in wire.root_of(answer).iter("{*}RegistryError")]
    assert found == [
        ("DocumentEntry.classCode is missing", "Document01"),
        ("DocumentEntry.languageCode is missing", "Document02"),
        ("DocumentEntry.patientId is missing", "Document02"),
    ]


def test_a_reference_with_a_broken_authority_is_refused_and_quoted(url: str) -> None:
    slots = wire.slot("urn:ihe:iti:xds:2013:referenceIdList", "ACC^^^1.2.3^urn:ihe:iti:xds:2013:accession")
    answer = submit(url, new_unique_id(), slots=slots)
    (error,) = wire.root_of(answer).iter("{*}RegistryError")
    assert error.get("errorCode") == "XDSRegistryMetadataError"
    assert "CXi.4 '1.2.3', which is not &OID&ISO" in str(error.get("codeContext"))


def test_what_is_missing_and_what_is_wrong_besides_come_in_one_answer(url: str) -> None:
    slots = wire.slot("size", "many") + wire.slot("hash", "00" * 20) + wire.slot("serviceStartTime", "20261301")
    objects = wire.extrinsic_object(new_unique_id(), slots=slots, without="41a5887f-8865-4c09-adf7-e362475b143a")
    documents = wire.by_part() + wire.by_part("Document02", "d2@hand")
    body = wire.provide_and_register(objects, documents)
    answer = wire.post(f"{url}/repository", wire.ITI_41, body, {"d1@hand": b"1", "d2@hand": b"2"})
    said = [str(e.get("codeContext")) for e in wire.root_of(answer).iter("{*}RegistryError")]
    assert wire.errors_of(answer) == [
        "XDSRegistryMetadataError",
        "XDSRegistryMetadataError",
        "XDSRegistryMetadataError",
        "XDSMissingDocumentMetadata",
        "XDSRepositoryMetadataError",
    ]
    assert said[0] == "DocumentEntry.classCode is missing"
    assert said[1] == "DocumentEntry.size “many” is not a number of bytes"
    assert "serviceStartTime “20261301”" in said[2]


def test_an_association_without_an_id_is_given_one(url: str) -> None:
    unique_id = new_unique_id()
    body = wire.provide_and_register(wire.extrinsic_object(unique_id), wire.by_part()).replace('id="m0" ', "")
    assert wire.status_of(wire.post(f"{url}/repository", wire.ITI_41, body, {"d1@hand": b"1"})) == "Success"


def test_an_extra_slot_without_a_urn_is_left_out_with_a_warning_and_success(url: str) -> None:
    unique_id = new_unique_id()
    slots = wire.slot("urn:example:kept", "a", "b") + wire.slot("invented", "c")
    answer = submit(url, unique_id, slots=slots)
    assert (wire.status_of(answer), wire.errors_of(answer)) == ("Success", ["XDSExtraMetadataNotSaved"])
    (error,) = wire.root_of(answer).iter("{*}RegistryError")
    assert str(error.get("severity")).endswith(":Warning")
    assert "“invented”" in str(error.get("codeContext"))
    by_id = wire.slot("$XDSDocumentEntryUniqueId", f"('{unique_id}')")
    found = wire.root_of(wire.post(f"{url}/registry", wire.ITI_18, wire.stored_query(GET_DOCUMENTS, by_id)))
    names = [slot.get("name") for slot in found.iter("{*}Slot")]
    assert "urn:example:kept" in names
    assert "invented" not in names


def test_a_scheme_that_is_no_attribute_is_left_out_with_a_warning_and_success(url: str) -> None:
    entry = wire.extrinsic_object(new_unique_id())
    spoilt = entry.replace("2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4", "2c6b8cb7-8b2a-4051-b291-b1ae6a575ef5")
    answer = wire.post(
        f"{url}/repository",
        wire.ITI_41,
        wire.provide_and_register(spoilt, wire.by_part()),
        {"d1@hand": CONTENT},
    )
    assert (wire.status_of(answer), wire.errors_of(answer)) == ("Success", ["XDSExtraMetadataNotSaved"])
    assert "ef5" in answer.text


def test_a_code_of_two_systems_is_refused(url: str) -> None:
    entry = wire.extrinsic_object(new_unique_id())
    twice = entry.replace(
        "<rim:Value>1.2.840.10008.2.16.4</rim:Value>", "<rim:Value>1.2</rim:Value><rim:Value>1.3</rim:Value>"
    )
    answer = wire.post(
        f"{url}/repository", wire.ITI_41, wire.provide_and_register(twice, wire.by_part()), {"d1@hand": CONTENT}
    )
    assert (wire.status_of(answer), wire.errors_of(answer)) == ("Failure", ["XDSRegistryMetadataError"])
    assert "codingScheme" in answer.text


def test_a_replacement_of_what_is_not_registered_is_refused(url: str) -> None:
    body = wire.provide_and_register(wire.extrinsic_object(new_unique_id()), wire.by_part())
    replaces = (
        '<rim:Association id="r1" associationType="urn:ihe:iti:2007:AssociationType:RPLC" sourceObject="Document01"'
        ' targetObject="urn:uuid:0a1b2c3d-0000-4000-8000-000000000001"/>'
    )
    body = body.replace("</rim:RegistryObjectList>", f"{replaces}</rim:RegistryObjectList>")
    answer = wire.post(f"{url}/repository", wire.ITI_41, body, {"d1@hand": b"1"})
    assert wire.errors_of(answer) == ["UnresolvedReferenceException"]
    assert "RPLC" in answer.text


@pytest.mark.parametrize(
    ("query_id", "slots", "code"),
    [
        ("00000000-ac74-4422-8a30-edb644bbc1a9", "", "XDSUnknownStoredQuery"),
        (FIND_BY_REFERENCE, "", "XDSStoredQueryMissingParam"),
        (GET_DOCUMENTS, "", "XDSStoredQueryMissingParam"),
        (
            GET_DOCUMENTS,
            wire.slot("$XDSDocumentEntryUniqueId", "('1.2')") + wire.slot("$XDSDocumentEntryEntryUUID", "('u')"),
            "XDSStoredQueryParamNumber",
        ),
    ],
)
def test_a_query_that_cannot_be_run_is_a_failure_of_its_own_form(
    url: str, query_id: str, slots: str, code: str
) -> None:
    answer = wire.post(f"{url}/registry", wire.ITI_18, wire.stored_query(query_id, slots))
    assert (answer.status_code, wire.status_of(answer), wire.errors_of(answer)) == (200, "Failure", [code])
    assert next(wire.root_of(answer).iter("{*}AdhocQueryResponse")) is not None


def test_a_part_of_what_is_asked_is_a_partial_success(url: str) -> None:
    unique_id, unknown = new_unique_id(), new_unique_id()
    assert wire.status_of(submit(url, unique_id)) == "Success"
    wanted = wire.retrieve((REPOSITORY, unique_id), (REPOSITORY, unknown), ("1.2.3", unique_id))
    answer = wire.post(f"{url}/repository", wire.ITI_43, wanted, {})
    assert wire.status_of(answer) == "PartialSuccess"
    assert wire.errors_of(answer) == ["XDSDocumentUniqueIdError", "XDSUnknownRepositoryId"]
    nothing = wire.post(f"{url}/repository", wire.ITI_43, wire.retrieve((REPOSITORY, unknown)), {})
    assert wire.status_of(nothing) == "Failure"
    assert wire.errors_of(wire.post(f"{url}/repository", wire.ITI_43, wire.retrieve(), {})) == ["XDSRepositoryError"]


def test_forty_documents_at_once_over_http(url: str) -> None:
    unique_ids = [new_unique_id() for _ in range(40)]
    answers: list[str] = []

    def one(unique_id: str) -> None:
        answers.append(wire.status_of(submit(url, unique_id, unique_id.encode())))

    threads = [threading.Thread(target=one, args=(unique_id,)) for unique_id in unique_ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["Success"] * 40
    wanted = wire.retrieve(*((REPOSITORY, unique_id) for unique_id in unique_ids))
    _, *documents = wire.parts_of(wire.post(f"{url}/repository", wire.ITI_43, wanted, {}))
    assert [one.get_payload(decode=True) for one in documents] == [unique_id.encode() for unique_id in unique_ids]


def test_a_chunked_body_is_read(url: str) -> None:
    body = wire.provide_and_register(wire.extrinsic_object(new_unique_id()), wire.by_part())
    headers, content = wire.multipart(wire.ITI_41, wire.envelope(wire.ITI_41, body), {"d1@hand": CONTENT})
    pieces = (content[start : start + 1000] for start in range(0, len(content), 1000))
    answer = requests.post(f"{url}/repository", data=pieces, headers=headers, timeout=wire.TIMEOUT_S)
    assert wire.status_of(answer) == "Success"


def test_the_registry_says_whether_it_is_well(url: str) -> None:
    answer = requests.get(f"{url}/health", timeout=wire.TIMEOUT_S)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_other_paths_and_methods_are_plain_http_errors(url: str) -> None:
    assert requests.get(f"{url}/nothing", timeout=wire.TIMEOUT_S).status_code == 404
    answer = requests.get(f"{url}/registry", timeout=wire.TIMEOUT_S)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
