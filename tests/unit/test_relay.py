"""The relay: what is taken, what it does to its request, how it gets to the other end, and what holds it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.demo import identity, reports
from gateway.demo.identity import CT
from gateway.errors import PeerUnreachable
from gateway.flow import relay_states
from gateway.flow.relay_states import DELIVERIES, REQUESTS, Happening, Refused, Told, after
from gateway.hl7 import er7
from gateway.hl7.check.judge import judge
from gateway.hl7.profiles import Action
from gateway.model.finding import Severity
from gateway.model.identifiers import PROFESSIONAL_OID, Identifier
from gateway.model.message import masked
from gateway.model.people import Professional
from gateway.model.relay import DeliveryState, Direction, LineAnswer, RequestState
from tests.fakes.world import SITE, exam
from tests.support.relay import (
    NUMBER,
    READER,
    Stage,
    answer,
    bare_complement,
    cancellation,
    complement,
    report,
    request,
    stage,
    white_paper,
    written,
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as one:
        yield one


# .. what is taken


def test_a_request_is_kept_acknowledged_and_forwarded_byte_for_byte(here: Stage) -> None:
    message = written(request())
    assert here.take(message) == ("AA", "")
    assert here.platform.sent == []
    kept = here.request()
    assert (kept.state, kept.order, kept.modality, kept.site) == (RequestState.SENT, NUMBER, "CT", SITE.name)
    assert kept.responsible == identity.RADIOLOGIST.identifiers[0].extension
    (moved,) = here.forward()
    assert (moved.state, moved.answer) == (DeliveryState.DELIVERED, "AA")
    assert here.platform.sent == [message]


def test_the_whole_exchange_passes_both_ways_and_the_request_says_where_it_stands(here: Stage) -> None:
    for exchange, back, state in (
        (request(), False, RequestState.SENT),
        (answer(), True, RequestState.ACCEPTED),
        (complement(), False, RequestState.PERFORMED),
    ):
        here.world.clock.forward(60)
        assert here.take(written(exchange, back=back)) == ("AA", "")
        assert here.request().state is state
    here.world.clock.forward(600)
    assert here.take(report()) == ("AA", "")
    done = here.request()
    assert done.state is RequestState.REPORTED
    assert done.protocol == "Sans injection"
    assert done.reader == READER.identifiers[0].extension
    assert done.study_uids == (CT.study_uid,)
    here.forward()
    assert [len(here.platform.sent), len(here.site.sent)] == [2, 2]
    # The report entered the share like any other.
    share = here.world.claim()
    assert share is not None
    assert share.report_id == done.report_id
    (delays,) = here.delays()
    assert (delays.answer_median_s, delays.report_median_s, delays.held) == (60, 600, 0)


@pytest.mark.parametrize(
    ("exchange", "back", "state"),
    [
        (cancellation(), False, RequestState.CANCELLED),
        (answer(accepted=False, protocols=(), reason="Hors indication"), True, RequestState.REFUSED),
    ],
)
def test_a_request_is_cancelled_or_refused(here: Stage, exchange: object, back: bool, state: RequestState) -> None:
    here.take(written(request()))
    assert here.take(written(exchange, back=back)) == ("AA", "")  # type: ignore[arg-type]
    assert here.request().state is state
    assert here.request().reason in ("Patient absent", "Hors indication")


def test_the_same_message_twice_is_acknowledged_twice_and_forwarded_once(here: Stage) -> None:
    message = written(request())
    assert [here.take(message), here.take(message)] == [("AA", ""), ("AA", "")]
    assert len(here.on_their_way()) == 1
    assert [one.duplicate for one in here.messages.find(limit=9)] == [True, False]
    # Official examples carry one control id in every message: another one with it is no duplicate.
    assert here.take(written(cancellation(), control_id=er7.parse(message).header.text(10))) == ("AA", "")
    assert len(here.on_their_way()) == 2


def test_a_message_that_breaks_its_profile_is_refused_and_kept_in_the_log(here: Stage) -> None:
    message = written(request()).replace(b"MODALITE_IMAGERIE^", b"MODALITE_INCONNUE^")
    code, why = here.take(message)
    assert (code, why) == ("AE", "relay_profile")
    assert here.requests() == []
    (kept,) = here.messages.find(limit=9)
    assert (kept.answer, kept.code) == ("AE", "relay_profile")
    assert here.messages.content(kept.id) == message


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (written(request()).replace(b"RIS-DEMO|PRESQUILE", b"OTHER|PLACE"), "relay_sender_unknown"),
        (written(answer(), back=False), "relay_sender_unknown"),
        (written(request(), back=True), "relay_wrong_way"),
    ],
)
def test_addresses_that_name_no_two_ends_are_refused(here: Stage, message: bytes, why: str) -> None:
    assert here.take(message) == ("AE", why)


def test_a_platform_need_not_be_addressed_when_there_is_but_one(here: Stage) -> None:
    assert here.take(written(request()).replace(b"TLR|LECTURE", b"DRIMBOX|X")) == ("AA", "")


def test_an_unknown_order_is_taken_or_refused_as_agreed(here: Stage, tmp_path: Path) -> None:
    assert here.take(written(answer(), back=True)) == ("AA", "")
    assert here.request().state is RequestState.ACCEPTED
    with stage(tmp_path / "strict", unknown_orders="refuse") as strict:
        assert strict.take(written(answer(), back=True)) == ("AE", "relay_order_unknown")


def test_a_port_that_is_for_reports_takes_no_requests(here: Stage) -> None:
    assert here.take(written(request()), content=frozenset({"report"})) == ("AE", "hl7_not_on_this_port")
    assert here.take(written(request()), sites=frozenset({"elsewhere"})) == ("AE", "relay_sender_unknown")
    assert here.take(written(request()), processing_ids=frozenset("P")) == ("AE", "hl7_processing_id")


# .. on its way


def test_messages_of_one_order_leave_in_their_order_and_others_do_not_wait(here: Stage) -> None:
    here.platform.failures = [PeerUnreachable("hl7_peer_unreachable")]
    first, second = written(request()), written(cancellation())
    other = written(request(Identifier(identity.ORDER_ISSUER, "OPN-78")))
    for message in (first, second, other):
        here.take(message)
    here.forward()
    assert here.platform.sent == [other]
    here.world.clock.forward(3600)
    here.forward()
    assert here.platform.sent == [other, first, second]


def test_the_other_end_is_tried_again_with_growing_delays_until_it_acknowledges(here: Stage) -> None:
    here.platform.failures = [PeerUnreachable("hl7_peer_unreachable") for _ in range(5)]
    here.take(written(request()))
    delays = []
    while not here.platform.sent:
        for moved in here.forward():
            delays.append((moved.due_at - here.world.clock.now()).total_seconds())
        due = here.store.next_due()
        if due is not None:
            here.world.clock.at = due
    assert delays[-1] == 0
    assert delays[4] > delays[0]
    assert len(delays) == 6


def test_a_receiver_that_asks_for_later_is_tried_later(here: Stage) -> None:
    here.platform.answers = [LineAnswer(code="AR", words="207 occupé")]
    here.take(written(request()))
    (moved,) = here.forward()
    assert (moved.state, moved.reason, moved.facts["words"]) == (
        DeliveryState.SENDING,
        "relay_asked_later",
        "207 occupé",
    )
    here.world.clock.forward(3600)
    assert [one.state for one in here.forward()] == [DeliveryState.DELIVERED]
    assert here.platform.sent[0] == here.platform.sent[1]


def test_a_refused_message_is_held_with_its_reason_and_stops_those_behind_it(here: Stage) -> None:
    here.platform.answers = [LineAnswer(code="AE", words="103 Table value not found")]
    here.take(written(request()))
    here.take(written(cancellation()))
    (held,) = here.forward()
    assert (held.state, held.reason, held.answer) == (DeliveryState.HELD, "relay_refused", "AE")
    assert here.store.held([held.request_id])[held.request_id].id == held.id
    assert here.store.next_due() is None
    taken_up = here.forwarding.take_up(held.id, "someone")
    assert taken_up.state is DeliveryState.WAITING
    assert [one.state for one in here.forward()] == [DeliveryState.DELIVERED, DeliveryState.DELIVERED]


def test_a_held_message_can_be_given_up_and_the_next_one_goes(here: Stage) -> None:
    here.platform.answers = [LineAnswer(code="AE")]
    here.take(written(request()))
    here.take(written(cancellation()))
    (held,) = here.forward()
    assert here.forwarding.give_up(held.id, "someone").state is DeliveryState.ABANDONED
    assert [one.flow.value for one in here.forward()] == ["cancel"]


def test_a_message_that_is_not_held_cannot_be_taken_up(here: Stage) -> None:
    here.take(written(request()))
    (message,) = here.on_their_way()
    with pytest.raises(Exception, match="relay_not_held"):
        here.forwarding.take_up(message.id, "someone")


def test_after_the_deadline_a_message_is_held(tmp_path: Path) -> None:
    with stage(tmp_path, deadline_s=100) as here:
        here.platform.failures = [PeerUnreachable("hl7_peer_unreachable") for _ in range(3)]
        here.take(written(request()))
        here.forward()
        here.world.clock.forward(200)
        (held,) = here.forward()
        assert (held.state, held.reason) == (DeliveryState.HELD, "hl7_peer_unreachable")


def test_a_clock_set_forward_holds_no_message_early(tmp_path: Path) -> None:
    with stage(tmp_path, deadline_s=604_800) as here:
        here.platform.failures = [PeerUnreachable("hl7_peer_unreachable") for _ in range(3)]
        here.take(written(request()))
        here.forward()
        here.world.clock.forward(40 * 86_400)
        (tried,) = here.forward()
        assert tried.state is not DeliveryState.HELD


def test_a_lease_keeps_others_away_and_its_loss_is_noticed(here: Stage) -> None:
    here.take(written(request()))
    now = here.world.clock.now()
    message = here.store.claim(now, 60)
    assert message is not None
    assert here.store.claim(now, 60) is None
    here.world.clock.forward(61)
    other = here.store.claim(here.world.clock.now(), 60)
    assert other is not None
    assert not here.store.renew(message, here.world.clock.now())
    with pytest.raises(Exception, match="lease_lost"):
        here.store.save(message, [])
    assert here.forwarding.carry(other).state is DeliveryState.DELIVERED


def test_a_message_that_ends_its_segments_wrongly_leaves_with_the_right_ends(here: Stage) -> None:
    message = written(request())
    assert here.take(message.replace(b"\r", b"\n")) == ("AA", "")
    here.forward()
    assert here.platform.sent == [message]


# .. what the gateway adds to a complement


def test_the_partial_viewer_url_is_added_and_every_other_byte_stays(here: Stage) -> None:
    message = bare_complement()
    assert here.take(message) == ("AA", "")
    here.forward()
    (sent,) = here.platform.sent
    rows = [row for row in er7.parse(sent).all("OBX") if row.text(3) == "URL_PARTIELLE_VIEWER"]
    (row,) = rows
    url = base64.b64decode(row.text(5, 5)).decode()
    assert url.startswith("https://images.example.org/IHEInvokeImageDisplay?requestType=STUDY&studyUID=")
    assert CT.study_uid in url
    assert CT.accession.dotted in url
    assert "idCDA" not in url
    added = sent[row.start : row.end + 1]
    assert sent.replace(added, b"") == message
    assert [one for one in judge(sent).findings if one.severity is Severity.ERROR] == []


def test_modality_and_regions_are_added_when_they_are_missing(here: Stage) -> None:
    here.world.pacs.exams[CT.study_uid] = replace(
        exam(), series=tuple(replace(one, body_part="CHEST") for one in exam().series)
    )
    here.take(bare_complement("URL_PARTIELLE_VIEWER", "MODALITE_IMAGERIE", "REGION_ANATOMIQUE"))
    here.forward()
    told = {(row.text(3), row.text(5)) for row in er7.parse(here.platform.sent[0]).all("OBX")}
    assert {("MODALITE_IMAGERIE", "CT"), ("REGION_ANATOMIQUE", "67734004")} <= told
    assert [one for one in judge(here.platform.sent[0]).findings if one.severity is Severity.ERROR] == []


def test_a_viewer_url_of_the_site_stays_unless_the_settings_say_always(here: Stage, tmp_path: Path) -> None:
    message = written(complement())
    here.take(message)
    here.forward()
    assert here.platform.sent == [message]
    with stage(tmp_path / "always", viewer_url="always", viewer_url_end="&idCDA=") as always:
        always.take(message)
        always.forward()
        (row,) = [r for r in er7.parse(always.platform.sent[0]).all("OBX") if r.text(3) == "URL_PARTIELLE_VIEWER"]
        assert base64.b64decode(row.text(5, 5)).endswith(b"&idCDA=")


def test_a_study_that_the_pacs_does_not_have_yet_is_awaited(here: Stage) -> None:
    study = here.world.pacs.exams.pop(CT.study_uid)
    here.take(bare_complement())
    (moved,) = here.forward()
    assert (moved.state, moved.reason) == (DeliveryState.WAITING, "study_absent")
    here.world.pacs.exams[CT.study_uid] = study
    here.world.clock.forward(3600)
    assert [one.state for one in here.forward()] == [DeliveryState.DELIVERED]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"accession_number": "OTHER"}, "relay_accession_differs"),
        ({"patient_id": "SOMEBODY-ELSE", "other_patient_ids": ()}, "patient_differs"),
        ({"patient_birth_date": "19000101"}, "birth_date_differs"),
    ],
)
def test_a_study_that_the_pacs_knows_otherwise_holds_the_complement(
    here: Stage, change: dict[str, object], why: str
) -> None:
    here.world.pacs.exams[CT.study_uid] = exam(**change)
    here.take(bare_complement())
    (held,) = here.forward()
    assert (held.state, held.reason) == (DeliveryState.HELD, why)
    assert here.platform.sent == []


# .. the report that comes back


def test_a_report_is_shared_and_relayed_as_agreed(tmp_path: Path) -> None:
    for settings, shared, relayed in (
        ({}, True, 1),
        ({"relay_reports": False}, True, 0),
        ({"share_reports": False}, False, 1),
    ):
        with stage(tmp_path / str(shared) / str(relayed), **settings) as here:
            assert here.take(report()) == ("AA", "")
            here.forward()
            assert len(here.site.sent) == relayed
            assert (here.world.claim() is not None) is shared
            assert here.request().state is RequestState.REPORTED


def test_a_site_without_hl7_is_sent_nothing_and_finds_the_answer_in_the_request(tmp_path: Path) -> None:
    with stage(tmp_path, ris=False) as here:
        here.take(written(request()))
        here.take(written(answer(), back=True))
        here.forward()
        assert [one.direction for one in here.on_their_way()] == [Direction.TO_PLATFORM]
        assert here.request().protocol == "Sans injection"


def test_the_roles_in_a_report_are_checked(here: Stage, tmp_path: Path) -> None:
    here.take(written(request()))
    here.take(written(answer(), back=True))
    other = Professional(identifiers=(Identifier(PROFESSIONAL_OID, "810999000555"),), family="X", given="Y")
    assert here.take(report(authors=(other,))) == ("AE", "relay_other_reader at /ClinicalDocument/author")
    assert here.world.claim() is None
    assert here.take(report()) == ("AA", "")
    with stage(tmp_path / "trusting", check_roles=False) as trusting:
        trusting.take(written(answer(), back=True))
        assert trusting.take(report(authors=(other,))) == ("AA", "")


def _signed(draft: reports.Draft, number: str) -> reports.Draft:
    """The same by another responsible doctor of the site."""
    doctor = replace(identity.RADIOLOGIST, identifiers=(Identifier(PROFESSIONAL_OID, number),), family="SUIVANT")
    return replace(draft, author=doctor)


@pytest.mark.parametrize("action", [Action.REPLACE, Action.DELETE])
def test_when_the_responsible_doctor_changes_the_earlier_one_stays_author(here: Stage, action: Action) -> None:
    assert here.take(report()) == ("AA", "")
    later = reports.Draft(study=CT)
    if action is Action.REPLACE:
        later = replace(later, document=Identifier("1.2.250.1.999.1.1.8.7702"), version=2, replaces=CT.report)
        later = replace(later, set_id=CT.report)
    later = _signed(later, "810999000777")
    gone = report(draft=later, action=action)
    assert here.take(gone) == ("AE", "relay_author_gone at /ClinicalDocument/author")
    with_both = report(draft=later, action=action, authors=(READER, identity.RADIOLOGIST))
    assert here.take(with_both) == ("AA", "")
    here.forward()
    assert here.site.sent[1:] == [with_both]


def test_a_request_that_is_asked_again_keeps_its_first_time_unless_it_was_closed(here: Stage) -> None:
    clock = here.world.clock
    here.take(written(request()))
    first = here.request().sent_at
    clock.forward(600)
    here.take(written(answer(), back=True))
    clock.forward(600)
    here.take(written(request(justification="Céphalées aiguës")))
    assert here.request().sent_at == first
    assert here.delays()[0].answer_median_s == 600
    here.take(written(cancellation()))
    clock.forward(600)
    here.take(written(request(justification="Finalement oui")))
    again = here.request()
    assert (again.state, again.sent_at) == (RequestState.SENT, clock.now())
    assert (again.answered_at, again.cancelled_at) == (None, None)


def test_an_answer_that_comes_before_its_request_counts_in_no_delay(here: Stage) -> None:
    here.take(written(answer(), back=True))
    here.world.clock.forward(600)
    here.take(written(request()))
    assert here.request().state is RequestState.ACCEPTED
    assert here.delays()[0].answer_median_s is None


def test_a_report_twice_is_shared_and_relayed_once(here: Stage) -> None:
    message = report()
    assert [here.take(message), here.take(message)] == [("AA", ""), ("AA", "")]
    here.forward()
    assert len(here.site.sent) == 1


def test_a_document_of_a_request_goes_to_the_platform_and_is_not_shared(here: Stage) -> None:
    message = report().replace(b"TLR|LECTURE|RIS-DEMO|PRESQUILE", b"RIS-DEMO|PRESQUILE|TLR|LECTURE")
    assert here.take(message) == ("AA", "")
    here.forward()
    assert here.platform.sent == [message]
    assert here.world.claim() is None
    (kept,) = here.messages.find(limit=9)
    assert here.messages.content(kept.id) == message


# .. the white paper


def test_the_white_papers_flows_are_judged_kept_forwarded_and_tell_their_request(here: Stage) -> None:
    asked, protocol, done = (white_paper(flow) for flow in ("lb-a", "lb-c", "lb-d"))
    document = report().replace(b"TLR|LECTURE|RIS-DEMO|PRESQUILE", b"RIS-DEMO|PRESQUILE|TLR|LECTURE")
    back = report()
    for message, state in (
        (asked, RequestState.SENT),
        (document, RequestState.SENT),
        (protocol, RequestState.ACCEPTED),
        (done, RequestState.PERFORMED),
        (back, RequestState.REPORTED),
    ):
        assert here.take(message) == ("AA", "")
        assert here.request().state is state
    here.forward()
    assert here.platform.sent == [asked, document, done]
    assert here.site.sent == [protocol, back]
    kept = here.request()
    assert (kept.order, kept.study_uids, kept.accessions) == (NUMBER, (CT.study_uid,), (CT.accession.extension,))
    assert (kept.modality, kept.protocol) == ("CT", "T1 et T2")
    assert {"lb-a", "lb-c", "lb-d"} <= {one.profile for one in here.on_their_way()}
    assert here.world.claim() is not None


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (white_paper("lb-a", OBR_1_13=""), "clinical-information"),
        (white_paper("lb-a", PID_1_7=""), "field-required"),
        (white_paper("lb-c", OBX_1_5=""), "protocol-missing"),
        (white_paper("lb-d", OBX_1_6=""), "field-required"),
        (white_paper("lb-d", OBR_1_15=""), "element-missing"),
    ],
)
def test_a_flow_of_the_white_paper_without_what_it_must_tell_is_refused(here: Stage, message: bytes, why: str) -> None:
    verdict, words = here.take(message)
    assert verdict == "AE"
    assert words.startswith("relay_profile")
    assert why in {finding.rule for finding in judge(message).findings if finding.severity is Severity.ERROR}
    assert here.requests() == []


def test_an_examination_of_flow_d_that_the_pacs_knows_otherwise_is_held(here: Stage) -> None:
    assert here.take(white_paper("lb-d", OBR_1_18="OTHER")) == ("AA", "")
    (held,) = here.forward()
    assert (held.state, held.reason) == (DeliveryState.HELD, "relay_accession_differs")
    assert here.platform.sent == []


def test_a_request_of_the_white_paper_is_taken_back(here: Stage) -> None:
    here.take(white_paper("lb-a"))
    assert here.take(white_paper("lb-a", ORC_1_1="CA", OBR_1_13="")) == ("AA", "")
    assert here.request().state is RequestState.CANCELLED


# .. the tables


def test_every_state_of_a_request_meets_every_message() -> None:
    assert set(REQUESTS) == {(state, told) for state in (None, *RequestState) for told in Told}


def test_what_cannot_happen_to_a_message_is_refused_by_name() -> None:
    for state in DeliveryState:
        for happening in Happening:
            if (state, happening) in DELIVERIES:
                assert after(state, happening) is DELIVERIES[state, happening]
            else:
                with pytest.raises(Refused):
                    after(state, happening)
    assert relay_states.SETTLED < relay_states.IDLE


# .. what a person may see


def test_a_message_is_shown_without_its_patient() -> None:
    shown = str(masked(written(request()))) + str(masked(report()))
    for named in ("KERMARREC", "281112915104759", "IPP-7Q4021", "19811109", "Céphalées", "29151"):
        assert named not in shown
    assert "ORM^O01^ORM_O01" in shown
    assert "TRANSMISSION_DEMANDE" in shown
