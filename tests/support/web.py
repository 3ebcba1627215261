"""A web to test with: doubles of the ports, a drawn examination, and servers on loopback in threads."""

from __future__ import annotations

import hashlib
import math
import socket
import ssl
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.serving import WSGIRequestHandler, make_server

from gateway.demo.identity_provider import PROFESSIONALS, IdentityProviderSettings
from gateway.demo.identity_provider import create_app as create_provider
from gateway.dicom.pixels.render import rendered
from gateway.errors import InputRejected
from gateway.flow.consult import Consulting
from gateway.flow.events import Event
from gateway.model.access import Handle, LoginAttempt, Person, Session
from gateway.model.audit import AuditEvent
from gateway.model.exam import Exam, Instance, Series
from gateway.model.identifiers import Identifier
from gateway.model.image import Frame, RenderedFrame, Rendering
from gateway.model.link import Asked, Led, names_accession, national_url
from gateway.model.people import Patient
from gateway.model.rights import OPEN, BrokenGlass, ExamFacts, Policy
from gateway.model.share import KnownExam, Receipt, Share, ShareOverview, ShareState, StoredReport
from gateway.settings.access import PatientClaimsTable
from gateway.web.app import IntakeKey, WebParts, WebSettings, create_app
from gateway.web.openid.claims import PatientClaims
from gateway.web.openid.client import OpenIdConnect, OpenIdSettings
from gateway.web.tokens import new_token
from tests.support.console import Acts, MemoryOverview, console_parts

STUDY = "1.2.250.1.999.5.1"
ACCESSION = Identifier("1.2.250.1.999.1.2", "SC26031204")
REPORT = Identifier("1.2.250.1.999.1.8.1")
MASKED_STUDY = "1.2.250.1.999.5.2"
MASKED_ACCESSION = Identifier("1.2.250.1.999.1.2", "SC26031205")
REFERRER, RADIOLOGIST = PROFESSIONALS
SECRET = "demonstration client secret"
KEY = "k" * 43
OTHER_KEY = "o" * 43
PLATFORM_KEY = "a-key-of-a-reading-platform"
CT, MR, US, SR = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.88.22",
)
PATIENT = Patient(
    identifiers=(Identifier("1.2.250.1.213.1.4.10", "281112915104759"),),
    birth_family="KERMARREC-LEFÈVRE",
    birth_given="ZOÉ",
    birth_date="19811109",
    sex="F",
    birth_place="29151",
)
NOW = datetime(2026, 3, 12, 11, 0, tzinfo=UTC)


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class MemorySessions:
    """gateway.flow.ports.Sessions in memory."""

    def __init__(self) -> None:
        self.attempts: dict[str, LoginAttempt] = {}
        self.sessions: dict[str, Session] = {}
        self.handles: dict[str, Handle] = {}
        self.events: list[AuditEvent] = []
        self.glass: list[BrokenGlass] = []
        self.lock = threading.Lock()

    def begin(self, attempt: LoginAttempt) -> None:
        with self.lock:
            self.attempts[attempt.state] = attempt

    def finish(self, state: str) -> LoginAttempt | None:
        with self.lock:
            return self.attempts.pop(state, None)

    def open(self, session: Session, events: Iterable[AuditEvent]) -> None:
        with self.lock:
            self.sessions[session.id] = session
            self.events.extend(events)

    def session(self, session_id: str, now: datetime, idle_s: float, hard_s: float) -> Session | None:
        with self.lock:
            found = self.sessions.get(session_id)
            if found is None or now - found.seen_at >= timedelta(seconds=idle_s):
                return None
            if now - found.created_at >= timedelta(seconds=hard_s):
                return None
            self.sessions[session_id] = replace(found, seen_at=now)
            return found

    def close(self, session_id: str, events: Iterable[AuditEvent]) -> None:
        with self.lock:
            self.sessions.pop(session_id, None)
            self.events.extend(events)

    def change(self, session: Session, events: Iterable[AuditEvent]) -> bool:
        with self.lock:
            if session.id not in self.sessions:
                return False
            self.sessions[session.id] = session
            self.events.extend(events)
            return True

    def refresh_due(self, session_id: str, now: datetime, again: datetime) -> bool:
        with self.lock:
            found = self.sessions.get(session_id)
            if found is None or found.refresh_at is None or found.refresh_at > now:
                return False
            self.sessions[session_id] = replace(found, refresh_at=again)
            return True

    def living(self, now: datetime, idle_s: float, hard_s: float, limit: int) -> Sequence[Session]:
        with self.lock:
            return list(self.sessions.values())[:limit]

    def end(
        self, *, provider_session: str = "", subject_key: str = "", before: datetime, events: Iterable[AuditEvent]
    ) -> int:
        with self.lock:
            ended = [
                one.id
                for one in self.sessions.values()
                if one.created_at < before
                and (not provider_session or one.provider_session == provider_session)
                and (not subject_key or one.subject_key == subject_key)
            ]
            for session_id in ended if provider_session or subject_key else ():
                del self.sessions[session_id]
            self.events.extend(events if ended else ())
            return len(ended)

    def broke(self, use: BrokenGlass, events: Iterable[AuditEvent]) -> None:
        with self.lock:
            self.glass.append(use)
            self.events.extend(events)

    def broken(self, session_id: str, patient_keys: Iterable[str]) -> bool:
        keys = set(patient_keys)
        return bool(keys) and keys <= {one.patient_key for one in self.glass if one.session_id == session_id}

    def uses(self, limit: int) -> Sequence[BrokenGlass]:
        return self.glass[::-1][:limit]

    def name(self, handle: Handle, events: Iterable[AuditEvent]) -> None:
        with self.lock:
            self.handles[handle.id] = handle
            self.events.extend(events)

    def handle(self, handle_id: str, session_id: str, not_before: datetime) -> Handle | None:
        found = self.handles.get(handle_id)
        if found is None or found.session_id != session_id or found.created_at < not_before:
            return None
        return found


