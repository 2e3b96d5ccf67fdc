"""What makes a folder an installation: one process at a time, and a secret of its own."""

import fcntl
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from apisentinel.errors import ConfigError, StateError
from apisentinel.kernels.hashing import HashKey

LOCK_NAME, KEY_NAME = "service.lock", "hash.key"
JOURNAL_FOLDER, CONTROL_FOLDER, EVENTS_FOLDER = "journal", "control", "events"
SOURCES_FOLDER = "sources"
"""What is where in the data folder."""

KEY_BYTES = 16


class FolderLock:
    """Keeps a second process out of a data folder; ends with the process, however that ends.

    Raises:
        ConfigError: Another process holds it, or the folder cannot be used.
    """

    def __init__(self, data_dir: Path) -> None:
        path = data_dir / LOCK_NAME
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"{path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            os.close(self._file)
            raise ConfigError(
                f"{data_dir} is in use by another service (process {holder or 'unknown'}): stop"
                " it, or choose another folder with --data-dir"
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Lets another process in; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def make_folder(data_dir: Path) -> None:
    """Makes the data folder, readable by its owner only.

    Raises:
        ConfigError: It cannot be made.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{data_dir} cannot be made: {error.strerror}") from error


def hash_key(data_dir: Path) -> HashKey:
    """The secret under which this installation hashes entities, made at the first call.

    All keyed state and every alert id hang on it, so it never changes.

    Raises:
        StateError: The file is damaged.
        ConfigError: It cannot be read or written.
    """
    path = data_dir / KEY_NAME
    try:
        if not path.exists():
            write_whole(path, secrets.token_bytes(KEY_BYTES))
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be used: {error.strerror}") from error
    if len(raw) != KEY_BYTES:
        raise StateError(
            f"{path} has {len(raw)} bytes instead of {KEY_BYTES}: restore it from a backup; with"
            " another key everything that was learned would be lost"
        )
    return HashKey(int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little"))


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file that is there whole or not at all, readable by its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, data)
        os.fsync(file)
    finally:
        os.close(file)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
