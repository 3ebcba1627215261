"""What can happen to a share from outside.

The state table and the stories speak of these.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.identifiers import Identifier
from gateway.model.share import Received


@dataclass(frozen=True, slots=True)
class New:
    """A validated report that replaces nothing."""

    received: Received


@dataclass(frozen=True, slots=True)
class Replace:
    """A new version of a report (ORU with OBX-11 ``C``, MDM^T10, or a CDA with relatedDocument RPLC)."""

    received: Received
    parent: Identifier | None


@dataclass(frozen=True, slots=True)
class Delete:
    """A report is withdrawn (ORU with OBX-11 ``D``, MDM^T04)."""

    received: Received


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """A patient was corrected or merged (ADT^A08, A40, A47)."""

    patient: Identifier
    into: Identifier | None
    """The identifier that holds in its place; None where it holds still and something else of the patient changed."""
    known: tuple[Identifier, ...] = ()
    """Every identifier of the patient that holds now."""
    birth_date: str = ""
    sex: str = ""
    sender: str = ""
    """``application|facility`` (MSH-3, MSH-4)."""


@dataclass(frozen=True, slots=True)
class ImagesChanged:
    """The images of a study changed (rejection note, OMI^O23)."""

    study_uid: str


Event = New | Replace | Delete | IdentityChanged | ImagesChanged
