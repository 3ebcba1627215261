"""TLS: contexts from the files that the settings name, the names in certificates, and how long they last.

One place for every port and every connection of ours. TLS 1.2 is the floor (RFC 9325); a client's certificate is asked
for wherever an authority is given, and what it may be called is a list of names of ours.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from gateway.errors import SettingsError

_DNS = "DNS="


def client_context(ca_file: Path | None, certificate: Path | None, key: Path | None, *, place: str) -> ssl.SSLContext:
    """For connections to others: their certificate is checked by *ca_file*, or by the public authorities without one.

    Raises SettingsError (``tls_files``) with *place*.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError("tls_files", place=place, words=_words(error)) from None
    return context


def server_context(certificate: Path, key: Path | None, ca_file: Path | None, *, place: str) -> ssl.SSLContext:
    """For a port of ours; with *ca_file* every caller must show a certificate of that authority.

    Raises SettingsError (``tls_files``) with *place*.
    """
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        if ca_file is not None:
            context.load_verify_locations(ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SettingsError("tls_files", place=place, words=_words(error)) from None
    return context


def _words(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or type(error).__name__


@dataclass(frozen=True, slots=True)
class AllowedName:
    """One entry of an allow-list: parts of a distinguished name that must all be there, or one DNS name."""

    parts: frozenset[tuple[str, str]] = frozenset()
    """(OID of the attribute, value)."""
    dns: str = ""

    def fits(self, certificate: x509.Certificate) -> bool:
        if self.dns:
            return self.dns in _dns_names(certificate)
        return self.parts <= {(each.oid.dotted_string, str(each.value)) for each in certificate.subject}


def allowed_name(text: str) -> AllowedName:
    """Read ``CN=ris.example,O=Clinique`` (RFC 4514; each part must be in the subject) or ``DNS=ris.example``.

    Raises ValueError with a sentence for the settings.
    """
    if text.startswith(_DNS):
        name = text.removeprefix(_DNS).strip().lower()
        if not name:
            raise ValueError("DNS= needs a name behind it")
        return AllowedName(dns=name)
    try:
        name_of = x509.Name.from_rfc4514_string(text)
    except ValueError:
        raise ValueError(f"{text!r} is no distinguished name such as CN=ris.example,O=Clinique") from None
    parts = frozenset((each.oid.dotted_string, str(each.value)) for each in name_of)
    if not parts:
        raise ValueError("an empty name would let everybody in")
    return AllowedName(parts=parts)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end of a connection, as its certificate says."""

    name: str
    """The subject (RFC 4514); empty without a certificate."""
    allowed: bool


def caller(certificate: bytes | None, allowed: Iterable[AllowedName]) -> Caller:
    """Whether the peer with *certificate* (DER, checked by TLS already) may speak; without a list every one may."""
    names = tuple(allowed)
    if not certificate:
        return Caller("", not names)
    try:
        read = x509.load_der_x509_certificate(certificate)
        return Caller(read.subject.rfc4514_string(), not names or any(name.fits(read) for name in names))
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return Caller("", False)


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when a certificate is good, and the DNS names that it bears."""

    since: datetime
    until: datetime
    names: frozenset[str]

    def days_left(self, now: datetime | None = None) -> int:
        """Whole days until the end; negative when it has ended."""
        return (self.until - (now or datetime.now(UTC))).days

    def bears(self, host: str) -> bool:
        """Whether *host* is one of the names; ``*`` stands for the first part of one (RFC 6125 section 6.4.3)."""
        return bool({host.lower(), "*." + host.lower().partition(".")[2]} & self.names)


def validity(file: Path) -> Validity:
    """Of the first certificate of the PEM *file*; raises OSError, ValueError when the file is no certificate."""
    read = x509.load_pem_x509_certificate(file.read_bytes())
    return Validity(read.not_valid_before_utc, read.not_valid_after_utc, _dns_names(read))


def _dns_names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName))
