"""The link to the images: IHE Invoke Image Display (RAD-106), and its form in the French specification.

Sources: IHE RAD TF-2 4.106; IMG-CR-IMG 2024.01 technical specification, entry FR-DICOM-SOP-instance-observation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from gateway.model.identifiers import Identifier

if TYPE_CHECKING:
    from gateway.model.share import KnownExam  # the checkers of reports need a link and no share

PATH = "/IHEInvokeImageDisplay"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRequest:
    """``requestType=STUDY``: these studies, or those with these accession numbers."""

    study_uids: tuple[str, ...] = ()
    accessions: tuple[str, ...] = ()
    """As written: ``root.extension``, the bare number, or a CX; compared whole with what is known, never split."""
    report: str = ""
    """``idCDA`` of the national form as written: ``root``, ``root^ext``, ``root.ext`` or ``root_ext``."""

    @property
    def holds_report(self) -> bool:
        """Whether study, accession number and report are all stated: who has them has the report."""
        return bool(self.study_uids and self.accessions and self.report)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRequest:
    """``requestType=PATIENT``: the studies of a patient, perhaps not all."""

    patient: Identifier
    family: str = ""
    given: str = ""
    birth_date: str = ""
    """``YYYYMMDD``."""
    lower: datetime | None = None
    upper: datetime | None = None
    most_recent: int | None = None
    modalities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Values by which examinations are looked for; any of them finds one."""

    studies: tuple[str, ...] = ()
    accessions: tuple[str, ...] = ()
    patients: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Led:
    """An examination that was asked for, and what it is now."""

    asked: KnownExam = field(repr=False)
    current: tuple[KnownExam, ...] = field(repr=False)
    """The same study in the version of the report that holds now, that version's studies when the study is no longer
    among them, or nothing when the report was withdrawn."""


def names_accession(written: str, accession: Identifier) -> bool:
    """Whether *written* is *accession*: ``root.extension``, the bare number, or the CX ``extension^^^&root&ISO``."""
    return written in (accession.dotted, accession.extension or accession.root, accession.cx())


def names_report(written: str, report: Identifier) -> bool:
    """Whether *written* is the id of *report*: its root, or root and extension joined by ``^``, ``.`` or ``_``."""
    if report.extension is None:
        return written == report.root
    return written == report.root or written in (f"{report.root}{joint}{report.extension}" for joint in "^._")


def national_url(location: str, study_uid: str, accession: Identifier, report: Identifier) -> str:
    """The link as the specification writes it; *location* is the public base URL of this gateway, without a slash."""
    query = urlencode(
        [
            ("requestType", "STUDY"),
            ("studyUID", study_uid),
            ("Accessionnumber", accession.dotted),
            ("idCDA", report.root),
        ],
        quote_via=quote,
    )
    return f"{location.rstrip('/')}{PATH}?{query}"
