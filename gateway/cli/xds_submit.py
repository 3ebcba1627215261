"""From files to a submission: a report with its manifests, a manifest alone, or a message that is ready."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lxml import etree

from gateway.cda.read import read as read_report
from gateway.cli.xds_common import code_of
from gateway.errors import InputRejected, InputTooLarge, Unavailable
from gateway.kos.read import read as read_manifest
from gateway.model.exam import Exam, Series
from gateway.model.identifiers import Identifier
from gateway.model.report import Reliability, Report, Statements
from gateway.model.share import (
    FrozenDocument,
    FrozenSubmission,
    ManifestDraft,
    Pairing,
    Publication,
    StoredReport,
)
from gateway.trust import safexml
from gateway.xds import ebrim, folders, mtom
from gateway.xds.answers import DUPLICATE, RegistryRefused
from gateway.xds.constants import LCM, XDSB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.kos.selection import KeyObjectSelection
    from gateway.model.site import Site
    from gateway.xds.client import RegistryClient

LIMIT_BYTES = 64 * 1024 * 1024
"""Of a report or a manifest; a message may be as large as one that is received."""
_HEAD_BYTES = 64 * 1024
_FIRST_BOUNDARY = re.compile(rb"\s*--([0-9A-Za-z'()+_,\-./:=? ]{1,70}?)[ \t]*\r\n")
_ENTRY_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SUBMIT = f"{{{LCM}}}SubmitObjectsRequest"
_PROVIDE = f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest"


@dataclass(frozen=True, slots=True)
class Files:
    """What was given: one report at most, manifests, or one message."""

    report: bytes | None = None
    manifests: tuple[bytes, ...] = ()
    message: Path | None = None


def sorted_files(paths: Sequence[Path]) -> Files:
    """What each of *paths* is, by its beginning; raises InputRejected (``xds_file_kind``, ``xds_submit_files``)."""
    reports: list[bytes] = []
    manifests: list[bytes] = []
    messages: list[Path] = []
    for path in paths:
        with _opened(path) as file:
            head = file.read(_HEAD_BYTES)
            if head[128:132] == b"DICM":
                manifests.append(_whole(file, head))
            elif b"ClinicalDocument" in head and b"Envelope" not in head and not _is_message(head):
                reports.append(_whole(file, head))
            elif _is_message(head) or b"Envelope" in head or b"ProvideAndRegisterDocumentSetRequest" in head:
                messages.append(path)
            else:
                raise InputRejected("xds_file_kind", place=str(path), name=path.name)
    if len(reports) > 1 or len(messages) > 1 or (messages and (reports or manifests)):
        raise InputRejected("xds_submit_files")
    return Files(next(iter(reports), None), tuple(manifests), next(iter(messages), None))


def publication(files: Files, site: Site, *, qualified: bool) -> Publication:
    """The report and the manifests of *files* as one publication of *site*.

    Without a report, what metadata need of one is taken from the manifest. *qualified*: the identity is (PID-32
    ``VALI``). Raises InputRejected for a report or manifest that cannot be read, and (``xds_submit_study``) for a
    manifest of a study that is not the report's.
    """
    now = datetime.now(UTC)
    selections = [manifest_of(content) for content in files.manifests]
    if files.report is None and not selections:
        raise InputRejected("xds_submit_files")
    report = read_report(safexml.parse(files.report)) if files.report is not None else _report_of(selections[0], now)
    drafts = tuple(
        _draft(selection, content, report, now) for selection, content in zip(selections, files.manifests, strict=True)
    )
    statements = Statements(reliability=Reliability.QUALIFIED if qualified else Reliability.UNSTATED)
    digest = hashlib.sha256(files.report or b"").hexdigest()
    stored = StoredReport(
        id="", site=site.name, sender="", channel="", digest=digest, statements=statements, received_at=now
    )
    return Publication(
        site=site,
        accepted=stored,
        report=report,
        exams=tuple((draft.exam, draft.pairing) for draft in drafts),
        report_content=files.report,
        manifests=drafts,
        now=now,
    )


def filing(folder: str, codes: Sequence[str], *, ready: bool) -> Callable[[FrozenSubmission], FrozenSubmission]:
    """What puts a submission into *folder*: an entryUUID, or the title of a new one, which has *codes*; or nothing.

    Raises InputRejected (``xds_option``) for options that do not go together, and for a message that is *ready*.
    """
    known = folder.startswith("urn:uuid:")
    if ready and (folder or codes):
        raise InputRejected("xds_option", option="--folder", words="not with a message that is ready")
    if known and _ENTRY_UUID.fullmatch(folder) is None:
        raise InputRejected("xds_option", option="--folder", words="urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
    if bool(codes) != (bool(folder) and not known):
        raise InputRejected("xds_option", option="--folder, --folder-code", words="a title, CODE^^SYSTEM")
    stated = tuple(code_of("--folder-code", one) for one in codes)

    def filed(frozen: FrozenSubmission) -> FrozenSubmission:
        if not folder:
            return frozen
        if known:
            return replace(frozen, metadata=folders.with_folder(frozen.metadata, folder))
        return replace(frozen, metadata=folders.with_new_folder(frozen.metadata, folder, stated))

    return filed


def manifest_of(content: bytes) -> KeyObjectSelection:
    """The manifest *content*, once the guard has seen every byte of it; raises InputRejected, InputTooLarge."""
    from gateway.dicom import guard
    from gateway.kos.file import SIZE_BYTES, take_apart

    part10 = take_apart(content)
    for _ in guard.walk(part10.body, implicit=part10.implicit, limits=guard.Limits(size_bytes=SIZE_BYTES)):
        pass
    return read_manifest(content)


def _draft(selection: KeyObjectSelection, content: bytes, report: Report, now: datetime) -> ManifestDraft:
    exam = Exam(
        study_uid=selection.study_uid,
        study_date=selection.study_date,
        study_time=selection.study_time,
        description=selection.study_description,
        series=tuple(
            Series(series_uid=series.series_uid, number=series.number, instances=series.instances)
            for study in selection.studies
            for series in study.series
        ),
    )
    stated = [selection.accession, *(one.accession for one in selection.requests)]
    numbers = [one for one in stated if one is not None and one.extension]
    theirs = {one.extension for one in report.accessions}
    accession = next((one for one in numbers if one.extension in theirs), None)
    if accession is None and not numbers:
        accession = next(iter(report.accessions), None)
    if accession is None or (report.study_uids and exam.study_uid not in report.study_uids):
        raise InputRejected("xds_submit_study", study=exam.study_uid)
    named = next((one for one in report.accessions if one.extension == accession.extension and one.root), accession)
    return ManifestDraft(
        exam=exam,
        pairing=Pairing(study_uid=exam.study_uid, accession=named),
        unique_id=selection.sop_instance_uid,
        created_at=now,
        content=content,
    )


def _report_of(selection: KeyObjectSelection, now: datetime) -> Report:
    """What a manifest says of patient and requests, where no report says it."""
    from gateway.model.codes import LOINC, Code
    from gateway.model.people import Patient
    from gateway.model.report import Act, Order

    family, _, given = selection.patient_name.partition("=")[0].partition("^")
    patient = Patient(
        identifiers=selection.patient_identifiers,
        birth_family=family,
        birth_given=given.partition("^")[0],
        birth_date=selection.patient_birth_date,
        sex={"M": "M", "F": "F"}.get(selection.patient_sex, "U" if selection.patient_sex else ""),
    )
    orders = tuple(Order(placer=one.placer, accession=one.accession) for one in selection.requests)
    if not orders and selection.accession is not None:
        orders = (Order(accession=selection.accession),)
    return Report(
        identifier=Identifier(selection.sop_instance_uid),
        level=1,
        templates=(),
        code=Code("18748-4", LOINC),
        language="fr-FR",
        patient=patient,
        orders=orders,
        acts=(Act(study_uid=selection.study_uid),),
    )


@dataclass(eq=False)
class Message:
    """An ITI-41 message from a file: the submission in it, and where its documents are. Close it."""

    submission: FrozenSubmission
    parts: Mapping[str, mtom.Part]
    """By SHA-256."""
    incoming: mtom.Incoming = field(repr=False)

    def open(self, digest: str) -> BinaryIO:
        """As ``gateway.xds.peer.Contents``."""
        try:
            return self.parts[digest].open()
        except KeyError:
            raise Unavailable("store_blob_missing", digest=digest) from None

    def close(self) -> None:
        self.incoming.close()


def read_message(path: Path) -> Message:
    """The ITI-41 request in *path*: with or without HTTP head, MTOM or plain, in an envelope or bare.

    The metadata and the documents are sent as they are here, right or wrong. Raises InputRejected for what holds no
    such request.
    """
    with _opened(path) as file:
        content_type = _content_type(file)
        reader = mtom.Reader(content_type)
        try:
            while chunk := file.read(64 * 1024):
                reader.feed(chunk)
            incoming = reader.finish()
        except BaseException:
            reader.close()
            raise
    try:
        return _message(incoming, path)
    except BaseException:
        incoming.close()
        raise


def send_ready(client: RegistryClient, message: Message) -> bool:
    """Send *message* as it is; False when the registry has it already, as after an answer that was lost.

    Raises as ``RegistryClient.send``.
    """
    try:
        client.send(message.submission, again=False, contents=message)
    except RegistryRefused as refusal:
        duplicate = {error.code for error in refusal.errors} == {DUPLICATE}
        if not (duplicate and client.settings.ask_first and client.known(message.submission)):
            raise
        return False
    return True


def _message(incoming: mtom.Incoming, path: Path) -> Message:
    root = safexml.parse(incoming.root.read())
    request = root if root.tag == _PROVIDE else next(root.iter(_PROVIDE), None)
    metadata = None if request is None else request.find(_SUBMIT)
    if request is None or metadata is None:
        raise InputRejected("xds_file_kind", place=str(path), name=path.name)
    resolved = mtom.resolve(root, incoming)
    submission = ebrim.read(metadata)
    entries = {entry.entry_uuid: entry for entry in submission.entries}
    documents, parts = [], {}
    for entry_id, part in mtom.documents_by_id(request, resolved).items():
        entry = entries.get(entry_id)
        digest = hashlib.sha256()
        for chunk in part.chunks():
            digest.update(chunk)
        parts[digest.hexdigest()] = part
        documents.append(
            FrozenDocument(
                kind="document",
                unique_id=entry.unique_id if entry else "",
                entry_id=entry_id,
                mime_type=part.mime_type or (entry.mime_type if entry else "") or "application/octet-stream",
                type_code=entry.type_code.code if entry else "",
                format_code=entry.format_code.code if entry else "",
                digest=digest.hexdigest(),
                hash=part.sha1(),
                size=part.size_bytes,
            )
        )
    packages = submission.submission_sets
    frozen = FrozenSubmission(
        submission_set_unique_id=packages[0].unique_id if packages else "",
        patient_id=packages[0].patient_id if packages else "",
        metadata=etree.tostring(metadata, encoding="UTF-8"),
        documents=tuple(documents),
    )
    return Message(frozen, parts, incoming)


def _content_type(file: BinaryIO) -> str:
    """What the message in *file* is; the file stands at the first byte of its body afterwards."""
    head = file.read(_HEAD_BYTES)
    start = 0
    if re.match(rb"(POST |HTTP/1\.)", head):
        fields, separator, _ = head.partition(b"\r\n\r\n")
        start = len(fields) + len(separator)
        for line in re.sub(rb"\r\n[ \t]+", b" ", fields).split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-type":
                file.seek(start)
                return value.strip().decode("latin-1")
    file.seek(start)
    boundary = _FIRST_BOUNDARY.match(head[start:])
    if boundary is None:
        return mtom.SOAP_MEDIA_TYPE
    return f'multipart/related; boundary="{boundary[1].decode("ascii")}"'


def _is_message(head: bytes) -> bool:
    return re.match(rb"(POST |HTTP/1\.)", head) is not None or _FIRST_BOUNDARY.match(head) is not None


def whole(path: Path) -> bytes:
    """A file of :data:`LIMIT_BYTES` at most; raises InputRejected (``file_unreadable``), InputTooLarge."""
    with _opened(path) as file:
        return _whole(file, b"")


def _whole(file: BinaryIO, head: bytes) -> bytes:
    content = head + file.read(LIMIT_BYTES + 1 - len(head))
    if len(content) > LIMIT_BYTES:
        raise InputTooLarge("file_too_large")
    return content


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    import os

    try:
        file: BinaryIO = path.open("rb")
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise InputRejected("file_unreadable", place=str(path), reason=reason) from None
    with file:
        try:
            yield file
        except (OSError, io.UnsupportedOperation) as error:
            reason = os.strerror(error.errno or 0)
            raise InputRejected("file_unreadable", place=str(path), reason=reason) from None
