"""FindDocumentsByReferenceId as nearly everyone asks it: one patient, one reference with its authority, few statuses.

SQLAlchemy takes 1.3 ms of processor to make that statement anew and to run it, and the database 0.1 to answer it
(measured), so here it is made once and given to the driver. Whatever else a query asks for, or however else it asks,
goes by :mod:`gateway.registry.conditions`, whose statement this is for that case; tests hold both to the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from gateway.model.document import STABLE
from gateway.registry import conditions, schema
from gateway.registry.finder import Finder, entries_statement
from gateway.store.prepared import Prepared
from gateway.xds._query_definitions import ENTRY
from gateway.xds.queries import StoredQuery

_PATIENT, _STATUS, _REFERENCES = (f"{ENTRY}{name}" for name in ("PatientId", "Status", "ReferenceIdList"))
_STATUSES = 4
"""Statuses of a query at most: there is a statement for each number."""


def find_by_reference_id(finder: Finder, query: StoredQuery) -> bool:
    """Put what is found into the answer; False, and nothing is done, for a query that is asked otherwise.

    Raises QueryError for values that cannot be looked for, as :mod:`gateway.registry.conditions` does.
    """
    values = _values(query)
    if values is None:
        return False
    statement = _statement(len(query.values(_STATUS)), leaf=finder.leaf)
    finder.add_entries(statement.all(finder.connection, {**values, "at_most": finder.limit + 1}))
    return True


def _values(query: StoredQuery) -> Mapping[str, str] | None:
    """The parameters of the statement, or None when it is another query than the usual one."""
    patients, statuses, groups = query.values(_PATIENT), query.values(_STATUS), query.groups(_REFERENCES)
    if query.parameters.keys() != {_PATIENT, _STATUS, _REFERENCES} or len(groups) != 1 or len(groups[0]) != 1:
        return None
    if len(patients) != 1 or not 1 <= len(statuses) <= _STATUSES:
        return None
    reference = conditions.reference(groups[0][0])
    if not reference.authority:
        return None
    return {
        "reference": reference.value,
        "reference_type": reference.type_code,
        "reference_authority": reference.authority,
        "patient": conditions.patient_key(query, _PATIENT),
        **{f"status{number}": status for number, status in enumerate(statuses)},
    }


@cache
def _statement(statuses: int, *, leaf: bool) -> Prepared:
    e, r = schema.ENTRIES.c, schema.REFERENCE_IDS.c
    owners = sa.select(r.owner).where(
        r.value == sa.bindparam("reference"),
        r.type_code == sa.bindparam("reference_type"),
        r.authority.in_([sa.bindparam("reference_authority"), sa.literal("")]),
    )
    where: list[sa.ColumnElement[bool]] = [
        e.id.in_(owners),
        e.patient_key.concat("") == sa.bindparam("patient"),
        e.status.in_([sa.bindparam(f"status{number}") for number in range(statuses)]),
        e.object_type == STABLE,
    ]
    at_most: sa.BindParameter[Any] = sa.bindparam("at_most", type_=sa.Integer)
    # At the metadata level of a query that names none.
    return Prepared(entries_statement(where, leaf=leaf, level=1).limit(at_most))
