"""The report as a document for programs, and files that are there whole or not at all."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from apisentinel.errors import ConfigError
from apisentinel.records.evidence import EntitySummary
from apisentinel.records.report import ScanReport

STDOUT = "-"

FLUSH_BYTES = 1 << 20
"""Entities are written in pieces of this size, so that their number does not matter."""

_unfinished: set[Path] = set()


def report_json(report: ScanReport) -> bytes:
    """The report as indented JSON in the shape of the contract, with a newline at the end."""
    fields = {name: getattr(report, name) for name in report.__struct_fields__ if name != "version"}
    document: object = {"version": report.version, **fields}
    try:
        encoded = msgspec.json.encode(document)
    except UnicodeEncodeError:
        # A file name need not be text: odd bytes become lone surrogates, which JSON cannot carry.
        encoded = msgspec.json.encode(_without_surrogates(msgspec.to_builtins(document)))
    return msgspec.json.format(encoded, indent=2) + b"\n"


def entity_lines(entities: Iterable[EntitySummary]) -> Iterator[bytes]:
    """The entities as NDJSON, in blocks of bounded size."""
    encoder = msgspec.json.Encoder()
    block = bytearray()
    for entity in entities:
        try:
            block += encoder.encode(entity)
        except UnicodeEncodeError:
            block += encoder.encode(_without_surrogates(msgspec.to_builtins(entity)))
        block += b"\n"
        if len(block) >= FLUSH_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return (
            value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            if not value.isascii()
            else value
        )
    if isinstance(value, dict):
        return {name: _without_surrogates(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


def check_destination(option: str, name: str, inputs: Iterable[str]) -> None:
    """Refuses a file that could not be written, before an hour of work shows it.

    Args:
        option: Option that named the file, for the message.
        name: Path, or ``-``.
        inputs: Paths that are read.

    Raises:
        ConfigError: The file is an input, a folder, or its folder is missing or not writable.
    """
    if name == STDOUT:
        return
    path = Path(name)
    if path.is_dir():
        raise ConfigError(f"{option}: {name} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise ConfigError(f"{option}: the folder {path.parent} does not exist; create it first")
    if any(
        path.exists() and Path(other).exists() and path.samefile(other)
        for other in inputs
        if other != STDOUT
    ):
        raise ConfigError(
            f"{option}: {name} is one of the inputs and would be overwritten; choose another name"
        )
    writable = path if path.exists() and not path.is_file() else path.parent
    if not os.access(writable, os.W_OK):
        raise ConfigError(f"{option}: {writable} is not writable; choose another place")


def write(name: str, blocks: Iterable[bytes]) -> None:
    """Writes a document; a reader sees the old file or the whole new one, never a part.

    Args:
        name: Path, or ``-`` for standard output.
        blocks: Content in pieces.

    Raises:
        OSError: The disk is full, or the place is not writable.
    """
    if name == STDOUT:
        for block in blocks:
            sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
        return
    with _replacing(Path(name)) as stream:
        for block in blocks:
            stream.write(block)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    target = Path(os.path.realpath(path))  # a link keeps pointing to the file
    if target.exists() and not target.is_file():  # a pipe or device cannot be replaced
        with target.open("wb") as stream:
            yield stream
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    _unfinished.add(part)
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
        _unfinished.discard(part)


def discard_unfinished() -> None:
    """Removes what is half written, for an end without clean-up."""
    for part in tuple(_unfinished):
        part.unlink(missing_ok=True)
