"""The signature of a French submission set: its entry, and the association by which it signs.

Sources: DRIM-M samples of 2024; ITI TF-3 sections 4.2.2.2.5 (signs) and 5.5 (DSG: eventCodeList is the purpose of the
signature, ASTM E1762 under 1.2.840.10065.1.12).
"""

from __future__ import annotations

import re

from gateway.model.document import AssociationType
from gateway.xds import constants as c
from gateway.xds.rules.french_codes import is_signature
from gateway.xds.rules.objects import Objects, Thing
from gateway.xds.rules.rule import ERROR, TF3, WARNING, Findings, rule

UNSIGNED = rule(
    "dmp.signature.association",
    ERROR,
    f"DRIM-M samples; {TF3} 4.2.2.2.5",
    "La signature « {value} » ne signe rien : aucune association signs n'en part.",
    "The signature “{value}” signs nothing: no association signs starts from it.",
)
SIGNS = rule(
    "dmp.signature.source",
    ERROR,
    f"DRIM-M samples; {TF3} 4.2.2.2.5",
    "L'association signs part de « {value} », qui n'est pas une signature (typeCode E1762).",
    "The association signs starts from “{value}”, which is no signature (typeCode E1762).",
)
PURPOSE = rule(
    "dmp.signature.purpose",
    ERROR,
    f"DRIM-M samples; {TF3} 5.5 (eventCodeList)",
    "eventCodeList d'une signature vaut « {value} » ; attendu : un motif de signature sous {expected}.",
    "eventCodeList of a signature is “{value}”; expected: a purpose of a signature under {expected}.",
)
FORMAT_SYSTEM = rule(
    "dmp.signature.format-system",
    ERROR,
    "DRIM-M samples",
    "Le codingScheme du formatCode d'une signature est « {value} » ; attendu : {expected}.",
    "The codingScheme of the formatCode of a signature is “{value}”; expected: {expected}.",
)
MASKS = rule(
    "dmp.signature.masks",
    WARNING,
    "DRIM-M samples",
    "confidentialityCode d'une signature ne donne pas {expected}, comme les exemples officiels.",
    "confidentialityCode of a signature does not give {expected}, as the official samples do.",
)
_PURPOSES = "1.2.840.10065.1.12"
_PURPOSE = re.compile(r"1\.2\.840\.10065\.1\.12\.1\.(?:[1-9]|1[0-8])")
_XML_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
_MASKS = ("MASQUE_PS", "INVISIBLE_PATIENT")


def check(objects: Objects, findings: Findings, *, submitted: bool) -> None:
    """Every signature of *objects*, and of what is *submitted* that each signs and nothing else does."""
    signatures = [entry for entry in objects.entries if is_signature(entry)]
    for entry in signatures:
        _entry(entry, findings)
    if not submitted:
        return
    signing = [one for one in objects.associations if one.attribute("associationType") == AssociationType.SIGNS]
    sources = {one.attribute("sourceObject") for one in signing}
    for entry in signatures:
        # a later version of the metadata of a signature does not sign anew
        if entry.id not in sources and not entry.attribute("lid"):
            findings.add(UNSIGNED, entry.element, value=entry.id)
    others = {entry.id for entry in objects.entries if not is_signature(entry)}
    for one in signing:
        if (source := one.attribute("sourceObject")) in others:
            findings.add(SIGNS, one.element, value=source)


def _entry(entry: Thing, findings: Findings) -> None:
    events = entry.codes(c.ENTRY_EVENT)
    if not any(code.system == _PURPOSES and _PURPOSE.fullmatch(code.code) for code in events):
        told = ", ".join(f"{code.code} ({code.system})" for code in events)
        findings.add(PURPOSE, entry.element, value=told, expected=_PURPOSES, attribute="DocumentEntry.eventCodeList")
    format_code = entry.code(c.ENTRY_FORMAT)
    if format_code and format_code.code == _XML_SIGNATURE and format_code.system not in ("", "URN"):
        findings.add(FORMAT_SYSTEM, format_code.element, value=format_code.system, expected="URN")
    missing = [mask for mask in _MASKS if mask not in [code.code for code in entry.codes(c.ENTRY_CONFIDENTIALITY)]]
    if missing:
        findings.add(MASKS, entry.element, expected=", ".join(missing))
