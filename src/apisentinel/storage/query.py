"""The filter language of lists, streams and exports: conditions on fields, and pages of results.

The language is closed: a field of an allow-list, one of a few comparisons, a value. Nothing that a
user writes becomes part of a statement; values are bound, names come from the allow-list. The same
conditions are evaluated by SQLite, by DuckDB and in memory, with the same result:

- conditions of a query are joined by "and"; ``in`` gives the "or" within a field
- a missing value fulfils no condition but ``ne`` of something, and ``eq`` of null
- text is compared by code points and is case-sensitive
- a list fulfils ``has`` and ``in`` when one of its members does, and ``ne`` when none does
"""

import base64
import binascii
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import msgspec
import re2

from apisentinel.errors import RefusedError

LARGEST_LIMIT = 500
"""Items of one page at most; more is asked for with the cursor."""

MOST_CONDITIONS = 32
"""Conditions of one query: more than a person writes."""

MOST_VALUES = 256
"""Values of one ``in``."""

LONGEST_VALUE = 2_048
"""Characters of a value; URLs in conditions fit."""

LONGEST_PATTERN = 256
"""Characters of a regular expression."""

PATTERN_MEMORY = 1 << 20
"""Bytes that a compiled expression may take up."""

LONGEST_CURSOR = 8_192
"""Characters of a cursor, which carries the last sort value."""

I64_MIN, I64_MAX = -(1 << 63), (1 << 63) - 1
LOWEST_REAL, LARGEST_REAL = -1e308, 1e300


class FilterError(RefusedError):
    """A query cannot be used; carries the HTTP status 400."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, detail)


class Op(StrEnum):
    """A comparison of a field with a value."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    GTE = "gte"
    LTE = "lte"
    HAS = "has"
    PREFIX = "prefix"
    CONTAINS = "contains"
    RE = "re"
    CIDR = "cidr"


class Kind(StrEnum):
    """What a field holds."""

    INTEGER = "integer"
    REAL = "real"
    TEXT = "text"
    ADDRESS = "address"
    FLAG = "flag"
    LIST = "list"
    MOMENT = "moment"
    """µs since the epoch; RFC 3339 text in documents."""


_ORDERED = frozenset({Op.EQ, Op.NE, Op.IN, Op.GTE, Op.LTE})
_TEXT = _ORDERED | {Op.HAS, Op.PREFIX, Op.CONTAINS, Op.RE}
ALLOWED: Final[dict[Kind, frozenset[Op]]] = {
    Kind.INTEGER: _ORDERED,
    Kind.REAL: _ORDERED,
    Kind.MOMENT: _ORDERED,
    Kind.TEXT: _TEXT,
    Kind.ADDRESS: _TEXT | {Op.CIDR},
    Kind.FLAG: frozenset({Op.EQ, Op.NE}),
    Kind.LIST: frozenset({Op.HAS, Op.IN, Op.NE}),
}
"""Comparisons of each kind of field. ``has`` of a text means ``contains``."""

Scalar = str | int | float | bool | None
Value = Scalar | tuple[Scalar, ...]


class Condition(msgspec.Struct, frozen=True):
    """One condition.

    Attributes:
        field: Name of the allow-list.
        op: Comparison.
        value: Of the field's kind; a tuple for ``in``; None only for ``eq`` and ``ne``.
    """

    field: str
    op: Op
    value: Value


class Page(msgspec.Struct, frozen=True):
    """Which part of the results is wanted.

    Attributes:
        sort: Field to sort by; the id of the table decides among equals.
        descending: Highest first. A missing value is the lowest.
        cursor: `Listing.next` of the page before.
        limit: 1 to 500.
    """

    sort: str
    descending: bool = True
    cursor: str | None = None
    limit: int = 100


class Listing(msgspec.Struct, frozen=True):
    """A page of results.

    Attributes:
        items: Documents.
        next: Cursor of the page after, None at the end.
        total: Results on all pages.
    """

    items: list[dict[str, Any]]
    next: str | None
    total: int


NETWORK_BITS: Final = {4: 24, 6: 64}
"""Length of the networks that rows tell of their addresses, by version of the protocol."""


