"""From a message to an event of the flow."""

from __future__ import annotations

import base64
from itertools import product

import pytest

from gateway.errors import InputRejected, InputTooLarge, NotSupportedYet
from gateway.flow.events import Delete, New, Replace
from gateway.hl7 import embedded, er7, profiles
from gateway.hl7.intake import read_events
from gateway.model.identifiers import Identifier
from gateway.model.report import Reliability
from gateway.model.share import Received
from tests.support.hl7 import CDA, INS_TEST, LOCAL, Draft, mdm, pid, read_event

DRAFTS = [Draft(), mdm()]
TXA = "TXA|1|18748-4|TEXT|202212160932||||||||{}|||||AU"


def received(draft: Draft, end: str = "\r", codec: str = "utf-8") -> Received:
    event = read_event(draft.bytes(end, codec))
    assert isinstance(event, New)
    return event.received


def refusal(draft: Draft | bytes) -> InputRejected:
    with pytest.raises(InputRejected) as caught:
        read_event(draft if isinstance(draft, bytes) else draft.bytes())
    return caught.value


def told(draft: Draft | bytes) -> tuple[str, str, str]:
    error = refusal(draft)
    return error.code, error.place, error.hl7_code


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("draft", DRAFTS)
def test_a_report_becomes_a_new_event_with_the_document_byte_for_byte(draft: Draft, end: str) -> None:
    got = received(draft, end)
    assert got.content == CDA
    assert (got.channel, got.sender, got.control_id) == ("mllp", "RIS-Y|Imagerie-Y", "015")
    assert got.patient_identifiers == (Identifier(INS_TEST, "279035121518989"), Identifier(LOCAL, "IPP"))
    assert (got.birth_date, got.sex) == ("19790328", "F")
    assert got.statements.reliability is Reliability.QUALIFIED
    assert got.statements.to_dmp is True
    assert got.statements.masked == frozenset()
    assert got.statements.visit_class == "O"
    assert not got.statements.identity_unknown


def test_a_latin_9_message_is_read_by_what_msh_18_says() -> None:
    draft = Draft(charset="8859/15")
    assert received(draft, codec="iso8859-15").content == CDA
    (document,) = embedded.find(er7.parse(draft.bytes(codec="iso8859-15")))
    assert document.text(3, 2) == "CR d'imagerie médicale"


def test_txa_12_names_the_document_whatever_stands_in_its_second_component() -> None:
    assert received(mdm()).document_id == "1.2.250.1.999.7.1"
    assert received(mdm(transcription=TXA.format("DOC7^^1.2.250.1.999.7^ISO"))).document_id == "1.2.250.1.999.7^DOC7"
    assert received(Draft()).document_id == ""


def test_a_replacement_names_its_parent_in_txa_13_and_an_oru_does_not() -> None:
    t10 = mdm(
        event="T10",
        order_control="RO",
        status="C",
        transcription=TXA.format("1.2.3.5^Y|1.2.3.4^Y").replace("|||||AU", "||||AU"),
    )
    event = read_event(t10.bytes())
    assert isinstance(event, Replace)
    assert event.parent == Identifier("1.2.3.4")
    assert event.received.document_id == "1.2.3.5"
    event = read_event(Draft(order_control="RO", status="C").bytes())
    assert isinstance(event, Replace)
    assert event.parent is None


def test_a_parent_may_have_an_extension() -> None:
    row = "TXA|1|18748-4|TEXT|2022||||||||1.2.3.5|D1^^1.2.3^ISO||||AU"
    event = read_event(mdm(event="T10", order_control="RO", status="C", transcription=row).bytes())
    assert isinstance(event, Replace)
    assert event.parent == Identifier("1.2.3", "D1")


@pytest.mark.parametrize(
    ("parent", "code", "hl7_code"), [("", "hl7_field_missing", "101"), ("DOC-7", "hl7_document_id", "102")]
)
def test_a_t10_without_a_usable_parent_is_refused(parent: str, code: str, hl7_code: str) -> None:
    row = f"TXA|1|18748-4|TEXT|2022||||||||1.2.3.5|{parent}||||AU"
    assert told(mdm(event="T10", order_control="RO", status="C", transcription=row)) == (code, "TXA^1^13", hl7_code)


