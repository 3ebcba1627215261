"""DICOMweb: answers, metadata, instances and frames over HTTP (DICOM PS3.18 sections 8.7, 10.4 and 10.6)."""

from __future__ import annotations

import http.client
import io
import json
import ssl
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPMessage
from typing import Any
from urllib.parse import urlencode

from gateway.dicom import httpstream, part10
from gateway.dicom.guard import EXPLICIT_LITTLE, file_meta
from gateway.dicom.httpstream import Answer, Connections
from gateway.dicom.multipart import Broken, Content, Parts, TooLarge, boundary
from gateway.dicom.settings import PacsSettings
from gateway.dicom.values import JsonValues, text
from gateway.errors import InputRejected, PeerMisbehaved, PeerRefused, PeerUnreachable

_METADATA_LIMIT_BYTES = 64 << 20
_ANSWERS_LIMIT_BYTES = 256 << 20
_ENVELOPE_LIMIT_BYTES = 64 << 10
_CHUNK_BYTES = 1 << 20
_SOP_INSTANCE, _STUDY = 0x00080018, 0x0020000D
_JSON = "application/dicom+json"
_FILE_TYPES = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_MORE = "299"
"""The warning that says that more answers can be asked for."""
_FRAME_TYPES = f'multipart/related; type="application/octet-stream"; transfer-syntax={EXPLICIT_LITTLE}'
_NOT_GIVEN = frozenset({406, 415, 500, 501})
"""500 is what Orthanc answers for a codec that it lacks."""
_GONE = frozenset({404, 410})


