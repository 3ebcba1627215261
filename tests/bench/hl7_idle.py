"""A thousand senders that are connected and say nothing: the memory of the process that listens, in the clear and TLS.

What is read is its resident memory (``VmRSS``) with all of them there, so what the process takes by itself counts too.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from contextlib import ExitStack
from pathlib import Path

import trustme

from gateway.hl7.sender import send
from tests.bench.rows import Row
from tests.support.gateway import Running, planned
from tests.support.hl7_messages import RIGHT, message
from tests.support.relay_peers import free_port

SENDERS = 1000
LIMIT_MB = 150


def run() -> list[Row]:
    """One row in the clear, one over TLS with a certificate on both sides."""
    with planned(look_interval_s=60) as gateway:
        port = free_port()
        client = _secured(gateway, port)
        gateway.start_gateway()
        gateway.world.household.wait_for("gateway", port)
        listening = _listening(os.getpid(), gateway.mllp_port)
        return [
            _row("in the clear", _held_mb(gateway.mllp_port, listening, None)),
            _row("over TLS, with a certificate each", _held_mb(port, listening, client)),
        ]


def _row(how: str, taken_mb: float) -> Row:
    what = f"memory of the listening process with {SENDERS:,} idle connections {how}"
    goal = f"< {LIMIT_MB}"
    return Row(row="hl7", what=what, ours=taken_mb, against=None, unit="MB", goal=goal, met=taken_mb < LIMIT_MB)


def _secured(gateway: Running, port: int) -> ssl.SSLContext:
    """Give the gateway a port with TLS; the context of its senders."""
    authority, folder = trustme.CA(), gateway.world.folder
    authority.cert_pem.write_to_path(folder / "senders-ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "listener.pem")
    lines = (
        "[mllp.secured]",
        f"port = {port}",
        'certificate = "listener.pem"',
        'key = "listener.pem"',
        'ca_file = "senders-ca.pem"',
    )
    with gateway.world.settings_file.open("a", encoding="utf-8") as file:
        file.write("\n".join((*lines, "")))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    authority.issue_cert("ris.example.org").configure_cert(context)
    return context


def _held_mb(port: int, listening: int, context: ssl.SSLContext | None) -> float:
    """Resident memory of the listening process while it holds all of them, in millions of bytes."""
    with ExitStack() as stack:
        for _ in range(SENDERS):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            if context is not None:
                stack.enter_context(context.wrap_socket(one, server_hostname="127.0.0.1"))
        # One more is served: so the others have been taken in, and none of them is in the way.
        assert b"MSA|AA|" in send("127.0.0.1", port, message(RIGHT["adt-a08"]), 30, tls=context)
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{listening}/status").read_text(encoding="ascii"))
        assert found is not None
        return int(found[1]) * 1024 / 1e6


def _listening(pid: int, port: int) -> int:
    """The process among *pid* and its children that has *port* open."""
    wanted = f":{port:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:])
    (inode,) = {row[9] for row in rows if row[1].endswith(wanted) and row[3] == "0A"}
    for each in _family(pid):
        for file in Path(f"/proc/{each}/fd").iterdir():
            if file.is_symlink() and os.readlink(file) == f"socket:[{inode}]":
                return each
    raise AssertionError(f"nobody listens on {port}")


def _family(pid: int) -> list[int]:
    """*pid*'s descendants, the youngest first: a listening socket may be inherited by nobody but who opened it."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            found += [*_family(int(child)), int(child)]
    return found
