"""The database of the newest events, and the register of the Parquet files with the older ones.

A Parquet file counts from the moment at which it is in the register; the transaction that enters it
also removes its rows from the database, so every event is seen exactly once at any time.

Types of DuckDB stand in quotes here and in the files that build on this one: functions live as long
as the process, and with them the types that they name, which DuckDB's binding takes for a leak and
says so at the end.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec

from apisentinel.errors import StoreError
from apisentinel.storage.base import DamagedError, DiskFullError, NewerVersionError
from apisentinel.storage.event_fields import DUCKDB_COLUMNS
from apisentinel.storage.settings import EventSettings

VERSION: Final = 1

FILE: Final = "hot.duckdb"
SET_ASIDE: Final = ".damaged"

STORAGE_VERSION: Final = "v1.5.0"
"""Format of a new file: older than the newest, so that one can go back to an earlier DuckDB."""

IDLE_CURSORS: Final = 8

DAY_US: Final = 86_400_000_000
FIRST_DAY, LAST_DAY = date.min.toordinal(), date.max.toordinal()
EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

_TABLES = f"""
CREATE TABLE e.meta (version INTEGER, last_seq BIGINT);
INSERT INTO e.meta VALUES ({VERSION}, 0);
CREATE TABLE e.hot ({DUCKDB_COLUMNS});
CREATE TABLE e.part (
    name VARCHAR PRIMARY KEY, day INTEGER, rows BIGINT, bytes BIGINT, min_seq BIGINT,
    max_seq BIGINT, min_ts BIGINT, max_ts BIGINT, created BIGINT
);
"""


class Part(msgspec.Struct, frozen=True):
    """A Parquet file with events of one day.

    Attributes:
        name: Path under the folder of the store.
        day: Days since the epoch.
        created: When it was made, µs since the epoch.
    """

    name: str
    day: int
    rows: int
    bytes: int
    min_seq: int
    max_seq: int
    min_ts: int
    max_ts: int
    created: int


def day_folder(day: int) -> str:
    """Name of the folder of a day, such as ``dt=2026-01-31``."""
    ordinal = min(max(day + EPOCH_DAY, FIRST_DAY), LAST_DAY)
    return f"dt={date.fromordinal(ordinal).isoformat()}"


class EventDatabase:
    """Cursors on the database; each is used by one thread at a time."""

    def __init__(self, path: Path, settings: EventSettings) -> None:
        """Opens the database, or makes it.

        Raises:
            NewerVersionError: A later version of the product has written it.
            DamagedError: It cannot be read.
            StoreError: Another process uses it, or the folder cannot be used.
        """
        self.path = path
        self._settings = settings
        self._lock = threading.RLock()
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._at_work: list[duckdb.DuckDBPyConnection] = []
        self._generation = 0
        self._connection: duckdb.DuckDBPyConnection | None = None
        self.fresh = not (path / FILE).exists()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be used: {error.strerror or error}") from error
        self.open()

    def open(self) -> None:
        """Opens the file; again after `close`."""
        connection = duckdb.connect(
            config={
                "memory_limit": f"{self._settings.memory_bytes >> 20}MiB",
                "threads": self._settings.threads,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "temp_directory": str(self.path / "tmp"),
            }
        )
        try:
            with reported(self.path / FILE):
                # a file never changes; its index is not read anew for each question
                run(connection, "LOAD parquet")
                run(connection, "SET parquet_metadata_cache = true")
                _attach(connection, self.path / FILE)
                self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._connection = connection
            self._generation += 1

    def _prepare(self, connection: "duckdb.DuckDBPyConnection") -> None:
        tables = {
            row[0]
            for row in run(
                connection, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'e'"
            )
        }
        if not tables:
            run(connection, "BEGIN")
            run(connection, _TABLES)
            run(connection, "COMMIT")
            return
        found = one(connection, "SELECT version FROM e.meta")
        if found is None:
            raise DamagedError(f"{self.path / FILE} is damaged: it has no version")
        if found[0] > VERSION:
            raise NewerVersionError(
                f"{self.path / FILE} has version {found[0]}, this program knows {VERSION};"
                " use the newer program, or restore a backup"
            )

    @contextmanager
    def cursor(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A cursor of the caller's own.

        Raises:
            StoreError: The database cannot be read or written.
        """
        with self._lock:
            connection, generation = self._connection, self._generation
            cursor = self._idle.pop() if self._idle else None
        if connection is None:
            raise StoreError("the event store is closed")
        with reported(self.path / FILE):
            if cursor is None:
                cursor = connection.cursor()
            with self._lock:
                self._at_work.append(cursor)
            try:
                yield cursor
            except BaseException:
                with suppress(duckdb.Error):
                    cursor.close()
                raise
            finally:
                with self._lock:
                    self._at_work.remove(cursor)
        with self._lock:
            keep = generation == self._generation and len(self._idle) < IDLE_CURSORS
            if keep and self._connection is not None:
                self._idle.append(cursor)
                return
        cursor.close()

    @contextmanager
    def snapshot(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """A cursor that sees one state of the database, for several queries."""
        with self.cursor() as cursor:
            run(cursor, "BEGIN")
            try:
                yield cursor
            finally:
                run(cursor, "ROLLBACK")

    def last_seq(self) -> int:
        """Newest row that is on disk."""
        with self.cursor() as cursor:
            row = one(
                cursor,
                "SELECT greatest((SELECT last_seq FROM e.meta),"
                " coalesce((SELECT max(seq) FROM e.hot), 0))",
            )
        return int(row[0]) if row else 0

    def reopen(self) -> None:
        """Reads the file anew; who asks meanwhile waits, and queries under way fail.

        Raises:
            StoreError: It cannot be opened; the database is closed then.
        """
        with self._lock:
            self.close()
            self.open()

    def interrupt(self) -> None:
        """Ends the statements under way with a StoreError where they are waited for."""
        with self._lock:
            for cursor in self._at_work:
                with suppress(duckdb.Error):
                    cursor.interrupt()

    def close(self) -> None:
        """Closes the file and all cursors."""
        with self._lock:
            connection, self._connection = self._connection, None
            idle, self._idle = self._idle, []
            self._generation += 1
        with suppress(duckdb.Error):
            for cursor in idle:
                cursor.close()
            if connection is not None:
                connection.close()


def _attach(connection: "duckdb.DuckDBPyConnection", path: Path) -> None:
    name = str(path).replace("'", "''")
    if not path.exists():
        with suppress(duckdb.Error):  # an older DuckDB does not know this format
            run(connection, f"ATTACH '{name}' AS e (STORAGE_VERSION '{STORAGE_VERSION}')")
            return
    run(connection, f"ATTACH '{name}' AS e")


def run(
    cursor: "duckdb.DuckDBPyConnection", statement: str, values: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Runs a statement and gives all its rows: a result that is not read to its end keeps the
    cursor from other work.
    """
    cursor.execute(statement, list(values))
    return cursor.fetchall() if cursor.description else []


def one(
    cursor: "duckdb.DuckDBPyConnection", statement: str, values: Sequence[Any] = ()
) -> tuple[Any, ...] | None:
    """The only row of a result, None when there is none."""
    rows = run(cursor, statement, values)
    return rows[0] if rows else None


def parts(cursor: "duckdb.DuckDBPyConnection") -> list[Part]:
    """All registered Parquet files, oldest first."""
    rows = run(
        cursor,
        "SELECT name, day, rows, bytes, min_seq, max_seq, min_ts, max_ts, created FROM e.part"
        " ORDER BY max_ts, name",
    )
    return [Part(*row) for row in rows]


def files_sql(path: Path, names: Sequence[str]) -> str:
    """SQL that reads Parquet files."""
    listed = ", ".join("'" + str(path / name).replace("'", "''") + "'" for name in names)
    return f"read_parquet([{listed}], hive_partitioning = false)"


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turns the errors of DuckDB into those of the product.

    Raises:
        DiskFullError: There is no space.
        DamagedError: The file is not a database, or not as it was written.
        StoreError: Anything else.
    """
    try:
        yield
    except duckdb.Error as error:
        raise _translated(path, error) from error


def _translated(path: Path, error: "duckdb.Error") -> StoreError:
    text = str(error)
    lower = text.lower()
    if "no space left" in lower or "disk quota" in lower:
        return DiskFullError(f"{path}: the disk is full")
    if "could not set lock" in lower or "file handle conflict" in lower:
        return StoreError(f"{path} is in use; stop the service that uses it, or wait for it")
    marks = (
        "not a valid duckdb",
        "corrupt",
        "checksum",
        "serialization error",
        "no magic bytes",
        "could not read enough bytes",
    )
    if any(mark in lower for mark in marks):
        return DamagedError(f"{path} is damaged: {text}")
    return StoreError(f"{path}: {text}")


def rows_of(cursor: Any) -> list[dict[str, Any]]:
    """All rows of a result as documents."""
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
