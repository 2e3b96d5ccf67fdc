"""Where the rows of one client, user or session are in the Parquet files.

Each file has an index beside it: field, key of the value, number of the row, in this order, so that
the rows of a value are read from one small group of rows. A question about one value then reads the
files that have it, and of these only the groups with its rows; the conditions are still looked at,
so two values with the same key cost time and change nothing. An index can be made anew from its
file at any time, which also happens to files of earlier versions.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from apisentinel.errors import StoreError
from apisentinel.storage.event_database import EventDatabase, Part, files_sql, run
from apisentinel.storage.event_files import DRAFT, copy
from apisentinel.storage.folder import sync_folder
from apisentinel.storage.query import Condition, Op

FOLDER: Final = "index"
"""Beside the folders of the days, which other programs read as a whole."""

ENDING: Final = ".v1.parquet"
"""With the version of what an index holds; those of another version are made anew."""

INDEXED: Final = ("client", "user", "session")
"""Fields whose single values the screens ask about."""

MOST_FOUND: Final = 4_096
"""Rows of a value that are looked up; reading the files from end to end is no slower for more."""

MOST_VALUES: Final = 16
"""Values of one condition that are looked up."""

REMEMBERED: Final = 64
"""Values of which it is remembered where they are; one takes 150 KB at most, mostly far less."""


MADE_ANEW: Final = "an index is made anew"
"""Words of an error that is over at the next attempt."""


class Found(list[Part]):
    """Files that can hold matching rows.

    Attributes:
        numbers: Those of the rows that can match, None when all can.
        whole: All files of the period.
    """

    numbers: tuple[int, ...] | None = None
    whole: Sequence[Part] = ()


class EventIndex:
    """The indices of an event store. Any thread may ask; one at a time makes them."""

    def __init__(self, database: EventDatabase) -> None:
        self._database = database
        self._folder = database.path / FOLDER
        self._lock = threading.Lock()
        self._there: set[str] = set()
        self._known: OrderedDict[tuple[str, ...], tuple[int, ...] | None] = OrderedDict()
        self.bytes = 0
        self._look()

    def _look(self) -> None:
        found = list(self._folder.glob("*" + ENDING))
        self._there = {path.name for path in found}
        self.bytes = sum(path.stat().st_size for path in found)

    def fill(self, known: Sequence[Part], stop: threading.Event) -> int:
        """Makes the indices that are missing and removes those without a file.

        Args:
            known: All registered files.
            stop: Ends it early; the rest is made next time.

        Returns:
            How many were made.

        Raises:
            StoreError: The disk refuses, or a file cannot be read.
        """
        wanted = {_name(part): part for part in known}
        if self._folder.exists():
            for path in self._folder.iterdir():
                if path.name not in wanted:
                    path.unlink(missing_ok=True)
        made = 0
        for name, part in wanted.items():
            if stop.is_set():
                break
            if name not in self._there:
                self._make(part, self._folder / name)
                made += 1
        if made or len(self._there) != len(wanted):
            self._look()
        return made

    def _make(self, part: Part, path: Path) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        source = files_sql(self._database.path, [part.name])
        pieces = (
            f"SELECT {number} AS field, named.key, seq FROM {source} AS event JOIN"
            f' (SELECT text, {_key("text")} AS key FROM (SELECT DISTINCT "{name}" AS text'
            f" FROM {source}) AS each) AS named"
            f' ON event."{name}" = named.text'
            for number, name in enumerate(INDEXED)
        )
        draft = path.with_name(path.name + DRAFT)
        with self._database.cursor() as cursor:
            copy(cursor, f"{' UNION ALL '.join(pieces)} ORDER BY field, key, seq", draft)
        draft.replace(path)
        sync_folder(path.parent)

    def narrowed(
        self, cursor: "duckdb.DuckDBPyConnection", cold: list[Part], conditions: Sequence[Condition]
    ) -> Found:
        """Which of some files, and which of their rows, can fulfil conditions."""
        out = Found(cold)
        condition = next((each for each in conditions if _is_looked_up(each)), None)
        if not cold or condition is None or any(_name(part) not in self._there for part in cold):
            return out
        found = self._rows(cursor, cold, condition)
        if found is None:
            return out
        out = Found(
            part for part in cold if any(part.min_seq <= seq <= part.max_seq for seq in found)
        )
        out.numbers, out.whole = found, cold
        return out

    def _rows(
        self, cursor: "duckdb.DuckDBPyConnection", cold: list[Part], condition: Condition
    ) -> tuple[int, ...] | None:
        """Numbers of the rows of some values, None when they are too many. Files never change, so
        the answer is remembered.
        """
        value = condition.value
        texts = [str(each) for each in (value if isinstance(value, tuple) else (value,))]
        files = [str(Path(FOLDER) / _name(part)) for part in cold]
        key = (condition.field, *texts, "", *files)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        try:
            rows = run(
                cursor,
                f"SELECT seq FROM {files_sql(self._database.path, files)}"
                f" WHERE field = {INDEXED.index(condition.field)}"
                f" AND key IN ({', '.join(str(each) for each in self._keys(cursor, texts))})"
                f" LIMIT {MOST_FOUND + 1}",
            )
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            raise
        except duckdb.Error as error:
            self._distrust(files)
            raise StoreError(f"{MADE_ANEW}: {error}") from error
        found = tuple(sorted(seq for (seq,) in rows)) if len(rows) <= MOST_FOUND else None
        with self._lock:
            self._known[key] = found
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _distrust(self, files: Sequence[str]) -> None:
        """One of some indices cannot be read: all of them are made anew."""
        for file in files:
            (self._database.path / file).unlink(missing_ok=True)
        self._look()

    @staticmethod
    def _keys(cursor: "duckdb.DuckDBPyConnection", texts: Sequence[str]) -> list[int]:
        rows = run(cursor, f"SELECT {_key('text')} FROM (SELECT unnest(?) AS text)", [texts])
        return [int(key) for (key,) in rows]


def _name(part: Part) -> str:
    return Path(part.name).stem + ENDING


def _key(text: str) -> str:
    """SQL of the key of a text: half of its MD5, which is the same in each version of DuckDB."""
    return f"md5_number_lower({text})"


def _is_looked_up(condition: Condition) -> bool:
    if condition.field not in INDEXED:
        return False
    if condition.op is Op.IN and isinstance(condition.value, tuple):
        return len(condition.value) <= MOST_VALUES and all(
            isinstance(each, str) for each in condition.value
        )
    return condition.op is Op.EQ and isinstance(condition.value, str)
