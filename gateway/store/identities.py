"""Identities that were corrected or merged, and the reports that name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, select

from gateway.model.identifiers import Identifier
from gateway.model.identity import IdentityChange
from gateway.model.share import AcceptedReport, Deed, Share
from gateway.store import forms, shares
from gateway.store.schema import IDENTITIES, REPORT_PATIENTS, SHARES
from gateway.store.statements import insert_or_replace, rows_by


def note(connection: Connection, accepted: AcceptedReport) -> None:
    """Make a report that was just kept findable by its patient."""
    stated = (*accepted.report.patient.identifiers, *accepted.received.patient_identifiers)
    known = dict.fromkeys(each for each in stated if each.root)
    rows = [
        {
            "report_id": accepted.id,
            "position": position,
            "key": _patient(each),
            "root": each.root,
            "extension": each.extension,
        }
        for position, each in enumerate(known)
    ]
    if rows:
        connection.execute(insert(REPORT_PATIENTS), rows)


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


def of(connection: Connection, site: str, identifiers: Iterable[Identifier]) -> tuple[IdentityChange, ...]:
    """What is known to have changed of any of *identifiers* at a site."""
    keys = [_key(site, each) for each in identifiers]
    found = []
    for rows in rows_by(connection, select(IDENTITIES), IDENTITIES.c.key, keys).values():
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
    query = select(REPORT_PATIENTS).where(REPORT_PATIENTS.c.report_id == report_id).order_by(REPORT_PATIENTS.c.position)
    return tuple(Identifier(row.root, row.extension) for row in connection.execute(query))


def publications(connection: Connection, site: str, identifier: Identifier) -> Sequence[Share]:
    """The publications of a site's reports that name *identifier* as their patient's, oldest first."""
    reports = select(REPORT_PATIENTS.c.report_id).where(REPORT_PATIENTS.c.key == _patient(identifier))
    rows = connection.execute(
        select(SHARES)
        .where(SHARES.c.report_id.in_(reports), SHARES.c.site == site, SHARES.c.deed == Deed.PUBLISH)
        .order_by(SHARES.c.sequence)
    )
    return tuple(shares.from_row(row, "") for row in rows)


def _patient(identifier: Identifier) -> str:
    return forms.key("patient", identifier.root, identifier.extension or "")


def _key(site: str, identifier: Identifier) -> str:
    return forms.key(site, identifier.root, identifier.extension or "")
