"""Filters on rows in memory: what the stores do in SQL, word for word."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from apisentinel.api.fields import Kind, Op, Resource
from apisentinel.api.filters import Condition, Filter, compile_pattern, filter_key
from apisentinel.api.moments import parse_moment

Row = Mapping[str, Any]
Test = Callable[[Any], bool]

SEARCHED = 8192
"""Characters of a value that a pattern sees; longer values are cut in lists as well."""


class RowFilter:
    """A filter for rows as lists show them. Immutable; any thread.

    Attributes:
        key: Equal for filters that say the same.
    """

    def __init__(self, resource: Resource, wanted: Filter) -> None:
        self.key = f"{wanted.begin}|{wanted.end}|{filter_key(resource, wanted.conditions)}"
        self._resource = resource
        self._tests = [
            (condition.field, _test(resource, condition)) for condition in wanted.conditions
        ]
        self._begin, self._end = wanted.begin, wanted.end

    def matches(self, row: Row) -> bool:
        """True when all conditions hold and the row's time lies in the period."""
        if self._begin is not None or self._end is not None:
            moment = None
            if self._resource.time is not None:
                moment = value_of(self._resource, self._resource.time, row)
            if moment is None:
                return False
            if self._begin is not None and moment < self._begin:
                return False
            if self._end is not None and moment >= self._end:
                return False
        return all(test(value_of(self._resource, name, row)) for name, test in self._tests)


def value_of(resource: Resource, name: str, row: Row) -> Any:
    """The value of a field in a row: entities by their id, times in µs."""
    value = row.get(name)
    if name == "entity_kind":
        entity = row.get("entity")
        return entity.get("kind") if isinstance(entity, Mapping) else value
    if isinstance(value, Mapping):
        return value.get("id")
    kind = resource.fields[name].kind
    if kind is Kind.TIME and isinstance(value, str):
        return parse_moment(value, 0)
    if kind is Kind.LIST and isinstance(value, Sequence) and not isinstance(value, str):
        return [item.get("id") if isinstance(item, Mapping) else item for item in value]
    return value


def _test(resource: Resource, condition: Condition) -> Test:
    """What a condition asks of the value of its field."""
    is_list = resource.fields[condition.field].kind is Kind.LIST
    return (_LIST_TESTS if is_list else _TESTS)[condition.op](condition.value)


def _same(value: Any) -> Test:
    if value is None:
        return lambda seen: seen is None or seen == ""
    return lambda seen: seen == value


def _other(value: Any) -> Test:
    same = _same(value)
    return lambda seen: not same(seen)


def _one_of(value: Any) -> Test:
    values = frozenset(value)
    return lambda seen: seen in values


def _at_least(value: Any) -> Test:
    return lambda seen: seen is not None and seen >= value


def _at_most(value: Any) -> Test:
    return lambda seen: seen is not None and seen <= value


def _part(value: Any) -> Test:
    return lambda seen: seen is not None and value in seen


def _pattern(value: Any) -> Test:
    pattern = compile_pattern(value)
    return lambda seen: seen is not None and bool(pattern.search(seen[:SEARCHED]))


def _within(value: Any) -> Test:
    network = ip_network(value)
    return lambda seen: seen is not None and _inside(seen, network)


def _holds(value: Any) -> Test:
    return lambda seen: value in (seen or ())


def _lacks(value: Any) -> Test:
    return lambda seen: value not in (seen or ())


def _holds_one(value: Any) -> Test:
    values = frozenset(value)
    return lambda seen: not values.isdisjoint(seen or ())


_TESTS: dict[Op, Callable[[Any], Test]] = {
    Op.EQ: _same,
    Op.NE: _other,
    Op.IN: _one_of,
    Op.GTE: _at_least,
    Op.LTE: _at_most,
    Op.HAS: _part,
    Op.RE: _pattern,
    Op.CIDR: _within,
}
_LIST_TESTS: dict[Op, Callable[[Any], Test]] = {
    Op.EQ: _holds,
    Op.HAS: _holds,
    Op.NE: _lacks,
    Op.IN: _holds_one,
}


def _inside(text: str, network: IPv4Network | IPv6Network) -> bool:
    known = _parsed(text)
    if known is None or known.version != network.version:
        return False
    return bool(known.subnet_of(network))  # type: ignore[arg-type]


@lru_cache(maxsize=4096)
def _parsed(text: str) -> IPv4Network | IPv6Network | None:
    """The network or address of a text, None when it is neither."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