@dataclass
class MemoryStore:
    """The part of gateway.flow.ports.Store that the web uses."""

    exams: list[KnownExam] = field(default_factory=list)
    reports: dict[str, StoredReport] = field(default_factory=dict)
    shares: list[ShareOverview] = field(default_factory=list)
    events: list[AuditEvent] = field(default_factory=list)

    asked: list[Asked] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    """Ids of reports."""

    def led(self, asked: Asked) -> Sequence[Led]:
        self.asked.append(asked)
        return [
            Led(one, () if one.report_id in self.withdrawn else (one,))
            for one in self.exams
            if one.study_uid in asked.studies
            or any(names_accession(number, one.accession) for number in asked.accessions)
            or set(asked.patients) & set(one.facts.patient.identifiers)
        ]

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)

    def report(self, report_id: str) -> StoredReport:
        if report_id not in self.reports:
            raise InputRejected("report_unknown")
        return self.reports[report_id]

    def overviews(self, *, limit: int, states: Sequence[str] = (), report_id: str = "") -> Sequence[ShareOverview]:
        found = [
            one
            for one in self.shares
            if (not states or one.share.state in states) and (not report_id or one.share.report_id == report_id)
        ]
        return found[:limit]


def exam() -> Exam:
    """A CT of 24 slices (stored out of order), an MR, a colour ultrasound loop, and a report that is no picture."""
    return Exam(
        study_uid=STUDY,
        patient_name="KERMARREC-LEFÈVRE^ZOÉ",
        patient_birth_date="19811109",
        patient_sex="F",
        study_date="20260312",
        study_time="102500",
        description="Scanner thorax abdomen pelvis injecté",
        accession_number="SC26031204",
        series=(
            Series(series_uid="1.2.9", modality="SR", number=99, instances=(Instance(SR, "1.2.9.1", 1),)),
            Series(
                series_uid="1.2.2",
                modality="CT",
                number=2,
                description="Thorax injecté 1 mm",
                body_part="CHEST",
                instances=tuple(Instance(CT, f"1.2.2.{n}", n) for n in (*range(13, 25), *range(1, 13))),
            ),
            Series(
                series_uid="1.2.3",
                modality="MR",
                number=3,
                description="Coronal",
                instances=(Instance(MR, "1.2.3.1", 1),),
            ),
            Series(
                series_uid="1.2.4",
                modality="US",
                number=4,
                description="Échographie hépatique",
                instances=(Instance(US, "1.2.4.1", 1, 8), Instance(SR, "1.2.4.2", 2)),
            ),
        ),
    )


