"""Which provider, coming back from it, and leaving: by the person's wish or by the provider's."""

from __future__ import annotations

from datetime import timedelta

import structlog
from flask import Blueprint, Response, redirect, render_template, request

from gateway.errors import GatewayError
from gateway.model.audit import AuditEvent
from gateway.web.login.grants import Grants
from gateway.web.login.session import CALLBACK, CHOICE, PATIENTS, SIGNED_OUT, Access, subject_key
from gateway.web.pages import message
from gateway.web.parts import WebParts
from gateway.web.tokens import is_token

BACK_CHANNEL = "/login/back-channel"
PROFESSIONALS = "professionals"
"""What the page calls the first provider."""
_LENGTH = 4096
_ASK_A_PERSON = frozenset({"login_required", "interaction_required", "consent_required", "account_selection_required"})
"""Answers to ``prompt=none`` (OpenID Connect Core 3.1.2.6): nobody is logged in, or somebody must decide."""

log = structlog.get_logger(__name__)


def blueprint(parts: WebParts, access: Access, grants: Grants) -> Blueprint:
    """The routes of login and logout."""
    routes = Blueprint("login", __name__)

    @routes.get(CHOICE)
    def choice() -> Response:
        """The page, and by its two links the choice: a link, since a form's answer may lead to our own pages alone
        and a provider sends the browser on to places of its own."""
        ask, chosen = request.args.get("ask", ""), request.args.get("provider", "")
        if not is_token(ask) or len(access.providers) < 2:
            return message("login_attempt_unknown", 400)
        if not chosen:
            return Response(render_template("login_choice.html", ask=ask), mimetype="text/html")
        name = {PROFESSIONALS: "", PATIENTS: PATIENTS}.get(chosen)
        attempt = access.attempt(ask, undecided=True) if name is not None else None
        if attempt is None or name is None:
            return message("login_attempt_unknown", 400)
        return access.begin(attempt.next_url, name)

    @routes.get(CALLBACK)
    def callback() -> Response:
        answer = _answer()
        if answer is None:
            log.info("login.answer_malformed")
            return message("login_answer_wrong", 400)
        attempt = access.attempt(answer.get("state", ""))
        if attempt is None or attempt.provider not in access.providers:
            # Anyone can call this address: no row for what no attempt of ours stands behind.
            log.info("login.attempt_unknown")
            return message("login_attempt_unknown", 400)
        provider = access.providers[attempt.provider]
        # RFC 9207: where the answer names its issuer, it is the one that we asked.
        if answer.get("iss", provider.settings.issuer) != provider.settings.issuer:
            log.info("login.answer_malformed")
            return message("login_answer_wrong", 400)
        if attempt.silent and answer.get("error") in _ASK_A_PERSON:
            return access.begin(attempt.next_url, "" if len(access.providers) == 1 else None, silent=False)
        if "error" in answer or not answer.get("code"):
            cancelled = answer.get("error") == "access_denied"
            access.refused("session.refused", None, reason="cancelled" if cancelled else "provider error")
            return message("login_cancelled" if cancelled else "login_refused", 403 if cancelled else 502)
        try:
            who = provider.log_in(
                code=answer["code"],
                redirect_uri=access.redirect_uri,
                nonce=attempt.nonce,
                code_verifier=attempt.code_verifier,
            )
        except GatewayError as error:
            log.warning("login.failed", code=error.code, words=error.facts.get("words", ""))
            access.refused("session.refused", None, reason=error.code)
            raise
        before = access.current()
        response = access.open(who, attempt)
        if before is not None:
            # The session that has ended by this login.
            grants.forget(before.id)
        return response

    @routes.post("/logout")
    def logout() -> Response:
        session = access.current()
        if session is None:
            return redirect(SIGNED_OUT, code=303, Response=Response)  # type: ignore[return-value]
        access.check_post(session)
        grants.forget(session.id)
        return access.close(session)

    @routes.get(SIGNED_OUT)
    def signed_out() -> Response:
        return message("login_signed_out", 200)

    @routes.post(BACK_CHANNEL, defaults={"name": PROFESSIONALS})
    @routes.post(f"{BACK_CHANNEL}/<name>")
    def back_channel(name: str) -> Response:
        """OpenID Connect Back-Channel Logout 1.0 section 2.5: the provider says that somebody has left."""
        provider = access.providers.get("" if name == PROFESSIONALS else name)
        if provider is None:
            return Response(status=404)
        issuer = provider.settings.issuer
        try:
            session, subject, when = provider.logged_out(request.form.get("logout_token", ""))
        except GatewayError as error:
            log.warning("login.logout_token_refused", code=error.code, words=error.facts.get("words", ""))
            return Response(status=400)
        event = AuditEvent(action="session.closed", actor="identity provider", facts={"reason": "back-channel logout"})
        ended = parts.sessions.end(
            provider_session=subject_key(issuer, session),
            subject_key="" if session else subject_key(issuer, subject),
            before=when + timedelta(seconds=1),
            events=[event],
        )
        grants.forget_all()
        log.info("login.ended_by_provider", sessions=ended)
        return Response(status=200)

    return routes


def origins(access: Access) -> tuple[str, ...]:
    """Origins that a form of ours may be redirected to: the providers, where a logout goes."""
    return tuple(dict.fromkeys(origin for one in access.providers.values() for origin in one.origins()))


def _answer() -> dict[str, str] | None:
    """The parameters of the provider's answer; None when one is repeated or out of all measure."""
    found = request.args.to_dict(flat=False)
    if any(len(values) != 1 or len(values[0]) > _LENGTH for values in found.values()):
        return None
    return {name: values[0] for name, values in found.items()}
