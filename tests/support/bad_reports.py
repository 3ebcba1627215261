"""What a gateway must refuse, and what it must put up with: messages and documents, each spoilt in one way.

The conditions are those of HL7 table 0357 as CI-SIS "Transmission d'un document CDA R2 en HL7 v2" 2.1 lists them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from gateway.demo.ris import transmission
from gateway.hl7.build import PatientIdentifier
from gateway.model.identifiers import INS_TEST, Identifier
from gateway.trust import safexml
from tests.support import cda
from tests.support.bad_input import OTHER_INS, OTHER_IPP, OTHER_NAME, Sample, doubled, edited, lacking

Message = Callable[[Sample], bytes]
Document = Callable[[bytes], bytes]
CDA = "/ClinicalDocument"


def _tree(change: Callable[[etree._Element], object]) -> Document:
    def changed(content: bytes) -> bytes:
        root = safexml.parse(content)
        change(root)
        return safexml.serialise(root)

    return changed


def _without(steps: str) -> Document:
    return _tree(lambda root: cda.drop(root, steps))


def _second(steps: str) -> Document:
    """A second element like the one at *steps*, of someone else."""

    def add(root: etree._Element) -> None:
        one = cda.at(root, steps)
        other = deepcopy(one)
        for identifier in other.iter(cda.path("id")):
            identifier.set("extension", OTHER_IPP)
        one.addnext(other)

    return _tree(add)


def _bytes(old: bytes, new: bytes) -> Document:
    def changed(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new)

    return changed


def _declaring(doctype: bytes, inside: bytes = b"") -> Document:
    """The report with a document type declaration, and *inside* its title."""
    return lambda content: content.replace(b"?>", b"?>\n" + doctype, 1).replace(b"<title>", b"<title>" + inside, 1)


def _latin(message: bytes) -> bytes:
    return message.decode().encode("iso8859-15")


def _data(message: bytes, data: bytes) -> bytes:
    return edited(message, b"OBX", 5, b"^TEXT^XML^Base64^" + data)


def _encoded(one: Sample) -> bytes:
    return base64.b64encode(one.content)


def _other(identifier: str) -> tuple[PatientIdentifier, ...]:
    return (PatientIdentifier(value=identifier, authority="ASIP-SANTE-INS-NIR", oid=INS_TEST, type_code="INS"),)


def _uneven(one: Sample) -> bytes:
    """The report, lengthened to one byte above a multiple of three: two characters of padding."""
    return one.content + b"\n" * (-(len(one.content) - 1) % 3)


def _unpadded(one: Sample) -> bytes:
    data = base64.b64encode(_uneven(one))
    assert data.endswith(b"==")
    return data[:-2]


def _both_identities(one: Sample) -> bytes:
    """The local number of the report's patient, and the national one of somebody else."""
    local = transmission(one.study, "").identifiers[1:]
    return one.message(identifiers=(*_other(OTHER_INS), *local))


