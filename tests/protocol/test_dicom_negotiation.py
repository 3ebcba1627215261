"""Associations and requests as pynetdicom makes them of ours: golden bytes, roles, what is accepted, the end."""

from __future__ import annotations

import itertools

import pytest
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.pdu import P_DATA_TF, PDU_TYPES
from pynetdicom.presentation import build_context
from pynetdicom.status import (
    GENERAL_STATUS,
    STATUS_FAILURE,
    STORAGE_SERVICE_CLASS_STATUS,
)

from gateway.dicom.network import acceptor, admission, dimse, negotiation
from gateway.dicom.network.pdu import IMPLEMENTATION_CLASS_UID
from gateway.dicom.network.proposal import (
    COMPRESSED,
    FIND,
    GET,
    MAX_STORAGE_CONTEXTS,
    MOVE,
    QUERY,
    UNCOMPRESSED,
    VERIFICATION,
    Proposal,
    retrieval,
)
from gateway.dicom.storage import STORAGE
from tests.support.dicom_wire import CONTEXT, USER, associated, item

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT, IMPLICIT = UNCOMPRESSED

ASSOCIATION = (
    "0100 0000011e"  # A-ASSOCIATE-RQ
    "0001 0000"  # Protocol version 1
    "50414353202020202020202020202020"  # Called: PACS
    "47415445574159202020202020202020"  # Calling: GATEWAY
    + "00"
    * 32
    + "1000 0015 312e322e3834302e31303030382e332e312e312e31"  # Application context
    "2000 004f 01000000"  # Presentation context 1
    "3000 001b 312e322e3834302e31303030382e352e312e342e312e322e322e31"  # Study Root, FIND
    "4000 0013 312e322e3834302e31303030382e312e322e31"  # Explicit VR Little Endian
    "4000 0011 312e322e3834302e31303030382e312e32"  # Implicit VR Little Endian
    "5000 006a"  # User information
    "5100 0004 00020000"  # Maximum length: 131,072
    "5200 002c 322e32352e313935323133333138363235393036303534313030333834313738333234323530303730353737"
    "5500 000c 4452494d5f47415445574159"  # DRIM_GATEWAY
    "5600 001e 001b 312e322e3834302e31303030382e352e312e342e312e322e322e31 01"  # Relational queries
)
FIND_REQUEST = (
    "0400 0000005e 0000005a 01 03"  # P-DATA-TF, context 1, command, last
    "00000000 04000000 4c000000"  # Group length: 76
    "00000200 1c000000 312e322e3834302e31303030382e352e312e342e312e322e322e3100"  # Study Root, FIND
    "00000001 02000000 2000"  # C-FIND-RQ
    "00001001 02000000 0700"  # Message ID: 7
    "00000007 02000000 0000"  # Priority: medium
    "00000008 02000000 0100"  # A data set follows
    "0400 00000010 0000000c 01 02"  # P-DATA-TF, context 1, data set, last
    "6964656e746966696572"
)


def request_of(proposal: Proposal) -> bytes:
    return negotiation.proposing("PACS", "GATEWAY", proposal, 131_072, negotiate=True)


def test_the_request_of_a_query_is_these_bytes() -> None:
    assert request_of(QUERY) == bytes.fromhex(ASSOCIATION)
    without = negotiation.proposing("PACS", "GATEWAY", QUERY, 131_072, negotiate=False)
    assert len(without) == len(request_of(QUERY)) - 34


def test_a_find_is_these_bytes() -> None:
    assert b"".join(dimse.encoded(dimse.find(b"identifier"), 1, 7, 16_384)) == bytes.fromhex(FIND_REQUEST)


@pytest.mark.parametrize("max_length", [0, 7, 64, 16_384])
@pytest.mark.parametrize(
    ("primitive", "service", "destination"),
    [
        (dimse.echo(), VERIFICATION, None),
        (dimse.find(b"i" * 99), FIND, None),
        (dimse.get(b"i" * 99), GET, None),
        (dimse.move(b"i" * 99, "GATEWAY-IN"), MOVE, "GATEWAY-IN"),
    ],
)
def test_requests_are_whole_and_cut_as_the_peer_takes_them(
    primitive: dimse.Primitive, service: str, destination: str | None, max_length: int
) -> None:
    whole = DIMSEMessage()
    for encoded in dimse.encoded(primitive, 3, 65_535, max_length):
        assert not max_length or len(encoded) - 6 <= max_length
        read = P_DATA_TF()
        read.decode(encoded)
        ended = whole.decode_msg(read.to_primitive())
    assert ended
    command = whole.command_set
    assert (whole.context_id, command.MessageID, command.AffectedSOPClassUID) == (3, 65_535, service)
    assert command.get("MoveDestination") == destination
    assert command.get("Priority", 0) == 0
    assert whole.data_set is not None
    assert whole.data_set.getvalue() == (b"" if service == VERIFICATION else b"i" * 99)


