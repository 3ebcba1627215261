"""A server that says something at once and then a byte now and then, for ever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress


@contextmanager
def dripping(first: bytes, *, drop: bytes = b" ", pause_s: float = 0.02) -> Iterator[int]:
    """Its port; each caller is told *first*, then *drop* every *pause_s* seconds, whatever it says itself."""
    ended, threads = threading.Event(), []

    def answer(connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            connection.sendall(first)
            while not ended.wait(pause_s):
                connection.sendall(drop)

    def serve() -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                thread = threading.Thread(target=answer, args=(listening.accept()[0],))
                threads.append(thread)
                thread.start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            ended.set()
            serving.join()
            for thread in threads:
                thread.join()
