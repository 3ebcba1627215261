"""A reader of the form of Prometheus, and small servers on loopback that take notices."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)", re.ASCII)
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)', re.ASCII)

Labels = tuple[tuple[str, str], ...]


def read_exposition(text: str) -> dict[str, dict[Labels, float]]:
    """Samples by name and labels; AssertionError for what Prometheus would refuse."""
    assert text.endswith("\n")
    typed: dict[str, str] = {}
    found: dict[str, dict[Labels, float]] = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in typed, f"{name} has two types"
            typed[name] = kind
            continue
        match = _SAMPLE.fullmatch(line)
        assert match is not None, line
        base = re.sub(r"_(bucket|sum|count)$", "", match["name"])
        assert match["name"] in typed or typed.get(base) == "histogram", line
        labels = match["labels"] or ""
        pairs = _LABEL.findall(labels)
        assert "".join(f'{name}="{value}",' for name, value in pairs).rstrip(",") == labels, line
        key = tuple(sorted(pairs))
        samples = found.setdefault(match["name"], {})
        assert key not in samples, f"{line} stands twice"
        samples[key] = float(match["value"].replace("Inf", "inf"))
    return found


@dataclass
class MailSink:
    """An SMTP server that keeps what it is given (RFC 5321); *refuse* answers a command in another way."""

    port: int = 0
    context: ssl.SSLContext | None = None
    refuse: dict[str, str] = field(default_factory=dict)
    messages: list[tuple[str, tuple[str, ...], bytes]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)


class _Smtp(socketserver.StreamRequestHandler):
    sink: MailSink
    timeout = 10

    def handle(self) -> None:
        sink, sender, recipients, encrypted = self.sink, "", [], False
        self._say("220 sink")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            verb = verb.upper()
            if verb in sink.refuse:
                self._say(sink.refuse[verb])
            elif verb == "EHLO":
                offers = ["sink"]
                offers += ["AUTH PLAIN"] if encrypted else ["STARTTLS"] if sink.context else []
                for offer in offers[:-1]:
                    self._say(f"250-{offer}")
                self._say(f"250 {offers[-1]}")
            elif verb == "STARTTLS" and sink.context is not None:
                self._say("220 go")
                self.connection = sink.context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                encrypted = True
            elif verb == "AUTH":
                sink.secrets.append(rest)
                self._say("235 welcome")
            elif verb == "MAIL":
                sender = rest
                self._say("250 ok")
            elif verb == "RCPT":
                if "nobody@" in rest:
                    self._say("550 nobody")
                else:
                    recipients.append(rest)
                    self._say("250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                content = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    content += part[1:] if part.startswith(b".") else part
                sink.messages.append((sender, tuple(recipients), content))
                sink.encrypted.append(encrypted)
                self._say(sink.refuse.get("END", "250 kept"))
            elif verb in ("NOOP", "RSET"):
                self._say("250 ok")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("502 no")

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_sink(**settings: Any) -> Iterator[MailSink]:
    """An SMTP server on loopback."""
    sink = MailSink(**settings)
    handler = type("Handler", (_Smtp,), {"sink": sink})
    with _served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)) as port:
        sink.port = port
        yield sink


@dataclass
class HookSink:
    """A receiver of webhooks; *answers* are the HTTP statuses it gives, the last one for ever."""

    port: int = 0
    answers: Sequence[int] = (204,)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def hook_sink(answers: Sequence[int] = (204,)) -> Iterator[HookSink]:
    """A receiver of webhooks on loopback."""
    sink = HookSink(answers=answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(sink.answers[min(len(sink.requests), len(sink.answers)) - 1])
            self.send_header("Content-Length", "0")
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        sink.port = port
        yield sink


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[int]:
    server.daemon_threads = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[index]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
