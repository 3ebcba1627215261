"""A gateway as a site starts it, and a sender that knows nothing of its code: it writes any bytes and reads answers.

The readers here (MLLP, acknowledgements, problem documents) are their own, so that a fault of the gateway's reader
cannot hide a fault of its writer. Sources: HL7 v2.5 sections 2.9.2 and 2.15; CI-SIS "Transmission d'un document CDA R2
en HL7 v2" 2.1, acknowledgement; RFC 9457.
"""

from __future__ import annotations

import hashlib
import resource
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from gateway.demo import reports
from gateway.demo.identity import CT, REPORT_ROOT, DemoStudy
from gateway.demo.ris import transmission
from gateway.hl7.build import Transmission, mdm_t02, oru_r01
from gateway.model.identifiers import Identifier
from tests.support.gateway import planned

LIMIT_BYTES = 2_000_000
"""Of a message and of a document over HTTP."""
KEY = "a-key-of-the-tests-that-nobody-else-has"
OTHER_INS, OTHER_IPP, OTHER_NAME = "279035121518989", "IPP-AUTRE-77", "CANARI-DURAND"
IDENTITY = ("KERMARREC", "DESMAUX", "281112915104759", "IPP-7Q4021", "19811109", OTHER_INS, OTHER_IPP, OTHER_NAME)
"""What names a patient in the messages of these tests; in ASCII, so that no encoding can hide it."""
START_S = 60.0
ANSWER_S = 30.0
SOON_S = 10.0


# .. the gateway


