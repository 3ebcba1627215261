"""Coming back from the identity provider, and leaving."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, redirect, request

from gateway.errors import GatewayError
from gateway.web.access import CALLBACK, Access
from gateway.web.grants import Grants
from gateway.web.pages import message
from gateway.web.parts import WebParts

SIGNED_OUT = "/signed-out"
_LENGTH = 4096

log = structlog.get_logger(__name__)


def blueprint(parts: WebParts, access: Access, grants: Grants) -> Blueprint:
    """The routes of login and logout."""
    routes = Blueprint("login", __name__)

    @routes.get(CALLBACK)
    def callback() -> Response:
        answer = _answer()
        if answer is None or not _issuer_fits(parts, answer):
            log.info("login.answer_malformed")
            return message("login_answer_wrong", 400)
        attempt = access.attempt(answer.get("state", ""))
        if attempt is None:
            # Anyone can call this address: no row for what no attempt of ours stands behind.
            log.info("login.attempt_unknown")
            return message("login_attempt_unknown", 400)
        if "error" in answer or not answer.get("code"):
            cancelled = answer.get("error") == "access_denied"
            access.refused("session.refused", None, reason="cancelled" if cancelled else "provider error")
            return message("login_cancelled" if cancelled else "login_refused", 403 if cancelled else 502)
        try:
            person = parts.login.person(
                code=answer["code"],
                redirect_uri=access.redirect_uri,
                nonce=attempt.nonce,
                code_verifier=attempt.code_verifier,
            )
        except GatewayError as error:
            log.warning("login.failed", code=error.code, words=error.facts.get("words", ""))
            access.refused("session.refused", None, reason=error.code)
            raise
        return access.open(person, attempt.next_url)

    @routes.post("/logout")
    def logout() -> Response:
        session = access.current()
        if session is None:
            return redirect(SIGNED_OUT, code=303, Response=Response)  # type: ignore[return-value]
        access.check_post(session)
        grants.forget(session.id)
        back = f"{parts.settings.public_url}{SIGNED_OUT}"
        return access.close(session, parts.login.end_session_url(back) or SIGNED_OUT)

    @routes.get(SIGNED_OUT)
    def signed_out() -> Response:
        return message("login_signed_out", 200)

    return routes


def _answer() -> dict[str, str] | None:
    """The parameters of the provider's answer; None when one is repeated or out of all measure."""
    found = request.args.to_dict(flat=False)
    if any(len(values) != 1 or len(values[0]) > _LENGTH for values in found.values()):
        return None
    return {name: values[0] for name, values in found.items()}


def _issuer_fits(parts: WebParts, answer: dict[str, str]) -> bool:
    """RFC 9207: where the answer names its issuer, it is the one that we asked."""
    return answer.get("iss", parts.login.settings.issuer) == parts.login.settings.issuer
