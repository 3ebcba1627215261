"""Forward: a kept message of the relay gets to the other end, once what it says was checked and completed.

    waiting -> (a complement is compared with the PACS and completed) what leaves is fixed -> sending -> delivered
                                                                 refused by the other end, or contradicted -> held

A message is tried until the other end acknowledges it, with growing delays; an acknowledgement that was lost makes it
leave twice, with the same bytes and the same control id. Nothing here touches a socket, a file or a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import structlog

from gateway.errors import GatewayError, InputRejected, Mismatch, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow import agree
from gateway.flow.patience import Patience
from gateway.flow.ports import Blobs, Clock, Line, Pacs, RelayStore, Wording
from gateway.flow.relay_states import Happening, Refused, after
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.codes import SNOMED_CT, Code
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier, is_safe_key
from gateway.model.link import PATH
from gateway.model.relay import (
    Addition,
    DeliveryState,
    Direction,
    Examination,
    Flow,
    LineAnswer,
    Platform,
    RelayMessage,
    RelayRequest,
    Told,
)
from gateway.model.site import Site

log = structlog.get_logger(__name__)

NO_IMAGES = frozenset({"PR", "KO", "SR", "DOC", "AU", "REG", "SEG", "RTSTRUCT", "RTPLAN"})
"""Modalities of series that no apparatus made."""


@dataclass(frozen=True, kw_only=True)
class Forwarding:
    """How messages leave, with what that needs."""

    store: RelayStore
    blobs: Blobs
    clock: Clock
    sites: Mapping[str, Site]
    platforms: Mapping[str, Platform]
    platform_lines: Mapping[str, Line]
    site_lines: Mapping[str, Line]
    pacs: Mapping[str, Pacs]
    wording: Wording
    regions: Mapping[str, Sequence[str]]
    """Codes of anatomical regions (SNOMED CT) by Body Part Examined, where the site's own table says nothing."""
    patience: Patience

    def carry(self, message: RelayMessage) -> RelayMessage:
        """Take a claimed message as far as it goes now, and give it back to the store.

        Every failure of a peer ends in a saved state; only Unavailable (our own store) and bugs come out.
        """
        request = self.store.request(message.request_id)
        if message.state is DeliveryState.WAITING:
            message = self._prepare(message, request)
        if message.lease and message.state is DeliveryState.SENDING:
            message = self._send(message, request)
        return message

    def take_up(self, message_id: str, actor: str) -> RelayMessage:
        """A person has put right what held a message: it is prepared and sent anew.

        Raises InputRejected (``relay_not_held``, ``relay_message_unknown``).
        """
        return self._by_hand(message_id, Happening.TAKEN_UP, "relay.taken_up", actor)

    def give_up(self, message_id: str, actor: str) -> RelayMessage:
        """A person decides that a held message is not sent; those behind it go on. Raises as :meth:`take_up`."""
        return self._by_hand(message_id, Happening.GIVEN_UP, "relay.given_up", actor)

    def _by_hand(self, message_id: str, happening: Happening, action: str, actor: str) -> RelayMessage:
        message = self.store.message(message_id)
        now = self.clock.now()
        try:
            moved = _moved(message, happening, now, due=now)
        except Refused:
            raise InputRejected("relay_not_held", state=message.state.value) from None
        if happening is Happening.TAKEN_UP:
            moved = replace(moved, outgoing="", answer="")
        self.store.save(moved, [replace(_about(action, moved), actor=actor)])
        return moved

    # .. what leaves

    def _prepare(self, message: RelayMessage, request: RelayRequest) -> RelayMessage:
        content = self.blobs.get(message.digest)
        platform = self.platforms.get(request.platform)
        if platform is None:
            return self._hold(message, Happening.MISMATCH, Mismatch("relay_platform_gone", platform=request.platform))
        try:
            outgoing = content
            if message.flow is Flow.COMPLEMENT:
                outgoing = self._complemented(content, request, platform)
        except (PeerUnreachable, PeerRefused, PeerMisbehaved) as error:
            return self._wait(message, platform, error)
        except NotThere as error:
            return self._wait(message, platform, error.mismatch)
        except (Mismatch, InputRejected) as error:
            return self._hold(message, Happening.MISMATCH, error)
        now = self.clock.now()
        outgoing = self.wording.sendable(outgoing)
        digest = message.digest if outgoing == content else self.blobs.put(outgoing)
        moved = replace(_moved(message, Happening.READY, now, due=now), outgoing=digest)
        self.store.save(moved, [], release=False)
        return moved

    def _complemented(self, content: bytes, request: RelayRequest, platform: Platform) -> bytes:
        """Raises Mismatch, InputRejected (a person must look), NotThere and those of the PACS (later)."""
        heard = self.wording.told(content)
        site = self.sites[request.site]
        additions = [
            self._addition(position, done, heard, site, platform) for position, done in enumerate(heard.examinations)
        ]
        additions = [each for each in additions if each != Addition(position=each.position)]
        if not additions or not heard.profile.startswith("tlr-"):
            return content
        outgoing = self.wording.complemented(content, additions)
        wrong = self.wording.refusal(outgoing)
        if wrong is not None:
            raise wrong
        return outgoing

    def _addition(self, position: int, done: Examination, heard: Told, site: Site, platform: Platform) -> Addition:
        exam = self._exam(done, heard, site) if platform.check_pacs else None
        wanted = platform.viewer_url == "always" or (platform.viewer_url == "missing" and not done.has_viewer)
        return Addition(
            position=position,
            viewer_url=partial_url(site, done) + platform.viewer_url_end if wanted else "",
            modalities=_modalities(exam) if exam and not done.has_modality else (),
            regions=self._regions(exam, site) if exam and not done.has_region else (),
        )

    def _exam(self, done: Examination, heard: Told, site: Site) -> Exam:
        if not is_safe_key(done.study_uid):
            raise Mismatch("relay_study_wrong", study=done.study_uid[:64])
        exam = self.pacs[site.pacs].study(done.study_uid)
        if exam is None:
            raise NotThere(Mismatch("study_absent", study=done.study_uid))
        theirs = Identifier(exam.accession_issuer or site.accession_issuer, exam.accession_number)
        stated = Identifier(done.accession.root or site.accession_issuer, done.accession.extension)
        if done.accession.extension and theirs != stated:
            raise Mismatch(
                "relay_accession_differs",
                study=done.study_uid,
                message=stated.unique_id,
                pacs=theirs.unique_id,
            )
        if heard.patient is not None:
            agree.same_patient(heard.patient, exam, site)
        return exam

    def _regions(self, exam: Exam, site: Site) -> tuple[tuple[str, str], ...]:
        own = {part.strip().upper(): code for part, code in site.region_by_body_part.items()}
        parts = dict.fromkeys(series.body_part.strip().upper() for series in exam.series)
        found: dict[str, Code] = {}
        for part in parts:
            if part in own:
                found.setdefault(own[part].code, own[part])
            else:
                for code in self.regions.get(part, ()):
                    found.setdefault(code, Code(code, SNOMED_CT))
        return tuple((code.code, code.display) for code in found.values())

    # .. it leaves

    def _send(self, message: RelayMessage, request: RelayRequest) -> RelayMessage:
        line = self._line(message, request)
        platform = self.platforms.get(request.platform)
        if line is None or platform is None:
            return self._hold(message, Happening.REFUSED, Mismatch("relay_platform_gone", platform=request.platform))
        try:
            answer = line.send(self.blobs.get(message.outgoing))
        except (PeerUnreachable, PeerRefused, PeerMisbehaved) as error:
            return self._unanswered(message, platform, error)
        except InputRejected as error:
            return self._hold(message, Happening.REFUSED, error)
        if answer.taken:
            return self._delivered(message, answer)
        facts = {"answer": answer.code or "-", "words": answer.words}
        if answer.later:
            return self._unanswered(message, platform, PeerUnreachable("relay_asked_later", **facts))
        refused = PeerRefused("relay_refused", **facts)
        return self._hold(replace(message, answer=answer.code), Happening.REFUSED, refused)

    def _line(self, message: RelayMessage, request: RelayRequest) -> Line | None:
        if message.direction is Direction.TO_PLATFORM:
            return self.platform_lines.get(request.platform)
        return self.site_lines.get(request.site)

    def _delivered(self, message: RelayMessage, answer: LineAnswer) -> RelayMessage:
        now = self.clock.now()
        moved = _moved(message, Happening.ACKNOWLEDGED, now, due=now)
        moved = replace(moved, delivered_at=now, answer=answer.code)
        self.store.save(moved, [_about("relay.delivered", moved)])
        return replace(moved, lease="")

    def _unanswered(self, message: RelayMessage, platform: Platform, error: GatewayError) -> RelayMessage:
        now = self.clock.now()
        if self._is_late(message, platform, now):
            return self._hold(message, Happening.TOO_LATE, error)
        moved = _moved(
            message, Happening.UNANSWERED, now,
            due=self.patience.try_again(now, message.attempts), attempts=message.attempts + 1, error=error,
        )  # fmt: skip
        self.store.save(moved, [])
        return replace(moved, lease="")

    def _wait(self, message: RelayMessage, platform: Platform, error: GatewayError) -> RelayMessage:
        now = self.clock.now()
        if self._is_late(message, platform, now):
            return self._hold(message, Happening.TOO_LATE, error)
        due = max(self.patience.try_again(now, message.attempts), now + timedelta(seconds=1))
        moved = _moved(message, Happening.NOT_YET, now, due=due, attempts=message.attempts + 1, error=error)
        self.store.save(moved, [])
        return replace(moved, lease="")

    def _is_late(self, message: RelayMessage, platform: Platform, now: datetime) -> bool:
        """By the clock and by the tries: one that is set forward holds nothing early."""
        tried_s = (message.attempts + 1) * 2 * self.patience.retry_longest_s
        return now - message.created_at > timedelta(seconds=platform.deadline_s) and tried_s >= platform.deadline_s

    def _hold(self, message: RelayMessage, happening: Happening, error: GatewayError) -> RelayMessage:
        now = self.clock.now()
        moved = _moved(message, happening, now, due=now, error=error)
        self.store.save(moved, [_about("relay.held", moved, outcome=Outcome.SERIOUS_FAILURE)])
        return replace(moved, lease="")


