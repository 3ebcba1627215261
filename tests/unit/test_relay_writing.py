"""Messages as JSON, the way back: what a form says becomes a message, and the message the form that says the same."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cda.read import read_document
from gateway.hl7 import relay_reading, teleradiology_build, transmittal_build, white_paper_build
from gateway.model.identifiers import Identifier
from gateway.model.relay import Flow, RelayRequest, RequestState
from gateway.model.teleradiology import Exchange, Transmittal
from gateway.trust import safexml
from gateway.web import relay_form
from gateway.web.relay_form import writing
from tests.support.relay import cancellation, complement, request, white_paper, written
from tests.unit.test_relay_forms import CDA, DOCTORS, ENVELOPE, FORMS, HERE, NOW, WORDS, document

ORDER = Identifier(HERE.order_issuer, "OPN-77")
ASKED = RelayRequest(
    id="r1",
    site=HERE.name,
    platform="lecture",
    order=ORDER,
    state=RequestState.SENT,
    created_at=datetime(2026, 4, 2, tzinfo=UTC),
    updated_at=datetime(2026, 4, 2, tzinfo=UTC),
)
FLOWS = {
    "request": Flow.REQUEST,
    "cancellation": Flow.CANCEL,
    "answer": Flow.ANSWER,
    "complement": Flow.COMPLEMENT,
    "document": Flow.DOCUMENT,
    "report": Flow.REPORT,
}
ORGANIZATIONS = st.builds(
    lambda number, kind: {"number": number, "name": "Clinique", "kind": kind},
    st.just("1290099993"),
    st.sampled_from(["FINEJ", "FINEG"]),
)


def said_by(form: dict[str, Any]) -> Exchange | Transmittal:
    return relay_form.read(json.dumps(form).encode()).read(HERE, NOW)


def message_of(said: Exchange | Transmittal, *, white_paper: bool = False) -> bytes:
    if isinstance(said, Transmittal):
        report = read_document(safexml.parse(said.content))
        return transmittal_build.build(ENVELOPE, said, report, HERE.organization, NOW)
    return (white_paper_build if white_paper else teleradiology_build).build(ENVELOPE, said)


def read_back(form: dict[str, Any], *, white_paper: bool = False) -> list[dict[str, Any]]:
    """The forms of the message that was made of *form*."""
    flow = FLOWS[form["kind"]]
    exchanges = relay_reading.read(message_of(said_by(form), white_paper=white_paper), flow, ORDER)
    return [writing.form_of(one, ASKED, flow) for one in exchanges]


MORE = {
    "request": st.fixed_dictionaries(
        {
            "organization": ORGANIZATIONS,
            "callback": st.just("+33298000000"),
            "modality_comments": st.lists(WORDS, max_size=2),
        }
    ),
    "cancellation": st.fixed_dictionaries({"organization": ORGANIZATIONS, "reader": DOCTORS}),
    "answer": st.fixed_dictionaries(
        {
            "protocol_documents": st.lists(
                st.binary(min_size=1, max_size=50).map(lambda b: base64.b64encode(b).decode()), max_size=2
            )
        }
    ),
    "complement": st.just({}),
}
VISITS = st.fixed_dictionaries(
    {},
    optional={
        "number": st.just({"value": "RDV-9", "issuer": "1.2.250.1.999.9"}),
        "admitted_at": st.just("2026-04-01T08:30:00+02:00"),
    },
).map(lambda more: {"patient_class": "O", "number": {"value": "RDV-8"}, "authority": "CLINIQUE", **more})


@given(FORMS, st.data())
@settings(deadline=None)
def test_what_is_posted_is_what_is_read(chosen: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    name, form = chosen
    form = {**form, "kind": name, **data.draw(MORE[name])}
    if name != "answer":
        form["visit"] = data.draw(VISITS)
    (back,) = read_back(form)
    assert writing.beyond(writing.without_documents(back)) == ()
    mine, theirs = said_by(form), said_by(back)
    if name == "complement":
        # What flow 4 has no place for was told when it was posted (left_out).
        doses_gone = tuple(replace(one, doses=()) for one in mine.examinations)
        mine = replace(mine, examinations=doses_gone, requester=None, responsible=None, sender=theirs.sender)
    assert theirs == mine
    # And what was read says the same when it is posted in its turn.
    assert read_back(back) == [back]


@given(FORMS)
@settings(deadline=None, max_examples=50)
def test_the_white_papers_messages_are_read_as_they_are_written(chosen: tuple[str, dict[str, Any]]) -> None:
    name, form = chosen
    form = {**form, "kind": name}
    (back,) = read_back(form, white_paper=True)
    mine = said_by(form)
    if name == "complement":
        assert set(writing.beyond(back)) == {
            f"examinations.{at}.retention_days" for at in range(len(mine.examinations))
        }
        for one in back["examinations"]:
            one["retention_days"] = 730
        theirs = said_by(back)
        gone = {"retention_days": 0, "device_udi": "", "device_model": "", "products": (), "viewer_url": ""}
        for ours, read in zip(mine.examinations, theirs.examinations, strict=True):
            assert replace(read, **gone) == replace(ours, **gone)
        requester = mine.requester if mine.requester != mine.responsible else None
        assert (theirs.requester, theirs.responsible, theirs.sender) == (requester, mine.responsible, mine.sender)
    else:
        assert writing.beyond(writing.without_documents(back)) == ()
        assert said_by(back) == mine


@pytest.mark.parametrize(
    "form",
    [
        document("document"),
        document(
            "document", withdraws=True, visit={"patient_class": "O", "number": {"value": "R1", "issuer": "1.2.3"}}
        ),
        document("report"),
        document("report", to_dmp=False),
        document("report", masks=["INVISIBLE_PATIENT", "MASQUE_PS"], secret_connection=True),
    ],
)
def test_a_document_is_read_as_it_was_posted_with_its_bytes(form: dict[str, Any]) -> None:
    (back,) = read_back(form)
    assert said_by(back) == said_by(form)
    assert (base64.b64decode(back["content"]), writing.documents_of(said_by(back))) == (CDA, (CDA,))
    assert writing.beyond(writing.without_documents(back)) == ()


def test_a_message_of_another_system_is_given_though_no_form_would_take_it() -> None:
    asked = written(request()).replace(b"|19811109|F|", b"|1981|A|").replace(b"KERMARREC", b"K" * 240)
    (said,) = relay_reading.read(asked, Flow.REQUEST, ORDER)
    form = writing.form_of(said, ASKED, Flow.REQUEST)
    assert (form["patient"]["birth_date"], form["patient"]["sex"]) == ("1981", "A")
    assert set(writing.beyond(form)) == {"patient.birth_date", "patient.sex"}


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("20260302", "2026-03-02"),
        ("202603020910", "2026-03-02T09:10:00"),
        ("20260302091011", "2026-03-02T09:10:11"),
        ("20260302091011.123+0100", "2026-03-02T09:10:11+01:00"),
        ("202603020910+0000", "2026-03-02T09:10:00+00:00"),
        ("2026", "2026"),
        ("soon", "soon"),
    ],
)
def test_a_moment_keeps_what_is_known_of_it(text: str, iso: str) -> None:
    said = cancellation(cancelled_at=text)
    assert writing.form_of(said, ASKED, Flow.CANCEL)["cancelled_at"] == iso


def test_a_complement_says_where_the_images_are() -> None:
    (said,) = relay_reading.read(written(complement()), Flow.COMPLEMENT, ORDER)
    (done,) = writing.form_of(said, ASKED, Flow.COMPLEMENT)["examinations"]
    assert done["viewer_url"] == complement().examinations[0].viewer_url


@pytest.mark.parametrize(("flow", "known"), [("lb-a", Flow.REQUEST), ("lb-c", Flow.ANSWER), ("lb-d", Flow.COMPLEMENT)])
def test_the_white_papers_messages_of_another_system_are_read(flow: str, known: Flow) -> None:
    (said,) = relay_reading.read(white_paper(flow), known, ORDER)
    form = writing.form_of(said, ASKED, known)
    assert form["order"] == {"value": "OPN-77", "issuer": HERE.order_issuer}
    assert form["patient"]["identifiers"]
    if known is Flow.COMPLEMENT:
        assert form["examinations"][0]["study_uid"]
        assert form["examinations"][0]["doses"]
