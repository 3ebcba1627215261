"""Bad input at the doors of a whole gateway: each is refused by its name, keeps nothing, and disturbs nobody.

Every message of the MLLP tests goes over one connection that is kept for the module, and each is followed there by a
good one that must be taken.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.support.bad_input import (
    IDENTITY,
    KEY,
    LIMIT_BYTES,
    OTHER_IPP,
    OTHER_NAME,
    Acknowledgement,
    BadInputGateway,
    Wire,
    answers,
    bad_input_gateway,
    edited,
    named,
    sample,
    stated,
)
from tests.support.bad_reports import (
    CDA,
    REFUSED_DOCUMENTS,
    REFUSED_MESSAGES,
    TAKEN_MESSAGES,
)


@pytest.fixture(scope="module")
def gateway() -> Iterator[BadInputGateway]:
    with bad_input_gateway() as one:
        yield one


@pytest.fixture(scope="module")
def wire(gateway: BadInputGateway) -> Iterator[Wire]:
    one = Wire(gateway.mllp_port)
    yield one
    one.close()


def nothing_leaks(gateway: BadInputGateway, *said: str) -> None:
    """No patient is named in what was *said*, nor in the log; and nothing was a surprise to the gateway."""
    log = gateway.log()
    assert [named(text) for text in (*said, log)] == [[]] * (len(said) + 1)
    assert "Traceback" not in log
    assert "internal_error" not in log


def a_good_one_is_taken(gateway: BadInputGateway, wire: Wire) -> None:
    reports, shares = gateway.rows()
    message = sample().message()
    wire.send(message)
    answer = wire.answer()
    assert answer.code == "AA", gateway.log()[-2000:]
    assert answers(answer, message)
    assert gateway.rows() == (reports + 1, shares + 1)


def is_refused(gateway: BadInputGateway, wire: Wire, message: bytes, block: bytes = b"") -> Acknowledgement:
    """The AE for *message*, after which nothing is kept and a good message is taken; *block*: the bytes as sent."""
    before, said = gateway.rows(), len(gateway.log())
    wire.write(block or b"\x0b" + message + b"\x1c\r")
    answer = wire.answer()
    assert gateway.rows() == before
    assert answer.code == "AE", answer.raw
    # The people of the site find in the log what the sender was told.
    assert answer.diagnosis.partition(" ")[0] in gateway.log()[said:]
    assert answer.value("ERR", 3).endswith("^messageErrorCondition")
    assert answer.value("ERR", 4) == "E"
    assert answer.words
    assert "?" not in answer.words
    nothing_leaks(gateway, answer.text)
    a_good_one_is_taken(gateway, wire)
    return answer


def is_taken(gateway: BadInputGateway, wire: Wire, message: bytes, block: bytes = b"") -> None:
    reports, shares = gateway.rows()
    wire.write(block or b"\x0b" + message + b"\x1c\r")
    answer = wire.answer()
    assert answer.code == "AA", gateway.log()[-2000:]
    assert answers(answer, message)
    assert gateway.rows() == (reports + 1, shares + 1)
    nothing_leaks(gateway, answer.text)
    a_good_one_is_taken(gateway, wire)


# .. framing


def test_a_message_without_its_start_is_refused(gateway: BadInputGateway, wire: Wire) -> None:
    message = sample().message()
    answer = is_refused(gateway, wire, message, message + b"\x1c\r")
    assert (answer.condition, answer.diagnosis) == ("199", "mllp_no_start")
    assert answers(answer, message)


def test_an_end_character_inside_a_message_is_refused_at_its_real_end(gateway: BadInputGateway, wire: Wire) -> None:
    message = edited(sample().message(), b"PV1", 3, b"bad\x1c ward")
    answer = is_refused(gateway, wire, message)
    assert (answer.condition, answer.diagnosis) == ("199", "mllp_stray_end")
    assert answers(answer, message)


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff\xfe KERMARREC \x1c\r", b"\r\n\r\n", b"\x1c\r\x1c\r", b"\x16\x03\x01\x02"],
)
def test_garbage_between_messages_is_passed_over(gateway: BadInputGateway, wire: Wire, garbage: bytes) -> None:
    message = sample().message()
    is_taken(gateway, wire, message, garbage + b"\x0b" + message + b"\x1c\r")


@pytest.mark.parametrize("length", [1, 40, 3000])
def test_a_message_that_is_begun_again_counts_once(gateway: BadInputGateway, wire: Wire, length: int) -> None:
    """A missing end and a second start: only the message that has both is answered."""
    message = sample().message()
    is_taken(gateway, wire, message, b"\x0b" + message[:length] + b"\x0b" + message + b"\x1c\r")


def test_a_whole_message_without_its_end_is_not_taken(gateway: BadInputGateway, wire: Wire) -> None:
    before = gateway.rows()
    wire.write(b"\x0b" + sample().message())
    assert gateway.rows() == before
    a_good_one_is_taken(gateway, wire)
    nothing_leaks(gateway)
    assert "mllp_restarted" in gateway.log()


@pytest.mark.parametrize("end", [b"\x1c", b"\x1c\n", b"\x1c\x1c\r"])
def test_an_end_that_is_written_carelessly_is_an_end(gateway: BadInputGateway, wire: Wire, end: bytes) -> None:
    message = sample().message()
    is_taken(gateway, wire, message, b"\x0b" + message + end)


def test_a_message_above_the_limit_is_refused_at_its_end(gateway: BadInputGateway, wire: Wire) -> None:
    message = sample(LIMIT_BYTES).message()
    answer = is_refused(gateway, wire, message)
    assert (answer.condition, answer.diagnosis) == ("207", "mllp_too_large")
    assert str(LIMIT_BYTES) in answer.words
    assert answers(answer, message)


# .. the message


@pytest.mark.parametrize("name", REFUSED_MESSAGES)
def test_a_bad_message_is_refused_by_name_and_place(gateway: BadInputGateway, wire: Wire, name: str) -> None:
    build, condition, place = REFUSED_MESSAGES[name]
    message = build(sample())
    answer = is_refused(gateway, wire, message)
    assert (answer.condition, answer.location) == (condition, place), answer.text
    if message.startswith(b"MSH|^~"):
        assert answers(answer, message)
    else:
        assert (answer.value("MSH", 9), answer.value("MSA", 2)) == ("ACK^^ACK", "")
    assert ("[platform.NOM]" in answer.words) == (name == "another profile"), answer.words


@pytest.mark.parametrize("name", TAKEN_MESSAGES)
def test_an_unusual_message_is_taken(gateway: BadInputGateway, wire: Wire, name: str) -> None:
    is_taken(gateway, wire, TAKEN_MESSAGES[name](sample()))


# .. the document, by both doors


@pytest.mark.parametrize("name", REFUSED_DOCUMENTS)
def test_a_bad_document_in_a_message_is_refused_by_name_and_place(
    gateway: BadInputGateway, wire: Wire, name: str
) -> None:
    change, condition, place, status = REFUSED_DOCUMENTS[name]
    one = sample()
    message = one.message(change(one.content))
    answer = is_refused(gateway, wire, message)
    assert (answer.condition, answer.location) == (condition, "OBX^1^5")
    assert answer.diagnosis.startswith(place), answer.text
    assert answers(answer, message)
    assert ("pas encore pris" in answer.words) == (status == 501)


def _post(gateway: BadInputGateway, content: bytes, key: str = KEY, **headers: str) -> requests.Response:
    sent = {"Content-Type": "application/xml", **({"Authorization": f"Bearer {key}"} if key else {}), **headers}
    with requests.Session() as session:
        session.trust_env = False
        return session.post(f"{gateway.url}/api/reports", data=content, headers=sent, timeout=30)


def _is_a_problem(gateway: BadInputGateway, answer: requests.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    told: dict[str, object] = answer.json()
    assert told["status"] == status
    assert told["type"] == f"urn:drim-gateway:problem:{told['code']}"
    assert told["title"]
    assert told["detail"]
    # Escapes of JSON would hide a name from a search of the bytes.
    nothing_leaks(gateway, answer.text, repr(told), repr(dict(answer.headers)))
    return told


@pytest.mark.parametrize("name", REFUSED_DOCUMENTS)
def test_a_bad_document_over_http_is_a_problem_by_name_and_place(gateway: BadInputGateway, name: str) -> None:
    change, _, place, status = REFUSED_DOCUMENTS[name]
    before = gateway.rows()
    told = _is_a_problem(gateway, _post(gateway, change(sample().content)), status)
    assert gateway.rows() == before
    code, _, where = place.partition(" at ")
    assert told["code"] == code
    if where.startswith("line"):
        assert isinstance(told["line"], int)
    else:
        assert str(told.get("place", "")).startswith(where)


def test_a_document_above_the_limit_is_a_413(gateway: BadInputGateway) -> None:
    before = gateway.rows()
    told = _is_a_problem(gateway, _post(gateway, sample(LIMIT_BYTES).content), 413)
    assert told["code"] == "intake_too_large"
    assert gateway.rows() == before


@pytest.mark.parametrize("key", ["", "wrong", KEY + "x", KEY[:-1]])
def test_a_document_without_our_key_is_a_401(gateway: BadInputGateway, key: str) -> None:
    before = gateway.rows()
    answer = _post(gateway, sample().content, key)
    assert _is_a_problem(gateway, answer, 401)["code"] == "intake_key_unknown"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert gateway.rows() == before


def test_a_document_of_another_media_type_or_none_is_refused(gateway: BadInputGateway) -> None:
    before = gateway.rows()
    one = sample()
    _is_a_problem(gateway, _post(gateway, one.content, **{"Content-Type": "application/pdf"}), 415)
    _is_a_problem(gateway, _post(gateway, one.content, **{"Content-Encoding": "gzip"}), 415)
    _is_a_problem(gateway, _post(gateway, b""), 400)
    assert gateway.rows() == before


# .. the same again


def test_the_same_report_again_is_acknowledged_and_shared_once(gateway: BadInputGateway, wire: Wire) -> None:
    one = sample()
    is_taken(gateway, wire, one.message())
    before = gateway.rows()
    for message in (one.message(), edited(one.message(), b"MSH", 10, b"another"), one.mdm()):
        wire.send(message)
        answer = wire.answer()
        assert answer.code == "AA"
        assert answers(answer, message)
    assert gateway.rows() == before
    nothing_leaks(gateway)
    a_good_one_is_taken(gateway, wire)


def test_the_same_id_with_other_bytes_or_other_masks_is_refused(gateway: BadInputGateway, wire: Wire) -> None:
    one = sample()
    is_taken(gateway, wire, one.message())
    changed = one.content.replace(b"</title>", b" (2)</title>", 1)
    for message in (one.message(changed), one.message(masks=frozenset({"MASQUE_PS"}))):
        answer = is_refused(gateway, wire, message)
        assert (answer.condition, answer.diagnosis) == ("207", f"report_conflicts at {CDA}/id")


def test_over_http_the_same_report_is_a_202_and_other_bytes_are_a_409(gateway: BadInputGateway) -> None:
    one = sample()
    reports, shares = gateway.rows()
    first, again = _post(gateway, one.content), _post(gateway, one.content)
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.json()["duplicate"], again.json()["duplicate"]) == (False, True)
    assert first.json()["id"] == again.json()["id"]
    told = _is_a_problem(gateway, _post(gateway, one.content.replace(b"</title>", b" (2)</title>", 1)), 409)
    assert (told["code"], told["place"]) == ("report_conflicts", f"{CDA}/id")
    assert gateway.rows() == (reports + 1, shares + 1)
    nothing_leaks(gateway, first.text, again.text)


# .. the tests themselves, and a disk that is full


def test_the_messages_of_these_tests_name_their_patient() -> None:
    """Else the search for names would find nothing whatever was said."""
    one = sample()
    said = (
        one.message().decode() + one.content.decode() + REFUSED_MESSAGES["another national identity"][0](one).decode()
    )
    assert set(named(said)) == set(IDENTITY) - {OTHER_IPP, OTHER_NAME}
    assert stated(one.mdm(), b"MSH", 9) == b"MDM^T02^MDM_T02"


@pytest.mark.timeout(120)
def test_a_report_that_the_disk_does_not_take_is_an_ar_and_may_come_again() -> None:
    """A limit of the file size stands for the full disk: no right of an administrator lifts it."""
    with bad_input_gateway(file_size_bytes=1_000_000) as gateway:
        wire = Wire(gateway.mllp_port)
        try:
            message = sample(1_200_000).message()
            before = gateway.rows()
            wire.send(message)
            answer = wire.answer()
            assert (answer.code, answer.condition) == ("AR", "207"), answer.raw
            assert answers(answer, message)
            assert "plein" in answer.words
            assert gateway.rows() == before
            assert gateway.being_written() == []
            a_good_one_is_taken(gateway, wire)
            gateway.limit_file_size(-1)
            is_taken(gateway, wire, message)
        finally:
            wire.close()
