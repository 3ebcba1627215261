"""One GET on a connection of its own whose body is received where it stays: for transfers of many megabytes.

What ``requests`` reads is copied three times on its way. A transfer is one long answer, so a kept connection would save
nothing; closing this one is how a transfer is ended.
"""

from __future__ import annotations

import base64
import http.client
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from gateway.dicom.settings import PacsSettings


@contextmanager
def get(settings: PacsSettings, path: str, accept: str) -> Iterator[http.client.HTTPResponse]:
    """The answer to a GET of *path* under the PACS's DICOMweb address, its body not read yet.

    Raises OSError and http.client.HTTPException, as does reading the body.
    """
    parts = urlsplit(settings.dicomweb_url)
    host, timeout_s = parts.hostname or "", settings.connect_timeout_s
    connection = (
        http.client.HTTPSConnection(
            host, parts.port, timeout=timeout_s, context=settings.web_tls or ssl.create_default_context()
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    )
    headers = {"Accept": accept, "Accept-Encoding": "identity", "Connection": "close"}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
    try:
        connection.connect()
        connection.sock.settimeout(settings.response_timeout_s)
        connection.request("GET", f"{parts.path.rstrip('/')}/{path}", headers=headers)
        with connection.getresponse() as answer:
            yield answer
    finally:
        connection.close()
