"""The secret of an installation, with which keys and sessions are turned into what is stored."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from apisentinel.errors import StoreError

FILE_NAME: Final = "secret.key"
SECRET_BYTES: Final = 32


class Secret:
    """Keyed hashes with the secret of an installation.

    A stolen database without the file of the secret proves nothing about a key. Whoever has both
    still has to guess 256 random bits.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes, not {len(key)}")
        self._key = key

    def digest(self, purpose: str, text: str) -> bytes:
        """HMAC-SHA-256 of a text for one purpose, 32 bytes."""
        message = purpose.encode() + b"\0" + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, hashlib.sha256)

    def matches(self, purpose: str, text: str, digest: bytes) -> bool:
        """Whether a text has a digest; takes equally long for a wrong one."""
        return hmac.compare_digest(self.digest(purpose, text), digest)


def load_secret(data_dir: Path) -> Secret:
    """The secret in a data folder, made when there is none yet.

    Two processes that start at once agree on one: the file is linked into place when it is whole.

    Raises:
        StoreError: The file cannot be read or written, is readable for others or damaged.
    """
    path = data_dir / FILE_NAME
    try:
        if not path.exists():
            _create(path)
        mode = path.stat().st_mode
        key = path.read_bytes()
    except OSError as problem:
        raise StoreError(f"{path}: {problem.strerror}; the service needs it for its keys") from None
    if mode & 0o077:
        raise StoreError(f"{path}: others may read it; run: chmod 600 {path}")
    if len(key) != SECRET_BYTES:
        raise StoreError(
            f"{path}: has {len(key)} bytes instead of {SECRET_BYTES}; restore it from a backup"
        )
    return Secret(key)


def _create(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secrets.token_bytes(SECRET_BYTES))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