def test_what_c_get_delivers_is_proposed_in_the_role_of_its_provider() -> None:
    contexts = tuple((syntax,) for syntax in COMPRESSED)
    request = admission.read_request(memoryview(request_of(retrieval(CT, (UNCOMPRESSED, *contexts))))[6:])
    assert [one.context_id for one in request.contexts] == list(range(1, 25, 2))
    assert [str(one.abstract_syntax) for one in request.contexts] == [GET] + [CT] * 11
    asked = negotiation.proposed_contexts(retrieval(CT))
    role = item(0x54, len(CT).to_bytes(2, "big") + CT.encode() + b"\0\1")
    assert request_of(retrieval(CT)).count(role) == 1
    service = item(0x21, b"\x01\0\0\0" + item(0x40, EXPLICIT.encode()))
    storage = item(0x21, b"\x03\0\0\0" + item(0x40, IMPLICIT.encode()))
    refused = role[:-2] + b"\0\0"
    for told, usable in ((role, {1, 3}), (b"", {1, 3}), (refused, {1})):
        accept = associated(2, service, storage, item(0x50, USER[4:] + told))
        accepted = negotiation.read_acceptance(memoryview(accept)[6:], asked)
        assert {one.context_id for one in accepted.contexts} == usable


def test_an_acceptance_is_read_and_rubbish_about_what_is_refused_is_not() -> None:
    asked = negotiation.proposed_contexts(QUERY)
    extended = item(0x56, len(FIND).to_bytes(2, "big") + FIND.encode() + b"\1\0\0")
    accept = associated(2, CONTEXT, item(0x50, USER[4:] + item(0x55, b"NAME\0\0") + extended), item(0x99, b"?"))
    accepted = negotiation.read_acceptance(memoryview(accept)[6:], asked)
    assert (accepted.max_length, accepted.version, accepted.extended) == (16_384, "NAME", {FIND: b"\1\0\0"})
    assert accepted.contexts[0].as_tuple == (1, FIND, EXPLICIT)
    for result, rest in itertools.product(range(1, 256, 50), (b"", item(0x40, b""), item(0x40, b"\xff" * 70), b"\x40")):
        refusal = associated(2, item(0x21, bytes([1, 0, result, 0]) + rest), USER)
        assert negotiation.read_acceptance(memoryview(refusal)[6:], asked).contexts == ()


def test_what_we_accept_is_what_we_support_in_our_order() -> None:
    contexts = [
        build_context(CT, [COMPRESSED[0], IMPLICIT, EXPLICIT]),
        build_context(CT, ["1.2.3.4"]),
        build_context("1.2.3", [IMPLICIT]),
    ]
    for number, context in enumerate(contexts):
        context.context_id = 2 * number + 1
    sent = negotiation.association_request("US", "PEER", contexts, max_length=99, extended={})
    request = admission.read_request(memoryview(sent)[6:])
    assert (request.called_aet, request.calling_aet, request.max_length) == ("US", "PEER", 99)
    supported = ((CT, (EXPLICIT, IMPLICIT)),)
    encoded, accepted = admission.acceptance(request, supported, 131_072)
    assert accepted == ((1, CT, EXPLICIT),)
    read = PDU_TYPES_BY_NUMBER[encoded[0]]()
    read.decode(encoded)
    results = read.to_primitive().presentation_context_definition_results_list
    assert [(one.context_id, one.result) for one in results] == [(1, 0), (3, 4), (5, 3)]
    assert read.user_information.implementation_class_uid == IMPLEMENTATION_CLASS_UID
    assert read.user_information.maximum_length == 131_072


PDU_TYPES_BY_NUMBER = {number: kind for kind, number in PDU_TYPES.items()}


def test_as_many_contexts_are_proposed_as_there_can_be() -> None:
    proposal = Proposal(GET, tuple((uid, UNCOMPRESSED) for uid in STORAGE[:MAX_STORAGE_CONTEXTS]))
    request = admission.read_request(memoryview(request_of(proposal))[6:])
    assert [one.context_id for one in request.contexts] == list(range(1, 256, 2))


def test_ends_are_these_bytes_and_their_reasons_are_words() -> None:
    assert negotiation.RELEASE_REQUEST == b"\x05\0\0\0\0\x04\0\0\0\0"
    assert negotiation.RELEASE_REPLY == b"\x06\0\0\0\0\x04\0\0\0\0"
    assert negotiation.abort() == b"\x07\0\0\0\0\x04\0\0\0\0"
    assert negotiation.provider_abort() == b"\x07\0\0\0\0\x04\0\0\x02\x06"
    assert admission.rejection(7) == b"\x03\0\0\0\0\x04\0\x01\x01\x07"
    assert negotiation.abort_words(memoryview(negotiation.provider_abort())[6:]) == (
        "DUL service-provider: Invalid PDU parameter value"
    )
    assert negotiation.abort_words(memoryview(b"\0")) == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (acceptor.DUPLICATE, "Duplication SOP Instance"),
        (acceptor.INVALID_INSTANCE, "Invalid Object Instance"),
        (acceptor.CLASS_NOT_SUPPORTED, "Refused: SOP Class Not Supported"),
        (acceptor.NOT_AUTHORISED, "Refused: Not Authorised"),
        (acceptor.UNRECOGNISED_OPERATION, "Unrecognised Operation"),
        (acceptor.OUT_OF_RESOURCES, "Refused: Out of Resources"),
        (acceptor.MISMATCH, "Data Set Does Not Match SOP Class"),
        (acceptor.CANNOT_UNDERSTAND, "Cannot Understand"),
    ],
)
def test_statuses_that_are_answered_mean_what_the_library_says(status: int, words: str) -> None:
    assert {**STORAGE_SERVICE_CLASS_STATUS, **GENERAL_STATUS}[status] == (STATUS_FAILURE, words)
