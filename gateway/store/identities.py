"""Identities that were corrected or merged, and the reports that name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, select

from gateway.audit.inserting import insert_rows
from gateway.model.identifiers import Identifier
from gateway.model.identity import IdentityChange
from gateway.model.share import AcceptedReport, Deed, Share
from gateway.store import facts, forms, shares
from gateway.store.schema import IDENTITIES, REPORT_PATIENTS, SHARES
from gateway.store.statements import insert_or_replace, keyed, rows_by

_CHANGES = keyed(select(IDENTITIES), IDENTITIES.c.key)
_NAMED_IN = (
    select(REPORT_PATIENTS)
    .where(REPORT_PATIENTS.c.report_id == bindparam("report"))
    .order_by(REPORT_PATIENTS.c.position)
)
_NAMING = (
    select(SHARES)
    .where(
        SHARES.c.report_id.in_(
            select(REPORT_PATIENTS.c.report_id).where(REPORT_PATIENTS.c.key == bindparam("patient"))
        ),
        SHARES.c.site == bindparam("at_site"),
        SHARES.c.deed == Deed.PUBLISH,
    )
    .order_by(SHARES.c.sequence)
)


def note(connection: Connection, accepted: AcceptedReport) -> None:
    """Make a report that was just kept findable by its patient."""
    stated = (*accepted.report.patient.identifiers, *accepted.received.patient_identifiers)
    known = dict.fromkeys(each for each in stated if each.root)
    rows = [
        {
            "report_id": accepted.id,
            "position": position,
            "key": facts.person(each),
            "root": each.root,
            "extension": each.extension,
        }
        for position, each in enumerate(known)
    ]
    insert_rows(connection, REPORT_PATIENTS, rows)


def record(connection: Connection, change: IdentityChange) -> None:
    """Keep a change; a later one of the same identifier takes its place."""
    insert_or_replace(
        connection,
        IDENTITIES,
        {
            "key": _key(change.site, change.identifier),
            "site": change.site,
            "root": change.identifier.root,
            "extension": change.identifier.extension,
            "into": forms.dump(
                {
                    "identifiers": [[each.root, each.extension] for each in change.now],
                    "birth_date": change.birth_date,
                    "sex": change.sex,
                }
            ),
            "merged": change.merged,
            "actor": change.actor,
            "changed_at": change.at,
        },
    )
    facts.follow(connection, change)


def of(connection: Connection, site: str, identifiers: Iterable[Identifier]) -> tuple[IdentityChange, ...]:
    """What is known to have changed of any of *identifiers* at a site."""
    keys = [_key(site, each) for each in identifiers]
    found = []
    for rows in rows_by(connection, _CHANGES, keys).values():
        for row in rows:
            into = forms.load(row.into)
            found.append(
                IdentityChange(
                    site=row.site,
                    identifier=Identifier(row.root, row.extension),
                    now=tuple(Identifier(*each) for each in into["identifiers"]),
                    birth_date=into["birth_date"],
                    sex=into["sex"],
                    merged=row.merged,
                    actor=row.actor,
                    at=row.changed_at,
                )
            )
    return tuple(found)


def named_in(connection: Connection, report_id: str) -> tuple[Identifier, ...]:
    """The identifiers of its patient with which a report came."""
    rows = connection.execute(_NAMED_IN, {"report": report_id})
    return tuple(Identifier(row.root, row.extension) for row in rows)


def publications(connection: Connection, site: str, identifier: Identifier) -> Sequence[Share]:
    """The publications of a site's reports that name *identifier* as their patient's, oldest first."""
    rows = connection.execute(_NAMING, {"patient": facts.person(identifier), "at_site": site})
    return tuple(shares.from_row(row, "") for row in rows)


def _key(site: str, identifier: Identifier) -> str:
    return forms.key(site, identifier.root, identifier.extension or "")
