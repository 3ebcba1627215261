"""How a backup's files are sealed: AES-256-GCM in chunks, under one key that a passphrase or a recipient's key opens.

Each file has a key of its own (HKDF over the backup's key, a salt and the file's name), so its chunks are counted from
zero, and a file that is moved, cut, or put together from others does not open. The last chunk says that it is the last
(the STREAM construction, Hoang, Reyhanitabar, Rogaway, Vizár 2015). Key wrapping: scrypt (RFC 7914) for a passphrase;
X25519 (RFC 7748) with HKDF (RFC 5869) for a recipient, whose private key need not be on this machine.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pybase64
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gateway.errors import InputRejected, Unavailable
from gateway.store.files import full, make_folder, sync_folder

CHUNK_BYTES = 64 * 1024
_MAGIC = b"drim-gateway sealed 1\n"
_SALT_BYTES = 16
_TAG_BYTES = 16
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}
_SCRYPT_MOST_BYTES = 256 * 1024 * 1024
"""What a header may ask for: deriving takes 128 n r bytes of memory (RFC 7914, section 2)."""


class Seal(Protocol):
    """Turns the files of a backup into what lies on the disk, and back."""

    def shut(self, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]: ...

    def open(self, name: str, path: Path) -> Iterator[bytes]: ...

    def hidden(self, name: str) -> str:
        """The name under which a document lies, which must tell nothing of it."""


class NoSeal:
    """Files as they are."""

    def shut(self, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        yield from chunks

    def open(self, name: str, path: Path) -> Iterator[bytes]:
        with _reading(name), path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def hidden(self, name: str) -> str:
        return name


class KeySeal:
    """Files under the key of the backup."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def shut(self, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        salt = secrets.token_bytes(_SALT_BYTES)
        cipher = self._cipher(name, salt)
        yield _MAGIC + salt
        number, rest = 0, b""
        for chunk in chunks:
            whole = memoryview(rest + chunk)
            place = 0
            while len(whole) - place > CHUNK_BYTES:
                yield cipher.encrypt(_nonce(number, last=False), whole[place : place + CHUNK_BYTES], None)
                number, place = number + 1, place + CHUNK_BYTES
            rest = bytes(whole[place:])
        yield cipher.encrypt(_nonce(number, last=True), rest, None)

    def open(self, name: str, path: Path) -> Iterator[bytes]:
        """Raises InputRejected (``backup_unreadable``) at the first chunk that is not what was written."""
        with _reading(name), path.open("rb") as file:
            head = file.read(len(_MAGIC) + _SALT_BYTES)
            if not head.startswith(_MAGIC) or len(head) != len(_MAGIC) + _SALT_BYTES:
                raise InputRejected("backup_unreadable", name=name, words="not sealed as it should be")
            cipher = self._cipher(name, head[len(_MAGIC) :])
            number = 0
            sealed = file.read(CHUNK_BYTES + _TAG_BYTES)
            while True:
                following = file.read(CHUNK_BYTES + _TAG_BYTES)
                try:
                    yield cipher.decrypt(_nonce(number, last=not following), sealed, None)
                except InvalidTag:
                    raise InputRejected("backup_unreadable", name=name, words="changed or cut off") from None
                if not following:
                    return
                number, sealed = number + 1, following

    def hidden(self, name: str) -> str:
        return hmac.new(self._key, f"name:{name}".encode(), hashlib.sha256).hexdigest()

    def _cipher(self, name: str, salt: bytes) -> AESGCM:
        return AESGCM(_derive(self._key, salt, f"file:{name}"))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Failures of the disk, named."""
    try:
        yield
    except OSError as error:
        words = error.strerror or type(error).__name__
        raise InputRejected("backup_unreadable", name=name, words=words) from None


def write(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file of a backup whole or not at all, durable when this returns. Raises Unavailable (``store_full``)."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        make_folder(path.parent)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        code = "store_full" if full(error) else "store_unavailable"
        raise Unavailable(code, cause=error.strerror or type(error).__name__) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


# -- the backup's key -------------------------------------------------------------------------------------------------


def new_key() -> bytes:
    return secrets.token_bytes(32)


def wrap_for_passphrase(key: bytes, passphrase: bytes) -> dict[str, Any]:
    """What stands in the clear beside the backup, from which *passphrase* gives the key again."""
    salt = secrets.token_bytes(_SALT_BYTES)
    outer = Scrypt(salt=salt, length=32, **_SCRYPT).derive(passphrase)
    return {"kind": "passphrase", "salt": _text(salt), **_SCRYPT, "wrapped": _text(_wrap(outer, key))}


def wrap_for_recipient(key: bytes, recipient: X25519PublicKey) -> dict[str, Any]:
    """As :func:`wrap_for_passphrase`, for whoever has the private key of *recipient*."""
    ephemeral = X25519PrivateKey.generate()
    own = _raw(ephemeral.public_key())
    outer = _derive(ephemeral.exchange(recipient), own + _raw(recipient), "recipient")
    return {"kind": "x25519", "ephemeral": _text(own), "wrapped": _text(_wrap(outer, key))}


def unwrap(wrapped: dict[str, Any], passphrase: bytes | None, identity: X25519PrivateKey | None) -> bytes:
    """The key of a backup. Raises InputRejected (``backup_locked``) without the passphrase or the private key."""
    try:
        if wrapped["kind"] == "passphrase" and passphrase is not None:
            n, r, p = (int(wrapped[name]) for name in ("n", "r", "p"))
            if not (n >= 2 and r >= 1 and 1 <= p <= 16 and 128 * n * r <= _SCRYPT_MOST_BYTES):
                raise ValueError("cost")
            outer = Scrypt(salt=_bytes(wrapped["salt"]), length=32, n=n, r=r, p=p).derive(passphrase)
        elif wrapped["kind"] == "x25519" and identity is not None:
            ephemeral = _bytes(wrapped["ephemeral"])
            secret = identity.exchange(X25519PublicKey.from_public_bytes(ephemeral))
            outer = _derive(secret, ephemeral + _raw(identity.public_key()), "recipient")
        else:
            raise InputRejected("backup_locked")
        return AESGCM(outer).decrypt(bytes(12), _bytes(wrapped["wrapped"]), b"key")
    except (InvalidTag, KeyError, TypeError, ValueError):
        raise InputRejected("backup_locked") from None


def recipient_of(path: Path) -> X25519PublicKey:
    """The public key in a PEM file. Raises InputRejected (``backup_key``)."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputRejected("backup_key", name=path.name, words=type(error).__name__) from None
    if not isinstance(key, X25519PublicKey):
        raise InputRejected("backup_key", name=path.name, words="X25519 is wanted")
    return key


