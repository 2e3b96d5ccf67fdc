"""SQLite as the stores use it: every commit is on disk before it is answered for."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from apisentinel.errors import StoreError
from apisentinel.storage.base import DamagedError, DiskFullError, NewerVersionError
from apisentinel.storage.folder import Folder

OLDEST_SQLITE = 3_051_003
"""Earlier versions can damage a database when a write-ahead log is begun anew."""

BUSY_MS = 5_000
"""How long a statement waits for a lock that another process holds."""

WAL_PAGES = 1_000
"""Pages in the write-ahead log at which they are moved into the database."""


def connect(
    folder: Folder,
    name: str,
    *,
    create: bool = False,
    journal_mode: str = "wal",
    synchronous: str = "FULL",
    page_bytes: int = 4096,
) -> apsw.Connection:
    """Opens a database.

    Args:
        folder: Where it is.
        name: File name in the folder.
        create: Make it when it is missing.
        journal_mode: ``wal``, or ``delete`` for a file that is written once.
        synchronous: ``FULL`` or ``EXTRA``; less would answer for commits that a loss of power
            takes back.
        page_bytes: Size of a page of a new file.

    Raises:
        StoreError: The file cannot be opened, is damaged, or SQLite is too old.
    """
    if apsw.SQLITE_VERSION_NUMBER < OLDEST_SQLITE:
        raise StoreError(
            f"SQLite {apsw.sqlite_lib_version()} may damage databases; install apsw 3.51.3 or later"
        )
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    with reported(name):
        connection = apsw.Connection(folder.path(name), flags=flags, vfs=folder.vfs)
        try:
            connection.set_busy_timeout(BUSY_MS)
            if folder.exclusive:
                connection.execute("PRAGMA locking_mode = exclusive")
            connection.execute(f"PRAGMA page_size = {page_bytes:d}")
            _set_journal_mode(connection, name, journal_mode)
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA mmap_size = 0")
            connection.execute("PRAGMA trusted_schema = off")
            connection.execute("PRAGMA cell_size_check = on")
            connection.execute("PRAGMA temp_store = memory")
            connection.wal_autocheckpoint(WAL_PAGES)
        except BaseException:
            close(connection)
            raise
    return connection


def _set_journal_mode(connection: apsw.Connection, name: str, wanted: str) -> None:
    if connection.execute(f"PRAGMA journal_mode = {wanted}").get != wanted:
        raise StoreError(f"{name}: this file system does not do journal_mode={wanted}")


def close(connection: apsw.Connection, *, checkpoint: bool = True) -> None:
    """Closes a connection whatever its state.

    Args:
        connection: May be broken.
        checkpoint: Move the write-ahead log into the database. False after an error: what is in
            the file is then left as it is.
    """
    try:
        if not checkpoint:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.close(True)
    except apsw.Error:
        # nothing more can be done with the handle; what was acknowledged is in the log file
        return


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """Commits on the way out, or rolls back when there is an exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Turns the errors of SQLite and of the file system into those of the product.

    Raises:
        DiskFullError: There is no space.
        DamagedError: The file is not a database, or its pages contradict each other.
        StoreError: Anything else.
    """
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError, apsw.FormatError) as error:
        raise DamagedError(f"{name} is damaged: {error}") from error
    except apsw.FullError as error:
        raise DiskFullError(f"{name}: the disk is full") from error
    except apsw.Error as error:
        raise StoreError(f"{name}: {error}") from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(f"{name}: the disk is full") from error
        raise StoreError(f"{name}: {error.strerror or error}") from error


def check_version(connection: apsw.Connection, name: str, newest: int) -> int:
    """Version of a database's tables, 0 for a new one.

    Raises:
        NewerVersionError: A later version of the product has written it.
    """
    version = int(connection.execute("PRAGMA user_version").get or 0)
    if version > newest:
        raise NewerVersionError(
            f"{name} has version {version}, this program knows versions up to {newest};"
            " use the newer program, or restore a backup"
        )
    return version
