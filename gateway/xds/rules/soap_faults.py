"""SOAP 1.2 faults: what a server says of a message that it could not take as one.

Source: SOAP 1.2 part 1 (W3C, 2007) section 5.4.
"""

from __future__ import annotations

from lxml import etree

from gateway.xds import constants as c
from gateway.xds.envelope import ENVELOPE, qualified
from gateway.xds.rules.objects import inner_text
from gateway.xds.rules.rule import ERROR, WARNING, Findings, rule

_SOAP = "SOAP 1.2 part 1 section 5.4"
FAULT = rule(
    "soap.fault",
    WARNING,
    _SOAP,
    "Le message est une erreur SOAP : {value}.",
    "The message is a SOAP fault: {value}.",
)
SHAPE = rule(
    "soap.fault.form",
    ERROR,
    _SOAP,
    "{attribute} d'une erreur SOAP vaut « {value} » ; attendu : {expected}.",
    "{attribute} of a SOAP fault is “{value}”; expected: {expected}.",
)
_PARTS = ("Code", "Reason", "Node", "Role", "Detail")
_CODES = ("VersionMismatch", "MustUnderstand", "DataEncodingUnknown", "Sender", "Receiver")


def check(fault: etree._Element, namespace: str, findings: Findings) -> None:
    """That there is a fault, and of SOAP 1.2 its code, its reason and their order."""
    findings.add(FAULT, fault, value=" ".join(inner_text(fault).split()))
    if namespace != ENVELOPE:
        return
    tags = [str(child.tag) for child in fault.iterchildren(etree.Element)]
    known = [qualified(ENVELOPE, name) for name in _PARTS]
    if [tag for tag in known if tag in tags] != tags or not set(known[:2]) <= set(tags):
        told = ", ".join(etree.QName(tag).localname for tag in tags[:20])
        findings.add(SHAPE, fault, attribute="Fault", value=told, expected=", ".join(_PARTS))
    for value in fault.iterfind(f"{known[0]}/{qualified(ENVELOPE, 'Value')}"):
        prefix, _, name = inner_text(value).rpartition(":")
        if name not in _CODES or value.nsmap.get(prefix or None) != ENVELOPE:
            findings.add(SHAPE, value, attribute="Code", value=inner_text(value), expected=", ".join(_CODES))
    if known[0] in tags and fault.find(f"{known[0]}/{qualified(ENVELOPE, 'Value')}") is None:
        findings.add(SHAPE, fault, attribute="Code", value="", expected=", ".join(_CODES))
    texts = fault.findall(f"{known[1]}/{qualified(ENVELOPE, 'Text')}")
    if known[1] in tags and not (texts and all(one.get(c.XML_LANG) for one in texts)):
        findings.add(SHAPE, fault, attribute="Reason", value="", expected="Text, xml:lang")
