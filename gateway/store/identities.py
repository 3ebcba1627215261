"""Identities that were corrected or merged, and the reports that name them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from gateway.audit.inserting import insert_or_replace_rows, insert_rows
from gateway.model.identifiers import Identifier
from gateway.model.identity import IdentityChange
from gateway.model.share import AcceptedReport, Deed, Share
from gateway.store import facts, forms, shares
from gateway.store.schema import IDENTITIES, REPORT_PATIENTS, SHARES
from gateway.store.statements import keyed, rows_by

_CHANGES = keyed(select(IDENTITIES), IDENTITIES.c.key)
_NAMED_IN = (
    select(REPORT_PATIENTS)
    .where(REPORT_PATIENTS.c.report_id == bindparam("report"))
    .order_by(REPORT_PATIENTS.c.position)
)
_NAMED = keyed(select(REPORT_PATIENTS.c.key), REPORT_PATIENTS.c.key)
_NAMING = keyed(
    select(REPORT_PATIENTS.c.key, SHARES)
    .join(REPORT_PATIENTS, REPORT_PATIENTS.c.report_id == SHARES.c.report_id)
    .where(SHARES.c.deed == Deed.PUBLISH)
    .order_by(SHARES.c.sequence),
    REPORT_PATIENTS.c.key,
)


def note(connection: Connection, accepted: AcceptedReport) -> None:
    """Make a report that was just kept findable by its patient."""
    rows = [
        {
            "report_id": accepted.id,
            "position": position,
            "key": facts.person(each),
            "root": each.root,
            "extension": each.extension,
        }
        for position, each in enumerate(_stated(accepted))
    ]
    insert_rows(connection, REPORT_PATIENTS, rows)


def follow(connection: Connection, accepted: AcceptedReport) -> None:
    """Have a report that names an identifier which was gone before it came be found by what took its place.

    The way round of :func:`gateway.store.facts.follow`; after the report's own facts are kept.
    """
    stated = _stated(accepted)
    found, asked = dict.fromkeys(stated), list(stated)
    while asked:
        changes = of(connection, accepted.site, asked)
        told = dict.fromkeys(each for change in changes for each in change.translated((change.identifier,)))
        asked = [each for each in told if each not in found]
        found.update(dict.fromkeys(asked))
    successors = [each for each in found if each not in stated]
    if successors:
        facts.find_by(connection, accepted.id, successors)


def _stated(accepted: AcceptedReport) -> Collection[Identifier]:
    """The identifiers of its patient that a report or its message states, each once."""
    stated = (*accepted.report.patient.identifiers, *accepted.received.patient_identifiers)
    return dict.fromkeys(each for each in stated if each.root).keys()


def record(connection: Connection, changes: Sequence[IdentityChange]) -> None:
    """Keep changes in their order; a later one of the same identifier takes the place of the one before."""
    rows = {row["key"]: row for row in map(_row, changes)}
    insert_or_replace_rows(connection, IDENTITIES, list(rows.values()))
    for change in changes:
        facts.follow(connection, change)


def _row(change: IdentityChange) -> dict[str, Any]:
    return {
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
    }


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


def publications(
    connection: Connection, named: Iterable[tuple[str, Identifier]]
) -> Mapping[tuple[str, Identifier], Sequence[Share]]:
    """See :meth:`gateway.flow.ports.Published.publications`."""
    asked = [(site, identifier, facts.person(identifier)) for site, identifier in named]
    # Hardly any patient of whom a message tells is named in a report, and SQLite plans the other question anew each
    # time it is asked: 75 us against 6.
    known = rows_by(connection, _NAMED, (key for _, _, key in asked))
    found = rows_by(connection, _NAMING, known)
    return {
        (site, identifier): tuple(shares.from_row(row, "") for row in found.get(key, ()) if row.site == site)
        for site, identifier, key in asked
    }


def _key(site: str, identifier: Identifier) -> str:
    return forms.key(site, identifier.root, identifier.extension or "")