def test_a_deletion_is_told_with_the_whole_document() -> None:
    for draft in (Draft(order_control="CA", status="D"), mdm(event="T04", order_control="CA", status="D")):
        event = read_event(draft.bytes())
        assert isinstance(event, Delete)
        assert event.received.content == CDA


@pytest.mark.parametrize(
    ("event", "order_control", "status"),
    [*product(["R01"], ["NW", "RO", "CA"], "FCD"), *product(["T02", "T10", "T04"], ["NW", "RO", "CA"], "FCD")],
)
def test_order_control_result_status_and_event_go_together(event: str, order_control: str, status: str) -> None:
    row = "TXA|1|18748-4|TEXT|2022||||||||1.2.3.5|1.2.3.4||||AU"
    draft = Draft() if event == "R01" else mdm(transcription=row)
    draft.event, draft.order_control, draft.status = event, order_control, status
    kind = {("NW", "F", "T02"): New, ("RO", "C", "T10"): Replace, ("CA", "D", "T04"): Delete}
    expected = next(
        (k for (o, s, e), k in kind.items() if (o, s) == (order_control, status) and event in ("R01", e)), None
    )
    if expected is None:
        assert told(draft) == ("hl7_inconsistent", "ORC^1^1", "103")
    else:
        assert isinstance(read_event(draft.bytes()), expected)


@pytest.mark.parametrize("status", ["P", "R", "I", "S", "X", "f"])
@pytest.mark.parametrize("draft", DRAFTS)
def test_a_report_that_is_not_validated_is_refused(draft: Draft, status: str) -> None:
    preliminary = Draft(**{**vars(draft), "status": status})
    assert told(preliminary) == ("hl7_not_validated", "OBX^1^11", "103")


def test_a_transcription_that_is_not_authenticated_is_refused() -> None:
    assert told(mdm(transcription=TXA.format("1.2.3").replace("AU", "DI")))[:2] == ("hl7_not_validated", "TXA^1^17")
    assert received(mdm(transcription=TXA.format("1.2.3").replace("AU", ""))).document_id == "1.2.3"


def test_masks_are_read_from_ce_and_from_cwe() -> None:
    said = {
        "MASQUE_PS": "Y",
        "INVISIBLE_PATIENT": "y",
        "INVISIBLE_REP_LEGAUX": "Y",
        "CONNEXION_SECRETE": "Y",
        "DESTDMP": "N",
    }
    for draft in (Draft(said=said), mdm(said=said)):
        got = received(draft).statements
        assert got.masked == {"MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"}
        assert got.secret_connection
        assert got.to_dmp is False


def test_a_mask_whose_coding_system_was_forgotten_is_still_a_mask() -> None:
    rows = [row for row in Draft().segments() if "INVISIBLE_PATIENT" not in row]
    event = read_event("\r".join([*rows, "OBX|9|CE|INVISIBLE_PATIENT||Y"]).encode())
    assert isinstance(event, New)
    assert event.received.statements.masked == {"INVISIBLE_PATIENT"}


def test_a_message_without_statements_has_said_nothing() -> None:
    raw = "\r".join(Draft().segments()[:6]).encode()
    event = read_event(raw)
    assert isinstance(event, New)
    assert event.received.statements.to_dmp is None
    assert event.received.statements.masked == frozenset()


@pytest.mark.parametrize("value", ["", "O", "oui", "1"])
def test_a_statement_is_yes_or_no_and_never_guessed(value: str) -> None:
    assert told(Draft(said={"MASQUE_PS": value})) == ("hl7_statement", "OBX^2^5", "103")


def test_a_statement_may_not_contradict_itself() -> None:
    draft = Draft(extra=("OBX|9|CE|MASQUE_PS^x^MetaDMPMSS||Y",))
    assert told(draft) == ("hl7_statement_twice", "OBX^3^5", "198")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("VALI", Reliability.QUALIFIED),
        ("PROV", Reliability.PROVISIONAL),
        ("VALI~DOUTE", Reliability.DOUBTFUL),
        ("FICTI~VALI", Reliability.FICTITIOUS),
        ("", Reliability.UNSTATED),
        ("US", Reliability.UNSTATED),
    ],
)
def test_the_least_sure_of_pid_32_counts(value: str, expected: Reliability) -> None:
    assert received(Draft(patient=pid(f32=value))).statements.reliability is expected


