"""ITI-41, ITI-18 and ITI-43 written by hand, letter by letter: nothing of the gateway makes these bytes."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from uuid import uuid4
from xml.sax.saxutils import escape

import requests
from flask import Flask
from lxml import etree
from werkzeug.serving import WSGIRequestHandler, make_server

from gateway.trust import safexml
from tests.support.registry import ACCESSION_AUTHORITY, PATIENT, ROOT, new_unique_id

ITI_18 = "urn:ihe:iti:2007:RegistryStoredQuery"
ITI_51 = "urn:ihe:iti:2009:MultiPatientStoredQuery"
ITI_41 = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
ITI_43 = "urn:ihe:iti:2007:RetrieveDocumentSet"
ITI_42 = "urn:ihe:iti:2007:RegisterDocumentSet-b"
ITI_57 = "urn:ihe:iti:2010:UpdateDocumentSet"
ITI_92 = "urn:ihe:iti:2018:RestrictedUpdateDocumentSet"
ITI_61 = "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry"
ITI_62 = "urn:ihe:iti:2010:DeleteDocumentSet"
ITI_86 = "urn:ihe:iti:2017:RemoveDocuments"
BOUNDARY = "MIMEBoundary_by_hand"
TIMEOUT_S = 30

_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
<soap:Header><a:Action soap:mustUnderstand="1">{action}</a:Action><a:MessageID>{message_id}</a:MessageID>
<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>
<a:To>http://registry.example.test/</a:To></soap:Header>
<soap:Body>{body}</soap:Body></soap:Envelope>"""

_CLASSIFICATION = """<rim:Classification id="{id}" classifiedObject="{object}" nodeRepresentation="{code}"
 classificationScheme="urn:uuid:{scheme}"><rim:Slot name="codingScheme"><rim:ValueList><rim:Value>{system}</rim:Value>
</rim:ValueList></rim:Slot><rim:Name><rim:LocalizedString value="{display}"/></rim:Name></rim:Classification>"""
_IDENTIFIER = """<rim:ExternalIdentifier id="{id}" registryObject="{object}" value="{value}"
 identificationScheme="urn:uuid:{scheme}"><rim:Name><rim:LocalizedString value="{name}"/></rim:Name>
</rim:ExternalIdentifier>"""