class Field(msgspec.Struct, frozen=True):
    """A field that may be used in queries.

    Attributes:
        name: As users write it, and the key of the documents.
        kind: What it holds.
        column: SQL name, the name of the field when empty.
        sortable: Whether results may be sorted by it.
        filled: Whether every row has a value, so that an index can serve the sorting.
        network: Column with the network of an address, `NETWORK_BITS` long, or without a value;
            few texts stand there, so a network is found in it sooner than among the addresses.
    """

    name: str
    kind: Kind
    column: str = ""
    sortable: bool = False
    filled: bool = False
    network: str = ""

    @property
    def sql(self) -> str:
        """Quoted SQL name."""
        return f'"{self.column or self.name}"'

    @property
    def lowest(self) -> str | int | float:
        """What a missing value is sorted as."""
        if self.kind in {Kind.TEXT, Kind.ADDRESS}:
            return ""
        return LOWEST_REAL if self.kind is Kind.REAL else I64_MIN


class Fields:
    """The allow-list of a table.

    Attributes:
        key: Field that is different in every row; sorting ends with it.
    """

    def __init__(self, key: str, fields: Iterable[Field]) -> None:
        self._fields = {field.name: field for field in fields}
        self.key = self._fields[key]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def named(self, name: str) -> Field:
        """The field of a name.

        Raises:
            FilterError: There is none.
        """
        field = self._fields.get(name)
        if field is None:
            known = ", ".join(sorted(self._fields))
            raise FilterError(f"there is no field {name[:80]!r}; known: {known}")
        return field

    def sorting(self, name: str) -> Field:
        """The field of a name, to sort by.

        Raises:
            FilterError: There is none, or results cannot be sorted by it.
        """
        field = self.named(name)
        if not field.sortable:
            known = ", ".join(sorted(f.name for f in self if f.sortable))
            raise FilterError(f"results cannot be sorted by {name!r}; known: {known}")
        return field

    def check(self, conditions: Sequence[Condition]) -> None:
        """Makes sure that conditions can be used.

        Raises:
            FilterError: A field, comparison or value cannot be used.
        """
        if len(conditions) > MOST_CONDITIONS:
            raise FilterError(f"{len(conditions)} conditions are too many; {MOST_CONDITIONS} fit")
        for condition in conditions:
            _check(self.named(condition.field), condition)


def _check(field: Field, condition: Condition) -> None:
    op, value = condition.op, condition.value
    if op not in ALLOWED[field.kind]:
        known = ", ".join(sorted(ALLOWED[field.kind]))
        raise FilterError(f"{field.name} cannot be compared with {op!s:.20}; use one of: {known}")
    if op is Op.IN:
        if not isinstance(value, tuple) or len(value) > MOST_VALUES:
            raise FilterError(f"{field.name}: 'in' needs a list of up to {MOST_VALUES} values")
        for one in value:
            _check_scalar(field, one)
    elif value is None:
        if op not in {Op.EQ, Op.NE} or field.kind is Kind.LIST:
            raise FilterError(f"{field.name}: {op} needs a value")
    else:
        _check_scalar(field, value)
        if op is Op.RE:
            pattern(str(value))
        elif op is Op.CIDR:
            network(str(value))


def _check_scalar(field: Field, value: object) -> None:
    kind = field.kind
    good = False
    if kind is Kind.FLAG:
        good = isinstance(value, bool)
    elif kind in {Kind.INTEGER, Kind.MOMENT}:
        good = type(value) is int and I64_MIN <= value <= I64_MAX
    elif kind is Kind.REAL:
        good = type(value) in {int, float} and abs(value) < LARGEST_REAL  # type: ignore[arg-type]  # a number by now
    elif isinstance(value, str):
        good = len(value) <= LONGEST_VALUE and "\0" not in value and _encodable(value)
    if not good:
        raise FilterError(f"{field.name}: {str(value)[:80]!r} is not a value of kind {kind}")


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=256)
def pattern(text: str) -> Any:
    """A compiled regular expression of RE2, which needs linear time.

    Raises:
        FilterError: It is none, or too large.
    """
    if len(text) > LONGEST_PATTERN:
        raise FilterError(f"a pattern of {len(text)} characters is too long; {LONGEST_PATTERN} fit")
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        why = error.args[0] if error.args else error
        told = why.decode("utf-8", "replace") if isinstance(why, bytes) else why
        raise FilterError(f"{text!r} is not a pattern of RE2: {told}") from error


