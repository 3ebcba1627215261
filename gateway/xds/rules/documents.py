"""Metadata and the documents sent with them: each entry its document, each Include its part, hash and size the bytes'.

Sources: ITI TF-2 section 3.41.4.1; ITI TF-3 sections 4.2.3.2.10, 4.2.3.2.15, 4.2.3.2.21; XOP 1.0 section 2.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from gateway.xds import constants as c
from gateway.xds.constants import rim
from gateway.xds.mtom import INCLUDE
from gateway.xds.rules import schema, values
from gateway.xds.rules.entries import is_on_demand
from gateway.xds.rules.objects import Objects, Thing, own_text
from gateway.xds.rules.parts import Apart
from gateway.xds.rules.rule import ERROR, TF2, TF3, WARNING, Findings, rule

_XOP = "XOP 1.0 (W3C, 2005) section 2"
DOCUMENT = f"{{{c.XDSB}}}Document"
_ANY_TYPE = frozenset({"application/octet-stream", "application/binary", "binary/octet-stream", "text/plain"})
"""What stacks call a part whatever it is: the French demonstrator sends its manifests so."""
_XML_TYPES = frozenset({"text/xml", "application/xml", "application/xslt+xml", "application/hl7-sda+xml"})

NO_DOCUMENT = rule(
    "document.missing",
    ERROR,
    f"{TF3} table 4.2.4.1-2 (XDSMissingDocument)",
    "La fiche « {value} » est venue sans son document.",
    "The entry “{value}” came without its document.",
)
NO_ENTRY = rule(
    "document.without-entry",
    ERROR,
    f"{TF3} table 4.2.4.1-2 (XDSMissingDocumentMetadata)",
    "Le document « {value} » n'a pas de fiche de cet id.",
    "The document “{value}” has no entry with that id.",
)
TWICE = rule(
    "document.repeated",
    ERROR,
    f"{TF2} 3.41.4.1.2",
    "Le document « {value} » est présent plusieurs fois, ou sans id.",
    "The document “{value}” is there several times, or without an id.",
)
ON_DEMAND = rule(
    "document.on-demand",
    ERROR,
    f"{TF3} 4.2.1.1.1",
    "La fiche à la demande « {value} » est venue avec un document.",
    "The on-demand entry “{value}” came with a document.",
)
EMPTY = rule(
    "document.empty",
    ERROR,
    f"{TF3} 4.2.3.2.21",
    "Le document « {value} » est vide.",
    "The document “{value}” is empty.",
)
CONTENT = rule(
    "document.content",
    ERROR,
    f"{TF2} 3.41.4.1.2 (xsd:base64Binary)",
    "Le contenu du document « {value} » n'est ni un xop:Include ni du base64.",
    "The content of the document “{value}” is neither a xop:Include nor base64.",
)
PLAIN = rule(
    "document.not-mtom",
    WARNING,
    f"{TF2} 3.41.4.1.2 (MTOM/XOP)",
    "Les documents sont en base64 dans l'enveloppe : ITI-41 les envoie par MTOM/XOP.",
    "The documents are in base64 in the envelope: ITI-41 sends them by MTOM/XOP.",
)
HREF = rule(
    "include.href",
    ERROR,
    f"{_XOP}, RFC 2392",
    "xop:Include désigne « {value} » : seul cid: est permis.",
    "xop:Include points at “{value}”: only cid: is allowed.",
)
UNRESOLVED = rule(
    "include.unresolved",
    ERROR,
    _XOP,
    "xop:Include désigne « {value} », qui n'est pas une partie du message.",
    "xop:Include points at “{value}”, which is no part of the message.",
)
ALONE = rule(
    "include.alone",
    WARNING,
    _XOP,
    "Le fichier n'est que l'enveloppe : le document « {value} » manque, son hash et sa taille ne sont pas vérifiés.",
    "The file is the envelope alone: the document “{value}” is missing, its hash and size are not verified.",
)
TEXT_BESIDE = rule(
    "include.text",
    ERROR,
    _XOP,
    "L'élément qui contient xop:Include contient autre chose aussi.",
    "The element that holds xop:Include holds something else too.",
)
PART_TWICE = rule(
    "include.repeated",
    ERROR,
    _XOP,
    "La partie « {value} » est désignée plusieurs fois.",
    "The part “{value}” is pointed at several times.",
)
PART_UNUSED = rule(
    "include.unused",
    ERROR,
    f"{TF3} table 4.2.4.1-2 (XDSMissingDocumentMetadata)",
    "La partie « {value} » n'est désignée par aucun document.",
    "The part “{value}” is pointed at by no document.",
)
HASH = rule(
    "document.hash",
    ERROR,
    f"{TF3} 4.2.3.2.10",
    "hash « {value} » n'est pas le SHA-1 des octets du document, qui est {expected}.",
    "hash “{value}” is not the SHA-1 of the document's bytes, which is {expected}.",
)
SIZE = rule(
    "document.size",
    ERROR,
    f"{TF3} 4.2.3.2.21",
    "size {value} n'est pas la taille du document, qui est de {expected} octets.",
    "size {value} is not the size of the document, which is {expected} bytes.",
)
PART_TYPE = rule(
    "document.part-type",
    ERROR,
    f"{TF3} 4.2.3.2.15; SOAP MTOM (W3C, 2005)",
    "La partie du document « {value} » est du type « {attribute} », et mimeType dit « {expected} ».",
    "The part of the document “{value}” is of the type “{attribute}”, and mimeType says “{expected}”.",
)
KIND = rule(
    "document.kind",
    ERROR,
    f"{TF3} 4.2.3.2.15 (InvalidDocumentContent)",
    "Le document de la fiche « {value} » n'est pas du type annoncé par mimeType ({expected}).",
    "The document of the entry “{value}” is not of the kind that mimeType states ({expected}).",
)


def contents(request: etree._Element, apart: Apart, findings: Findings) -> dict[str, bytes | None]:
    """The bytes of each Document by its id; None where the file does not hold them. Adds what is wrong with them."""
    found: dict[str, bytes | None] = {}
    stated = {
        (one.get("id") or "").strip(): (one.get("mimeType") or "").partition(";")[0].strip().lower()
        for one in request.iter(rim("ExtrinsicObject"))
    }
    used: set[str] = set()
    plain = False
    for element in request.iterchildren(DOCUMENT):
        name = (element.get("id") or "").strip()
        for attribute in set(element.attrib) - {"id"}:
            if not str(attribute).startswith("{"):
                findings.add(schema.ATTRIBUTE, element, attribute=str(attribute), value=str(element.get(attribute)))
        include = next(iter(element.iterchildren(INCLUDE)), None)
        if include is None:
            data = _inline(element, name, findings)
            plain |= data is not None
        else:
            data = _part(element, include, apart, used, name, findings)
            _part_type(include, apart, name, stated.get(name, ""), findings)
        if not name or name in found:
            findings.add(TWICE, element, value=name)
        found.setdefault(name, data)
    if plain:
        findings.add(PLAIN, request)
    left_over(request, apart, used, findings)
    return found


def answered(
    element: etree._Element, name: str, mime_type: str, apart: Apart, used: set[str], findings: Findings
) -> None:
    """The document *name* of an ITI-43 answer: there, and of the kind that *mime_type* says."""
    include = next(iter(element.iterchildren(INCLUDE)), None)
    if include is not None:
        data = _part(element, include, apart, used, name, findings)
        _part_type(include, apart, name, mime_type.partition(";")[0].strip().lower(), findings)
    else:
        data = _inline(element, name, findings)
    if data == b"":
        findings.add(EMPTY, element, value=name)
    elif data and not _is_of(mime_type.partition(";")[0].strip().lower(), data):
        findings.add(KIND, element, value=name, expected=mime_type)


def _inline(element: etree._Element, name: str, findings: Findings) -> bytes | None:
    text = "".join(own_text(element).split())
    try:
        if next(element.iterchildren(etree.Element), None) is not None:
            raise ValueError
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True) if text else b""
    except ValueError:
        findings.add(CONTENT, element, value=name)
        return None


def _part(
    element: etree._Element, include: etree._Element, apart: Apart, used: set[str], name: str, findings: Findings
) -> bytes | None:
    beside = own_text(element) + own_text(include)
    if len(list(element.iterchildren(etree.Element))) != 1 or len(include) or beside.strip():
        findings.add(TEXT_BESIDE, element)
    href = (include.get("href") or "").strip()
    if not href.lower().startswith("cid:"):
        findings.add(HREF, include, value=href)
        return None
    content_id = unquote(href[4:])
    part = apart.parts.get(content_id)
    if part is None:
        findings.add(UNRESOLVED if apart.multipart else ALONE, include, value=href if apart.multipart else name)
        return None
    if content_id in used:
        findings.add(PART_TWICE, include, value=content_id)
    used.add(content_id)
    return part.content


def _part_type(include: etree._Element, apart: Apart, name: str, stated: str, findings: Findings) -> None:
    """A part says nothing, no more than that it is bytes or text, or what mimeType says."""
    part = apart.parts.get(unquote((include.get("href") or "")[4:]))
    told = part.media_type.partition(";")[0].strip().lower() if part else ""
    same = told == stated or {told, stated} <= _XML_TYPES
    if told and stated and told not in _ANY_TYPE and not same:
        findings.add(PART_TYPE, include, value=name, attribute=told, expected=stated)


def left_over(request: etree._Element, apart: Apart, used: set[str], findings: Findings) -> None:
    """Includes outside documents (an assertion, say) use their part too; what is left over is used by nothing."""
    for include in request.getroottree().getroot().iter(INCLUDE):
        parent = include.getparent()
        if parent is None or parent.tag != DOCUMENT:
            used.add(unquote((include.get("href") or "")[4:]))
    for content_id in apart.parts:
        if content_id not in used:
            findings.add(PART_UNUSED, "MIME", value=content_id)


def check(objects: Objects, found: dict[str, bytes | None], findings: Findings) -> None:
    """Entries against documents, and the bytes against hash, size and mimeType."""
    entries = {entry.id: entry for entry in objects.entries if entry.id}
    for entry in objects.entries:
        if is_on_demand(entry):
            if entry.id in found:
                findings.add(ON_DEMAND, entry.element, value=entry.id)
        elif entry.id and entry.id not in found:
            findings.add(NO_DOCUMENT, entry.element, value=entry.id)
    for name in found:
        if name and name not in entries:
            findings.add(NO_ENTRY, objects.element, value=name)
    for entry, data in held(objects, found):
        _bytes(entry, data, findings)


def held(objects: Objects, found: dict[str, bytes | None]) -> Iterator[tuple[Thing, bytes]]:
    """Each entry whose bytes are in the file, with them."""
    for entry in objects.entries:
        data = found.get(entry.id)
        if data is not None:
            yield entry, data


def _bytes(entry: Thing, data: bytes, findings: Findings) -> None:
    if not data:
        findings.add(EMPTY, entry.element, value=entry.id)
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()  # the XDS hash is SHA-1
    for one in entry.values.get("hash", ()):
        told = one.text.lower() if values.sha1(one.text) is None else values.sha1_of_base64(one.text)
        if told and told != sha1:
            findings.add(HASH, one.element, value=one.text, expected=sha1, attribute="DocumentEntry.hash")
    for one in entry.values.get("size", ()):
        if values.size(one.text) is None and int(one.text) != len(data):
            findings.add(SIZE, one.element, value=one.text, expected=str(len(data)), attribute="DocumentEntry.size")
    mime_type = entry.attribute("mimeType").partition(";")[0].strip().lower()
    if data and not _is_of(mime_type, data):
        findings.add(KIND, entry.element, value=entry.id, expected=mime_type, attribute="DocumentEntry.mimeType")


def _is_of(mime_type: str, data: bytes) -> bool:
    """Whether the first bytes fit *mime_type*, of the kinds that tell theirs."""
    if mime_type == "application/dicom":
        return data[128:132] == b"DICM"
    if mime_type == "application/pdf":
        return b"%PDF-" in data[:1024]
    if mime_type in ("text/xml", "application/xml", "application/xslt+xml"):
        start = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n")
        return start.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<"))
    if mime_type in ("image/jpeg", "image/jpg"):
        return data.startswith(b"\xff\xd8\xff")
    return True
