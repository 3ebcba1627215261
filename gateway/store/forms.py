"""The forms of what is kept as JSON text or digest: one version number in each, so that a later form can be told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gateway.errors import Unavailable
from gateway.model.access import Person
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Professional
from gateway.model.report import Reliability, Report, Statements
from gateway.model.share import Received

_VERSION = 1


def key(*parts: str) -> str:
    """A digest of *parts* that no other cut of the same characters has."""
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


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
    """How a report came, without its bytes and its statements, which stand elsewhere."""
    return dump(
        {
            "channel": received.channel,
            "sender": received.sender,
            "control_id": received.control_id,
            "patient_identifiers": [[each.root, each.extension] for each in received.patient_identifiers],
            "birth_date": received.birth_date,
            "sex": received.sex,
            "document_id": received.document_id,
            "envelope": received.envelope,
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


def patient_cx(report: Report) -> str:
    """The CX of the patient: the national identity, else the first identifier, else nothing."""
    identifiers = report.patient.identifiers
    known = report.patient.ins or (identifiers[0] if identifiers else None)
    return known.cx() if known else ""
