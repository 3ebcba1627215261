"""A site, a platform and the relay between them, over a real store; the PACS and the two lines are played.

Messages are made by our own builder from the demo's patient and studies; what a platform writes is made the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gateway.demo import identity, reports
from gateway.demo.identity import CT
from gateway.demo.ris import transmission
from gateway.errors import GatewayError
from gateway.flow.fetch import Fetching, PulledLine
from gateway.flow.forward import Forwarding, partial_url
from gateway.flow.patience import Patience
from gateway.flow.relay import Relaying
from gateway.hl7 import er7
from gateway.hl7.build import oru_r01
from gateway.hl7.ports import Admission
from gateway.hl7.profiles import ACTIONS, Action
from gateway.hl7.reception import Reception
from gateway.hl7.relay_wording import HL7Wording
from gateway.hl7.teleradiology_build import build
from gateway.model import relay as relay_model
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.identifiers import PROFESSIONAL_OID, Identifier
from gateway.model.people import Professional
from gateway.model.relay import Delays, Direction, End, LineAnswer, Platform, RelayMessage, RelayRequest
from gateway.model.site import Site
from gateway.model.teleradiology import (
    Answer,
    Cancellation,
    Complement,
    Envelope,
    Examination,
    Exchange,
    ImagingRequest,
    Location,
    Sender,
    Visit,
)
from gateway.store.messages import SqlMessages
from gateway.store.relays import SqlRelays
from gateway.trust import safexml
from tests.fakes import world as worlds
from tests.fakes.world import World
from tests.support.hl7_messages import ORDER, RIGHT, put
from tests.support.hl7_messages import message as message_of

SITE_ADDRESS = ("RIS-DEMO", "PRESQUILE")
PLATFORM_ADDRESS = ("TLR", "LECTURE")
NUMBER = Identifier(identity.ORDER_ISSUER, "OPN-77")
READER = Professional(identifiers=(Identifier(PROFESSIONAL_OID, "810999000101"),), family="LECTEUR", given="Loïc")
HEAD = Code("774007", SNOMED_CT, "tête et/ou cou")
ACT = Code("24590-2", LOINC, "résonance magnétique cerveau")
_VISIT = Visit(patient_class="O", number=Identifier("1.2.250.1.999.1.1.9", "RDV-1"), authority="PRESQUILE")


def request(number: Identifier = NUMBER, **changes: Any) -> ImagingRequest:
    """Flow 1."""
    made = ImagingRequest(
        order_number=number,
        patient=identity.PATIENT,
        visit=_VISIT,
        requested_at="20260302090000+0100",
        responsible=identity.RADIOLOGIST,
        sender=Sender(organization=identity.ORGANIZATION),
        justification="Céphalées",
        modality=Code("CT", DCM, "scanner"),
        locations=(Location(region=HEAD),),
    )
    return replace(made, **changes)


def cancellation(number: Identifier = NUMBER, **changes: Any) -> Cancellation:
    """Flow 2."""
    made = Cancellation(
        order_number=number,
        patient=identity.PATIENT,
        visit=_VISIT,
        cancelled_at="20260302100000+0100",
        responsible=identity.RADIOLOGIST,
        sender=Sender(organization=identity.ORGANIZATION),
        reason="Patient absent",
    )
    return replace(made, **changes)


def answer(number: Identifier = NUMBER, **changes: Any) -> Answer:
    """Flow 3, accepted."""
    made = Answer(
        order_number=number,
        patient=identity.PATIENT,
        accepted=True,
        reader=READER,
        sender=Sender(organization=identity.ORGANIZATION),
        protocols=("Sans injection",),
    )
    return replace(made, **changes)


def complement(number: Identifier = NUMBER, **changes: Any) -> Complement:
    """Flow 4 of the demo's CT."""
    done = Examination(
        accession=CT.accession,
        study_uid=CT.study_uid,
        act=ACT,
        performed_at="20260302101500+0100",
        viewer_url=partial_url(worlds.SITE, relay_model.Examination(accession=CT.accession, study_uid=CT.study_uid)),
        retention_days=730,
        modality=Code("CT", DCM, "scanner"),
        locations=(Location(region=HEAD),),
    )
    made = Complement(order_number=number, patient=identity.PATIENT, visit=_VISIT, examinations=(done,))
    return replace(made, **changes)


