"""The pages that tell a person what happened: errors, and the one neutral page of the links.

The neutral page is the same bytes whatever the reason, in French and English on one page: an answer that followed
the reader's language or the reason would be an oracle for what exists.
"""

from __future__ import annotations

from http import HTTPStatus
from string import Formatter
from typing import NamedTuple

from flask import Response, g, render_template, request
from flask_babel import get_locale

from gateway.errors import GatewayError, NotAllowed, NotSupportedYet, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.texts import TEXTS, access, sentence


class Problem(NamedTuple):
    """A failure as it may be shown to anyone: no fact of the case is in it."""

    status: int
    code: str


def language() -> str:
    """``fr`` or ``en``, as the reader asked."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "fr"


def public_sentence(code: str, reader: str, facts: dict[str, str] | None = None) -> str:
    """The sentence of *code* for people who may not see facts: an ellipsis stands for each, but for *facts*."""
    text = TEXTS.get(code)
    if text is None:
        return code
    names = [name for _, name, _, _ in Formatter().parse(text.en if reader == "en" else text.fr) if name]
    return sentence(code, {**dict.fromkeys(names, "…"), **(facts or {})}, reader)


def neutral(code: str, status: int) -> Response:
    """The bilingual page of *code*."""
    page = render_template("neutral.html", french=public_sentence(code, "fr"), english=public_sentence(code, "en"))
    return Response(page, status=status, mimetype="text/html")


def message(code: str, status: int) -> Response:
    """A page with one sentence, in the reader's language, and the way on."""
    page = render_template(
        "message.html",
        sentence=public_sentence(code, language()),
        status=status,
        # Who may not see this page may be another person elsewhere; who may sees where it belongs.
        back="/console" if request.path.startswith("/console/") and status != HTTPStatus.FORBIDDEN else "/",
        session=g.get("session") if status == HTTPStatus.FORBIDDEN else None,
    )
    return Response(page, status=status, mimetype="text/html")


def as_problem(error: GatewayError, *, images: bool = False) -> Problem:
    """What a page may say of *error*; *images*: it came up while images were looked for."""
    if error.code in access.TEXTS:
        return Problem(error.http_status, error.code)
    if images and isinstance(error, NotSupportedYet):
        return Problem(501, "viewer_codec")
    if images and isinstance(error, PeerUnreachable):
        return Problem(502, "viewer_pacs_away")
    if images and isinstance(error, PeerRefused | PeerMisbehaved):
        return Problem(502, "viewer_pacs_refused")
    if images and error.http_status in (400, 404):
        return Problem(404, "viewer_image_absent")
    if isinstance(error, NotAllowed):
        return Problem(403, "web_forbidden")
    if error.retry:
        return Problem(503, "web_unavailable")
    return Problem(error.http_status, "web_failed")
