"""The relay for the people of the site: the worklist, one request, and the two buttons of a held message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext

from gateway.errors import InputRejected
from gateway.model.access import Session
from gateway.model.audit import AuditEvent
from gateway.model.relay import DeliveryState, Flow, RelayMessage, RequestState
from gateway.texts import sentence
from gateway.web.console.common import may, may_act
from gateway.web.login.session import Access, actor
from gateway.web.pages import language, message
from gateway.web.parts import RelayParts, WebParts

_ROWS = 200
_STATISTICS = timedelta(days=30)
_BY_HAND = {"retry": "taken_up", "drop": "given_up"}


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
