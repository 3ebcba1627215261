"""A registry on loopback that answers as a test tells it to, and a frozen submission to send to it."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO

from lxml import etree

from gateway.errors import Unavailable
from gateway.model.identifiers import INS_TEST
from gateway.model.share import FrozenDocument, FrozenSubmission
from gateway.xds import ebrim, mtom, soap
from gateway.xds.client import DestinationSettings, RegistryClient

REPOSITORY = "1.2.250.1.999.7.1"
PATIENT = f"279035121518989^^^&{INS_TEST}&ISO^NH"
MANIFEST = b"\r\n" + bytes(range(256)) + b"DICM\r\n--x\r\n"
REPORT = '<?xml version="1.0"?>\r\n<ClinicalDocument>é</ClinicalDocument>\r\n'.encode()
METADATA = (
    '<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" '
    'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><rim:RegistryObjectList>'
    '<rim:ExtrinsicObject id="Document01" mimeType="text/xml"><rim:Name>'
    '<rim:LocalizedString xml:lang="fr-FR" value="IRM de l&#39;épaule"/></rim:Name></rim:ExtrinsicObject>'
    "<!-- kept --></rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
).encode()


@dataclass
class Seen:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        with self.read() as request:
            return request.message_id

    def read(self) -> soap.Request:
        return soap.read_request(self.headers["content-type"], io.BytesIO(self.body))


Behaviour = Callable[[Seen, BaseHTTPRequestHandler], None]


@dataclass
class Loopback:
    """A running server: its address and what it has seen."""

    url: str
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0


@contextlib.contextmanager
def playing(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """A server that meets every request with *behaviour*; it and its threads are gone at the end."""
    loopback = Loopback("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            loopback.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            loopback.seen.append(Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            try:
                behaviour(loopback.seen[-1], self)
            except OSError:  # the client has left, as some tests want it
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def finish_request(self, request: Any, client_address: Any) -> None:
            if tls is None:
                super().finish_request(request, client_address)
                return
            with contextlib.suppress(OSError), tls.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)

        def handle_error(self, request: object, client_address: object) -> None:
            return

    server = Server(("127.0.0.1", 0), Handler)
    loopback.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/xds"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def respond(handler: BaseHTTPRequestHandler, content_type: str, body: bytes, status: int = 200, **headers: str) -> None:
    """An HTTP answer."""
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def answering(
    body: Callable[[soap.Request], etree._Element] | etree._Element,
    *attachments: mtom.Attachment,
    multipart: bool = True,
    relates_to: str | None = None,
    status: int = 200,
) -> Behaviour:
    """Answers each request with a SOAP body; what it needs of the request it is told."""

    def behaviour(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        with seen.read() as request:
            element = body(request) if callable(body) else copied(body)
            related = request.message_id if relates_to is None else relates_to
            outgoing = soap.write_response("urn:answer", related, element, attachments, multipart=multipart)
        respond(handler, outgoing.content_type, outgoing.read(), status)

    return behaviour


def copied(element: etree._Element) -> etree._Element:
    return copy.deepcopy(element)


def saying(content_type: str, body: bytes, status: int = 200, **headers: str) -> Behaviour:
    """Answers each request with the same bytes."""
    return lambda _, handler: respond(handler, content_type, body, status, **headers)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first request is met by the first, and so on."""
    left = iter(behaviours)
    return lambda seen, handler: next(left)(seen, handler)


def success() -> etree._Element:
    return ebrim.write_response(ebrim.RegistryResponse(status=ebrim.ResponseStatus.SUCCESS))


class Memory:
    """Blobs in memory."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {hashlib.sha256(content).hexdigest(): content for content in contents}

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.contents[digest] = content
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return self.contents[digest]
        except KeyError:
            raise Unavailable("mtom_source") from None

    def open(self, digest: str) -> BinaryIO:
        return io.BytesIO(self.get(digest))


def frozen() -> FrozenSubmission:
    """A report and a manifest, frozen; their bytes are in :func:`blobs`."""

    def document(kind: str, number: int, content: bytes, mime_type: str) -> FrozenDocument:
        return FrozenDocument(
            kind=kind,
            unique_id=f"1.2.250.1.999.1.{number}",
            entry_id=f"Document0{number}",
            mime_type=mime_type,
            type_code="18748-4",
            format_code="1.2.840.10008.5.1.4.1.1.88.59",
            digest=hashlib.sha256(content).hexdigest(),
            hash=hashlib.sha1(content).hexdigest(),  # noqa: S324
            size=len(content),
        )

    documents = (document("report", 1, REPORT, "text/xml"), document("manifest", 2, MANIFEST, "application/dicom"))
    return FrozenSubmission(
        submission_set_unique_id="1.2.250.1.999.2.1", patient_id=PATIENT, metadata=METADATA, documents=documents
    )


def blobs() -> Memory:
    return Memory(REPORT, MANIFEST)


@contextlib.contextmanager
def client_of(loopback: Loopback, **changes: object) -> Iterator[RegistryClient]:
    """A client of *loopback*; *changes* are settings of the destination or arguments of the client."""
    arguments = {name: changes.pop(name) for name in ("assertion", "on_wire", "limits") if name in changes}
    settings = DestinationSettings(
        **{  # type: ignore[arg-type]
            "name": "loopback",
            "registry_url": loopback.url,
            "repository_url": loopback.url,
            "repository_unique_id": REPOSITORY,
            "read_timeout_s": 5.0,
            **changes,
        }
    )
    client = RegistryClient(settings, blobs(), **arguments)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        client.close()