def test_an_unknown_identity_is_told() -> None:
    assert received(Draft(patient=pid(f31="Y"))).statements.identity_unknown


def test_an_issuer_without_an_oid_has_an_empty_root() -> None:
    got = received(Draft(patient=pid(f3="405660^^^AUT&1204567809&M^AN~7^^^CABINET~8^^^X&1.2.3~~9")))
    roots = [(identifier.root, identifier.extension) for identifier in got.patient_identifiers]
    assert roots == [("", "405660"), ("", "7"), ("1.2.3", "8"), ("", "9")]


def test_an_empty_repetition_hides_none_of_the_identifiers_behind_it() -> None:
    got = received(Draft(patient=pid(f3="~7^^^X&1.2.3&ISO")))
    assert got.patient_identifiers == (Identifier("1.2.3", "7"),)


@pytest.mark.parametrize(
    ("field", "value", "code", "place", "hl7_code"),
    [
        ("f3", "", "hl7_field_missing", "PID^1^3", "101"),
        ("f3", "^^^X&1.2.3&ISO", "hl7_field_missing", "PID^1^3", "101"),
        ("f3", "7^^^X&not-an-oid&ISO", "hl7_identifier", "PID^1^3^1^4", "102"),
        ("f3", "7~8\\X0D\\9^^^X&1.2.3&ISO", "hl7_value", "PID^1^3^2^1", "102"),
        ("f3", "7" * 251, "hl7_value", "PID^1^3^1^1", "102"),
        ("f3", "~".join("7" * 101), "hl7_too_many_identifiers", "PID^1^3^101", "198"),
        ("f7", "28/03/1979", "hl7_birth_date", "PID^1^7", "102"),
        ("f7", "197903280", None, "", ""),
        ("f7", "19790000", None, "", ""),
        ("f7", "", None, "", ""),
        ("f8", "F\\X00\\", "hl7_value", "PID^1^8^1^1", "102"),
    ],
)
def test_each_fault_of_the_patient_is_named(
    field: str, value: str, code: str | None, place: str, hl7_code: str
) -> None:
    draft = Draft(patient=pid(**{field: value}))
    if code is None:
        assert received(draft).birth_date == value[:8]
    else:
        assert told(draft) == (code, place, hl7_code)


@pytest.mark.parametrize(
    ("changes", "code", "place", "hl7_code"),
    [
        ({"code": "SIM"}, "hl7_type", "MSH^1^9^1^1", "200"),
        ({"code": ""}, "hl7_field_missing", "MSH^1^9", "101"),
        ({"event": "R32"}, "hl7_event", "MSH^1^9^1^2", "201"),
        ({"event": ""}, "hl7_event", "MSH^1^9^1^2", "201"),
        ({"event": "T02"}, "hl7_event", "MSH^1^9^1^2", "201"),
        ({"version": "2.3"}, "hl7_version", "MSH^1^12", "203"),
        ({"version": ""}, "hl7_version", "MSH^1^12", "203"),
        ({"processing_id": "X"}, "hl7_processing_id", "MSH^1^11", "202"),
        ({"control_id": ""}, "hl7_field_missing", "MSH^1^10", "101"),
        ({"control_id": '""'}, "hl7_field_missing", "MSH^1^10", "101"),
        ({"control_id": "  "}, "hl7_field_missing", "MSH^1^10", "101"),
        ({"control_id": "a\\X0A\\b"}, "hl7_value", "MSH^1^10^1^1", "102"),
        ({"order_control": ""}, "hl7_field_missing", "ORC^1^1", "101"),
        ({"status": ""}, "hl7_field_missing", "OBX^1^11", "101"),
        ({"data": ""}, "hl7_field_missing", "OBX^1^5^1^5", "101"),
        ({"encapsulation": "^TEXT^XML^A^"}, "hl7_encapsulation", "OBX^1^5^1^4", "103"),
        ({"encapsulation": "^AP^PDF^Base64^"}, "hl7_not_cda", "OBX^1^5^1^3", "103"),
        ({"extra": ("PID|2||x",)}, "hl7_segment_twice", "PID^2", "198"),
        ({"extra": ("MSH|^~\\&|A",)}, "hl7_segment_twice", "MSH^2", "198"),
    ],
)
def test_each_fault_of_a_message_is_named(changes: dict[str, object], code: str, place: str, hl7_code: str) -> None:
    assert told(Draft(**changes)) == (code, place, hl7_code)  # type: ignore[arg-type]


