"""The HL7 v2 data types of XDS: CX, CXi, XCN, XON, XTN and PID fields; each function gives the fault or nothing.

Sources: ITI TF-3 table 4.2.3.1.7-2; HL7 v2.5 section 2.7.1 (escapes) and chapter 2.A.
"""

from __future__ import annotations

import re

from gateway.model.identifiers import is_uid
from gateway.texts.text import Text
from gateway.xds.rules.values import EMPTY, Form, both, dtm, joined, oid, short

_ESCAPE = re.compile(r"\\(?:[FSRTE]|X[0-9A-Fa-f]+)\\")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_OID_ALONE = re.compile(r"(?:urn:oid:)?[0-9]+(?:\.[0-9]+)+", re.IGNORECASE)
_USES = frozenset({"ASN", "BPN", "EMR", "NET", "ORN", "PRN", "PRS", "VHN", "WPN"})
"""XTN.2: HL7 table 0201."""
_EQUIPMENT = frozenset({"BP", "CP", "FX", "Internet", "MD", "PH", "SAT", "TDD", "TTY", "X.400"})
"""XTN.3: HL7 table 0202."""
_FIELD = re.compile(r"PID-([0-9]{1,2})\|(.*)", re.DOTALL)


def escapes(value: str) -> Text | None:
    """Backslashes only in the escapes that section 4.2.3.1.7 allows."""
    if "\\" not in value or "\\" not in _ESCAPE.sub("", value):
        return None
    return both(
        "a une barre oblique inverse hors des séquences \\F\\ \\S\\ \\R\\ \\T\\ \\E\\",
        "has a backslash outside the sequences \\F\\ \\S\\ \\R\\ \\T\\ \\E\\",
    )


def _plain(value: str, *, field: bool = False) -> Text | None:
    """What every HL7 value keeps to: escapes, length, no raw separator of fields or repetitions."""
    if not field and "|" in value:
        return both("contient un | qui devrait être échappé (\\F\\)", "holds a | that should be escaped (\\F\\)")
    if not field and "~" in value:
        return both("contient un ~ qui devrait être échappé (\\R\\)", "holds a ~ that should be escaped (\\R\\)")
    return escapes(value) or short(value)


def authority(value: str, component: str) -> Text | None:
    """``&OID&ISO``."""
    parts = value.split("&")
    if len(parts) != 3:
        return both(
            f"a en {component} « {value} », qui n'est pas &OID&ISO", f"has {component} “{value}”, which is not &OID&ISO"
        )
    if parts[0]:
        return both(
            f"a un nom d'espace en {component}.1, qui doit être vide",
            f"has a namespace in {component}.1, which must be empty",
        )
    if fault := oid(parts[1]):
        return joined(f"a en {component}.2 « {parts[1]} », qui", f"has in {component}.2 “{parts[1]}”, which", fault)
    if parts[2] != "ISO":
        return both(
            f"a en {component}.3 « {parts[2]} », qui doit être ISO",
            f"has in {component}.3 “{parts[2]}”, which must be ISO",
        )
    return None


def cx(value: str) -> Text | None:
    """``id^^^&OID&ISO`` with at most CX.5 behind, which the caller judges."""
    parts = value.split("^")
    if not parts[0].strip():
        return both("a CX.1 (l'identifiant) vide", "has an empty CX.1 (the id)")
    if "&" in parts[0]:
        return both("a un & en CX.1 qui devrait être échappé (\\T\\)", "has a & in CX.1 that should be escaped (\\T\\)")
    if any(parts[1:3]):
        return both("remplit CX.2 ou CX.3, qui doivent être vides", "fills CX.2 or CX.3, which must be empty")
    if len(parts) < 4 or not parts[3]:
        return both("n'a pas CX.4 (l'autorité, &OID&ISO)", "lacks CX.4 (the assigning authority, &OID&ISO)")
    if any(parts[5:]):
        return both("remplit un composant après CX.5", "fills a component behind CX.5")
    return authority(parts[3], "CX.4") or _plain(value)


