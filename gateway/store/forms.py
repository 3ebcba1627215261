"""The forms of what is kept as JSON text or digest: one version number in each, so that a later form can be told."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from json.encoder import encode_basestring_ascii
from typing import Any

from gateway.errors import Unavailable
from gateway.model.access import Handle, Kind, Person, Session, ShownStudy, Situation, ViewOptions
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Patient, Professional
from gateway.model.report import Reliability, Report, Statements
from gateway.model.rights import ExamFacts
from gateway.model.share import Received

_VERSION = 1


def key(*parts: str) -> str:
    """A digest of *parts* that no other cut of the same characters has."""
    # What json.dumps gives for texts, in a fifth of its time: a report asks for some twenty keys.
    written = f"[{', '.join(map(encode_basestring_ascii, parts))}]"
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def dump(data: Mapping[str, Any]) -> str:
    """JSON, in ASCII: every character that a database could refuse is escaped."""
    return json.dumps({"version": _VERSION, **data})


def load(text: str) -> dict[str, Any]:
    """Raises Unavailable (``store_form``) for a form that a later version of the gateway wrote."""
    data: dict[str, Any] = json.loads(text)
    version = data.pop("version", None)
    if version != _VERSION:
        raise Unavailable("store_form", version=version)
    return data


def dump_words(words: Mapping[str, str]) -> str:
    return dump({"words": dict(words)})


def load_words(text: str) -> dict[str, str]:
    words: dict[str, str] = load(text)["words"]
    return words


def dump_received(received: Received) -> str:
    """How a report came, without its bytes and its statements, which stand elsewhere, as its message does."""
    return dump(
        {
            "channel": received.channel,
            "sender": received.sender,
            "control_id": received.control_id,
            "patient_identifiers": [[each.root, each.extension] for each in received.patient_identifiers],
            "birth_date": received.birth_date,
            "sex": received.sex,
            "document_id": received.document_id,
            "site": received.site,
            "sender_person": _person(received.sender_person),
        }
    )


def _person(person: Professional | None) -> dict[str, Any] | None:
    if person is None:
        return None
    organization = person.organization
    return {
        "identifiers": [[each.root, each.extension] for each in person.identifiers],
        "family": person.family,
        "given": person.given,
        "device": person.device,
        "organization": organization
        and {
            "identifiers": [[each.root, each.extension] for each in organization.identifiers],
            "name": organization.name,
        },
    }


def load_sender_person(received: Mapping[str, Any]) -> Professional | None:
    """Who sent a report, from what :func:`dump_received` kept; None where nobody was named."""
    kept = received.get("sender_person")
    if kept is None:
        return None
    structure = kept["organization"]
    return Professional(
        identifiers=tuple(Identifier(*each) for each in kept["identifiers"]),
        family=kept["family"],
        given=kept["given"],
        device=kept["device"],
        organization=structure
        and Organization(
            identifiers=tuple(Identifier(*each) for each in structure["identifiers"]), name=structure["name"]
        ),
    )


def dump_statements(statements: Statements) -> str:
    return dump(
        {
            "reliability": statements.reliability.value,
            "identity_unknown": statements.identity_unknown,
            "masked": sorted(statements.masked),
            "to_dmp": statements.to_dmp,
            "secret_connection": statements.secret_connection,
            "visit_class": statements.visit_class,
        }
    )


def load_statements(text: str) -> Statements:
    data = load(text)
    return Statements(
        reliability=Reliability(data["reliability"]),
        identity_unknown=data["identity_unknown"],
        masked=frozenset(data["masked"]),
        to_dmp=data["to_dmp"],
        secret_connection=data["secret_connection"],
        visit_class=data["visit_class"],
    )


def dump_authors(report: Report) -> str:
    """The identifiers of the professionals who wrote or signed *report*."""
    people = [*report.authors, *([report.legal_authenticator] if report.legal_authenticator else [])]
    return dump({"authors": sorted({i.extension for person in people for i in person.identifiers if i.extension})})


def load_authors(text: str) -> frozenset[str]:
    return frozenset(load(text)["authors"])


def dump_person(person: Person) -> str:
    return dump(
        {
            "subject": person.subject,
            "issuer": person.issuer,
            "identifier": person.identifier,
            "name": person.name,
            "profession": person.profession,
            "roles": sorted(person.roles),
        }
    )


def load_person(text: str) -> Person:
    data = load(text)
    return Person(**{**data, "roles": frozenset(data["roles"])})


def dump_session(session: Session) -> str:
    """What the release before did not know of a session; what it knew stands in columns of its own."""
    person = session.person
    return dump(
        {
            "kind": person.kind.value,
            "specialty": person.specialty,
            "structures": sorted(person.structures),
            "situations": [dataclasses.asdict(each) for each in person.situations],
            "patient": person.patient and dump_patient(person.patient),
            "provider": session.provider,
            "tokens": session.tokens,
            "agent": session.agent,
        }
    )


def load_session(row: Any) -> Session:
    """The session of a row of ``SESSIONS``."""
    person = load_person(row.person)
    data = load(row.details) if row.details else {}
    if data:
        person = dataclasses.replace(
            person,
            kind=Kind(data["kind"]),
            specialty=data["specialty"],
            structures=frozenset(data["structures"]),
            situations=tuple(Situation(**each) for each in data["situations"]),
            patient=data["patient"] and load_patient(data["patient"]),
        )
    return Session(
        id=row.id,
        person=person,
        csrf_token=row.csrf_token,
        created_at=row.created_at,
        seen_at=row.seen_at,
        provider=data.get("provider", ""),
        provider_session=row.provider_session,
        subject_key=row.subject_key,
        tokens=data.get("tokens", ""),
        refresh_at=row.refresh_at,
        agent=data.get("agent", ""),
    )


_TRAITS = ("birth_family", "birth_given", "given_names", "birth_date", "sex", "birth_place")


def dump_patient(patient: Patient) -> dict[str, Any]:
    """Identifiers and INS traits."""
    known = [[each.root, each.extension] for each in patient.identifiers]
    return {"identifiers": known, **{name: getattr(patient, name) for name in _TRAITS}}


def load_patient(data: Mapping[str, Any]) -> Patient:
    identifiers = tuple(Identifier(root, extension) for root, extension in data["identifiers"])
    return Patient(identifiers=identifiers, **{name: data[name] for name in _TRAITS})


def dump_facts(facts: Mapping[str, ExamFacts], shared: ExamFacts) -> str:
    """*shared*: of the report; *facts*: of each of its studies, when it began and its modalities."""
    return dump(
        {
            "patient": dump_patient(shared.patient),
            "type_code": shared.type_code,
            "structures": sorted(shared.structures),
            "addressees": sorted(shared.addressees),
            "studies": {
                uid: [each.started_at and each.started_at.isoformat(), sorted(each.modalities)]
                for uid, each in facts.items()
            },
        }
    )


def load_facts(text: str, study_uid: str) -> ExamFacts:
    data = load(text)
    started_at, modalities = data["studies"].get(study_uid, (None, ()))
    return ExamFacts(
        patient=load_patient(data["patient"]),
        type_code=data["type_code"],
        structures=frozenset(data["structures"]),
        addressees=frozenset(data["addressees"]),
        started_at=datetime.fromisoformat(started_at) if started_at else None,
        modalities=frozenset(modalities),
    )


def dump_shown(handle: Handle) -> str:
    """What a handle opens, and how it is to be seen."""
    options = handle.options
    return dump(
        {
            "exams": [[each.site, each.study_uid, each.report_id] for each in handle.exams],
            "viewer": options.viewer,
            "diagnostic": options.diagnostic,
            "key_images_only": options.key_images_only,
            "key_images": list(options.key_images),
        }
    )


def load_shown(text: str) -> tuple[tuple[ShownStudy, ...], ViewOptions]:
    data = load(text)
    exams = tuple(
        ShownStudy(site=site, study_uid=study_uid, report_id=report_id) for site, study_uid, report_id in data["exams"]
    )
    return exams, ViewOptions(
        viewer=data["viewer"],
        diagnostic=data["diagnostic"],
        key_images_only=data["key_images_only"],
        key_images=tuple(data["key_images"]),
    )
