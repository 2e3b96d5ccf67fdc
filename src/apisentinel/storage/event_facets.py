"""Questions about the values of events: the most frequent ones, and what their requests were like.

Of many rows a sample is counted: rows of some stretches, spread evenly over the period. A question
first looks at a small one; how many of its rows fulfil the conditions tells how many more are
needed. What fulfils the conditions only rarely is counted to the last.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from apisentinel.storage.event_asking import PERIOD, EventAsking, group_of, source_of
from apisentinel.storage.event_database import EventDatabase, Part, files_sql, one, rows_of, run
from apisentinel.storage.event_fields import EVENT_FIELDS
from apisentinel.storage.event_index import Found
from apisentinel.storage.query import Condition, FilterError, Op
from apisentinel.storage.query_sql import Dialect, Sql, joined, where

if TYPE_CHECKING:
    import duckdb

MOST_FACET_VALUES: Final = 500

MOST_TOUCHED: Final = 10_000
"""Clients of which `EventQueries.touched` tells."""

SECOND: Final = 1_000_000
WEEK_US: Final = 7 * 86_400 * SECOND
MONDAY_US: Final = 4 * 86_400 * SECOND
"""1970-01-05, a Monday."""

EXACT_ROWS: Final = 300_000
"""Rows of a period that are counted to the last; ten fields take some 50 ms on two cores."""
PLAIN: Final = frozenset({"severity", "status", "method", "source"})
"""Fields of few values, one of which is counted to the last in some 30 ms of ten million rows."""
STRETCHES: Final = 16
"""Stretches of a sample. Each begins anew in the compressed columns, which is what a sample costs;
fewer of them would tell less of how a period changes.
"""
STRETCH_ROWS: Final = 4_096
"""Rows of one: two blocks of DuckDB's vectors."""
MOST_STRETCH_ROWS: Final = 65_536
WANTED_HITS: Final = 8_000
"""Rows that fulfil the conditions in a sample, at which a value with a hundredth of them is told to
a tenth of its count.
"""
FEW_HITS: Final = 16
"""Conditions that fewer rows of the first sample fulfil are rare; all their rows are counted."""


TOLD: Final = ("risk", "status", "response_bytes", "duration_us", "ts")
"""Columns of which `EventFacets.top` tells figures."""


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


class Counted(dict[str, list[tuple[Any, int]]]):
    """The most frequent values of fields with their counts.

    Attributes:
        share: Part of the rows that was looked at; below 1 the counts are estimates made of it.
    """

    share: float = 1.0


class Extent(msgspec.Struct, frozen=True):
    """Rows of a period in the database or in one file.

    Attributes:
        source: SQL that reads them.
        first: Lowest number.
        last: Highest number.
        rows: How many there are.
    """

    source: str
    first: int
    last: int
    rows: int


class Sample(msgspec.Struct, frozen=True):
    """Rows that stand for all of a period.

    Attributes:
        pieces: Source, lowest and highest number of each stretch; empty when all rows are counted.
        share: Part of the rows that it has.
    """

    pieces: tuple[tuple[str, int, int], ...] = ()
    share: float = 1.0


