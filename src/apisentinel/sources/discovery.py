"""Which files a list of paths, folders and patterns stands for."""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from apisentinel.errors import SourceError
from apisentinel.sources.base import DEFAULT_CHUNK
from apisentinel.sources.decoding import GZIP_MAGIC, UNSUPPORTED, ZSTD_MAGIC
from apisentinel.sources.file import STDIN, FileSource

SAMPLE = 4096
"""Bytes looked at to tell text from binary files in a folder."""

BINARY_SHARE = 0.3
"""Share of control bytes above which a file of a folder is left out. Logs stay far below, even with
a block of NUL bytes from a crash or with binary requests in them; pictures, data bases and programs
are far above or begin with NUL bytes.
"""

MAX_FILES = 100_000
"""Most files of one run; more is a mistake such as scanning ``/``."""

_TEXT_CONTROLS = b"\t\n\r\x1b"


class Discovery(NamedTuple):
    """What was found: inputs to read, and files of folders that were left out with the reason."""

    sources: list[FileSource]
    left_out: list[tuple[str, str]]


def discover(paths: Iterable[str], *, chunk_size: int = DEFAULT_CHUNK) -> Discovery:
    """Finds the inputs that the user named, in a fixed order: as named, folders and patterns sorted
    by path.

    A folder stands for all regular files below it except hidden and binary ones; links to folders
    are not followed. A pattern (``*``, ``?``, ``[..]``, ``**``) is expanded when no file has that
    very name. A file that is named twice, also through a link, is read once.

    Args:
        paths: As on the command line; ``-`` is standard input.
        chunk_size: For the sources.

    Returns:
        Sources that are not opened yet, and what was left out.

    Raises:
        SourceError: A path does not exist, a pattern or folder holds nothing to read, or there are
            too many files.
    """
    found = Discovery([], [])
    seen: set[tuple[int, int]] = set()
    for path in paths:
        count = 0
        for name in _expand(path, found.left_out):
            count += 1
            identity = _identity(name)
            if identity in seen:
                continue
            seen.add(identity)
            found.sources.append(FileSource(name, chunk_size=chunk_size))
            if len(seen) > MAX_FILES:
                raise SourceError(
                    f"{path} stands for more than {MAX_FILES:,} files: name the folder of the logs"
                )
        if not count:
            raise SourceError(
                f"{path} holds no file that can be read as a log: name the log files, or a folder "
                f"that holds them"
            )
    if not found.sources:
        raise SourceError("no input: name log files, folders or - for standard input")
    return found


def _expand(path: str, left_out: list[tuple[str, str]]) -> Iterator[str]:
    """File names of one argument."""
    if path == STDIN:
        yield path
        return
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        if not glob.has_magic(path):
            raise SourceError(
                f"cannot read {path}: no such file or folder; check the path"
            ) from None
        names = sorted(glob.glob(path, recursive=True))
        if not names:
            raise SourceError(f"no file matches {path}: check the pattern") from None
        for name in names:
            yield from _walk(name, left_out) if os.path.isdir(name) else (name,)
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(
            f"cannot read {path}: {reason.lower()}; check the path and its permissions"
        ) from error
    if stat.S_ISDIR(mode):
        yield from _walk(path, left_out)
    elif stat.S_ISSOCK(mode) or stat.S_ISBLK(mode):
        raise SourceError(
            f"cannot read {path}: it is a socket or a device; name a file, a pipe or - for "
            f"standard input"
        )
    else:
        yield path


def _walk(folder: str, left_out: list[tuple[str, str]]) -> Iterator[str]:
    """Files below a folder that look like text or are packed text, sorted by path."""

    def refuse(error: OSError) -> None:
        left_out.append((str(error.filename), (error.strerror or "cannot be read").lower()))

    for base, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = os.path.join(base, name)
            if name.startswith(".") or not os.path.isfile(path):
                continue
            reason = _unfit(path)
            if reason:
                left_out.append((path, reason))
            else:
                yield path


def _unfit(path: str) -> str:
    """Why a file of a folder is left out; empty when it is not."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(SAMPLE)
    except OSError as error:
        return (error.strerror or "cannot be read").lower()
    for magic, what in UNSUPPORTED.items():
        if head.startswith(magic):
            return f"packed with {what}"
    if head.startswith((GZIP_MAGIC, ZSTD_MAGIC)):
        return ""
    controls = sum(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in head)
    return "binary file" if controls > BINARY_SHARE * len(head) else ""


def _identity(name: str) -> tuple[int, int]:
    """Same value for two names of one file; -1 for standard input and what cannot be looked at."""
    if name == STDIN:
        return (-1, -1)
    try:
        status = os.stat(name)
    except OSError:
        return (-1, hash(name))
    return (status.st_dev, status.st_ino)
