"""Consult: a clinician opens the link of a report, or asks for a study or a patient.

The national link states three values that must stand together in one report that this gateway accepted: who has them
holds the report. Whatever is wrong, the answer is one and the same (:class:`LinkUnknown`): a link is no oracle for
what exists. Only to someone who holds the report is a refusal explained (:class:`Refused`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from gateway.errors import InputRejected, NotAllowed
from gateway.flow.ports import Exams
from gateway.flow.rights import may_see, plain_name, same_patient
from gateway.model.access import Kind, Person
from gateway.model.identifiers import Identifier
from gateway.model.link import Asked, Led, PatientRequest, StudyRequest, names_accession, names_report
from gateway.model.rights import OPEN, Answer, Door, Grounds, Policy, Standing, Tie
from gateway.model.share import KnownExam

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class LinkUnknown(InputRejected):
    """No such examination, or not for this person: the two are not told apart."""

    http_status = 404

    def __init__(self) -> None:
        super().__init__("link_unknown")


class Refused(NotAllowed):
    """The person holds the report and may not see the images; the code says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.reason)
        self.breakable = answer.breakable


@dataclass(frozen=True, slots=True)
class Opened:
    """An examination that may be seen, and by what tie."""

    exam: KnownExam
    tie: Tie | None


def _not_asked(exam: KnownExam) -> Standing:
    return Standing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consulting:
    """The story, for one gateway."""

    exams: Exams
    policy: Policy = OPEN
    authorities: Mapping[str, str] = field(default_factory=dict)
    """Namespaces of patient identifiers, and the OID of each."""
    standing: Callable[[KnownExam], Standing] = _not_asked
    """What the registries say; asked only of what the person may see by everything that is known here."""

    def study(self, request: StudyRequest, person: Person, *, broken_glass: bool = False) -> Sequence[Opened]:
        """The studies of *request*, each as the report that holds now has it; all of them or none.

        They are shown together under one name, so that studies of two patients are none. Raises :class:`LinkUnknown`,
        and :class:`Refused` when the person holds the report.
        """
        led = self.exams.led(Asked(studies=request.study_uids, accessions=request.accessions))
        grounds = Grounds(holds_report=request.holds_report, broken_glass=broken_glass)
        opened: dict[tuple[str, str], Opened] = {}
        for wanted in _wanted(request, led):
            for each in self._first_seen(wanted, person, grounds):
                opened.setdefault((each.exam.site, each.exam.study_uid), each)
        if not _of_one_patient([each.exam for each in opened.values()]):
            raise LinkUnknown
        return tuple(opened.values())

    def patient(self, request: PatientRequest, person: Person, *, broken_glass: bool = False) -> Sequence[Opened]:
        """The studies of a patient that *person* may see and *request* does not leave out, the latest first.

        A study whose date or modality no report states is not left out for it. Raises :class:`LinkUnknown` when there
        is none.
        """
        grounds = Grounds(broken_glass=broken_glass)
        opened: dict[tuple[str, str], Opened] = {}
        root = self.authorities.get(request.patient.root, request.patient.root)
        for each in self.exams.led(Asked(patients=(Identifier(root, request.patient.extension),))):
            for exam in each.current:
                if not _is_about(request, exam) or _left_out(request, exam):
                    continue
                answer = self._answer(person, exam, grounds)
                if answer:
                    opened.setdefault((exam.site, exam.study_uid), Opened(exam, answer.tie))
        latest = sorted(opened.values(), key=lambda one: one.exam.facts.started_at or _LONG_AGO, reverse=True)
        if not latest:
            raise LinkUnknown
        return tuple(latest[: request.most_recent])

    def still(self, person: Person, shown: Iterable[tuple[str, str]]) -> bool:
        """Whether *person*, who was let in before, may go on to see every (report id, study UID) of *shown*.

        A report that was withdrawn or masked since, or no longer is of that study, closes its images; what had tied
        them to it is not asked again.
        """
        wanted = set(shown)
        grounds = Grounds(holds_report=True)
        seen = set()
        for each in self.exams.led(Asked(studies=tuple({study for _, study in wanted}))):
            name = (each.asked.report_id, each.asked.study_uid)
            now = [exam for exam in each.current if exam.study_uid == each.asked.study_uid]
            if name in wanted and any(may_see(person, exam, Door.VIEWER, grounds=grounds) for exam in now):
                seen.add(name)
        return seen == wanted

    def may_break(self, person: Person) -> bool:
        """Whether *person* may state a reason instead of a tie; says nothing on any examination."""
        professional = person.kind is Kind.PROFESSIONAL and bool(person.profession)
        return professional and bool({person.profession, "*"} & self.policy.glass_professions)

    def _answer(self, person: Person, exam: KnownExam, grounds: Grounds) -> Answer:
        """What is known here, and then what the registries say."""
        answer = may_see(person, exam, Door.LINK, policy=self.policy, grounds=grounds)
        if not answer:
            return answer
        standing = self.standing(exam)
        if not standing.offered:
            return Answer(False, "rights_not_offered", neutral=True)
        masked = replace(exam, masked=exam.masked | standing.masks)
        return may_see(person, masked, Door.LINK, policy=self.policy, grounds=grounds)

    def _first_seen(self, wanted: Sequence[Led], person: Person, grounds: Grounds) -> Sequence[Opened]:
        """Of several reports that name one study the first that the person may see."""
        refusal: Answer | None = None
        for each in wanted:
            answers = [(exam, self._answer(person, exam, grounds)) for exam in each.current]
            if answers and all(answer for _, answer in answers):
                return [Opened(exam, answer.tie) for exam, answer in answers]
            # A refusal is false by itself: only None says that there is none yet.
            refusal = next((a for _, a in answers if not a and not a.neutral), None) if refusal is None else refusal
        if refusal is None:
            raise LinkUnknown
        raise Refused(refusal)


