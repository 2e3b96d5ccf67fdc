"""Conditions as SQL with bound values, for SQLite and DuckDB."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import apsw
import msgspec

from apisentinel.storage.query import (
    Condition,
    Field,
    Fields,
    Kind,
    Network,
    Op,
    Page,
    check_page,
    network,
    pattern,
    read_cursor,
)
from apisentinel.storage.query_memory import in_network

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(\.{_OCTET}){{3}}"
_GROUP = "[0-9a-f]{1,4}"
_GROUPS = f"({_GROUP}(:{_GROUP}){{0,6}})?"
_IPV6 = f"({_GROUP}:){{7}}{_GROUP}|{_GROUPS}::{_GROUPS}"


class Dialect(StrEnum):
    """Which database the SQL is for."""

    SQLITE = "sqlite"
    DUCKDB = "duckdb"


class Sql(msgspec.Struct, frozen=True):
    """A piece of SQL and the values of its question marks."""

    text: str
    values: tuple[Any, ...] = ()


def install(connection: apsw.Connection) -> None:
    """Gives SQLite the functions that conditions use."""
    connection.create_scalar_function("in_network", _in_network, 2, deterministic=True)
    connection.create_scalar_function("fits_pattern", _fits_pattern, 2, deterministic=True)


def _in_network(*arguments: Any) -> int:
    address, cidr = arguments
    return int(isinstance(address, str) and in_network(address, cidr))


def _fits_pattern(*arguments: Any) -> int:
    text, expression = arguments
    return int(isinstance(text, str) and pattern(expression).search(text) is not None)


def where(conditions: Sequence[Condition], fields: Fields, dialect: Dialect) -> Sql:
    """The conditions as an expression, ``true`` when there are none.

    Raises:
        FilterError: A condition cannot be used.
    """
    fields.check(conditions)
    pieces = [_piece(fields.named(c.field), c, dialect) for c in conditions]
    return joined(pieces)


def joined(pieces: Sequence[Sql]) -> Sql:
    """Expressions joined by "and"."""
    if not pieces:
        return Sql("true")
    text = " AND ".join(f"({piece.text})" for piece in pieces)
    return Sql(text, tuple(value for piece in pieces for value in piece.values))


def order(page: Page, fields: Fields) -> tuple[Sql, Sql]:
    """Where a page begins, and ``ORDER BY … LIMIT`` with one row more than the page has.

    Raises:
        FilterError: The page cannot be used.
    """
    sort = check_page(page, fields)
    key = fields.key.sql
    value = sorted_as(sort)
    direction, sign = ("DESC", "<") if page.descending else ("ASC", ">")
    after = read_cursor(page, fields)
    begin = Sql("true")
    if after is not None:
        last, last_key = after
        if sort.name == fields.key.name:
            begin = Sql(f"{key} {sign} ?", (last_key,))
        else:
            begin = Sql(
                f"{value} {sign}= ? AND ({value} {sign} ? OR {key} {sign} ?)",
                (last, last, last_key),
            )
    first = "" if sort.name == fields.key.name else f"{value} {direction}, "
    return begin, Sql(f"ORDER BY {first}{key} {direction} LIMIT {page.limit + 1:d}")


def sorted_as(field: Field) -> str:
    """SQL of what a row is sorted by; a missing value is the lowest."""
    if field.filled:
        return field.sql
    if field.kind is Kind.REAL:
        return f"coalesce({field.sql}, -1e308)"
    lowest = "''" if isinstance(field.lowest, str) else "-9223372036854775808"
    return f"coalesce({field.sql}, {lowest})"


_BOTH = {
    Op.EQ: "{} = ?",
    Op.NE: "{} IS DISTINCT FROM ?",
    Op.GTE: "{} >= ?",
    Op.LTE: "{} <= ?",
}
_TEMPLATES = {
    Dialect.SQLITE: _BOTH
    | {
        Op.PREFIX: "instr({}, ?) = 1",
        Op.CONTAINS: "instr({}, ?) > 0",
        Op.HAS: "instr({}, ?) > 0",
        Op.RE: "fits_pattern({}, ?)",
        Op.CIDR: "in_network({}, ?)",
    },
    Dialect.DUCKDB: _BOTH
    | {
        Op.PREFIX: "starts_with({}, ?)",
        Op.CONTAINS: "contains({}, ?)",
        Op.HAS: "contains({}, ?)",
        Op.RE: "regexp_matches({}, ?)",
    },
}


def _piece(field: Field, condition: Condition, dialect: Dialect) -> Sql:
    column, op, value = field.sql, condition.op, condition.value
    if field.kind is Kind.LIST:
        return _list_piece(column, op, value, dialect)
    if op is Op.IN:
        wanted = tuple(one for one in _many(value) if one is not None)
        marks = ", ".join("?" * len(wanted))
        return Sql(f"{column} IN ({marks})", wanted) if wanted else Sql("false")
    if value is None:  # databases pass over blocks by these, and not by a comparison with nothing
        return Sql(f"{column} IS {'' if op is Op.EQ else 'NOT '}NULL")
    if op is Op.CIDR and dialect is Dialect.DUCKDB:
        return _in_known_network(field, str(value)) or _network_piece(column, str(value))
    return Sql(_TEMPLATES[dialect][op].format(column), (value,))


def _many(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _list_piece(column: str, op: Op, value: Any, dialect: Dialect) -> Sql:
    wanted = _many(value)
    if not wanted:
        return Sql("false")
    marks = ", ".join("?" * len(wanted))
    if dialect is Dialect.DUCKDB:
        text = f"coalesce(list_has_any({column}, [{marks}]), false)"
    else:
        text = f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value IN ({marks}))"
    return Sql(f"NOT {text}" if op is Op.NE else text, wanted)


def _in_known_network(field: Field, cidr: str) -> Sql | None:
    """A condition on the column of networks; addresses without one are looked at themselves."""
    wanted, known = network(cidr), f'"{field.network}"'
    if not field.network or not (wanted.around or wanted.octets):
        return None
    exact = _network_piece(field.sql, cidr)
    if wanted.around and not wanted.is_whole:  # a part of one network
        return Sql(
            f"({known} = ? OR {known} IS NULL) AND ({exact.text})", (wanted.around, *exact.values)
        )
    if wanted.around:
        inside = Sql(f"{known} = ?", (wanted.around,))
    else:
        begin = common_text(wanted)
        octet = f"split_part({known}, '.', {begin.count('.') + 1})"
        inside = Sql(
            f"starts_with({known}, ?) AND {octet} IN ({', '.join('?' * len(wanted.octets))})",
            (begin, *wanted.octets),
        )
    return Sql(
        f"({inside.text}) OR ({known} IS NULL AND ({exact.text}))", (*inside.values, *exact.values)
    )


def _network_piece(column: str, cidr: str) -> Sql:
    wanted = network(cidr)
    if len(wanted.first) == 8:
        number = " + ".join(
            f"cast(split_part({column}, '.', {k + 1}) AS BIGINT) * {1 << (24 - 8 * k)}"
            for k in range(4)
        )
        return _narrowed(
            column,
            wanted,
            Sql(
                f"CASE WHEN regexp_full_match({column}, '{_IPV4}')"
                f" THEN {number} BETWEEN ? AND ? ELSE false END",
                (int(wanted.first, 16), int(wanted.last, 16)),
            ),
        )
    left, right = _side(column, 1), _side(column, 2)
    held = f"length({left}) + length({right})"
    return _narrowed(
        column,
        wanted,
        Sql(
            f"CASE WHEN regexp_full_match({column}, '{_IPV6}')"
            f" AND ({held} <= 28 OR NOT contains({column}, '::'))"
            f" THEN ({left} || repeat('0', greatest(32 - ({held}), 0)) || {right})"
            " BETWEEN ? AND ? ELSE false END",
            (wanted.first, wanted.last),
        ),
    )


def _narrowed(column: str, wanted: Network, exact: Sql) -> Sql:
    """A condition that looks closely only at texts that begin as all addresses of a network do."""
    begin = common_text(wanted)
    if not begin:
        return exact
    return Sql(
        f"CASE WHEN starts_with({column}, ?) THEN {exact.text} ELSE false END",
        (begin, *exact.values),
    )


def common_text(wanted: Network) -> str:
    """How the canonical text of every address of a network begins; may be empty.

    Example:
        >>> common_text(network("10.1.0.0/15")), common_text(network("2001:db8::/32"))
        ('10.', '2001:')
    """
    first, last = wanted.first, wanted.last
    if len(first) == 8:
        octets = [first[k : k + 2] for k in (0, 2, 4) if first[: k + 2] == last[: k + 2]]
        return "".join(f"{int(octet, 16)}." for octet in octets)
    # further groups may be hidden by "::"
    group = first[:4]
    return f"{int(group, 16):x}:" if group == last[:4] and int(group, 16) else ""


def _side(column: str, part: int) -> str:
    """SQL of the digits of an IPv6 address on one side of ``::``."""
    groups = f"string_split(split_part({column}, '::', {part}), ':')"
    filled = f"list_filter({groups}, lambda g: g <> '')"
    padded = f"list_transform({filled}, lambda g: lpad(g, 4, '0'))"
    return f"coalesce(array_to_string({padded}, ''), '')"