SIDE = 128


def drawn(number: int, kind: str = "CT") -> Frame:
    """A frame whose pixels are known: a bright square that moves with *number* on a body of soft tissue."""
    if kind == "US":
        return _colour(number)
    values = array("h" if kind == "CT" else "H")
    middle = (SIDE - 1) / 2
    for row in range(SIDE):
        for column in range(SIDE):
            value = -1000 if kind == "CT" else 0
            if math.hypot((column - middle) / 1.25, row - middle) < SIDE * 0.36:
                value = 40 if kind == "CT" else 600
                for side in (-1, 1):
                    if math.hypot((column - middle - side * 22) / 0.8, (row - middle + 6) / 1.3) < 17:
                        value = -820 if kind == "CT" else 150
            if square(row, column, number):
                value = 700 if kind == "CT" else 1200
            values.append(value + 1024 if kind == "CT" else value)
    return Frame(
        rows=SIDE,
        columns=SIDE,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=16,
        bits_stored=16 if kind == "CT" else 12,
        signed=kind == "CT",
        rescale_slope=1.0,
        rescale_intercept=-1024.0 if kind == "CT" else 0.0,
        windows=((40.0, 400.0),) if kind == "CT" else (),
        pixel_spacing=(0.7, 0.7),
        pixels=values.tobytes(),
    )


def square(row: int, column: int, number: int) -> bool:
    """Whether a pixel is in the bright square of frame *number* (from 1): one step of 4 columns a frame."""
    left = 8 + 4 * (number - 1)
    return 56 <= row < 72 and left <= column < left + 12


def _colour(number: int) -> Frame:
    pixels = bytearray()
    for row in range(64):
        for column in range(96):
            inside = math.hypot(column - 48, row - 4) < 52 and abs(column - 48) < row * 0.9 + 6
            grey = (40 + (row * 7 + column * 5 + number * 9) % 60) if inside else 0
            pixels += (
                bytes((200, 40, 30)) if 30 <= row < 36 and 30 + number <= column < 50 + number else bytes([grey] * 3)
            )
    return Frame(
        rows=64,
        columns=96,
        samples_per_pixel=3,
        photometric_interpretation="RGB",
        bits_allocated=8,
        bits_stored=8,
        signed=False,
        pixels=bytes(pixels),
    )


_DIRECTIONS: dict[str, dict[str, object]] = {
    "CT": {"00200037": {"vr": "DS", "Value": [1, 0, 0, 0, 1, 0]}},
    "MR": {"00200020": {"vr": "CS", "Value": ["L", "FP"]}},
}
"""Where the patient's sides lie in the pictures."""