@pytest.mark.parametrize(("code", "event"), [("SIU", "S12"), ("OMG", "O19"), ("ORM", "O01"), ("ZAM", "Z01")])
def test_what_comes_later_is_recognised(code: str, event: str) -> None:
    error = refusal(Draft(code=code, event=event))
    assert isinstance(error, NotSupportedYet)
    assert (error.code, error.hl7_code) == ("hl7_type_later", "200")


@pytest.mark.parametrize("profile", ["1.0^CISIS_TLR_HL7_V2", "1.1^CISIS_CDA_HL7_LPS"])
def test_messages_of_other_profiles_are_recognised(profile: str) -> None:
    error = refusal(Draft(profile=profile))
    assert isinstance(error, NotSupportedYet)
    assert (error.code, error.place) == ("hl7_profile_later", "MSH^1^21")


@pytest.mark.parametrize("profile", ["", "1.2^CISIS_CDA_HL7_V1", "2.0^CISIS_CDA_HL7_V2"])
def test_an_earlier_or_absent_profile_is_read(profile: str) -> None:
    assert received(Draft(profile=profile, version="2.5.1")).content == CDA


@pytest.mark.parametrize("name", ["PID", "ORC", "OBR", "OBX"])
def test_a_missing_segment_is_named(name: str) -> None:
    raw = "\r".join(row for row in Draft().segments() if not row.startswith(name)).encode()
    assert told(raw) == ("hl7_segment_missing", f"{name}^1", "100")


@pytest.mark.parametrize("name", ["EVN", "PV1", "TXA"])
def test_an_mdm_needs_more_segments(name: str) -> None:
    raw = "\r".join(row for row in mdm().segments() if not row.startswith(name)).encode()
    assert told(raw) == ("hl7_segment_missing", f"{name}^1", "100")


def test_segments_out_of_order_are_refused() -> None:
    rows = Draft().segments()
    rows[1], rows[3] = rows[3], rows[1]
    assert told("\r".join(rows).encode()) == ("hl7_segment_order", "ORC^1", "100")


def test_results_without_a_document_are_refused() -> None:
    rows = [row for row in Draft().segments() if "|ED|" not in row]
    assert told("\r".join([*rows, "OBX|1|NM|718-7^Hb^LN||13.2|g/dL|||||F"]).encode()) == (
        "hl7_no_document",
        "OBX^1^5",
        "101",
    )


def test_the_text_of_a_mail_is_no_document() -> None:
    mail = "OBX|12|ED|CORPSMAIL_PS^Corps du mail^MetaDMPMSS||^TEXT^^Base64^Q2hl||||||F|"
    assert received(Draft(extra=(mail,))).content == CDA
    rows = [row for row in Draft().segments() if "|ED|" not in row]
    assert told("\r".join([*rows, mail]).encode())[0] == "hl7_no_document"


def test_an_attachment_beside_the_report_is_passed_over() -> None:
    picture = "OBX|2|ED|X^Image clé^L||^image^JPEG^Base64^/9j/||||||F|"
    assert received(Draft(extra=(picture,))).content == CDA


def second(content: bytes, number: int = 2, status: str = "F") -> str:
    data = base64.b64encode(content).decode()
    return f"OBX|{number}|ED|18748-4^CR^LN||^TEXT^XML^Base64^{data}||||||{status}|"


def test_a_report_at_two_levels_is_two_events_with_the_same_statements() -> None:
    draft = Draft(extra=(second(b"<b/>"),), said={"MASQUE_PS": "Y"})
    events = read_events(draft.bytes())
    assert [event.received.content for event in events if isinstance(event, New)] == [CDA, b"<b/>"]
    first, other = (event.received for event in events if isinstance(event, New))
    assert first.statements == other.statements
    assert first.statements.masked == {"MASQUE_PS"}


