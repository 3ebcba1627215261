"""Reports over HTTP: the same story as over HL7, for systems that have a CDA document and no interface engine.

``POST /api/reports`` with the document as body answers 202 when the gateway is responsible for it; ``GET`` of the
Location tells how its shares stand, ``DELETE`` has the report withdrawn. A document that replaces another (RPLC) is
posted like any. Failures are problem details (RFC 9457) with the sentence in the caller's language. What HL7 says
beside the document, a header of the request says here, or a query parameter of that name:
``Identity-Reliability`` (PID-32), ``Identity-Unknown`` (PID-31), ``Document-Masks``, ``Document-To-DMP``,
``Secret-Connection`` (the MetaDMPMSS observations), ``Visit-Class`` (PV1-2).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable, Mapping
from wsgiref.types import WSGIEnvironment

import structlog
from flask import Blueprint, Response, json, jsonify, request, url_for
from gunicorn.http.errors import ParseException

from gateway.errors import GatewayError, InputRejected, InputTooLarge, NotAllowed, NotSupportedYet, Unavailable
from gateway.flow.events import New
from gateway.model.report import Reliability, Statements
from gateway.model.rights import MASKS
from gateway.model.share import Receipt, Received, ShareOverview, StoredReport
from gateway.texts import sentence
from gateway.web.pages import language, public_sentence
from gateway.web.parts import IntakeKey, WebParts

MEDIA_TYPES = frozenset({"application/xml", "text/xml", "application/cda+xml", "application/hl7-cda+xml"})
STATEMENTS = (
    "Identity-Reliability",
    "Identity-Unknown",
    "Document-Masks",
    "Document-To-DMP",
    "Secret-Connection",
    "Visit-Class",
)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_YES = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}
_SHARES = 50
_CHUNK = 256 * 1024

log = structlog.get_logger(__name__)


class NotKnown(GatewayError):
    """No key, or not one of ours."""

    http_status = 401


class MediaTypeWrong(InputRejected):
    """The body is said to be something else than XML."""

    http_status = 415


class ReportUnknown(InputRejected):
    """No such report of this site: of another site is no other answer."""

    http_status = 404


class LengthMissing(InputRejected):
    """Neither a length nor chunks: nobody can tell where the body ends."""

    http_status = 411


class BodyLate(InputRejected):
    """The body did not come in time, or not whole: nothing of it is used."""

    http_status = 408


def blueprint(parts: WebParts) -> Blueprint:
    """The routes."""
    routes = Blueprint("intake", __name__, url_prefix="/api")

    @routes.post("/reports")
    def receive() -> Response:
        key = key_of(parts)
        content = _body(parts)
        statements = read_statements(_said(request.headers.items(), request.args.to_dict(flat=False)))
        received = Received(
            channel="http",
            sender=key.name,
            control_id=_request_id(),
            content=content,
            statements=statements,
            site=key.site,
        )
        receipt = parts.accept(New(received))
        log.info("intake.accepted", sender=key.name, report=receipt.report_id, duplicate=receipt.duplicate)
        return _taken_over(receipt)

    @routes.delete("/reports/<report_id>")
    def withdraw(report_id: str) -> Response:
        key = key_of(parts)
        known_report(parts, key, report_id)
        if parts.withdraw_report is None:
            raise NotSupportedYet("event_not_supported_yet")
        receipt = parts.withdraw_report(report_id, key.name)
        log.info("intake.withdrawn", sender=key.name, report=report_id, duplicate=receipt.duplicate)
        return _taken_over(receipt)

    @routes.get("/reports/<report_id>")
    def state(report_id: str) -> Response:
        report = known_report(parts, key_of(parts), report_id)
        overviews = parts.store.overviews(limit=_SHARES, report_id=report_id)
        shares = [described(overview, language()) for overview in overviews]
        return jsonify({"id": report_id, "received_at": report.received_at.isoformat(), "shares": shares})

    @routes.errorhandler(GatewayError)
    def failed(error: GatewayError) -> Response:
        log.info("intake.refused", code=error.code, status=error.http_status)
        return problem(error)

    return routes


def _taken_over(receipt: Receipt) -> Response:
    """202, and where the caller sees what becomes of it."""
    response = jsonify({"id": receipt.report_id, "duplicate": receipt.duplicate})
    response.status_code = 202
    response.headers["Location"] = url_for("intake.state", report_id=receipt.report_id)
    return response


def known_report(parts: WebParts, key: IntakeKey, report_id: str) -> StoredReport:
    """The report of *key*'s site with this id; raises ReportUnknown, for one of another site too."""
    if _ID.fullmatch(report_id) is not None:
        with contextlib.suppress(InputRejected):
            report = parts.store.report(report_id)
            if report.site == key.site:
                return report
    raise ReportUnknown("intake_report_unknown")


def no_such_resource(status: int) -> Response:
    """The answer to an address or a method that does not exist under ``/api``."""
    return problem(InputRejected("intake_resource"), status)


def problem(error: GatewayError, status: int = 0) -> Response:
    """RFC 9457: the sender is told everything, for what is wrong is in what it sent itself."""
    reader = language()
    status = status or error.http_status
    line = error.facts.get("line", "")
    body = {
        "type": f"urn:drim-gateway:problem:{error.code}",
        "title": public_sentence(error.code, reader),
        "status": status,
        "detail": sentence(error.code, error.facts, reader),
        "code": error.code,
        **({"place": error.place} if error.place else {}),
        **({"line": int(line)} if line.isdecimal() else {}),
    }
    response = Response(json.dumps(body), status=status, mimetype="application/problem+json")
    response.headers["Content-Language"] = reader
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = "30"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="reports"'
    return response


