"""The database under the control store: connections, migrations, and what happens on an error."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from apisentinel.clock import Clock
from apisentinel.errors import StoreError
from apisentinel.storage import query_sql, sqlite
from apisentinel.storage.base import DamagedError
from apisentinel.storage.control_schema import MIGRATIONS, VERSION
from apisentinel.storage.folder import DiskFolder, Folder
from apisentinel.storage.query import Condition, Fields, Listing, Page, make_cursor
from apisentinel.storage.query_sql import Dialect, Sql, joined, order, sorted_as, where

FILE = "control.db"

IDLE_READERS = 8
"""Connections for reading that are kept open."""

Row = tuple[Any, ...]


def migrate(connection: apsw.Connection, name: str, clock: Clock) -> int:
    """Brings the tables to the version of this program, one transaction per version.

    Returns:
        The version that it had.

    Raises:
        NewerVersionError: A later version of the product has written it.
    """
    found = sqlite.check_version(connection, name, VERSION)
    for version in range(found, VERSION):
        with sqlite.transaction(connection):
            if int(connection.execute("PRAGMA user_version").get or 0) > version:
                continue  # another process was faster
            connection.execute(MIGRATIONS[version])
            connection.execute(f"PRAGMA user_version = {version + 1:d}")
            if version == 0:
                connection.execute(
                    "INSERT INTO meta VALUES ('created', ?)", (str(clock.now()).encode(),)
                )
    return found


def _is_failure(cause: BaseException | None) -> bool:
    """Whether an error came from the disk, not from what was asked for."""
    return isinstance(cause, apsw.Error | OSError) and not isinstance(
        cause, apsw.ConstraintError | apsw.BusyError
    )


class ControlBase:
    """Connections to one database: one that writes, and as many that read as are needed at once.

    Several processes may use the database at once.
    """

    def __init__(self, path: Path, clock: Clock, *, folder: Folder | None = None) -> None:
        """Opens the database, or makes it.

        Args:
            path: Folder, made when it is missing.
            clock: Tells when something was created or changed.
            folder: Where the files are; tests put a failing disk here.

        Raises:
            NewerVersionError: A later version of the product has written it.
            StoreError: It cannot be opened.
        """
        self._clock = clock
        try:
            self._folder: Folder = folder or DiskFolder(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be used: {error.strerror or error}") from error
        self._lock = threading.RLock()
        self._idle: list[apsw.Connection] = []
        self._closed = False
        self._writer: apsw.Connection | None = self._connect(create=True)
        try:
            with sqlite.reported(FILE):
                migrate(self._writer, FILE, clock)
            self._folder.sync()
        except BaseException:
            sqlite.close(self._writer, checkpoint=False)
            raise

    def _connect(self, *, create: bool = False) -> apsw.Connection:
        connection = sqlite.connect(self._folder, FILE, create=create)
        query_sql.install(connection)
        return connection

    def _reopen(self) -> apsw.Connection:
        connection = self._connect()
        with sqlite.reported(FILE):
            found = connection.execute("PRAGMA quick_check(1)").get
        if found != "ok":
            sqlite.close(connection, checkpoint=False)
            raise DamagedError(f"{FILE} is damaged: {found}; restore a backup")
        return connection

    def _audit_in(
        self,
        connection: apsw.Connection,
        actor: str,
        action: str,
        target: str,
        result: str,
        detail: Mapping[str, Any],
    ) -> None:
        """Appends an entry to the audit within a transaction; the table of the audit does it."""
        raise NotImplementedError

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """A transaction; it is on disk when the block is left without an error.

        After a failure of the disk the connection is closed and never used again: after a failed
        fsync nobody knows what is on disk. The next transaction opens the file anew and checks it.

        Raises:
            StoreError: The disk refuses; nothing of the transaction counts.
        """
        with self._lock:
            if self._closed:
                raise StoreError("the control store is closed")
            if self._writer is None:
                self._writer = self._reopen()
            writer = self._writer
            try:
                with sqlite.reported(FILE), sqlite.transaction(writer):
                    yield writer
            except StoreError as problem:
                if _is_failure(problem.__cause__):
                    self._writer = None
                    sqlite.close(writer, checkpoint=False)
                raise

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """A connection that sees what is committed.

        Raises:
            StoreError: The database cannot be read.
        """
        if self._folder.exclusive:
            with self._lock, sqlite.reported(FILE):
                if self._writer is None:
                    self._writer = self._reopen()
                yield self._writer
            return
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = on")
        try:
            with sqlite.reported(FILE):
                yield connection
        except StoreError:
            sqlite.close(connection, checkpoint=False)
            raise
        except BaseException:
            self._put_back(connection)
            raise
        self._put_back(connection)

    def _put_back(self, connection: apsw.Connection) -> None:
        with self._lock:
            if len(self._idle) < IDLE_READERS and not self._closed:
                self._idle.append(connection)
                return
        sqlite.close(connection)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        with self.reading() as connection:
            return connection.execute(statement, tuple(values)).fetchall()

    def page(
        self,
        table: str,
        fields: Fields,
        conditions: Sequence[Condition],
        page: Page,
        columns: str,
        *,
        also: Sql | None = None,
    ) -> tuple[list[Row], str | None, int]:
        """Rows of a page, the cursor of the next one, and the number of all.

        Args:
            table: Name of the table.
            fields: Its allow-list.
            conditions: Of the user.
            page: Which part.
            columns: SQL of the columns wanted.
            also: A condition of the program.

        Raises:
            FilterError: A condition or the page cannot be used.
        """
        wanted = joined([where(conditions, fields, Dialect.SQLITE), also or Sql("true")])
        begin, tail = order(page, fields)
        cut = joined([wanted, begin])
        sort = fields.sorting(page.sort)
        with self.reading() as connection:
            total = connection.execute(
                f"SELECT count(*) FROM {table} WHERE {wanted.text}", wanted.values
            ).get
            rows = connection.execute(
                f"SELECT {sorted_as(sort)}, {fields.key.sql}, {columns} FROM {table}"
                f" WHERE {cut.text} {tail.text}",
                cut.values,
            ).fetchall()
        following = None
        if len(rows) > page.limit:
            rows = rows[: page.limit]
            following = make_cursor(page, rows[-1][0], rows[-1][1])
        return [row[2:] for row in rows], following, int(total or 0)

    def listing(
        self, table: str, fields: Fields, conditions: Sequence[Condition], page: Page, columns: str
    ) -> Listing:
        """A page whose documents have the names of the columns."""
        rows, following, total = self.page(table, fields, conditions, page, columns)
        names = [name.strip().strip('"') for name in columns.split(",")]
        return Listing([dict(zip(names, row, strict=True)) for row in rows], following, total)

    def facet(
        self,
        table: str,
        fields: Fields,
        name: str,
        conditions: Sequence[Condition],
        limit: int,
        also: Sql | None = None,
    ) -> list[tuple[Any, int]]:
        """Most frequent values of a field with their counts; members of lists are counted each."""
        field = fields.named(name)
        wanted = joined([where(conditions, fields, Dialect.SQLITE), also or Sql("true")])
        source, value = table, field.sql
        if field.kind == "list":
            source, value = f"{table}, json_each({table}.{field.sql}) AS member", "member.value"
        return [
            (row[0], int(row[1]))
            for row in self.rows(
                f"SELECT {value} AS v, count(*) AS n FROM {source} WHERE {wanted.text}"
                " GROUP BY v ORDER BY n DESC, v LIMIT ?",
                (*wanted.values, limit),
            )
        ]

    def series(  # noqa: PLR0913 (names say what is what)
        self,
        table: str,
        fields: Fields,
        conditions: Sequence[Condition],
        *,
        moment: str,
        first: int,
        step: int,
        group: str | None,
        also: Sql | None = None,
    ) -> list[tuple[int, Any, int]]:
        """Rows per slice of time: ``(slice, value of the group, count)``.

        Args:
            table: Name of the table.
            fields: Its allow-list.
            conditions: Of the user; they keep the rows within the period.
            moment: Field of the time.
            first: Begin of slice 0, µs.
            step: Width of a slice, µs.
            group: Field whose values are counted apart, None for none.
            also: A condition of the program.
        """
        wanted = joined([where(conditions, fields, Dialect.SQLITE), also or Sql("true")])
        source, value = table, "NULL"
        if group is not None:
            field = fields.named(group)
            value = field.sql
            if field.kind == "list":
                source, value = f"{table}, json_each({table}.{field.sql}) AS member", "member.value"
        slot = f"({fields.named(moment).sql} - ?) / ?"
        return [
            (int(row[0]), row[1], int(row[2]))
            for row in self.rows(
                f"SELECT {slot} AS slot, {value} AS v, count(*) FROM {source}"
                f" WHERE {wanted.text} GROUP BY slot, v",
                (first, step, *wanted.values),
            )
        ]

    @property
    def bytes_used(self) -> int:
        """Size on disk."""
        return self._folder.size(FILE) + self._folder.size(FILE + "-wal")

    def close(self) -> None:
        """Closes the connections of all threads."""
        with self._lock:
            self._closed = True
            for reader in self._idle:
                sqlite.close(reader)
            self._idle.clear()
            if self._writer is not None:
                sqlite.close(self._writer)
                self._writer = None
