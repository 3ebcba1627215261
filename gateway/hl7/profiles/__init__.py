"""What the national profile asks of a message, as data.

Sources: CI-SIS "Transmission d'un document CDA R2 en HL7 v2" 2.1 (MSH-21 ``2.1^CISIS_CDA_HL7_V2``): message structures,
field tables, triggering events; HL7 v2.5 and v2.6 chapters 3, 4, 7 and 9 for the standard's own part; table 0357 for
the codes of refusals.

Reading is wider than the profile where nothing is lost by it: the profile fixes v2.5 for ORU and v2.6 for MDM, and the
fields that are read mean the same in each version of ``READ_VERSIONS``; a field that the profile requires and the
gateway does not need (``needed=False``) may be missing. Writing (``build``) keeps to every line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice, pairwise

from gateway.hl7.er7 import Message, Segment

PROFILE = "CISIS_CDA_HL7_V2"
PROFILE_VERSION = "2.1"
OTHER_PROFILES = ("CISIS_TLR_HL7", "CISIS_CDA_HL7_LPS")
"""Beginnings of MSH-21 component 2 of messages that are no transmission of a report to a gateway: teleradiology
(``CISIS_TLR_HL7_V2``), and the way back from an exchange platform (``CISIS_CDA_HL7_LPS``)."""

READ_VERSIONS = frozenset({"2.5", "2.5.1", "2.6"})
PROCESSING_IDS = frozenset({"P", "T", "D"})
"""MSH-11 (table 0103); the profile admits all three."""

CLASSES_WITH_A_VISIT_NUMBER = frozenset({"E", "I", "O", "R"})
"""Values of PV1-2 that require PV1-19."""

LATER_TYPES = frozenset({"OMI", "ORM", "OMG", "ZAM", "SIU"})
"""Messages that a gateway may be sent beside reports and that make no event of a share: orders (which are relayed where
a platform is set up; of OMI, the complement of a teleradiology request), appointments, receipts of the DMP."""

ENCAPSULATED = "ED"
METADATA_SYSTEM = "MetaDMPMSS"
VALIDATED = "AU"
"""TXA-17 (table 0271)."""


class Action(Enum):
    """What a message does with its document."""

    NEW = "new"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Trio:
    """ORC-1, OBX-11 of the document and, for MDM, the event: they go together or the message is refused."""

    order_control: str
    result_status: str
    mdm_event: str


ACTIONS = {
    Action.NEW: Trio("NW", "F", "T02"),
    Action.REPLACE: Trio("RO", "C", "T10"),
    Action.DELETE: Trio("CA", "D", "T04"),
}


@dataclass(frozen=True, slots=True)
class Required:
    """A field that the profile requires (usage R)."""

    segment: str
    field: int
    component: int = 1
    needed: bool = False
    """Whether the gateway cannot do without it."""


_HEADER = (
    Required("MSH", 3, needed=True),
    Required("MSH", 4),
    Required("MSH", 5),
    Required("MSH", 6),
    Required("MSH", 7),
    Required("MSH", 9, needed=True),
    Required("MSH", 9, 2, needed=True),
    Required("MSH", 10, needed=True),
    Required("MSH", 11, needed=True),
    Required("MSH", 12, needed=True),
    Required("MSH", 17),
    Required("MSH", 18),
    Required("MSH", 21),
    Required("MSH", 21, 2),
)
_PATIENT = (
    Required("PID", 3, needed=True),
    Required("PID", 5),
    Required("PID", 7),
    Required("PID", 8),
    Required("PID", 32),
)
_ORDER = (Required("ORC", 1, needed=True), Required("OBR", 4), Required("OBR", 4, 3))
_DOCUMENT = (
    Required("OBX", 2, needed=True),
    Required("OBX", 3),
    Required("OBX", 5, 2),
    Required("OBX", 5, 3),
    Required("OBX", 5, 4, needed=True),
    Required("OBX", 5, 5, needed=True),
    Required("OBX", 11, needed=True),
)
_TRANSCRIPTION = (
    Required("TXA", 1),
    Required("TXA", 2),
    Required("TXA", 3),
    Required("TXA", 12, needed=True),
    Required("TXA", 17),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One message structure of the profile."""

    message_code: str
    structure: str
    version: str
    """MSH-12 as the profile fixes it."""
    events: frozenset[str]
    segments: tuple[str, ...]
    """Required segments, in the order of their first occurrence."""
    single: frozenset[str]
    """Segments of which a message has one: one patient, one document header."""
    fields: tuple[Required, ...]
    """Of the first segment of each name; for OBX, of the document's."""
    coded_type: str
    """OBX-2 of the metadata observations."""
    subtype: str
    """OBX-5.2 as the profile's tables write it; its case is not looked at when reading."""


