"""The HTTP side: ``POST /registry`` (ITI-18, 42, 44, 51, 57, 61, 62, 92), ``POST /repository`` (ITI-41, 43, 86), and
``GET /health``, ``GET /metrics``.

The transactions are bare WSGI before Flask, which takes as long for a request as reading one (measured: 0.5 ms), and
Flask answers everything else; nor is werkzeug's Response made for an answer (another 0.1 ms). A body is read in chunks
through the limits and its documents wait in a temporary file; answers are streamed. What the registry has to say leaves
with HTTP 200 (ITI TF-2 appendix V), a SOAP fault with the status SOAP 1.2 gives it, and what is wrong with the HTTP
request itself with 405, 413 or 415.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import NamedTuple, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as WerkzeugResponse
from werkzeug.wsgi import ClosingIterator, get_input_stream

from gateway.errors import GatewayError, InputTooLarge, Unavailable
from gateway.registry import transactions
from gateway.registry.metrics import CONTENT_TYPE, Metrics
from gateway.registry.service import RegistryService
from gateway.registry.transactions import Reply, Transaction
from gateway.xds import mtom, soap

log = structlog.get_logger(__name__)

_AnyResponse = TypeVar("_AnyResponse", bound=WerkzeugResponse)
_NOT_KEPT = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_STATUS = {"mtom_media_type": 415, "mime_header": 400}


def create_app(service: RegistryService, limits: mtom.Limits = mtom.DEFAULT) -> Flask:
    """The WSGI application over *service*; *limits* bound every request."""
    app = Flask(__name__, static_folder=None)
    metrics = Metrics(service)

    @app.get("/metrics")
    def figures() -> Response:
        return Response(metrics.text(), content_type=CONTENT_TYPE)

    @app.get("/health")
    def health() -> Response | tuple[Response, int]:
        try:
            service.check()
        except Unavailable as error:
            return jsonify(status="unavailable", reason=error.code), 503
        return jsonify(status="ok")

    app.register_error_handler(Exception, _unexpected)
    app.after_request(_not_kept)
    app.wsgi_app = _Transactions(service, limits, metrics, app.wsgi_app)  # type: ignore[method-assign]
    return app


class _Answer(NamedTuple):
    """What an HTTP response says, but for the fields that every response has."""

    status: int
    content_type: str
    size_bytes: int
    body: Iterable[bytes]


class _Transactions:
    """``POST`` of a transaction; every other request goes on to *others*."""

    def __init__(
        self, service: RegistryService, limits: mtom.Limits, metrics: Metrics, others: WSGIApplication
    ) -> None:
        self._service = service
        self._limits = limits
        self._metrics = metrics
        self._others = others
        self._offered = {
            "/registry": transactions.OF_THE_REGISTRY,
            "/repository": transactions.OF_THE_REPOSITORY,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        offered = self._offered.get(environ["PATH_INFO"])
        if offered is None:
            return self._others(environ, start_response)
        try:
            if environ["REQUEST_METHOD"] != "POST":
                raise MethodNotAllowed(["POST"])
            answer = self._answer(environ, offered)
        except Exception as error:  # noqa: BLE001 - named in the log and answered
            return _not_kept(_unexpected(error))(environ, start_response)
        described = [("Content-Type", answer.content_type), ("Content-Length", str(answer.size_bytes))]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", [*described, *_NOT_KEPT])
        return answer.body

    def _answer(self, environ: WSGIEnvironment, offered: Mapping[str, Transaction]) -> _Answer:
        started = time.monotonic()
        content_type = environ.get("CONTENT_TYPE", "")
        declared = environ.get("CONTENT_LENGTH", "")
        try:
            size = int(declared) if declared.isdecimal() else 0
            if size > self._limits.total_bytes:
                raise InputTooLarge("registry_too_large", size=size, limit=self._limits.total_bytes)
            # gunicorn ends the body itself and says so; werkzeug's reader is for a server that does not.
            body = environ["wsgi.input"] if environ.get("wsgi.input_terminated") else get_input_stream(environ)
            incoming = soap.read_request(content_type, body, self._limits, actions=offered, all_used=False)
        except GatewayError as error:
            self._metrics.refused(error.code)
            return _fault(error)
        with incoming:
            transaction = offered[incoming.action]
            try:
                reply = transaction.run(self._service, incoming)
            except GatewayError as error:
                self._metrics.refused(error.code)
                return _fault(error, incoming.message_id)
            status = reply.status.rpartition(":")[2]
            duration_s = time.monotonic() - started
            self._metrics.answered(transaction.name, status, duration_s)
            log.info(
                "registry.answered",
                transaction=transaction.name,
                status=status,
                errors=sorted({error.code for error in reply.errors}),
                objects=reply.objects,
                duration_ms=round(duration_s * 1000),
            )
            # A bare SOAP request gets a bare answer, where no document needs a part of its own.
            multipart = transaction.multipart and content_type.lower().lstrip().startswith("multipart/")
            return _stream(transaction, incoming.message_id, reply, multipart=multipart)


def _stream(transaction: Transaction, relates_to: str, reply: Reply, *, multipart: bool) -> _Answer:
    try:
        outgoing = soap.write_response(
            transaction.response_action, relates_to, reply.body, reply.attachments, multipart=multipart
        )
    except BaseException:
        reply.files.close()
        raise
    reply.files.callback(outgoing.close)
    body = ClosingIterator(outgoing, reply.files.close)
    return _Answer(200, outgoing.content_type, outgoing.size_bytes, body)


def _fault(error: GatewayError, relates_to: str = "") -> _Answer:
    fault = soap.write_fault(error, relates_to)
    status = 413 if isinstance(error, InputTooLarge) else _STATUS.get(error.code, fault.http_status)
    log.warning("registry.fault", code=error.code, status=status)
    return _Answer(status, fault.content_type, len(fault.content), [fault.content])


def _unexpected(error: Exception) -> WerkzeugResponse:
    """The last net: a bug is named in the log by its type and line (its words may quote a document), and answered."""
    if isinstance(error, HTTPException):
        words = f"{error.code} {error.name}\n"
        response = WerkzeugResponse(words, error.code, content_type="text/plain; charset=UTF-8")
        if isinstance(error, MethodNotAllowed):
            response.allow.update(error.valid_methods or ())
        return response
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}" if frame else ""
    log.error("registry.bug", kind=type(error).__name__, place=place)
    fault = soap.write_fault(GatewayError("registry_internal"))
    return WerkzeugResponse(fault.content, 500, content_type=fault.content_type)


def _not_kept(response: _AnyResponse) -> _AnyResponse:
    response.headers.extend(_NOT_KEPT)
    return response
