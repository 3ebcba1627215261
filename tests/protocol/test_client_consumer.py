"""Finding and getting: every kind of answer to ITI-18, ITI-43 and RAD-69, written by hand as other stacks write it."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, SettingsError, Unavailable
from gateway.model.document import DocumentEntry
from gateway.texts import TEXTS
from gateway.xds import queries
from gateway.xds.client import ImagingSeries, RegistryClient
from gateway.xds.consumer import INSTANCES_A_REQUEST
from tests.protocol.test_client_amending import UUID, entry
from tests.support import client_wire as wire
from tests.support.client_wire import FAILURE, PARTIAL, Wire
from tests.support.soap import PATIENT, REPOSITORY, Behaviour, Loopback, Seen, client_of, in_turn, playing, respond

DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT = "1.2.840.10008.1.2.1"
SOURCE = "1.2.250.1.999.4.1"

_REFERENCES = f'<rim:ObjectRef id="{UUID.format(1)}"/><rim:ObjectRef id="{UUID.format(2)}"/>'
_MIXED = f"""
<rim:RegistryPackage id="{UUID.format(5)}" status="urn:oasis:names:tc:ebxml-regrep:StatusType:Approved">
 <rim:Slot name="lastUpdateTime"><rim:ValueList><rim:Value>20261120</rim:Value></rim:ValueList></rim:Slot>
 <rim:Name><rim:LocalizedString value="Suivi du genou"/></rim:Name>
 <rim:Classification id="c1" classifiedObject="{UUID.format(5)}"
  classificationNode="urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"/>
 <rim:ExternalIdentifier id="e1" registryObject="{UUID.format(5)}" value="1.2.3.5"
  identificationScheme="urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a"/>
 <rim:ExternalIdentifier id="e2" registryObject="{UUID.format(5)}" value="1^^^&amp;1.2&amp;ISO"
  identificationScheme="urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a"/>
