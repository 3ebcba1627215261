"""Notices on their way: to an SMTP server and to a webhook, both on loopback."""

from __future__ import annotations

import email
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, PeerUnreachable, SettingsError
from gateway.model.notice import Held, Notice
from gateway.model.share import ShareState
from gateway.notify.mail import Mail, MailSettings
from gateway.notify.notifier import Notifier
from gateway.notify.webhook import Webhook, WebhookSettings
from gateway.store.notices import SqlNotices
from tests.support.dripping import dripping
from tests.support.monitoring import hook_sink, mail_sink
from tests.support.store import NOW, Stage, keep, stage

NOTICE = Notice(
    id="5d0c1d0e-0000-4000-8000-000000000001",
    made_at=NOW,
    new=3,
    altogether=12,
    held=(
        Held(
            kind="share", site="nord", destination="dmp", reason="patient_differs", many=2, ids=("share-1", "share-2")
        ),
        Held(kind="relay", site="nord", destination="reading", reason="relay_refused", many=1, ids=("message-1",)),
    ),
)


def mail(port: int, **changes: Any) -> Mail:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "sender": "gateway@clinic.example",
        "recipients": ("imaging@clinic.example", "night@clinic.example"),
        "language": "fr",
        "console_url": "https://images.example.org/console",
        "timeout_s": 5.0,
        **changes,
    }
    return Mail(MailSettings(**given))


def webhook(port: int, folder: Path, word: str = "s3cret", **changes: Any) -> Webhook:
    file = folder / "webhook"
    file.write_text(word + "\n", encoding="utf-8")
    given: dict[str, Any] = {
        "url": f"http://127.0.0.1:{port}/alerts?room=1",
        "secret_file": file,
        "language": "en",
        "console_url": "https://images.example.org/console",
        "timeout_s": 5.0,
        **changes,
    }
    return Webhook(WebhookSettings(**given), now=lambda: 1_700_000_000.7)


def test_a_mail_says_what_is_held_and_what_to_do() -> None:
    with mail_sink() as sink:
        mail(sink.port).send(NOTICE)
    ((sender, recipients, content),) = sink.messages
    assert "gateway@clinic.example" in sender
    assert len(recipients) == 2
    message = email.message_from_bytes(content, policy=policy.default)
    assert message["Message-ID"] == f"<{NOTICE.id}@clinic.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "Passerelle d'imagerie : 3 à traiter"
    text = message.get_content()
    assert "Retenus en tout : 12" in text
    assert "2 x patient_differs   nord -> dmp" in text
    assert "vérifié l'identité" in text
    assert "share-2" in text
    assert "https://images.example.org/console" in text


def test_the_same_notice_is_the_same_mail_when_it_is_sent_again() -> None:
    with mail_sink() as sink:
        mail(sink.port).send(NOTICE)
        mail(sink.port).send(NOTICE)
    assert sink.messages[0] == sink.messages[1]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


