"""What a report tells that rights and links ask for later, kept beside it in the transaction that accepts it."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, or_, select

from gateway.audit.inserting import insert_new, insert_rows
from gateway.model.identifiers import Identifier
from gateway.model.identity import IdentityChange
from gateway.model.report import Act, Report
from gateway.model.rights import ExamFacts
from gateway.store import forms
from gateway.store.schema import REPORT_PATIENTS, REPORTS
from gateway.store.schema_access import REPORT_FACTS, REPORT_NUMBERS

_NUMBERS = select(REPORT_NUMBERS.c.position, REPORT_NUMBERS.c.key).where(
    REPORT_NUMBERS.c.report_id == bindparam("report")
)
_NAMING = select(REPORTS.c.id).where(
    REPORTS.c.site == bindparam("at_site"),
    or_(
        REPORTS.c.id.in_(select(REPORT_NUMBERS.c.report_id).where(REPORT_NUMBERS.c.key == bindparam("gone"))),
        REPORTS.c.id.in_(select(REPORT_PATIENTS.c.report_id).where(REPORT_PATIENTS.c.key == bindparam("gone"))),
    ),
)
"""By what the report states of its patient, what its message stated, and what took the place of either before."""
_TIME_ZONE = ZoneInfo("Europe/Paris")
"""Of a report that writes none: only to put examinations in order."""


def learn(connection: Connection, report_id: str, report: Report | None) -> bool:
    """Keep what rights and links will ask of *report* (None: nothing can be known); False when it is kept already."""
    if report is None:
        return insert_new(connection, REPORT_FACTS, {"report_id": report_id, "facts": ""})
    facts = forms.dump_facts({act.study_uid: _of_act(act) for act in report.acts}, facts_of(report))
    if not insert_new(connection, REPORT_FACTS, {"report_id": report_id, "facts": facts}):
        return False
    keys = dict.fromkeys(
        [key for each in report.accessions for key in (number(each.dotted), bare(each))]
        + [person(each) for each in report.patient.identifiers]
    )
    rows = [{"report_id": report_id, "position": position, "key": key} for position, key in enumerate(keys)]
    insert_rows(connection, REPORT_NUMBERS, rows)
    return True


def follow(connection: Connection, change: IdentityChange) -> None:
    """Have the reports of a site that name an identifier which is gone be found by the one that has taken its place.

    Who may see them is judged by the report's own traits, before as after: a merge opens nothing by itself.
    """
    successors = [each for each in change.translated((change.identifier,)) if each != change.identifier]
    if not successors:
        return
    gone = {"gone": person(change.identifier), "at_site": change.site}
    for report_id in connection.execute(_NAMING, gone).scalars().all():
        find_by(connection, report_id, successors)


def find_by(connection: Connection, report_id: str, identifiers: Iterable[Identifier]) -> None:
    """Have a report be found by these identifiers of its patient as well."""
    held = connection.execute(_NUMBERS, {"report": report_id}).all()
    known = {row.key for row in held}
    place = max((row.position for row in held), default=-1) + 1
    new = [key for key in dict.fromkeys(map(person, identifiers)) if key not in known]
    rows = [{"report_id": report_id, "position": place + at, "key": key} for at, key in enumerate(new)]
    insert_rows(connection, REPORT_NUMBERS, rows)


def facts_of(report: Report) -> ExamFacts:
    """What *report* tells of all its examinations."""
    people = [*report.authors, *([report.legal_authenticator] if report.legal_authenticator else [])]
    performers = [p for act in report.acts for p in (act.performer, *act.more_performers) if p]
    structures = [p.organization for p in (*people, *performers) if p.organization]
    structures += [report.custodian] if report.custodian else []
    return ExamFacts(
        patient=report.patient,
        type_code=report.code.code,
        structures=frozenset(i.extension for one in structures for i in one.identifiers if i.extension),
        addressees=frozenset(
            [i.extension for one in performers for i in one.identifiers if i.extension]
            + [i.extension for i in report.addressees if i.extension]
        ),
    )


def _of_act(act: Act) -> ExamFacts:
    return ExamFacts(
        started_at=act.start.aware(_TIME_ZONE) if act.start else None,
        modalities=frozenset(code.code for code in act.modalities),
    )


def number(dotted: str) -> str:
    """The key of an accession number with its issuer, ``root.extension``."""
    return forms.key("accession", dotted)


def bare(value: str | Identifier) -> str:
    """The key of an accession number without its issuer."""
    return forms.key("bare", value if isinstance(value, str) else value.extension or value.root)


def person(identifier: Identifier) -> str:
    """The key of a patient's identifier."""
    return forms.key("patient", identifier.root, identifier.extension or "")
