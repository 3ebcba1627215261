"""The worker of our servers under gunicorn: the web, and the registry that ships with the gateway."""

from __future__ import annotations

import time
from typing import Any

import structlog
from gunicorn import util
from gunicorn.workers.gthread import ThreadWorker

AGAIN_S = 0.25
"""Between two tries to accept a connection when there is no room for one."""
LINGER_S = 0.5
"""After the last answer, for the client to hang up first (RFC 9112 section 9.6)."""

log = structlog.get_logger(__name__)


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threads, but the wait for a client to hang up is theirs and not the main loop's, and the loop goes on
    when a connection cannot be accepted.

    gunicorn 27 waits up to two seconds in the loop that accepts connections; a dozen clients that keep their end
    open would stop the whole server. And it ends the process, with whatever is under way, when it is out of files.
    """

    def accept(self, listener: Any) -> None:
        try:
            super().accept(listener)
        except OSError as error:
            log.warning("server.not_accepted", words=error.strerror)
            time.sleep(AGAIN_S)

    def enqueue_req(self, conn: Any) -> None:
        try:
            super().enqueue_req(conn)
        except RuntimeError:
            log.warning("server.not_accepted", words="no thread")
            self.nr_conns -= 1
            conn.close()

    def handle(self, conn: Any) -> Any:
        result = super().handle(conn)
        if not result:
            try:
                conn.sock.setblocking(True)
                util.close_graceful(conn.sock, timeout=LINGER_S)
            except OSError:
                util.close(conn.sock)
            # The main loop closes again what is closed already.
            conn.close = _closed_already
        return result


def _closed_already(graceful: bool = False) -> None:
    """In the place of a connection's own close."""
