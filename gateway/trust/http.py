"""HTTP answers that are bounded as a whole (:mod:`gateway.trust.answers`), for callers that use ``requests``."""

from __future__ import annotations

import socket
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from gateway.trust.answers import Answer


class WholeInTime(HTTPAdapter):
    """An adapter of ``requests`` whose every answer has come whole *limit_s* seconds after its request has left, or is
    given up as after a silence."""

    def __init__(self, limit_s: float, **options: Any) -> None:
        self._pools = _pools(limit_s)
        super().__init__(**options)

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self._use(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> ProxyManager:
        manager = super().proxy_manager_for(proxy, **options)
        self._use(manager)
        return manager  # type: ignore[no-any-return]

    def _use(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = self._pools


def _pools(limit_s: float) -> dict[str, type[HTTPConnectionPool]]:
    class Limited(Answer):
        def __init__(self, sock: socket.socket, *given: Any, **named: Any) -> None:
            super().__init__(sock, *given, deadline=time.monotonic() + limit_s, **named)

    class Plain(HTTPConnection):
        response_class = Limited

    class Secure(HTTPSConnection):
        response_class = Limited

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
