"""A registry far away, for benchmarks: it reads a submission, takes its time, and says that it has it.

It stands for a machine of somebody else: what it burns here no real peer would burn on these processors, so it does no
more than a peer's answer asks for. It reads every byte, finds the message id, and gives a prepared answer with the ids
put in, as MTOM with a boundary of its own, as registries answer ITI-41.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import secrets
import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple

from gateway.process import die_with_parent

_MESSAGE_ID = re.compile(rb"MessageID[^>]*>([^<]+)<")
_LENGTH = re.compile(rb"(?i)\r\nContent-Length: *([0-9]+)\r\n")
_ACTION = b"urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse"
_ENVELOPE = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
    b'<s:Header><a:Action s:mustUnderstand="1">%(action)s</a:Action><a:MessageID>urn:uuid:%(id)s</a:MessageID>'
    b"<a:RelatesTo>%(relates_to)s</a:RelatesTo></s:Header><s:Body>"
    b'<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"'
    b' status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/></s:Body></s:Envelope>'
)
_PART = (
    b"--%(boundary)s\r\nContent-Type: application/xop+xml; charset=UTF-8; "
    b'type="application/soap+xml"\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <root>\r\n\r\n'
    b"%(envelope)s\r\n--%(boundary)s--\r\n"
)
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: multipart/related; boundary=%(boundary)s; "
    b'type="application/xop+xml"; start="<root>"; start-info="application/soap+xml"\r\n'
    b"Content-Length: %(length)d\r\n\r\n"
)


class FarRegistry(NamedTuple):
    """One that runs."""

    url: str
    pid: int


@contextmanager
def running(delay_s: float) -> Iterator[FarRegistry]:
    """Such a registry, in a process of its own, that takes *delay_s* seconds for a submission."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(os.getpid(), theirs, delay_s))
    process.start()
    try:
        yield FarRegistry(f"http://127.0.0.1:{ours.recv()}", process.pid or 0)
    finally:
        process.terminate()
        process.join(10)


def _serve(parent: int, told: Connection, delay_s: float) -> None:
    die_with_parent(parent)

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            while request := self._request():
                found = _MESSAGE_ID.search(request)
                time.sleep(delay_s)
                self.wfile.write(_answer(found.group(1) if found else b""))

        def _request(self) -> bytes:
            """A request's body; empty when the other side has gone."""
            head = b"\r\n"
            while line := self.rfile.readline():
                head += line
                if line == b"\r\n":
                    length = _LENGTH.search(head)
                    return self.rfile.read(int(length.group(1)) if length else 0)
            return b""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        told.send(server.server_address[1])
        server.serve_forever()


def _answer(relates_to: bytes) -> bytes:
    boundary = b"MIMEBoundary_" + secrets.token_hex(16).encode()
    ids = {b"action": _ACTION, b"id": secrets.token_hex(16).encode(), b"relates_to": relates_to}
    body = _PART % {b"boundary": boundary, b"envelope": _ENVELOPE % ids}
    return _HEAD % {b"boundary": boundary, b"length": len(body)} + body
