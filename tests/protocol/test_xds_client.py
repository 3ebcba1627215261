"""A destination against a registry on loopback: what each answer means for a share."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, PeerUnreachable, Unavailable
from gateway.flow.ports import Destination
from gateway.model.codes import Code
from gateway.model.document import DocumentEntry, RegistryError, Status, Submission
from gateway.texts import TEXTS
from gateway.trust import safexml
from gateway.xds import ebrim, mtom, queries, soap
from gateway.xds.client import XDSB, DestinationSettings, RegistryClient, same_hash
from tests.support.soap import (
    MANIFEST,
    METADATA,
    PATIENT,
    REPORT,
    REPOSITORY,
    Behaviour,
    Memory,
    answering,
    client_of,
    frozen,
    in_turn,
    playing,
    saying,
    success,
)

ISSUE = Code("x", "1.2.250.1.999.3")


def failure(*errors: RegistryError, status: str = ebrim.ResponseStatus.FAILURE) -> etree._Element:
    return ebrim.write_response(ebrim.RegistryResponse(status=status, errors=errors))


def refused(*codes: str, status: str = ebrim.ResponseStatus.FAILURE) -> etree._Element:
    return failure(*(RegistryError(code=code, context=f"about {code}") for code in codes), status=status)


def entry(number: int, content: bytes, **changes: object) -> DocumentEntry:
    """The entry of a frozen document as the registry has it."""
    values: dict[str, object] = {
        "entry_uuid": f"urn:uuid:00000000-0000-4000-8000-00000000000{number}",
        "unique_id": f"1.2.250.1.999.1.{number}",
        "mime_type": "text/xml",
        "patient_id": PATIENT,
        "class_code": ISSUE,
        "type_code": ISSUE,
        "format_code": ISSUE,
        "healthcare_facility_type_code": ISSUE,
        "practice_setting_code": ISSUE,
        "confidentiality_codes": (ISSUE,),
        "creation_time": "20260101",
        "language_code": "fr-FR",
        "hash": hashlib.sha1(content).hexdigest(),  # noqa: S324
        "size": len(content),
        "repository_unique_id": REPOSITORY,
        "status": Status.APPROVED,
    }
    return DocumentEntry(**{**values, **changes})  # type: ignore[arg-type]


def found(*entries: DocumentEntry, status: str = ebrim.ResponseStatus.SUCCESS) -> etree._Element:
    answer = ebrim.RegistryResponse(status=status)
    return ebrim.write_query_response(answer, ebrim.write_object_list(Submission(entries=entries)))


BOTH = (entry(1, REPORT), entry(2, MANIFEST))


def sent(behaviour: Behaviour, *, again: bool = False, **changes: object) -> int:
    """Send the frozen submission; how many requests it took."""
    with playing(behaviour) as loopback, client_of(loopback, **changes) as client:
        client.send(frozen(), again=again)
        return len(loopback.seen)


def refusal(act: Callable[[], object], family: type[GatewayError], code: str) -> GatewayError:
    with pytest.raises(family, match=code) as caught:
        act()
    assert code in TEXTS
    return caught.value


def test_a_client_is_a_destination() -> None:
    settings = DestinationSettings(name="x", registry_url="http://127.0.0.1/", repository_url="http://127.0.0.1/")
    client = RegistryClient(settings, Memory())
    destination: Destination = client
    assert destination is client
    client.close()


def test_the_frozen_bytes_are_what_arrives() -> None:
    with playing(answering(lambda _: success())) as loopback, client_of(loopback) as client:
        client.send(frozen(), again=False)
        with loopback.seen[0].read() as request:
            metadata = request.body[0]
            assert etree.tostring(metadata, method="c14n", exclusive=True) == etree.tostring(
                safexml.parse(METADATA), method="c14n", exclusive=True
            )
            assert {name: part.read() for name, part in request.documents().items()} == {
                "Document01": REPORT,
                "Document02": MANIFEST,
            }
            assert [part.mime_type for part in request.parts.values()] == ["text/xml", "application/dicom"]


def test_documents_that_are_gone_stop_the_submission_before_it_leaves() -> None:
    with playing(answering(success())) as loopback, client_of(loopback) as client:
        lost = replace(frozen(), documents=(replace(frozen().documents[0], digest="0" * 64),))
        with pytest.raises(Unavailable):
            client.send(lost, again=False)
        assert loopback.seen == []


def test_success_with_a_warning_is_success() -> None:
    warning = RegistryError(code="XDSExtraMetadataNotSaved", severity="Warning")
    assert sent(answering(failure(warning, status=ebrim.ResponseStatus.SUCCESS))) == 1


CONTRADICTION = failure(RegistryError(code="XDSRegistryError", context="index"), status=ebrim.ResponseStatus.SUCCESS)
"""Success, with an error beside it."""


def test_a_success_that_names_an_error_is_believed_once_the_registry_has_the_documents() -> None:
    assert sent(in_turn(answering(CONTRADICTION), answering(found(*BOTH)))) == 2


def test_a_success_that_names_an_error_is_a_refusal_where_the_documents_are_not_there() -> None:
    refusal(lambda: sent(in_turn(answering(CONTRADICTION), answering(found(BOTH[0])))), PeerRefused, "registry_refused")
    refusal(lambda: sent(answering(CONTRADICTION), ask_first=False), PeerRefused, "registry_refused")


@pytest.mark.parametrize("status", [ebrim.ResponseStatus.FAILURE, ebrim.ResponseStatus.PARTIAL_SUCCESS, "urn:other"])
def test_every_error_of_a_refusal_is_told(status: str) -> None:
    answer = answering(refused("XDSUnknownPatientId", "XDSRegistryMetadataError", status=status))
    error = refusal(lambda: sent(answer), PeerRefused, "registry_refused")
    assert error.facts == {
        "codes": "XDSUnknownPatientId, XDSRegistryMetadataError",
        "words": "XDSUnknownPatientId: about XDSUnknownPatientId; "
        "XDSRegistryMetadataError: about XDSRegistryMetadataError",
    }
    assert "about" not in str(error)


def test_warnings_beside_the_errors_are_not_the_reason() -> None:
    answer = failure(
        RegistryError(code="XDSExtraMetadataNotSaved", severity="Warning"), RegistryError(code="XDSUnknownPatientId")
    )
    error = refusal(lambda: sent(answering(answer)), PeerRefused, "registry_refused")
    assert error.facts["codes"] == "XDSUnknownPatientId"


def test_a_refusal_without_a_reason_is_still_a_refusal() -> None:
    error = refusal(lambda: sent(answering(failure())), PeerRefused, "registry_refused")
    assert error.facts["words"].endswith("Failure")


@pytest.mark.parametrize(
    "code",
    [
        "XDSRegistryBusy",
        "XDSRepositoryBusy",
        "XDSRegistryOutOfResources",
        "XDSRepositoryOutOfResources",
        "XDSRegistryNotAvailable",
    ],
)
def test_a_busy_registry_is_asked_again_later(code: str) -> None:
    refusal(lambda: sent(answering(refused(code))), PeerUnreachable, "registry_busy")


def test_busyness_beside_a_real_error_is_a_refusal() -> None:
    refusal(lambda: sent(answering(refused("XDSRegistryBusy", "XDSUnknownPatientId"))), PeerRefused, "registry_refused")


DUPLICATE = "XDSDuplicateUniqueIdInRegistry"


def test_a_duplicate_at_the_first_try_is_a_refusal() -> None:
    refusal(lambda: sent(answering(refused(DUPLICATE))), PeerRefused, "registry_refused")


def test_a_duplicate_at_a_further_try_is_success_once_the_registry_confirms() -> None:
    assert sent(in_turn(answering(refused(DUPLICATE)), answering(found(*BOTH))), again=True) == 2


def test_a_duplicate_at_a_further_try_that_the_registry_does_not_confirm_is_a_refusal() -> None:
    behaviour = in_turn(answering(refused(DUPLICATE)), answering(found(BOTH[0])))
    refusal(lambda: sent(behaviour, again=True), PeerRefused, "registry_refused")


def test_a_duplicate_with_other_content_is_never_success() -> None:
    other = found(BOTH[0], entry(2, b"other"))
    behaviour = in_turn(answering(refused(DUPLICATE)), answering(other))
    refusal(lambda: sent(behaviour, again=True), PeerRefused, "registry_other_hash")


def test_a_registry_that_cannot_be_asked_is_believed_about_duplicates() -> None:
    assert sent(answering(refused(DUPLICATE)), again=True, ask_first=False) == 1


def test_a_duplicate_beside_another_error_is_a_refusal() -> None:
    behaviour = answering(refused(DUPLICATE, "XDSUnknownPatientId"))
    refusal(lambda: sent(behaviour, again=True, ask_first=False), PeerRefused, "registry_refused")


@pytest.mark.parametrize("again", [False, True])
def test_another_hash_is_told_apart(again: bool) -> None:
    behaviour = answering(refused("XDSNonIdenticalHash", DUPLICATE))
    refusal(lambda: sent(behaviour, again=again, ask_first=False), PeerRefused, "registry_other_hash")


@pytest.mark.parametrize(
    "body",
    [
        etree.Element("{urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0}RegistryResponse"),
        etree.Element("{urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0}RegistryResponse", status=""),
    ],
)
def test_an_answer_without_status_is_a_mistake_of_the_registry(body: etree._Element) -> None:
    refusal(lambda: sent(answering(body)), PeerMisbehaved, "registry_metadata")


def known(*entries: DocumentEntry) -> bool:
    with playing(answering(found(*entries), multipart=False)) as loopback, client_of(loopback) as client:
        answer = client.known(frozen())
        with loopback.seen[0].read() as request:
            asked = queries.read(request.body)
        assert asked.query_id == queries.GET_DOCUMENTS
        assert asked.values("$XDSDocumentEntryUniqueId") == ("1.2.250.1.999.1.1", "1.2.250.1.999.1.2")
        assert loopback.seen[0].headers["content-type"].startswith("application/soap+xml; ")
        return answer


def test_documents_are_known_when_all_are_there_with_our_hash() -> None:
    assert known(*BOTH)
    assert known(*reversed(BOTH))
    assert known(*(replace(one, hash=one.hash.upper()) for one in BOTH))
    assert known(*(replace(one, hash=base64.b64encode(bytes.fromhex(one.hash)).decode()) for one in BOTH))


def test_documents_are_not_known_when_one_is_absent_withdrawn_or_without_hash() -> None:
    assert not known()
    assert not known(BOTH[0])
    assert not known(BOTH[0], replace(BOTH[1], status=Status.DEPRECATED))
    assert not known(BOTH[0], replace(BOTH[1], hash=""))
    assert not known(BOTH[0], replace(BOTH[1], unique_id="1.2.250.1.999.1.3"))


def test_a_document_with_another_hash_is_never_ours() -> None:
    refusal(lambda: known(replace(BOTH[0], hash="0" * 40)), PeerRefused, "registry_other_hash")


def test_no_documents_are_not_known() -> None:
    with playing(saying("a/b", b"")) as loopback, client_of(loopback) as client:
        assert not client.known(replace(frozen(), documents=()))
        assert loopback.seen == []


def test_a_question_that_is_refused_is_not_a_no() -> None:
    answer = ebrim.write_query_response(
        ebrim.RegistryResponse(
            status=ebrim.ResponseStatus.FAILURE, errors=(RegistryError(code="XDSRegistryError", context="no"),)
        )
    )
    with playing(answering(answer)) as loopback, client_of(loopback) as client:
        refusal(lambda: client.known(frozen()), PeerRefused, "registry_refused")


def test_documents_are_found_by_reference() -> None:
    reference = "ACC1^^^&1.2.250.1.999.2&ISO^urn:ihe:iti:xds:2013:accession"
    with playing(answering(found(*BOTH), multipart=False)) as loopback, client_of(loopback) as client:
        entries = client.find_by_reference(PATIENT, [reference])
        assert [one.unique_id for one in entries] == [one.unique_id for one in BOTH]
        with loopback.seen[0].read() as request:
            asked = queries.read(request.body)
        assert asked.one("$XDSDocumentEntryPatientId") == PATIENT
        assert asked.values("$XDSDocumentEntryReferenceIdList") == (reference,)
        assert client.find_by_reference(PATIENT, []) == ()
        assert len(loopback.seen) == 1


def test_an_incomplete_list_is_not_given_as_the_list() -> None:
    incomplete = found(*BOTH, status=ebrim.ResponseStatus.PARTIAL_SUCCESS)
    with playing(answering(incomplete)) as loopback, client_of(loopback) as client:
        refusal(lambda: client.find_by_reference(PATIENT, ["a^^^^b"]), PeerRefused, "registry_refused")


def test_metadata_that_cannot_be_read_are_a_mistake_of_the_registry() -> None:
    broken = found(*BOTH)
    for identifier in broken.iter("{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}ExternalIdentifier"):
        identifier.getparent().remove(identifier)  # type: ignore[union-attr]
    with playing(answering(broken)) as loopback, client_of(loopback) as client:
        refusal(lambda: client.find_by_reference(PATIENT, ["a^^^^b"]), PeerMisbehaved, "registry_metadata")


def documents(*pairs: tuple[str, bytes], inline: bool = False) -> tuple[etree._Element, list[mtom.Attachment]]:
    """An ITI-43 answer and its parts."""
    body = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetResponse")
    body.append(success())
    attachments = []
    for number, (unique_id, content) in enumerate(pairs):
        answer = etree.SubElement(body, f"{{{XDSB}}}DocumentResponse")
        etree.SubElement(answer, f"{{{XDSB}}}RepositoryUniqueId").text = REPOSITORY
        etree.SubElement(answer, f"{{{XDSB}}}DocumentUniqueId").text = unique_id
        etree.SubElement(answer, f"{{{XDSB}}}mimeType").text = "text/xml"
        element = etree.SubElement(answer, f"{{{XDSB}}}Document")
        if inline:
            element.text = base64.encodebytes(content).decode()
        else:
            element.append(mtom.include(str(number)))
            attachments.append(mtom.Attachment(str(number), "text/xml", content))
    return body, attachments


def delivering(*pairs: tuple[str, bytes], inline: bool = False) -> Behaviour:
    body, attachments = documents(*pairs, inline=inline)
    return answering(body, *attachments)


REPORT_PAIR = ("1.2.250.1.999.1.1", REPORT)
MANIFEST_PAIR = ("1.2.250.1.999.1.2", MANIFEST)


@pytest.mark.parametrize("inline", [False, True])
def test_documents_are_retrieved_byte_for_byte_in_the_order_asked(inline: bool) -> None:
    with (
        playing(delivering(MANIFEST_PAIR, REPORT_PAIR, inline=inline)) as loopback,
        client_of(loopback) as client,
    ):
        retrieved = client.retrieve([*BOTH, BOTH[0]])
        assert [(one.unique_id, one.content) for one in retrieved] == [REPORT_PAIR, MANIFEST_PAIR]
        assert {(one.repository_unique_id, one.mime_type) for one in retrieved} == {(REPOSITORY, "text/xml")}
        with loopback.seen[0].read() as request:
            asked = [[str(etree.QName(field).localname) for field in one] for one in request.body]
        assert asked == [["RepositoryUniqueId", "DocumentUniqueId"]] * 2


def test_each_repository_is_asked_for_its_own() -> None:
    elsewhere = replace(BOTH[1], repository_unique_id="1.2.250.1.999.7.2", home_community_id="urn:oid:1.2.3")
    nowhere = replace(BOTH[0], repository_unique_id="")
    with (
        playing(in_turn(delivering(REPORT_PAIR), delivering(MANIFEST_PAIR))) as loopback,
        client_of(loopback) as client,
    ):
        retrieved = client.retrieve([nowhere, elsewhere])
        assert [one.repository_unique_id for one in retrieved] == [REPOSITORY, "1.2.250.1.999.7.2"]
        assert b"<xdsb:HomeCommunityId>urn:oid:1.2.3</xdsb:HomeCommunityId>" in loopback.seen[1].body


@pytest.mark.parametrize(
    ("behaviour", "family", "code"),
    [
        (delivering(REPORT_PAIR, (MANIFEST_PAIR[0], b"other")), PeerMisbehaved, "registry_hash"),
        (delivering(REPORT_PAIR), PeerMisbehaved, "registry_documents"),
        (delivering(REPORT_PAIR, MANIFEST_PAIR, ("1.2.3", b"")), PeerMisbehaved, "registry_documents"),
        (delivering(REPORT_PAIR, REPORT_PAIR, MANIFEST_PAIR), PeerMisbehaved, "registry_documents"),
    ],
    ids=["other content", "one missing", "one too many", "one twice"],
)
def test_documents_that_are_not_those_asked_are_not_used(
    behaviour: Behaviour, family: type[GatewayError], code: str
) -> None:
    with playing(behaviour) as loopback, client_of(loopback) as client:
        refusal(lambda: client.retrieve(BOTH), family, code)


def test_a_size_that_differs_is_a_document_that_differs() -> None:
    with playing(delivering(REPORT_PAIR)) as loopback, client_of(loopback) as client:
        wrong = replace(BOTH[0], hash="", size=1)
        refusal(lambda: client.retrieve([wrong]), PeerMisbehaved, "registry_hash")
        unstated = replace(BOTH[0], hash="", size=None)
        assert client.retrieve([unstated])[0].content == REPORT


def test_a_refused_retrieval_is_told() -> None:
    def answer(_: soap.Request) -> etree._Element:
        body = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetResponse")
        body.append(refused("XDSDocumentUniqueIdError"))
        return body

    with playing(answering(answer)) as loopback, client_of(loopback) as client:
        refusal(lambda: client.retrieve(BOTH), PeerRefused, "registry_refused")


@pytest.mark.parametrize("stated", ["", "x", "zz" * 20, "0" * 40, "é"])
def test_a_hash_that_is_no_hash_is_not_ours(stated: str) -> None:
    assert not same_hash(stated, BOTH[0].hash)
