"""The web: Flask for pages and reports, and beside it the images as bare WSGI.

``create_app`` gives one WSGI callable. The outermost layer answers only to our own names (a Host header that is not
ours is a rebinding or a mistake) and is the last to see an exception: its kind and place are logged, never its words,
which may come from a document.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from flask import Flask, Response, redirect, render_template, request
from flask_babel import Babel
from werkzeug.exceptions import HTTPException

from gateway.errors import GatewayError
from gateway.monitoring.door import HealthServer
from gateway.web import intake, relay, relay_api
from gateway.web.bare import Bare
from gateway.web.console import messages, reports, sessions
from gateway.web.console import routes as console_routes
from gateway.web.exams import Exams
from gateway.web.headers import NO_STORE, host_is_ours, security_headers
from gateway.web.limits import TooMany
from gateway.web.link import break_glass, display
from gateway.web.login import routes as login
from gateway.web.login import situation
from gateway.web.login.grants import Grants
from gateway.web.login.session import Access
from gateway.web.pages import as_problem, language, message, neutral
from gateway.web.parts import IntakeKey, WebParts, WebSettings
from gateway.web.viewer import assets as viewer_assets
from gateway.web.viewer import page as viewer

__all__ = ["IntakeKey", "WebParts", "WebSettings", "create_app"]

_FORM_BYTES = 64 * 1024
_PAGES = {404: "web_page_unknown", 405: "web_method", 403: "web_forbidden", 413: "web_too_large"}

log = structlog.get_logger(__name__)


def create_app(parts: WebParts) -> WSGIApplication:
    """The whole web of the gateway as one WSGI callable."""
    access = Access(parts)
    exams = Exams(parts.exams, parts.clock)
    grants = Grants(parts, access)
    pages = _pages(parts, access, exams, grants)
    return _Front(parts.settings, pages, Bare(parts, access, exams, grants), _health(parts))


def _health(parts: WebParts) -> HealthServer | None:
    if parts.health is None:
        return None
    headers = [*security_headers(parts.settings), NO_STORE]
    return HealthServer(parts.health, lambda host: host_is_ours(parts.settings, host), headers)


class _Front:
    """The door: our names only, the images to their servers, and nothing unexpected gets out."""

    def __init__(
        self,
        settings: WebSettings,
        pages: WSGIApplication,
        bare: Bare,
        health: HealthServer | None = None,
    ) -> None:
        self._settings = settings
        self._health = health
        self._pages = pages
        self._bare = bare

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            if self._health is not None and self._health.answers(environ):
                return self._health(environ, start_response)
            if not host_is_ours(self._settings, environ.get("HTTP_HOST", "")):
                return self._plain(start_response, "421 Misdirected Request")
            chosen = self._bare.of(environ.get("PATH_INFO", "")) or self._pages
            return chosen(environ, start_response)
        except Exception as error:  # noqa: BLE001 - the outermost layer; logged without the exception's words
            log.error("web.failed", error=type(error).__name__, where=_where(error))
            return self._plain(start_response, "500 Internal Server Error")

    def _plain(self, start_response: StartResponse, status: str) -> Iterable[bytes]:
        body = f"{status}\n".encode()
        start_response(
            status,
            [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(body))),
                *security_headers(self._settings),
                NO_STORE,
            ],
        )
        return [body]


def _pages(parts: WebParts, access: Access, exams: Exams, grants: Grants) -> Flask:
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=_FORM_BYTES,
        MAX_FORM_PARTS=32,
        BABEL_TRANSLATION_DIRECTORIES="locale",
        BABEL_DEFAULT_LOCALE="fr",
        PROPAGATE_EXCEPTIONS=True,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.json.ensure_ascii = True  # type: ignore[attr-defined]
    languages = parts.settings.languages
    Babel(
        app, default_locale="fr", locale_selector=lambda: request.accept_languages.best_match(languages, languages[0])
    )
    app.context_processor(lambda: {"language": language(), "has_relay": parts.relay is not None})

    opening = display.Opening(parts, exams)
    app.register_blueprint(display.blueprint(parts, access, opening))
    app.register_blueprint(break_glass.blueprint(parts, access, opening))
    app.register_blueprint(situation.blueprint(parts, access))
    app.register_blueprint(sessions.blueprint(parts, access, grants))
    app.register_blueprint(login.blueprint(parts, access, grants))
    app.register_blueprint(viewer.blueprint(parts, access, exams, grants))
    app.register_blueprint(viewer_assets.blueprint())
    app.register_blueprint(intake.blueprint(parts))
    app.register_blueprint(console_routes.blueprint(parts, access))
    app.register_blueprint(reports.blueprint(parts, access))
    app.register_blueprint(messages.blueprint(parts, access))
    app.register_blueprint(relay.console(parts, access))
    app.register_blueprint(relay_api.blueprint(parts))

    @app.get("/")
    def home() -> str:
        return render_template("home.html")

    @app.get("/favicon.ico")
    def favicon() -> Response:
        return redirect("/static/icon.svg", Response=Response)  # type: ignore[return-value]

    @app.errorhandler(GatewayError)
    def failed(error: GatewayError) -> Response:
        shown = as_problem(error)
        log.warning("web.page_failed", code=error.code, status=shown.status)
        return message(shown.code, shown.status)

    @app.errorhandler(TooMany)
    def too_many(error: TooMany) -> Response:
        response = neutral(error.code, error.http_status)
        response.headers["Retry-After"] = str(error.wait_s)
        return response

    @app.errorhandler(HTTPException)
    def answered(error: HTTPException) -> Response:
        status = error.code or 500
        if request.path.startswith("/api/"):
            response = intake.no_such_resource(status)
        else:
            response = message(_PAGES.get(status, "web_failed"), status)
        for name, value in error.get_headers(request.environ):
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.after_request
    def guard(response: Response) -> Response:
        if request.endpoint not in ("static", viewer_assets.ENDPOINT):
            response.headers["Cache-Control"] = "no-store"
        holds = request.endpoint in reports.SHOWING | viewer.SHOWING
        held = request.endpoint in reports.SERVING | viewer.SERVING
        for name, value in security_headers(
            parts.settings, login.origins(access), holds_documents=holds, is_document=held
        ):
            response.headers[name] = value
        return response

    return app


def _where(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.name}:{frame.lineno}"
