"""``gateway demo``: the main job from end to end, on this machine, as its users would do it.

A report leaves a RIS by MLLP, is acknowledged, shared and registered; the registry is asked by accession number, gives
the documents back, and the link in the published report leads a clinician to the images. Anything that does not happen
raises, with its reason.
"""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gateway.cda import link
from gateway.demo import identity, parts
from gateway.demo.browser import Visit, follow
from gateway.demo.identity import DemoStudy
from gateway.demo.ris import Ris
from gateway.demo.world import World, plan
from gateway.errors import GatewayError, PeerMisbehaved, Unavailable
from gateway.model.document import REFERENCE_ACCESSION, DocumentEntry, ReferenceId, RetrievedDocument
from gateway.model.share import ShareOverview, ShareState
from gateway.process import when_told_to_end
from gateway.settings import load
from gateway.texts import sentence
from gateway.trust import safexml
from gateway.wiring.house import House
from gateway.xds.metadata import MANIFEST_FORMAT

SHARE_TIMEOUT_S = 120.0
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
FILE_WIDTH = 140
"""Columns when the output goes to a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for on the command line."""

    once: bool = False
    as_json: bool = False
    keep: Path | None = None
    pacs: str = ""
    registry: str = ""
    repository: str = ""
    slices: int = 120
    config: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one report."""

    study: DemoStudy
    message: str
    ack_ms: float
    shared_ms: float
    received_at: datetime
    registered_at: datetime | None
    state: ShareState
    entries: tuple[DocumentEntry, ...]
    contents: tuple[RetrievedDocument, ...]

    @property
    def report(self) -> DocumentEntry:
        return next(entry for entry in self.entries if entry.format_code.code != MANIFEST_FORMAT)

    @property
    def manifest(self) -> DocumentEntry:
        return next(entry for entry in self.entries if entry.format_code.code == MANIFEST_FORMAT)

    def content(self, entry: DocumentEntry) -> bytes:
        return next(document.content for document in self.contents if document.unique_id == entry.unique_id)


def run(wishes: Wishes) -> int:
    """Run the demo; returns the exit code, the reason of a failure printed on standard error."""
    console = Console(stderr=wishes.as_json, highlight=False)
    if not console.is_terminal:
        console = Console(stderr=wishes.as_json, highlight=False, width=FILE_WIDTH)
    stopping = threading.Event()
    when_told_to_end(stopping.set, signals=(signal.SIGTERM, signal.SIGINT))
    with tempfile.TemporaryDirectory(prefix="gateway-demo-") as folder:
        try:
            world = plan(
                Path(folder),
                config=wishes.config,
                any_ports=wishes.once,
                pacs=wishes.pacs,
                registry=wishes.registry,
                repository=wishes.repository,
                record=Path(folder, "wire") if wishes.keep else None,
            )
        except GatewayError as error:
            return _failed(error)
        world.household.told_to_end = stopping
        try:
            return _story(world, wishes, console, stopping)
        except GatewayError as error:
            # A part that was told to end with us is no failure.
            return INTERRUPTED if stopping.is_set() else _failed(error)
        except _Interrupted:
            return INTERRUPTED
        finally:
            world.household.stop()


class _Interrupted(Exception):
    """Ctrl-C or TERM came while the story was told."""


def _failed(error: GatewayError) -> int:
    where = f"{error.place}: " if error.place else ""
    print(f"gateway demo: {where}{sentence(error.code, error.facts, 'en')}", file=sys.stderr)
    return 1


def _story(world: World, wishes: Wishes, console: Console, stopping: threading.Event) -> int:
    def tell(words: str) -> None:
        if stopping.is_set():
            raise _Interrupted
        console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {words}", soft_wrap=True)

    for name, (wanted, taken) in world.replaced.items():
        tell(f"Port {wanted} is busy: {name} uses {taken} instead")
    parts.start(world, wishes.slices, tell)
    house = House(load(world.settings_file))
    try:
        ris = Ris(world, wishes.keep)
        outcomes = [
            _share(house, ris.send_level_3, identity.CT, "ORU^R01", tell, stopping),
            _share(house, ris.send_level_1, identity.CHEST, "MDM^T02", tell, stopping),
        ]
    finally:
        house.close()
    address = _link_of(outcomes[0])
    if wishes.keep:
        _keep(wishes.keep, world, outcomes)
        tell(f"Documents, the requests on the wire and the acknowledgements are in {wishes.keep}")
    visit = follow(address) if wishes.once else None
    if not wishes.as_json:
        _print_table(console, outcomes, address, visit)
    if visit is None:
        _stay(world, console, stopping)
    world.household.stop()
    if wishes.as_json:
        print(json.dumps(_as_json(world, outcomes, address, visit), ensure_ascii=False), flush=True)
    return 0


def _share(
    house: House,
    send: Callable[[], float],
    study: DemoStudy,
    message: str,
    tell: Callable[[str], None],
    stopping: threading.Event,
) -> Outcome:
    began = time.perf_counter()
    ack_ms = send()
    tell(f"{message} acknowledged AA in {ack_ms:.0f} ms: accession number {study.accession.extension}")
    overview = _wait_shared(house, study, tell, stopping)
    shared_ms = (time.perf_counter() - began) * 1000
    tell(f"{message} shared and registered after {shared_ms / 1000:.1f} s")
    destination = house.destinations["demo"]
    patient = house.store.frozen(overview.share.id).patient_id
    reference = ReferenceId(study.accession.extension or "", study.accession.root, REFERENCE_ACCESSION).cxi()
    entries = tuple(destination.find_by_reference(patient, [reference]))
    formats = {entry.format_code.code == MANIFEST_FORMAT for entry in entries}
    if formats != {True, False}:
        raise PeerMisbehaved("demo_not_found", what="the report and the manifest")
    contents = tuple(destination.retrieve(entries))
    for entry in entries:
        content = next((c.content for c in contents if c.unique_id == entry.unique_id), None)
        if content is None:
            raise PeerMisbehaved("demo_not_found", what=entry.unique_id)
        if hashlib.sha1(content, usedforsecurity=False).hexdigest() != entry.hash.lower():
            raise PeerMisbehaved("demo_hash_differs", document=entry.unique_id)
    tell(f"The registry finds {len(entries)} documents by accession number and gives them back, SHA-1 equal")
    return Outcome(
        study=study,
        message=message,
        ack_ms=ack_ms,
        shared_ms=shared_ms,
        received_at=overview.received_at,
        registered_at=overview.share.registered_at,
        state=overview.share.state,
        entries=entries,
        contents=contents,
    )


def _wait_shared(
    house: House, study: DemoStudy, tell: Callable[[str], None], stopping: threading.Event
) -> ShareOverview:
    deadline = time.monotonic() + SHARE_TIMEOUT_S
    said = ""
    while True:
        rows = house.store.overviews(limit=50)
        row = next((r for r in rows if r.report_unique_id == study.report.unique_id), None)
        if row is not None and row.share.state is ShareState.SHARED:
            return row
        why = sentence(row.share.reason, row.share.facts, "en") if row is not None and row.share.reason else ""
        if row is not None and (row.share.state is ShareState.HELD or time.monotonic() > deadline):
            raise PeerMisbehaved("demo_not_shared", state=row.share.state.value, why=why)
        if row is None and time.monotonic() > deadline:
            raise Unavailable("demo_not_shared", state="unknown", why="")
        if why and why != said:
            said = why
            tell(f"  {why}")
        if stopping.wait(0.02):
            raise _Interrupted


def _link_of(outcome: Outcome) -> str:
    """The link as it stands in the report that the registry gave back."""
    links = link.links_of(safexml.parse(outcome.content(outcome.report)))
    if outcome.study.study_uid not in links:
        raise PeerMisbehaved("demo_link_missing")
    return links[outcome.study.study_uid]


def _keep(folder: Path, world: World, outcomes: list[Outcome]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        for entry in outcome.entries:
            kind = "manifest.dcm" if entry.format_code.code == MANIFEST_FORMAT else "report.xml"
            (folder / f"{outcome.study.key}-{kind}").write_bytes(outcome.content(entry))
    if world.record:
        for number, file in enumerate(sorted(world.record.iterdir()), 1):
            (folder / f"iti-41-request-{number}.http").write_bytes(file.read_bytes())


def _print_table(console: Console, outcomes: list[Outcome], address: str, visit: Visit | None) -> None:
    for outcome in outcomes:
        registered = f", registered {outcome.registered_at.astimezone():%H:%M:%S}" if outcome.registered_at else ""
        table = Table(
            title=f"{outcome.message}  accession number {outcome.study.accession.extension}  [{outcome.state.value}]\n"
            f"study {outcome.study.study_uid}\n"
            f"received {outcome.received_at.astimezone():%H:%M:%S}{registered}"
            f" (acknowledged in {outcome.ack_ms:.0f} ms, shared in {outcome.shared_ms:.0f} ms)",
            title_justify="left",
        )
        for column in ("Document (unique id)", "Type", "Format", "Bytes", "SHA-1"):
            table.add_column(column, overflow="fold")
        for entry in outcome.entries:
            table.add_row(
                entry.unique_id, entry.type_code.code, entry.format_code.code, str(entry.size or ""), entry.hash
            )
        console.print(table)
    console.print("The link, as it stands in the published report:")
    console.print(address, soft_wrap=True, markup=False)
    if visit is not None:
        console.print(
            f"Followed: {visit.series} series, {visit.images} images; signed in, the first image"
            f" ({visit.first_image_bytes} bytes) came {visit.first_image_ms:.0f} ms after the link was opened"
        )


def _stay(world: World, console: Console, stopping: threading.Event) -> None:
    console.print(f"\nOpen the link in a browser and sign in. The console is at {world.public_url}/console")
    console.print("(as the radiologist). Ctrl-C ends everything.")
    while not stopping.wait(0.5):
        dead = world.household.dead()
        if dead:
            raise Unavailable("demo_part_ended", part=dead)
    console.print("Ending.")


def _as_json(world: World, outcomes: list[Outcome], address: str, visit: Visit | None) -> dict[str, Any]:
    first, second = outcomes
    return {
        "accession_number": first.study.accession.extension,
        "study_instance_uid": first.study.study_uid,
        "report_unique_id": first.report.unique_id,
        "manifest_unique_id": first.manifest.unique_id,
        "registry_url": world.registry_url,
        "repository_url": world.repository_url,
        "link": address,
        "ack_ms": round(first.ack_ms, 1),
        "shared_ms": round(first.shared_ms, 1),
        "first_image_ms": round(visit.first_image_ms, 1) if visit else None,
        "documents": _documents(first),
        "level_1": {
            "accession_number": second.study.accession.extension,
            "study_instance_uid": second.study.study_uid,
            "ack_ms": round(second.ack_ms, 1),
            "shared_ms": round(second.shared_ms, 1),
            "documents": _documents(second),
        },
    }


def _documents(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {
            "unique_id": entry.unique_id,
            "mime_type": entry.mime_type,
            "type_code": entry.type_code.code,
            "format_code": entry.format_code.code,
            "hash": entry.hash,
            "size_bytes": entry.size,
        }
        for entry in outcome.entries
    ]