_control = iter(range(1, 1_000_000))


def written(exchange: Exchange, *, back: bool = False, control_id: str = "", **changes: Any) -> bytes:
    """The message of *exchange*, from the site to the platform, or *back*."""
    ends = (PLATFORM_ADDRESS, SITE_ADDRESS) if back else (SITE_ADDRESS, PLATFORM_ADDRESS)
    envelope = Envelope(
        control_id=control_id or f"M{next(_control)}",
        sending=ends[0],
        receiving=ends[1],
        sent_at="20260302120000+0100",
        processing_id="T",
        **changes,
    )
    return build(envelope, exchange)


def bare_complement(*kinds: str, **changes: Any) -> bytes:
    """A complement as a site's system writes it that does not know the viewer: without the OBX of these *kinds*."""
    message = written(complement(**changes))
    rows = message.split(b"\r")
    left_out = tuple(f"|{kind}^".encode() for kind in kinds or ("URL_PARTIELLE_VIEWER",))
    return b"\r".join(row for row in rows if not (row.startswith(b"OBX") and any(kind in row for kind in left_out)))


def report(
    number: Identifier = NUMBER,
    *,
    authors: tuple[Professional, ...] = (),
    control_id: str = "",
    draft: reports.Draft | None = None,
    action: Action = Action.NEW,
) -> bytes:
    """Flow E: the platform's report, level 3, with the remote doctor and the responsible doctor as authors."""
    content = reports.level3(draft or reports.Draft(study=CT))
    root = safexml.parse(content)
    own = root.find("{urn:hl7-org:v3}author")
    assert own is not None
    import copy

    for person in authors or (READER,):
        added = copy.deepcopy(own)
        number_of = added.find(".//{urn:hl7-org:v3}assignedAuthor/{urn:hl7-org:v3}id")
        assert number_of is not None
        number_of.set("extension", person.identifiers[0].extension or "")
        own.addprevious(added)
    sent = replace(
        transmission(CT, control_id or f"E{next(_control)}"),
        sending=PLATFORM_ADDRESS,
        receiving=SITE_ADDRESS,
        action=action,
    )
    message = oru_r01(safexml.serialise(root), sent)
    # The transmission volet leaves ORC-2 free; this platform writes the order number there.
    control = ACTIONS[action].order_control
    said = f"ORC|{control}|{number.extension}^^{number.root}^ISO"
    return message.replace(f"\rORC|{control}\r".encode(), f"\r{said}\r".encode())


def white_paper(flow: str, number: Identifier = NUMBER, **changes: str) -> bytes:
    """Flow A, C or D (``lb-a``...), an ORM^O01 as systems write it without the guide; *changes* by ``OBR_1_18``."""
    ends = (PLATFORM_ADDRESS, SITE_ADDRESS) if flow == "lb-c" else (SITE_ADDRESS, PLATFORM_ADDRESS)
    patient = next(row for row in written(request()).decode().split("\r") if row.startswith("PID"))
    order = f"{number.extension}^^{number.root}^ISO"
    rows = [patient if row.startswith("PID") else row.replace(ORDER, order) for row in RIGHT[flow]]
    addresses = dict(zip(("MSH_1_3", "MSH_1_4", "MSH_1_5", "MSH_1_6"), (*ends[0], *ends[1]), strict=True))
    done = {"OBR_1_18": CT.accession.extension or "", "ZDS_1_1": f"{CT.study_uid}^RIS^Application^DICOM"}
    said = {"MSH_1_10": f"W{next(_control)}", **addresses, **(done if flow == "lb-d" else {}), **changes}
    for place, value in said.items():
        rows = put(rows, place.replace("_", "^"), value)
    return message_of(rows)