</rim:RegistryPackage>
<rim:Association id="{UUID.format(7)}" associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
 sourceObject="{UUID.format(5)}" targetObject="{UUID.format(1)}"/>"""


@contextmanager
def client_of_sources(loopback: Loopback) -> Iterator[RegistryClient]:
    with client_of(loopback, imaging_sources={SOURCE: f"{loopback.url}/rad69"}) as client:
        yield client


def refusal(act: Callable[[RegistryClient], object], *behaviours: Behaviour) -> GatewayError:
    with (
        playing(in_turn(*behaviours)) as loopback,
        client_of(loopback) as client,
        pytest.raises(GatewayError) as caught,
    ):
        act(client)
    assert caught.value.code in TEXTS
    return caught.value


def test_references_are_given_as_such() -> None:
    answer = wire.saying(wire.query_response(_REFERENCES))
    with playing(answer) as loopback, client_of(loopback) as client:
        found = client.query(queries.find_documents(PATIENT, return_type=queries.OBJECT_REF))
        assert found.references == (UUID.format(1), UUID.format(2))
        assert (found.entries, found.complete) == ((), True)
        message = wire.read(loopback.seen[0])
        assert message.attributes("ResponseOption", "returnType") == ["ObjectRef"]
        assert message.action == "urn:ihe:iti:2007:RegistryStoredQuery"


def test_folders_and_associations_come_as_values() -> None:
    with playing(wire.saying(wire.query_response(_MIXED))) as loopback, client_of(loopback) as client:
        found = client.query(queries.get_folder_and_contents(unique_id="1.2.3.5"))
    (folder,), (association,) = found.folders, found.associations
    assert (folder.title, folder.unique_id, folder.last_update_time) == ("Suivi du genou", "1.2.3.5", "20261120")
    assert (association.source, association.target) == (folder.entry_uuid, UUID.format(1))


def test_an_answer_in_part_is_given_with_its_errors_and_refused_where_the_whole_is_wanted() -> None:
    part = wire.saying(
        wire.query_response(_REFERENCES, PARTIAL, ("XDSUnavailableCommunity", "away", "Error", "urn:oid:1.2.3"))
    )
    query = queries.find_documents(PATIENT)
    with playing(part) as loopback, client_of(loopback) as client:
        found = client.query(query)
        assert (found.complete, len(found.references)) == (False, 2)
        assert [(one.code, one.location) for one in found.errors] == [("XDSUnavailableCommunity", "urn:oid:1.2.3")]
        with pytest.raises(PeerRefused, match="registry_refused"):
            client.whole(query)


def test_too_many_results_are_a_refusal_that_says_so() -> None:
    answer = wire.saying(wire.query_response("", FAILURE, ("XDSTooManyResults", "limit 100", "Error", "")))
    error = refusal(lambda client: client.query(queries.find_documents(PATIENT)), answer)
    assert error.facts["words"] == "XDSTooManyResults: limit 100"


def test_what_an_answer_says_twice_is_found_once() -> None:
    with (
        playing(
            in_turn(
                wire.saying(wire.query_response(_MIXED + _MIXED)),
                wire.saying(wire.query_response(_REFERENCES + _REFERENCES)),
            )
        ) as loopback,
        client_of(loopback) as client,
    ):
        found = client.query(queries.get_folder_and_contents(unique_id="1.2.3.5"))
        assert (len(found.folders), len(found.associations)) == (1, 1)
        listed = client.query(queries.find_documents(PATIENT, return_type=queries.OBJECT_REF))
        assert listed.references == (UUID.format(1), UUID.format(2))


def test_a_success_that_names_an_error_is_an_answer_in_part() -> None:
    answer = wire.saying(wire.query_response(_REFERENCES, wire.SUCCESS, ("XDSRegistryError", "index", "Error", "")))
    with playing(answer) as loopback, client_of(loopback) as client:
        found = client.query(queries.find_documents(PATIENT))
        assert (found.complete, len(found.references)) == (False, 2)
        with pytest.raises(PeerRefused, match="registry_refused"):
            client.whole(queries.find_documents(PATIENT))


def test_success_with_warnings_is_whole() -> None:
    answer = wire.saying(wire.query_response(_REFERENCES, wire.SUCCESS, ("Vendor", "slow", "Warning", "")))
    with playing(answer) as loopback, client_of(loopback) as client:
        found = client.whole(queries.find_documents(PATIENT))
        assert found.complete
        assert found.errors[0].severity == "Warning"


def test_no_question_is_asked_about_no_document() -> None:
    with playing(wire.saying("")) as loopback, client_of(loopback) as client:
        assert client.registered([]) == {}
        assert loopback.seen == []


CONTENT = b"\r\n\r\n--" + bytes(range(256)) + b"\r\n--" + wire.BOUNDARY[:-1].encode() + b"\r\n"


def stated(content: bytes = CONTENT, number: int = 1, **changes: object) -> DocumentEntry:
    return entry(number, hash=hashlib.sha1(content).hexdigest(), size=len(content), **changes)  # noqa: S324


def delivering(*listed: tuple[str, str, str, str], status: str = wire.SUCCESS, **contents: bytes) -> Behaviour:
    """Documents ``d1`` and so on, numbered as :func:`entry` numbers them."""
    names = {f"1.2.250.1.999.1.{name[1:]}": name for name in contents}
    return wire.saying(wire.retrieved(names, status, *listed), contents)


def test_documents_are_saved_byte_for_byte(tmp_path: Path) -> None:
    with playing(delivering(d2=b"", d1=CONTENT)) as loopback, client_of(loopback) as client:
        with client.fetch([stated(), stated(b"", 2)]) as fetched:
            assert [one.unique_id for one in fetched.documents] == ["1.2.250.1.999.1.1", "1.2.250.1.999.1.2"]
            first, second = fetched.documents
            first.save(tmp_path / "first")
            second.save(tmp_path / "second")
            assert b"".join(first.chunks()) == first.read() == CONTENT
            assert first.sha1 == hashlib.sha1(CONTENT).hexdigest()  # noqa: S324
        assert fetched.complete
        asked = wire.read(loopback.seen[0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]
    assert (tmp_path / "first").read_bytes() == CONTENT
    assert (tmp_path / "first").stat().st_mode & 0o777 == 0o600
    assert asked.action == "urn:ihe:iti:2007:RetrieveDocumentSet"
    assert asked.texts("RepositoryUniqueId") == [REPOSITORY] * 2


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with (
        playing(delivering(d1=CONTENT)) as loopback,
        client_of(loopback) as client,
        client.fetch([stated()]) as fetched,
    ):
        (tmp_path / "there").mkdir()
        for path in (tmp_path / "absent" / "x", tmp_path / "there"):
            with pytest.raises(Unavailable, match="xds_save"):
                fetched.documents[0].save(path)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_what_is_missing_is_told_beside_what_came() -> None:
    unknown = ("XDSDocumentUniqueIdError", "not here", "Error", "1.2.250.1.999.1.2")
    part = delivering(unknown, status=PARTIAL, d1=CONTENT)
    with playing(part) as loopback, client_of(loopback) as client:
        with client.fetch([stated(), stated(b"", 2)]) as fetched:
            assert [one.unique_id for one in fetched.documents] == ["1.2.250.1.999.1.1"]
            assert [one.location for one in fetched.errors] == ["1.2.250.1.999.1.2"]
            assert not fetched.complete
        with pytest.raises(PeerRefused, match="registry_refused"):
            client.retrieve([stated(), stated(b"", 2)])


@pytest.mark.parametrize(
    ("answer", "code"),
    [(delivering(d1=CONTENT, d2=b"other"), "registry_hash"), (delivering(d1=CONTENT), "registry_documents")],
    ids=["other bytes", "success without it"],
)
def test_one_document_that_cannot_be_used_does_not_lose_the_others(answer: Behaviour, code: str) -> None:
    asked = [stated(b"", 2), stated()]
    with playing(answer) as loopback, client_of(loopback) as client:
        with client.fetch(asked) as fetched:
            assert [one.read() for one in fetched.documents] == [CONTENT]
            assert [(one.code, one.location) for one in fetched.errors] == [(code, "1.2.250.1.999.1.2")]
            assert not fetched.complete
        with pytest.raises(PeerMisbehaved, match=code):
            client.retrieve(asked)


@pytest.mark.parametrize(
    "change",
    [
        lambda kind: kind.replace(' start="<root@hand>";', ""),
        lambda kind: kind.replace('"<root@hand>"', '"root@hand"'),
        lambda kind: kind.replace('type="application/xop+xml"; ', ""),
        lambda kind: kind.replace('"application/xop+xml"', "application/xop+xml"),
        lambda kind: kind.replace("multipart/related", "Multipart/Related") + '; start-info="text/xml"',
    ],
    ids=["no start", "start without brackets", "no type", "type without quotes", "capitals, another start-info"],
)
def test_a_sloppy_content_type_is_read(change: Callable[[str], str]) -> None:
    def behave(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        asked = wire.read(seen)
        root = wire.envelope(wire.retrieved({"1.2.250.1.999.1.1": "d1"}), asked.headers["MessageID"])
        kind, body = wire.multipart(root, {"d1": CONTENT})
        respond(handler, change(kind), body)

    with playing(behave) as loopback, client_of(loopback) as client, client.fetch([stated()]) as fetched:
        assert [one.read() for one in fetched.documents] == [CONTENT]


def test_a_part_that_two_documents_name_is_not_used() -> None:
    both = wire.saying(wire.retrieved({"1.2.250.1.999.1.1": "d1", "1.2.250.1.999.1.2": "d1"}), {"d1": CONTENT})
    error = refusal(lambda client: client.fetch([stated(), stated(CONTENT, 2)]), both)
    assert (type(error), error.code) == (PeerMisbehaved, "registry_answer_parts")


@pytest.mark.parametrize("status", [FAILURE, PARTIAL])
def test_the_no_of_one_repository_does_not_lose_the_documents_of_another(status: str) -> None:
    other = replace(stated(b"", 2), repository_unique_id="1.2.250.1.999.7.2")
    unknown = delivering(("XDSUnknownRepositoryId", "not ours", "Error", "1.2.250.1.999.1.2"), status=status)
    for asked, answers in (
        ([stated(), other], (delivering(d1=CONTENT), unknown)),
        ([other, stated()], (unknown, delivering(d1=CONTENT))),
    ):
        with (
            playing(in_turn(*answers)) as loopback,
            client_of(loopback) as client,
            client.fetch(asked) as fetched,
        ):
            assert [one.read() for one in fetched.documents] == [CONTENT]
            assert [one.code for one in fetched.errors] == ["XDSUnknownRepositoryId"]
            assert not fetched.complete


def test_a_success_that_names_an_error_is_not_taken_for_the_whole() -> None:
    part = delivering(("XDSRepositoryError", "disk", "Error", ""), d1=CONTENT)
    with playing(part) as loopback, client_of(loopback) as client:
        with client.fetch([stated()]) as fetched:
            assert not fetched.complete
        with pytest.raises(PeerRefused, match="registry_refused"):
            client.retrieve([stated()])


def test_nothing_at_all_is_a_refusal() -> None:
    nothing = delivering(("XDSUnknownRepositoryId", "1.2", "Error", ""), status=FAILURE)
    assert isinstance(refusal(lambda client: client.fetch([stated()]), nothing), PeerRefused)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (delivering(d1=CONTENT + b"x"), "registry_hash"),
        (delivering(d1=CONTENT, d3=b""), "registry_documents"),
        (delivering(), "registry_documents"),
        (wire.saying(wire.retrieved({"1.2.250.1.999.1.1": "d9"}), {"d1": CONTENT}), "registry_answer_parts"),
        (
            wire.saying(wire.retrieved({"1.2.250.1.999.1.1": "d1"}), {"d1": CONTENT, "d2": b""}),
            "registry_answer_parts",
        ),
    ],
    ids=["other bytes", "one not asked for", "success without it", "part that is not there", "part of no document"],
)
def test_an_answer_that_is_not_the_one_asked_for_is_not_used(behaviour: Behaviour, code: str) -> None:
    error = refusal(lambda client: client.fetch([stated()]), behaviour)
    assert (type(error), error.code) == (PeerMisbehaved, code)


def instance(uid: str, syntax: str = EXPLICIT) -> bytes:
    """The beginning of a Part 10 file: preamble, version, SOP Instance UID, transfer syntax; then something."""

    def element(number: int, vr: bytes, value: bytes) -> bytes:
        value += b"\0" * (len(value) % 2)
        length = struct.pack("<HI", 0, len(value)) if vr == b"OB" else struct.pack("<H", len(value))
        return struct.pack("<HH", 2, number) + vr + length + value

    meta = element(1, b"OB", b"\0\1") + element(3, b"UI", uid.encode()) + element(0x10, b"UI", syntax.encode())
    return bytes(128) + b"DICM" + meta + b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192"


def series(*uids: str, study: str = "1.2.3", number: str = "1.2.3.1", source: str = SOURCE) -> ImagingSeries:
    return ImagingSeries(
        study_uid=study,
        series_uid=number,
        instance_uids=uids,
        retrieve_location_uid=source,
        home_community_id="urn:oid:1.2.9",
    )


def showing(wanted: Wire) -> str:
    return wire.retrieved({uid: uid for uid in wanted.texts("DocumentUniqueId")})


def test_images_are_asked_for_by_study_series_and_instance() -> None:
    contents = {uid: instance(uid) for uid in ("1.2.3.1.1", "1.2.3.1.2", "1.2.3.2.1", "1.2.4.1.1")}
    with playing(wire.saying(showing, contents)) as loopback, client_of_sources(loopback) as client:
        wanted = [
            series("1.2.3.1.1", "1.2.3.1.2"),
            series("1.2.3.2.1", number="1.2.3.2"),
            series("1.2.4.1.1", study="1.2.4", number="1.2.4.1"),
        ]
        got = {one.unique_id: one.read() for part in client.images(wanted, [EXPLICIT]) for one in part.documents}
        assert got == contents
        (request,) = loopback.seen
        message = wire.read(request)
    assert request.path.endswith("/rad69")
    assert message.action == "urn:ihe:rad:2009:RetrieveImagingDocumentSet"
    assert message.body.tag == "{urn:ihe:rad:xdsi-b:2009}RetrieveImagingDocumentSetRequest"
    assert message.attributes("StudyRequest", "studyInstanceUID") == ["1.2.3", "1.2.4"]
    assert message.attributes("SeriesRequest", "seriesInstanceUID") == ["1.2.3.1", "1.2.3.2", "1.2.4.1"]
    assert [str(one.tag) for one in next(message.body.iter("{*}DocumentRequest"))] == [
        f"{{urn:ihe:iti:xds-b:2007}}{name}" for name in ("HomeCommunityId", "RepositoryUniqueId", "DocumentUniqueId")
    ]
    assert message.texts("RepositoryUniqueId") == [SOURCE] * 4
    assert message.texts("TransferSyntaxUID") == [EXPLICIT]
    assert str(message.body[-1].tag) == "{urn:ihe:rad:xdsi-b:2009}TransferSyntaxUIDList"


def test_many_images_are_asked_for_in_portions_and_each_comes_once() -> None:
    uids = [f"1.2.3.1.{number}" for number in range(2 * INSTANCES_A_REQUEST + 1)]

    def behave(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        wanted = wire.read(seen).texts("DocumentUniqueId")
        wire.saying(showing, {uid: instance(uid) for uid in wanted})(seen, handler)

    with playing(behave) as loopback, client_of_sources(loopback) as client:
        got = [one.unique_id for part in client.images([series(*uids)]) for one in part.documents]
        assert got == uids
        assert len(loopback.seen) == 3
        assert loopback.connections == 1


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (instance("1.2.3.1.9"), "SOP Instance UID"),
        (instance("1.2.3.1.1", DEFLATED), "Transfer Syntax UID"),
        (b"<html>", "SOP Instance UID"),
        (b"", "SOP Instance UID"),
        (instance("1.2.3.1.1")[:140], "SOP Instance UID"),
    ],
    ids=["another instance", "another syntax", "no DICOM", "nothing", "cut"],
)
def test_an_image_that_is_not_the_one_asked_for_is_not_used(content: bytes, what: str) -> None:
    answer = wire.saying(wire.retrieved({"1.2.3.1.1": "x"}), {"x": content})
    with playing(answer) as loopback, client_of_sources(loopback) as client:
        with pytest.raises(PeerMisbehaved, match="registry_image") as caught:
            list(client.images([series("1.2.3.1.1")]))
        assert caught.value.facts["what"] == what


def test_one_image_that_cannot_be_used_does_not_lose_the_others() -> None:
    asked = ("1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3")
    content = {"x": instance("1.2.3.1.9"), "y": instance("1.2.3.1.2")}
    answer = wire.saying(wire.retrieved({"1.2.3.1.1": "x", "1.2.3.1.2": "y"}), content)
    with playing(answer) as loopback, client_of_sources(loopback) as client:
        for part in client.images([series(*asked)]):
            assert [(one.unique_id, one.read()) for one in part.documents] == [("1.2.3.1.2", content["y"])]
            assert [(one.code, one.location, one.context) for one in part.errors] == [
                ("registry_image", "1.2.3.1.1", "SOP Instance UID"),
                ("registry_documents", "1.2.3.1.3", ""),
            ]
            assert not part.complete
            assert [one.code for one in part.unused] == ["registry_image", "registry_documents"]


def test_an_image_that_the_source_has_not_is_told_by_its_uid() -> None:
    missing = ("XDSDocumentUniqueIdError", "gone", "Error", "1.2.3.1.2")
    answer = wire.saying(wire.retrieved({"1.2.3.1.1": "x"}, PARTIAL, missing), {"x": instance("1.2.3.1.1")})
    with playing(answer) as loopback, client_of_sources(loopback) as client:
        for part in client.images([series("1.2.3.1.1", "1.2.3.1.2")]):
            assert [one.unique_id for one in part.documents] == ["1.2.3.1.1"]
            assert [one.location for one in part.errors] == ["1.2.3.1.2"]
            assert not part.complete


def test_a_source_without_an_address_is_named() -> None:
    with playing(wire.saying("")) as loopback, client_of_sources(loopback) as client:
        with pytest.raises(SettingsError, match="imaging_source_unknown") as caught:
            next(client.images([series("1", source="1.2.9")]))
        assert caught.value.facts["location"] == "1.2.9"
        assert loopback.seen == []
