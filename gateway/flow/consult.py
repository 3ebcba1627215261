"""Consult: a clinician opens the link of a report.

The three values of the link must stand together in one report that this gateway accepted. Whatever is wrong, the
answer is one and the same (:class:`LinkUnknown`): a link is no oracle for what exists.
"""

from __future__ import annotations

from gateway.errors import InputRejected
from gateway.flow.ports import Store
from gateway.model.access import Person
from gateway.model.link import DisplayRequest
from gateway.model.share import KnownExam

MASKED_TO_PROFESSIONALS = "MASQUE_PS"


class LinkUnknown(InputRejected):
    """No such examination, or not for this person: the two are not told apart."""

    http_status = 404

    def __init__(self) -> None:
        super().__init__("link_unknown")


def resolve(store: Store, request: DisplayRequest, person: Person) -> KnownExam:
    """The examination that *request* names, for *person*; raises :class:`LinkUnknown`.

    The accession number is compared whole with each known ``root.extension``: a root and an extension may both hold
    dots, so splitting would guess. A report root that several reports share is told apart by the study and the
    accession number.
    """
    known = store.known_exams(request.study_uid, request.report_root)
    for exam in known:
        if exam.accession.dotted == request.accession and _may_see(exam, person):
            return exam
    raise LinkUnknown


def _may_see(exam: KnownExam, person: Person) -> bool:
    if MASKED_TO_PROFESSIONALS not in exam.masked:
        return True
    return bool(person.identifier) and person.identifier in exam.authors
