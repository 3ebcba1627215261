"""Asking a PACS: what is surely absent, and every way in which an answer can be lost, wrong or refused."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme
from pydicom.dataset import Dataset
from pynetdicom import evt

from gateway.demo.pacs import DemoPacs
from gateway.dicom.query import PacsClient, PacsSettings
from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerRefused, PeerUnreachable, SettingsError
from gateway.texts import TEXTS, sentence
from tests.support.dicom_objects import CT, STUDY, image, request, whole_study, write
from tests.support.dicom_scp import FIND, VERIFICATION, Answers, answering, filled, level, listening, settings
from tests.support.dicom_wire import (
    ABORT,
    CONTEXT,
    DATA,
    PENDING,
    USER,
    accept,
    associated,
    drain,
    find_answer,
    item,
    receive,
)


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPacs]:
    folder = tmp_path_factory.mktemp("pacs")
    write(folder, whole_study())
    write(folder, [image(1, 1, study_uid="1.2.3.4.5", accession="", requests=[request("FROM-SERIES")])])
    running = DemoPacs(folder, "PACS")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(pacs: DemoPacs) -> Iterator[PacsClient]:
    made = PacsClient(settings(pacs.port))
    yield made
    made.close()


ROW = b"\x20\0\x0d\0UI" + len(STUDY + "\0" * (len(STUDY) % 2)).to_bytes(2, "little")
ROW += STUDY.encode() + b"\0" * (len(STUDY) % 2)
"""An answer that names the study and tells nothing of it."""


def refusal(port: int, uid: str = STUDY, **others: object) -> GatewayError:
    """The error of a look at *uid*; its sentences must be filled."""
    client = PacsClient(settings(port, **others))
    try:
        with pytest.raises(GatewayError) as caught:
            client.study(uid)
    finally:
        client.close()
    for language in ("fr", "en"):
        assert "?" not in sentence(caught.value.code, caught.value.facts, language)
    return caught.value


def test_the_whole_study_comes_back(client: PacsClient) -> None:
    exam = client.study(STUDY)
    assert exam is not None
    assert exam.patient_name == "KERMARREC-LEFÈVRE^ZOÉ"
    assert exam.accession_number == "ACC-é1"
    assert [(one.number, one.modality, len(one.instances)) for one in exam.series] == [
        (1, "CT", 5),
        (2, "CT", 3),
        (3, "US", 1),
    ]
    assert [instance.number for instance in exam.series[0].instances] == [1, 2, 3, 4, 5]
    assert exam.series[2].instances[0].frames == 7
    assert exam.series[0].description == "Série n° 1"
    assert exam.series[0].body_part == "CHEST"


def test_an_accession_number_in_the_series_alone_is_the_studys(client: PacsClient) -> None:
    exam = client.study("1.2.3.4.5")
    assert exam is not None
    assert exam.accession_number == "FROM-SERIES"


def test_an_absent_study_is_none(client: PacsClient) -> None:
    assert client.study("1.2.3.999") is None


def test_echo(client: PacsClient) -> None:
    client.echo()


@pytest.mark.parametrize("key", ["", "*", "1.2.*", "1.2.?", "1.2\\1.3", "1.2\n", "1." * 40, "abc", "1.2 "])
def test_a_key_that_is_no_uid_never_leaves(key: str, client: PacsClient) -> None:
    with pytest.raises(InputRejected, match="pacs_key_unsafe"):
        client.study(key)


def test_a_wrong_called_title_is_a_refusal(pacs: DemoPacs) -> None:
    error = refusal(pacs.port, called_aet="NOBODY")
    assert isinstance(error, PeerRefused)
    assert error.code == "pacs_rejected"


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        error = refusal(reserved.getsockname()[1])
    assert isinstance(error, PeerUnreachable)
    assert error.code == "pacs_unreachable"


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    client = PacsClient(PacsSettings(name="x", host="no.such.host.invalid", port=104, called_aet="A", calling_aet="B"))
    with pytest.raises(PeerUnreachable, match="pacs_unreachable"):
        client.echo()
    client.close()


def test_a_pacs_without_c_find_is_a_refusal() -> None:
    with answering(contexts=(VERIFICATION,)) as port:
        error = refusal(port)
    assert (error.code, type(error)) == ("pacs_no_service", PeerRefused)


@pytest.mark.parametrize(
    ("status", "family"), [(0xA700, PeerUnreachable), (0xC001, PeerRefused), (0xA900, PeerRefused)]
)
def test_a_failure_status_is_never_an_absent_study(status: int, family: type[GatewayError]) -> None:
    def find(event: evt.Event) -> Answers:
        yield status, None

    with answering(find) as port:
        error = refusal(port)
    assert isinstance(error, family)
    assert error.facts["status"] == f"0x{status:04X}"


def test_an_answer_about_another_study_condemns_all() -> None:
    def find(event: evt.Event) -> Answers:
        yield 0xFF00, filled(event)
        yield 0xFF00, filled(event, StudyInstanceUID="1.2.3")

    with answering(find) as port:
        assert isinstance(refusal(port), PeerMisbehaved)


def study_of(event: evt.Event, images: list[tuple[str, str, str]], *, relational: bool = True) -> Answers:
    """A PACS of one study with *images* (series, class, instance); without *relational* it needs the series key."""
    asked = event.identifier
    if level(event) == "STUDY":
        yield 0xFF00, filled(event)
    elif level(event) == "SERIES":
        for uid in dict.fromkeys(series for series, _, _ in images):
            yield 0xFF00, filled(event, SeriesInstanceUID=uid)
    elif not asked.SeriesInstanceUID and not relational:
        yield 0xA900, None
    else:
        for series, sop_class, instance in images:
            if asked.SeriesInstanceUID in ("", series):
                yield 0xFF00, filled(event, SeriesInstanceUID=series, SOPClassUID=sop_class, SOPInstanceUID=instance)


@pytest.mark.parametrize("relational", [True, False])
def test_a_pacs_that_refuses_the_relational_query_is_asked_by_series(relational: bool) -> None:
    images = [("1.1", CT, "1.1.1"), ("1.1", CT, "1.1.2"), ("1.2", CT, "1.2.1")]
    with answering(lambda event: study_of(event, images, relational=relational)) as port:
        client = PacsClient(settings(port))
        exam = client.study(STUDY)
        client.close()
    assert exam is not None
    assert [[i.sop_instance_uid for i in one.instances] for one in exam.series] == [["1.1.1", "1.1.2"], ["1.2.1"]]


def test_a_series_that_the_whole_query_left_short_is_asked_again() -> None:
    def find(event: evt.Event) -> Answers:
        images = [("1.1", CT, f"1.1.{number}") for number in range(1, 4)]
        if level(event) == "SERIES":
            yield 0xFF00, filled(event, SeriesInstanceUID="1.1", NumberOfSeriesRelatedInstances=3)
        elif level(event) == "IMAGE" and not event.identifier.SeriesInstanceUID:
            yield from study_of(event, images[:1])
        else:
            yield from study_of(event, images)

    with answering(find) as port:
        client = PacsClient(settings(port))
        exam = client.study(STUDY)
        client.close()
    assert exam is not None
    assert len(exam.instances) == 3


def test_duplicates_count_once() -> None:
    with answering(lambda event: study_of(event, [("1.1", CT, "1.1.1")] * 3)) as port:
        client = PacsClient(settings(port))
        exam = client.study(STUDY)
        client.close()
    assert exam is not None
    assert len(exam.instances) == 1


@pytest.mark.parametrize(
    "images",
    [
        [("1.1", CT, "1.1.1"), ("1.1", FIND, "1.1.1")],
        [("1.1", CT, "1.1.1"), ("1.2", CT, "1.1.1")],
        [("1.1", CT, "")],
    ],
)
def test_answers_that_contradict_each_other_are_not_used(images: list[tuple[str, str, str]]) -> None:
    with answering(lambda event: study_of(event, images)) as port:
        error = refusal(port)
    assert (error.code, type(error)) == ("pacs_contradicts", PeerMisbehaved)


def test_an_image_of_a_series_that_nobody_named_is_not_used() -> None:
    def find(event: evt.Event) -> Answers:
        if level(event) == "SERIES":
            yield 0xFF00, filled(event, SeriesInstanceUID="1.1")
        else:
            yield from study_of(event, [("1.1", CT, "1.1.1"), ("1.9", CT, "1.9.1")])

    with answering(find) as port:
        assert refusal(port).code == "pacs_other_series"


def test_a_pacs_that_ignores_the_series_key_is_not_used() -> None:
    def find(event: evt.Event) -> Answers:
        if level(event) == "IMAGE" and not event.identifier.SeriesInstanceUID:
            return
        if level(event) == "IMAGE":
            for series in ("1.1", "1.2"):
                yield 0xFF00, filled(event, SeriesInstanceUID=series, SOPClassUID=CT, SOPInstanceUID=f"{series}.1")
            return
        yield from study_of(event, [("1.1", CT, "1.1.1"), ("1.2", CT, "1.2.1")])

    with answering(find) as port:
        assert refusal(port).code == "pacs_other_series"


def test_images_without_a_class_need_a_person() -> None:
    with answering(lambda event: study_of(event, [("1.1", "", "1.1.1")])) as port:
        error = refusal(port)
    assert (error.code, type(error)) == ("pacs_no_sop_class", PeerRefused)


def test_two_different_studies_under_one_uid_are_not_used() -> None:
    def find(event: evt.Event) -> Answers:
        yield 0xFF00, filled(event, PatientID="A")
        yield 0xFF00, filled(event, PatientID="B")

    with answering(find) as port:
        assert refusal(port).code == "pacs_contradicts"


def test_answers_without_end_are_ended() -> None:
    def serve(connection: socket.socket) -> None:
        accept(connection)
        receive(connection)
        while True:
            connection.sendall(b"".join(find_answer(PENDING, ROW)))

    with listening(serve) as port:
        error = refusal(port, answer_limit=20)
    assert (error.code, type(error)) == ("pacs_too_many_answers", PeerMisbehaved)


def test_an_answer_that_does_not_come_is_a_time_out() -> None:
    released = threading.Event()

    def find(event: evt.Event) -> Answers:
        released.wait(20)
        yield 0x0000, None

    with answering(find) as port:
        error = refusal(port, response_timeout_s=0.4)
        released.set()
    assert (error.code, type(error)) == ("pacs_timeout", PeerUnreachable)


def test_an_abort_amid_the_answers_is_a_lost_answer() -> None:
    def serve(connection: socket.socket) -> None:
        accept(connection)
        receive(connection)
        connection.sendall(b"".join(find_answer(PENDING, ROW)) + ABORT)

    with listening(serve) as port:
        error = refusal(port)
    assert (error.code, type(error)) == ("pacs_lost", PeerUnreachable)


# What comes instead of an acceptance, or as a bad one


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (b"\x03\0\0\0\0\x04\0\x01\x01\x07", "pacs_rejected", "Called AE title not recognised"),
        (b"\x03\0\0\0\0\x04\0\x02\x03\x01", "pacs_rejected_for_now", "Temporary congestion"),
        (b"\x03\0\0\0\0\x04\0\x01\x09\x09", "pacs_rejected", "source 9, reason 9"),
        (b"\x03\0\0\0\0\x01\0", "pacs_protocol", "rejection"),
        (b"\x01\0\0\0\0\x01\0", "pacs_protocol", "association"),
        (b"\x02\0\0\0\0\x04\0\0\0\0", "pacs_protocol", "association length"),
        (b"\x02\0\0\x04\0\x01", "pacs_answer_too_large", None),
        (associated(2, item(0x21, b"\x01\0\x03\0"), USER), "pacs_no_service", None),
        (associated(2, USER), "pacs_no_service", None),
        (associated(2, CONTEXT, CONTEXT, USER), "pacs_protocol", "presentation context"),
        (associated(2, CONTEXT[:2] + b"\xff\xff" + CONTEXT[4:], USER), "pacs_protocol", "item length"),
        (associated(2, item(0x21, b"\x01\0\0\0"), USER), "pacs_protocol", "transfer syntax"),
        (associated(2, item(0x21, b"\x01\0\0\0" + item(0x40, b"x" * 99)), USER), "pacs_protocol", "UID"),
        # A transfer syntax that was not proposed.
        (
            associated(2, item(0x21, b"\x01\0\0\0" + item(0x40, b"1.2.840.10008.1.2.2")), USER),
            "pacs_protocol",
            "transfer syntax",
        ),
        # No PDU is so short that a byte of a message would not fit.
        (associated(2, CONTEXT, item(0x50, item(0x51, b"\0\0\0\x06"))), "pacs_protocol", "maximum length"),
        (associated(2, CONTEXT, item(0x50, item(0x51, b"\x06"))), "pacs_protocol", "association"),
    ],
)
def test_an_association_that_is_refused_or_badly_accepted_is_a_named_error(
    answer: bytes, code: str, words: str | None
) -> None:
    def serve(connection: socket.socket) -> None:
        receive(connection, 1)
        connection.sendall(answer)
        drain(connection)

    with listening(serve) as port:
        error = refusal(port, connect_timeout_s=2.0)
    assert (error.code, error.facts.get("words")) == (code, words)


def half_a_pdu(connection: socket.socket) -> None:
    accept(connection)
    receive(connection)
    connection.sendall(DATA + (100).to_bytes(4, "big") + b"x" * 20)


def silence_amid_a_pdu(connection: socket.socket) -> None:
    half_a_pdu(connection)
    drain(connection)


def huge_pdu(connection: socket.socket) -> None:
    accept(connection)
    receive(connection)
    connection.sendall(DATA + (0xFFFFFFF0).to_bytes(4, "big") + b"x" * 100)
    drain(connection)


def no_dicom(connection: socket.socket) -> None:
    accept(connection)
    receive(connection)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    drain(connection)


def bad_fragment(connection: socket.socket) -> None:
    accept(connection)
    receive(connection)
    fragment = b"\x01\x02" + b"x" * 10
    value = len(fragment).to_bytes(4, "big") + fragment
    connection.sendall(DATA + len(value).to_bytes(4, "big") + value)
    drain(connection)


def abort_at_once(connection: socket.socket) -> None:
    connection.recv(6)
    connection.sendall(ABORT)


def hang_up_at_once(connection: socket.socket) -> None:
    connection.recv(6)


def close_after_accepting(connection: socket.socket) -> None:
    accept(connection)


@pytest.mark.parametrize(
    ("serve", "codes"),
    [
        (half_a_pdu, {"pacs_lost"}),
        (silence_amid_a_pdu, {"pacs_lost", "pacs_timeout"}),
        (huge_pdu, {"pacs_answer_too_large"}),
        (no_dicom, {"pacs_protocol"}),
        (bad_fragment, {"pacs_protocol"}),
        (abort_at_once, {"pacs_lost"}),
        (hang_up_at_once, {"pacs_lost"}),
        (close_after_accepting, {"pacs_lost"}),
    ],
)
def test_a_peer_that_dies_or_babbles_is_a_named_error(serve: object, codes: set[str]) -> None:
    before = threading.active_count()
    with listening(serve) as port:  # type: ignore[arg-type]
        error = refusal(port, response_timeout_s=0.3, connect_timeout_s=2.0)
    assert error.code in codes
    assert isinstance(error, PeerUnreachable | PeerMisbehaved)
    assert threading.active_count() == before


def test_an_answer_slower_than_the_silence_allowed_is_waited_for_while_it_comes() -> None:
    def serve(connection: socket.socket) -> None:
        accept(connection)
        receive(connection, 1)
        fragment = b"\x01\x01" + b"\0\0\0\x01\x02\0\0\0\x30\x80"
        value = len(fragment).to_bytes(4, "big") + fragment
        connection.sendall(DATA + len(value).to_bytes(4, "big") + value)
        for number in range(26):
            time.sleep(0.25)  # far below the silence allowed: a busy machine must not fail this
            last = number == 25
            rest = (
                b""
                if not last
                else b"".join(
                    tag + b"\x02\0\0\0" + content
                    for tag, content in (
                        (b"\0\0\x20\x01", b"\x01\0"),
                        (b"\0\0\0\x08", b"\x01\x01"),
                        (b"\0\0\0\x09", b"\0\0"),
                    )
                )
            )
            fragment = bytes([1, 3 if last else 1]) + rest
            value = len(fragment).to_bytes(4, "big") + fragment
            connection.sendall(DATA + len(value).to_bytes(4, "big") + value)
        drain(connection)

    with listening(serve) as port:
        client = PacsClient(settings(port, response_timeout_s=6.0, connect_timeout_s=6.0))
        client.echo()
        client.close()


def test_tls_is_spoken_where_it_is_set_and_a_stranger_is_unreachable() -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(server)
    with answering(tls=server) as port:
        for trusted, works in ((authority, True), (stranger, False)):
            context = ssl.create_default_context()
            trusted.configure_trust(context)
            client = PacsClient(settings(port, tls=context))
            if works:
                client.echo()
            else:
                with pytest.raises(PeerUnreachable, match="pacs_tls"):
                    client.echo()
            client.close()


def test_a_final_status_of_another_request_is_not_believed() -> None:
    def serve(connection: socket.socket) -> None:
        accept(connection)
        receive(connection)
        command = b"".join(
            tag + len(value).to_bytes(4, "little") + value
            for tag, value in (
                (b"\0\0\0\x01", b"\x20\x80"),
                (b"\0\0\x20\x01", b"\x99\x09"),
                (b"\0\0\0\x08", b"\x01\x01"),
                (b"\0\0\0\x09", b"\0\0"),
            )
        )
        fragment = b"\x01\x03" + command
        value = len(fragment).to_bytes(4, "big") + fragment
        connection.sendall(DATA + len(value).to_bytes(4, "big") + value)
        drain(connection)

    with listening(serve) as port:
        error = refusal(port)
    assert (error.code, type(error)) == ("pacs_protocol", PeerMisbehaved)


def test_a_lost_reply_is_never_an_absent_study(pacs: DemoPacs) -> None:
    """Four threads on four associations: each find returns its row (thousands of them in the test with Orthanc)."""
    client = PacsClient(settings(pacs.port))
    ends = time.monotonic() + 0.5
    asked = [0] * 4

    def hammer(number: int) -> None:
        while time.monotonic() < ends:
            row = client._one_study(STUDY)
            assert row is not None
            assert row.exam.study_uid == STUDY
            asked[number] += 1

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(hammer, number) for number in range(4)]:
            done.result()
    client.close()
    assert min(asked) > 0


def test_a_settings_mistake_is_named() -> None:
    for others in (
        {"called_aet": ""},
        {"called_aet": "A" * 17},
        {"calling_aet": "É"},
        {"port": 0},
        {"max_associations": 0},
    ):
        given = {"name": "x", "host": "h", "port": 104, "called_aet": "A", "calling_aet": "B", **others}
        with pytest.raises(SettingsError) as caught:
            PacsSettings(**given)  # type: ignore[arg-type]
        assert caught.value.code in TEXTS


def test_a_study_added_by_nobody_else_is_seen(pacs: DemoPacs, tmp_path: Path, client: PacsClient) -> None:
    dataset: Dataset = image(1, 1, study_uid="1.2.77")
    assert client.study("1.2.77") is None
    write(pacs.folder, [dataset])
    fresh = DemoPacs(pacs.folder, "PACS")
    fresh.start()
    try:
        other = PacsClient(settings(fresh.port))
        assert other.study("1.2.77") is not None
        other.close()
    finally:
        fresh.stop()
