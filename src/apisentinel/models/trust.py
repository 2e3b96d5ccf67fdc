"""Who may sign model bundles: Ed25519 keys (RFC 8032) in files.

A bundle decides what counts as an attack, so whoever can replace one can switch detection off. The
key of this installation is made when it first trains; others are trusted by putting their public
key beside it.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from apisentinel.errors import ModelError, UntrustedModelError

CONTEXT = b"apisentinel model bundle 1\0"
"""Put before what is signed, so that a signature is good for nothing else."""

KEY_BYTES = 32
PRIVATE_NAME, PUBLIC_SUFFIX = "signing.key", ".pub"
OWN = "this installation"
MAX_TRUSTED = 100
"""Public keys read from a folder."""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signed a manifest, and when.

    Attributes:
        key: Public key, base64.
        signature: Over context, time and manifest, base64.
        signed_at: RFC 3339 time in UTC.
    """

    key: str
    signature: str
    signed_at: str


class Signer:
    """Signs manifests with a private key.

    Attributes:
        public: The public key, 32 bytes.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    @classmethod
    def load(cls, folder: Path) -> "Signer":
        """The signer of an installation; its key is made, readable by its owner alone, when there
        is none.

        Raises:
            ModelError: The key cannot be read or written, is damaged, or others may read it.
        """
        path = folder / PRIVATE_NAME
        try:
            if not path.exists():
                _make(path)
            if path.stat().st_mode & 0o077:
                raise ModelError(
                    f"others may read {path}: chmod 600 it, or remove it and train again"
                )
            return cls(Ed25519PrivateKey.from_private_bytes(_key_of(path)))
        except OSError as error:
            raise ModelError(f"{path} cannot be used: {error.strerror}") from error

    def sign(self, manifest: bytes, signed_at: str) -> Signature:
        """A signature over a manifest and the time."""
        signature = self._key.sign(_message(manifest, signed_at))
        return Signature(_text(self.public), _text(signature), signed_at)


class TrustStore:
    """Public keys whose bundles are used.

    Args:
        keys: Name → public key of 32 bytes.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self.keys = dict(keys)

    @classmethod
    def load(cls, folder: Path, shipped: Mapping[str, bytes] | None = None) -> "TrustStore":
        """The key of this installation, those of the ``.pub`` files beside it, and shipped ones.

        Raises:
            ModelError: A file there is no public key.
        """
        keys = dict(shipped or {})
        private = folder / PRIVATE_NAME
        if private.exists():
            keys[OWN] = Signer.load(folder).public
        if folder.is_dir():
            for path in sorted(folder.glob("*" + PUBLIC_SUFFIX))[:MAX_TRUSTED]:
                keys[path.stem] = _key_of(path)
        return cls(keys)

    def verify(self, manifest: bytes, signature: Signature, where: str) -> str:
        """Name of the trusted key that signed a manifest.

        Raises:
            UntrustedModelError: The key is not trusted, or the manifest is not what it signed.
        """
        try:
            key = base64.b64decode(signature.key, validate=True)
            proof = base64.b64decode(signature.signature, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UntrustedModelError(f"{where} has a damaged signature") from error
        if (_text(key), _text(proof)) != (signature.key, signature.signature):
            raise UntrustedModelError(f"{where} has a signature that is not as it was written")
        name = next((name for name, known in self.keys.items() if known == key), None)
        if name is None:
            raise UntrustedModelError(
                f"{where} is signed by a key that is not trusted here; put the signer's .pub file"
                " into the folder of trusted keys if you trust it"
            )
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(
                proof, _message(manifest, signature.signed_at)
            )
        except (InvalidSignature, ValueError) as error:
            raise UntrustedModelError(f"{where} was changed after it was signed") from error
        return name


def write_public(path: Path, key: bytes) -> None:
    """Writes a public key as a ``.pub`` file for others to trust.

    Raises:
        ModelError: The file cannot be written.
    """
    try:
        path.write_text(_text(key) + "\n", encoding="ascii")
    except OSError as error:
        raise ModelError(f"{path} cannot be written: {error.strerror}") from error


def _message(manifest: bytes, signed_at: str) -> bytes:
    time = signed_at.encode("utf-8", "surrogatepass")
    return CONTEXT + len(time).to_bytes(4, "big") + time + manifest


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = _text(Ed25519PrivateKey.generate().private_bytes_raw()) + "\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return  # another process was faster; its key is as good
    with os.fdopen(handle, "wb") as file:
        file.write(content.encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def _key_of(path: Path) -> bytes:
    try:
        key = base64.b64decode(path.read_bytes()[:200].strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ModelError(f"{path} holds no key in base64") from error
    if len(key) != KEY_BYTES:
        raise ModelError(f"{path} holds no Ed25519 key of {KEY_BYTES} bytes")
    return key


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
