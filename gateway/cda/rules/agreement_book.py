"""The book of agreement, and what is gathered for it: the header's acts, the body's, and which goes with which.

An act of the body goes with the act of the header whose study its catalogue names; else, when there are as many of
one as of the other, with that of the same rank. Nothing in the document ties the two otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from gateway.cda.elements import attribute
from gateway.cda.rules.engine import Book, Model
from gateway.cda.rules.entries_common import DCM
from gateway.cda.rules.looking import declares, find, kids
from gateway.cda.rules.sections_content import STUDY, TECHNIQUE
from gateway.cda.rules.sections_table import ACT, CATALOGUE
from gateway.model.identifiers import is_uid

BOOK = Book("agreement", models={Model.CR_IMG, Model.LEVEL_1})
ACT_TEMPLATES = (ACT, "1.2.840.10008.9.3")
_CATALOGUE = (CATALOGUE, "2.16.840.1.113883.10.20.6.1.1")
_SCREENING = ("Z13.9", "2.16.840.1.113883.6.3")


@dataclass(frozen=True, slots=True)
class HeaderAct:
    """An act of the header."""

    event: etree._Element
    study_uids: tuple[str, ...]
    code: str
    modalities: frozenset[str]


@dataclass(frozen=True, slots=True)
class BodyAct:
    """A section of an act, its technique, and the studies of its catalogue."""

    section: etree._Element
    technique: etree._Element | None
    studies: tuple[etree._Element, ...]

    @property
    def study_uids(self) -> tuple[str, ...]:
        """The roots of the studies' ids."""
        return tuple(attribute(one, "root") for study in self.studies for one in kids(study, "id"))


def few(values: Sequence[str]) -> str:
    """Some of *values* as a finding shows them: it may be asked for thousands of times."""
    return ", ".join(values[:_SHOWN])


_SHOWN = 20


def header_acts(root: etree._Element) -> list[HeaderAct]:
    """The documented acts of the header, without the context of a screening."""
    found = []
    for event in kids(root, "documentationOf/serviceEvent"):
        code = find(event, "code")
        if (attribute(code, "code"), attribute(code, "codeSystem")) == _SCREENING:
            continue
        uids = tuple(attribute(one, "root") for one in kids(event, "id") if attribute(one, "root"))
        modalities = frozenset(
            attribute(one, "code") for one in kids(event, "code/translation") if attribute(one, "codeSystem") == DCM
        )
        found.append(HeaderAct(event, uids, attribute(code, "code"), modalities))
    return found


def body_acts(root: etree._Element) -> list[BodyAct]:
    """The sections of acts that stand in the body."""
    found = []
    for section in kids(root, "component/structuredBody/component/section"):
        if not declares(section, *ACT_TEMPLATES):
            continue
        techniques = [one for one in kids(section, "entry/procedure") if declares(one, *TECHNIQUE)]
        catalogues = [one for one in kids(section, "component/section") if declares(one, *_CATALOGUE)]
        studies = [act for one in catalogues for act in kids(one, "entry/act") if declares(act, *STUDY)]
        found.append(BodyAct(section, techniques[0] if techniques else None, tuple(studies)))
    return found


def pairs(header: list[HeaderAct], body: list[BodyAct]) -> list[tuple[HeaderAct, BodyAct]]:
    """Which act of the header goes with which of the body."""
    by_uid = {uid: act for act in header for uid in act.study_uids if is_uid(uid)}
    found = []
    for rank, told in enumerate(body):
        known = next((by_uid[uid] for uid in told.study_uids if uid in by_uid), None)
        if known is None and len(header) == len(body) and not told.study_uids:
            known = header[rank]
        if known is not None:
            found.append((known, told))
    return found
