"""``/api/relay``: the relay for systems without HL7, on either side of it.

``POST /requests`` with JSON answers 202 when the gateway is responsible for the message it has built of it; a request
that is sent again with its ``Idempotency-Key`` is answered as before, without a second message. ``GET`` of the
Location tells the state. An end whose messages are not sent (``delivery = "pull"``) finds them under
``/requests?waiting=true``, reads each as the JSON that a POST of it takes, and says by ``POST .../received`` that it
has it. Keys and failures are those of ``/api/reports``; a key sees what is of its own end, and nothing else exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, jsonify, request, url_for

from gateway.errors import GatewayError, InputRejected, InputTooLarge
from gateway.model.relay import Direction, End, RelayMessage, RelayRequest, RequestState
from gateway.model.teleradiology import Exchange, Transmittal
from gateway.texts import sentence
from gateway.web.intake import MediaTypeWrong, NotKnown, caller_of, problem, whole_body
from gateway.web.once import HEADER, once
from gateway.web.pages import language
from gateway.web.parts import IntakeKey, RelayParts, WebParts

_MOST = 200
_BODY_BYTES = 256 * 1024
"""Of a message but for the documents in it, which are Base64."""
_PARTS = 20_000
_YES_OR_NO = {"true": True, "false": False}

log = structlog.get_logger(__name__)


class NothingHere(InputRejected):
    """No relay, or no such document of this message."""

    http_status = 404


class NoJson(InputRejected):
    """The message, which another system wrote, cannot be read as JSON."""

    http_status = 409


def blueprint(parts: WebParts) -> Blueprint:
    """The routes."""
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
        relay, asked = _offered(parts), _Asked.read(request.args)
        if asked.waiting:
            pairs = relay.fetching.offered(_end(key), limit=asked.limit, after=asked.after)
            rows = [described(one) | {"waiting": _waiting(message)} for one, message in pairs]
            return _page(rows, asked, [message.id for _, message in pairs])
        found = relay.store.requests(
            limit=asked.limit, states=asked.states, site=key.site, platform=key.platform, after=asked.after
        )
        return _page([described(one) for one in found], asked, [one.id for one in found])

    @routes.get("/requests/<request_id>")
    def state(request_id: str) -> Response:
        key = caller_of(parts)
        relay = _offered(parts)
        found = relay.fetching.request(_end(key), request_id)
        messages = [_message(each) for each in relay.store.messages(found.id)]
        return jsonify({**described(found), "messages": messages})

    @routes.get("/requests/<request_id>/messages/<message_id>")
    def message(request_id: str, message_id: str) -> Response:
        from gateway.web.relay_form import writing

        found, one, said = fetched(request_id, message_id)
        forms = [writing.form_of(each, found, one.flow) for each in said]
        bare = [writing.without_documents(form) for form in forms]
        documents = range(1, 1 + sum(len(writing.documents_of(each)) for each in said))
        inline = request.args.get("documents", "inline") != "links"
        return jsonify(
            {
                **_waiting(one),
                "exchanges": forms if inline else bare,
                "documents": [_link("document", one, number=number) for number in documents],
                "beyond_form": [
                    f"exchanges.{number}.{place}" for number, form in enumerate(bare) for place in writing.beyond(form)
                ],
            }
        )

    @routes.get("/requests/<request_id>/messages/<message_id>/documents/<int:number>")
    def document(request_id: str, message_id: str, number: int) -> Response:
        from gateway.web.relay_form import writing

        _, _, said = fetched(request_id, message_id)
        contents = [content for each in said for content in writing.documents_of(each)]
        if not 0 < number <= len(contents):
            raise NothingHere("relay_document_unknown")
        response = Response(contents[number - 1], content_type=_media_type(contents[number - 1]))
        response.headers["Content-Disposition"] = "attachment"
        return response

    @routes.get("/requests/<request_id>/messages/<message_id>/hl7")
    def hl7(request_id: str, message_id: str) -> Response:
        key, found, one = known(request_id, message_id)
        return Response(_offered(parts).fetching.give(found, one, key.name), content_type="application/hl7-v2")

    @routes.post("/requests/<request_id>/messages/<message_id>/received")
    def received(request_id: str, message_id: str) -> Response:
        key, found, one = known(request_id, message_id)
        _offered(parts).fetching.received(found, one, key.name)
        log.info("relay.received", sender=key.name, request=found.id, message=one.id)
        return Response(status=HTTPStatus.NO_CONTENT)

    def known(request_id: str, message_id: str) -> tuple[IntakeKey, RelayRequest, RelayMessage]:
        key = caller_of(parts)
        fetching, end = _offered(parts).fetching, _end(key)
        found = fetching.request(end, request_id)
        return key, found, fetching.message(end, found, message_id)

    def fetched(
        request_id: str, message_id: str
    ) -> tuple[RelayRequest, RelayMessage, tuple[Exchange | Transmittal, ...]]:
        key, found, one = known(request_id, message_id)
        relay = _offered(parts)
        content = relay.fetching.give(found, one, key.name)
        try:
            return found, one, relay.said(content, one.flow, found.order)
        except InputRejected as error:
            log.warning("relay.unreadable", request=found.id, message=one.id, code=error.code)
            raise NoJson("relay_no_json", place=error.place) from None

    @routes.errorhandler(GatewayError)
    def failed(error: GatewayError) -> Response:
        log.info("relay.refused", code=error.code, status=error.http_status)
        return problem(error)

    return routes


class _Asked:
    """The parameters of a list; raises InputRejected (``relay_parameter``) for a value that is none."""

    def __init__(self, *, waiting: bool, states: tuple[str, ...], limit: int, after: str) -> None:
        self.waiting, self.states, self.limit, self.after = waiting, states, limit, after

    @classmethod
    def read(cls, said: Mapping[str, str]) -> _Asked:
        waiting, state, limit = said.get("waiting", "false"), said.get("state", ""), said.get("limit", str(_MOST))
        if waiting not in _YES_OR_NO:
            raise InputRejected("relay_parameter", place="waiting", expected="true, false")
        if state and (state not in set(RequestState) or _YES_OR_NO[waiting]):
            raise InputRejected("relay_parameter", place="state", expected=", ".join(RequestState))
        if not (limit.isascii() and limit.isdecimal() and 0 < int(limit[:4]) <= _MOST and len(limit) < 4):
            raise InputRejected("relay_parameter", place="limit", expected=f"1 … {_MOST}")
        return cls(
            waiting=_YES_OR_NO[waiting],
            states=(state,) if state else (),
            limit=int(limit),
            after=said.get("after", ""),
        )


def _page(rows: list[dict[str, Any]], asked: _Asked, ids: list[str]) -> Response:
    """One page, and where the next one is, when this one is full."""
    following = None
    if len(rows) == asked.limit:
        said = {"limit": str(asked.limit), "after": ids[-1]}
        said |= {"waiting": "true"} if asked.waiting else {"state": asked.states[0]} if asked.states else {}
        following = f"{url_for('relay_api.listed')}?{urlencode(said)}"
    return jsonify({"requests": rows, "next": following})


def described(one: RelayRequest) -> dict[str, Any]:
    """A request for the systems of its two ends: what the platform answered is in it."""
    moments = ("sent_at", "answered_at", "cancelled_at", "performed_at", "reported_at")
    times = {name: getattr(one, name) for name in moments}
    return {
        "id": one.id,
        "site": one.site,
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
        "id": one.id,
        "flow": one.flow.value,
        "direction": one.direction.value,
        "state": one.state.value,
        "attempts": one.attempts,
        "created_at": one.created_at.isoformat(),
        "delivered_at": one.delivered_at.isoformat() if one.delivered_at else None,
        "sentence": sentence(one.reason, one.facts, language()) if one.reason else "",
    }


def _waiting(one: RelayMessage) -> dict[str, object]:
    """A message for the end that fetches it, with where it is."""
    return {
        "id": one.id,
        "flow": one.flow.value,
        "created_at": one.created_at.isoformat(),
        "href": _link("message", one),
        "hl7": _link("hl7", one),
        "received": _link("received", one),
    }


def _link(name: str, one: RelayMessage, **more: int) -> str:
    values: dict[str, Any] = {"request_id": one.request_id, "message_id": one.id, **more}
    return url_for(f"relay_api.{name}", **values)


def _media_type(content: bytes) -> str:
    """By its first bytes; whoever has it must not be told to open what another system wrote as a page."""
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    return "application/xml" if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else "application/octet-stream"


def _end(key: IntakeKey) -> End:
    if key.platform:
        return End(Direction.TO_PLATFORM, key.platform)
    if key.site:
        return End(Direction.TO_SITE, key.site)
    raise NotKnown("intake_key_unknown")


def _offered(parts: WebParts) -> RelayParts:
    if parts.relay is None:
        raise NothingHere("relay_off")
    return parts.relay


def _body(parts: WebParts) -> bytes:
    """The JSON; one that is large is so by the Base64 of a document, and not by what it is made of."""
    if request.mimetype != "application/json":
        raise MediaTypeWrong("relay_json", words="Content-Type: application/json")
    body = whole_body(request.environ, request.content_length, _BODY_BYTES + parts.settings.max_report_bytes)
    if len(body) > _BODY_BYTES and sum(map(body.count, (b"{", b"[", b","))) > _PARTS:
        raise InputTooLarge("intake_too_large", limit=_BODY_BYTES)
    return body
