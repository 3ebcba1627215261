"""Who knocks at the images' doors: a certificate, a key, a session; and who only looks like one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.model.access import Kind, Person, Session, Situation
from gateway.web.door_settings import ImageDoors, ImagePeer
from gateway.web.doors.askers import Unknown, who
from tests.support.image_site import SharedList

CERTIFICATE, KEY = b"the certificate of box, in DER", "k" * 43
DOORS = ImageDoors(
    shared=SharedList(),
    peers=(
        ImagePeer(name="box", certificate_sha256=hashlib.sha256(CERTIFICATE).hexdigest()),
        ImagePeer(name="tool", key_sha256=hashlib.sha256(KEY.encode()).hexdigest()),
    ),
)


@dataclass
class Connection:
    """A connection under TLS, as far as it is asked."""

    certificate: bytes | None
    fails: type[Exception] | None = None

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        assert binary_form
        if self.fails is not None:
            raise self.fails
        return self.certificate


@dataclass
class Sessions:
    """:class:`gateway.web.login.session.Access`, as far as it is asked."""

    session: Session | None = None
    asked: list[Any] = field(default_factory=list)

    def session_of(self, environ: Any) -> Session | None:
        self.asked.append(environ)
        return self.session


def asked(environ: dict[str, Any], session: Session | None = None) -> Person:
    return who(DOORS, Sessions(session), environ)  # type: ignore[arg-type]


def session_of(person: Person) -> Session:
    now = datetime.now(UTC)
    return Session(id="s", person=person, csrf_token="c", created_at=now, seen_at=now)


def test_a_known_certificate_is_its_system() -> None:
    person = asked({"gunicorn.socket": Connection(CERTIFICATE)})
    assert (person.kind, person.subject) == (Kind.SYSTEM, "box")


def test_a_known_key_is_its_system() -> None:
    assert asked({"HTTP_AUTHORIZATION": f"Bearer {KEY}"}).subject == "tool"


@pytest.mark.parametrize(
    "connection",
    [
        Connection(b"another"),
        Connection(b""),
        Connection(None),
        Connection(CERTIFICATE, ValueError),
        Connection(CERTIFICATE, OSError),
        object(),
    ],
)
def test_what_is_no_known_certificate_is_nobody(connection: object) -> None:
    with pytest.raises(Unknown):
        asked({"gunicorn.socket": connection})


@pytest.mark.parametrize(
    "header",
    ["HTTP_X_CLIENT_CERT", "HTTP_X_SSL_CLIENT_CERT", "HTTP_X_FORWARDED_CLIENT_CERT", "SSL_CLIENT_CERT"],
)
def test_a_certificate_in_a_header_is_nobody(header: str) -> None:
    with pytest.raises(Unknown):
        asked({header: CERTIFICATE.decode()})


def test_a_token_that_is_not_good_is_not_made_up_for_by_a_certificate() -> None:
    with pytest.raises(Unknown):
        asked({"gunicorn.socket": Connection(CERTIFICATE), "HTTP_AUTHORIZATION": f"Bearer {'x' * 43}"})


def test_a_session_is_its_person_once_the_situation_is_chosen() -> None:
    places = (Situation(profession="10", structure="1290066663"), Situation(profession="21", structure="1290077772"))
    undecided = Person(subject="s", issuer="i", identifier="899700000011", profession="10", situations=places)
    with pytest.raises(Unknown):
        asked({}, session_of(undecided))
    chosen = undecided.exercising(places[1])
    assert asked({}, session_of(chosen)) == chosen