REFUSED_MESSAGES: dict[str, tuple[Message, str, str]] = {
    # by name: the message, ERR-3, and ERR-2
    # not HL7
    "words": (lambda one: b"bonjour, voici KERMARREC", "100", "MSH^1"),
    "an empty block": (lambda one: b"", "100", "MSH^1"),
    "the document alone": (lambda one: one.content, "100", "MSH^1"),
    "JSON": (lambda one: b'{"resourceType": "Bundle"}', "100", "MSH^1"),
    "a message without MSH": (lambda one: lacking(one.message(), b"MSH"), "100", "MSH^1"),
    "delimiters that are letters": (lambda one: one.message().replace(b"^~\\&", b"AAAA", 1), "102", "MSH^1^2"),
    "a line that is no segment": (lambda one: one.message().replace(b"PV1|", b"DESMAUX\rPV1|"), "100", "PID^1"),
    # its character set
    "Latin-9 that says UTF-8": (lambda one: _latin(one.message()), "103", "MSH^1^18"),
    "UTF-8 that says Latin-9": (lambda one: edited(one.message(), b"MSH", 18, b"8859/15"), "103", "MSH^1^18"),
    "Latin-9 that says nothing": (lambda one: _latin(edited(one.message(), b"MSH", 18, b"")), "103", "MSH^1^18"),
    "a character set nobody reads": (lambda one: edited(one.message(), b"MSH", 18, b"ISO IR87"), "103", "MSH^1^18"),
    # its kind
    "another type": (lambda one: edited(one.message(), b"MSH", 9, b"DFT^P03^DFT_P03"), "200", "MSH^1^9^1^1"),
    "an identity": (lambda one: edited(one.message(), b"MSH", 9, b"ADT^A40^ADT_A39"), "100", "MRG^1"),
    "an image order": (lambda one: edited(one.message(), b"MSH", 9, b"OMI^O23^OMI_O23"), "100", "IPC^1"),
    "another profile": (lambda one: edited(one.message(), b"MSH", 21, b"1.0^CISIS_TLR_HL7_V2"), "200", "MSH^1^21"),
    "an ORU event": (lambda one: edited(one.message(), b"MSH", 9, b"ORU^R03^ORU_R01"), "201", "MSH^1^9^1^2"),
    "an MDM event": (lambda one: edited(one.mdm(), b"MSH", 9, b"MDM^T01^MDM_T01"), "201", "MSH^1^9^1^2"),
    "an old version": (lambda one: edited(one.message(), b"MSH", 12, b"2.3"), "203", "MSH^1^12"),
    "a future version": (lambda one: edited(one.mdm(), b"MSH", 12, b"2.9"), "203", "MSH^1^12"),
    "another processing id": (lambda one: edited(one.message(), b"MSH", 11, b"X"), "202", "MSH^1^11"),
    # what must be there
    "no PID": (lambda one: lacking(one.message(), b"PID"), "100", "PID^1"),
    "no ORC": (lambda one: lacking(one.message(), b"ORC"), "100", "ORC^1"),
    "no OBR": (lambda one: lacking(one.message(), b"OBR"), "100", "OBR^1"),
    "no OBX": (lambda one: lacking(one.message(), b"OBX"), "100", "OBX^1"),
    "no OBX with a document": (lambda one: lacking(one.message(), b"OBX", 1), "101", "OBX^1^5"),
    "no TXA": (lambda one: lacking(one.mdm(), b"TXA"), "100", "TXA^1"),
    "two PID": (lambda one: doubled(one.message(), b"PID"), "198", "PID^2"),
    "no control id": (lambda one: edited(one.message(), b"MSH", 10, b""), "101", "MSH^1^10"),
    "no patient identifier": (lambda one: edited(one.message(), b"PID", 3, b""), "101", "PID^1^3"),
    # the document's encoding
    "base64 of another alphabet": (
        lambda one: _data(one.message(), _encoded(one)[:-4] + b"_-AA"),
        "102",
        "OBX^1^5^1^5",
    ),
    "base64 of 1 mod 4": (
        lambda one: _data(one.message(), _encoded(one)[:4001]),
        "102",
        "OBX^1^5^1^5",
    ),
    "padding in the middle": (lambda one: _data(one.message(), b"QQ==" + _encoded(one)), "102", "OBX^1^5^1^5"),
    "no data": (lambda one: _data(one.message(), b""), "101", "OBX^1^5^1^5"),
    "hexadecimal": (lambda one: edited(one.message(), b"OBX", 5, b"^TEXT^XML^Hex^4142"), "103", "OBX^1^5^1^4"),
    "a PDF": (lambda one: edited(one.message(), b"OBX", 5, b"^application^PDF^Base64^QQ=="), "103", "OBX^1^5^1^3"),
    # another patient, another document
    "another national identity": (lambda one: one.message(identifiers=_other(OTHER_INS)), "207", "PID^1^3"),
    "another identity beside a shared one": (_both_identities, "207", "PID^1^3"),
    "another birth date": (lambda one: one.message(birth_date="19811110"), "207", "PID^1^7"),
    "a birth date that is none": (lambda one: one.message(birth_date=OTHER_NAME), "102", "PID^1^7"),
    "another sex": (lambda one: one.message(sex="M"), "207", "PID^1^8"),
    "another document id": (lambda one: one.mdm(document_id=Identifier("1.2.250.1.999.9.9")), "207", "TXA^1^12"),
    # not validated
    "a preliminary report": (lambda one: edited(one.message(), b"OBX", 11, b"P"), "103", "OBX^1^11"),
    "a preliminary MDM": (lambda one: edited(one.mdm(), b"OBX", 11, b"P"), "103", "OBX^1^11"),
    "a dictated document": (lambda one: edited(one.mdm(), b"TXA", 17, b"DI"), "103", "TXA^1^17"),
    "an order that says the contrary": (lambda one: edited(one.message(), b"ORC", 1, b"CA"), "103", "ORC^1^1"),
    # nobody's
    "an unknown site": (
        lambda one: one.message(one.content.replace(b"1290099993", b"1290099994"), sending=("RIS", "AILLEURS")),
        "207",
        "MSH^1^4",
    ),
}


WITHHELD = (
    b'<inFulfillmentOf><order><id nullFlavor="NA"/><ps3-20:accessionNumber nullFlavor="NA"/></order></inFulfillmentOf>'
)
ORDER_NUMBER = re.compile(rb"(<order>\s*)<id [^>]*/>")


def _order_number_withheld(content: bytes) -> bytes:
    changed, times = ORDER_NUMBER.subn(rb'\1<id nullFlavor="NI"/>', content)
    assert times == 1
    return changed


