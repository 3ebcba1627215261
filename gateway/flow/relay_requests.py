"""What a message does to its request: its state, its times and what is known of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.errors import InputRejected
from gateway.flow.relay_states import REQUESTS, told
from gateway.flow.relay_states import Told as Happened
from gateway.model.identifiers import Identifier
from gateway.model.relay import RelayRequest, RequestState, Told

_MOMENT = {
    Happened.ASKED: "sent_at",
    Happened.ACCEPTED: "answered_at",
    Happened.REFUSED: "answered_at",
    Happened.CANCELLED: "cancelled_at",
    Happened.PERFORMED: "performed_at",
    Happened.REPORTED: "reported_at",
}
_CLOSED = frozenset({RequestState.REFUSED, RequestState.CANCELLED})


def request_id_of(platform: str, order: Identifier) -> str:
    """One id for one order number at one platform."""
    return hashlib.sha256(f"{platform}\n{order.unique_id}".encode()).hexdigest()[:32]


def changed(
    request: RelayRequest | None,
    request_id: str,
    order: Identifier,
    heard: Told,
    site: str,
    platform: str,
    now: datetime,
    report_id: str = "",
) -> RelayRequest:
    """The request after a message; the state comes from the table and from nowhere else.

    Raises InputRejected (``relay_order_elsewhere``) for an order number that is another site's.
    """
    happened = told(heard.flow, heard.accepted)
    state = REQUESTS[request.state if request else None, happened]
    if request is None:
        request = RelayRequest(
            id=request_id,
            site=site,
            platform=platform,
            order=order,
            state=RequestState.SENT,
            created_at=now,
            updated_at=now,
            patient_cx=heard.patient.cx if heard.patient else "",
        )
    elif request.site != site:
        raise InputRejected("relay_order_elsewhere", place="ORC^1^2")
    moments: dict[str, Any] = {_MOMENT[happened]: now} if happened in _MOMENT else {}
    if happened is Happened.ASKED and request.sent_at is not None:
        # Asked again: another try when it was refused or cancelled, else the first time is the one that counts.
        moments = {**dict.fromkeys(_MOMENT.values()), "sent_at": now} if request.state in _CLOSED else {}
    studies = [done.study_uid for done in heard.examinations]
    accessions = [done.accession.extension or done.accession.root for done in heard.examinations]
    return replace(
        request,
        state=state,
        updated_at=now,
        patient_cx=request.patient_cx or (heard.patient.cx if heard.patient else ""),
        modality=heard.modality or request.modality,
        act=heard.act or request.act,
        responsible=heard.responsible or request.responsible,
        reader=heard.reader or request.reader,
        protocol=heard.protocol or request.protocol,
        reason=heard.reason or ("" if happened is Happened.ASKED else request.reason),
        study_uids=tuple(dict.fromkeys([*request.study_uids, *studies])),
        accessions=tuple(dict.fromkeys([*request.accessions, *filter(None, accessions)])),
        report_id=report_id or request.report_id,
        **moments,
    )
