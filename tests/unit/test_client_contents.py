"""Documents that are sent: streamed from the blobs, compared with their name before the first byte leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import Unavailable
from gateway.store.blobs import FileBlobs

CONTENT = b"\r\n" + bytes(range(256)) * 1000


def test_a_blob_is_a_stream_at_its_beginning(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    with blobs.open(blobs.put(CONTENT)) as stream:
        assert stream.read() == CONTENT
        assert stream.seek(0) == 0
        assert stream.read(2) == b"\r\n"


def test_a_blob_that_is_gone_or_damaged_is_not_sent(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    digest = blobs.put(CONTENT)
    (path,) = tmp_path.glob(f"*/{digest}")
    path.write_bytes(CONTENT + b"x")
    with pytest.raises(Unavailable, match="store_blob_damaged"):
        blobs.open(digest)
    path.unlink()
    for name in (digest, "../../etc/passwd"):
        with pytest.raises(Unavailable, match="store_blob_missing"):
            blobs.open(name)
