"""A model bundle: a folder with a manifest, the parts that it lists, and a signature.

Nothing in a bundle is executed, and nothing is parsed before it is proved to be what was signed:
first the sizes, then the signature over the manifest, then the SHA-256 of every part. The manifest
holds no time, so that equal training gives equal bytes; the time is part of the signature.
"""

import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from apisentinel.errors import IncompatibleModelError, ModelError, UntrustedModelError
from apisentinel.models.trust import Signature, Signer, TrustStore

FORMAT = 1
"""Version of the layout; another one is refused."""

MANIFEST, SIGNATURE = "manifest.json", "signature.json"

MAX_MANIFEST = 1 << 20
"""Bytes of a manifest: names, digests and metrics of a few hundred parts."""
MAX_SIGNATURE = 4 << 10
MAX_PART = 64 << 20
"""Bytes of one part; the largest honest one, a profile of 8,192 endpoints, has some 20 MiB."""
MAX_TOTAL = 256 << 20
MAX_PARTS = 256

PART_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-./")
MAX_NAME = 120


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the manifest says of a part."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in a bundle.

    Attributes:
        format: Version of the layout.
        about: What it was learned from and how: plain JSON, equal for equal training.
        parts: Relative name → size and digest, sorted by name.
    """

    format: int
    about: dict[str, Any]
    parts: dict[str, Part]


class Bundle(msgspec.Struct, frozen=True):
    """A bundle that was proved genuine.

    Attributes:
        id: First 16 hex digits of the SHA-256 of the manifest: equal content, equal id.
        manifest: What it says of itself.
        parts: Content by name.
        signed_by: Name of the trusted key.
        signed_at: RFC 3339, when it was signed.
    """

    id: str
    manifest: Manifest
    parts: dict[str, bytes]
    signed_by: str
    signed_at: str


def write_bundle(
    folder: Path,
    parts: Mapping[str, bytes],
    about: Mapping[str, Any],
    signer: Signer,
    signed_at: str,
) -> str:
    """Writes a bundle as a whole or not at all.

    Args:
        folder: Made by this call; an older bundle there is replaced.
        parts: Content by relative name.
        about: See `Manifest`.
        signer: Signs the manifest.
        signed_at: RFC 3339 time of the signature.

    Returns:
        Id of the bundle.

    Raises:
        ModelError: A name or a size is not allowed, `folder` holds something else, or the disk
            refuses.
    """
    if len(parts) > MAX_PARTS or sum(map(len, parts.values())) > MAX_TOTAL:
        raise ModelError(
            f"a bundle holds at most {MAX_PARTS} parts of {MAX_TOTAL >> 20} MiB in all"
        )
    for name, content in parts.items():
        _check_name(name)
        if len(content) > MAX_PART:
            raise ModelError(f"part {name} has more than {MAX_PART >> 20} MiB")
    listed = {
        name: Part(len(parts[name]), hashlib.sha256(parts[name]).hexdigest())
        for name in sorted(parts)
    }
    manifest = msgspec.json.encode(Manifest(FORMAT, dict(about), listed), order="sorted")
    if len(manifest) > MAX_MANIFEST:
        raise ModelError(f"the manifest has more than {MAX_MANIFEST >> 20} MiB")
    signature = msgspec.json.encode(signer.sign(manifest, signed_at))
    if folder.exists() and not is_bundle(folder) and (folder.is_file() or any(folder.iterdir())):
        raise ModelError(f"{folder} holds something that is no bundle: choose another folder")
    _write_folder(folder, {**parts, MANIFEST: manifest, SIGNATURE: signature})
    return bundle_id(manifest)


def read_bundle(folder: Path, trust: TrustStore) -> Bundle:
    """Reads a bundle and proves it genuine before any part of it is used.

    Raises:
        UntrustedModelError: It was changed, is incomplete, or is signed by nobody in `trust`.
        IncompatibleModelError: It has another layout.
        ModelError: It cannot be read.
    """
    manifest_bytes = _read(folder, MANIFEST, MAX_MANIFEST)
    signature = _signature(folder)
    signed_by = trust.verify(manifest_bytes, signature, str(folder))
    try:
        manifest = msgspec.json.decode(manifest_bytes, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise IncompatibleModelError(
            f"{folder} has a manifest that this version cannot read: {error}"
        ) from error
    if manifest.format != FORMAT:
        raise IncompatibleModelError(
            f"{folder} has layout {manifest.format}, this version reads {FORMAT}: train it again"
        )
    _check_sizes(folder, manifest)
    return Bundle(
        bundle_id(manifest_bytes),
        manifest,
        {name: _proved(folder, name, part) for name, part in manifest.parts.items()},
        signed_by,
        signature.signed_at,
    )


def copy_bundle(source: Path, target: Path, trust: TrustStore) -> None:
    """Copies a bundle as it was signed; what is copied is what was proved.

    Raises:
        UntrustedModelError: It is not genuine.
        ModelError: The disk refuses.
    """
    bundle = read_bundle(source, trust)
    files = {
        **bundle.parts,
        MANIFEST: _read(source, MANIFEST, MAX_MANIFEST),
        SIGNATURE: _read(source, SIGNATURE, MAX_SIGNATURE),
    }
    _write_folder(target, files)
    read_bundle(target, trust)


def bundle_id(manifest: bytes) -> str:
    """Id of a bundle from the bytes of its manifest."""
    return hashlib.sha256(manifest).hexdigest()[:16]


def is_bundle(folder: Path) -> bool:
    """Whether a folder looks like a bundle; says nothing about its worth."""
    return (folder / MANIFEST).is_file() and (folder / SIGNATURE).is_file()


def _signature(folder: Path) -> Signature:
    """The signature, which has one spelling only."""
    content = _read(folder, SIGNATURE, MAX_SIGNATURE)
    try:
        signature = msgspec.json.decode(content, type=Signature)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UntrustedModelError(f"{folder / SIGNATURE} is damaged: {error}") from error
    if msgspec.json.encode(signature) != content:
        raise UntrustedModelError(f"{folder / SIGNATURE} is not as it was written")
    return signature


def _check_sizes(folder: Path, manifest: Manifest) -> None:
    """Refuses what even a trusted signer may not ask of us, and files that nobody signed."""
    sizes = [part.bytes for part in manifest.parts.values()]
    if len(sizes) > MAX_PARTS or any(not 0 <= size <= MAX_PART for size in sizes):
        raise UntrustedModelError(f"{folder} lists more or larger parts than a bundle may have")
    if sum(sizes) > MAX_TOTAL:
        raise UntrustedModelError(f"{folder} is larger than {MAX_TOTAL >> 20} MiB")
    for name in manifest.parts:
        try:
            _check_name(name)
        except ModelError as error:
            raise UntrustedModelError(f"{folder}: {error}") from error


def _check_name(name: str) -> None:
    """Part names are relative, plain, and stay inside the folder."""
    pieces = name.split("/")
    if (
        not name
        or len(name) > MAX_NAME
        or not set(name) <= PART_CHARACTERS
        or any(not piece or piece.startswith(".") for piece in pieces)
        or name in (MANIFEST, SIGNATURE)
    ):
        raise ModelError(f"{name[:MAX_NAME]!r} is no name of a part")


def _proved(folder: Path, name: str, part: Part) -> bytes:
    content = _read(folder, name, part.bytes)
    if len(content) != part.bytes or hashlib.sha256(content).hexdigest() != part.sha256:
        raise UntrustedModelError(f"{folder / name} is not what was signed")
    return content


def _read(folder: Path, name: str, limit: int) -> bytes:
    """At most `limit` bytes of a plain file; links are not followed, devices not opened.

    Raises:
        UntrustedModelError: It is missing, no plain file, or longer.
    """
    path = folder / name
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise UntrustedModelError(f"{folder} is no complete bundle: {name} is missing") from error
    except OSError as error:
        raise UntrustedModelError(f"{path} cannot be opened: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
            raise UntrustedModelError(f"{path} is no plain file of at most {limit} bytes")
        return file.read(limit + 1)


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _write(draft / name, content)
        _put(draft, folder)
    except OSError as error:
        raise ModelError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _put(draft: Path, folder: Path) -> None:
    """Moves a finished draft to its place; an older bundle leaves in the same moment."""
    old = draft.with_name(f"{draft.name}.old")
    if folder.exists():
        folder.rename(old)
    try:
        draft.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    handle = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    shutil.rmtree(old, ignore_errors=True)
