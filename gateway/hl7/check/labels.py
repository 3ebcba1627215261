"""The words beside a code are those of another one: which of the two is meant?

Only tables that a guide prints with their words, and value sets: any other wording of a code is free. Sources: CI-SIS
"Transmission de document(s) CDA en HL7v2" 2.1, tables "MetaDMP/MSS", "AckMetierZAM", participation; CI-SIS
"Téléradiologie", tables OBR and OBSERVATION.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache

from gateway import valuesets
from gateway.hl7.check.case import Case
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles import STATEMENTS, teleradiology
from gateway.hl7.profiles.common import CDA, TLR
from gateway.hl7.profiles.others import RECEIPT_LABELS
from gateway.model.finding import Severity


def _folded(words: str) -> str:
    """Letters and digits alone, small and without accents."""
    letters = unicodedata.normalize("NFKD", words).casefold()
    return "".join(letter for letter in letters if letter.isalnum())


def _table(rows: Mapping[str, str]) -> dict[str, str]:
    return {code: _folded(label) for code, label in rows.items()}


_PARTICIPATIONS = _table({"SB": "Send by", "RCT": "Result Copies To", "REPLY": "Reply To"})
_MAILS = {"CORPSMAIL_PS": "Corps du mail pour un PS", "CORPSMAIL_PATIENT": "Corps du mail pour le patient"}
_STATEMENTS = _table({statement.code: statement.label for statement in STATEMENTS} | _MAILS)
_RECEIPTS, _PROCEDURES = _table(RECEIPT_LABELS), _table(teleradiology.LABELS)


def labels(case: Case) -> None:
    """OBX-3, OBR-4, PRT-4: a table with words; a document type: its value set."""
    for row in case.message.all("OBX"):
        code = case.statement_of(row)
        if code in _STATEMENTS:
            _judge(case, row, 3, code, _STATEMENTS, CDA)
        elif code in _RECEIPTS:
            _judge(case, row, 3, code, _RECEIPTS, CDA)
    for row in case.message.all("PRT"):
        _judge(case, row, 4, row.text(4), _PARTICIPATIONS, CDA)
    for row in case.message.all("OBR"):
        code = row.text(4)
        if code in _PROCEDURES:
            _judge(case, row, 4, code, _PROCEDURES, TLR)
        elif code in (types := _document_types()):
            # A code is one; its words have changed with the versions of the value set.
            _judge(case, row, 4, code, types, "JDV_J07-XdsTypeCode-CISIS", Severity.WARNING)


def _judge(
    case: Case,
    row: Segment,
    field: int,
    code: str,
    table: Mapping[str, str],
    source: str,
    severity: Severity = Severity.ERROR,
) -> None:
    words = _folded(row.text(field, 2))
    if not words or code not in table or words == table[code]:
        return
    other = next((known for known, label in table.items() if label == words), "")
    if other:
        case.say(
            "label-differs",
            row,
            field,
            repetition=1,
            component=2,
            severity=severity,
            err3="103",
            source=source,
            value=code,
            expected=other,
        )


@cache
def _document_types() -> dict[str, str]:
    return _table({code.code: code.display for code in valuesets.load(valuesets.TYPE).codes})
