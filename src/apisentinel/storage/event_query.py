"""Questions about events: pages, series over time, most frequent values."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import duckdb
import msgspec

from apisentinel.errors import RefusedError, StoreError
from apisentinel.storage.event_database import (
    EventDatabase,
    Part,
    files_sql,
    one,
    parts,
    rows_of,
    run,
)
from apisentinel.storage.event_fields import COLUMN_NAMES, EVENT_FIELDS
from apisentinel.storage.query import (
    Condition,
    FilterError,
    Kind,
    Listing,
    Op,
    Page,
    cursor_after,
    make_cursor,
)
from apisentinel.storage.query_sql import Dialect, Sql, joined, order, where

T = TypeVar("T")

MOST_POINTS: Final = 600
"""Points of a series: what a chart can show."""

MOST_GROUPS: Final = 20
"""Lines of a chart; the rest is added up."""

REST: Final = "other"

MOST_FACET_VALUES: Final = 500

EXPORT_ROWS: Final = 5_000
"""Rows of an export that are held in memory."""

STATUS_CLASS: Final = "status_class"
"""Group of a series: 2xx, 3xx, 4xx, 5xx."""

SECOND: Final = 1_000_000
STEPS: Final = tuple(
    seconds * SECOND
    for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800,
                    21_600, 43_200, 86_400)
)  # fmt: skip
"""Steps of a series, µs: what people read off an axis."""

QUERY_SECONDS: Final = 10.0
"""Time of one query: nobody waits longer for a page, and a thread is not held for ever."""

MEASURES: Final[dict[str, str]] = {
    "requests": "count(*)",
    "bytes": "cast(sum(response_bytes) AS BIGINT)",
    "errors": "count(*) FILTER (status >= 400)",
    "risk": "max(risk)",
    "p50_ms": "approx_quantile(duration_us, 0.50) / 1000.0",
    "p95_ms": "approx_quantile(duration_us, 0.95) / 1000.0",
    "p99_ms": "approx_quantile(duration_us, 0.99) / 1000.0",
}
"""What a series can tell of the rows of a slice, as SQL."""

ADDED: Final = frozenset({"requests", "bytes", "errors"})
"""Measures of which no row means 0, and which may be added up over groups."""

MOST_TOUCHED: Final = 10_000
"""Clients of which `EventQueries.touched` tells."""

WEEK_US: Final = 7 * 86_400 * SECOND
MONDAY_US: Final = 4 * 86_400 * SECOND
"""1970-01-05, a Monday."""

RETRY_SECONDS: Final = 10
"""When the same question may be asked again; others may have been answered by then."""

ATTEMPTS: Final = 3
"""A query is asked again when a file was removed under it, or the database was opened anew."""

PASSING: Final = ("No files found", "No such file", "already closed")
"""Words of errors that are over at the next attempt."""


class Touched(msgspec.Struct, frozen=True):
    """Requests that a condition is about.

    Attributes:
        total: Requests of the period, whatever the condition.
        requests: Those of them that it is about.
        clients: ``(client, requests, highest risk)`` of these, the busiest first.
        is_whole: Whether these are all clients.
    """

    total: int
    requests: int
    clients: list[tuple[str | None, int, int]]
    is_whole: bool


class Series(msgspec.Struct, frozen=True):
    """A measure over time.

    Attributes:
        step: µs between two points.
        t: Begin of each step, µs since the epoch.
        series: ``{"key": …, "v": [values]}`` of each group, the one with most rows first; None
            where a slice has no rows and the measure is none that can be added up.
    """

    step: int
    t: list[int]
    series: list[dict[str, Any]]


def step_of(begin: int, end: int, points: int = MOST_POINTS) -> int:
    """The smallest step of a period that gives no more points than wanted.

    Example:
        >>> step_of(0, 3_600_000_000) // 1_000_000
        10
    """
    span = max(end - begin, 1)
    for step in STEPS:
        if span // step + 2 <= points:
            return step
    days = STEPS[-1]
    return days * -(-span // (days * max(points - 2, 1)))


class EventQueries:
    """Reads events from the database and the Parquet files. Any thread may ask."""

    database: EventDatabase

    def list_events(self, conditions: Sequence[Condition], page: Page) -> Listing:
        """A page of events as documents with the columns of EVENT_SCHEMA; ``ts`` is in µs.

        Raises:
            FilterError: A condition or the page cannot be used.
            StoreError: The files cannot be read.
        """
        wanted = where(conditions, EVENT_FIELDS, Dialect.DUCKDB)
        begin, tail = order(page, EVENT_FIELDS)
        cut = joined([wanted, begin])

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> Listing:
            total = _count(cursor, self.database, cold, conditions, wanted)
            newest = _newest_first(cursor, cold, page, cut, tail)
            if newest is None:
                source = _source(self.database, cold)
                cursor.execute(
                    f"SELECT {COLUMN_NAMES} FROM {source} WHERE {cut.text} {tail.text}", cut.values
                )
                newest = rows_of(cursor)
            items = newest[: page.limit]
            more = len(newest) > page.limit
            following = cursor_after(page, EVENT_FIELDS, items[-1]) if more else None
            return Listing(items, following, total)

        return self._ask(conditions, ask)

    def get_event(self, *, seq: int | None = None, event_id: str | None = None) -> Any:
        """One event as a document, None when there is none; the newest of several of one id."""
        condition = (
            Condition("seq", Op.EQ, seq)
            if seq is not None
            else Condition("event_id", Op.EQ, event_id)
        )
        wanted = where([condition], EVENT_FIELDS, Dialect.DUCKDB)

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[dict[str, Any]]:
            for source in _sources(self.database, cold):
                newest = f"SELECT max(seq) FROM {source} WHERE {wanted.text}"
                row = one(cursor, newest, wanted.values)
                if row is None or row[0] is None:
                    continue
                cursor.execute(f"SELECT {COLUMN_NAMES} FROM {source} WHERE seq = ?", [row[0]])
                return rows_of(cursor)
            return []

        found = self._ask([condition], ask)
        return found[0] if found else None

    def export_events(self, conditions: Sequence[Condition], most: int) -> Iterator[dict[str, Any]]:
        """Events in order of time, a block at a time, up to a number."""
        wanted = where(conditions, EVENT_FIELDS, Dialect.DUCKDB)
        cursor_text: str | None = None
        left = most
        while left > 0:
            page = Page("ts", descending=False, cursor=cursor_text, limit=1)
            begin, _ = order(page, EVENT_FIELDS)
            cut = joined([wanted, begin])
            limit = min(left, EXPORT_ROWS)

            def ask(
                cursor: "duckdb.DuckDBPyConnection",
                cold: list[Part],
                cut: Sql = cut,
                limit: int = limit,
            ) -> list[dict[str, Any]]:
                cursor.execute(
                    f"SELECT {COLUMN_NAMES} FROM {_source(self.database, cold)}"
                    f" WHERE {cut.text} ORDER BY ts, seq LIMIT {limit:d}",
                    cut.values,
                )
                return rows_of(cursor)

            rows = self._ask(conditions, ask)
            yield from rows
            if len(rows) < limit:
                return
            left -= len(rows)
            cursor_text = make_cursor(page, rows[-1]["ts"], rows[-1]["seq"])

    def timeseries(
        self,
        conditions: Sequence[Condition],
        begin: int,
        end: int,
        *,
        group: str | None = None,
        points: int = MOST_POINTS,
        measure: str = "requests",
    ) -> Series:
        """Number of events over time, or another measure of them.

        Args:
            conditions: Which events.
            begin: µs since the epoch, rounded down to a whole step.
            end: µs since the epoch, not part of the period.
            group: Field whose values get a line each, or ``status_class``; None for one line.
            points: Most points; the step is chosen so that they are not exceeded.
            measure: One of `MEASURES`.

        Raises:
            FilterError: A condition, the group or the measure cannot be used, or the period is
                empty.
        """
        if not 1 < points <= MOST_POINTS:
            raise FilterError(f"a series has 2 to {MOST_POINTS} points")
        if end <= begin:
            raise FilterError("the period of a series ends before it begins")
        if measure not in MEASURES:
            raise FilterError(f"there is no measure {measure!r}; known: {', '.join(MEASURES)}")
        step = step_of(begin, end, points)
        first = begin // step * step
        count = -(-(end - first) // step)
        period = (
            *conditions,
            Condition("ts", Op.GTE, first),
            Condition("ts", Op.LTE, end - 1),
        )
        wanted = where(period, EVENT_FIELDS, Dialect.DUCKDB)
        value, source_of = _group(group)

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[tuple[Any, ...]]:
            source = source_of(_source(self.database, cold))
            return run(
                cursor,
                f"SELECT (ts - {first:d}) // {step:d} AS b, {value} AS g, count(*),"
                f" {MEASURES[measure]} FROM {source} WHERE {wanted.text} GROUP BY b, g",
                wanted.values,
            )

        found = self._ask(period, ask)
        return _columnar(found, first, step, count, is_added=measure in ADDED)

    def touched(self, conditions: Sequence[Condition], begin: int, end: int) -> Touched:
        """Which requests of a period a decision would be about, by client.

        Args:
            conditions: Which events.
            begin: µs since the epoch.
            end: µs since the epoch, not part of the period.

        Raises:
            FilterError: A condition cannot be used.
        """
        period = (Condition("ts", Op.GTE, begin), Condition("ts", Op.LTE, end - 1))
        all_of_it = where(period, EVENT_FIELDS, Dialect.DUCKDB)
        wanted = where((*period, *conditions), EVENT_FIELDS, Dialect.DUCKDB)

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> Touched:
            source = _source(self.database, cold)
            total = one(
                cursor, f"SELECT count(*) FROM {source} WHERE {all_of_it.text}", all_of_it.values
            )
            rows = run(
                cursor,
                "SELECT client, count(*) AS n, coalesce(max(risk), 0), sum(count(*)) OVER ()"
                f" FROM {source} WHERE {wanted.text} GROUP BY client ORDER BY n DESC, client"
                f" LIMIT {MOST_TOUCHED + 1:d}",
                wanted.values,
            )
            return Touched(
                total=int(total[0]) if total else 0,
                requests=int(rows[0][3]) if rows else 0,
                clients=[(row[0], int(row[1]), int(row[2])) for row in rows[:MOST_TOUCHED]],
                is_whole=len(rows) <= MOST_TOUCHED,
            )

        return self._ask(period, ask)

    def week(self, conditions: Sequence[Condition]) -> list[list[int]]:
        """Number of events by day of the week, Monday first, and hour of the day, both in UTC.

        Returns:
            Seven lists of 24 counts.

        Raises:
            FilterError: A condition cannot be used.
        """
        wanted = where(conditions, EVENT_FIELDS, Dialect.DUCKDB)

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[tuple[Any, ...]]:
            return run(
                cursor,
                f"SELECT ((ts - {MONDAY_US:d}) % {WEEK_US:d} + {WEEK_US:d}) % {WEEK_US:d}"
                f" // {3600 * SECOND:d} AS h, count(*)"
                f" FROM {_source(self.database, cold)} WHERE {wanted.text} GROUP BY h",
                wanted.values,
            )

        counts = [[0] * 24 for _ in range(7)]
        for hour, n in self._ask(conditions, ask):
            counts[int(hour) // 24][int(hour) % 24] = int(n)
        return counts

    def facets(
        self, names: Sequence[str], conditions: Sequence[Condition], limit: int = 20
    ) -> dict[str, list[tuple[Any, int]]]:
        """Most frequent values of fields with their counts; members of lists are counted each.

        Raises:
            FilterError: A field or condition cannot be used.
        """
        if not 1 <= limit <= MOST_FACET_VALUES:
            raise FilterError(f"facets have 1 to {MOST_FACET_VALUES} values")
        return {name: self._facet(name, conditions, limit) for name in names}

    def top(
        self, name: str, conditions: Sequence[Condition], limit: int = 20
    ) -> list[dict[str, Any]]:
        """Values of a field with the most requests, and what these were like.

        Returns:
            ``value, requests, risk`` (highest), ``errors`` (status of 400 and above),
            ``response_bytes``, ``p95_us`` and ``last_ts`` of each.

        Raises:
            FilterError: The field or a condition cannot be used.
        """
        if not 1 <= limit <= MOST_FACET_VALUES:
            raise FilterError(f"a list has 1 to {MOST_FACET_VALUES} values")
        value, source_of = _group(name)
        wanted = where(conditions, EVENT_FIELDS, Dialect.DUCKDB)

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[dict[str, Any]]:
            source = source_of(_source(self.database, cold))
            best = run(
                cursor,
                f"SELECT {value} AS v, count(*) AS n FROM {source} WHERE {wanted.text}"
                f" GROUP BY v ORDER BY n DESC, v LIMIT {limit:d}",
                wanted.values,
            )
            # the figures that cost more are worked out for these values only
            names = [key for key, _ in best if key is not None]
            marks = ", ".join("?" * len(names)) or "NULL"
            missing = f" OR {value} IS NULL" if len(names) < len(best) else ""
            cursor.execute(
                f"SELECT {value} AS value, count(*) AS requests, max(risk) AS risk,"
                " count(*) FILTER (status >= 400) AS errors,"
                " cast(sum(response_bytes) AS BIGINT) AS response_bytes,"
                " cast(approx_quantile(duration_us, 0.95) AS BIGINT) AS p95_us,"
                f" max(ts) AS last_ts FROM {source}"
                f" WHERE ({wanted.text}) AND ({value} IN ({marks}){missing})"
                " GROUP BY value ORDER BY requests DESC, value",
                [*wanted.values, *names],
            )
            return rows_of(cursor)

        return self._ask(conditions, ask)

    def _facet(
        self, name: str, conditions: Sequence[Condition], limit: int
    ) -> list[tuple[Any, int]]:
        value, source_of = _group(name)
        wanted = where(conditions, EVENT_FIELDS, Dialect.DUCKDB)

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[tuple[Any, int]]:
            source = source_of(_source(self.database, cold))
            return run(
                cursor,
                f"SELECT {value} AS v, count(*) AS n FROM {source} WHERE {wanted.text}"
                f" GROUP BY v ORDER BY n DESC, v LIMIT {limit:d}",
                wanted.values,
            )

        return self._ask(conditions, ask)

    def _ask(
        self,
        conditions: Sequence[Condition],
        work: Callable[["duckdb.DuckDBPyConnection", list[Part]], T],
    ) -> T:
        """Runs a query on one state of the store, with the files that it can concern."""
        for attempt in range(ATTEMPTS):
            try:
                with self.database.snapshot() as cursor, _in_time(cursor):
                    return work(cursor, _concerned(parts(cursor), conditions))
            except StoreError as problem:
                gone = any(words in str(problem) for words in PASSING)
                if not gone or attempt == ATTEMPTS - 1:
                    raise
        raise StoreError("the events cannot be read")


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


def _concerned(cold: list[Part], conditions: Sequence[Condition]) -> list[Part]:
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


def _source(database: EventDatabase, cold: list[Part]) -> str:
    if not cold:
        return "e.hot"
    files = files_sql(database.path, [part.name for part in cold])
    return (
        f"(SELECT {COLUMN_NAMES} FROM e.hot UNION ALL SELECT {COLUMN_NAMES} FROM {files}) AS event"
    )


def _sources(database: EventDatabase, cold: list[Part]) -> list[str]:
    """The database and the files apart, newest first."""
    files = [f"{files_sql(database.path, [part.name for part in cold])} AS event"] if cold else []
    return ["e.hot", *files]


def _count(
    cursor: "duckdb.DuckDBPyConnection",
    database: EventDatabase,
    cold: list[Part],
    conditions: Sequence[Condition],
    wanted: Sql,
) -> int:
    source, known = _source(database, cold), 0
    if not conditions:
        source, known = "e.hot", sum(part.rows for part in cold)
    row = one(cursor, f"SELECT count(*) FROM {source} WHERE {wanted.text}", wanted.values)
    return known + (int(row[0]) if row else 0)


def _newest_first(
    cursor: "duckdb.DuckDBPyConnection", cold: list[Part], page: Page, cut: Sql, tail: Sql
) -> list[dict[str, Any]] | None:
    """The page from the database alone, None when files could have a part in it."""
    if page.sort not in {"ts", "seq"} or not page.descending:
        return None
    cursor.execute(f"SELECT {COLUMN_NAMES} FROM e.hot WHERE {cut.text} {tail.text}", cut.values)
    rows = rows_of(cursor)
    if not cold:
        return rows
    if len(rows) <= page.limit:
        return None
    newest_cold = max(getattr(part, f"max_{page.sort}") for part in cold)
    return rows if rows[-1][page.sort] > newest_cold else None


def _group(name: str | None) -> tuple[str, Any]:
    """SQL of the value that rows are grouped by, and what makes the source have it."""
    if name is None:
        return "NULL", lambda source: source
    if name == STATUS_CLASS:
        return "cast(status // 100 AS VARCHAR) || 'xx'", lambda source: source
    field = EVENT_FIELDS.named(name)
    if field.kind is Kind.LIST:
        return (
            "member",
            lambda source: f"(SELECT *, unnest({field.sql}) AS member FROM {source}) AS listed",
        )
    return field.sql, lambda source: source


def _columnar(
    rows: list[tuple[Any, ...]], first: int, step: int, count: int, *, is_added: bool
) -> Series:
    """Columns of rows ``(slice, group, number of rows, value)``."""
    totals: dict[Any, int] = {}
    for _, key, n, _value in rows:
        totals[key] = totals.get(key, 0) + n
    ranked = sorted(totals, key=lambda key: (-totals[key], str(key)))
    shown = ranked if len(ranked) <= MOST_GROUPS else ranked[: MOST_GROUPS - 1]
    empty = 0 if is_added else None
    lines: dict[Any, list[Any]] = {key: [empty] * count for key in shown}
    rest: list[Any] = [empty] * count
    for bucket, key, _, value in rows:
        line = lines.get(key)
        if line is not None:
            line[bucket] = value
        elif is_added:  # highest risks and quantiles of several groups are none of them all
            rest[bucket] += value or 0
    series: list[dict[str, Any]] = [{"key": key, "v": values} for key, values in lines.items()]
    if is_added and len(shown) < len(ranked):
        series.append({"key": REST, "v": rest})
    return Series(step, [first + k * step for k in range(count)], series)
