"""What official examples do, right or wrong, and what the gateway answers to each: our own messages with those traits.

The examples: CI-SIS "Transmission de document(s) CDA en HL7v2" (MDM and ORU: first version, replacement, deletion;
ZAM), CI-SIS "Téléradiologie" (flows 1 to 4), DRIM-M (OMI^O23).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.demo import reports
from gateway.demo.identity import CT
from gateway.demo.ris import transmission
from gateway.hl7 import er7
from gateway.hl7.build import mdm_t02, oru_r01
from gateway.hl7.ports import Admission
from gateway.hl7.profiles import Action
from gateway.hl7.reception import Reception
from gateway.model.identifiers import Identifier
from tests.support.hl7_messages import ACK, OMI_CHANGE, RIGHT, ZAM, message
from tests.support.relay import Stage, answer, cancellation, complement, request, stage, written

FIRST, SECOND = CT.report, Identifier("1.2.250.1.999.1.1.8.7799")
SILENCE = ("", "", "")
TAKEN = ("AA", "", "")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as one:
        accepting = replace(one.world.accepting, images_changed=lambda studies: None)
        yield replace(one, reception=Reception(accepting.accept_all, one.world.clock, one.messages, one.relaying))


def answered(here: Stage, raw: bytes) -> tuple[str, str, str]:
    """MSA-1, ERR-3 and ERR-5; all empty where nothing is answered."""
    reply = here.reception.answer(raw, here.reception.meeting(Admission(), "test"))
    if reply is None:
        return SILENCE
    read = er7.parse(reply)
    error = read.first("ERR")
    return read.all("MSA")[0].text(1), error.text(3) if error else "", error.text(5) if error else ""


def document(version: int = 1) -> bytes:
    draft = reports.Draft(study=CT)
    if version == 2:
        draft = replace(draft, document=SECOND, version=2, set_id=FIRST, replaces=FIRST)
    return reports.level3(draft)


def mdm(action: Action = Action.NEW, version: int = 1, control_id: str = "015") -> bytes:
    sent = replace(transmission(CT, control_id), action=action, document_id=FIRST if version == 1 else SECOND)
    return mdm_t02(document(version), replace(sent, parent_id=FIRST if action is Action.REPLACE else None))


def oru(content: bytes = b"") -> bytes:
    return oru_r01(content or document(), transmission(CT, "015"))


def altered(raw: bytes, *changes: tuple[bytes, bytes]) -> bytes:
    for old, new in changes:
        assert old in raw, old
        raw = raw.replace(old, new, 1)
    return raw


def unpadded() -> bytes:
    """A document of which the base64 lacks its padding."""
    content = document()
    while len(content) % 3 != 1:
        content += b" "
    raw = oru(content)
    encoded = base64.b64encode(content)
    assert encoded.endswith(b"==")
    return raw.replace(encoded, encoded.rstrip(b"="))


def of_another_patient() -> bytes:
    """A deletion that embeds a document about somebody else than PID."""
    return altered(oru(), (b"281112915104759", b"277076322082910"))


TRAITS: list[tuple[str, Callable[[], bytes], tuple[str, str, str]]] = [
    ("segments end in LF", lambda: mdm().replace(b"\r", b"\n"), TAKEN),
    ("base64 without its padding", unpadded, TAKEN),
    ("a name in TXA-12.2", lambda: altered(mdm(), (_number(), _number() + b"^Organisation-Y")), TAKEN),
    ("PRT-4 without its words", lambda: altered(oru(), (b"SB^Send by^participation", b"SB^^participation")), TAKEN),
    ("OBX-5.2 in capitals in an MDM", lambda: altered(mdm(), (b"^text^XML", b"^TEXT^XML")), TAKEN),
    ("a separator behind the last field", lambda: altered(oru(), (b"\rORC|NW\r", b"\rORC|NW|\r")), TAKEN),
    ("a mail that is no base64", lambda: oru() + _mail(b"Q" * 93), TAKEN),
    ("a placeholder instead of the document", lambda: oru(b"Document medical au format CDA"), ("AE", "207", "906")),
    ("a document about another patient", of_another_patient, ("AE", "207", "906")),
    ("a business receipt of the DMP", lambda: message(ZAM), ("AE", "200", "")),
    ("an acknowledgement", lambda: message(ACK), SILENCE),
    ("an apostrophe that ISO 8859-15 lacks", lambda: written(request(justification="l’examen")), TAKEN),
    ("flow 2", lambda: written(cancellation()), TAKEN),
    ("flow 3 with data that are no base64", lambda: _protocol(b"Pendggfbubzbdy12gggvt"), TAKEN),
    ("flow 4 with an address that is none", lambda: _viewer(b"Penfhghdegge"), TAKEN),
    ("OMI^O23 with empty MSH-18 and MSH-21", lambda: message([OMI_CHANGE[0] + "||||||||", *OMI_CHANGE[1:]]), TAKEN),
    ("an identity corrected", lambda: message(RIGHT["adt-a08"]), TAKEN),
]


def _number() -> bytes:
    """TXA-12 of the first version."""
    row = next(row for row in mdm().split(b"\r") if row.startswith(b"TXA"))
    return row.split(b"|")[12]


def _mail(data: bytes) -> bytes:
    return b"OBX|12|ED|CORPSMAIL_PS^Corps du mail^MetaDMPMSS||^TEXT^^Base64^" + data + b"||||||F\r"


def _protocol(data: bytes) -> bytes:
    raw = written(answer(protocols=(b"%PDF-",)), back=True)
    return raw.replace(base64.b64encode(b"%PDF-"), data)


def _viewer(data: bytes) -> bytes:
    raw = written(complement())
    row = next(row for row in raw.split(b"\r") if b"URL_PARTIELLE_VIEWER" in row)
    encoded = row.split(b"^Base64^")[1].split(b"|")[0]
    return raw.replace(encoded, data)


@pytest.mark.parametrize(("trait", "made", "expected"), TRAITS, ids=[trait for trait, _, _ in TRAITS])
def test_each_trait_of_the_official_examples_is_answered_as_the_table_says(
    here: Stage, trait: str, made: Callable[[], bytes], expected: tuple[str, str, str]
) -> None:
    assert answered(here, made()) == expected


def test_first_version_replacement_and_deletion_under_one_control_id_are_three_messages(here: Stage) -> None:
    for raw in (mdm(), mdm(Action.REPLACE, 2), mdm(Action.DELETE, 2)):
        assert answered(here, raw) == TAKEN
        assert answered(here, raw) == TAKEN
    kept = [one for one in here.messages.find(limit=99) if not one.duplicate]
    assert sorted(one.kind for one in kept) == ["MDM^T02", "MDM^T04", "MDM^T10"]
    assert {one.control_id for one in kept} == {"015"}