class DrawnImages:
    """gateway.flow.ports.Images that draws; set ``fails`` to make it raise."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.fails: Exception | None = None
        self.made: dict[tuple[str, int], Frame] = {}

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        self.asked.append((sop_instance_uid, number))
        if self.fails is not None:
            raise self.fails
        kind = {CT: "CT", MR: "MR", US: "US"}[sop_class_uid]
        place = number if kind == "US" else int(sop_instance_uid.rpartition(".")[2])
        if (kind, place) not in self.made:
            self.made[kind, place] = drawn(place, kind)
        return self.made[kind, place]

    def begin(self, exam: Exam, series_uid: str) -> None:
        """Nothing is fetched ahead here."""

    def rendered(
        self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int, wanted: Rendering
    ) -> RenderedFrame:
        return rendered(self.frame(study_uid, series_uid, sop_class_uid, sop_instance_uid, number), wanted)

    def headers(self, exam: Exam, series_uid: str) -> list[dict[str, object]]:
        (series,) = (one for one in exam.series if one.series_uid == series_uid)
        return [
            {
                "00080018": {"vr": "UI", "Value": [instance.sop_instance_uid]},
                "00100010": {"vr": "PN", "Value": [{"Alphabetic": exam.patient_name}]},
                "00080060": {"vr": "CS", "Value": [series.modality]},
                "00280030": {"vr": "DS", "Value": [0.7, 0.7]},
                **_DIRECTIONS.get(series.modality, {}),
            }
            for instance in series.instances
        ]


def known(study: str = STUDY, accession: Identifier = ACCESSION, masked: frozenset[str] = frozenset()) -> KnownExam:
    return KnownExam(
        report_id="report-1",
        site="nord",
        study_uid=study,
        accession=accession,
        report=REPORT,
        patient_cx="281112915104759^^^&1.2.250.1.213.1.4.10&ISO^NH",
        masked=masked,
        authors=frozenset({RADIOLOGIST.identifier}),
        facts=ExamFacts(patient=PATIENT, type_code="18748-4"),
    )


def overview(state: ShareState, number: int, reason: str = "", **facts: str) -> ShareOverview:
    """A share of report ``report-<number>``."""
    moment = NOW - timedelta(minutes=7 * number)
    share = Share(
        id=f"share-{number}",
        report_id=f"report-{number}",
        site="nord",
        destination="dmp",
        lineage=f"report-{number}",
        state=state,
        due_at=moment,
        created_at=moment,
        updated_at=moment,
        attempts=number % 3,
        reason=reason,
        facts=facts,
        registered_at=moment + timedelta(seconds=42) if state is ShareState.SHARED else None,
    )
    return ShareOverview(
        share=share,
        accession_numbers=(f"SC2603120{number}",),
        study_uids=(f"2.25.27116034968330254471{number}0045872165",),
        report_unique_id=REPORT.unique_id,
        received_at=moment,
        modalities=(("CT",), ("MR",), ("CT", "PT"))[number % 3],
        sequence=1000 - number,
    )


@dataclass
class Site:
    """Everything a test may look at or change."""

    parts: WebParts
    store: MemoryStore
    sessions: MemorySessions
    images: DrawnImages
    found: dict[str, Any]
    received: list[Event]
    url: str
    provider_url: str
    overview: MemoryOverview
    acts: Acts

    @property
    def link(self) -> str:
        return national_url(self.url, STUDY, ACCESSION, REPORT)

    def events(self) -> list[AuditEvent]:
        return self.store.events + self.sessions.events


def build(
    folder: Path,
    url: str,
    provider_url: str,
    clock: Any = None,
    policy: Policy = OPEN,
    login_options: dict[str, Any] | None = None,
    patients: bool = False,
    **settings: Any,
) -> Site:
    """The parts of a web at *url* that logs in at *provider_url*."""
    store, sessions, images = MemoryStore(exams=[known()]), MemorySessions(), DrawnImages()
    store.exams.append(known(MASKED_STUDY, MASKED_ACCESSION, frozenset({"MASQUE_PS"})))
    overview, acts = MemoryOverview(lambda: store.shares), Acts(lambda: store.shares)
    secret = folder / "client-secret"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    found: dict[str, Any] = {"exam": exam()}
    received: list[Event] = []
    clock = clock or SystemClock()

    def look_up(site: str, study_uid: str) -> Exam | None:
        answer = found["exam"]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    def accept(event: Event) -> Receipt:
        received.append(event)
        if isinstance(found.get("accept"), Exception):
            raise found["accept"]
        return Receipt(report_id="report-1", duplicate=len(received) > 1)

    keys = (
        IntakeKey(name="ris", sha256_hex=hashlib.sha256(KEY.encode()).hexdigest(), site="nord"),
        IntakeKey(name="other", sha256_hex=hashlib.sha256(OTHER_KEY.encode()).hexdigest(), site="sud"),
        IntakeKey(name="tlr", sha256_hex=hashlib.sha256(PLATFORM_KEY.encode()).hexdigest(), platform="lecture"),
    )
    chosen = {"intake_keys": keys, "neutral_s": 0.0, **settings}
    login = OpenIdConnect(
        OpenIdSettings(
            issuer=provider_url,
            client_id="gateway",
            client_secret_file=secret,
            administrators=frozenset({RADIOLOGIST.identifier}),
            **(login_options or {}),
        ),
        clock,
    )
    patient_settings = OpenIdSettings(
        issuer=provider_url,
        client_id="gateway-patients",
        client_secret_file=secret,
        patients=PatientClaims(**PatientClaimsTable().model_dump()),
    )
    parts = WebParts(
        settings=WebSettings(public_url=url, **chosen),
        store=store,  # type: ignore[arg-type]
        sessions=sessions,
        clock=clock,
        login=login,
        patient_login=OpenIdConnect(patient_settings, clock) if patients else None,
        consulting=Consulting(exams=store, policy=policy),
        exams=look_up,
        images=lambda site: images,
        accept=accept,
        console=console_parts(overview, acts),
    )
    return Site(parts, store, sessions, images, found, received, url, provider_url, overview, acts)


def sign_in(site: Site, identifier: str = REFERRER.identifier, roles: frozenset[str] = frozenset()) -> str:
    """A session without a provider; gives the token of its cookie."""
    token = new_token()
    now = site.parts.clock.now()
    person = Person(subject=f"f:demo:{identifier}", issuer="i", identifier=identifier, name="Zoé Test", roles=roles)
    site.sessions.open(
        Session(
            id=hashlib.sha256(token.encode()).hexdigest(),
            person=person,
            csrf_token="c" * 43,
            created_at=now,
            seen_at=now,
        ),
        [],
    )
    return token


class Quiet(WSGIRequestHandler):
    """No log lines, and answers under HTTP/1.1."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None: ...  # noqa: A002 - the name of the base class


