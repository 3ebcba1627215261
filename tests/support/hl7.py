"""Messages and a listener for tests. The messages are our own; they have the traits of those that senders write."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.flow.events import Event
from gateway.flow.ports import NO_TURN
from gateway.flow.relay import AcceptAll
from gateway.hl7 import er7, mllp
from gateway.hl7.intake import read_events
from gateway.hl7.listener import Listener, ListenerSettings, run
from gateway.hl7.ports import Admission
from gateway.hl7.profiles import PROCESSING_IDS
from gateway.hl7.reception import Reception
from gateway.model.message import Arrival
from gateway.model.share import Receipt
from gateway.wiring.care import SystemClock

INS_TEST = "1.2.250.1.213.1.4.10"
LOCAL = "1.2.250.1.999.4.2"
CDA = '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Compte rendu évalué</title></ClinicalDocument>'.encode()
STATEMENTS = (
    "MASQUE_PS",
    "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX",
    "CONNEXION_SECRETE",
    "MODIF_CONF_CODE",
    "DESTDMP",
)


def read_event(message: bytes, *, processing_ids: frozenset[str] = PROCESSING_IDS) -> Event:
    """The event of a message that tells of one alone."""
    (event,) = read_events(message, processing_ids=processing_ids)
    return event


def statements(coded_type: str, **values: str) -> list[str]:
    """The metadata observations; each ``N`` but DESTDMP, unless given."""
    said = {**dict.fromkeys(STATEMENTS, "N"), "DESTDMP": "Y", **values}
    return [
        f"OBX|{number}|{coded_type}|{code}^Métadonnée^MetaDMPMSS||{value}^^expandedYes-NoIndicator||||||F|"
        for number, (code, value) in enumerate(said.items(), 2)
    ]


def pid(**fields: str) -> str:
    """PID with INS and local number; fields by ``f<number>``."""
    values = {
        "f3": f"279035121518989^^^ASIP-SANTE-INS-NIR&{INS_TEST}&ISO^INS~IPP^^^CABINET&{LOCAL}&ISO^PI",
        "f5": "PAT-ESSAI^CAMILLE^CAMILLE LÉA^^^^L",
        "f7": "19790328",
        "f8": "F",
        "f31": "N",
        "f32": "VALI",
        **fields,
    }
    row = [values.get(f"f{number}", "") for number in range(1, 33)]
    return "|".join(["PID", *row])


@dataclass(kw_only=True)
class Draft:
    """A message in parts, so that a test changes the one it is about."""

    code: str = "ORU"
    event: str = "R01"
    version: str = "2.5"
    control_id: str = "015"
    charset: str = "UNICODE UTF-8"
    profile: str = "2.1^CISIS_CDA_HL7_V2"
    processing_id: str = "T"
    order_control: str = "NW"
    status: str = "F"
    patient: str = field(default_factory=pid)
    data: str = field(default_factory=lambda: base64.b64encode(CDA).decode())
    encapsulation: str = "^TEXT^XML^Base64^"
    transcription: str = "TXA|1|18748-4|TEXT|202212160932||||||||1.2.250.1.999.7.1^Organisation-Y|||||AU|||||801234"
    said: dict[str, str] = field(default_factory=dict)
    extra: tuple[str, ...] = (
        "PRT||UC||SB^^participation|801234564895^ESSAI^Dominique^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
    )

    @property
    def structure(self) -> str:
        return "MDM_T02" if self.code == "MDM" else f"{self.code}_{self.event}"

    def segments(self) -> list[str]:
        is_mdm = self.code == "MDM"
        header = (
            f"MSH|^~\\&|RIS-Y|Imagerie-Y|DRIMBOX|Imagerie-Y|202106060931||{self.code}^{self.event}^{self.structure}"
            f"|{self.control_id}|{self.processing_id}|{self.version}|||||FRA|{self.charset}|||{self.profile}"
        )
        report = "18748-4^CR d'imagerie médicale^LN"
        return [
            header,
            *(["EVN||20211005152908"] if is_mdm else []),
            self.patient,
            "PV1|1|O|UF",
            f"ORC|{self.order_control}",
            f"OBR|1|||{report}",
            *([self.transcription] if is_mdm else []),
            f"OBX|1|ED|{report}||{self.encapsulation}{self.data}||||||{self.status}|",
            *self.extra,
            *statements("CWE" if is_mdm else "CE", **self.said),
        ]

    def text(self, end: str = "\r") -> str:
        return "".join(segment + end for segment in self.segments())

    def bytes(self, end: str = "\r", codec: str = "utf-8") -> bytes:
        return self.text(end).encode(codec)


def mdm(**changes: object) -> Draft:
    """An MDM^T02."""
    return Draft(**{"code": "MDM", "event": "T02", "version": "2.6", **changes})  # type: ignore[arg-type]


def value(message: bytes, segment: str, *numbers: int) -> str:
    """One value of *message*, by field, component."""
    found = er7.parse(message).first(segment)
    return found.text(*numbers) if found else ""


@dataclass
class Recorder:
    """An accept that keeps what it is given, in order."""

    events: list[Event] = field(default_factory=list)
    before: Callable[[Event], None] = lambda event: None
    arrivals: list[Arrival | None] = field(default_factory=list)

    def __call__(self, events: Sequence[Event], arrival: Arrival | None = None, **rest: Any) -> tuple[Receipt, ...]:
        for event in events:
            self.before(event)
        rest.get("turn", NO_TURN).wait()
        self.events += events
        self.arrivals.append(arrival)
        return tuple(Receipt(report_id=f"report-{len(self.events)}", duplicate=False) for _ in events)


def answer(message: bytes, accept: Callable[[Event], Receipt]) -> bytes | None:
    """The acknowledgement of *message* where *accept* keeps each of its events, or refuses it."""

    def every(events: Sequence[Event], arrival: Arrival | None = None, **rest: Any) -> tuple[Receipt, ...]:
        return tuple(receipt for event in events for receipt in _receipts(accept, event))

    reception = Reception(every, SystemClock())
    return reception.answer(message, reception.meeting(Admission(), "test"))


def _receipts(accept: Any, event: Event) -> tuple[Receipt, ...]:
    if isinstance(accept, Recorder):
        return accept((event,))
    receipt: Receipt = accept(event)
    return (receipt,)


@contextmanager
def listening(accept: AcceptAll, **settings: object) -> Iterator[Listener]:
    """A listener on a free port of loopback, in a thread of its own; *reception* instead of one around *accept*."""
    reception = settings.pop("reception", None) or Reception(accept, SystemClock())
    ready = threading.Event()
    made: list[Listener] = []

    def started(listener: Listener) -> None:
        made.append(listener)
        ready.set()

    chosen = ListenerSettings(**{"port": 0, **settings})  # type: ignore[arg-type]
    thread = threading.Thread(target=run, args=(chosen, reception), kwargs={"started": started})
    thread.start()
    try:
        assert ready.wait(10)
        yield made[0]
    finally:
        if made:
            made[0].request_stop()
        thread.join(30)
        assert not thread.is_alive()


class Peer:
    """A raw connection: writes any bytes, reads whole answers."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._framer = mllp.Framer()
        self._events: list[mllp.Event] = []

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self) -> bytes:
        """The next answer; empty when the other side closed."""
        while not self._events:
            data = self.socket.recv(65536)
            if not data:
                return b""
            self._events += self._framer.receive(data)
        event = self._events.pop(0)
        assert isinstance(event, mllp.Block)
        return event.content

    def exchange(self, message: bytes) -> bytes:
        self.write(mllp.frame(message))
        return self.read()