TAKEN_MESSAGES: dict[str, Message] = {
    "an ORU^R01": lambda one: one.message(),
    "an MDM^T02": lambda one: one.mdm(),
    "Latin-9 that says so": lambda one: _latin(edited(one.message(), b"MSH", 18, b"8859/15")),
    "no padding": lambda one: _data(one.message(), _unpadded(one)),
    "base64 in lines": lambda one: _data(one.message(), re.sub(rb"(.{76})", rb"\1\n", _encoded(one))),
    "line feeds between segments": lambda one: one.message().replace(b"\r", b"\n"),
    "segments nobody knows": lambda one: one.message().replace(b"PV1|", b"ZZZ|1|KERMARREC\rPV1|"),
    "an order whose numbers are withheld": lambda one: one.message(
        _bytes(b"<inFulfillmentOf>", WITHHELD + b"<inFulfillmentOf>")(one.content)
    ),
    "an order whose own number is withheld": lambda one: one.message(_order_number_withheld(one.content)),
}


def _replacing_itself(content: bytes) -> bytes:
    root = safexml.parse(content)
    identifier = root.find("{urn:hl7-org:v3}id")
    assert identifier is not None
    written = b'<relatedDocument typeCode="RPLC"><parentDocument><id root="%s"/></parentDocument></relatedDocument>'
    return content.replace(b"<componentOf>", written % identifier.get("root", "").encode() + b"<componentOf>", 1)


BILLION = b'<!DOCTYPE a [<!ENTITY b "KERMARREC"><!ENTITY c "&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;">]>'
ACCESSION = re.compile(rb"<ps3-20:accessionNumber [^>]*/>")
REFUSED_DOCUMENTS: dict[str, tuple[Document, str, str, int]] = {
    # by name: the document, ERR-3, the beginning of ERR-7, and the HTTP status
    # not XML that we read
    "words": (lambda content: b"KERMARREC va bien", "207", "xml_malformed at line 1", 400),
    "a cut document": (lambda content: content[: len(content) // 2], "207", "xml_malformed at line", 400),
    "a PDF": (lambda content: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "207", "xml_malformed at line 1", 400),
    "bytes that are not its encoding": (
        lambda content: content.decode().encode("windows-1252"),
        "207",
        "xml_malformed at line",
        400,
    ),
    "an encoding nobody reads": (_bytes(b'"UTF-8"', b'"UTF-7"'), "207", "xml_encoding at line 1", 400),
    "a DOCTYPE": (_declaring(b"<!DOCTYPE ClinicalDocument>"), "207", "xml_doctype at line 2", 400),
    "entities that multiply": (_declaring(BILLION, b"&d;"), "207", "xml_doctype at line 2", 400),
    "an entity outside": (
        _declaring(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>', b"&x;"),
        "207",
        "xml_doctype at line 2",
        400,
    ),
    "an entity nobody declared": (_declaring(b"", b"&x;"), "207", "xml_malformed at line", 400),
    # not a report
    "not a CDA": (lambda content: b'<Bundle xmlns="http://hl7.org/fhir"/>', "207", "report_not_cda at /", 400),
    "a CDA of no namespace": (lambda content: b"<ClinicalDocument/>", "207", "report_not_cda at /", 400),
    "no id": (_without("id"), "207", f"report_id_missing at {CDA}/id", 400),
    "no patient": (_without("recordTarget"), "207", f"report_patient_missing at {CDA}/recordTarget", 400),
    "a patient without an identifier": (
        _without("recordTarget/patientRole/id"), "207", f"report_patient_id_missing at {CDA}/recordTarget", 400,
    ),
    "two patients": (_second("recordTarget"), "207", f"report_patient_several at {CDA}/recordTarget", 400),
    "two patients in one": (
        _second("recordTarget/patientRole"), "207", f"report_patient_several at {CDA}/recordTarget", 400,
    ),
    "no study": (
        _without("documentationOf"), "207", f"report_study_missing at {CDA}/documentationOf/serviceEvent/id", 400,
    ),
    "a study without its UID": (
        _without("documentationOf/serviceEvent/id"),
        "207",
        f"report_study_missing at {CDA}/documentationOf/serviceEvent/id",
        400,
    ),
    "no order": (_without("inFulfillmentOf"), "207", f"report_accession_missing at {CDA}/inFulfillmentOf", 400),
    "no accession number": (
        lambda content: ACCESSION.sub(b"", content), "207", f"report_accession_missing at {CDA}/inFulfillmentOf", 400,
    ),
    "an accession number that is withheld": (
        lambda content: ACCESSION.sub(b'<ps3-20:accessionNumber nullFlavor="NA"/>', content),
        "207",
        f"report_accession_missing at {CDA}/inFulfillmentOf",
        400,
    ),
    # not new, not validated
    "nobody signed": (
        _without("legalAuthenticator"), "207", f"report_not_validated at {CDA}/legalAuthenticator", 400,
    ),
    "a replacement of itself": (
        _replacing_itself, "103", f"parent_is_itself at {CDA}/relatedDocument", 400,
    ),
}  # fmt: skip
