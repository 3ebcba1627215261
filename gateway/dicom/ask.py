"""Two ways to ask a PACS the same question: C-FIND on kept associations, and QIDO-RS.

Sources: DICOM PS3.4 section C.4.1, PS3.18 section 10.6.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from gateway.dicom import keys
from gateway.dicom.dicomweb import DicomWeb
from gateway.dicom.keys import Identifier
from gateway.dicom.network.association import SUCCESS
from gateway.dicom.network.pool import Pool
from gateway.dicom.network.proposal import QUERY
from gateway.dicom.settings import PacsSettings
from gateway.dicom.values import Header
from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, PeerUnreachable

T = TypeVar("T")

_TRANSIENT = frozenset({0x0110, 0xA700, 0xFE00})
"""Processing failure, out of resources, cancelled (PS3.7 annex C, PS3.4 table C.4-1): worth another try later."""


def failure(status: int, settings: PacsSettings, service: str) -> GatewayError:
    """The error for a final *status* other than Success."""
    family = PeerUnreachable if status in _TRANSIENT else PeerRefused
    return family("pacs_failed", pacs=settings.name, service=service, status=f"0x{status:04X}")


class Questions(Protocol):
    """How a PACS is asked."""

    def ask(self, identifier: Identifier, read: Callable[[Header], T]) -> list[T]:
        """What *read* makes of each answer to *identifier*; what it raises ends the query at once.

        Raises PeerUnreachable, PeerRefused, PeerMisbehaved.
        """


class FindQuestions:
    """By C-FIND."""

    def __init__(self, settings: PacsSettings, pool: Pool) -> None:
        self._settings = settings
        self._pool = pool

    def ask(self, identifier: Identifier, read: Callable[[Header], T]) -> list[T]:
        rows, status = self._pool.run(QUERY, lambda requestor: requestor.find(identifier, read))
        if status != SUCCESS:
            raise failure(status, self._settings, f"C-FIND {identifier.level}")
        return rows


class QidoQuestions:
    """By QIDO-RS."""

    def __init__(self, settings: PacsSettings, web: DicomWeb) -> None:
        self._settings = settings
        self._web = web

    def ask(self, identifier: Identifier, read: Callable[[Header], T]) -> list[T]:
        unique = dict(identifier.unique)
        study_uid, series_uid = unique[keys.STUDY_UID], unique.get(keys.SERIES_UID, "")
        parameters = [("includefield", f"{tag:08X}") for tag in identifier.returned]
        if identifier.level == "STUDY":
            path = "studies"
            parameters.insert(0, ("StudyInstanceUID", study_uid))
        elif identifier.level == "SERIES":
            path = f"studies/{study_uid}/series"
        else:
            path = (
                f"studies/{study_uid}/series/{series_uid}/instances" if series_uid else f"studies/{study_uid}/instances"
            )
        rows: list[T] = []
        while True:
            found, more = self._web.search(path, [*parameters, *([("offset", str(len(rows)))] if rows else [])])
            rows += [read(one) for one in found]
            if len(rows) > self._settings.answer_limit:
                raise PeerMisbehaved(
                    "pacs_too_many_answers", pacs=self._settings.name, limit=str(self._settings.answer_limit)
                )
            if not more or not found:
                return rows