def test_both_documents_are_replaced_or_withdrawn_together() -> None:
    both = Draft(order_control="CA", status="D", extra=(second(b"<b/>", status="D"),))
    assert [type(event) for event in read_events(both.bytes())] == [Delete, Delete]
    with pytest.raises(InputRejected) as caught:
        read_events(Draft(extra=(second(b"<b/>", status="C"),)).bytes())
    assert caught.value.code == "hl7_inconsistent"


def test_an_oru_has_two_documents_at_most_and_an_mdm_one() -> None:
    three = Draft(extra=(second(b"<b/>"), second(b"<c/>", 3)))
    assert told(three) == ("hl7_too_many_documents", "OBX^3^5", "198")
    assert told(mdm(extra=(second(b"<b/>"),))) == ("hl7_too_many_documents", "OBX^2^5", "198")


def test_the_sender_is_a_person_of_a_structure() -> None:
    row = (
        "PRT||UC||SB^^participation|801234564895^ESSAI^Dominique^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
        "|||Imagerie^^^^^&1.2.250.1.71.4.2.2&ISO^FINEG^^^300017985"
    )
    sender = received(Draft(extra=("PRT||UC||RCT^^participation|9", row))).sender_person
    assert sender is not None
    assert (sender.family, sender.given) == ("ESSAI", "Dominique")
    assert sender.identifiers == (Identifier("1.2.250.1.71.4.2.1", "801234564895"),)
    assert sender.organization is not None
    assert sender.organization.name == "Imagerie"
    assert sender.organization.identifiers == (Identifier("1.2.250.1.71.4.2.2", "300017985"),)


@pytest.mark.parametrize(
    ("row", "device", "identifiers"),
    [
        ("PRT||UC||SB^Send by^participation|||||AUTOMATE-7", "", None),
        ("PRT||UC||SB^Send by^participation||||||AUTOMATE-7", "AUTOMATE-7", ()),
        ("PRT||UC||SB|7^X", "", (Identifier("", "7"),)),
        ("PRT||UC||RCT|7^X", "", None),
        ("PRT||UC||SB", "", None),
    ],
)
def test_a_sender_may_be_a_device_and_may_lack(
    row: str, device: str, identifiers: tuple[Identifier, ...] | None
) -> None:
    sender = received(Draft(extra=(row,))).sender_person
    if identifiers is None:
        assert sender is None
    else:
        assert sender is not None
        assert (sender.device, sender.identifiers) == (device, identifiers)


def test_a_training_message_can_be_refused_by_setting() -> None:
    with pytest.raises(InputRejected) as caught:
        read_event(Draft(processing_id="T").bytes(), processing_ids=frozenset("P"))
    assert caught.value.hl7_code == "202"


def test_an_envelope_above_its_limit_is_refused() -> None:
    with pytest.raises(InputTooLarge) as caught:
        read_event(Draft(extra=("NTE|1||" + "x" * 1024 * 1024,)).bytes())
    assert caught.value.code == "hl7_envelope_too_large"


def test_missing_padding_and_blanks_are_accepted() -> None:
    for size in range(1, 40):
        content = CDA[:size]
        text = base64.b64encode(content).decode()
        lines = "\\.br\\".join(text[start : start + 5] for start in range(0, len(text), 5))
        for written in (
            text,
            text.rstrip("="),
            f" {text}\t",
            lines,
            "\n".join(text[s : s + 7] for s in range(0, len(text), 7)),
        ):
            assert received(Draft(data=written)).content == content


@pytest.mark.parametrize("data", ["QUJD!", "QUJDR", "QUJD=RUY", "====", "QUJDQ===", "QUJD_-==", "QUJD\\E\\"])
def test_a_character_outside_the_alphabet_or_a_cut_length_is_refused(data: str) -> None:
    assert told(Draft(data=data)) == ("hl7_base64", "OBX^1^5^1^5", "102")


def test_base64_that_is_whole_is_decoded_where_it_stands() -> None:
    assert embedded.decoded(memoryview(b"xQUJDx")[1:5]) == b"ABC"


def test_the_profile_names_six_statements_and_four_of_mail() -> None:
    assert [statement.code for statement in profiles.STATEMENTS][5] == "DESTDMP"
    assert len(profiles.STATEMENTS) == 10
