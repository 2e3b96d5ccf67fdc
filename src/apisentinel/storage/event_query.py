"""Questions about events: pages and series over time."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from apisentinel.storage.event_asking import (
    PERIOD,
    EventAsking,
    group_of,
    source_of,
    sources_of,
)
from apisentinel.storage.event_database import Part, files_sql, one, rows_of, run
from apisentinel.storage.event_facets import EventFacets, extents
from apisentinel.storage.event_fields import COLUMN_NAMES, EVENT_FIELDS
from apisentinel.storage.query import (
    Condition,
    FilterError,
    Listing,
    Op,
    Page,
    cursor_after,
    make_cursor,
    read_cursor,
)
from apisentinel.storage.query_sql import Dialect, Sql, joined, order, sorted_as, where

if TYPE_CHECKING:
    import duckdb

MOST_POINTS: Final = 600
"""Points of a series: what a chart can show."""

STATUS_CLASS: Final = "status_class"
"""Group of a series: 2xx, 3xx, 4xx, 5xx."""

SECOND: Final = 1_000_000
STEPS: Final = tuple(
    seconds * SECOND
    for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800,
                    21_600, 43_200, 86_400)
)  # fmt: skip
"""Steps of a series, µs: what people read off an axis."""

MOST_GROUPS: Final = 20
"""Lines of a chart; the rest is added up."""

REST: Final = "other"

EXPORT_ROWS: Final = 5_000
"""Rows of an export that are held in memory."""

WINDOW_ROWS: Final = 20_000
"""Newest rows in which a page is looked for first; a block of the database has six times more."""
WIDER: Final = 16
"""How many times as many it is looked for in when those were not enough, before all are read."""
RARE: Final = 2_000
"""Rows that fulfil the conditions of a page at most for their numbers to be sorted here: finding
the numbers reads few columns, and then the rows of the page are read alone.
"""

NEAR_ROWS: Final = 2_048
"""Rows with numbers nearer to each other are read together: a vector of DuckDB."""

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


class EventQueries(EventFacets):
    """Reads events from the database and the Parquet files. Any thread may ask."""

    def list_events(self, conditions: Sequence[Condition], page: Page) -> Listing:
        """A page of events as documents with the columns of EVENT_SCHEMA; ``ts`` is in µs.

        Raises:
            FilterError: A condition or the page cannot be used.
            StoreError: The files cannot be read.
        """
        wanted = where(conditions, EVENT_FIELDS, Dialect.DUCKDB)
        begin, tail = order(page, EVENT_FIELDS)
        cut = joined([wanted, begin])

        def count(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> int:
            known = extents(cursor, self.database, cold, conditions)
            if all(condition.field in PERIOD for condition in conditions):
                return sum(extent.rows for extent in known)
            source = source_of(self.database, cold)
            row = one(cursor, f"SELECT count(*) FROM {source} WHERE {wanted.text}", wanted.values)
            return int(row[0]) if row else 0

        def ask(
            cursor: "duckdb.DuckDBPyConnection", cold: list[Part]
        ) -> list[dict[str, Any]] | None:
            return _newest_first(cursor, cold, conditions, page, cut, tail)

        def find(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[Any] | None:
            source = source_of(self.database, cold)
            found = run(
                cursor,
                f"SELECT {sorted_as(EVENT_FIELDS.named(page.sort))}, seq FROM {source}"
                f" WHERE {wanted.text} LIMIT {RARE + 1:d}",
                wanted.values,
            )
            return found if len(found) <= RARE else None

        def choose(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[int]:
            source = source_of(self.database, cold)
            rows = run(cursor, f"SELECT seq FROM {source} WHERE {cut.text} {tail.text}", cut.values)
            return [seq for (seq,) in rows]

        newest, total = self._ask(conditions, ask), None
        if newest is None:
            is_wide = all(condition.field in PERIOD for condition in conditions)
            rare = None
            if not is_wide:
                question = ("rare", page.sort)
                rare = self._kept(question, conditions, lambda: self._ask(conditions, find))
            if rare is not None:
                total, numbers = len(rare), _placed(rare, page)
            else:
                question = ("chosen", *msgspec.structs.astuple(page))
                numbers = self._kept(question, conditions, lambda: self._ask(conditions, choose))
            newest = self._rows(conditions, numbers)
        if total is None:
            total = self._kept("count", conditions, lambda: self._ask(conditions, count))
        items = newest[: page.limit]
        more = len(newest) > page.limit
        following = cursor_after(page, EVENT_FIELDS, items[-1]) if more else None
        return Listing(items, following, max(total, len(items)))

    def _rows(self, conditions: Sequence[Condition], numbers: list[int]) -> list[dict[str, Any]]:
        """Rows by their numbers. They never change, so those of the last pages are kept."""
        found = self.pages.get(
            tuple(numbers),
            (self.last_seq, self.files.removed),
            lambda: self._ask(
                conditions, lambda cursor, cold: _fetched(cursor, cold, self, numbers)
            ),
        )
        return [dict(row) for row in found]

    def get_event(self, *, seq: int | None = None, event_id: str | None = None) -> Any:
        """One event as a document, None when there is none; the newest of several of one id."""
        condition = (
            Condition("seq", Op.EQ, seq)
            if seq is not None
            else Condition("event_id", Op.EQ, event_id)
        )
        wanted = where([condition], EVENT_FIELDS, Dialect.DUCKDB)

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[dict[str, Any]]:
            for source in sources_of(self.database, cold):
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
                    f"SELECT {COLUMN_NAMES} FROM {source_of(self.database, cold)}"
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
        value, with_value = _line(group)

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[tuple[Any, ...]]:
            source = with_value(source_of(self.database, cold))
            return run(
                cursor,
                f"SELECT (ts - {first:d}) // {step:d} AS b, {value} AS g, count(*),"
                f" {MEASURES[measure]} FROM {source} WHERE {wanted.text} GROUP BY b, g",
                wanted.values,
            )

        question = ("series", first, step, count, group, measure)
        found = self._kept(question, period, lambda: self._ask(period, ask))
        if group == STATUS_CLASS:
            found = [(b, None if g is None else f"{g}xx", n, value) for b, g, n, value in found]
        return _columnar(found, first, step, count, is_added=measure in ADDED)


def _newest_first(
    cursor: "duckdb.DuckDBPyConnection",
    cold: list[Part],
    conditions: Sequence[Condition],
    page: Page,
    cut: Sql,
    tail: Sql,
) -> list[dict[str, Any]] | None:
    """The page from the newest rows of the database, None when others could have a part in it."""
    if page.sort not in PERIOD or not page.descending:
        return None
    end = page.sort
    known = one(cursor, f"SELECT min({end}), max({end}), count(*) FROM e.hot")
    if known is None or not known[2]:
        return None if cold else []
    oldest, newest, rows = known
    after = read_cursor(page, EVENT_FIELDS)
    ends = [
        c.value
        for c in conditions
        if c.field == end and c.op in {Op.LTE, Op.EQ} and isinstance(c.value, int)
    ]
    newest = min([newest, *ends, *(() if after is None else (after[0],))])
    begins = (
        [max((part.max_seq if end == "seq" else part.max_ts) for part in cold) + 1] if cold else []
    )
    lowest = max([oldest, *begins])
    span = max((known[1] - oldest + 1) * WINDOW_ROWS // rows, 1)
    for low in (newest - span, newest - WIDER * span):
        is_all = low <= lowest
        inside = "true" if is_all and not cold else f"{end} >= {max(low, lowest):d}"
        cursor.execute(
            f"SELECT {COLUMN_NAMES} FROM e.hot WHERE {inside} AND {cut.text} {tail.text}",
            cut.values,
        )
        found = rows_of(cursor)
        if len(found) > page.limit or (is_all and not cold):
            return found
        if is_all:
            break
    return None


def _placed(found: list[Any], page: Page) -> list[int]:
    """Numbers of the rows of a page, in its order.

    Args:
        found: What is sorted by, and number, of all rows.
        page: Which of them.
    """
    ranked = sorted(found, reverse=page.descending)
    after = read_cursor(page, EVENT_FIELDS)
    if after is not None:
        ranked = [each for each in ranked if (each < after if page.descending else each > after)]
    return [int(seq) for _, seq in ranked[: page.limit + 1]]


def _fetched(
    cursor: "duckdb.DuckDBPyConnection",
    cold: list[Part],
    store: EventAsking,
    numbers: Sequence[int],
) -> list[dict[str, Any]]:
    """Rows by their numbers, in their order; those near each other are read in one go."""
    if not numbers:
        return []
    pieces = []
    for group in _near(numbers):
        inside = f"seq = {group[0]:d}"
        if len(group) > 1:
            inside = f"seq BETWEEN {group[0]:d} AND {group[-1]:d} AND seq IN ({_listed(group)})"
        pieces.append(f"SELECT {COLUMN_NAMES} FROM e.hot WHERE {inside}")
    for part in cold:  # opening a file costs more than passing over its other rows
        there = [seq for seq in numbers if part.min_seq <= seq <= part.max_seq]
        if there:
            source = files_sql(store.database.path, [part.name])
            pieces.append(f"SELECT {COLUMN_NAMES} FROM {source} WHERE seq IN ({_listed(there)})")
    cursor.execute(" UNION ALL ".join(pieces))
    rows = {row["seq"]: row for row in rows_of(cursor)}
    return [rows[seq] for seq in numbers if seq in rows]


def _near(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers in rising order, in groups of those that are near each other."""
    groups: list[list[int]] = []
    for seq in sorted(numbers):
        if groups and seq - groups[-1][0] < NEAR_ROWS:
            groups[-1].append(seq)
        else:
            groups.append([seq])
    return groups


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(f"{seq:d}" for seq in numbers)


def _line(name: str | None) -> tuple[str, Any]:
    """SQL of what has a line of its own, and what makes the source have it."""
    if name is None:
        return "NULL", lambda source: source
    if name == STATUS_CLASS:  # as a number; texts of ten million rows take half a second
        return "status // 100", lambda source: source
    return group_of(name)


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
