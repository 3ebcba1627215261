"""What an acknowledgement says, for the one who sent the message.

Source: HL7 v2.5 sections 2.9.2, 2.15.5 (ERR) and 2.15.8 (MSA); CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import PeerMisbehaved
from gateway.hl7 import er7


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One ERR."""

    place: str = ""
    """ERR-2, as ``SEG^sequence^field``."""
    code: str = ""
    """ERR-3.1, table 0357."""
    text: str = ""
    application_code: str = ""
    severity: str = ""
    message: str = ""
    """ERR-8, else ERR-7: words for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An acknowledgement."""

    code: str
    """MSA-1: AA taken over, AE wrong, AR later."""
    control_id: str = ""
    """MSA-2: of the message that is acknowledged."""
    complaints: tuple[Complaint, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the other side has taken the message over."""
        return self.code in ("AA", "CA")

    @property
    def again(self) -> bool:
        """Whether the same bytes may be sent again later."""
        return self.code in ("AR", "CR")

    def as_json(self) -> dict[str, object]:
        """The outcome as ``gateway hl7 send --json`` prints it."""
        errors = [{name: getattr(each, name) for name in Complaint.__dataclass_fields__} for each in self.complaints]
        return {"code": self.code, "control_id": self.control_id, "errors": errors}

    def lines(self) -> list[str]:
        """One line an error."""
        return [
            " ".join(filter(None, (each.place, each.code, each.text, each.application_code, each.message)))
            for each in self.complaints
        ]


def read(answer: bytes) -> Outcome:
    """The outcome that *answer* tells; raises PeerMisbehaved (``hl7_peer_other_answer``) when it is no answer."""
    message = er7.parse_anyway(answer)
    verdict = message.first("MSA")
    if verdict is None:
        raise PeerMisbehaved("hl7_peer_other_answer", host="?", port="?")
    complaints = tuple(
        Complaint(
            place="^".join(filter(None, (row.text(2, part) for part in range(1, 7)))),
            code=row.text(3),
            text=row.text(3, 2),
            application_code=row.text(5),
            severity=row.text(4),
            message=row.text(8) or row.text(7),
        )
        for row in message.all("ERR")
    )
    return Outcome(code=verdict.text(1), control_id=verdict.text(2), complaints=complaints)
