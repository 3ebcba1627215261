"""Messages as JSON: every form becomes a message that is right by our own checker, in the guide's terms and the white
paper's, and that another library reads."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cda.read import read_document
from gateway.demo import reports
from gateway.demo.identity import CT, SITE
from gateway.errors import InputRejected
from gateway.hl7 import er7, teleradiology_build, transmittal_build, white_paper_build
from gateway.hl7.check.judge import judge
from gateway.hl7.relay_wording import HL7Wording
from gateway.hl7.teleradiology import read
from gateway.model.finding import Severity
from gateway.model.identifiers import Identifier
from gateway.model.relay import Flow
from gateway.model.teleradiology import Envelope, Transmittal
from gateway.report_form import FormRejected
from gateway.trust import safexml
from gateway.web import relay_form

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLES = {
    name: json.loads((DOCS / "examples" / f"relay-{name}.json").read_text(encoding="utf-8"))
    for name in ("request", "cancellation", "answer", "refusal", "complement")
}
HERE = replace(SITE, public_url="https://images.example.org")
NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)
ENVELOPE = Envelope(
    control_id="J1", sending=("A", "B"), receiving=("C", "D"), sent_at="20260402120000+0000", processing_id="T"
)
CDA = reports.level3(reports.Draft(study=CT))
FLOWS = {
    "request": ("tlr-1-request", "lb-a", Flow.REQUEST),
    "cancellation": ("tlr-2-cancel", "lb-a", Flow.CANCEL),
    "answer": ("tlr-3-answer", "lb-c", Flow.ANSWER),
    "complement": ("tlr-4-complement", "lb-d", Flow.COMPLEMENT),
}


def message_of(form: dict[str, Any], *, white_paper: bool = False) -> bytes:
    said = relay_form.read(json.dumps(form).encode()).read(HERE, NOW)
    if isinstance(said, Transmittal):
        report = read_document(safexml.parse(said.content))
        return transmittal_build.build(ENVELOPE, said, report, HERE.organization, NOW)
    build = white_paper_build.build if white_paper else teleradiology_build.build
    return build(ENVELOPE, said)


def right(message: bytes, profile: str) -> bool:
    judgement = judge(message)
    assert [one for one in judgement.findings if one.severity is Severity.ERROR] == []
    return judgement.about["profile"] == profile


def document(kind: str, **more: Any) -> dict[str, Any]:
    content = base64.b64encode(CDA).decode()
    return {"kind": kind, "order": {"value": "OPN-77"}, "content": content, **more}


# -- the examples of the docs


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("white_paper", [False, True])
def test_each_published_example_becomes_a_right_message(name: str, white_paper: bool) -> None:
    message = message_of(EXAMPLES[name], white_paper=white_paper)
    of_guide, of_paper, flow = FLOWS[name]
    assert right(message, of_paper if white_paper else of_guide)
    told = HL7Wording().told(message)
    assert (told.flow, told.order and told.order.extension) == (flow, "OPN-77")
    read_elsewhere = hl7.parse(message.decode())
    assert str(read_elsewhere.segment("ORC")[2][0][0]) == "OPN-77"
    assert str(read_elsewhere.segment("PID")[5][0][0]) == "KERMARREC-LEFÈVRE"


def test_a_refusal_is_the_guides_alone() -> None:
    message = message_of(EXAMPLES["refusal"])
    assert right(message, "tlr-3-answer")
    told = HL7Wording().told(message)
    assert (told.accepted, told.reason) == (False, "IRM préférable")
    with pytest.raises(InputRejected) as refusal:
        message_of(EXAMPLES["refusal"], white_paper=True)
    assert refusal.value.code == "white_paper_refusal"


def test_the_published_schema_is_that_of_the_code() -> None:
    published = json.loads((DOCS / "relay-request.schema.json").read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(relay_form.json_schema())), "run scripts/report-forms"


# -- the white paper's contents


def test_flow_d_tells_of_the_dose_the_people_and_the_study() -> None:
    message = er7.parse(message_of(EXAMPLES["complement"], white_paper=True))
    order, procedure = message.all("ORC")[0], message.all("OBR")[0]
    assert (procedure.text(18), procedure.text(24)) == ("SC26031204", "CT")
    assert (order.text(12), procedure.text(16)) == ("810999000010", "810999000028")
    assert (order.text(21, 10), order.text(22, 3), order.text(23, 12)) == ("1290099993", "BREST", "+33298000000")
    assert message.all("ZDS")[0].text(1) == "1.2.250.1.999.1.1.6.1"
    dose = next(row for row in message.all("OBX") if row.text(3) == "113813")
    assert (dose.text(2), dose.text(5), dose.text(6)) == ("NM", "420", "mGy.cm")


def test_flow_d_without_the_dose_of_a_ct_is_refused_with_its_place() -> None:
    examinations = [{**EXAMPLES["complement"]["examinations"][0], "doses": []}]
    form = {**EXAMPLES["complement"], "examinations": examinations}
    assert right(message_of(form), "tlr-4-complement")
    with pytest.raises(InputRejected) as refusal:
        message_of(form, white_paper=True)
    assert refusal.value.code == "hl7_refused_by_us"


def test_what_the_other_end_has_no_place_for_is_told() -> None:
    form = relay_form.read(json.dumps(EXAMPLES["complement"]).encode())
    people = ("requester", "responsible", "address", "telephone")
    assert form.left_out(white_paper=False) == (*people, "examinations.0.doses")
    unsaid = ("retention_days", "device_udi", "device_model")
    assert form.left_out(white_paper=True) == tuple(f"examinations.0.{name}" for name in unsaid)
    assert relay_form.read(json.dumps(EXAMPLES["request"]).encode()).left_out(white_paper=True) == ()


# -- documents


def test_a_document_and_a_report_are_carried_as_they_are_with_their_order_number() -> None:
    for form in (document("document"), document("report", masks=["MASQUE_PS"], secret_connection=True)):
        message = message_of(form)
        assert right(message, "cda-oru-r01")
        parsed = er7.parse(message)
        assert parsed.all("ORC")[0].text(2) == "OPN-77"
        assert parsed.all("ORC")[0].text(2, 3) == SITE.order_issuer
        assert base64.b64decode(parsed.all("OBX")[0].text(5, 5)) == CDA
        said = {row.text(3): row.text(5) for row in parsed.all("OBX")[1:]}
        is_report = form["kind"] == "report"
        wanted = ("Y", "Y", "Y") if is_report else ("N", "N", "N")
        assert tuple(said[code] for code in ("MASQUE_PS", "CONNEXION_SECRETE", "DESTDMP")) == wanted
        assert str(hl7.parse(message.decode()).segment("OBX")[3][0][0]) == "18748-4"


def test_a_replacement_says_so_itself_and_a_withdrawal_is_said() -> None:
    newer = reports.level3(reports.Draft(study=CT, document=Identifier("1.2.250.1.999.8"), replaces=CT.report))
    replaced = document("report", content=base64.b64encode(newer).decode())
    assert er7.parse(message_of(replaced)).all("ORC")[0].text(1) == "RO"
    gone = er7.parse(message_of(document("report", withdraws=True)))
    assert (gone.all("ORC")[0].text(1), gone.all("OBX")[0].text(11)) == ("CA", "D")


def test_a_report_can_be_the_facts_of_the_examination() -> None:
    facts = json.loads((DOCS / "examples" / "report-ct.json").read_text(encoding="utf-8"))
    form = {"kind": "report", "order": {"value": "OPN-77"}, "report": facts}
    assert right(message_of(form), "cda-oru-r01")
    del facts["document"]["id"]
    with pytest.raises(FormRejected) as refusal:
        message_of(form)
    assert refusal.value.place == "document.id"


def test_a_report_can_be_the_facts_of_the_examination_around_a_pdf() -> None:
    facts = json.loads((DOCS / "examples" / "report-ct.json").read_text(encoding="utf-8"))
    pdf = b"%PDF-1.4 a report"
    form = {"kind": "report", "order": {"value": "OPN-77"}, "report": facts, "pdf": base64.b64encode(pdf).decode()}
    message = message_of(form)
    assert right(message, "cda-oru-r01")
    content = base64.b64decode(er7.parse(message).all("OBX")[0].text(5, 5))
    assert base64.b64encode(pdf) in content
    with pytest.raises(InputRejected) as refusal:
        message_of({**form, "pdf": base64.b64encode(b"<html>").decode()})
    assert refusal.value.code == "form_pdf"


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ({"kind": "report", "order": {"value": "1"}}, "JSON"),
        (document("report", pdf="JVBERi0="), "JSON"),
        (document("report", report={}), "JSON"),
        (document("document", content="%%%"), "content"),
        (document("document", content=""), "content"),
        (document("report", masks=["ALL"]), "masks.0"),
        (document("document", to_dmp=True), "to_dmp"),
        ({**EXAMPLES["answer"], "protocols": []}, "JSON"),
        ({**EXAMPLES["refusal"], "protocols": ["x"]}, "JSON"),
        ({**EXAMPLES["answer"], "organization": None}, "organization"),
        ({**EXAMPLES["answer"], "protocol_documents": ["$"]}, "protocol_documents.0"),
        ({**EXAMPLES["complement"], "address": {"street": "x", "city": "y"}}, "address.postal_code"),
    ],
)
def test_a_form_that_is_wrong_is_told_by_its_field(form: dict[str, Any], place: str) -> None:
    with pytest.raises(InputRejected) as refusal:
        relay_form.read(json.dumps(form).encode())
    assert (refusal.value.code, refusal.value.place) == ("relay_json", place)


# -- every form

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=15).map(
    lambda text: f"{text} ^|~\\& {text}"
)
NAMES = st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x17F), min_size=1, max_size=12)
DOCTORS = st.builds(
    lambda number, family, given: {"number": number, "family": family, "given": given},
    st.sampled_from(["810999000010", "899700367909"]), NAMES, NAMES,
)  # fmt: skip
LOCATIONS = st.lists(
    st.builds(
        lambda region, side: {"region": {"code": region}, **({"modifier": {"code": side}} if side else {})},
        st.sampled_from(["774007", "38266002"]),
        st.sampled_from(["", "24028007", "7771000"]),
    ),
    min_size=1,
    max_size=3,
)


def _altered(name: str, **changes: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    def merged(values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return name, {**EXAMPLES[name], **{key: value for key, value in values.items() if value is not None}}

    return st.fixed_dictionaries(changes).map(merged)


EXAMINATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "locations": LOCATIONS,
            "modality": st.sampled_from([{"code": "CT"}, {"code": "MR"}]),
            "device_model": WORDS,
            "retention_days": st.integers(1, 9999),
        }
    ),
    min_size=1,
    max_size=3,
).map(
    lambda all_: [
        {**EXAMPLES["complement"]["examinations"][0], **one, "study_uid": f"1.2.250.1.999.7.{at}"}
        for at, one in enumerate(all_, 1)
    ]
)
FORMS = st.one_of(
    _altered(
        "request",
        justification=WORDS,
        responsible=DOCTORS,
        reader=st.none() | DOCTORS,
        purposes=st.lists(WORDS, max_size=2),
        antecedents=st.lists(st.builds(lambda text: {"text": text}, WORDS), max_size=2),
        locations=LOCATIONS,
        modality=st.sampled_from([{"code": "MR"}, {"code": "US", "display": "écho ^|~"}]),
        pregnant=st.none() | st.booleans(),
    ),
    _altered("cancellation", reason=WORDS | st.just(""), responsible=DOCTORS),
    _altered("answer", protocols=st.lists(WORDS, min_size=1, max_size=3), reader=DOCTORS),
    _altered("complement", examinations=EXAMINATIONS, responsible=DOCTORS, requester=st.none() | DOCTORS),
)


@given(FORMS, st.booleans())
@settings(deadline=None)
def test_every_form_becomes_a_right_message(chosen: tuple[str, dict[str, Any]], white_paper: bool) -> None:
    name, form = chosen
    message = message_of(form, white_paper=white_paper)
    of_guide, of_paper, _ = FLOWS[name]
    assert right(message, of_paper if white_paper else of_guide)
    assert [str(row[0]) for row in hl7.parse(message.decode())] == [row.name for row in er7.parse(message).segments]
    if not white_paper:
        assert len(read(message).order_numbers) == 1
