"""The document registry and repository: queries at two sizes, submissions, retrieval, memory.

Against each figure stands the least that can be done: the same statement on a bare SQLite connection, the same answer
made of its rows, and a round trip of the same size to a server that does nothing, under the same gunicorn.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from email.message import Message as Header
from itertools import count
from pathlib import Path
from statistics import median

from lxml import etree

from gateway.model.document import DocumentEntry, Submission
from gateway.registry import rows
from gateway.xds import ebrim, queries, soap
from gateway.xds.ebrim import RegistryResponse, ResponseStatus
from gateway.xds.queries import StoredQuery
from tests.bench.registry_fill import accession_number, entries, fill, patient_id
from tests.bench.registry_servers import LARGE, Server, drain, post, running
from tests.bench.rows import Row, at_least, at_most, milliseconds
from tests.support import registry_wire as wire
from tests.support.registry import REPOSITORY, accession, submission

SMALL, BIG = 10_000, 1_000_000
ASKED = 200
SUBMISSIONS, TURNS, WARM_TURNS = 100, 5, 3
"""Submissions of a turn, turns that are measured, and those before them."""
CONNECTIONS = 8
REPORT_BYTES, MANIFEST_BYTES = 150_000, 50_000
LARGE_BYTES = 100_000_000
MOST_MB = 150.0

_HIDDEN = "latest AND availability != 'urn:ihe:iti:2010:DocumentAvailability:Offline'"
_BY_REFERENCE = f"""SELECT entry_uuid, patient_key, patient_id, status, body FROM registry_entries
WHERE id IN (SELECT owner FROM registry_reference_ids WHERE value = ? AND type_code = ? AND authority IN (?, ''))
AND patient_key || '' = ? AND status IN (?) AND object_type IN (?) AND {_HIDDEN}
ORDER BY creation_time DESC, id DESC LIMIT 1001"""  # noqa: S608 - our own text
_BY_PATIENT = f"""SELECT entry_uuid, patient_key, patient_id, status, body FROM registry_entries e
WHERE patient_key = ? AND status IN (?) AND object_type IN (?)
AND EXISTS (SELECT 1 FROM registry_entry_codes
            WHERE owner = e.id AND attribute = 'event' AND code = ? AND system = ?)
AND EXISTS (SELECT 1 FROM registry_entry_codes
            WHERE owner = e.id AND attribute = 'event' AND code = ? AND system = ?)
AND service_start_time >= ? AND service_start_time < ? AND {_HIDDEN}
ORDER BY creation_time DESC, id DESC LIMIT 1001"""  # noqa: S608 - our own text
_APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
_STABLE = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
_CT, _CHEST = ("CT", "1.2.840.10008.2.16.4"), ("51185008", "2.16.840.1.113883.6.96")

Ask = Callable[[int], tuple[StoredQuery, str, tuple[str, ...]]]
"""From a study's number to the query, its bare statement and the values of that."""


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="registry-", dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = Path(name)
        small, big = folder / "small", folder / "big"
        for one, count in ((small, SMALL), (big, BIG)):
            one.mkdir()
            fill(one, count)
        (folder / LARGE).write_bytes(secrets.token_bytes(LARGE_BYTES))
        with running("bare", folder) as bare, running("registry", small) as ours:
            at_small = {what: _asked(ours, bare, small, SMALL, ask) for what, ask in _ASKS.items()}
            told = [*_submissions(ours), _retrieval(ours, bare, folder)]
        with running("bare", folder) as bare, running("registry", big) as ours:
            at_big = {what: _asked(ours, bare, big, BIG, ask) for what, ask in _ASKS.items()}
            resident = ours.resident_mb()
        shutil.rmtree(big)
    return [
        *(row for what in _ASKS for row in _query_rows(what, at_small[what], at_big[what])),
        *told,
        Row(
            row="registry",
            what=f"resident memory with {BIG:,} entries, after the queries",
            ours=resident,
            against=None,
            unit="MB",
            goal=f"< {MOST_MB:.0f} MB",
            met=resident < MOST_MB,
        ),
    ]


def _query_rows(what: str, small: tuple[float, float], big: tuple[float, float]) -> list[Row]:
    return [
        at_most("registry", f"{what}: {BIG:,} entries against {SMALL:,}", big[0], small[0], "ms", 1.3),
        at_most("registry", f"{what}: against SQL, answer and round trip, all bare", big[0], big[1], "ms", 2),
    ]