ENTRY_CODES = (
    ("41a5887f-8865-4c09-adf7-e362475b143a", "31", "1.2.250.1.213.1.1.4.1", "Imagerie médicale"),
    ("f4f85eac-e6cb-4883-b524-f2705394840f", "N", "2.16.840.1.113883.5.25", "Normal"),
    ("2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4", "CT", "1.2.840.10008.2.16.4", "Tomodensitométrie"),
    ("a09d5840-386c-46f2-b5ad-9c3699a4309d", "1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1", "KOS"),
    ("f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1", "SA25", "1.2.250.1.71.4.2.4", "Cabinet"),
    ("cccf5598-8b07-4b77-a05e-ae952c785ead", "AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
    ("f0306f51-975f-434e-a61c-c59651d33983", "18748-4", "2.16.840.1.113883.6.1", "CR d’imagerie"),
)


def slot(name: str, *values: str) -> str:
    lines = "".join(f"<rim:Value>{escape(value)}</rim:Value>" for value in values)
    return f'<rim:Slot name="{name}"><rim:ValueList>{lines}</rim:ValueList></rim:Slot>'


def extrinsic_object(unique_id: str, name: str = "Document01", slots: str = "", without: str = "") -> str:
    """An ExtrinsicObject; *without* is a scheme that is left out."""
    codes = "".join(
        _CLASSIFICATION.format(id=f"c{n}", object=name, scheme=scheme, code=code, system=system, display=display)
        for n, (scheme, code, system, display) in enumerate(ENTRY_CODES)
        if scheme != without
    )
    identifiers = [
        ("58a6f841-87b3-4a3e-92fd-a8ffeff98427", "XDSDocumentEntry.patientId", escape(PATIENT)),
        ("2e82c1f6-a085-4c72-9da3-8640a32e42ab", "XDSDocumentEntry.uniqueId", unique_id),
    ]
    externals = "".join(
        _IDENTIFIER.format(id=f"e{n}", object=name, scheme=scheme, value=value, name=label)
        for n, (scheme, label, value) in enumerate(identifiers)
        if scheme != without
    )
    return (
        f'<rim:ExtrinsicObject id="{name}" mimeType="application/dicom"'
        ' objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
        + slot("creationTime", "20261120101500")
        + slot("languageCode", "fr-FR")
        + slot("sourcePatientId", f"IPP1^^^&{ROOT}&ISO")
        + slot("sourcePatientInfo", "PID-5|DÉSIRÉE^Noël", "PID-8|F")
        + slots
        + '<rim:Name><rim:LocalizedString xml:lang="fr" value="Scanner de Noël – œdème"/></rim:Name>'
        + codes
        + externals
        + "</rim:ExtrinsicObject>"
    )


def accession_slot(number: str) -> str:
    cxi = f"{number}^^^&{ACCESSION_AUTHORITY}&ISO^urn:ihe:iti:xds:2013:accession"
    return slot("urn:ihe:iti:xds:2013:referenceIdList", cxi)


def registry_package(unique_id: str) -> str:
    code = _CLASSIFICATION.format(
        id="sc1",
        object="set",
        scheme="aa543740-bdda-424e-8c96-df4873be8500",
        code="04",
        system="1.2.250.1.213.2.2",
        display="Acte",
    )
    identifiers = "".join(
        _IDENTIFIER.format(id=f"si{n}", object="set", scheme=scheme, value=value, name=label)
        for n, (scheme, label, value) in enumerate(
            (
                ("6b5aea1a-874d-4603-a4bc-96a0a7b38446", "XDSSubmissionSet.patientId", escape(PATIENT)),
                ("554ac39e-e3fe-47fe-b233-965d2a147832", "XDSSubmissionSet.sourceId", f"{ROOT}.0"),
                ("96fdda7c-d067-4183-912e-bf5ee74998a8", "XDSSubmissionSet.uniqueId", unique_id),
            )
        )
    )
    return (
        '<rim:RegistryPackage id="set">'
        + slot("submissionTime", "20261120101600")
        + code
        + identifiers
        + '</rim:RegistryPackage><rim:Classification id="node" classifiedObject="set"'
        ' classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>'
    )


def submit_objects(objects: str, set_unique_id: str = "", slots: str = "", more: str = "") -> str:
    """The SubmitObjectsRequest of ITI-42, ITI-57, …: *objects* and a set of which each is a member.

    *slots* stand in every HasMember, *more* behind everything.
    """
    names = [part.partition('"')[0] for part in objects.split('<rim:ExtrinsicObject id="')[1:]]
    members = "".join(
        f'<rim:Association id="m{n}" associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"'
        f' sourceObject="set" targetObject="{name}">{slot("SubmissionSetStatus", "Original")}{slots}</rim:Association>'
        for n, name in enumerate(names)
    )
    return (
        '<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"'
        ' xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><rim:RegistryObjectList>'
        + objects
        + registry_package(set_unique_id or new_unique_id())
        + members
        + more
        + "</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
    )


def provide_and_register(objects: str, documents: str, set_unique_id: str = "") -> str:
    """The body of ITI-41: *objects* are ExtrinsicObjects, *documents* Document elements; one HasMember each."""
    return (
        '<x:ProvideAndRegisterDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007"'
        ' xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"'
        ' xmlns:xop="http://www.w3.org/2004/08/xop/include">'
        + submit_objects(objects, set_unique_id)
        + documents
        + "</x:ProvideAndRegisterDocumentSetRequest>"
    )


def association(kind: str, source: str, target: str, slots: str = "", name: str = "as9") -> str:
    """An Association of the message; *kind* is the whole URN."""
    return (
        f'<rim:Association id="{name}" associationType="{kind}" sourceObject="{source}"'
        f' targetObject="{target}">{slots}</rim:Association>'
    )


def remove_objects(*uuids: str) -> str:
    """The body of ITI-62."""
    refs = "".join(f'<rim:ObjectRef id="{escape(uuid)}"/>' for uuid in uuids)
    return (
        '<lcm:RemoveObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"'
        ' xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
        f"<rim:ObjectRefList>{refs}</rim:ObjectRefList></lcm:RemoveObjectsRequest>"
    )


def remove_documents(*wanted: tuple[str, str]) -> str:
    """The body of ITI-86: (repositoryUniqueId, uniqueId) each."""
    inner = retrieve(*wanted).partition(">")[2].rpartition("</")[0]
    return (
        '<rmd:RemoveDocumentsRequest xmlns:rmd="urn:ihe:iti:rmd:2017" xmlns:x="urn:ihe:iti:xds-b:2007">'
        f"{inner}</rmd:RemoveDocumentsRequest>"
    )


def identity_feed(message: str, patient: str, replaced: str = "", root: str = "1.2.250.1.213.1.4.10") -> str:
    """The body of ITI-44: *patient* and *replaced* are extensions under *root*."""
    prior = (
        '<replacementOf typeCode="RPLC"><priorRegistration classCode="REG" moodCode="EVN"><statusCode code="obsolete"/>'
        '<subject1 typeCode="SBJ"><priorRegisteredRole classCode="PAT">'
        f'<id root="{root}" extension="{replaced}"/></priorRegisteredRole></subject1></priorRegistration>'
        "</replacementOf>"
    )
    return (
        f'<{message} xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0"><id root="2.25.4711"/>'
        '<creationTime value="20261120101500"/><interactionId root="2.16.840.1.113883.1.6" extension="'
        f'{message}"/><processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="AL"/>'
        '<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE"><id root="1.2.840.1"/></device>'
        '</receiver><sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE"><id root="1.2.840.2"/>'
        '</device></sender><controlActProcess classCode="CACT" moodCode="EVN"><subject typeCode="SUBJ">'
        '<registrationEvent classCode="REG" moodCode="EVN"><statusCode code="active"/><subject1 typeCode="SBJ">'
        f'<patient classCode="PAT"><id root="{root}" extension="{patient}"/><statusCode code="active"/>'
        "<patientPerson><name><family>DÉSIRÉE</family></name></patientPerson></patient></subject1>"
        f"{prior if replaced else ''}</registrationEvent></subject></controlActProcess></{message}>"
    )


def by_part(name: str = "Document01", content_id: str = "d1@hand") -> str:
    return f'<x:Document id="{name}"><xop:Include href="cid:{content_id}"/></x:Document>'


def stored_query(query_id: str, slots: str, return_type: str = "LeafClass") -> str:
    return (
        '<q:AdhocQueryRequest xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"'
        ' xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
        f'<q:ResponseOption returnComposedObjects="true" returnType="{return_type}"/>'
        f'<rim:AdhocQuery id="urn:uuid:{query_id}">{slots}</rim:AdhocQuery></q:AdhocQueryRequest>'
    )


def retrieve(*wanted: tuple[str, str]) -> str:
    """The body of ITI-43: (repositoryUniqueId, uniqueId) each."""
    lines = "".join(
        f"<x:DocumentRequest><x:RepositoryUniqueId>{repository}</x:RepositoryUniqueId>"
        f"<x:DocumentUniqueId>{unique_id}</x:DocumentUniqueId></x:DocumentRequest>"
        for repository, unique_id in wanted
    )
    return f'<x:RetrieveDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007">{lines}</x:RetrieveDocumentSetRequest>'


def envelope(action: str, body: str) -> bytes:
    return _ENVELOPE.format(action=action, message_id=f"urn:uuid:{uuid4()}", body=body).encode()


def multipart(action: str, root: bytes, parts: Mapping[str, bytes]) -> tuple[dict[str, str], bytes]:
    """Headers and body of an MTOM request."""
    lines = [
        f"--{BOUNDARY}\r\nContent-Type: application/xop+xml; charset=UTF-8; type="
        '"application/soap+xml"\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <root@hand>\r\n\r\n'.encode(),
        root,
    ]
    for content_id, content in parts.items():
        head = f"Content-Type: application/dicom\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{content_id}>"
        lines += [f"\r\n--{BOUNDARY}\r\n{head}\r\n\r\n".encode(), content]
    lines.append(f"\r\n--{BOUNDARY}--\r\n".encode())
    content_type = (
        f'multipart/related; boundary="{BOUNDARY}"; type="application/xop+xml"; start="<root@hand>";'
        f' start-info="application/soap+xml"; action="{action}"'
    )
    return {"Content-Type": content_type}, b"".join(lines)


def post(url: str, action: str, body: str, parts: Mapping[str, bytes] | None = None) -> requests.Response:
    """Send a body as MTOM, or as a bare envelope when *parts* is None."""
    root = envelope(action, body)
    if parts is None:
        headers = {"Content-Type": f'application/soap+xml; charset=UTF-8; action="{action}"'}
        return requests.post(url, data=root, headers=headers, timeout=TIMEOUT_S)
    headers, content = multipart(action, root, parts)
    return requests.post(url, data=content, headers=headers, timeout=TIMEOUT_S)


def parts_of(response: requests.Response) -> list[Message]:
    """The MIME parts of an answer as the standard library's reader sees them; one part for a bare envelope."""
    head = f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + response.content, policy=email.policy.HTTP)
    return list(message.get_payload()) if message.is_multipart() else [message]  # type: ignore[arg-type]


def root_of(response: requests.Response) -> etree._Element:
    """The envelope of an answer."""
    return safexml.parse(parts_of(response)[0].get_payload(decode=True))  # type: ignore[arg-type]


def errors_of(response: requests.Response) -> list[str]:
    """The codes of every RegistryError, in order."""
    return [str(one.get("errorCode")) for one in root_of(response).iter("{*}RegistryError")]


def status_of(response: requests.Response) -> str:
    """The last word of the status of the first answer element that has one."""
    root = root_of(response)
    found = next(one for one in root.iter("{*}RegistryResponse", "{*}AdhocQueryResponse"))
    return str(found.get("status")).rpartition(":")[2]


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object, **__: object) -> None:
        """Nothing: a test's output is for its failures."""


@contextmanager
def loopback(app: Flask) -> Iterator[str]:
    """Serve *app* on a free port of this machine; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, name="loopback")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
