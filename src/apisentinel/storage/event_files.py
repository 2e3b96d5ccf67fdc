"""Events of finished days as Parquet files: export, removal, and tidying up after a crash."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apisentinel.clock import Clock
from apisentinel.errors import StoreError
from apisentinel.storage.base import Damage
from apisentinel.storage.event_database import (
    DAY_US,
    EventDatabase,
    Part,
    day_folder,
    files_sql,
    one,
    parts,
    run,
)
from apisentinel.storage.event_fields import COLUMN_NAMES
from apisentinel.storage.folder import sync_folder
from apisentinel.storage.settings import EventSettings

if TYPE_CHECKING:
    import duckdb

EXPORT_ROWS: Final = 5_000_000
"""Rows of one file at most."""

GROUP_ROWS: Final = 20_480
"""Rows of one row group: what a query reads at least. Five rows from all over a file of 700,000
took 39 ms of CPU with these and 111 ms with 100,000, and the file is 1.4 % larger; ten blocks of
DuckDB's vectors.
"""

ZSTD_LEVEL: Final = 6

DRAFT: Final = ".draft"

_ENTER = "INSERT INTO e.part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class EventFiles:
    """The Parquet files of an event store.

    Attributes:
        damage: Files that cannot be read.
        removed: Files that were taken out because they were old or too many.
    """

    def __init__(self, database: EventDatabase, settings: EventSettings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[int, int] = {}
        self.removed = 0
        self.damage: list[Damage] = []

    # -------------------------------------------------------------------------------------- export

    def export(self, last_seq: Callable[[], int], *, at_once: bool = False) -> int:
        """Writes finished days into files and takes their rows out of the database.

        A day is finished when it is old enough and nothing has been added to it since the last
        look; then its file is large and there is one of it.

        Args:
            last_seq: Tells the newest row on disk.
            at_once: Do not wait for a second look.

        Returns:
            Rows that were moved.
        """
        today = self._clock.now() // DAY_US
        newest = today - self._settings.hot_days
        moved = 0
        with self._lock:
            cut = last_seq()
            with self._database.cursor() as cursor:
                found = run(
                    cursor,
                    f"SELECT cast(floor(ts / {DAY_US}.0) AS BIGINT) AS day, count(*) FROM e.hot"
                    " WHERE seq <= ? GROUP BY day HAVING day <= ? ORDER BY day",
                    (cut, newest),
                )
            counts = {int(day): int(rows) for day, rows in found}
            for day, rows in counts.items():
                if at_once or rows >= EXPORT_ROWS or self._counts.get(day) == rows:
                    moved += self._move(day, cut)
            self._counts = counts
        return moved

    def _move(self, day: int, cut: int) -> int:
        moved = 0
        low, high = day * DAY_US, (day + 1) * DAY_US - 1
        inside = f"ts BETWEEN {low:d} AND {high:d} AND seq <= {cut:d}"
        while True:
            with self._database.cursor() as cursor:
                row = one(
                    cursor,
                    f"SELECT min(seq), max(seq), min(ts), max(ts), count(*) FROM"
                    f" (SELECT seq, ts FROM e.hot WHERE {inside} ORDER BY seq LIMIT {EXPORT_ROWS})",
                )
                if row is None or not row[4]:
                    return moved
                min_seq, max_seq, min_ts, max_ts, rows = (int(value) for value in row)
                name = f"{day_folder(day)}/events-{min_seq}-{max_seq}.parquet"
                path = self._database.path / name
                these = f"{inside} AND seq BETWEEN {min_seq:d} AND {max_seq:d}"
                self._write(cursor, these, path)
                part = Part(
                    name, day, rows, path.stat().st_size, min_seq, max_seq, min_ts, max_ts,
                    self._clock.now(),
                )  # fmt: skip
                run(cursor, "BEGIN")
                run(cursor, _ENTER, _values(part))
                run(cursor, f"DELETE FROM e.hot WHERE {these}")
                run(cursor, "UPDATE e.meta SET last_seq = greatest(last_seq, ?)", (cut,))
                run(cursor, "COMMIT")
            moved += rows

    @staticmethod
    def _write(cursor: "duckdb.DuckDBPyConnection", these: str, path: Path) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = path.with_name(path.name + DRAFT)
        copy(cursor, f"SELECT {COLUMN_NAMES} FROM e.hot WHERE {these} ORDER BY seq", draft)
        draft.replace(path)
        sync_folder(path.parent)
        sync_folder(path.parent.parent)

    # ----------------------------------------------------------------------------------- retention

    def expire(self) -> int:
        """Removes files that are too old, and the oldest when they are too many.

        Returns:
            Bytes that became free.
        """
        oldest = self._clock.now() - self._settings.keep_days * DAY_US
        freed = 0
        with self._lock:
            with self._database.cursor() as cursor:
                known = parts(cursor)
            held = sum(part.bytes for part in known)
            for part in sorted(known, key=lambda part: (part.day, part.name)):
                age = max(part.created, (part.day + 1) * DAY_US)
                if age >= oldest and held <= self._settings.keep_bytes:
                    continue
                self._forget(part)
                held -= part.bytes
                freed += part.bytes
        return freed

    def _forget(self, part: Part) -> None:
        with self._database.cursor() as cursor:
            run(cursor, "DELETE FROM e.part WHERE name = ?", (part.name,))
        self.removed += 1
        path = self._database.path / part.name
        path.unlink(missing_ok=True)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()

    # ------------------------------------------------------------------------------------- tidying

    def tidy(self) -> None:
        """Removes what a crash left behind, and reports files that are missing.

        A file that is not in the register was either never entered, then its rows are in the
        database, or it was taken out, then it should be gone. Only when the register itself is new
        are files entered again.
        """
        with self._database.cursor() as cursor:
            known = {part.name: part for part in parts(cursor)}
        found = {
            str(path.relative_to(self._database.path)): path
            for path in sorted(self._database.path.glob("dt=*/*"))
        }
        for name, path in found.items():
            if name in known:
                continue
            if self._database.fresh and path.suffix == ".parquet":
                self._enter(name, path)
            else:
                path.unlink(missing_ok=True)
        for name, part in known.items():
            if name not in found:
                self.damage.append(Damage(name, 0, 0, part.rows, "the file is missing"))
                with self._database.cursor() as cursor:
                    run(cursor, "DELETE FROM e.part WHERE name = ?", (name,))

    def _enter(self, name: str, path: Path) -> None:
        try:
            with self._database.cursor() as cursor:
                row = one(
                    cursor,
                    "SELECT count(*), min(seq), max(seq), min(ts), max(ts)"
                    f" FROM {files_sql(self._database.path, [name])}",
                )
            rows, first, last, begin, end = row or (0, None, None, None, None)
            part = Part(
                name, begin // DAY_US, rows, path.stat().st_size,
                first, last, begin, end, self._clock.now(),
            )  # fmt: skip
        except (StoreError, OSError, TypeError) as problem:
            self.damage.append(Damage(name, 0, 0, 0, str(problem)))
            path.rename(path.with_name(path.name + ".damaged"))
            return
        with self._database.cursor() as cursor:
            run(cursor, "BEGIN")
            run(cursor, _ENTER, _values(part))
            run(cursor, "UPDATE e.meta SET last_seq = greatest(last_seq, ?)", (part.max_seq,))
            run(cursor, "COMMIT")

    @property
    def bytes_used(self) -> int:
        """Size of all files."""
        with self._database.cursor() as cursor:
            return sum(part.bytes for part in parts(cursor))

    # -------------------------------------------------------------------------------------- backup

    def copy_to(self, target: Path) -> int:
        """Writes one state of all events into a folder while others go on reading and writing.

        Args:
            target: Folder that does not exist; gets ``hot.parquet`` and the files of finished days.

        Returns:
            Newest row in it.
        """
        target.mkdir(mode=0o700)
        with self._lock, self._database.snapshot() as cursor:  # nothing is exported or expired
            row = one(
                cursor,
                "SELECT greatest((SELECT last_seq FROM e.meta),"
                " coalesce((SELECT max(seq) FROM e.hot), 0))",
            )
            copy(cursor, f"SELECT {COLUMN_NAMES} FROM e.hot ORDER BY seq", target / "hot.parquet")
            for part in parts(cursor):
                place = target / part.name
                place.parent.mkdir(mode=0o700, exist_ok=True)
                link_or_copy(self._database.path / part.name, place)
        return int(row[0]) if row else 0


def copy(cursor: "duckdb.DuckDBPyConnection", query: str, path: Path) -> None:
    """Writes the result of a query into a Parquet file that survives a loss of power."""
    name = str(path).replace("'", "''")
    run(
        cursor,
        f"COPY ({query}) TO '{name}' (FORMAT parquet, COMPRESSION zstd,"
        f" COMPRESSION_LEVEL {ZSTD_LEVEL}, ROW_GROUP_SIZE {GROUP_ROWS})",
    )
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def link_or_copy(source: Path, target: Path) -> None:
    """A second name of a file that never changes; a copy where links are not possible."""
    import shutil  # noqa: PLC0415 (only where links fail)

    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def load(database: EventDatabase, path: Path, last_seq: int) -> None:
    """Puts the rows of a Parquet file into an empty database.

    Args:
        database: Just made.
        path: File with the columns of EVENT_SCHEMA.
        last_seq: Newest row that was ever stored.

    Raises:
        StoreError: The file cannot be read, or the database has events.
    """
    with database.cursor() as cursor:
        if one(cursor, "SELECT count(*) FROM e.hot") != (0,):
            raise StoreError("the database has events already")
        source = files_sql(path.parent, [path.name])
        run(cursor, f"INSERT INTO e.hot SELECT {COLUMN_NAMES} FROM {source}")
        run(cursor, "UPDATE e.meta SET last_seq = greatest(last_seq, ?)", (last_seq,))
        run(cursor, "CHECKPOINT e")


def _values(part: Part) -> tuple[object, ...]:
    return tuple(getattr(part, name) for name in part.__struct_fields__)
