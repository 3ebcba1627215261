"""PACS, as the stories and the viewers see them: what a study consists of, and its images."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Protocol

from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from gateway.model.image import Frame, RenderedFrame, Rendering, StoredFrame, StoredInstance


class Pacs(Protocol):
    """One PACS."""

    def study(self, study_uid: str) -> Exam | None:
        """The study with its series and instances, or None when the PACS surely does not have it.

        Raises PeerUnreachable, PeerRefused, PeerMisbehaved; an answer that was lost is never None.
        """

    def echo(self) -> None:
        """C-ECHO; raises as :meth:`study`."""


class InstanceReading(Protocol):
    """The instances of a series or study on their way; to be closed by who reads, at the end or before."""

    def __iter__(self) -> Iterator[StoredInstance]:
        """Each once, in the order of arrival. After the last that came, raises what the transfer ended with."""

    def close(self) -> None:
        """Leave; what nobody reads any more is ended."""


class Images(Protocol):
    """Where images come from.

    All raise PeerUnreachable, PeerRefused, PeerMisbehaved, NotSupportedYet (a codec we lack), InputRejected (no such
    instance, no such frame).
    """

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        """Frame *number* (from 1), uncompressed."""

    def stored_frame(
        self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int
    ) -> StoredFrame:
        """Frame *number* (from 1) as it is kept: its compressed bitstream, or native pixels."""

    def rendered(
        self,
        study_uid: str,
        series_uid: str,
        sop_class_uid: str,
        sop_instance_uid: str,
        number: int,
        wanted: Rendering,
    ) -> RenderedFrame:
        """Frame *number* (from 1) as a picture."""

    def instance(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> StoredInstance:
        """The whole instance as it is kept."""

    def document(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> RenderedFrame:
        """The document (PDF) or the film (MPEG) inside an instance, with its media type."""

    def bulk(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, tag: int) -> bytes:
        """The value of one attribute of an instance, as it is encoded."""

    def begin(self, exam: Exam, series_uid: str) -> None:
        """Have the series come in the background: one of its images has been shown."""

    def read(self, exam: Exam, series_uid: str = "") -> InstanceReading:
        """Every instance of the series, or of the study, as it comes; each is of this study and in *exam*'s list."""

    def whole(self, exam: Exam, series_uid: str = "") -> Sequence[StoredInstance] | None:
        """Every instance at once where all of them are in memory."""

    def headers(self, exam: Exam, series_uid: str) -> Sequence[Mapping[str, Any]]:
        """The headers of the series' instances in the DICOM JSON model (PS3.18 annex F)."""

    def sent_as(
        self, instance: StoredInstance, acceptable: Container[str], identity: Identifier | None = None
    ) -> StoredInstance:
        """*instance* in one of the transfer syntaxes *acceptable*, with *identity* among its Other Patient IDs."""
