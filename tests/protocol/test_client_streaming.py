"""Large documents, both ways: 60 MB under a bound that is to 200 MB what 24 is to 80."""

from __future__ import annotations

import hashlib
import io
import threading
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import BinaryIO, cast

from gateway.model.share import FrozenDocument
from gateway.xds.client import DestinationSettings, RegistryClient
from tests.protocol.test_client_amending import entry
from tests.support import client_wire as wire
from tests.support.client_wire import Repeated
from tests.support.soap import frozen

SIZE_BYTES = 60_000_000
BOUND_BYTES = 24_000_000


@dataclass
class Peer:
    """A server that keeps nothing: it counts, hashes, and answers with a document that no one holds."""

    url: str = ""
    received_bytes: int = 0
    document_sha1: str = ""


def _hashed(rfile: BinaryIO, left: int) -> tuple[int, str]:
    """How many bytes came, and the SHA-1 of the second part, found by hand: its end is the last delimiter."""
    head = rfile.read(min(left, 64 * 1024))
    delimiter = b"\r\n" + head[: head.index(b"\r\n")]
    start = head.index(b"\r\n\r\n", head.index(delimiter)) + 4
    tail = len(delimiter) + 4  # the closing delimiter has two more dashes and a line end
    digest = hashlib.sha1(head[start:], usedforsecurity=False)
    received, kept = len(head), b""
    while chunk := rfile.read(min(64 * 1024, left - received)):
        received += len(chunk)
        kept += chunk
        digest.update(kept[:-tail])
        kept = kept[-tail:]
    assert kept == delimiter + b"--\r\n"
    return received, digest.hexdigest()


@contextmanager
def serving(document: Repeated) -> Iterator[Peer]:
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            if self.path == "/submit":
                peer.received_bytes, peer.document_sha1 = _hashed(cast("BinaryIO", self.rfile), length)
                kind, content = wire.multipart(wire.envelope(wire.response()), {})
                self._send(kind, [content], len(content))
                return
            self.rfile.read(length)
            kind, framed = wire.multipart(wire.envelope(wire.retrieved({entry().unique_id: "d"})), {"d": b"@"})
            before, _, after = framed.rpartition(b"@")
            self._send(kind, [before, *document.chunks(), after], len(before) + document.size_bytes + len(after))

        def _send(self, kind: str, pieces: Iterable[bytes], size: int) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            for piece in pieces:
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    peer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Contents:
    def __init__(self, document: Repeated) -> None:
        self._document = document

    def open(self, digest: str) -> BinaryIO:
        stream: BinaryIO = io.BufferedReader(self._document, 64 * 1024)
        stream.seek(0)
        return stream


def client_of(peer: Peer, document: Repeated) -> RegistryClient:
    settings = DestinationSettings(
        name="large", registry_url=peer.url, repository_url=f"{peer.url}/submit", repository_unique_id="1.2"
    )
    return RegistryClient(settings, Contents(document))


def test_a_large_document_is_sent_without_being_held() -> None:
    document = Repeated(SIZE_BYTES)
    one = frozen().documents[0]
    large = FrozenDocument(
        **{name: getattr(one, name) for name in ("kind", "unique_id", "entry_id", "type_code", "format_code")},
        mime_type="application/dicom",
        digest="0" * 64,
        hash=document.sha1(),
        size=SIZE_BYTES,
    )
    with serving(document) as peer:
        client = client_of(peer, document)
        tracemalloc.start()
        try:
            client.send(replace(frozen(), documents=(large,)), again=False)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            client.close()
    assert peer.document_sha1 == document.sha1()
    assert peer.received_bytes > SIZE_BYTES
    assert peak_bytes < BOUND_BYTES


def test_a_large_document_is_saved_without_being_held(tmp_path: Path) -> None:
    document = Repeated(SIZE_BYTES)
    with serving(document) as peer:
        client = client_of(peer, document)
        client.settings = replace(client.settings, repository_url=peer.url)
        wanted = entry(hash=document.sha1(), size=SIZE_BYTES)
        tracemalloc.start()
        try:
            with client.fetch([wanted]) as fetched:
                fetched.documents[0].save(tmp_path / "large")
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            client.close()
    with (tmp_path / "large").open("rb") as saved:
        assert hashlib.file_digest(saved, "sha1").hexdigest() == document.sha1()
    (tmp_path / "large").unlink()
    assert peak_bytes < BOUND_BYTES
