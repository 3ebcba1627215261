"""Messages of the relay as JSON, the other way: what was read of a message becomes the form that says the same.

A message of another system may say what no form has a place for, or lack what a form asks for. It is given all the
same, and what the form would not take is named (:func:`beyond`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from gateway.model import teleradiology as model
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.identifiers import ORGANIZATION_OID, PROFESSIONAL_OID, Identifier
from gateway.model.people import Patient, Professional
from gateway.model.relay import Flow, RelayRequest
from gateway.web.relay_form import BY_KIND
from gateway.web.relay_form.fields import ATC

Json = dict[str, Any]
_KINDS = {Flow.DOCUMENT: "document", Flow.REPORT: "report"}
_TS = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(?:\.\d{1,4})?)?([+-]\d{4})?)?", re.ASCII)


def form_of(said: model.Exchange | model.Transmittal, request: RelayRequest, flow: Flow) -> Json:
    """The form of *said*, a message of *flow* about *request*."""
    about = {"order": _identifier(said.order_number), "site": request.site, "platform": request.platform}
    match said:
        case model.ImagingRequest():
            return _said(kind="request", **about, **_common(said), **_request(said))
        case model.Cancellation():
            return _said(kind="cancellation", **about, **_common(said), **_cancellation(said))
        case model.Complement():
            return _said(kind="complement", **about, **_common(said), **_complement(said))
        case model.Answer():
            return _said(kind="answer", **about, patient=_patient(said.patient, said.reliability), **_answer(said))
        case model.Transmittal():
            return _said(kind=_KINDS[flow], **about, **_document(said, flow))


def documents_of(said: model.Exchange | model.Transmittal) -> tuple[bytes, ...]:
    """The documents that it carries, in the order of its form."""
    if isinstance(said, model.Transmittal):
        return (said.content,)
    if isinstance(said, model.Answer):
        return tuple(each for each in said.protocols if isinstance(each, bytes))
    return ()


def without_documents(form: Json) -> Json:
    """*form* without what is Base64 in it."""
    return {name: value for name, value in form.items() if name not in ("content", "protocol_documents")}


def beyond(form: Json) -> tuple[str, ...]:
    """The places in *form*, whose documents are left out, that a POST of it would be refused for."""
    held: Json = {"content": "AA=="} if form["kind"] in _KINDS.values() else {}
    if form["kind"] == "answer" and form["accepted"] and "protocols" not in form:
        held = {"protocol_documents": ["AA=="]}
    try:
        BY_KIND[form["kind"]].model_validate({**form, **held})
    except ValidationError as error:
        wrong = dict.fromkeys(".".join(map(str, each["loc"])) or "JSON" for each in error.errors(include_input=False))
        # A list whose entries are told is told by them.
        return tuple(place for place in wrong if not any(other.startswith(f"{place}.") for other in wrong))
    return ()


# .. each kind


def _common(said: model.ImagingRequest | model.Cancellation | model.Complement) -> Json:
    return {"patient": _patient(said.patient, said.reliability), "visit": _visit(said.visit)}


def _request(asked: model.ImagingRequest) -> Json:
    return {
        "requested_at": _moment(asked.requested_at),
        "responsible": _professional(asked.responsible),
        "reader": _professional(asked.reader),
        "organization": _organization(asked.sender),
        "callback": asked.callback,
        "justification": asked.justification,
        "purposes": list(asked.purposes),
        "modality": _code(asked.modality, DCM),
        "modality_comments": list(asked.modality_comments),
        "locations": _locations(asked.locations),
        "antecedents": [_said(text=one.text, relevance=one.relevance) for one in asked.antecedents],
        "height": _measure(asked.height),
        "weight": _measure(asked.weight),
        "pregnant": asked.pregnant,
    }


def _cancellation(taken_back: model.Cancellation) -> Json:
    return {
        "cancelled_at": _moment(taken_back.cancelled_at),
        "responsible": _professional(taken_back.responsible),
        "reader": _professional(taken_back.reader),
        "organization": _organization(taken_back.sender),
        "reason": taken_back.reason,
    }


def _complement(done: model.Complement) -> Json:
    sender = done.sender
    address = sender.address if sender else None
    return {
        "examinations": list(map(_examination, done.examinations)),
        "requester": _professional(done.requester),
        "responsible": _professional(done.responsible),
        "organization": _organization(sender),
        "address": address and _said(street=address.street, postal_code=address.postal_code, city=address.city),
        "telephone": sender.telephone if sender else "",
    }


def _examination(done: model.Examination) -> Json:
    return _said(
        accession=_identifier(done.accession),
        study_uid=done.study_uid,
        act=_code(done.act, LOINC),
        requested_act=_code(done.requested_act, LOINC),
        performed_at=_moment(done.performed_at),
        retention_days=done.retention_days or None,
        viewer_url=done.viewer_url,
        modality=_code(done.modality, DCM),
        locations=_locations(done.locations),
        device_udi=done.device_udi,
        device_model=done.device_model,
        products=[
            _said(code=_code(one.code, ATC), lot=one.lot, quantity=_measure(one.quantity)) for one in done.products
        ],
        doses=[_said(code=_code(one.code, DCM), value=one.measure.value, unit=one.measure.unit) for one in done.doses],
    )


def _answer(answer: model.Answer) -> Json:
    return {
        "accepted": answer.accepted,
        "reader": _professional(answer.reader),
        "organization": _organization(answer.sender),
        "reason": answer.reason,
        "protocols": [each for each in answer.protocols if isinstance(each, str)],
        "protocol_documents": list(map(_base64, documents_of(answer))),
    }


def _document(sent: model.Transmittal, flow: Flow) -> Json:
    of_report = {"to_dmp": sent.to_dmp, "secret_connection": sent.secret_connection} if flow is Flow.REPORT else {}
    return {
        "content": _base64(sent.content),
        "withdraws": sent.withdraws,
        "visit": _visit(sent.visit),
        "reliability": sent.reliability or None,
        "masks": sorted(sent.masks),
        **of_report,
    }


# .. the small forms


def _said(**values: Any) -> Json:
    """What is said, without what is not; a no is said."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", [], {})}


