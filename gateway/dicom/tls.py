"""TLS towards a PACS and on the receiving port (DICOM PS3.15 annex B, BCP 195 profile)."""

from __future__ import annotations

from gateway.trust.tls import client_context, server_context

__all__ = ["client_context", "server_context"]