def coded_string(value: str) -> Text | None:
    """A String, or a Coded String: ``code^^^&OID&ISO``; what has ``^^^`` or ends in ``&ISO`` is meant as the second."""
    if "^^^" not in value and not value.endswith("&ISO"):
        return escapes(value)
    parts = value.split("^")
    if not parts[0].strip() or any(parts[1:3]) or any(parts[4:]):
        return both("n'est pas code^^^&OID&ISO", "is not code^^^&OID&ISO")
    return authority("".join(parts[3:4]), "CE.4") or _plain(value)


def has_namespace(value: str) -> bool:
    """Whether a CX names its authority by a word instead of an OID."""
    parts = value.split("^")
    named = len(parts) > 3 and bool(parts[3]) and "&" not in parts[3]
    return bool(parts[0]) and named and not _is_oid_alone(parts[3])


def _is_oid_alone(domain: str) -> bool:
    """Whether an authority is an OID without its ``&`` and ``&ISO``: no word, and no universal id either."""
    return _OID_ALONE.fullmatch(domain) is not None


def cx_type(value: str) -> str:
    """CX.5, or empty."""
    parts = value.split("^")
    return parts[4] if len(parts) > 4 else ""


def cx_key(value: str) -> tuple[str, str]:
    """Id and OID of a CX: what makes two of them the same."""
    parts = value.split("^")
    domain = parts[3].split("&") if len(parts) > 3 else []
    return parts[0], domain[1] if len(domain) > 1 else ""


def xcn(value: str) -> Text | None:
    """A person or a device: an id or a family name, and an authority in its form."""
    parts = value.split("^")
    if not parts[0].strip() and (len(parts) < 2 or not parts[1].strip()):
        return both(
            "n'a ni XCN.1 (l'identifiant) ni XCN.2 (le nom)", "has neither XCN.1 (the id) nor XCN.2 (the family name)"
        )
    if len(parts) > 8 and parts[8] and (fault := authority(parts[8], "XCN.9")):
        return fault
    if len(parts) > 23:
        return both("a plus de 23 composants", "has more than 23 components")
    return _plain(value)


def xon(value: str) -> Text | None:
    """An organisation: a name; an id that is no OID has its authority."""
    parts = value.split("^") + [""] * 10
    if not parts[0].strip():
        return both("a XON.1 (le nom) vide", "has an empty XON.1 (the name)")
    if parts[5] and (fault := authority(parts[5], "XON.6")):
        return fault
    if parts[9] and not parts[5] and not is_uid(parts[9]):
        return both(
            "a en XON.10 un identifiant qui n'est pas un OID, sans autorité en XON.6",
            "has in XON.10 an id that is not an OID, and no authority in XON.6",
        )
    if any(parts[10:]):
        return both("remplit un composant après XON.10", "fills a component behind XON.10")
    return _plain(value)


def xon_extra(value: str) -> str:
    """Components of a XON that section 4.2.3.1.7 does not know and that are filled, such as ``XON.7``."""
    parts = value.split("^")
    return ", ".join(
        f"XON.{number}" for number, part in enumerate(parts, 1) if part and number in (2, 3, 4, 5, 7, 8, 9)
    )


def xtn(value: str) -> Text | None:
    """A telephone number or an e-mail address."""
    parts = value.split("^") + [""] * 8
    if parts[2] == "Internet":
        if parts[1] not in ("", "NET"):
            return both(
                "a XTN.2 autre que NET pour une adresse électronique", "has XTN.2 other than NET for an e-mail address"
            )
        if _EMAIL.fullmatch(parts[3]) is None:
            return both("n'a pas d'adresse électronique en XTN.4", "has no e-mail address in XTN.4")
        if any(parts[4:8]):
            return both("remplit un composant après XTN.4", "fills a component behind XTN.4")
    elif not parts[2]:
        return both("n'a pas XTN.3 (le type d'équipement)", "lacks XTN.3 (the type of equipment)")
    elif not parts[6]:
        return both("n'a pas XTN.7 (le numéro)", "lacks XTN.7 (the number)")
    elif parts[3]:
        return both("remplit XTN.4, qui est d'une adresse électronique", "fills XTN.4, which is of an e-mail address")
    if parts[1] and parts[1] not in _USES:
        return _outside("XTN.2", parts[1], "0201")
    if parts[2] not in _EQUIPMENT:
        return _outside("XTN.3", parts[2], "0202")
    if parts[0] or any(parts[8:]):
        return both("remplit un composant hors de XTN.2 à XTN.8", "fills a component outside XTN.2 to XTN.8")
    return _plain(value)


