"""A teleradiology message as JSON, for a system that does not write HL7, on either side of the relay.

From a site: ``request``, ``cancellation``, ``complement``, ``document``; from a reading platform: ``answer``,
``report``. What is not in the JSON is the gateway's to know: who writes to whom, the site's organisation, the viewer's
address, and whether the other end follows the guide (flows 1 to 4) or the white paper (A, C, D). The forms are
published as JSON Schema in ``docs/relay-request.schema.json``.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from gateway.errors import InputRejected
from gateway.web.relay_form.documents import DocumentForm, ReportForm
from gateway.web.relay_form.exchanges import AnswerForm, CancellationForm, ComplementForm, RequestForm

Form = RequestForm | CancellationForm | ComplementForm | DocumentForm | AnswerForm | ReportForm
BY_KIND: dict[str, type[Form]] = {
    "request": RequestForm,
    "cancellation": CancellationForm,
    "complement": ComplementForm,
    "document": DocumentForm,
    "answer": AnswerForm,
    "report": ReportForm,
}
_OBJECT: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])
_FORMS: TypeAdapter[Form] = TypeAdapter(Form)
_WORDS = 400


def read(body: bytes) -> Form:
    """The form in *body*; raises InputRejected (``relay_json``) that names every wrong field and quotes no value."""
    try:
        data = _OBJECT.validate_json(body)
        kind = data.get("kind", "request")
        if not isinstance(kind, str) or kind not in BY_KIND:
            raise InputRejected("relay_json", place="kind", words=f"kind: {', '.join(BY_KIND)}")
        return BY_KIND[kind].model_validate(data)
    except ValidationError as error:
        wrong = [(".".join(map(str, each["loc"])) or "JSON", each["msg"]) for each in error.errors(include_input=False)]
        words = "; ".join(f"{place}: {what}" for place, what in wrong)[:_WORDS]
        raise InputRejected("relay_json", place=wrong[0][0][:100], words=words) from None


def json_schema() -> dict[str, Any]:
    """The JSON Schema of every form (draft 2020-12)."""
    schema = _FORMS.json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Teleradiology message", **schema}


__all__ = ["BY_KIND", "Form", "json_schema", "read"]