@dataclass
class FakeLine:
    """The other end: keeps what it is sent; ``failures`` are raised and ``answers`` given, one a message, first."""

    sent: list[bytes] = field(default_factory=list)
    failures: list[GatewayError] = field(default_factory=list)
    answers: list[LineAnswer] = field(default_factory=list)

    def send(self, message: bytes) -> LineAnswer:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)
        return self.answers.pop(0) if self.answers else LineAnswer(code="AA")


@dataclass
class Stage:
    """Everything a test may look at or change."""

    world: World
    store: SqlRelays
    messages: SqlMessages
    relaying: Relaying
    forwarding: Forwarding
    reception: Reception
    platform: FakeLine
    site: FakeLine
    fetching: Fetching
    rung: list[int]

    def take(self, message: bytes, **admission: Any) -> tuple[str, str]:
        """MSA-1 and ERR-7 of the acknowledgement."""
        reply = self.reception.answer(message, self.reception.meeting(Admission(**admission), "test"))
        assert reply is not None
        read = er7.parse(reply)
        error = read.first("ERR")
        return read.all("MSA")[0].text(1), error.text(7) if error else ""

    def requests(self) -> list[RelayRequest]:
        return list(self.store.requests(limit=100))

    def request(self) -> RelayRequest:
        (one,) = self.requests()
        return one

    def on_their_way(self) -> list[RelayMessage]:
        return [message for one in self.requests() for message in self.store.messages(one.id)]

    def forward(self) -> list[RelayMessage]:
        """Carry what is due now, one after the other."""
        carried = []
        while (message := self.store.claim(self.world.clock.now(), 60)) is not None:
            carried.append(self.forwarding.carry(message))
            assert len(carried) < 100
        return carried

    def delays(self) -> list[Delays]:
        return list(self.store.delays(self.world.clock.now().replace(year=2020)))


@contextmanager
def stage(
    folder: Path,
    *,
    site: Site | None = None,
    ris: bool = True,
    retry_first_s: float = 2.0,
    fetching: frozenset[Direction] = frozenset(),
    **platform: Any,
) -> Iterator[Stage]:
    """A relay between the demo's site and one platform, which has *platform*'s settings; to *fetching* nothing is
    sent: that end fetches its messages."""
    chosen = site or worlds.SITE
    with worlds.world(folder, site=chosen) as world:
        engine, writer = world.store._engine, world.store._writer
        store = SqlRelays(engine, writer)
        messages = SqlMessages(engine, writer, world.blobs.put, world.blobs.get)
        agreed = Platform(
            name="lecture", addresses=frozenset({"|".join(PLATFORM_ADDRESS)}), sites=(chosen.name,), **platform
        )
        rung: list[int] = []
        relaying = Relaying(
            store=store,
            blobs=world.blobs,
            clock=world.clock,
            sites={chosen.name: chosen},
            platforms={"lecture": agreed},
            forwarded={chosen.name: ris},
            wording=HL7Wording(),
            parse=safexml.parse,
            ring=lambda: rung.append(1),
        )
        there, here = FakeLine(), FakeLine()
        names = {Direction.TO_PLATFORM: "lecture", Direction.TO_SITE: chosen.name}
        fetch = Fetching(
            store=store,
            blobs=world.blobs,
            clock=world.clock,
            ends=frozenset(End(way, names[way]) for way in fetching),
            ring=lambda: rung.append(1),
        )
        forwarding = Forwarding(
            store=store,
            blobs=world.blobs,
            clock=world.clock,
            sites={chosen.name: chosen},
            platforms={"lecture": agreed},
            platform_lines={"lecture": PulledLine() if Direction.TO_PLATFORM in fetching else there},
            site_lines={chosen.name: PulledLine() if Direction.TO_SITE in fetching else here},
            pacs={"pacs": world.pacs},
            wording=HL7Wording(),
            regions={"CHEST": ("67734004",), "HEAD": ("774007",)},
            patience=Patience(retry_first_s=retry_first_s),
        )
        reception = Reception(world.accepting.accept_all, world.clock, messages, relaying)
        yield Stage(world, store, messages, relaying, forwarding, reception, there, here, fetch, rung)