def _outside(component: str, value: str, table: str) -> Text:
    return both(
        f"a en {component} « {value} », hors de la table HL7 {table}",
        f"has in {component} “{value}”, outside HL7 table {table}",
    )


def recipient(value: str) -> Text | None:
    """``XON|XCN|XTN``, at least one of them (section 4.2.3.3.7)."""
    parts = value.split("|")
    if len(parts) > 3:
        return both("a plus de trois parties XON|XCN|XTN", "has more than the three parts XON|XCN|XTN")
    if not any(part.strip() for part in parts):
        return EMPTY
    forms: tuple[Form, ...] = (xon, xcn, xtn)
    for form, part in zip(forms, parts, strict=False):
        if part and (fault := form(part)):
            return fault
    return short(value)


def reference(value: str) -> Text | None:
    """A CXi: id and type, nothing in the second and third, an authority whole, a namespace alone or none."""
    parts = value.split("^")
    if not parts[0].strip():
        return both("a CXi.1 (l'identifiant) vide", "has an empty CXi.1 (the id)")
    if "&" in parts[0]:
        return both(
            "a un & en CXi.1 qui devrait être échappé (\\T\\)", "has a & in CXi.1 that should be escaped (\\T\\)"
        )
    if any(parts[1:3]):
        return both("remplit CXi.2 ou CXi.3, qui doivent être vides", "fills CXi.2 or CXi.3, which must be empty")
    domain = parts[3] if len(parts) > 3 else ""
    if ("&" in domain or _is_oid_alone(domain)) and (fault := authority(domain, "CXi.4")):
        return fault
    if len(parts) < 5 or not parts[4].strip():
        return both("n'a pas CXi.5 (le type d'identifiant)", "lacks CXi.5 (the type of the id)")
    if len(parts) > 5 and parts[5] and (fault := authority(parts[5], "CXi.6")):
        return fault
    if any(parts[6:]):
        return both("remplit un composant après CXi.6", "fills a component behind CXi.6")
    return _plain(value)


def field_of(value: str) -> tuple[int, str] | None:
    """Number and content of a ``PID-n|…``; None when it is not one."""
    match = _FIELD.fullmatch(value)
    return (int(match[1]), match[2]) if match else None


def patient_field(value: str) -> Text | None:
    """``PID-n|value`` of a field of the segment, its value in its own form (section 4.2.3.2.23)."""
    found = field_of(value)
    if found is None or not 1 <= found[0] <= 39:
        return both("n'est pas de la forme PID-n|valeur", "is not of the form PID-n|value")
    number, content = found
    if not content.strip():
        return both(f"laisse PID-{number} vide", f"leaves PID-{number} empty")
    if fault := _plain(content, field=True):
        return fault
    if number == 3:
        # a namespace alone (``id^^^domain``) was how the field was written before CX was restricted to OIDs
        return next((fault for one in content.split("~") if not has_namespace(one) and (fault := cx(one))), None)
    if number == 5 and not all(
        name.partition("^")[0].strip() or name.split("^")[1:2] not in ([], [""]) for name in content.split("~")
    ):
        return both("a PID-5 sans nom", "has a PID-5 without a name")
    if number == 7 and (fault := dtm(content)):
        return joined("a PID-7 qui", "has a PID-7 that", fault)
    if number == 8 and content not in ("F", "M", "O", "U", "A", "N"):
        return both(
            f"a en PID-8 « {content} », hors de la table HL7 0001", f"has in PID-8 “{content}”, outside HL7 table 0001"
        )
    return None