def identity_of(path: Path) -> X25519PrivateKey:
    """The private key in a PEM file. Raises InputRejected (``backup_key``)."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise InputRejected("backup_key", name=path.name, words=type(error).__name__) from None
    if not isinstance(key, X25519PrivateKey):
        raise InputRejected("backup_key", name=path.name, words="X25519 is wanted")
    return key


def passphrase_of(path: Path) -> bytes:
    """The first line of a file. Raises InputRejected (``backup_key``) for a short one."""
    try:
        line = path.read_bytes().partition(b"\n")[0].strip()
    except OSError as error:
        raise InputRejected("backup_key", name=path.name, words=error.strerror or "unreadable") from None
    if len(line) < 12:
        raise InputRejected("backup_key", name=path.name, words="a passphrase has at least 12 characters")
    return line


def _wrap(outer: bytes, key: bytes) -> bytes:
    # The outer key is used this once, so its nonce may be nought.
    return AESGCM(outer).encrypt(bytes(12), key, b"key")


def _derive(secret: bytes, salt: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, f"drim-gateway backup {purpose}".encode()).derive(secret)


def _raw(key: X25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _text(value: bytes) -> str:
    return pybase64.b64encode(value).decode("ascii")


def _bytes(value: str) -> bytes:
    return pybase64.b64decode(value, validate=True)