def context(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


def test_a_password_goes_by_tls_alone(authority: trustme.CA, trusted: Path, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("pass word\n", encoding="utf-8")
    with mail_sink(context=context(authority)) as sink:
        secure = mail(sink.port, tls="starttls", ca_file=trusted, username="gw", password_file=password)
        assert secure.check() == f"127.0.0.1:{sink.port}"
        secure.send(NOTICE)
    assert sink.encrypted == [True]
    assert len(sink.secrets) == 2


def test_a_mail_server_of_another_name_or_without_tls_gets_nothing(authority: trustme.CA, trusted: Path) -> None:
    served = mail_sink(context=context(authority, "other.example"))
    with served as sink, pytest.raises(PeerMisbehaved, match="notice_mail_tls"):
        mail(sink.port, tls="starttls", ca_file=trusted).send(NOTICE)
    with mail_sink() as plain, pytest.raises(PeerMisbehaved, match="notice_mail_tls"):
        mail(plain.port, tls="starttls", ca_file=trusted).send(NOTICE)
    assert sink.messages == plain.messages == []


@pytest.mark.parametrize(
    ("refuse", "family", "code"),
    [
        ({"MAIL": "550 no"}, PeerRefused, "notice_mail_refused"),
        ({"RCPT": "550 no"}, PeerRefused, "notice_mail_refused"),
        ({"RCPT": "451 later"}, PeerUnreachable, "notice_mail_unreachable"),
        ({"DATA": "554 no"}, PeerRefused, "notice_mail_refused"),
        ({"END": "452 full"}, PeerUnreachable, "notice_mail_unreachable"),
        ({"EHLO": "421 busy", "HELO": "421 busy"}, PeerUnreachable, "notice_mail_unreachable"),
    ],
)
def test_what_a_mail_server_answers_is_named(refuse: dict[str, str], family: type[GatewayError], code: str) -> None:
    with mail_sink(refuse=refuse) as sink, pytest.raises(family) as failure:
        mail(sink.port).send(NOTICE)
    assert failure.value.code == code
    assert "clinic.example" not in str(failure.value.facts)


def test_a_mail_server_that_is_away_is_named() -> None:
    with mail_sink() as sink:
        port = sink.port
    with pytest.raises(PeerUnreachable, match="notice_mail_unreachable"):
        mail(port).send(NOTICE)


def test_a_webhook_is_signed_over_moment_and_body(tmp_path: Path) -> None:
    with hook_sink() as sink:
        webhook(sink.port, tmp_path).send(NOTICE)
    ((path, headers, body),) = sink.requests
    assert path == "/alerts?room=1"
    assert headers["gateway-notice"] == NOTICE.id
    moment, _, proof = headers["gateway-signature"].partition(",")
    assert moment == "t=1700000000"
    # What docs/integrator.md tells a receiver to do.
    expected = hmac.new(b"s3cret", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert proof == f"v1={expected}"
    told = json.loads(body)
    assert (told["kind"], told["new"], told["altogether"]) == ("held", 3, 12)
    assert told["held"][0]["ids"] == ["share-1", "share-2"]
    assert told["subject"] == "Imaging gateway: 3 held for a person"


@pytest.mark.parametrize(("status", "family"), [(500, PeerUnreachable), (429, PeerUnreachable), (404, PeerRefused)])
def test_what_a_webhook_answers_is_named(tmp_path: Path, status: int, family: type[GatewayError]) -> None:
    with hook_sink((status,)) as sink, pytest.raises(family):
        webhook(sink.port, tmp_path).send(NOTICE)


def test_a_redirect_is_a_refusal_and_is_not_followed(tmp_path: Path) -> None:
    with hook_sink((302,)) as sink, pytest.raises(PeerRefused):
        webhook(sink.port, tmp_path).send(NOTICE)
    assert len(sink.requests) == 1


def test_a_secret_that_is_empty_stops_it(tmp_path: Path) -> None:
    with hook_sink() as sink, pytest.raises(SettingsError, match="notice_secret"):
        webhook(sink.port, tmp_path, word="").send(NOTICE)
    assert sink.requests == []


class Clock:
    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> Any:
        return self.moment


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Stage]:
    with stage(f"sqlite:///{tmp_path}/gateway.db") as one:
        yield one


def test_what_is_held_reaches_both_ways_once_and_a_channel_that_is_away_later(place: Stage, tmp_path: Path) -> None:
    clock = Clock()
    share = keep(place.store, state=ShareState.HELD, reason="patient_differs", facts={"report": "DOE^JOHN"})
    with mail_sink() as post, hook_sink((503, 204)) as hook:
        channels = [mail(post.port), webhook(hook.port, tmp_path)]
        notifier = Notifier(SqlNotices(place.engine, place.writer), channels, clock, interval_s=900)
        for _ in range(3):
            notifier.look()
        assert len(post.messages) == 1
        assert len(hook.requests) == 1
        clock.moment += timedelta(minutes=1)
        for _ in range(3):
            notifier.look()
    assert len(post.messages) == 1
    assert len(hook.requests) == 2
    first, second = hook.requests
    assert first[1]["gateway-notice"] == second[1]["gateway-notice"]
    assert share.id in second[2].decode()
    assert "DOE" not in second[2].decode() + post.messages[0][2].decode()


def test_a_mail_that_some_recipients_may_not_have_is_not_sent_to_the_others_again(place: Stage) -> None:
    clock = Clock()
    keep(place.store, state=ShareState.HELD, reason="patient_differs")
    with mail_sink() as post:
        ways = [mail(post.port, recipients=("imaging@clinic.example", "nobody@clinic.example"))]
        notifier = Notifier(SqlNotices(place.engine, place.writer), ways, clock, interval_s=900)
        notifier.look()
        clock.moment += timedelta(hours=2)
        notifier.look()
    assert len(post.messages) == 1


def test_the_thread_of_the_notifier_ends_when_it_is_told(place: Stage) -> None:
    keep(place.store, state=ShareState.HELD, reason="patient_differs")
    with mail_sink() as post:
        notifier = Notifier(
            SqlNotices(place.engine, place.writer), [mail(post.port)], Clock(), interval_s=900, look_s=0.01
        )
        notifier.start()
        for _ in range(1000):
            if post.messages:
                break
            notifier._ended.wait(0.01)
        notifier.stop()
    assert len(post.messages) == 1


@pytest.mark.parametrize("first", [b"220-sl", b"220-slow\r\n220-down"])
def test_a_mail_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch, first: bytes) -> None:
    monkeypatch.setattr("gateway.notify.mail.LONGEST_S", 0.3)
    with dripping(first) as port, pytest.raises(PeerUnreachable, match="notice_mail_unreachable"):
        mail(port).send(NOTICE)


def test_a_webhook_that_drips_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.notify.webhook.LONGEST_S", 0.3)
    with dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ") as port, pytest.raises(PeerUnreachable, match="unreachable"):
        webhook(port, tmp_path).send(NOTICE)
