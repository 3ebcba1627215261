"""RAD-69 Retrieve Imaging Document Set at this gateway's own address: ``POST /rad69`` (IHE RAD TF-2 section 4.69).

SOAP 1.2 with MTOM. Instances that fit into memory are fetched first, so that the answer says of each what became of it;
of a larger set the answer begins at once and an instance that then cannot be had breaks the connection off: a client
never takes a part for the whole.

Error codes (ITI TF-3 table 4.2.4.1-2): XDSUnknownRepositoryId for another source, XDSDocumentUniqueIdError for what is
not in that series, not shared or not open to who asks, XDSIRequestError for a study or series that is not named,
XDSRepositoryError without an acceptable transfer syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from threading import BoundedSemaphore
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from gateway.errors import GatewayError, InputTooLarge, NotSupportedYet
from gateway.model.access import Person
from gateway.model.document import RegistryError
from gateway.model.exam import Instance
from gateway.model.image import StoredInstance
from gateway.model.rights import Door
from gateway.web.door_settings import ImageDoors
from gateway.web.doors.gate import Gate, Seen, Wrong
from gateway.web.doors.rad69_messages import (
    ACTION,
    ANSWER,
    MEDIA_TYPE,
    REQUEST,
    Asked,
    Sent,
    content_id,
    read,
    registry_error,
    response,
    syntaxes,
)
from gateway.web.doors.wado_body import BrokenOff
from gateway.web.exams import Exams
from gateway.web.headers import NO_STORE, security_headers
from gateway.web.limits import TooMany
from gateway.web.login.session import Access
from gateway.web.parts import WebParts
from gateway.web.places import REASONS
from gateway.xds import mtom, soap

PATH = "/rad69"
_LIMITS = mtom.Limits(total_bytes=16 << 20)
_FETCHED_FIRST_BYTES = 64 << 20
_WAIT_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """An instance that may be sent."""

    seen: Seen
    series_uid: str
    instance: Instance
    repository: str

    @property
    def sent(self) -> Sent:
        return Sent(self.repository, self.instance.sop_instance_uid)


class Rad69Server:
    """The WSGI application of RAD-69."""

    def __init__(self, parts: WebParts, doors: ImageDoors, access: Access, exams: Exams) -> None:
        self._parts = parts
        self._doors = doors
        self._gate = Gate(parts, doors, access, exams, Door.RAD_69)
        self._streams = BoundedSemaphore(doors.streams)
        self._headers = [*security_headers(parts.settings), NO_STORE]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return self._plain(start_response, 405, [("Allow", "POST")])
        try:
            person = self._gate.person(environ)
        except Wrong as wrong:
            return self._plain(start_response, wrong.status, [("WWW-Authenticate", 'Bearer realm="images"')])
        except TooMany as error:
            return self._plain(start_response, error.http_status, [("Retry-After", str(error.wait_s))])
        except GatewayError as error:
            return self._fault(start_response, error)
        try:
            incoming = soap.read_request(
                environ.get("CONTENT_TYPE", ""), _Body(environ), _LIMITS, actions=frozenset({ACTION})
            )
        except GatewayError as error:
            return self._fault(start_response, error)
        with incoming:
            try:
                if incoming.body.tag != REQUEST:
                    raise soap.EnvelopeRejected("soap_action", action=incoming.body.tag, relates_to=incoming.message_id)
                return self._answered(environ, start_response, person, incoming)
            except GatewayError as error:
                return self._fault(start_response, error, incoming.message_id)

    def _answered(
        self, environ: WSGIEnvironment, start_response: StartResponse, person: Person, incoming: soap.Request
    ) -> Iterable[bytes]:
        asked, errors = read(incoming.body)
        taken = syntaxes(incoming.body)
        if not taken:
            context = "no transfer syntax, or one that is no UID"
            errors = [RegistryError(code="XDSRepositoryError", context=context)]
            asked = []
        found = self._known(environ, person, asked, errors)
        if not self._streams.acquire(timeout=_WAIT_S):
            return self._plain(start_response, 503, [("Retry-After", "5")])
        coming = self._fetched(found, taken, errors)
        try:
            here, size = [], 0
            for one in coming:
                here.append(one)
                size += one[1].size_bytes
                if size > _FETCHED_FIRST_BYTES:
                    break
            else:
                whole = self._whole(start_response, incoming.message_id, here, errors)
                self._streams.release()
                return whole
            return self._flowing(start_response, incoming.message_id, found, _Rest(here, coming, self._streams), errors)
        except BaseException:
            coming.close()
            self._streams.release()
            raise

    # What is asked

    def _known(
        self, environ: WSGIEnvironment, person: Person, asked: list[Asked], errors: list[RegistryError]
    ) -> list[_Found]:
        """Those of *asked* that may be sent; what may not goes to *errors*."""
        studies: dict[str, Seen | None] = {}
        found: dict[str, _Found] = {}
        for one in asked:
            site = self._doors.repositories.get(one.repository)
            if site is None:
                errors.append(
                    registry_error("XDSUnknownRepositoryId", "another imaging document source", one.unique_id)
                )
                continue
            if one.study_uid not in studies:
                studies[one.study_uid] = self._seen(environ, person, one.study_uid, site)
            seen = studies[one.study_uid]
            instance = None if seen is None else _instance(seen, one)
            if seen is None or instance is None:
                errors.append(
                    registry_error("XDSDocumentUniqueIdError", "not in this series, or not shared", one.unique_id)
                )
                continue
            found[one.unique_id] = _Found(seen, one.series_uid, instance, one.repository)
        return list(found.values())

    def _seen(self, environ: WSGIEnvironment, person: Person, study_uid: str, site: str) -> Seen | None:
        try:
            seen = self._gate.study(environ, person, study_uid)
        except Wrong:
            return None
        return seen if seen.site == site else None

    # What is sent

    def _fetched(
        self, found: list[_Found], syntaxes: frozenset[str], errors: list[RegistryError]
    ) -> Generator[tuple[_Found, StoredInstance], None, None]:
        """Each instance in a syntax that is taken; what cannot be had so goes to *errors*. A series in one transfer."""
        series: dict[tuple[str, str], dict[str, _Found]] = {}
        for one in found:
            key = (one.seen.exam.study_uid, one.series_uid)
            series.setdefault(key, {})[one.instance.sop_instance_uid] = one
        for wanted in series.values():
            for one, instance in self._of_series(wanted, errors):
                images = self._parts.images(one.seen.site)
                try:
                    made = images.sent_as(instance, syntaxes, one.seen.identity)
                except NotSupportedYet:
                    context = f"kept in {instance.transfer_syntax}, which is not among the transfer syntaxes asked for"
                    errors.append(registry_error("XDSRepositoryError", context, instance.sop_instance_uid))
                except GatewayError as failure:
                    log.warning("rad69.unreadable", code=failure.code)
                    errors.append(registry_error("XDSRepositoryError", "it cannot be read", instance.sop_instance_uid))
                else:
                    yield one, made

    def _of_series(
        self, wanted: dict[str, _Found], errors: list[RegistryError]
    ) -> Iterator[tuple[_Found, StoredInstance]]:
        first = next(iter(wanted.values()))
        exam, images = first.seen.exam, self._parts.images(first.seen.site)
        total = sum(len(one.instances) for one in exam.series if one.series_uid == first.series_uid)
        left = dict(wanted)
        away = False
        if 2 * len(wanted) > total > 1:
            reading = images.read(exam, first.series_uid)
            try:
                for instance in reading:
                    one = left.pop(instance.sop_instance_uid, None)
                    if one is not None:
                        yield one, instance
            except GatewayError as failure:
                log.warning("rad69.transfer", code=failure.code, left=len(left))
                away = failure.retry
            finally:
                reading.close()
        for uid, one in left.items():
            # An archive that is away would be waited for once for each of a thousand instances.
            if not away:
                try:
                    where = (exam.study_uid, one.series_uid, one.instance.sop_class_uid, uid)
                    yield one, images.instance(*where)
                    continue
                except GatewayError as failure:
                    log.warning("rad69.instance", code=failure.code)
                    away = failure.retry
            errors.append(registry_error("XDSRepositoryError", "the archive has not given it", uid))

    # How it is sent

    def _whole(
        self,
        start_response: StartResponse,
        relates_to: str,
        here: list[tuple[_Found, StoredInstance]],
        errors: list[RegistryError],
    ) -> Iterable[bytes]:
        log.info("rad69.answered", instances=len(here), errors=sorted({error.code for error in errors}))
        body = response([one.sent for one, _ in here], errors)
        attachments = [
            mtom.Attachment(content_id(one.instance.sop_instance_uid), MEDIA_TYPE, made.head + made.data)
            for one, made in here
        ]
        outgoing = soap.write_response(ANSWER, relates_to, body, attachments, multipart=True)
        return self._send(start_response, outgoing)

    def _flowing(
        self,
        start_response: StartResponse,
        relates_to: str,
        found: list[_Found],
        rest: _Rest,
        errors: list[RegistryError],
    ) -> Iterable[bytes]:
        failed = {error.location for error in errors}
        promised = [one for one in found if one.instance.sop_instance_uid not in failed]
        envelope = soap.write_response(
            ANSWER, relates_to, response([one.sent for one in promised], errors), multipart=True
        )
        start_response("200 OK", [("Content-Type", envelope.content_type), *self._headers])
        return _Flowing(envelope, {one.instance.sop_instance_uid for one in promised}, rest)

    def _send(self, start_response: StartResponse, outgoing: mtom.Outgoing) -> Iterable[bytes]:
        headers = [("Content-Type", outgoing.content_type), ("Content-Length", str(outgoing.size_bytes))]
        start_response("200 OK", [*headers, *self._headers])
        return outgoing

    def _fault(self, start_response: StartResponse, error: GatewayError, relates_to: str = "") -> Iterable[bytes]:
        fault = soap.write_fault(error, relates_to)
        status = 413 if isinstance(error, InputTooLarge) else fault.http_status
        log.warning("rad69.fault", code=error.code, status=status)
        headers = [("Content-Type", fault.content_type), ("Content-Length", str(len(fault.content)))]
        start_response(f"{status} {REASONS.get(status, 'Error')}", [*headers, *self._headers])
        return [fault.content]

    def _plain(self, start_response: StartResponse, status: int, headers: list[tuple[str, str]]) -> Iterable[bytes]:
        body = f"{status} {REASONS[status]}\n".encode()
        said = [("Content-Type", "text/plain; charset=UTF-8"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {REASONS[status]}", [*said, *headers, *self._headers])
        return [body]


class _Body:
    """The request's body, up to its length."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        length = environ.get("CONTENT_LENGTH", "")
        self._left = int(length) if length.isascii() and length.isdigit() else None
        self._read: Callable[[int], bytes] = environ["wsgi.input"].read

    def read(self, size: int, /) -> bytes:
        if self._left is None:
            return self._read(size)
        chunk = self._read(min(size, self._left))
        self._left -= len(chunk)
        return chunk


