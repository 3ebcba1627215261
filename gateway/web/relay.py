"""The relay on the web: the worklist for the people of the site, and ``/api/relay`` for a system without HL7.

``POST /api/relay/requests`` with JSON answers 202 when the gateway is responsible for the message it has built of it;
``GET`` of the Location tells the state and what the platform answered. Keys and failures are those of ``/api/reports``;
a request that is sent again with its ``Idempotency-Key`` is answered as before, without a second message.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import structlog
from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext

from gateway.errors import GatewayError, InputRejected, InputTooLarge
from gateway.model.access import Session
from gateway.model.audit import AuditEvent
from gateway.model.relay import DeliveryState, Flow, RelayMessage, RelayRequest, RequestState
from gateway.texts import sentence
from gateway.web.console.common import may, may_act
from gateway.web.intake import MediaTypeWrong, caller_of, problem, whole_body
from gateway.web.login.session import Access, actor
from gateway.web.once import HEADER, once
from gateway.web.pages import language, message
from gateway.web.parts import RelayParts, WebParts

_ROWS = 200
_BODY_BYTES = 256 * 1024
"""Of a message but for the documents in it, which are Base64."""
_PARTS = 20_000
_STATISTICS = timedelta(days=30)
_BY_HAND = {"retry": "taken_up", "drop": "given_up"}

log = structlog.get_logger(__name__)


class RequestUnknown(InputRejected):
    """No such request of this site."""

    http_status = 404


def console(parts: WebParts, access: Access) -> Blueprint:
    """The worklist, one request, and the two buttons of a held message."""
    routes = Blueprint("relay", __name__, url_prefix="/console/relay")

    def guarded() -> Session | Response:
        if parts.relay is None:
            abort(HTTPStatus.NOT_FOUND)
        session = access.current()
        if session is None:
            return access.begin("/console/relay") if request.method == "GET" else Response(status=401)
        if not may(session):
            access.refused("console.relay", session)
            return message("console_forbidden", HTTPStatus.FORBIDDEN)
        return session

    @routes.get("")
    def worklist() -> Response:
        session = guarded()
        if isinstance(session, Response):
            return session
        relay = _relay(parts)
        chosen = request.args.get("state", "")
        states = (chosen,) if chosen in states_of_requests() else ()
        requests = relay.store.requests(limit=_ROWS, states=states)
        return _page(
            "relay.html",
            session,
            requests=requests,
            held=relay.store.held([one.id for one in requests]),
            chosen=chosen if states else "",
            full=len(requests) >= _ROWS,
            delays=relay.store.delays(parts.clock.now() - _STATISTICS),
        )

    @routes.get("/<request_id>")
    def one(request_id: str) -> Response:
        session = guarded()
        if isinstance(session, Response):
            return session
        relay = _relay(parts)
        try:
            found = relay.store.request(request_id)
        except InputRejected:
            abort(HTTPStatus.NOT_FOUND)
        parts.store.record(AuditEvent(action="relay.shown", actor=actor(session.person), facts={"request": found.id}))
        return _page("relay_request.html", session, found=found, messages=relay.store.messages(found.id))

    @routes.post("/messages/<message_id>")
    def by_hand(message_id: str) -> Response:
        session = guarded()
        if isinstance(session, Response):
            return session
        access.check_post(session)
        if not may_act(session):
            access.refused("console.relay", session)
            return message("console_looking_only", HTTPStatus.FORBIDDEN)
        wanted = request.form.get("action", "")
        if wanted not in _BY_HAND:
            abort(HTTPStatus.BAD_REQUEST)
        relay = _relay(parts)
        act = relay.take_up if wanted == "retry" else relay.give_up
        moved = act(message_id, actor(session.person))
        return redirect(  # type: ignore[return-value]
            url_for("relay.one", request_id=moved.request_id), code=303, Response=Response
        )

    @routes.app_template_filter("relay_reason")
    def relay_reason(one: RelayMessage) -> str:
        return sentence(one.reason, one.facts, language()) if one.reason else ""

    @routes.app_template_filter("duration")
    def duration(seconds: float | None) -> str:
        if seconds is None:
            return "–"
        if seconds < 120:
            return f"{seconds:.0f} s"
        return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

    return routes


def api(parts: WebParts) -> Blueprint:
    """``/api/relay``."""
    routes = Blueprint("relay_api", __name__, url_prefix="/api/relay")

    @routes.post("/requests")
    def build() -> Response:
        from gateway.web import relay_form  # the forms take long to make, and most sites write HL7

        key = caller_of(parts)
        relay = _offered(parts)
        body = _body(parts)
        form = relay_form.read(body)
        made = relay.submit(key, form, once(request.headers.get(HEADER), body))
        log.info("relay.built", sender=key.name, request=made.request_id, kind=form.kind)
        response = jsonify({"id": made.request_id, **({"left_out": made.left_out} if made.left_out else {})})
        response.status_code = HTTPStatus.ACCEPTED
        response.headers["Location"] = url_for("relay_api.state", request_id=made.request_id)
        return response

    @routes.get("/requests")
    def listed() -> Response:
        key = caller_of(parts)
        chosen = request.args.get("state", "")
        states = (chosen,) if chosen in {state.value for state in RequestState} else ()
        found = _offered(parts).store.requests(limit=_ROWS, states=states, site=key.site, platform=key.platform)
        return jsonify({"requests": [described(each) for each in found]})

    @routes.get("/requests/<request_id>")
    def state(request_id: str) -> Response:
        key = caller_of(parts)
        relay = _offered(parts)
        try:
            found = relay.store.request(request_id)
        except InputRejected:
            raise RequestUnknown("relay_request_unknown", request="…") from None
        if (found.platform != key.platform) if key.platform else (found.site != key.site):
            raise RequestUnknown("relay_request_unknown", request="…")
        messages = [_message(each) for each in relay.store.messages(request_id)]
        return jsonify({**described(found), "messages": messages})

    @routes.errorhandler(GatewayError)
    def failed(error: GatewayError) -> Response:
        log.info("relay.refused", code=error.code, status=error.http_status)
        return problem(error)

    return routes


def described(one: RelayRequest) -> dict[str, object]:
    """A request for the system that made it: what the platform answered is in it."""
    moments = ("sent_at", "answered_at", "cancelled_at", "performed_at", "reported_at")
    times = {name: getattr(one, name) for name in moments}
    return {
        "id": one.id,
        "platform": one.platform,
        "order": {"value": one.order.extension or one.order.root, "issuer": one.order.root},
        "state": one.state.value,
        "protocol": one.protocol,
        "reason": one.reason,
        "reader": one.reader,
        "accession_numbers": list(one.accessions),
        "study_uids": list(one.study_uids),
        "report_id": one.report_id,
        "updated_at": one.updated_at.isoformat(),
        **{name: value.isoformat() if value else None for name, value in times.items()},
    }


def _message(one: RelayMessage) -> dict[str, object]:
    return {
        "flow": one.flow.value,
        "direction": one.direction.value,
        "state": one.state.value,
        "attempts": one.attempts,
        "created_at": one.created_at.isoformat(),
        "delivered_at": one.delivered_at.isoformat() if one.delivered_at else None,
        "sentence": sentence(one.reason, one.facts, language()) if one.reason else "",
    }


def states_of_requests() -> dict[str, str]:
    """The states as people call them, in the order of a request's life."""
    return {
        RequestState.SENT.value: gettext("Demandé"),
        RequestState.ACCEPTED.value: gettext("Accepté"),
        RequestState.REFUSED.value: gettext("Refusé"),
        RequestState.CANCELLED.value: gettext("Annulé"),
        RequestState.PERFORMED.value: gettext("Réalisé"),
        RequestState.REPORTED.value: gettext("Interprété"),
    }


