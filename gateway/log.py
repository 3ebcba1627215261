"""Logs: one line an event, JSON or for a terminal, and nothing of a patient in any of them.

Code logs event names and our own ids. The masking processor is the net under that rule: whatever key or value looks
like a person is replaced before a line is made, exceptions included.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from gateway.texts.plain import shown

MASK = "[masked]"
_PERSONAL_KEYS = frozenset(
    {"patient", "patient_id", "patient_name", "name", "birth_date", "ins", "facts", "content", "message", "person"}
)
_MATRICULE = re.compile(r"(?<![0-9A-Za-z.])[1-8][0-9]{5}[0-9AB][0-9]{6}([0-9]{2})?(?![0-9A-Za-z.])")
_MATRICULE_CHARACTERS = 13
"""Of the shortest: without its key."""
_CX = re.compile(r"[^\s^~|]+\^\^\^[^\s|]+")
_LINK = re.compile(r"(?i)(studyUID|Accessionnumber|idCDA|patientID)=[^&\s\"']+")


def mask(text: str) -> str:
    """*text* with national identities, HL7 identifiers and the identifiers of links replaced."""
    # Most values are a word: what cannot be in one is not looked for.
    if len(text) >= _MATRICULE_CHARACTERS:
        text = _MATRICULE.sub(MASK, text)
    if "^^^" in text:
        text = _CX.sub(MASK, text)
    return _LINK.sub(rf"\1={MASK}", text) if "=" in text else text


def where(error: BaseException) -> str:
    """File and line where *error* came up: what a log may say of a bug, whose own words may quote a document."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _masking(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in _PERSONAL_KEYS:
            event[key] = MASK
        elif isinstance(value, str) and key != "event":
            event[key] = mask(value)
    return event


def _printable(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What others wrote is obeyed by no terminal."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = shown(value)
    return event


class _StandardError:
    """Wherever standard error leads at the moment of a line: it may be redirected, and what it led to be closed."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(*, json: bool | None = None, level: str = "info") -> None:
    """Set up logging for this process from *level* up; JSON unless standard error is a terminal."""
    json = not sys.stderr.isatty() if json is None else json
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masking,
    ]
    if not json:
        shared.append(_printable)
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(_StandardError()),  # type: ignore[arg-type] # all that it asks
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries' own lines may quote what they sent; their warnings are enough.
    root.setLevel(logging.WARNING)
    # It writes a page of its own for every frame that a codec refuses, which who asked is told in a word.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    threading.excepthook = _thread_broken


def _thread_broken(broken: threading.ExceptHookArgs) -> None:
    """A thread ended by what it did not expect: said where and as what, not in its own words, as Python would."""
    error = broken.exc_value
    if error is not None and not isinstance(error, SystemExit):
        name = broken.thread.name if broken.thread is not None else ""
        structlog.get_logger(__name__).error(
            "thread.broken", thread=name, error=type(error).__name__, where=where(error)
        )
