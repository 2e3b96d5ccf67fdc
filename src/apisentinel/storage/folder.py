"""A folder of files: the seam at which tests put a disk that fails or loses power."""

import fcntl
import os
from pathlib import Path
from typing import IO, Protocol

from apisentinel.errors import StoreError

LOCK = "lock"
"""Name of the file that a writing process holds a lock on."""


class Folder(Protocol):
    """Files of one store.

    Attributes:
        vfs: Name of the SQLite file system, None for the usual one.
        exclusive: One connection per file holds its lock, for file systems without shared memory.
    """

    vfs: str | None
    exclusive: bool

    def names(self) -> list[str]:
        """Names of all files, sorted."""
        ...

    def path(self, name: str) -> str:
        """What SQLite is told to open."""
        ...

    def size(self, name: str) -> int:
        """Bytes of a file, 0 when it is gone."""
        ...

    def remove(self, name: str) -> None:
        """Removes a file; one that is gone is no error."""
        ...

    def rename(self, name: str, other: str) -> None:
        """Gives a file another name."""
        ...

    def lock(self) -> None:
        """Makes sure that no other process writes here until `unlock`.

        Raises:
            StoreError: Another one does.
        """
        ...

    def unlock(self) -> None:
        """Lets others write here."""
        ...

    def sync(self) -> None:
        """Returns when names made and removed so far survive a loss of power."""
        ...


class DiskFolder:
    """A folder of the usual file system, made when it is missing."""

    vfs: str | None = None
    exclusive: bool = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: IO[bytes] | None = None
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """Names of all files, sorted."""
        with os.scandir(self._path) as entries:
            return sorted(entry.name for entry in entries if entry.is_file())

    def path(self, name: str) -> str:
        """What SQLite is told to open."""
        return str(self._path / name)

    def size(self, name: str) -> int:
        """Bytes of a file, 0 when it is gone."""
        try:
            return (self._path / name).stat().st_size
        except FileNotFoundError:
            return 0

    def remove(self, name: str) -> None:
        """Removes a file; one that is gone is no error."""
        (self._path / name).unlink(missing_ok=True)

    def rename(self, name: str, other: str) -> None:
        """Gives a file another name."""
        (self._path / name).replace(self._path / other)

    def lock(self) -> None:
        """Makes sure that no other process writes here until `unlock`; ends with the process.

        Raises:
            StoreError: Another one does.
        """
        handle = (self._path / LOCK).open("ab")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise StoreError(
                f"{self._path} is in use by another process; stop it, or choose another folder"
            ) from error
        self._lock = handle

    def unlock(self) -> None:
        """Lets others write here."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def sync(self) -> None:
        """Returns when names made and removed so far survive a loss of power."""
        sync_folder(self._path)


def sync_folder(path: Path) -> None:
    """Returns when the names in a folder survive a loss of power."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


DATABASE_FILES = ("", "-wal", "-shm", "-journal")
"""Endings of the files that make up one SQLite database."""


def remove_database(folder: Folder, name: str) -> int:
    """Removes a database with its side files; gives the bytes that became free."""
    freed = database_bytes(folder, name)
    # The main file goes first, for good: without its log it would seem to hold less than it did.
    # Side files that are left over are swept up at the next start; names are never used again.
    folder.remove(name)
    folder.sync()
    for ending in DATABASE_FILES[1:]:
        folder.remove(name + ending)
    return freed


def sweep(folder: Folder, prefix: str, suffix: str) -> None:
    """Removes side files whose database is gone."""
    names = folder.names()
    for name in names:
        main, found, _ = name.rpartition("-")
        if found and main.startswith(prefix) and main.endswith(suffix) and main not in names:
            folder.remove(name)


def database_bytes(folder: Folder, name: str) -> int:
    """Size of a database with its side files."""
    return sum(folder.size(name + ending) for ending in DATABASE_FILES if ending != "-shm")
