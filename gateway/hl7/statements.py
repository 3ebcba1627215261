"""What a message says beside the document: how sure the identity is, who may not see the report, where it may go.

Sources: CI-SIS "Transmission d'un document CDA R2 en HL7 v2" 2.1, metadata observations; PAM-FR 2.11 for PID-31 and
PID-32 (table 0445).
"""

from __future__ import annotations

from gateway.errors import InputRejected
from gateway.hl7 import profiles
from gateway.hl7.er7 import Message, Segment
from gateway.model.report import Reliability, Statements

_LEAST_SURE_FIRST = (
    Reliability.FICTITIOUS,
    Reliability.DOUBTFUL,
    Reliability.PROVISIONAL,
    Reliability.QUALIFIED,
)
_KNOWN = frozenset(statement.code for statement in profiles.STATEMENTS)


def read(message: Message, patient: Segment, visit: Segment | None) -> Statements:
    """The statements of a message.

    A mask is a patient's right, so none is guessed: raises InputRejected when an observation says neither ``Y`` nor
    ``N`` (``hl7_statement``) or when two of one name differ (``hl7_statement_twice``).
    """
    said = _observations(message)
    return Statements(
        reliability=_reliability(patient),
        identity_unknown=patient.text(31).upper() == "Y",
        masked=frozenset(mask for code, mask in profiles.MASKS.items() if said.get(code)),
        to_dmp=said.get("DESTDMP"),
        secret_connection=said.get("CONNEXION_SECRETE", False),
        visit_class=_visit_class(visit),
    )


def _observations(message: Message) -> dict[str, bool]:
    """By OBX-3.1 alone: a mask whose coding system was forgotten is still a mask."""
    said: dict[str, bool] = {}
    for row in message.all("OBX"):
        code = profiles.EARLIER_NAMES.get(row.text(3), row.text(3))
        if code not in _KNOWN:
            continue
        value = row.text(5).upper()
        if value not in ("Y", "N"):
            raise InputRejected("hl7_statement", place=row.place(5), hl7_code="103", field=code)
        if said.setdefault(code, value == "Y") != (value == "Y"):
            raise InputRejected("hl7_statement_twice", place=row.place(5), hl7_code="198", field=code)
    return said


def _visit_class(visit: Segment | None) -> str:
    """PV1-2 (table 0004) when it looks like a code; it proposes and decides nothing."""
    code = visit.text(2) if visit else ""
    return code if len(code) <= 20 and code.isalnum() else ""


def _reliability(patient: Segment) -> Reliability:
    """The least sure of the repetitions of PID-32; other codes of the table qualify nothing and doubt nothing."""
    said = {patient.text(32, repetition=number).upper() for number in patient.repetitions(32)}
    return next((value for value in _LEAST_SURE_FIRST if value.value in said), Reliability.UNSTATED)
