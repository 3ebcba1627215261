"""Notices by mail: one message over SMTP (RFC 5321), protected as the settings say.

The Message-ID is made of the notice's id, so a message that is sent again after a lost answer is the same message to
whoever receives it.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Literal

from gateway.errors import PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.model.notice import Notice
from gateway.notify import LONGEST_S
from gateway.notify.secret import read_secret
from gateway.notify.words import body, subject
from gateway.trust.deadlines import timed
from gateway.trust.tls import client_context

NAME = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Where mail is handed over, and to whom."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    sender: str
    recipients: tuple[str, ...]
    language: str
    console_url: str
    ca_file: Path | None = None
    username: str = ""
    password_file: Path | None = None
    timeout_s: float = 30.0


class Mail:
    """Sends notices by mail."""

    name = NAME

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    def send(self, notice: Notice) -> None:
        """Returns when the server has taken it for every recipient.

        Raises PeerUnreachable (``notice_mail_unreachable``), PeerMisbehaved (``notice_mail_tls``), PeerRefused
        (``notice_mail_refused``), SettingsError (``notice_secret``, ``tls_files``).
        """
        with self._session() as session:
            refused = session.send_message(self._message(notice))
        if refused:
            # Some have it: sending it again would tell them twice.
            status = next(iter(refused.values()))[0]
            raise PartlyRefused("notice_mail_refused", host=self._settings.host, status=status)

    def check(self) -> str:
        """Connect and sign in, and send nothing; what answered. Raises as :meth:`send`."""
        with self._session() as session:
            session.noop()
        return f"{self._settings.host}:{self._settings.port}"

    def _message(self, notice: Notice) -> EmailMessage:
        settings = self._settings
        message = EmailMessage(policy=SMTP)
        message["From"] = settings.sender
        message["To"] = ", ".join(settings.recipients)
        message["Subject"] = subject(notice, settings.language)
        message["Date"] = format_datetime(notice.made_at)
        message["Message-ID"] = f"<{notice.id}@{settings.sender.rpartition('@')[2]}>"
        # RFC 3834: nobody's absence note should answer a machine.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body(notice, settings.language, settings.console_url))
        return message

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        settings = self._settings
        password = read_secret(settings.password_file) if settings.password_file else ""
        context = None
        if settings.tls != "none":
            context = client_context(settings.ca_file, None, None, place="notify.mail.ca_file")
        with _mapped(settings.host), _connected(settings, context) as session:
            if settings.tls == "starttls":
                session.starttls(context=context)
            if settings.username:
                session.login(settings.username, password)
            yield session


def _connected(settings: MailSettings, context: ssl.SSLContext | None) -> smtplib.SMTP:
    if settings.tls == "tls":
        return _SecureSession(settings.host, settings.port, timeout=settings.timeout_s, context=context)
    return _Session(settings.host, settings.port, timeout=settings.timeout_s)


class _Whole:
    """Bounds a session as a whole: some servers slow down whom they do not trust, a byte or a line at a time."""

    sock: socket.socket | None
    file: Any
    _ends_at: float | None = None

    def getreply(self) -> tuple[int, bytes]:
        """As the library's, within the time of the session, which begins with the first."""
        if self._ends_at is None:
            self._ends_at = time.monotonic() + LONGEST_S
        if self.file is None and self.sock is not None:
            self.file = timed(self.sock, self._ends_at)
        return super().getreply()  # type: ignore[misc, no-any-return]


class _Session(_Whole, smtplib.SMTP):
    pass


class _SecureSession(_Whole, smtplib.SMTP_SSL):
    pass


class PartlyRefused(PeerRefused):
    """Some of the recipients were refused; the others have the message."""


@contextmanager
def _mapped(host: str) -> Iterator[None]:
    """The library's failures, without the server's words: they may quote addresses."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        status = next(iter(error.recipients.values()))[0]
        raise _answered(host, int(status)) from None
    except smtplib.SMTPResponseException as error:
        raise _answered(host, error.smtp_code) from None
    except smtplib.SMTPNotSupportedError:
        raise PeerMisbehaved("notice_mail_tls", host=host, words="not offered") from None
    except ssl.SSLError as error:
        raise PeerMisbehaved("notice_mail_tls", host=host, words=error.reason or "TLS") from None
    except (OSError, smtplib.SMTPException) as error:
        words = getattr(error, "strerror", None) or type(error).__name__
        raise PeerUnreachable("notice_mail_unreachable", host=host, words=words) from None


def _answered(host: str, status: int) -> PeerRefused | PeerUnreachable:
    """RFC 5321 section 4.2.1: 4yz may be tried again, 5yz is a no."""
    if 400 <= status < 500 or status < 0:
        return PeerUnreachable("notice_mail_unreachable", host=host, words=f"SMTP {status}")
    return PeerRefused("notice_mail_refused", host=host, status=status)
