"""``gateway reconcile``: PACS, store and registry compared, for every share; every difference is told.

Nothing is changed. Peers are asked slowly, and one that does not answer is a line of the answer, not its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog

from gateway.errors import GatewayError, Unavailable
from gateway.model.document import REFERENCE_ACCESSION, DocumentEntry, Status
from gateway.model.share import ShareState
from gateway.store import comparing
from gateway.store.comparing import Believed, Compared
from gateway.texts import sentence
from gateway.wiring.house import House
from gateway.xds.forms import reference
from gateway.xds.retrieval import same_hash

log = structlog.get_logger(__name__)

NOT_ASKED = "reconcile_not_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that two of the three do not say alike."""

    code: str
    """Key of the texts."""
    share: str
    site: str
    destination: str
    facts: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "difference": self.code.removeprefix("reconcile_"),
            "share": self.share,
            "site": self.site,
            "destination": self.destination,
            "facts": self.facts,
            "sentence": {language: sentence(self.code, self.facts, language) for language in ("fr", "en")},
        }


@dataclass(slots=True)
class Looked:
    """How much was compared so far."""

    shares: int = 0
    documents: int = 0
    studies: int = 0
    questions: int = 0
    not_asked: int = 0
    """Shares that could not be compared, because a peer or a file did not answer."""

    def as_json(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("shares", "documents", "studies", "questions", "not_asked")}


class Reconciliation:
    """One comparison of everything; iterate :meth:`differences`, then look at ``looked``."""

    def __init__(
        self,
        house: House,
        *,
        per_minute: float = 600.0,
        images: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*per_minute*: questions to peers at most; *images*: whether the PACS is asked too."""
        self.looked = Looked()
        self._house = house
        self._interval_s = 60.0 / per_minute
        self._images = images
        self._sleep = sleep
        self._monotonic = monotonic
        self._next = monotonic()
        self._studies: set[tuple[str, str]] = set()
        self._references: set[tuple[str, str]] = set()

    def differences(self) -> Iterator[Difference]:
        """Every difference, as it is found. Raises Unavailable when the store goes away."""
        for share in comparing.everything(self._house.engine):
            self.looked.shares += 1
            if share.destination not in self._house.destinations or share.site not in self._house.sites:
                yield self._unasked(share, "it is no longer in the settings")
                continue
            for part in (self._bytes, self._registered, self._extra, self._instances):
                try:
                    yield from part(share)
                except Unavailable:
                    raise
                except GatewayError as error:
                    log.warning("reconcile.not_asked", share=share.share_id, code=error.code)
                    yield self._unasked(share, sentence(error.code, error.facts, "en"))

    def _unasked(self, share: Compared, words: str) -> Difference:
        self.looked.not_asked += 1
        return self._difference(NOT_ASKED, share, words=words)

    def _ask(self) -> None:
        """Wait for the next question's turn."""
        self.looked.questions += 1
        wait_s = self._next - self._monotonic()
        if wait_s > 0:
            self._sleep(wait_s)
        self._next = max(self._next, self._monotonic()) + self._interval_s

    # -- the store itself

    def _bytes(self, share: Compared) -> Iterator[Difference]:
        for one in share.documents:
            self.looked.documents += 1
            if share.erased:
                continue
            try:
                self._house.blobs.get(one.document.digest)
            except Unavailable as error:
                if error.code not in ("store_blob_missing", "store_blob_damaged"):
                    raise
                yield self._difference("reconcile_bytes", share, document=one.document.unique_id)

    # -- the registry

    def _registered(self, share: Compared) -> Iterator[Difference]:
        wanted = [one.document.unique_id for one in share.documents] or [share.report_unique_id]
        self._ask()
        found = self._house.destinations[share.destination].registered(wanted)
        if not share.documents:
            if share.report_unique_id in found and share.state in (ShareState.WAITING, ShareState.HELD):
                yield self._difference("reconcile_unexpected", share, document=share.report_unique_id)
            return
        for one in share.documents:
            yield from self._document(share, one, found.get(one.document.unique_id))

    def _document(self, share: Compared, one: Believed, entry: DocumentEntry | None) -> Iterator[Difference]:
        unique_id = one.document.unique_id
        if entry is None:
            if one.current and not one.in_flux:
                yield self._difference("reconcile_missing", share, document=unique_id)
            return
        if entry.hash and not same_hash(entry.hash, one.document.hash):
            yield self._difference("reconcile_hash", share, document=unique_id)
        if one.in_flux or (entry.status == Status.APPROVED) == one.current:
            return
        expected = Status.APPROVED if one.current else Status.DEPRECATED
        yield self._difference(
            "reconcile_status", share, document=unique_id, found=_short(entry.status), expected=_short(expected)
        )

    def _extra(self, share: Compared) -> Iterator[Difference]:
        """What stands under the same accession number and is nobody's here."""
        if not share.patient_id:
            return
        issuer = self._house.sites[share.site].accession_issuer
        for accession in share.accessions:
            sought = reference(accession, REFERENCE_ACCESSION, issuer).cxi()
            key = (share.destination, f"{share.patient_id} {sought}")
            if key in self._references:
                continue
            self._references.add(key)
            self._ask()
            for entry in self._house.destinations[share.destination].find_by_reference(share.patient_id, [sought]):
                if not comparing.is_known(self._house.engine, entry.unique_id):
                    yield self._difference("reconcile_extra", share, document=entry.unique_id)

    # -- the PACS

    def _instances(self, share: Compared) -> Iterator[Difference]:
        for one in share.documents:
            study = one.document.study_uid
            key = (share.destination, study)
            if not self._images or not one.fingerprint or one.in_flux or key in self._studies:
                continue
            self._studies.add(key)
            self._ask()
            self.looked.studies += 1
            exam = self._house.everywhere[self._house.sites[share.site].pacs].study(study)
            facts = {"study": study, "document": one.document.unique_id}
            if exam is None or not exam.instances:
                yield self._difference("reconcile_study", share, **facts)
            elif exam.fingerprint != one.fingerprint:
                yield self._difference("reconcile_images", share, **facts)

    def _difference(self, code: str, share: Compared, **facts: str) -> Difference:
        return Difference(
            code=code,
            share=share.share_id,
            site=share.site,
            destination=share.destination,
            facts={"share": share.share_id, "destination": share.destination, **facts},
        )


def _short(status: str) -> str:
    return status.rpartition(":")[2]