class NotThere(Exception):
    """The PACS does not have the study yet."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(mismatch.code)
        self.mismatch = mismatch


def partial_url(site: Site, done: Examination) -> str:
    """The viewer URL without the report's identifier, which the platform puts behind it (flow 4).

    Source: CI-SIS "Téléradiologie", URL_PARTIELLE_VIEWER: address, service, Study Instance UID, accession number.
    """
    accession = Identifier(done.accession.root or site.accession_issuer, done.accession.extension)
    said = [("requestType", "STUDY"), ("studyUID", done.study_uid), ("Accessionnumber", accession.dotted)]
    return f"{site.public_url.rstrip('/')}{PATH}?{urlencode(said, quote_via=quote)}"


def _modalities(exam: Exam) -> tuple[tuple[str, str], ...]:
    """One: the guide has room for one of an examination; that of most series goes first."""
    found = [series.modality for series in exam.series if series.modality and series.modality not in NO_IMAGES]
    ordered = sorted(dict.fromkeys(found), key=lambda code: -found.count(code))
    return tuple((code, code) for code in ordered[:1])


def _moved(
    message: RelayMessage,
    happening: Happening,
    now: datetime,
    *,
    due: datetime,
    attempts: int = 0,
    error: GatewayError | None = None,
) -> RelayMessage:
    return replace(
        message,
        state=after(message.state, happening),
        due_at=due,
        updated_at=now,
        attempts=attempts,
        reason=error.code if error else "",
        facts=dict(error.facts) if error else {},
    )


def _about(action: str, message: RelayMessage, *, outcome: Outcome = Outcome.SUCCESS) -> AuditEvent:
    facts = {"message": message.id, "request": message.request_id, "flow": message.flow.value}
    if message.reason:
        facts["reason"] = message.reason
    return AuditEvent(action=action, actor="gateway", outcome=outcome, facts=facts)