@dataclass(frozen=True)
class BadInputGateway:
    """``gateway serve`` in a process of its own, everything it writes kept."""

    process: subprocess.Popen[bytes]
    mllp_port: int
    url: str
    folder: Path

    def log(self) -> str:
        return (self.folder / "log").read_bytes().decode("utf-8", "replace")

    def rows(self) -> tuple[int, int]:
        """How many reports and how many shares are kept."""
        with closing(sqlite3.connect(f"file:{self.folder / 'gateway.db'}?mode=ro", uri=True, timeout=10)) as database:
            found = [database.execute(f"select count(*) from {table}").fetchone()[0] for table in ("reports", "shares")]  # noqa: S608
        return found[0], found[1]

    def being_written(self) -> list[Path]:
        """Files that were begun and not finished."""
        return list((self.folder / "blobs" / "incoming").iterdir())

    def limit_file_size(self, size_bytes: int) -> None:
        """Change the largest file that the processes of the gateway may write."""
        for number in _family(self.process.pid):
            resource.prlimit(number, resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


@contextmanager
def bad_input_gateway(file_size_bytes: int | None = None) -> Iterator[BadInputGateway]:
    """A gateway whose PACS and registry do not answer: what it accepts waits. *file_size_bytes*: no file may be larger.

    Raises AssertionError with its last words when it does not come up.
    """

    def limit() -> None:
        if file_size_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size_bytes, resource.RLIM_INFINITY))

    with planned(retry_first_s=600.0) as here:
        file = here.world.settings_file
        text = file.read_text(encoding="utf-8")
        text = text.replace("[mllp]\n", f"[mllp]\nmax_message_bytes = {LIMIT_BYTES}\n")
        text = text.replace("[web]\n", f"[web]\nmax_report_bytes = {LIMIT_BYTES}\n")
        text = text.replace('log_level = "warning"', 'log_level = "debug"')
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        text += f'[[intake.key]]\nname = "tests"\nsha256 = "{digest}"\nsite = "presquile"\n'
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(file)]
        with (here.world.folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=limit)
        gateway = BadInputGateway(process, here.mllp_port, here.world.public_url, here.world.folder)
        try:
            for name in ("mllp", "web"):
                _wait_for_port(gateway, here.world.ports[name])
            yield gateway
            process.terminate()
            code = process.wait(SOON_S * 4)
            assert code == 0, gateway.log()[-2000:]
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _wait_for_port(gateway: BadInputGateway, port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and gateway.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the gateway does not listen: {gateway.log()[-2000:]}")


def _family(number: int) -> list[int]:
    """A process and all that descend from it."""
    found = [number]
    for task in Path("/proc", str(number), "task").iterdir():
        # A thread may end between being listed and being read; no process of the gateway is started by such a one.
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                found += _family(int(child))
    return found


# .. what is sent


_numbers = count(1)


@dataclass(frozen=True)
class Sample:
    """A report that nobody has sent yet, and the messages that carry it."""

    number: int
    study: DemoStudy
    content: bytes

    def message(self, content: bytes | None = None, **changes: object) -> bytes:
        """An ORU^R01 with *content* in the place of the report; *changes* are of its transmission."""
        return oru_r01(self.content if content is None else content, self._sent(changes))

    def mdm(self, content: bytes | None = None, **changes: object) -> bytes:
        """An MDM^T02; T10 and T04 by ``action``."""
        return mdm_t02(self.content if content is None else content, self._sent(changes))

    def _sent(self, changes: dict[str, object]) -> Transmission:
        return replace(transmission(self.study, f"C-{self.number}"), **changes)  # type: ignore[arg-type]


def sample(padding_bytes: int = 0) -> Sample:
    """The demo's CT report under a new id, made larger by a comment of *padding_bytes*."""
    number = next(_numbers)
    study = replace(CT, report=Identifier(f"{REPORT_ROOT}.700.{number}"))
    content = reports.level3(reports.Draft(study=study))
    if padding_bytes:
        content = content.replace(b"</ClinicalDocument>", b"<!--" + b"x" * padding_bytes + b"--></ClinicalDocument>")
    return Sample(number, study, content)


def _position(name: bytes, field: int) -> int:
    """Where a field stands after splitting at the separator, which is itself the first field of MSH."""
    return field - 1 if name == b"MSH" else field


def edited(message: bytes, name: bytes, field: int, value: bytes) -> bytes:
    """*message* with another value in a field of its first segment called *name*."""
    segments = message.split(b"\r")
    at = next(index for index, segment in enumerate(segments) if segment.startswith(name + b"|"))
    fields = segments[at].split(b"|")
    fields += [b""] * (_position(name, field) + 1 - len(fields))
    fields[_position(name, field)] = value
    segments[at] = b"|".join(fields)
    return b"\r".join(segments)


def lacking(message: bytes, name: bytes, most: int = 1000) -> bytes:
    """*message* without its segments called *name*, the first *most* of them."""
    kept = []
    for segment in message.split(b"\r"):
        if segment.startswith(name + b"|") and most > 0:
            most -= 1
        else:
            kept.append(segment)
    return b"\r".join(kept)


def doubled(message: bytes, name: bytes) -> bytes:
    """*message* with its first segment called *name* twice."""
    segment = next(one for one in message.split(b"\r") if one.startswith(name + b"|"))
    return message.replace(segment + b"\r", segment + b"\r" + segment + b"\r", 1)


def stated(message: bytes, name: bytes, field: int) -> bytes:
    """The bytes of a field of the first segment called *name*; empty when there is none."""
    for segment in message.split(b"\r"):
        fields = segment.split(b"|")
        if fields[0] == name and len(fields) > _position(name, field):
            return fields[_position(name, field)]
    return b""


# .. how it is sent, and what comes back


@dataclass(frozen=True)
class Acknowledgement:
    """An acknowledgement, read by splitting."""

    raw: bytes
    text: str

    @classmethod
    def of(cls, raw: bytes) -> Acknowledgement:
        """Every rule of the profile that holds for each acknowledgement is asserted here."""
        charset = {b"UNICODE UTF-8": "utf-8", b"8859/15": "iso8859-15"}[stated(raw, b"MSH", 18)]
        one = cls(raw, raw.decode(charset))
        assert raw.startswith(b"MSH|^~\\&|")
        assert raw.endswith(b"\r")
        assert b"\n" not in raw
        names = [segment[:3] for segment in raw.split(b"\r")[:-1]]
        assert names == [b"MSH", b"MSA"] if one.code == "AA" else names == [b"MSH", b"MSA", b"ERR"]
        assert one.value("MSH", 17) == "FRA"
        assert one.value("MSH", 10)
        assert one.value("MSH", 21) == ""
        return one

    def value(self, name: str, field: int) -> str:
        """A whole field."""
        return stated(self.text.encode(), name.encode(), field).decode()

    @property
    def code(self) -> str:
        """MSA-1."""
        return self.value("MSA", 1)

    @property
    def condition(self) -> str:
        """ERR-3.1."""
        return self.value("ERR", 3).partition("^")[0]

    @property
    def location(self) -> str:
        """ERR-2."""
        return self.value("ERR", 2)

    @property
    def diagnosis(self) -> str:
        """ERR-7: the name of what is wrong, and where in the document."""
        return self.value("ERR", 7)

    @property
    def words(self) -> str:
        """ERR-8."""
        return self.value("ERR", 8)


class Wire:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
        self._received = b""

    def close(self) -> None:
        self._socket.close()

    def write(self, raw: bytes) -> None:
        """Any bytes."""
        self._socket.sendall(raw)

    def send(self, message: bytes) -> None:
        """*message* in a block."""
        self.write(b"\x0b" + message + b"\x1c\r")

    def answer(self) -> Acknowledgement:
        """The next answer, which must be a whole block with nothing behind it."""
        while b"\x1c\r" not in self._received:
            data = self._socket.recv(65536)
            assert data, "the gateway has closed the connection"
            self._received += data
        block, _, self._received = self._received.partition(b"\x1c\r")
        assert block.startswith(b"\x0b")
        assert not self._received
        return Acknowledgement.of(block[1:])


def named(text: str) -> list[str]:
    """Which parts of a patient's identity stand in *text*."""
    return [part for part in IDENTITY if part.lower() in text.lower()]


def answers(acknowledgement: Acknowledgement, message: bytes) -> bool:
    """Whether it is the acknowledgement of *message*: event, control id, addresses swapped."""
    event = stated(message, b"MSH", 9).partition(b"^")[2].partition(b"^")[0].decode()
    told = [acknowledgement.value("MSH", field) for field in (3, 4, 5, 6)]
    said = [stated(message, b"MSH", field).decode() for field in (5, 6, 3, 4)]
    control_id = stated(message, b"MSH", 10).decode()
    return (
        acknowledgement.value("MSH", 9) == f"ACK^{event}^ACK"
        and acknowledgement.value("MSA", 2) == control_id
        and told == said
    )