def _wanted(request: StudyRequest, led: Sequence[Led]) -> Iterable[Sequence[Led]]:
    """For each study (or accession number) of *request* the examinations that fit all of it; raises LinkUnknown."""
    fitting = [each for each in led if _fits(request, each.asked)]
    if request.study_uids:
        groups = [[e for e in fitting if e.asked.study_uid == uid] for uid in request.study_uids]
    else:
        groups = [_of_number(number, fitting) for number in request.accessions]
    if any(not any(names_accession(number, e.asked.accession) for e in fitting) for number in request.accessions):
        # A number that belongs to none of the studies: the link was put together by hand.
        raise LinkUnknown
    if not all(groups):
        raise LinkUnknown
    return groups if request.study_uids else [[each] for group in groups for each in group]


def _of_one_patient(exams: Sequence[KnownExam]) -> bool:
    first = exams[0]
    return all(
        exam.patient_cx == first.patient_cx or same_patient(first.facts.patient, exam.facts.patient) for exam in exams
    )


def _of_number(number: str, fitting: Sequence[Led]) -> list[Led]:
    """The studies of one accession number, one report each; none when two issuers have given the same number."""
    same = [each for each in fitting if names_accession(number, each.asked.accession)]
    if len({each.asked.accession for each in same}) > 1 or len({each.asked.patient_cx for each in same}) > 1:
        return []
    return list({(each.asked.site, each.asked.study_uid): each for each in same}.values())


def _fits(request: StudyRequest, exam: KnownExam) -> bool:
    numbers = request.accessions
    return (
        (not request.study_uids or exam.study_uid in request.study_uids)
        and (not numbers or any(names_accession(number, exam.accession) for number in numbers))
        and (not request.report or names_report(request.report, exam.report))
    )


def _is_about(request: PatientRequest, exam: KnownExam) -> bool:
    """Whether nothing that *request* says of the patient contradicts the report."""
    patient = exam.facts.patient
    families = {plain_name(name) for name in (patient.birth_family, patient.used_family) if name}
    givens = {plain_name(name) for name in (patient.birth_given, *patient.given_names.split(), patient.used_given)}
    return (
        (not request.family or not families or plain_name(request.family) in families)
        and (not request.given or not givens - {""} or plain_name(request.given) in givens)
        and (not request.birth_date or not patient.birth_date or request.birth_date == patient.birth_date)
    )


def _left_out(request: PatientRequest, exam: KnownExam) -> bool:
    began, modalities = exam.facts.started_at, exam.facts.modalities
    if began is not None and request.lower is not None and began < request.lower:
        return True
    if began is not None and request.upper is not None and began > request.upper:
        return True
    return bool(request.modalities and modalities and not request.modalities & modalities)