def _by_reference(number: int) -> tuple[StoredQuery, str, tuple[str, ...]]:
    reference, patient = accession(accession_number(number)), patient_id(number // 10)
    query = queries.find_documents_by_reference_id(patient, [reference.cxi()])
    key = f"P{number // 10:09}^1.2.250.1.213.1.4.10"
    return query, _BY_REFERENCE, (
        reference.value, reference.type_code, reference.authority, key, _APPROVED, _STABLE,
    )  # fmt: skip


def _by_patient(number: int) -> tuple[StoredQuery, str, tuple[str, ...]]:
    patient = patient_id(number // 10)
    events = [[queries.parse_code("^^".join(code))] for code in (_CT, _CHEST)]
    query = queries.find_documents(patient, events=events, started=("20261120", "20261121"))
    key = f"P{number // 10:09}^1.2.250.1.213.1.4.10"
    return query, _BY_PATIENT, (key, _APPROVED, _STABLE, *_CT, *_CHEST, "20261120000000", "20261121000000")


_ASKS: dict[str, Ask] = {
    "FindDocumentsByReferenceId by accession number": _by_reference,
    "FindDocuments by patient, modality, region, date": _by_patient,
}


def _asked(ours: Server, bare: Server, folder: Path, count: int, ask: Ask) -> tuple[float, float]:
    """Milliseconds of one query over HTTP, and of everything bare, in turns."""
    connection, other = ours.connection(), bare.connection()
    database = sqlite3.connect(folder / "registry.db", isolation_level=None)
    step = count // 2 // ASKED
    took: list[float] = []
    least: list[float] = []
    for turn in range(ASKED):
        query, statement, values = ask(turn * step + turn % 10)
        body = wire.envelope(wire.ITI_18, etree.tostring(queries.write(query)).decode())
        headers = {"Content-Type": f'application/soap+xml; charset=UTF-8; action="{wire.ITI_18}"'}
        for _ in range(2):  # the first brings the pages, of the database and of the file system
            answers: list[bytes] = []
            ours_ms = milliseconds(lambda: answers.append(post(connection, "/registry", headers, body)))  # noqa: B023
            assert b"ExtrinsicObject" in answers[0]
        size = len(answers[0])
        for _ in range(2):
            bare_ms = milliseconds(lambda: _bare_answer(database, statement, values))  # noqa: B023
            bare_ms += milliseconds(lambda: post(other, f"/{size}", headers, body))  # noqa: B023
        took.append(ours_ms)
        least.append(bare_ms)
    database.close()
    return median(took), median(least)


def _bare_answer(database: sqlite3.Connection, statement: str, values: tuple[str, ...]) -> bytes:
    found = database.execute(statement, values).fetchall()
    entries_ = tuple(rows.load(DocumentEntry, row[4], patient_id=row[2], status=row[3]) for row in found)
    objects = ebrim.write_object_list(Submission(entries=entries_))
    answer = ebrim.write_query_response(RegistryResponse(status=ResponseStatus.SUCCESS), objects)
    return soap.write_response("urn:x", "urn:y", answer).read()


def _submissions(ours: Server) -> list[Row]:
    """Report and manifest, 200 kB, over several connections; against a loop that parses and writes as durably.

    Both have their turns, because a disk, and what a host gives of its processors, are not the same at one moment as at
    the next; and both have run before until SQLite writes over its log instead of making the file longer, as any
    registry does from its first minutes on.
    """
    numbers = iter(range(700_000_000, 800_000_000))
    ours_s = against_s = 0.0
    with _bare_loop() as loop:
        for turn in range(WARM_TURNS + TURNS):
            lots = [[_message(next(numbers)) for _ in range(SUBMISSIONS)] for _ in range(2)]
            took_s, loop_s = _flat_out(ours, lots[0]), loop(lots[1])
            if turn >= WARM_TURNS:
                ours_s, against_s = ours_s + took_s, against_s + loop_s
    many = TURNS * SUBMISSIONS
    return [
        at_least(
            "registry",
            f"submissions a second (report and manifest, 200 kB, {CONNECTIONS} connections), against a bare loop",
            many / ours_s,
            many / against_s,
            "1/s",
            0.5,
        )
    ]


def _flat_out(ours: Server, messages: list[Message]) -> float:
    """Seconds until the last is answered, over all connections at once."""
    threads = [threading.Thread(target=_send, args=(ours, messages[at::CONNECTIONS])) for at in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


Message = tuple[dict[str, str], bytes, tuple[bytes, bytes]]


def _message(number: int) -> Message:
    """Headers and body of an ITI-41 request, and its documents."""
    report, manifest = entries(number)
    submitted = submission(report, manifest, patient_id=report.patient_id)
    documents = (secrets.token_bytes(REPORT_BYTES), secrets.token_bytes(MANIFEST_BYTES))
    request = etree.Element("{urn:ihe:iti:xds-b:2007}ProvideAndRegisterDocumentSetRequest")
    request.append(ebrim.write(submitted))
    body = etree.tostring(request).decode().removesuffix("</ns0:ProvideAndRegisterDocumentSetRequest>")
    for name in ("report", "manifest"):
        body += (
            f'<ns0:Document id="{name}"><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include"'
            f' href="cid:{name}@bench"/></ns0:Document>'
        )
    body += "</ns0:ProvideAndRegisterDocumentSetRequest>"
    parts = {"report@bench": documents[0], "manifest@bench": documents[1]}
    headers, content = wire.multipart(wire.ITI_41, wire.envelope(wire.ITI_41, body), parts)
    return headers, content, documents


def _send(ours: Server, messages: list[Message]) -> None:
    connection = ours.connection()
    for headers, body, _ in messages:
        assert b"ResponseStatusType:Success" in post(connection, "/repository", headers, body)


@contextmanager
def _bare_loop() -> Iterator[Callable[[list[Message]], float]]:
    """Seconds to take the parts out of messages, parse the envelope, hash and write the documents, and insert one row:
    as durable as ours.

    On the disk that ours writes to. The boundary is read as :mod:`email` read it before ``EmailMessage``, whose parser
    alone takes 0.3 ms of processor for this one field, a fifth of such a loop: that would be a gift to our side.
    """
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name, ExitStack() as stack:
        folder = os.open(name, os.O_RDONLY)
        stack.callback(os.close, folder)
        database = stack.enter_context(closing(sqlite3.connect(Path(name, "bare.db"), isolation_level=None)))
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("CREATE TABLE submissions (id INTEGER PRIMARY KEY, body TEXT, digest TEXT)")
        names = (Path(name, str(number)) for number in count())

        def loop(messages: list[Message]) -> float:
            began = time.perf_counter()
            for headers, body, _ in messages:
                declared = Header()
                declared["Content-Type"] = headers["Content-Type"]
                delimiter = b"\r\n--" + str(declared.get_boundary()).encode()
                _, *parts, _ = (b"\r\n" + body).split(delimiter)
                envelope, *documents = (part.partition(b"\r\n\r\n")[2] for part in parts)
                etree.fromstring(envelope)  # noqa: TID251 - bare on purpose
                digests = []
                for content in documents:
                    digests.append(hashlib.sha1(content, usedforsecurity=False).hexdigest())
                    digests.append(hashlib.sha256(content).hexdigest())
                    _write(next(names), content, folder)
                row = (envelope.decode(), str(digests))
                database.execute("INSERT INTO submissions (body, digest) VALUES (?, ?)", row)
            return time.perf_counter() - began

        yield loop


def _write(path: Path, content: bytes, folder: int) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    os.fsync(folder)


def _retrieval(ours: Server, bare: Server, folder: Path) -> Row:
    """ITI-43 of one large document, against the same bytes as a plain file of the same server."""
    unique_id = "1.2.250.1.999.7.7"
    body = wire.provide_and_register(wire.extrinsic_object(unique_id), wire.by_part())
    headers, content = wire.multipart(
        wire.ITI_41, wire.envelope(wire.ITI_41, body), {"d1@hand": (folder / LARGE).read_bytes()}
    )
    post(ours.connection(), "/repository", headers, content)
    request = wire.envelope(wire.ITI_43, wire.retrieve((REPOSITORY, unique_id)))
    asked = {"Content-Type": f'application/soap+xml; action="{wire.ITI_43}"'}
    took: list[float] = []
    plain: list[float] = []
    for turn in range(6):
        sizes: list[int] = []
        ours_ms = milliseconds(
            lambda: sizes.append(drain(ours.connection(), "POST", "/repository", asked, request))  # noqa: B023
        )
        plain_ms = milliseconds(lambda: sizes.append(drain(bare.connection(), "GET", "/file", {}, b"")))  # noqa: B023
        assert min(sizes) >= LARGE_BYTES
        if turn:  # the first time, the bytes are compared with their hash on their way
            took.append(ours_ms)
            plain.append(plain_ms)
    return at_least(
        "registry",
        "ITI-43 of 100 MB, read before, against a plain file of the same server",
        LARGE_BYTES / 1e3 / median(took),
        LARGE_BYTES / 1e3 / median(plain),
        "MB/s",
        0.5,
    )
