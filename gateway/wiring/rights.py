"""What the registries say of an examination when its link is opened: whether they offer it, and under which masks.

Asked by reference id (ITI-18) in the patient's own name at each registry that has the report. A registry that is away,
or slow, has no say: what the RIS stated holds then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from gateway.errors import GatewayError
from gateway.flow.ports import Clock
from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_STUDY
from gateway.model.rights import MASKS, Standing
from gateway.model.share import Deed, KnownExam, ShareState

if TYPE_CHECKING:
    from gateway.wiring.house import House

_GOOD_FOR = timedelta(seconds=60)
_REMEMBERED = 2048
_THREADS = 4
_SHARES = 50

log = structlog.get_logger(__name__)


class RegistryAnswers:
    """Answers of the registries, each good for a minute; a link waits for one no longer than *wait_s*."""

    def __init__(self, ask: Callable[[KnownExam], Standing], clock: Clock, wait_s: float) -> None:
        """*ask*: raises GatewayError when no registry could be asked."""
        self._ask = ask
        self._clock = clock
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[datetime, Future[Standing]]] = {}
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="registry-answers")

    def __call__(self, exam: KnownExam) -> Standing:
        key = (exam.report_id, exam.study_uid)
        now = self._clock.now()
        with self._lock:
            asked_at, answer = self._known.get(key, (None, None))
            if answer is None or asked_at is None or not timedelta(0) <= now - asked_at < _GOOD_FOR:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                answer = self._pool.submit(self._ask, exam)
                self._known[key] = (now, answer)
        try:
            return answer.result(self._wait_s)
        except (TooLate, CancelledError):
            log.warning("rights.registry_late")
            # What has not begun would be asked when nobody waits for it, before what somebody waits for then.
            if answer.cancel():
                with self._lock:
                    if self._known.get(key, (None, None))[1] is answer:
                        del self._known[key]
        except GatewayError as error:
            log.warning("rights.registry_away", code=error.code)
            with self._lock:
                self._known.pop(key, None)
        return Standing()

    def close(self) -> None:
        """Wait for nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def asked_now(house: House, exam: KnownExam) -> Standing:
    """Ask each registry that has registered the report; raises GatewayError when one of them cannot be asked."""
    from gateway.xds.forms import reference

    shares = [one.share for one in house.store.overviews(limit=_SHARES, report_id=exam.report_id)]
    registered = [one for one in shares if one.deed is Deed.PUBLISH and one.state is ShareState.SHARED]
    if not registered:
        return Standing()
    sought = reference(exam.accession, REFERENCE_ACCESSION).cxi()
    masks: set[str] = set()
    offered = False
    for share in registered:
        destination, patient_id = house.destinations[share.destination], house.store.frozen(share.id).patient_id
        for entry in destination.find_by_reference(patient_id, [sought]):
            of_study = any(r.type_code == REFERENCE_STUDY and r.value == exam.study_uid for r in entry.reference_ids)
            if entry.unique_id == exam.report.unique_id or of_study:
                offered = True
                masks |= {code.code for code in entry.confidentiality_codes} & MASKS
    return Standing(offered=offered, masks=frozenset(masks))