def described(overview: ShareOverview, reader: str) -> dict[str, object]:
    """A share for the system that sent the report: states and reasons, nothing of the patient."""
    share = overview.share
    return {
        "destination": share.destination,
        "deed": share.deed.value,
        "state": share.state.value,
        "reason": share.reason,
        "sentence": public_sentence(share.reason, reader) if share.reason else "",
        "attempts": share.attempts,
        "updated_at": share.updated_at.isoformat(),
        "registered_at": share.registered_at.isoformat() if share.registered_at else None,
    }


def key_of(parts: WebParts) -> IntakeKey:
    """The key of a site's system, as :func:`caller_of`; raises NotAllowed for a platform's, which no site asked."""
    key = caller_of(parts)
    if not key.site:
        raise NotAllowed("intake_key_of_platform")
    return key


def caller_of(parts: WebParts) -> IntakeKey:
    """The key of this request; every known digest is compared, whichever fits. Raises NotKnown."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    digest = hashlib.sha256(sent.strip().encode("utf-8", "surrogatepass")).hexdigest()
    found = None
    for key in parts.settings.intake_keys:
        if hmac.compare_digest(digest, key.sha256_hex):
            found = key
    if found is None or scheme.lower() != "bearer" or not sent.strip():
        raise NotKnown("intake_key_unknown")
    return found


def _body(parts: WebParts) -> bytes:
    """The document, whole: a body that ends before its length or above the limit is never a document."""
    if request.mimetype not in MEDIA_TYPES:
        raise MediaTypeWrong("intake_media_type")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MediaTypeWrong("intake_encoding")
    content = whole_body(request.environ, request.content_length, parts.settings.max_report_bytes)
    if not content:
        raise InputRejected("intake_empty")
    return content


def whole_body(environ: WSGIEnvironment, length: int | None, limit: int) -> bytes:
    """The body, read here and not by Werkzeug.

    Where the server ends the input itself, as gunicorn does, Werkzeug 3.1 cuts a body of no stated length silently at
    the limit and does not compare a stated length with what came: both would pass for a document.
    """
    if length is not None and length > limit:
        raise InputTooLarge("intake_too_large", limit=limit)
    if length is None and not environ.get("wsgi.input_terminated"):
        raise LengthMissing("intake_length")
    wanted = limit + 1 if length is None else length
    body = bytearray()
    try:
        while len(body) < wanted:
            chunk = environ["wsgi.input"].read(min(wanted - len(body), _CHUNK))
            if not chunk:
                break
            body += chunk
    except (OSError, ParseException):
        # The server's socket time-out ends a body that drips in; a chunk that breaks off comes here too.
        raise BodyLate("intake_body_late") from None
    if length is None and len(body) > limit:
        raise InputTooLarge("intake_too_large", limit=limit)
    if length is not None and len(body) != length:
        raise BodyLate("intake_body_late")
    return bytes(body)


def _request_id() -> str:
    sent = request.headers.get("X-Request-ID", "")
    return sent if _ID.fullmatch(sent) else uuid.uuid4().hex


def _said(headers: Iterable[tuple[str, str]], query: Mapping[str, list[str]]) -> dict[str, str]:
    """What is stated beside the document; raises InputRejected for a name we do not know or two that disagree.

    A mistyped name must not pass unseen: with it, a mask would be lost.
    """
    names = {name.lower(): name for name in STATEMENTS}
    said = {names[written.lower()]: value.strip() for written, value in headers if written.lower() in names}
    for written, values in query.items():
        name = names.get(written.lower())
        if name is None:
            raise InputRejected("intake_parameter_unknown", place=written[:64] if written.isprintable() else "")
        for value in values:
            if said.setdefault(name, value.strip()) != value.strip():
                raise InputRejected("intake_statement_twice", place=name)
    return said


def read_statements(said: Mapping[str, str]) -> Statements:
    """The statements in *said*; raises InputRejected that names the one that cannot be read."""
    try:
        reliability = Reliability(said.get("Identity-Reliability", "").upper())
    except ValueError:
        raise InputRejected("intake_reliability", place="Identity-Reliability") from None
    masked = frozenset(mask.strip().upper() for mask in said.get("Document-Masks", "").split(",") if mask.strip())
    if not masked <= MASKS:
        raise InputRejected("intake_masks", place="Document-Masks")
    visit_class = said.get("Visit-Class", "")
    if re.fullmatch(r"[A-Za-z0-9]{0,8}", visit_class, re.ASCII) is None:
        raise InputRejected("intake_visit_class", place="Visit-Class")
    return Statements(
        reliability=reliability,
        identity_unknown=_yes(said, "Identity-Unknown") or False,
        masked=masked,
        to_dmp=_yes(said, "Document-To-DMP"),
        secret_connection=_yes(said, "Secret-Connection") or False,
        visit_class=visit_class,
    )


def _yes(said: Mapping[str, str], name: str) -> bool | None:
    if name not in said:
        return None
    value = _YES.get(said[name].lower())
    if value is None:
        raise InputRejected("intake_yes_or_no", place=name)
    return value