ORU_R01 = Profile(
    message_code="ORU",
    structure="ORU_R01",
    version="2.5",
    events=frozenset({"R01"}),
    segments=("MSH", "PID", "ORC", "OBR", "OBX"),
    single=frozenset({"MSH", "PID", "PV1"}),
    fields=(*_HEADER, *_PATIENT, *_ORDER, *_DOCUMENT),
    coded_type="CE",
    subtype="TEXT",
)
MDM_T02 = Profile(
    message_code="MDM",
    structure="MDM_T02",
    version="2.6",
    events=frozenset(trio.mdm_event for trio in ACTIONS.values()),
    segments=("MSH", "EVN", "PID", "PV1", "ORC", "OBR", "TXA", "OBX"),
    single=frozenset({"MSH", "EVN", "PID", "PV1", "TXA"}),
    fields=(*_HEADER, *_PATIENT, *_ORDER, *_TRANSCRIPTION, *_DOCUMENT),
    coded_type="CWE",
    subtype="text",
)
BY_MESSAGE_CODE = {profile.message_code: profile for profile in (ORU_R01, MDM_T02)}


@dataclass(frozen=True, slots=True)
class Statement:
    """One metadata observation: OBX-3.1 and the words of OBX-3.2."""

    code: str
    label: str


STATEMENTS = (
    Statement("MASQUE_PS", "Masqué aux professionnels de santé"),
    Statement("INVISIBLE_PATIENT", "Document non visible par le patient"),
    Statement("INVISIBLE_REP_LEGAUX", "Non visible par les représentants légaux du patient"),
    Statement("CONNEXION_SECRETE", "Connexion secrète"),
    Statement("MODIF_CONF_CODE", "Modification Confidentiality Code"),
    Statement("DESTDMP", "Destinataire DMP"),
    Statement("DESTMSSANTEPS", "Destinataire (professionnel de santé, organisation ou BAL applicative)"),
    Statement("DESTMSSANTEPAT", "Destinataire patient"),
    Statement("ACK_RECEPTION", "Accusé de réception"),
    Statement("ACK_LECTURE_MSS", "Accusé de lecture"),
)
"""In the order of the profile, each ``Y`` or ``N``. The last four concern secure mail, no task of a gateway."""

EARLIER_NAMES = {
    "INVISIBLE_REPRESENTANTS_LEGAUX": "INVISIBLE_REP_LEGAUX",
    "INVISIBLE_REPRENSANTS_LEGAUX": "INVISIBLE_REP_LEGAUX",
    "MODIF_CONFIDENTIALITYCODE": "MODIF_CONF_CODE",
}
"""OBX-3.1 before version 2.0, which shortened the names to twenty characters (the second is a slip of versions before
1.2): a mask is one under each of its names."""

MASKS = {
    "MASQUE_PS": "MASQUE_PS",
    "INVISIBLE_PATIENT": "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX": "INVISIBLE_REPRESENTANTS_LEGAUX",
}
"""OBX-3.1 of a mask to its code in the value set JDV_J08 (confidentialityCode)."""


_DATA = ("OBX", 5, 5)
_MOST = 10
"""Repetitions that are looked at."""


def missing_segments(message: Message, profile: Profile) -> Iterator[str]:
    """The required segments that are not there."""
    present = {segment.name for segment in message.segments}
    return (name for name in profile.segments if name not in present)


def misplaced_segment(message: Message, profile: Profile) -> str:
    """The first required segment that stands before one that must precede it; empty when the order is right."""
    first = {segment.name: index for index, segment in reversed(list(enumerate(message.segments)))}
    places = [(first[name], name) for name in profile.segments if name in first]
    return next((name for (before, _), (at, name) in pairwise(places) if at < before), "")


def missing_fields(message: Message, profile: Profile, document: int) -> Iterator[Required]:
    """The required fields that are empty; *document* is the index (from 0) of the document among the OBX segments."""
    for required in profile.fields:
        rows = message.all(required.segment)
        index = document if required.segment == "OBX" else 0
        if index >= len(rows) or not _states(rows[index], required.field, required.component):
            yield required


def _states(row: Segment, field: int, component: int) -> bool:
    """Whether a field says something: blanks and ``""`` do not, and a repetition is not hidden by an empty one."""
    if (row.name, field, component) == _DATA:
        return row.has(field, component)  # a document, of which nobody wants the text here
    if row.text(field, component):
        return True
    return any(row.text(field, component, repetition=number) for number in islice(row.repetitions(field), 1, _MOST))


def action_of(event: str, order_control: str, result_status: str) -> Action | None:
    """What ORC-1, OBX-11 and, for MDM, the event agree on; None when they do not agree."""
    for action, trio in ACTIONS.items():
        if (order_control, result_status) == (trio.order_control, trio.result_status):
            return action if event in ("R01", trio.mdm_event) else None
    return None