class _Rest:
    """Instances that are here and those that still come; gives its slot back when it is closed."""

    def __init__(
        self,
        here: list[tuple[_Found, StoredInstance]],
        coming: Generator[tuple[_Found, StoredInstance], None, None],
        streams: BoundedSemaphore,
    ) -> None:
        self._here = here
        self._coming = coming
        self._streams: BoundedSemaphore | None = streams

    def __iter__(self) -> Iterator[tuple[_Found, StoredInstance]]:
        while self._here:
            yield self._here.pop(0)
        yield from self._coming

    def close(self) -> None:
        """May be called again."""
        if self._streams is not None:
            self._coming.close()
            self._streams.release()
            self._streams = None


class _Flowing:
    """The envelope, then each instance as it comes; breaks off where one that was promised does not."""

    def __init__(self, envelope: mtom.Outgoing, promised: set[str], rest: _Rest) -> None:
        self._envelope = envelope
        self._promised = promised
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        """Raises BrokenOff."""
        head = self._envelope.read()
        body, mark = _opened(head, self._envelope.content_type)
        yield body
        for one, made in self._rest:
            uid = one.instance.sop_instance_uid
            self._promised.discard(uid)
            yield (
                f"\r\n--{mark}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Transfer-Encoding: binary\r\n"
                f"Content-ID: <{content_id(uid)}>\r\n\r\n"
            ).encode("ascii") + made.head
            yield made.data
        if self._promised:
            log.warning("rad69.broken_off", left=len(self._promised))
            raise BrokenOff
        yield f"\r\n--{mark}--\r\n".encode("ascii")

    def close(self) -> None:
        self._rest.close()


def _opened(head: bytes, content_type: str) -> tuple[bytes, str]:
    """A multipart body without its last boundary, and the boundary."""
    mark = content_type.partition('boundary="')[2].partition('"')[0]
    return head.removesuffix(f"\r\n--{mark}--\r\n".encode("ascii")), mark


def _instance(seen: Seen, asked: Asked) -> Instance | None:
    for series in seen.exam.series:
        if series.series_uid == asked.series_uid:
            for instance in series.instances:
                if instance.sop_instance_uid == asked.unique_id:
                    return instance
    return None
