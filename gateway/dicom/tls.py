"""TLS towards a PACS and on the receiving port (DICOM PS3.15 annex B, BCP 195 profile)."""

from __future__ import annotations

import ssl
from pathlib import Path

from gateway.errors import SettingsError


def client_context(ca_file: Path | None, certificate: Path | None, key: Path | None, *, place: str) -> ssl.SSLContext:
    """For connections to a PACS: its certificate is checked by *ca_file*, or by the public authorities without one.

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
    """For the receiving port; with *ca_file* every caller must show a certificate of that authority.

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