class EventFacets(EventAsking):
    """Counts values of events. Any thread may ask."""

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
            source = source_of(self.database, cold)
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
                f" FROM {source_of(self.database, cold)} WHERE {wanted.text} GROUP BY h",
                wanted.values,
            )

        counts = [[0] * 24 for _ in range(7)]
        found = self._kept("week", conditions, lambda: self._ask(conditions, ask))
        for hour, n in found:
            counts[int(hour) // 24][int(hour) % 24] = int(n)
        return counts

    def facets(
        self, names: Sequence[str], conditions: Sequence[Condition], limit: int = 20
    ) -> Counted:
        """Most frequent values of fields with their counts; members of lists are counted each.

        Of more than `EXACT_ROWS` rows a sample is counted; the answer says how large it was.

        Raises:
            FilterError: A field or condition cannot be used.
        """
        if not 1 <= limit <= MOST_FACET_VALUES:
            raise FilterError(f"facets have 1 to {MOST_FACET_VALUES} values")
        wanted = where(conditions, EVENT_FIELDS, Dialect.DUCKDB)
        values = {name: group_of(name) for name in names}
        columns = ", ".join(dict.fromkeys(EVENT_FIELDS.named(name).sql for name in names))

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> Counted:
            out = Counted()
            sample = Sample()
            if len(names) > 1 or not PLAIN.issuperset(names):
                sample = sample_of(cursor, self.database, cold, conditions)
            out.share = sample.share
            source, values_of = source_of(self.database, cold), wanted
            if sample.pieces or not _is_period(conditions):
                # the conditions are looked at once, not once for each field
                if sample.pieces:
                    source = _stretches(sample.pieces, wanted)
                    chosen = Sql("true", wanted.values * len(sample.pieces))
                else:
                    chosen = wanted
                run(
                    cursor,
                    f"CREATE TEMP TABLE chosen AS SELECT {columns} FROM {source}"
                    f" WHERE {chosen.text}",
                    chosen.values,
                )
                source, values_of = "chosen", Sql("true")
            for name, (value, with_value) in values.items():
                found = run(
                    cursor,
                    f"SELECT {value} AS v, count(*) AS n FROM {with_value(source)}"
                    f" WHERE {values_of.text} GROUP BY v ORDER BY n DESC, v LIMIT {limit:d}",
                    values_of.values,
                )
                out[name] = [(key, max(1, round(n / sample.share))) for key, n in found]
            return out

        question = ("facets", tuple(names), limit)
        return self._kept(question, conditions, lambda: self._ask(conditions, ask))

    def top(
        self, name: str, conditions: Sequence[Condition], limit: int = 20
    ) -> list[dict[str, Any]]:
        """Values of a field with the most requests, and what these were like.

        Of more than `EXACT_ROWS` rows a sample tells which values these are; the figures of each
        are of all its rows.

        Returns:
            ``value, requests, risk`` (highest), ``errors`` (status of 400 and above),
            ``response_bytes``, ``p95_us`` and ``last_ts`` of each.

        Raises:
            FilterError: The field or a condition cannot be used.
        """
        if not 1 <= limit <= MOST_FACET_VALUES:
            raise FilterError(f"a list has 1 to {MOST_FACET_VALUES} values")
        value, with_value = group_of(name)
        wanted = where(conditions, EVENT_FIELDS, Dialect.DUCKDB)

        def ask(cursor: "duckdb.DuckDBPyConnection", cold: list[Part]) -> list[dict[str, Any]]:
            source, rows_of_it = source_of(self.database, cold), wanted
            sample = sample_of(cursor, self.database, cold, conditions)
            if not sample.pieces and not _is_period(conditions):
                # few rows; the conditions are looked at once, not once for each query
                columns = ", ".join(dict.fromkeys((EVENT_FIELDS.named(name).sql, *TOLD)))
                run(
                    cursor,
                    f"CREATE TEMP TABLE chosen AS SELECT {columns} FROM {source}"
                    f" WHERE {wanted.text}",
                    wanted.values,
                )
                source, rows_of_it = "chosen", Sql("true")
            source = with_value(source)
            ranked, chosen = source, rows_of_it
            if sample.pieces:
                ranked = with_value(_stretches(sample.pieces, wanted))
                chosen = Sql("true", wanted.values * len(sample.pieces))
            best = run(
                cursor,
                f"SELECT {value} AS v, count(*) AS n FROM {ranked} WHERE {chosen.text}"
                f" GROUP BY v ORDER BY n DESC, v LIMIT {limit:d}",
                chosen.values,
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
                f" WHERE ({rows_of_it.text}) AND ({value} IN ({marks}){missing})"
                " GROUP BY value ORDER BY requests DESC, value",
                [*rows_of_it.values, *names],
            )
            return rows_of(cursor)

        question = ("top", name, limit)
        found = self._kept(question, conditions, lambda: self._ask(conditions, ask))
        return [dict(row) for row in found]


def _is_period(conditions: Sequence[Condition]) -> bool:
    """Whether the conditions are about times and numbers only."""
    return all(condition.field in PERIOD for condition in conditions)


def extents(
    cursor: "duckdb.DuckDBPyConnection",
    database: EventDatabase,
    cold: list[Part],
    conditions: Sequence[Condition],
) -> list[Extent]:
    """What the database and each file have of a period, the oldest first; conditions about other
    things are left out. Files that lie in the period as a whole are not read.
    """
    period = [condition for condition in conditions if condition.field in PERIOD]
    inside = where(period, EVENT_FIELDS, Dialect.DUCKDB)
    out = []
    for part in cold:
        source = files_sql(database.path, [part.name])
        if all(_holds(condition, part) for condition in period):
            out.append(Extent(source, part.min_seq, part.max_seq, part.rows))
        else:
            out.append(_extent(cursor, source, inside))
    out.append(_extent(cursor, "e.hot", inside))
    return [extent for extent in out if extent.rows]


def _holds(condition: Condition, part: Part) -> bool:
    """Whether all rows of a file fulfil a condition about their time or number."""
    low = getattr(part, f"min_{condition.field}")
    high = getattr(part, f"max_{condition.field}")
    if condition.op is Op.GTE:
        return bool(low >= condition.value)
    return condition.op is Op.LTE and bool(high <= condition.value)


def _extent(cursor: "duckdb.DuckDBPyConnection", source: str, inside: Sql) -> Extent:
    row = one(
        cursor,
        f"SELECT min(seq), max(seq), count(*) FROM {source} WHERE {inside.text}",
        inside.values,
    )
    if row is None or not row[2]:
        return Extent(source, 0, 0, 0)
    return Extent(source, int(row[0]), int(row[1]), int(row[2]))


def sample_of(
    cursor: "duckdb.DuckDBPyConnection",
    database: EventDatabase,
    cold: list[Part],
    conditions: Sequence[Condition],
) -> Sample:
    """The rows of a period that have to be looked at for the shares of values."""
    wanted = where(conditions, EVENT_FIELDS, Dialect.DUCKDB)
    if isinstance(cold, Found) and cold.numbers is not None:
        # the files have few, whose numbers are known; the database may have many
        newest = extents(cursor, database, [], conditions)
        rows = sum(extent.rows for extent in newest)
        few = rows <= EXACT_ROWS
        if few or _look(cursor, _spread(newest, rows, STRETCH_ROWS), conditions, wanted)[1] < (
            FEW_HITS
        ):
            return Sample()
        cold = list(cold.whole)
    known = extents(cursor, database, cold, conditions)
    total = sum(extent.rows for extent in known)
    if total <= EXACT_ROWS:
        return Sample()
    pieces = _spread(known, total, STRETCH_ROWS)
    seen, hits = _look(cursor, pieces, conditions, wanted)
    if not _is_period(conditions):
        if hits < FEW_HITS:
            return Sample()
        rows = min(MOST_STRETCH_ROWS, STRETCH_ROWS * -(-WANTED_HITS // hits))
        if rows * STRETCHES * 2 > total:
            return Sample()
        if rows > STRETCH_ROWS:
            pieces = _spread(known, total, rows)
            seen, _ = _look(cursor, pieces, conditions, None)
    return Sample(pieces, min(seen / total, 1.0)) if seen else Sample()


def _spread(known: list[Extent], total: int, rows: int) -> tuple[tuple[str, int, int], ...]:
    """Stretches of about so many rows each, evenly over all rows."""
    out = []
    for number in range(STRETCHES):
        at = number * total // STRETCHES
        for extent in known:
            if at < extent.rows:
                break
            at -= extent.rows
        width = extent.last - extent.first + 1
        first = extent.first + at * width // extent.rows
        out.append((extent.source, first, first + rows * width // extent.rows - 1))
    return tuple(out)


def _stretches(pieces: Sequence[tuple[str, int, int]], wanted: Sql) -> str:
    """SQL of the rows of stretches that fulfil a condition; its values come once for each."""
    parts = (
        f"SELECT * FROM {source} WHERE seq BETWEEN {first:d} AND {last:d} AND ({wanted.text})"
        for source, first, last in pieces
    )
    return f"({' UNION ALL '.join(parts)}) AS stretch"


def _look(
    cursor: "duckdb.DuckDBPyConnection",
    pieces: Sequence[tuple[str, int, int]],
    conditions: Sequence[Condition],
    wanted: Sql | None,
) -> tuple[int, int]:
    """Rows of the period in stretches, and how many of them fulfil all conditions, 0 when that is
    not wanted.
    """
    inside = where([c for c in conditions if c.field in PERIOD], EVENT_FIELDS, Dialect.DUCKDB)
    hit = joined([Sql("false") if wanted is None else wanted])
    row = one(
        cursor,
        "SELECT coalesce(sum(n), 0), coalesce(sum(h), 0) FROM ("
        + " UNION ALL ".join(
            f"SELECT count(*) AS n, count(*) FILTER ({hit.text}) AS h FROM {source}"
            f" WHERE seq BETWEEN {first:d} AND {last:d} AND ({inside.text})"
            for source, first, last in pieces
        )
        + ")",
        (*hit.values, *inside.values) * len(pieces),
    )
    return (int(row[0]), int(row[1])) if row else (0, 0)
