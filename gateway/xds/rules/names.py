"""Whether the patient's name in an entry (PID-5) is the one that the document itself gives.

Source: ITI TF-3 section 4.2.3.2.23; CI-SIS "Transmission d'un document CDA-R2 en HL7v2", mapping XDS (recordTarget).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from gateway.xds.rules import hl7_values
from gateway.xds.rules.objects import Thing, Value


def of_another(entry: Thing, families: Iterable[str]) -> Value | None:
    """The first PID-5 of *entry* when none of its family names is one of *families*; None when nothing contradicts.

    Case, accents, hyphens and blanks do not count, and a part of a compound name is that name.
    """
    known = [letters for family in families if (letters := _letters(family))]
    told = [
        (letters, one)
        for one in entry.values.get("sourcePatientInfo", ())
        if (field := hl7_values.field_of(one.text)) and field[0] == 5
        for name in field[1].split("~")
        if (letters := _letters(name.partition("^")[0]))
    ]
    same = any(one in other or other in one for one, _ in told for other in known)
    return told[0][1] if told and known and not same else None


def _letters(name: str) -> str:
    """*name* in capitals without accents, hyphens and blanks; empty for a name without a letter of any script."""
    parted = unicodedata.normalize("NFD", name.upper().replace("Œ", "OE").replace("Æ", "AE"))
    return "".join(one for one in parted if one.isalpha())
