"""Documents as ITI-43 and RAD-69 give them: asked for, compared with what was asked, and kept without filling memory.

The bytes wait in the message's temporary file until they are read, copied to a file or handed on in chunks; they are
compared with hash and size (ITI-43) or with their own file meta information (RAD-69) before anyone sees them.

Sources: ITI TF-2 section 3.43, RAD TF-2 section 4.69, DICOM PS3.10 section 7.1.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from lxml import etree

from gateway.errors import PeerMisbehaved, Unavailable
from gateway.model.document import STABLE, DocumentEntry, RegistryError
from gateway.xds import constants, mtom
from gateway.xds.caller import Reply
from gateway.xds.constants import XDSB

XDSI = constants.XDSI
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"

_SOP_INSTANCE_UID = 0x00020003
_TRANSFER_SYNTAX_UID = 0x00020010
_META_BYTES = 16 * 1024
_LONG_VRS = frozenset({b"OB", b"OW", b"UN", b"SQ", b"UT"})


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One document of an answer, good until its :class:`Retrieval` is closed."""

    unique_id: str
    repository_unique_id: str
    mime_type: str
    sha1: str
    size_bytes: int
    new_unique_id: str = ""
    """Of an on-demand document: the id under which these bytes were registered."""
    _part: mtom.Part = field(kw_only=True, repr=False)

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they came, a piece at a time."""
        return self._part.chunks()

    def read(self) -> bytes:
        """The bytes as they came, in memory."""
        return self._part.read()

    def save(self, path: Path) -> None:
        """Write the bytes to *path*: whole, on the disk and readable by the owner alone, or not at all.

        Raises Unavailable (``xds_save``).
        """
        temporary = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with open(descriptor, "wb") as file:
                    file.writelines(self.chunks())
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise Unavailable("xds_save", path=path, reason=os.strerror(error.errno or 0)) from None


@dataclass(frozen=True, slots=True, eq=False)
class Retrieval:
    """What came of a request for documents; close it when they are read."""

    documents: tuple[Document, ...]
    """In the order asked, each once."""
    errors: tuple[RegistryError, ...] = ()
    """What the repositories said, and by our own codes what we have against a document (``unused``)."""
    complete: bool = True
    """Whether everything that was asked for is there."""
    unused: tuple[PeerMisbehaved, ...] = ()
    """Of an answer in part: documents that differ from their entries (``registry_hash``), bytes that are not the
    instance asked for (``registry_image``), or what did not come with an answer of success (``registry_documents``)."""
    _replies: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)

    def close(self) -> None:
        self._replies.close()

    def __enter__(self) -> Retrieval:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingSeries:
    """Instances of one series that are wanted, and the imaging document source that has them."""

    study_uid: str
    series_uid: str
    instance_uids: tuple[str, ...]
    retrieve_location_uid: str
    """repositoryUniqueId of the source (0040,E011)."""
    home_community_id: str = ""


def retrieve_request(repository: str, entries: Iterable[DocumentEntry]) -> etree._Element:
    """ITI-43 of *entries*, which are in *repository*."""
    request = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetRequest", nsmap={"xdsb": XDSB})
    for entry in entries:
        _document_request(request, entry.home_community_id, repository, entry.unique_id)
    return request


def one_request(repository: str, unique_id: str) -> etree._Element:
    """ITI-43 of the document *unique_id* in *repository*."""
    request = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetRequest", nsmap={"xdsb": XDSB})
    _document_request(request, "", repository, unique_id)
    return request


def imaging_request(series: Iterable[ImagingSeries], transfer_syntaxes: Sequence[str]) -> etree._Element:
    """RAD-69 of *series*; those of one study stand together, as the schema wants them.

    Raises ValueError without a transfer syntax.
    """
    if not transfer_syntaxes:
        raise ValueError("RAD-69 needs a transfer syntax")
    request = etree.Element(f"{{{XDSI}}}RetrieveImagingDocumentSetRequest", nsmap={"iherad": XDSI, "xdsb": XDSB})
    studies: dict[str, etree._Element] = {}
    for one in series:
        if one.study_uid not in studies:
            attributes = {"studyInstanceUID": one.study_uid}
            studies[one.study_uid] = etree.SubElement(request, f"{{{XDSI}}}StudyRequest", attributes)
        attributes = {"seriesInstanceUID": one.series_uid}
        asked = etree.SubElement(studies[one.study_uid], f"{{{XDSI}}}SeriesRequest", attributes)
        for uid in one.instance_uids:
            _document_request(asked, one.home_community_id, one.retrieve_location_uid, uid)
    listed = etree.SubElement(request, f"{{{XDSI}}}TransferSyntaxUIDList")
    for syntax in transfer_syntaxes:
        etree.SubElement(listed, f"{{{XDSI}}}TransferSyntaxUID").text = syntax
    return request


def _document_request(parent: etree._Element, home: str, repository: str, unique_id: str) -> None:
    asked = etree.SubElement(parent, f"{{{XDSB}}}DocumentRequest")
    for name, value in (
        ("HomeCommunityId", home),
        ("RepositoryUniqueId", repository),
        ("DocumentUniqueId", unique_id),
    ):
        if value:
            etree.SubElement(asked, f"{{{XDSB}}}{name}").text = value


def documents_of(reply: Reply, repository: str, wanted: Collection[str]) -> dict[str, Document]:
    """The documents of an answer by unique id, in the order of *wanted*.

    Raises InputRejected for base64 that is none, PeerMisbehaved (``registry_documents``) for a document that was not
    asked for or comes twice. What did not come is left out (:func:`absent`).
    """
    answers: dict[str, etree._Element] = {}
    for answer in reply.body.iterchildren(f"{{{XDSB}}}DocumentResponse"):
        unique_id = _text(answer, "DocumentUniqueId")
        if unique_id not in wanted or unique_id in answers:
            raise PeerMisbehaved("registry_documents", unique_id=unique_id[:64])
        answers[unique_id] = answer
    found: dict[str, Document] = {}
    for unique_id in wanted:
        element = answers[unique_id].find(f"{{{XDSB}}}Document") if unique_id in answers else None
        if element is None:
            continue
        part = mtom.content(element, reply.parts)
        answer = answers[unique_id]
        found[unique_id] = Document(
            unique_id=unique_id,
            repository_unique_id=repository or _text(answer, "RepositoryUniqueId"),
            mime_type=_text(answer, "mimeType"),
            sha1=part.sha1(),
            size_bytes=part.size_bytes,
            new_unique_id=_text(answer, "NewDocumentUniqueId"),
            _part=part,
        )
    return found


def absent(found: Collection[str], wanted: Iterable[str]) -> list[PeerMisbehaved]:
    """What an answer of success owes: one ``registry_documents`` for each of *wanted* that is not *found*."""
    return [PeerMisbehaved("registry_documents", unique_id=one) for one in wanted if one not in found]


def differs(document: Document, entry: DocumentEntry) -> bool:
    """Whether *document* has another hash or size than *entry* states."""
    if entry.object_type != STABLE:
        return False  # the bytes of an on-demand document are made when it is asked for: its entry cannot state them
    other_hash = bool(entry.hash) and not same_hash(entry.hash, document.sha1)
    return other_hash or (entry.size is not None and entry.size != document.size_bytes)


def same_hash(stated: str, sha1: str) -> bool:
    """Whether *stated* is the SHA-1 *sha1* (40 hexadecimal digits): in any case, or in base64 as some registries do.

    Base64 too is compared without regard to case, for ``ebrim.read`` gives hashes in lower case.
    """
    base_64 = base64.b64encode(bytes.fromhex(sha1)).decode("ascii")
    return stated.strip().lower() in (sha1.lower(), base_64.lower())


def wrong_images(documents: Iterable[Document], transfer_syntaxes: Sequence[str]) -> dict[str, PeerMisbehaved]:
    """By unique id, ``registry_image`` for each whose bytes are not that instance in one of *transfer_syntaxes*.

    RAD-69 answers with DICOM Part 10 files (RAD TF-2 section 4.69.4.2.2); an instance in another syntax is an error.
    """
    wrong = {}
    for document in documents:
        meta = _file_meta(next(document.chunks(), b""))
        what = ""
        if meta.get(_SOP_INSTANCE_UID) != document.unique_id:
            what = "SOP Instance UID"
        elif meta.get(_TRANSFER_SYNTAX_UID) not in transfer_syntaxes:
            what = "Transfer Syntax UID"
        if what:
            wrong[document.unique_id] = PeerMisbehaved("registry_image", unique_id=document.unique_id, what=what)
    return wrong


def _file_meta(head: bytes) -> Mapping[int, str]:
    """The elements of group 2 at the beginning of a Part 10 file, as text; empty for another file."""
    if head[128:132] != b"DICM":
        return {}
    position, meta = 132, {}
    while position + 8 <= min(len(head), _META_BYTES):
        group, element, vr, short = struct.unpack_from("<HH2sH", head, position)
        if group != 2:
            break
        length, position = short, position + 8
        if vr in _LONG_VRS:
            if position + 4 > len(head):
                break
            (length,) = struct.unpack_from("<I", head, position)
            position += 4
        value = head[position : position + length]
        meta[group << 16 | element] = value.decode("ascii", "replace").rstrip(" \0")
        position += length
    return meta


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{{{XDSB}}}{name}") or "").strip()