def bound_socket() -> socket.socket:
    """A listening socket on a free port of loopback."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    return sock


@contextmanager
def serving(application: WSGIApplication, sock: socket.socket, tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """Serve *application* on *sock* in threads, under TLS where *tls* is given; all have ended at the end."""
    server = make_server(
        "127.0.0.1",
        sock.getsockname()[1],
        application,
        threaded=True,
        request_handler=Quiet,
        ssl_context=tls,
        fd=sock.fileno(),
    )
    server.daemon_threads = True
    sock.close()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running(
    folder: Path,
    wrap: Callable[[Site], WSGIApplication] | None = None,
    provided: dict[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Site]:
    """The web and the demo's identity provider, both on loopback; *provided*: settings of the provider."""
    web, provider = bound_socket(), bound_socket()
    url = f"http://127.0.0.1:{web.getsockname()[1]}"
    provider_settings = IdentityProviderSettings(
        port=provider.getsockname()[1],
        client_secret=SECRET,
        redirect_uris=(f"{url}/login/callback",),
        signed_out_uris=(f"{url}/signed-out",),
        logout_uris={
            "gateway": f"{url}/login/back-channel",
            "gateway-patients": f"{url}/login/back-channel/patients",
        },
        **(provided or {}),
    )
    site = build(folder, url, provider_settings.issuer, **settings)
    application = wrap(site) if wrap else create_app(site.parts)
    with serving(create_provider(provider_settings), provider), serving(application, web):
        yield site
