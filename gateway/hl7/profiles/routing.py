"""Which profile a message claims: MSH-21 first, then MSH-9, then MSH-12 and what the message says of itself."""

from __future__ import annotations

from functools import cache

from gateway.hl7.er7 import Message
from gateway.hl7.profiles import MDM_T02 as _MDM
from gateway.hl7.profiles import PROFILE as DOCUMENT_PROFILE
from gateway.hl7.profiles import document, others, teleradiology, white_paper
from gateway.hl7.profiles.grammar import Profile

_TELERADIOLOGY_CODES = frozenset(teleradiology.LABELS)
_EXAMINATION = ("IPC", "ZDS")
_WAY_BACK = "CISIS_CDA_HL7_LPS"
DOCUMENT_MESSAGES = frozenset({"ORU", "MDM"})
"""MSH-9.1 of the transmission of a document; teleradiology has an ORU too, and MSH-21 tells them apart."""


@cache
def all_profiles() -> dict[str, Profile]:
    """Every profile by its name."""
    return {p.name: p for p in (*document.PROFILES, *teleradiology.PROFILES, *white_paper.PROFILES, *others.PROFILES)}


def profile_ids(message: Message) -> list[str]:
    """The repetitions of MSH-21, as ``version^name``."""
    header = message.header
    return [
        f"{header.text(21, 1, repetition=number)}^{header.text(21, 2, repetition=number)}"
        for number in header.repetitions(21)
    ]


def is_national(profile: str) -> bool:
    """Whether a repetition of MSH-21, as :func:`profile_ids` gives it, names a profile of the CI-SIS."""
    return profile.rpartition("^")[2].startswith("CISIS_")


def is_of_guide(profile: str) -> bool:
    """Whether such a repetition names the teleradiology guide, in any version of it."""
    return profile.rpartition("^")[2].startswith("CISIS_TLR_HL7")


def is_way_back(message: Message) -> bool:
    """Whether MSH-21 names the profile of an exchange platform that hands a document to its own system."""
    stated = (profile.rpartition("^")[2] for profile in profile_ids(message))
    return message.header.text(9) in DOCUMENT_MESSAGES and any(name.startswith(_WAY_BACK) for name in stated)


def is_teleradiology(message: Message) -> bool:
    """Whether MSH-21 says so or, where MSH-21 is empty, the procedure in OBR-4."""
    stated = next(filter(is_national, profile_ids(message)), "")
    if is_of_guide(stated):
        return True
    if stated and message.header.text(9) in DOCUMENT_MESSAGES:
        return False
    return any(row.text(4) in _TELERADIOLOGY_CODES for row in message.all("OBR"))


def route(message: Message) -> Profile | None:
    """The profile by which *message* is judged; None for a type of message that no profile is about."""
    code, event = message.header.text(9), message.header.text(9, 2)
    name = _ACKNOWLEDGEMENTS.get(code, "")
    if code == "MDM":
        known = {trio: f"cda-mdm-{trio.lower()}" for trio in _MDM.events}
        name = known.get(event, "cda-mdm-t02")
    elif code == "ZAM":
        name = f"zam-{event.lower()}"
    elif code == "ADT":
        name = f"adt-{event.lower()}"
    elif code == "ORU":
        name = "tlr-3-answer" if is_teleradiology(message) else "cda-oru-r01"
    elif code == "OMI":
        name = "tlr-4-complement" if is_teleradiology(message) else "drim-omi-o23"
    elif code == "ORM":
        name = _order_message(message)
    profiles = all_profiles()
    if name in profiles:
        return profiles[name]
    return _by_identifier(message)


_ACKNOWLEDGEMENTS = {"ACK": "ack"}


def _order_message(message: Message) -> str:
    if is_teleradiology(message):
        procedures = {row.text(4) for row in message.all("OBR")}
        controls = {row.text(1) for row in message.all("ORC")}
        if teleradiology.CANCEL in procedures or (teleradiology.REQUEST not in procedures and "CA" in controls):
            return "tlr-2-cancel"
        return "tlr-1-request"
    if _tells_of_an_examination(message):
        return "lb-d"
    if any(row.text(3) == teleradiology.PROTOCOL.code for row in message.all("OBX")):
        return "lb-c"
    return "lb-a"


def _tells_of_an_examination(message: Message) -> bool:
    """Whether an ORM of the white paper is about an examination that was done: it names a study, or a dose.

    A request is given its accession number when it is made (IHE RAD TF-2 section 4.4), and who takes it back repeats
    what it held: neither tells of an examination.
    """
    controls = {row.text(1) for row in message.all("ORC")}
    if controls and controls <= set(white_paper.CANCELLATIONS):
        return False
    if any(message.first(name) for name in _EXAMINATION):
        return True
    if any(row.text(18) for row in message.all("OBR")) and not controls & set(white_paper.REQUESTS):
        return True
    return any(is_dose(row.text(3), row.text(3, 2)) for row in message.all("OBX"))


def is_dose(code: str, label: str) -> bool:
    """Whether an OBX-3 names a quantity of irradiation (value set JDV_QuantiteExpositionRayonnements, or in words)."""
    from gateway import valuesets

    return code in valuesets.load(valuesets.EXPOSURE_QUANTITY) or "dose" in label.lower() or "dose" in code.lower()


def _by_identifier(message: Message) -> Profile | None:
    """When MSH-9 names nothing that is known: MSH-21 and the segments still say what the message wants to be."""
    profiles = all_profiles()
    names = {each.partition("^")[2] for each in profile_ids(message)}
    present = {segment.name for segment in message.segments}
    if DOCUMENT_PROFILE in names:
        return profiles["cda-mdm-t02" if "TXA" in present else "cda-oru-r01"]
    if teleradiology.PROFILE_NAME in names:
        by_procedure = {
            teleradiology.REQUEST: "tlr-1-request",
            teleradiology.CANCEL: "tlr-2-cancel",
            teleradiology.ANSWER: "tlr-3-answer",
            teleradiology.COMPLEMENT: "tlr-4-complement",
        }
        found = [by_procedure[row.text(4)] for row in message.all("OBR") if row.text(4) in by_procedure]
        return profiles[found[0]] if found else None
    return None
