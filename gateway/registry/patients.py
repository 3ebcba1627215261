"""The patients a registry knows, where its policy asks for a list (ITI TF-2 3.8 and 3.44, Document Registry).

Fed by ITI-44 (:mod:`gateway.registry.feed`) or by a file. A patient that was merged into another is known no more,
and everything registered for it is the survivor's (ITI TF-2 3.44.4.2.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway.model.document import RegistryError, Submission
from gateway.registry import catalogue, forms, schema
from gateway.registry.findings import quote

_T = schema.PATIENTS


@dataclass(frozen=True, slots=True)
class Patient:
    """One row of the list."""

    patient_id: str
    """CX."""
    merged_into: str = ""
    """``id^authority`` of the survivor, or empty."""


def unknown(connection: sa.Connection, submission: Submission) -> Iterator[RegistryError]:
    """XDSUnknownPatientId for each object of *submission* whose patient is not in the list."""
    stated = [
        (one.patient_id, one.entry_uuid)
        for kind in (submission.submission_sets, submission.folders, submission.entries)
        for one in kind
        if one.patient_id
    ]
    keys = {forms.patient_key(patient_id) for patient_id, _ in stated}
    query = sa.select(_T.c.patient_key).where(_T.c.merged_into == "")
    known = {row[0] for row in catalogue.selected(connection, query, _T.c.patient_key, keys)}
    for patient_id, where in stated:
        if forms.patient_key(patient_id) not in known:
            context = f"patientId {quote(patient_id)} is not known to this registry"
            yield RegistryError(code="XDSUnknownPatientId", context=context, location=where)


def add(connection: sa.Connection, patient_ids: Iterable[str], now: datetime) -> int:
    """Put patients (CX) into the list; gives how many are new. One that was merged stays merged."""
    wanted = {forms.patient_key(patient_id): patient_id for patient_id in patient_ids}
    query = sa.select(_T.c.patient_key)
    known = {row[0] for row in catalogue.selected(connection, query, _T.c.patient_key, wanted)}
    fresh = [
        {
            "patient_key": key,
            "patient_id": patient_id,
            "merged_into": "",
            "recorded_at": now.isoformat(timespec="milliseconds"),
        }
        for key, patient_id in wanted.items()
        if key not in known
    ]
    if fresh:
        connection.execute(_T.insert(), fresh)
    return len(fresh)


def merge(connection: sa.Connection, survivor: str, subsumed: Iterable[str], now: datetime) -> int:
    """Give everything of the patients *subsumed* (CX) to *survivor* (CX); gives how many objects moved."""
    add(connection, [survivor], now)
    target = forms.patient_key(survivor)
    moved = 0
    for patient_id in subsumed:
        key = forms.patient_key(patient_id)
        if key == target:
            continue
        add(connection, [patient_id], now)
        connection.execute(_T.update().where(_T.c.patient_key == key).values(merged_into=target))
        connection.execute(_T.update().where(_T.c.merged_into == key).values(merged_into=target))
        for table in (schema.SUBMISSION_SETS, schema.FOLDERS, schema.ENTRIES):
            changed = table.update().where(table.c.patient_key == key)
            moved += connection.execute(changed.values(patient_key=target, patient_id=survivor)).rowcount
    return moved


def listed(connection: sa.Connection) -> Iterator[Patient]:
    """The whole list, in the order of the ids."""
    for row in connection.execute(sa.select(_T.c.patient_id, _T.c.merged_into).order_by(_T.c.patient_key)):
        yield Patient(row[0], row[1])
