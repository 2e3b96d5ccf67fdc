"""Conditions evaluated on documents in memory: for streams and for what the pipeline holds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from apisentinel.storage.query import (
    Condition,
    Field,
    Fields,
    Kind,
    Listing,
    Op,
    Page,
    check_page,
    cursor_after,
    moment,
    network,
    pattern,
    read_cursor,
    sort_value,
)

Test = Callable[[Mapping[str, Any]], bool]


def matcher(conditions: Sequence[Condition], fields: Fields) -> Test:
    """A function that tells whether a document fulfils all conditions.

    Raises:
        FilterError: A condition cannot be used.
    """
    fields.check(conditions)
    tests = [_test(fields.named(condition.field), condition) for condition in conditions]
    return lambda document: all(test(document) for test in tests)


def select(
    documents: Iterable[Mapping[str, Any]],
    fields: Fields,
    conditions: Sequence[Condition],
    page: Page,
) -> Listing:
    """A page of the documents that fulfil all conditions, as a store would give it.

    Raises:
        FilterError: A condition or the page cannot be used.
    """
    wanted = matcher(conditions, fields)
    sort = check_page(page, fields)
    after = read_cursor(page, fields)

    def order(document: Mapping[str, Any]) -> tuple[Any, Any]:
        return sort_value(sort, document.get(sort.name)), document[fields.key.name]

    found = sorted(filter(wanted, documents), key=order, reverse=page.descending)
    total = len(found)
    if after is not None:
        found = [
            document
            for document in found
            if (order(document) < after if page.descending else order(document) > after)
        ]
    items = [dict(document) for document in found[: page.limit]]
    more = len(found) > page.limit
    return Listing(items, cursor_after(page, fields, items[-1]) if more else None, total)


def _test(field: Field, condition: Condition) -> Test:
    name, op, value = field.name, condition.op, condition.value
    if field.kind is Kind.LIST:
        return _list_test(name, op, value)
    if field.kind is Kind.MOMENT:
        check = _scalar_test(op, value)
        return lambda document: check(_moment_or_none(document.get(name)))
    if op is Op.HAS:
        op = Op.CONTAINS
    check = _scalar_test(op, value)
    return lambda document: check(document.get(name))


def _list_test(name: str, op: Op, value: Any) -> Test:
    if op is Op.IN:
        wanted = frozenset(value)
        return lambda document: not wanted.isdisjoint(document.get(name) or ())
    if op is Op.NE:
        return lambda document: value not in (document.get(name) or ())
    return lambda document: value in (document.get(name) or ())


def _scalar_test(op: Op, value: Any) -> Callable[[Any], bool]:  # noqa: PLR0911 (one per operator)
    match op:
        case Op.EQ:
            return lambda found: found == value
        case Op.NE:
            return lambda found: found != value
        case Op.IN:
            wanted = frozenset(value) - {None}
            return lambda found: found in wanted
        case Op.GTE:
            return lambda found: found is not None and found >= value
        case Op.LTE:
            return lambda found: found is not None and found <= value
        case Op.PREFIX:
            return lambda found: found is not None and found.startswith(value)
        case Op.RE:
            compiled = pattern(value)
            return lambda found: found is not None and compiled.search(found) is not None
        case Op.CIDR:
            return lambda found: in_network(found, value)
        case _:
            return lambda found: found is not None and value in found


def in_network(address: str | None, cidr: str) -> bool:
    """Whether the canonical text of an address lies in a network."""
    digits = address_digits(address)
    wanted = network(cidr)
    return (
        digits is not None
        and len(digits) == len(wanted.first)
        and wanted.first <= digits <= wanted.last
    )


@lru_cache(maxsize=8192)
def address_digits(address: str | None) -> str | None:
    """Hexadecimal digits of an address, 8 of IPv4 or 32 of IPv6; None when it is no address."""
    if not address:
        return None
    if ":" in address:
        return _digits6(address)
    parts = address.split(".")
    if len(parts) != 4 or not all(p.isascii() and p.isdigit() and len(p) <= 3 for p in parts):
        return None
    numbers = [int(part) for part in parts]
    if max(numbers) > 255 or _has_leading_zero(parts):
        return None
    return "".join(f"{number:02x}" for number in numbers)


def _digits6(address: str) -> str | None:
    head, gap, tail = address.partition("::")
    left = head.split(":") if head else []
    right = tail.split(":") if tail else []
    groups = left + right
    if not all(0 < len(g) <= 4 and not g.strip("0123456789abcdef") for g in groups):
        return None
    if _has_leading_zero(groups):
        return None
    if len(groups) > 7 if gap else len(groups) != 8:
        return None
    middle = ["0"] * (8 - len(groups))
    return "".join(group.zfill(4) for group in (*left, *middle, *right))


def _has_leading_zero(groups: Sequence[str]) -> bool:
    """Whether the text is not canonical; such an address is no address."""
    return any(group[0] == "0" and group != "0" for group in groups)


def _moment_or_none(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            return moment(value)
        except ValueError:
            return None
    return value if isinstance(value, int) else None