def states_of_messages() -> dict[str, str]:
    return {
        DeliveryState.WAITING.value: gettext("En attente"),
        DeliveryState.SENDING.value: gettext("Envoi en cours"),
        DeliveryState.DELIVERED.value: gettext("Remis"),
        DeliveryState.HELD.value: gettext("À traiter"),
        DeliveryState.ABANDONED.value: gettext("Abandonné"),
    }


def flows() -> dict[str, str]:
    """What a message is, as people call it."""
    return {
        Flow.REQUEST.value: gettext("Demande"),
        Flow.CANCEL.value: gettext("Annulation"),
        Flow.ANSWER.value: gettext("Réponse"),
        Flow.COMPLEMENT.value: gettext("Complément après l'examen"),
        Flow.DOCUMENT.value: gettext("Document"),
        Flow.REPORT.value: gettext("Compte rendu"),
    }


def _page(template: str, session: Session, **told: object) -> Response:
    labels: dict[str, Callable[[], dict[str, str]]] = {
        "states": states_of_requests,
        "deliveries": states_of_messages,
        "flows": flows,
    }
    made = {name: make() for name, make in labels.items()}
    return Response(render_template(template, session=session, **made, **told), mimetype="text/html")


def _relay(parts: WebParts) -> RelayParts:
    if parts.relay is None:
        abort(HTTPStatus.NOT_FOUND)
    return parts.relay


def _offered(parts: WebParts) -> RelayParts:
    if parts.relay is None:
        raise RequestUnknown("relay_off")
    return parts.relay


def _body(parts: WebParts) -> bytes:
    """The JSON; one that is large is so by the Base64 of a document, and not by what it is made of."""
    if request.mimetype != "application/json":
        raise MediaTypeWrong("relay_json", words="Content-Type: application/json")
    body = whole_body(request.environ, request.content_length, _BODY_BYTES + parts.settings.max_report_bytes)
    if len(body) > _BODY_BYTES and sum(map(body.count, (b"{", b"[", b","))) > _PARTS:
        raise InputTooLarge("intake_too_large", limit=_BODY_BYTES)
    return body
