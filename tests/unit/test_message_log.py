"""Every received message is kept: byte for byte, with its answer, found again, and processed again after a fix."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.demo import identity, reports
from gateway.demo.identity import CT
from gateway.demo.ris import transmission
from gateway.errors import InputRejected, Unavailable
from gateway.hl7 import er7
from gateway.hl7.build import mdm_t02, oru_r01
from gateway.hl7.mllp import Fault
from gateway.hl7.ports import Admission
from gateway.hl7.reception import Meeting, Reception
from gateway.model.identifiers import Identifier
from gateway.model.message import ROW_BYTES, facts_of
from gateway.model.share import ShareState
from gateway.store.engine import reading
from gateway.store.messages import SqlMessages
from gateway.texts import sentence
from gateway.trust import safexml
from tests.fakes.world import World, world


class Log:
    """A reception over a real store."""

    def __init__(self, here: World) -> None:
        self.world = here
        self.messages = SqlMessages(here.store._engine, here.store._writer, here.blobs.put, here.blobs.get)
        self.reception = Reception(here.accepting.accept_all, here.clock, self.messages)

    def answer(self, message: bytes, again_of: str = "", **admission: object) -> str:
        meeting = Meeting(
            admission=Admission(**admission),  # type: ignore[arg-type]
            peer="10.0.0.1:5",
            received_at=self.world.clock.now(),
            again_of=again_of,
        )
        reply = self.reception.answer(message, meeting)
        return "" if reply is None else er7.parse(reply).all("MSA")[0].text(1)


@contextmanager
def log(folder: Path) -> Iterator[Log]:
    with world(folder) as here:
        yield Log(here)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Log]:
    with log(tmp_path) as one:
        yield one


def message(number: str = "1", *, padding: int = 0, **changes: object) -> bytes:
    study = replace(CT, report=Identifier(f"{CT.report.root}.{number}"))
    content = reports.level3(reports.Draft(study=study))
    if padding:
        content = content.replace(b"</ClinicalDocument>", b"<!--" + b"x" * padding + b"--></ClinicalDocument>")
    return oru_r01(content, replace(transmission(study, f"C{number}"), **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("padding", [0, 300_000])
def test_an_accepted_message_is_kept_with_its_report_and_given_back_byte_for_byte(here: Log, padding: int) -> None:
    sent = message(padding=padding)
    assert here.answer(sent) == "AA"
    (kept,) = here.messages.find(limit=9)
    assert (kept.answer, kept.sender, kept.control_id, kept.kind) == (
        "AA",
        "RIS-DEMO|PRESQUILE",
        "C1",
        "ORU^R01",
    )
    assert kept.profile == "2.1^CISIS_CDA_HL7_V2"
    assert kept.size_bytes == len(sent)
    assert kept.report_ids == (here.world.store.overviews(limit=1)[0].share.report_id,)
    assert here.messages.content(kept.id) == sent
    # The document is on the disk once.
    files = [path for path in here.world.blobs._folder.glob("??/*") if path.is_file()]
    assert len(files) == 1


def test_base64_that_cannot_be_made_again_is_kept_as_it_came(here: Log) -> None:
    sent = next(each for each in (message(padding=n) for n in range(3)) if b"=||||||F" in each)
    unpadded = sent.replace(b"=||||||F", b"||||||F").replace(b"=||||||F", b"||||||F")
    assert here.answer(unpadded) == "AA"
    (kept,) = here.messages.find(limit=9)
    assert here.messages.content(kept.id) == unpadded
    broken_up = message("2").replace(b"^Base64^", b"^Base64^\n ")
    assert here.answer(broken_up) == "AA"
    newest = here.messages.find(limit=1)[0]
    assert here.messages.content(newest.id) == broken_up


def test_a_refused_message_is_kept_with_the_reason(here: Log) -> None:
    sent = message().replace(b"||||||F\r", b"||||||P\r", 1)
    assert here.answer(sent) == "AE"
    (kept,) = here.messages.find(limit=9)
    assert (kept.answer, kept.code, kept.hl7_code) == ("AE", "hl7_not_validated", "103")
    assert kept.place.startswith("OBX^1^11")
    assert here.messages.content(kept.id) == sent
    assert kept.report_ids == ()


def test_a_large_refused_message_is_a_file_that_the_sweep_leaves(here: Log) -> None:
    sent = message(padding=200_000).replace(b"||||||F\r", b"||||||P\r", 1)
    assert len(sent) > ROW_BYTES
    assert here.answer(sent) == "AE"
    (kept,) = here.messages.find(limit=9)
    assert here.messages.content(kept.id) == sent
    later = here.world.clock.now() + timedelta(days=10_000)
    assert here.world.blobs.sweep(later, here.world.store.is_referenced) == 0
    assert here.messages.content(kept.id) == sent


def test_what_was_no_message_at_all_is_kept_too(here: Log) -> None:
    assert here.answer(b"hello") == "AE"
    fault = Fault(code="mllp_too_large", size_bytes=10**9, head=message()[:4096], answered=True)
    meeting = here.reception.meeting(Admission(), "peer")
    assert here.reception.answer_fault(fault, meeting, 64) is not None
    told, noise = here.messages.find(limit=9)
    assert (told.code, told.size_bytes, told.whole) == ("mllp_too_large", 10**9, False)
    assert (noise.code, noise.sender) == ("hl7_not_a_message", "|")


def test_an_acknowledgement_is_neither_answered_nor_kept(here: Log) -> None:
    assert here.answer(b"MSH|^~\\&|A|B|C|D|2024||ACK^R01^ACK|7|P|2.5\rMSA|AA|1\r") == ""
    assert here.messages.find(limit=9) == ()


def test_the_same_message_is_acknowledged_again_without_a_second_effect(here: Log) -> None:
    sent = message()
    assert [here.answer(sent), here.answer(sent)] == ["AA", "AA"]
    again, first = here.messages.find(limit=9)
    assert (again.duplicate, first.duplicate) == (True, False)
    assert again.report_ids == first.report_ids
    assert len(here.world.store.overviews(limit=9)) == 1


def test_another_message_with_the_same_control_id_is_taken(here: Log) -> None:
    assert [here.answer(message("1", control_id="015")), here.answer(message("2", control_id="015"))] == ["AA", "AA"]
    assert [one.duplicate for one in here.messages.find(limit=9)] == [False, False]
    assert len(here.world.store.overviews(limit=9)) == 2


def two_documents(second: bytes) -> bytes:
    """An ORU with a report at two levels: a second order with its own document."""
    first = message("1")
    rows = first.split(b"\r")
    start = next(index for index, row in enumerate(rows) if row.startswith(b"ORC"))
    end = next(index for index, row in enumerate(rows) if row.startswith(b"PRT"))
    order = rows[start:end]
    other = [b"^".join([*row.split(b"^")[:-1], b""]) if row.startswith(b"OBX") else row for row in order]
    head = order[-1].split(b"^Base64^")[0]
    other[-1] = head + b"^Base64^" + base64.b64encode(second) + b"||||||F|"
    return b"\r".join([*rows[:start], *order, *other, *rows[end:]])


def test_two_documents_of_one_message_are_both_taken_or_neither(here: Log) -> None:
    study = replace(CT, report=Identifier(f"{CT.report.root}.22"))
    other = reports.level3(reports.Draft(study=study))
    sent = two_documents(other)
    assert here.answer(sent) == "AA"
    (kept,) = here.messages.find(limit=9)
    assert len(kept.report_ids) == 2
    assert here.messages.content(kept.id) == sent
    assert len(here.world.store.overviews(limit=9)) == 2
    with log(here.world.blobs._folder / "other") as strict:
        # The second one contradicts what is known under its id: the first is not taken either.
        assert strict.answer(message("22", padding=10)) == "AA"
        assert strict.answer(sent) == "AE"
        assert len(strict.world.store.overviews(limit=9)) == 1


def test_messages_are_found_by_time_sender_and_answer(here: Log) -> None:
    here.answer(message("1"))
    here.world.clock.forward(3600)
    here.answer(message("2", sending=("OTHER", "PRESQUILE")))
    here.answer(b"hello")
    since = here.world.clock.now() - timedelta(minutes=1)
    assert len(here.messages.find(limit=9)) == 3
    assert len(here.messages.find(limit=9, since=since)) == 2
    assert [one.control_id for one in here.messages.find(limit=9, sender="OTHER")] == ["C2"]
    assert here.messages.find(limit=9, answer="AE")[0].code == "hl7_not_a_message"
    assert len(here.messages.find(limit=1)) == 1


def test_a_message_is_found_by_its_control_id_without_reading_the_log(here: Log) -> None:
    for number in ("1", "2", "3"):
        here.answer(message(number))
    assert [one.control_id for one in here.messages.find(limit=9, control_id="C2")] == ["C2"]
    query = "SELECT sequence FROM messages WHERE control_id = 'C2' ORDER BY sequence DESC LIMIT 9"
    with reading(here.world.store._engine) as connection:
        plan = " ".join(row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert "messages_control_id" in plan
    assert "TEMP B-TREE" not in plan


def test_old_messages_are_forgotten_refused_ones_earlier(here: Log) -> None:
    here.answer(message("1"))
    here.answer(b"hello")
    now = here.world.clock.now()
    assert here.messages.forget(now - timedelta(days=1), now - timedelta(days=1)) == 0
    assert here.messages.forget(now - timedelta(days=1), now + timedelta(seconds=1)) == 1
    assert [one.answer for one in here.messages.find(limit=9)] == ["AA"]
    assert here.messages.forget(now + timedelta(seconds=1), now) == 1


def test_a_refused_message_is_taken_when_it_is_processed_again_after_a_fix(here: Log) -> None:
    sent = message()
    here.world.accepting.sites.clear()  # type: ignore[attr-defined]
    assert here.answer(sent) == "AE"
    (refused,) = here.messages.find(limit=9)
    assert refused.code == "site_unknown"
    from tests.fakes.world import SITE

    here.world.accepting.sites[SITE.name] = SITE  # type: ignore[index]
    assert here.answer(here.messages.content(refused.id), again_of=refused.id, port="again") == "AA"
    again = here.messages.find(limit=1)[0]
    assert (again.again_of, again.port, again.answer) == (refused.id, "again", "AA")


def test_an_unknown_id_is_told_by_name(here: Log) -> None:
    for ask in (here.messages.message, here.messages.content):
        with pytest.raises(InputRejected, match="message_unknown"):
            ask("nobody")


def test_a_full_store_is_answered_ar_and_the_refusal_stands(here: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise Unavailable("store_full")

    monkeypatch.setattr(here.world.store._writer, "run", full)
    assert here.answer(message()) == "AR"
    monkeypatch.undo()
    assert here.answer(message()) == "AA"


def test_masks_and_destinations_said_beside_the_document_reach_the_report(here: Log) -> None:
    sent = message(masks=frozenset({"MASQUE_PS"}), to_dmp=False)
    assert here.answer(sent) == "AA"
    report_id = here.messages.find(limit=1)[0].report_ids[0]
    statements = here.world.store.report(report_id).statements
    assert statements.masked == {"MASQUE_PS"}
    assert statements.to_dmp is False


def test_an_mdm_is_kept_as_an_oru_is(here: Log) -> None:
    content = reports.level3(reports.Draft(study=CT))
    sent = mdm_t02(content, transmission(CT, "M1"))
    assert here.answer(sent) == "AA"
    (kept,) = here.messages.find(limit=9)
    assert kept.kind == "MDM^T02"
    assert here.messages.content(kept.id) == sent


def submitted(here: Log) -> str:
    """The metadata of the one submission that was sent, as text."""
    here.world.carry_until(ShareState.SHARED)
    (sent,) = here.world.destination.sent
    return sent[0].decode()


def test_masks_reach_the_confidentiality_codes_and_the_sender_the_submission_set(tmp_path: Path) -> None:
    with log(tmp_path) as here:
        here.answer(message(masks=frozenset({"MASQUE_PS", "INVISIBLE_PATIENT"})))
        metadata = submitted(here)
    root = safexml.parse(metadata.encode())
    space = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
    codes = {
        one.get("nodeRepresentation")
        for one in root.iter(f"{space}Classification")
        if one.get("classificationScheme") == "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
    }
    assert {"MASQUE_PS", "INVISIBLE_PATIENT"} <= codes
    submission_set = next(root.iter(f"{space}RegistryPackage"))
    said = "".join(submission_set.itertext())
    assert identity.RADIOLOGIST.identifiers[0].extension in said
    assert identity.ORGANIZATION.identifiers[0].extension in said


def test_a_report_that_is_not_for_the_dmp_stays_local(tmp_path: Path) -> None:
    with world(tmp_path / "dmp", flavour="dmp") as national:
        here = Log(national)
        assert here.answer(message(to_dmp=False)) == "AA"
        share = national.carry()
        assert (share.state, share.reason) == (ShareState.HELD, "sender_says_not_dmp")
        assert national.destination.sent == []
    with log(tmp_path / "local") as local:
        assert local.answer(message(to_dmp=False)) == "AA"
        assert submitted(local)


@pytest.mark.parametrize(
    ("place", "facts"),
    [
        ("ORC^1", {"segment": "ORC", "field": "ORC"}),
        ("OBX^2^11", {"segment": "OBX", "field": "OBX-11"}),
        ("PID^1^3^2^4^1", {"segment": "PID", "field": "PID-3"}),
        ("/ClinicalDocument/id", {}),
        ("", {}),
    ],
)
def test_a_refusal_tells_segment_and_field_by_its_place(place: str, facts: dict[str, str]) -> None:
    assert facts_of(place) == facts
    assert "?" not in sentence("hl7_segment_missing", facts_of("ORC^1"), "en")
