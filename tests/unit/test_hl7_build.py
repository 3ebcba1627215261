"""Messages as a radiology information system writes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import InputRejected
from gateway.flow.events import Delete, New, Replace
from gateway.hl7 import er7, profiles
from gateway.hl7.build import PatientIdentifier, SenderPerson, Transmission, mdm_t02, oru_r01
from gateway.hl7.profiles import Action
from gateway.model.identifiers import Identifier
from gateway.model.report import Reliability
from tests.support.hl7 import CDA, INS_TEST, LOCAL, read_event
from tests.support.hl7_messages import REPLACED_ID, cda, errors

GOLDEN = Path(__file__).parent.parent / "golden"
SENT = Transmission(
    control_id="GOLDEN-1",
    identifiers=(
        PatientIdentifier(value="279035121518989", authority="ASIP-SANTE-INS-NIR", oid=INS_TEST, type_code="INS"),
        PatientIdentifier(value="IPP101", authority="CABINET", oid=LOCAL, type_code="PI"),
    ),
    family="PAT-ESSAI",
    given="CAMILLE",
    given_names="CAMILLE LÉA",
    birth_date="19790328",
    sex="F",
    birth_place="63220",
    visit_class="O",
    visit_number="V|1",
    masks=frozenset({"INVISIBLE_PATIENT"}),
    document_id=Identifier("1.2.250.1.999.7.2"),
    sender_person=SenderPerson(
        professional_id="801234564895",
        family="ESSAI",
        given="Dominique",
        structure_id="1120456789",
        structure_name="Imagerie d'essai",
    ),
    sent_at=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
)
REPLACING = replace(SENT, action=Action.REPLACE, parent_id=Identifier(REPLACED_ID))
FIRST, SECOND = cda(), cda(replaces=REPLACED_ID)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("oru_r01_new.hl7", oru_r01(FIRST, SENT)),
        ("oru_r01_new_latin_9.hl7", oru_r01(FIRST, replace(SENT, charset="8859/15"))),
        ("mdm_t02_new.hl7", mdm_t02(FIRST, SENT)),
        ("mdm_t10_replace.hl7", mdm_t02(SECOND, REPLACING)),
    ],
)
def test_a_built_message_has_the_bytes_it_always_had(name: str, message: bytes) -> None:
    assert message == (GOLDEN / name).read_bytes()


@pytest.mark.parametrize(("build", "profile"), [(oru_r01, profiles.ORU_R01), (mdm_t02, profiles.MDM_T02)])
@pytest.mark.parametrize("action", list(Action))
def test_a_built_message_keeps_to_every_line_of_the_profile(build, profile, action: Action) -> None:  # type: ignore[no-untyped-def]
    message = er7.parse(build(CDA, replace(REPLACING, action=action)))
    assert not list(profiles.missing_segments(message, profile))
    assert not list(profiles.missing_fields(message, profile, 0))
    assert not profiles.misplaced_segment(message, profile)
    codes = [row.text(3) for row in message.all("OBX")[1:]]
    assert codes == [statement.code for statement in profiles.STATEMENTS]


@pytest.mark.parametrize("charset", ["UNICODE UTF-8", "8859/15"])
@pytest.mark.parametrize("build", [oru_r01, mdm_t02])
def test_a_built_message_is_read_back(build, charset: str) -> None:  # type: ignore[no-untyped-def]
    raw = build(CDA, replace(SENT, charset=charset))
    event = read_event(raw)
    assert isinstance(event, New)
    got = event.received
    assert got.content == CDA
    assert got.patient_identifiers == (Identifier(INS_TEST, "279035121518989"), Identifier(LOCAL, "IPP101"))
    assert got.statements.masked == {"INVISIBLE_PATIENT"}
    assert got.statements.reliability is Reliability.QUALIFIED
    assert got.document_id == ("" if build is oru_r01 else "1.2.250.1.999.7.2")
    assert er7.parse(raw).all("PID")[0].text(5, 3) == "CAMILLE LÉA"


def test_replacements_and_deletions_are_read_back() -> None:
    event = read_event(mdm_t02(CDA, REPLACING))
    assert isinstance(event, Replace)
    assert event.parent == REPLACING.parent_id
    assert isinstance(read_event(oru_r01(CDA, REPLACING)), Replace)
    assert isinstance(read_event(mdm_t02(CDA, replace(SENT, action=Action.DELETE))), Delete)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"control_id": ""}, "MSH^1^10"),
        ({"identifiers": ()}, "PID^1^3"),
        ({"family": ""}, "PID^1^5"),
        ({"birth_date": ""}, "PID^1^7"),
        ({"sex": ""}, "PID^1^8"),
        ({"document_id": None}, "TXA^1^12"),
        ({"action": Action.REPLACE}, "TXA^1^13"),
        ({"sending": ("", "X")}, "MSH^1^3"),
        ({"visit_number": ""}, "PV1^1^19"),
        ({"birth_place": ""}, "PID^1^11"),
        ({"sender_person": None}, "PRT^1^5"),
    ],
)
def test_what_the_profile_requires_cannot_be_left_out(changes: dict[str, object], place: str) -> None:
    with pytest.raises(InputRejected) as caught:
        mdm_t02(CDA, replace(SENT, **changes))  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.place) == ("hl7_field_missing", place)


def test_a_name_that_the_character_set_lacks_is_refused() -> None:
    with pytest.raises(InputRejected) as caught:
        oru_r01(CDA, replace(SENT, family="ŁUKASZ", charset="8859/15"))
    assert caught.value.code == "hl7_not_encodable"
    with pytest.raises(InputRejected) as caught:
        oru_r01(CDA, replace(SENT, charset="UNICODE UTF-16"))
    assert caught.value.code == "hl7_charset_unknown"


@given(st.binary(min_size=1, max_size=200), st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_any_document_and_any_name_travel_unchanged(content: bytes, family: str) -> None:
    message = oru_r01(content, replace(SENT, family=family))
    event = read_event(message)
    assert isinstance(event, New)
    assert event.received.content == content
    patient = er7.parse(message).first("PID")
    assert patient is not None
    assert patient.text(5) == ("" if family.strip() == '""' else family.strip())


ACTIONS = st.sampled_from([(Action.NEW, ""), (Action.REPLACE, REPLACED_ID), (Action.DELETE, REPLACED_ID)])
TEXT = st.text(st.characters(codec="iso8859-15", exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@settings(deadline=None, max_examples=40)
@given(
    build=st.sampled_from([oru_r01, mdm_t02]),
    action=ACTIONS,
    charset=st.sampled_from(["UNICODE UTF-8", "8859/15"]),
    masks=st.sets(st.sampled_from(["MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"])),
    to_dmp=st.booleans(),
    control_id=TEXT,
    structure=TEXT,
)
def test_what_is_built_is_right_by_our_own_checker_and_read_back(  # type: ignore[no-untyped-def]
    build, action, charset: str, masks: set[str], to_dmp: bool, control_id: str, structure: str
) -> None:
    content = cda(replaces=action[1])
    assert SENT.sender_person is not None
    sent = replace(
        SENT,
        action=action[0],
        parent_id=Identifier(action[1]) if action[1] else None,
        charset=charset,
        masks=frozenset(masks),
        to_dmp=to_dmp,
        control_id=control_id,
        sender_person=replace(SENT.sender_person, structure_name=structure),
    )
    message = build(content, sent)
    assert not errors(message)
    event = read_event(message)
    assert isinstance(event, New | Replace | Delete)
    got = event.received
    assert (got.content, got.statements.masked, got.statements.to_dmp) == (content, masks, to_dmp)
    assert got.control_id == control_id
    assert got.sender_person is not None
    assert got.sender_person.organization is not None
    assert got.sender_person.organization.name == structure