def _identifier(one: Identifier | None) -> Json | None:
    return None if one is None else _said(value=one.extension or one.root, issuer=one.root if one.extension else "")


def _patient(one: Patient, reliability: str) -> Json:
    return _said(
        identifiers=[_identifier(each) for each in one.identifiers],
        birth_family=one.birth_family,
        birth_given=one.birth_given,
        given_names=one.given_names,
        birth_date=one.birth_date,
        sex=one.sex,
        birth_place=one.birth_place,
    ) | {"reliability": reliability}


def _visit(one: model.Visit) -> Json:
    return _said(
        patient_class=one.patient_class,
        number=_identifier(one.number),
        authority=one.authority,
        admitted_at=_moment(one.admitted),
        discharged_at=_moment(one.discharged),
    )


def _professional(one: Professional | None) -> Json | None:
    if one is None:
        return None
    return _said(number=_number(one.identifiers, PROFESSIONAL_OID), family=one.family, given=one.given)


def _organization(one: model.Sender | None) -> Json | None:
    if one is None:
        return None
    number = _number(one.organization.identifiers, ORGANIZATION_OID)
    return _said(number=number, name=one.organization.name, kind=one.type_code if number else "")


def _number(identifiers: Iterable[Identifier], root: str) -> str:
    """The national one first."""
    known = sorted(identifiers, key=lambda each: each.root != root)
    return next((each.extension for each in known if each.extension), "")


def _code(one: Code | None, system: str) -> Json | None:
    if one is None or not one.code:
        return None
    return _said(code=one.code, display=one.display, system=one.system if one.system != system else "")


def _locations(all_: Iterable[model.Location]) -> list[Json]:
    return [_said(region=_code(one.region, SNOMED_CT), modifier=_code(one.modifier, SNOMED_CT)) for one in all_]


def _measure(one: model.Measure | None) -> Json | None:
    return None if one is None else _said(value=one.value, unit=one.unit)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _moment(text: str) -> str:
    """ISO 8601 of an HL7 TS, with the precision that it has; what is no day stays as it is written."""
    match = _TS.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second, zone = match.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    zone = f"{zone[:3]}:{zone[3:]}" if zone else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{zone}"
