"""The HTTP side: ``POST /registry`` (ITI-18, 42, 44, 57, 61, 62, 92), ``POST /repository`` (ITI-41, 43, 86), and
``GET /health``, ``GET /metrics``.

A body is read in chunks through the limits and its documents wait in a temporary file; answers are streamed. What the
registry has to say leaves with HTTP 200 (ITI TF-2 appendix V), a SOAP fault with the status SOAP 1.2 gives it, and
what is wrong with the HTTP request itself with 413 or 415.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from gateway.errors import GatewayError, InputTooLarge, Unavailable
from gateway.registry import transactions
from gateway.registry.metrics import CONTENT_TYPE, Metrics
from gateway.registry.service import RegistryService
from gateway.registry.transactions import Reply, Transaction
from gateway.xds import mtom, soap

log = structlog.get_logger(__name__)

_STATUS = {"mtom_media_type": 415, "mime_header": 400}


def create_app(service: RegistryService, limits: mtom.Limits = mtom.DEFAULT) -> Flask:
    """The WSGI application over *service*; *limits* bound every request."""
    app = Flask(__name__, static_folder=None)
    metrics = Metrics(service)

    @app.post("/registry")
    def registry() -> Response:
        return _answer(service, limits, transactions.OF_THE_REGISTRY, metrics)

    @app.post("/repository")
    def repository() -> Response:
        return _answer(service, limits, transactions.OF_THE_REPOSITORY, metrics)

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
    app.after_request(_headers)
    return app


def _answer(
    service: RegistryService, limits: mtom.Limits, offered: Mapping[str, Transaction], metrics: Metrics
) -> Response:
    started = time.monotonic()
    try:
        if (request.content_length or 0) > limits.total_bytes:
            raise InputTooLarge("registry_too_large", size=request.content_length, limit=limits.total_bytes)
        content_type = request.headers.get("Content-Type", "")
        incoming = soap.read_request(content_type, request.stream, limits, actions=offered)
    except GatewayError as error:
        metrics.refused(error.code)
        return _fault(error)
    with incoming:
        transaction = offered[incoming.action]
        try:
            reply = transaction.run(service, incoming)
        except GatewayError as error:
            metrics.refused(error.code)
            return _fault(error, incoming.message_id)
        status = reply.status.rpartition(":")[2]
        metrics.answered(transaction.name, status, time.monotonic() - started)
        log.info(
            "registry.answered",
            transaction=transaction.name,
            status=status,
            errors=sorted({error.code for error in reply.errors}),
            objects=reply.objects,
            duration_ms=round((time.monotonic() - started) * 1000),
        )
        # A bare SOAP request gets a bare answer, where no document needs a part of its own.
        multipart = transaction.multipart and content_type.lower().lstrip().startswith("multipart/")
        return _stream(transaction, incoming.message_id, reply, multipart=multipart)


def _stream(transaction: Transaction, relates_to: str, reply: Reply, *, multipart: bool) -> Response:
    try:
        outgoing = soap.write_response(
            transaction.response_action, relates_to, reply.body, reply.attachments, multipart=multipart
        )
    except BaseException:
        reply.files.close()
        raise
    reply.files.callback(outgoing.close)
    response = Response(outgoing, 200, content_type=outgoing.content_type)
    response.content_length = outgoing.size_bytes
    response.call_on_close(reply.files.close)
    return response


def _fault(error: GatewayError, relates_to: str = "") -> Response:
    fault = soap.write_fault(error, relates_to)
    status = 413 if isinstance(error, InputTooLarge) else _STATUS.get(error.code, fault.http_status)
    log.warning("registry.fault", code=error.code, status=status)
    return Response(fault.content, status, content_type=fault.content_type)


def _unexpected(error: Exception) -> WerkzeugResponse | Response:
    """The last net: a bug is named in the log by its type and line (its words may quote a document), and answered."""
    if isinstance(error, HTTPException):
        return Response(f"{error.code} {error.name}\n", error.code, content_type="text/plain; charset=UTF-8")
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}" if frame else ""
    log.error("registry.bug", kind=type(error).__name__, place=place)
    fault = soap.write_fault(GatewayError("registry_internal"))
    return Response(fault.content, 500, content_type=fault.content_type)


def _headers(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
