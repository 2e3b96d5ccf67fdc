"""How questions about events are asked: on one state of the store, in bounded time."""

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import duckdb

from apisentinel.errors import RefusedError, StoreError
from apisentinel.storage.answers import Answers
from apisentinel.storage.event_database import EventDatabase, Part, files_sql, parts
from apisentinel.storage.event_fields import COLUMN_NAMES, EVENT_FIELDS
from apisentinel.storage.event_index import MADE_ANEW, EventIndex, Found
from apisentinel.storage.query import Condition, Kind, Op

if TYPE_CHECKING:
    from apisentinel.storage.event_files import EventFiles

T = TypeVar("T")

QUERY_SECONDS: Final = 10.0
"""Time of one query: nobody waits longer for a page, and a thread is not held for ever."""

RETRY_SECONDS: Final = 10
"""When the same question may be asked again; others may have been answered by then."""

ATTEMPTS: Final = 3
"""A query is asked again when a file was removed under it, or the database was opened anew."""

PASSING: Final = ("No files found", "No such file", "already closed", MADE_ANEW)
"""Words of errors that are over at the next attempt."""

PAGES: Final = 16
"""Pages of rows from all over the store that are kept; a row has some kilobytes."""

GRAIN: Final = 200
"""A slow answer is given for a period that was moved by less than this part of it, too: the period
of an open page moves with the clock.
"""
LOOSE_US: Final = 60_000_000
"""The same for a period without an end."""

PERIOD: Final = frozenset({"ts", "seq"})
"""Fields by which files and blocks are passed over without reading them."""


class EventAsking:
    """What all questions have in common. Any thread may ask."""

    database: EventDatabase
    files: "EventFiles"
    index: EventIndex
    answers: Answers
    pages: Answers
    last_seq: int

    def _ask(
        self,
        conditions: Sequence[Condition],
        work: Callable[["duckdb.DuckDBPyConnection", list[Part]], T],
    ) -> T:
        """Runs a query on one state of the store, with the files and rows that it can concern."""
        for attempt in range(ATTEMPTS):
            try:
                with self.database.snapshot() as cursor, _in_time(cursor):
                    cold = concerned(parts(cursor), conditions)
                    return work(cursor, self.index.narrowed(cursor, cold, conditions))
            except StoreError as problem:
                gone = any(words in str(problem) for words in PASSING)
                if not gone or attempt == ATTEMPTS - 1:
                    raise
        raise StoreError("the events cannot be read")

    def _kept(
        self, question: Hashable, conditions: Sequence[Condition], make: Callable[[], T]
    ) -> T:
        """An answer, or that to the same question a short time ago when it took long."""
        key = (question, *_rounded(conditions))
        exact = hash(tuple((c.field, c.op, c.value) for c in conditions))
        return self.answers.get(key, (self.last_seq, self.files.removed, exact), make)


@contextmanager
def _in_time(cursor: "duckdb.DuckDBPyConnection") -> Iterator[None]:
    """Ends what a cursor does after `QUERY_SECONDS`.

    Raises:
        RefusedError: 503, it took longer.
    """
    late = threading.Event()

    def end() -> None:
        late.set()
        cursor.interrupt()

    timer = threading.Timer(QUERY_SECONDS, end)
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        if not late.is_set():
            raise
        raise RefusedError(
            503,
            f"the question takes longer than {QUERY_SECONDS:g} s to answer; narrow its period",
            retry_after=RETRY_SECONDS,
        ) from error
    finally:
        timer.cancel()


def _rounded(conditions: Sequence[Condition]) -> Iterator[Hashable]:
    """The conditions as a key that is the same while a period moves by little."""
    moments = {c.op: c.value for c in conditions if c.field == "ts" and isinstance(c.value, int)}
    grain = LOOSE_US
    if Op.GTE in moments and Op.LTE in moments:
        grain = max((moments[Op.LTE] - moments[Op.GTE]) // GRAIN, 1)
    for each in conditions:
        value = each.value
        if each.field == "ts" and isinstance(value, int):
            value //= grain
        yield each.field, each.op, value


def concerned(cold: list[Part], conditions: Sequence[Condition]) -> list[Part]:
    """Files whose range of times and numbers can hold matching events."""
    for condition in conditions:
        value = condition.value
        if condition.field not in {"ts", "seq"} or not isinstance(value, int):
            continue
        low, high = f"min_{condition.field}", f"max_{condition.field}"
        if condition.op in {Op.GTE, Op.EQ}:
            cold = [part for part in cold if getattr(part, high) >= value]
        if condition.op in {Op.LTE, Op.EQ}:
            cold = [part for part in cold if getattr(part, low) <= value]
    return cold


def source_of(database: EventDatabase, cold: list[Part]) -> str:
    """SQL of the rows of the database and of some files."""
    if not cold:
        return "e.hot"
    files = _these(database, cold)
    return (
        f"(SELECT {COLUMN_NAMES} FROM e.hot UNION ALL SELECT {COLUMN_NAMES} FROM {files}) AS event"
    )


def _these(database: EventDatabase, cold: list[Part]) -> str:
    """SQL of the rows of some files that can match."""
    files = files_sql(database.path, [part.name for part in cold])
    if isinstance(cold, Found) and cold.numbers is not None:
        return f"{files} WHERE seq IN ({', '.join(str(seq) for seq in cold.numbers)})"
    return files


def sources_of(database: EventDatabase, cold: list[Part]) -> list[str]:
    """The database and the files apart, newest first."""
    files = [f"{files_sql(database.path, [part.name for part in cold])} AS event"] if cold else []
    return ["e.hot", *files]


def group_of(name: str) -> tuple[str, Callable[[str], str]]:
    """SQL of the value that rows are grouped by, and what makes the source have it."""
    field = EVENT_FIELDS.named(name)
    if field.kind is Kind.LIST:
        return (
            "member",
            lambda source: f"(SELECT *, unnest({field.sql}) AS member FROM {source}) AS listed",
        )
    return field.sql, lambda source: source
