"""JSON to a form, a form to a document: the two steps that a program or a command calls.

What is wrong is told all at once, each with its path in the JSON (``acts[0].products[1].dose.unit``), a code of
``gateway.texts.building`` and the facts of its sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.cda.build import build as build_document
from gateway.errors import InputRejected, InputTooLarge
from gateway.report_form.compose import compose, compose_unstructured
from gateway.report_form.schema import ReportForm

LIMIT_BYTES = 64 * 1024 * 1024
_TYPES = {
    "string": "a string",
    "list": "an array",
    "tuple": "an array",
    "model": "an object",
    "dict": "an object",
    "bool": "true or false",
    "int": "a whole number",
    "decimal": "a number",
}
_DATES = ("date", "datetime", "timezone", "time")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a form."""

    path: str
    """In the JSON, such as ``acts[0].code``; empty for the whole."""
    code: str
    """Of a sentence in ``gateway.texts.building``."""
    facts: dict[str, str] = field(default_factory=dict)


class FormRejected(InputRejected):
    """A form that is no report; ``wrong`` tells everything that is wrong with it, the failure itself the first."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        """*wrong* holds at least one."""
        first = wrong[0]
        super().__init__(first.code, place=first.path, **first.facts)
        self.wrong = tuple(wrong)


def read(content: bytes | str) -> ReportForm:
    """The form of a JSON text; raises FormRejected, or InputTooLarge (``form_too_large``) above ``LIMIT_BYTES``."""
    if len(content) > LIMIT_BYTES:
        raise InputTooLarge("form_too_large", limit=LIMIT_BYTES)
    try:
        return ReportForm.model_validate_json(content)
    except ValidationError as error:
        raise _rejected(error) from None


def read_value(value: Any) -> ReportForm:
    """The form of plain Python values (what ``json.loads`` gives, dates as dates or as text); raises FormRejected."""
    try:
        return ReportForm.model_validate(value)
    except ValidationError as error:
        raise _rejected(error) from None


def build(form: ReportForm, *, pdf: bytes | None = None) -> bytes:
    """The document of *form*: IMG-CR-IMG of level 3, or of level 1 around *pdf*.

    Raises InputRejected (``form_missing``, ``form_pdf``, ``build_character``...) with the JSON path in ``place``.
    """
    if pdf is None:
        return build_document(compose(form))
    if not pdf.startswith(b"%PDF-"):
        raise InputRejected("form_pdf")
    return build_document(compose_unstructured(form, pdf))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the form (draft 2020-12)."""
    schema = ReportForm.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "IMG-CR-IMG report form"}


def _rejected(error: ValidationError) -> FormRejected:
    wrong = [_wrong(one) for one in error.errors(include_url=False, include_input=False)]
    return FormRejected([one for one in wrong if not (one.code == "form_empty" and _is_told_inside(one.path, wrong))])


def _is_told_inside(path: str, wrong: Sequence[Wrong]) -> bool:
    """Whether an array is "empty" only because what is in it is wrong, which is told there."""
    return any(one.path.startswith(f"{path}[") for one in wrong)


def _wrong(error: ErrorDetails) -> Wrong:
    path = _path(error["loc"])
    kind, facts = error["type"], {name: str(value) for name, value in error.get("ctx", {}).items()}
    if kind.startswith("form_"):
        return Wrong(path, kind, facts)
    if kind == "missing":
        return Wrong(path, "form_missing")
    if kind == "extra_forbidden":
        return Wrong(path, "form_unknown_key")
    if kind == "json_invalid":
        return Wrong("", "form_json", {"words": facts.get("error", "")})
    if kind in ("literal_error", "enum"):
        return Wrong(path, "form_choice", {"expected": facts.get("expected", "").replace(" or ", ", ")})
    if kind == "string_pattern_mismatch":
        return Wrong(path, "form_pattern", facts)
    if kind in ("too_short", "string_too_short"):
        return Wrong(path, "form_empty")
    if kind == "too_long":
        return Wrong(path, "form_too_many", facts)
    if kind.startswith(_DATES):
        return Wrong(path, "form_time_zone" if kind == "timezone_aware" else "form_time")
    for name, expected in _TYPES.items():
        if kind.startswith(name):
            return Wrong(path, "form_type", {"expected": expected})
    return Wrong(path, "form_value", {"words": error["msg"]})


def _path(steps: tuple[int | str, ...]) -> str:
    """``acts[0].code``: what JSON calls it."""
    words = ""
    for step in steps:
        words += f"[{step}]" if isinstance(step, int) else f"{'.' if words else ''}{step}"
    return words