class DicomWeb:
    """The DICOMweb services of one PACS, on kept connections. May be used by several threads."""

    def __init__(self, settings: PacsSettings) -> None:
        self._settings = settings
        self._connections = Connections(settings)

    def close(self) -> None:
        """Close the kept connections."""
        self._connections.close()

    def metadata(self, study_uid: str, series_uid: str, sop_instance_uid: str) -> tuple[JsonValues, int]:
        """The header of one instance and its size in bytes as JSON.

        Raises InputRejected ``image_unknown``, PeerUnreachable, PeerRefused, PeerMisbehaved.
        """
        path = f"studies/{study_uid}/series/{series_uid}/instances/{sop_instance_uid}/metadata"
        body, _ = self._get(path, _JSON, _METADATA_LIMIT_BYTES)
        answer = self._json(body)
        if not answer:
            raise self._malformed("JSON")
        header = answer[0]
        if text(header, _SOP_INSTANCE) != sop_instance_uid or text(header, _STUDY) not in ("", study_uid):
            raise PeerMisbehaved("pacs_other_instance", pacs=self._settings.name)
        return header, len(body)

    def search(self, path: str, parameters: Sequence[tuple[str, str]] = ()) -> tuple[list[JsonValues], bool]:
        """The answers of a QIDO-RS query, and whether the service says that it has more (PS3.18 section 10.6.3).

        Raises as :meth:`metadata`; PeerRefused ``pacs_web_refused`` where there is no such resource.
        """
        query = f"?{urlencode(parameters)}" if parameters else ""
        try:
            body, headers = self._get(path + query, _JSON, _ANSWERS_LIMIT_BYTES)
        except InputRejected:
            raise PeerRefused("pacs_web_refused", pacs=self._settings.name, status=404) from None
        if not body:
            return [], False
        return self._json(body), _MORE in headers.get("Warning", "")

    def _json(self, body: bytearray) -> list[JsonValues]:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise self._malformed("JSON") from None
        if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
            raise self._malformed("JSON")
        return [JsonValues(one) for one in answer]

    def instance(self, study_uid: str, series_uid: str, sop_instance_uid: str) -> tuple[str, bytes]:
        """Transfer syntax and data set of one instance, as the PACS keeps it; raises as :meth:`each`."""
        found: list[tuple[str, bytes]] = []

        def take(syntax: str, data: bytes) -> None:
            if found:
                raise self._malformed("multipart")
            found.append((syntax, data))

        self.each(f"studies/{study_uid}/series/{series_uid}/instances/{sop_instance_uid}", take)
        if not found:
            raise self._malformed("multipart")
        return found[0]

    def each(self, path: str, take: Callable[[str, bytes], None]) -> None:
        """Every instance of the resource *path* (a study, a series or one instance) as the PACS keeps it, its transfer
        syntax and data set given to *take* as they come.

        What *take* raises ends the transfer at once. Raises as :meth:`metadata`, and NotGiven.
        """
        with self._asked(path, _FILE_TYPES) as answer:
            try:
                for content in self._contents(answer):
                    start, syntax = file_meta(opening := part10.opening(content.read))
                    if start != len(opening):
                        raise self._malformed("file meta information")
                    take(syntax, content.read(content.left))
            except InputRejected as error:
                if error.code == "image_unknown":
                    raise
                raise self._malformed(error.code) from None
            except TooLarge:
                raise PeerMisbehaved("pacs_answer_too_large", pacs=self._settings.name) from None

    def _contents(self, answer: Answer) -> Iterator[Content]:
        """The parts of a multipart answer, or the one content of another."""
        limit_bytes = self._settings.instance_limit_bytes
        mark = boundary(answer.getheader("Content-Type", ""))
        if mark:
            yield from Parts(mark, httpstream.body(answer), limit_bytes)
        else:
            content = self._whole(answer, limit_bytes)
            yield Content(io.BytesIO(content), len(content))

    def headers(self, study_uid: str, series_uid: str) -> list[dict[str, Any]]:
        """The headers of every instance of a series in the DICOM JSON model; raises as :meth:`metadata`."""
        body, _ = self._get(f"studies/{study_uid}/series/{series_uid}/metadata", _JSON, _ANSWERS_LIMIT_BYTES)
        return [dict(one.attributes) for one in self._json(body)]

    def frame(self, study_uid: str, series_uid: str, sop_instance_uid: str, number: int, size_bytes: int) -> memoryview:
        """The native bytes of one frame, *size_bytes* of them.

        Raises as :meth:`metadata`, and NotGiven.
        """
        path = f"studies/{study_uid}/series/{series_uid}/instances/{sop_instance_uid}/frames/{number}"
        body, headers = self._get(path, _FRAME_TYPES, size_bytes + _ENVELOPE_LIMIT_BYTES)
        content_type = headers.get("Content-Type", "")
        part_type, start = _part(content_type, body)
        if part_type not in ("application/octet-stream", ""):
            raise NotGiven("pacs_web_failed", pacs=self._settings.name, words=part_type[:40])
        end = start + size_bytes
        if end > len(body) or not _ends(content_type, body, end):
            raise self._malformed("frame size")
        return memoryview(body)[start:end]

    def _get(self, path: str, accept: str, limit_bytes: int) -> tuple[bytearray, HTTPMessage]:
        """Body and headers."""
        with self._asked(path, accept) as answer:
            return self._whole(answer, limit_bytes), answer.headers

    def _whole(self, answer: Answer, limit_bytes: int) -> bytearray:
        """All of the body."""
        content, body = bytearray(), httpstream.body(answer)
        while piece := body.read(_CHUNK_BYTES):
            content += piece
            if len(content) > limit_bytes:
                raise PeerMisbehaved("pacs_answer_too_large", pacs=self._settings.name)
        answer.check_whole()
        return content

    @contextmanager
    def _asked(self, path: str, accept: str) -> Iterator[Answer]:
        """The answer to a GET, which is one that gives something; foreign exceptions are mapped here."""
        try:
            with self._connections.get(path, accept) as answer:
                self._check_status(answer.status)
                yield answer
        except TimeoutError:
            raise self._failed("time-out") from None
        except ssl.SSLError:
            raise self._failed("TLS") from None
        except (Broken, http.client.HTTPException, OSError, EOFError, zlib.error) as error:
            raise self._failed(type(error).__name__) from None

    def _check_status(self, status: int) -> None:
        if status in (200, 204, 206):
            return
        if status in _GONE:
            raise InputRejected("image_unknown")
        if status in _NOT_GIVEN:
            raise NotGiven("pacs_web_failed", pacs=self._settings.name, words=f"HTTP {status}")
        if status >= 500:
            raise self._failed(f"HTTP {status}")
        raise PeerRefused("pacs_web_refused", pacs=self._settings.name, status=status)

    def _failed(self, words: str) -> PeerUnreachable:
        return PeerUnreachable("pacs_web_failed", pacs=self._settings.name, words=words)

    def _malformed(self, words: str) -> PeerMisbehaved:
        return PeerMisbehaved("pacs_answer_malformed", pacs=self._settings.name, words=words)


class NotGiven(PeerUnreachable):
    """The service has the resource and does not give it in the form asked for: a codec that it lacks, mostly."""


def _part(content_type: str, body: bytearray) -> tuple[str, int]:
    """Media type of the first part of a multipart body and where its content starts; of any other, its own."""
    mark = boundary(content_type)
    if not mark:
        return content_type.partition(";")[0].strip().lower(), 0
    opening = body.find(b"--" + mark, 0, _ENVELOPE_LIMIT_BYTES)
    end = body.find(b"\r\n\r\n", opening, opening + _ENVELOPE_LIMIT_BYTES)
    if opening < 0 or end < 0:
        return "", len(body)
    for line in body[opening:end].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            return value.partition(b";")[0].strip().decode("latin-1").lower(), end + 4
    return "", end + 4


def _ends(content_type: str, body: bytearray, end: int) -> bool:
    """Whether the content stops at *end*, a padding byte to even length aside."""
    mark = boundary(content_type)
    if not mark:
        return len(body) - end <= 1
    closing = b"\r\n--" + mark
    return body.startswith(closing, end) or body.startswith(closing, end + 1)
