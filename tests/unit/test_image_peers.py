"""Who knocks at the images' doors: a certificate, a key, a session; and who only looks like one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.errors import PeerUnreachable
from gateway.model.access import Kind, Person, Session, Situation
from gateway.web.door_settings import ImageDoors, ImagePeer
from gateway.web.doors.askers import Unknown, who
from gateway.web.limits import Limits, LimitSettings, TooMany
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
    return who(DOORS, Sessions(session), Limits(), environ)  # type: ignore[arg-type]


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


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_name_of_the_scheme_may_be_written_in_any_case(scheme: str) -> None:
    assert asked({"HTTP_AUTHORIZATION": f"{scheme} {KEY}"}).name == "tool"


def test_a_peer_without_a_key_or_a_certificate_is_not_everybody() -> None:
    """Neither is what nothing digests to."""
    doors = replace(DOORS, peers=(ImagePeer(name="nobody"),))
    for environ in ({"HTTP_AUTHORIZATION": f"Bearer {KEY}"}, {"gunicorn.socket": Connection(None)}, {}):
        with pytest.raises(Unknown):
            who(doors, Sessions(), Limits(), environ)  # type: ignore[arg-type]


# .. tokens that nobody knows


TOKEN = {"HTTP_AUTHORIZATION": f"Bearer {'t' * 40}", "REMOTE_ADDR": "192.0.2.7"}
SOMEONE = Person(subject="f:1", issuer="i", identifier="899700000011")


def doors_of(known: dict[str, Person], remembered: dict[str, Person] | None = None) -> tuple[ImageDoors, list[str]]:
    """Doors whose provider knows *known*, and the tokens that it was asked for."""
    looked_at: list[str] = []

    def introspect(token: str) -> Person | None:
        looked_at.append(token)
        return known.get(token)

    return replace(DOORS, introspect=introspect, remembered=(remembered or {}).get), looked_at


def test_the_provider_is_not_asked_for_ever_for_tokens_that_it_does_not_know() -> None:
    doors, looked_at = doors_of({"good" * 10: SOMEONE}, {"known" * 8: SOMEONE})
    limits = Limits(LimitSettings(refused=3), now_s=lambda: 0.0)

    def ask(token: str, address: str = "192.0.2.7") -> Person:
        environ = {"HTTP_AUTHORIZATION": f"Bearer {token}", "REMOTE_ADDR": address}
        return who(doors, Sessions(), limits, environ)  # type: ignore[arg-type]

    for number in range(3):
        assert ask("good" * 10) is SOMEONE, "who is known costs nothing"
        with pytest.raises(Unknown):
            ask(f"{number}" * 40)
    before = len(looked_at)
    for token in ("9" * 40, "good" * 10):
        with pytest.raises(TooMany) as refused:
            ask(token)
        assert (refused.value.http_status, refused.value.wait_s) == (429, 21)
    assert len(looked_at) == before
    assert ask("known" * 8) is SOMEONE, "nobody needs to be asked for that one"
    assert ask(KEY).kind is Kind.SYSTEM, "nor for a key"
    assert ask("good" * 10, "192.0.2.8") is SOMEONE, "another address"


def test_a_provider_that_is_away_uses_nothing_up() -> None:
    def introspect(token: str) -> Person | None:
        raise PeerUnreachable("wado_introspection")

    limits = Limits(LimitSettings(refused=1), now_s=lambda: 0.0)
    for _ in range(3):
        with pytest.raises(PeerUnreachable):
            who(replace(DOORS, introspect=introspect), Sessions(), limits, TOKEN)  # type: ignore[arg-type]


def test_without_a_provider_a_token_is_nobodys() -> None:
    with pytest.raises(Unknown):
        asked(TOKEN)