class Network(msgspec.Struct, frozen=True):
    """A range of addresses as fixed-width hexadecimal digits, 8 of IPv4 or 32 of IPv6.

    Attributes:
        around: Text of the network of `NETWORK_BITS` that holds all of them, empty when they are
            more.
        is_whole: Whether they are all addresses of that network.
        octets: Of more addresses of IPv4 than those of such a network the values of the first
            octet in which they differ.
    """

    first: str
    last: str
    around: str = ""
    is_whole: bool = False
    octets: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def network(text: str) -> Network:
    """The addresses of a network in CIDR notation.

    Raises:
        FilterError: It is none.
    """
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise FilterError(f"{text[:80]!r} is not a network such as 10.0.0.0/8") from error
    width = 8 if found.version == 4 else 32
    first, last = int(found.network_address), int(found.broadcast_address)
    bits = NETWORK_BITS[found.version]
    around = str(found.supernet(new_prefix=bits)) if found.prefixlen >= bits else ""
    octets: tuple[str, ...] = ()
    if width == 8 and not around:
        place = 24 - found.prefixlen // 8 * 8
        octets = tuple(str(n) for n in range(first >> place & 255, (last >> place & 255) + 1))
    return Network(
        f"{first:0{width}x}",
        f"{last:0{width}x}",
        around,
        is_whole=found.prefixlen == bits,
        octets=octets,
    )


def merged(*groups: Iterable[Condition]) -> tuple[Condition, ...]:
    """Conditions of several sources as one query."""
    return tuple(condition for group in groups for condition in group)


# -------------------------------------------------------------------------------------------- pages


def check_page(page: Page, fields: Fields) -> Field:
    """The field that a page is sorted by.

    Raises:
        FilterError: The field or the limit cannot be used.
    """
    if not 1 <= page.limit <= LARGEST_LIMIT:
        raise FilterError(f"a limit of {page.limit} cannot be used; it is 1 to {LARGEST_LIMIT}")
    return fields.sorting(page.sort)


def cursor_after(page: Page, fields: Fields, document: Mapping[str, Any]) -> str:
    """Cursor that goes on after a document."""
    sort = fields.sorting(page.sort)
    last = sort_value(sort, document.get(sort.name))
    return make_cursor(page, last, document[fields.key.name])


def make_cursor(page: Page, last: Scalar, key: Scalar) -> str:
    """Cursor that goes on after a sort value and key."""
    data = msgspec.msgpack.encode((page.sort, page.descending, last, key))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_cursor(page: Page, fields: Fields) -> tuple[Any, Any] | None:
    """Sort value and key after which a page begins, None for the first page.

    Raises:
        FilterError: The cursor is not one that was given for this sort order.
    """
    text = page.cursor
    if not text:
        return None
    problem = FilterError("the cursor does not belong to this query; begin with the first page")
    if len(text) > LONGEST_CURSOR:
        raise problem
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        found = msgspec.msgpack.decode(data, type=tuple[str, bool, Scalar, str | int])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise problem from error
    sort, descending, last, key = found
    field = fields.named(page.sort)
    if sort != page.sort or descending != page.descending:
        raise problem
    if not isinstance(last, str if isinstance(field.lowest, str) else int | float):
        raise problem
    if not isinstance(key, str if isinstance(fields.key.lowest, str) else int):
        raise problem
    if isinstance(last, int) and not I64_MIN <= last <= I64_MAX:
        raise problem
    return last, key


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str) -> int:
    """µs since the epoch of RFC 3339 text; without a zone it is UTC.

    Raises:
        ValueError: It is no such text.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    delta = found - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def sort_value(field: Field, value: Any) -> Any:
    """What a value of a document is sorted as."""
    if value is None:
        return field.lowest
    if field.kind is Kind.MOMENT and isinstance(value, str):
        return moment(value)
    return value
