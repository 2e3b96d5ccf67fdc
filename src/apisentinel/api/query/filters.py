r"""The one filter grammar of URL, REST, stream and export: ``f=field:op:value``.

The value is everything after the second colon and needs no escapes, save that of ``in``: values are
parted by commas there, and ``\,`` and ``\\`` stand for a comma and a backslash in one. An empty
value of ``eq`` and ``ne`` means that the field is missing.
"""

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Any, Final

import msgspec

from apisentinel.api.query.fields import Field, Resource
from apisentinel.api.query.moments import LATEST_US, moment_text, parse_moment
from apisentinel.storage.query import (
    LONGEST_VALUE,
    MOST_CONDITIONS,
    MOST_VALUES,
    Condition,
    FilterError,
    Kind,
    Op,
    Scalar,
    pattern,
)

LONGEST_LIST: Final = 8192
"""Characters of all values of one ``in``."""
MOST_LISTED: Final = MOST_CONDITIONS - 4
"""Conditions of one request; the period and the page's own subject need room beside them."""
LARGEST_NUMBER: Final = (1 << 63) - 1


class GrammarError(FilterError):
    """A part of a query that cannot be used: 400 with what is allowed and the nearest word.

    Attributes:
        more: Members that the problem document has besides the detail.
    """

    def __init__(
        self, parameter: str, value: str, detail: str, allowed: Iterable[str] = (), near: str = ""
    ) -> None:
        names = sorted(str(name) for name in allowed)
        hint = nearest(near, names)
        shown = value if len(value) <= 80 else f"{value[:80]}…"
        said = f" Did you mean {hint}?" if hint else ""
        said += f" Allowed: {', '.join(names)}." if names else ""
        super().__init__(f"{parameter}={shown}: {detail}.{said}")
        self.more: dict[str, Any] = {"parameter": parameter, "value": shown}
        if names:
            self.more["allowed"] = names
        if hint:
            self.more["suggestion"] = hint


def nearest(word: str, names: Sequence[str]) -> str | None:
    """The name that was probably meant.

    Example:
        >>> nearest("severty", ["risk", "severity"])
        'severity'
    """
    folded = {name.casefold(): name for name in names}
    found = get_close_matches(word[:64].casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


class Filter(msgspec.Struct, frozen=True):
    """What rows must be like: all conditions, and the time between two points.

    Attributes:
        begin, end: µs since the epoch; the first belongs to the period, the second does not. None
            is open.
    """

    conditions: tuple[Condition, ...] = ()
    begin: int | None = None
    end: int | None = None

    def all_conditions(self, resource: Resource) -> tuple[Condition, ...]:
        """The conditions with the period as two more of them."""
        period = []
        if resource.time is not None and self.begin is not None:
            period.append(Condition(resource.time, Op.GTE, self.begin))
        if resource.time is not None and self.end is not None:
            period.append(Condition(resource.time, Op.LTE, self.end - 1))
        return (*self.conditions, *period)


class Order(msgspec.Struct, frozen=True):
    """Order of rows: a field, the other way round when `descending`."""

    field: str
    descending: bool = False

    def __str__(self) -> str:
        """As in a URL."""
        return f"-{self.field}" if self.descending else self.field


def parse_filter(
    resource: Resource, texts: Iterable[str], now: int, begin: str | None, end: str | None
) -> Filter:
    """The filter of a request.

    Args:
        resource: What is filtered.
        texts: The ``f`` parameters.
        now: µs since the epoch, for ``now-15m``.
        begin: The ``from`` parameter.
        end: The ``to`` parameter.

    Raises:
        GrammarError: A part cannot be used; it says what can.
    """
    listed = list(texts)
    if len(listed) > MOST_LISTED:
        raise GrammarError("f", listed[0], f"{len(listed)} conditions, {MOST_LISTED} at most")
    conditions = tuple(parse_condition(resource, text, now) for text in listed)
    first, last = (_moment(name, text, now) for name, text in (("from", begin), ("to", end)))
    if (first is not None or last is not None) and resource.time is None:
        raise GrammarError("from", begin or end or "", f"{resource.name} have no time")
    if first is not None and last is not None and first > last:
        raise GrammarError("from", begin or "", "it is later than to")
    return Filter(conditions, first, last)


def parse_condition(resource: Resource, text: str, now: int) -> Condition:
    """One ``f`` parameter.

    Raises:
        GrammarError: Unknown field or comparison, or a value that does not fit.
    """
    name, colon, rest = text.partition(":")
    word, second, raw = rest.partition(":")
    if not (colon and second):
        raise GrammarError("f", text, "write field:op:value, such as severity:eq:HIGH")
    field = resource.fields.get(name)
    if field is None:
        raise GrammarError("f", text, f"{resource.name} have no such field", resource.fields, name)
    if word not in field.ops:
        ops = [op.value for op in field.ops]
        raise GrammarError("f", text, f"{name} holds {field.kind.value}; no such op", ops, word)
    op = Op(word)
    if op is Op.EQ and field.kind is Kind.LIST:
        op = Op.HAS
    try:
        return Condition(name, op, _value(field, op, raw, now))
    except GrammarError:
        raise
    except (FilterError, ValueError, OverflowError) as error:
        raise GrammarError("f", text, str(error)) from None


def _value(field: Field, op: Op, raw: str, now: int) -> Scalar | tuple[Scalar, ...]:
    if "\x00" in raw or not _is_text(raw):
        raise ValueError("a value must be text without NUL")
    if op is Op.IN:
        return _values(field, raw, now)
    if len(raw) > LONGEST_VALUE:
        raise ValueError(f"a value may have {LONGEST_VALUE} characters")
    if not raw:
        if op in {Op.EQ, Op.NE} and field.kind is not Kind.LIST:
            return None
        raise ValueError(f"{op.value} needs a value")
    if op is Op.RE:
        pattern(raw)
        return raw
    if op is Op.CIDR:
        return str(_network(raw))
    if op in {Op.HAS, Op.PREFIX} and field.kind is not Kind.LIST:
        return raw
    return _scalar(field, raw, now)


def _values(field: Field, raw: str, now: int) -> tuple[Scalar, ...]:
    if len(raw) > LONGEST_LIST:
        raise ValueError(f"the values of in may have {LONGEST_LIST} characters together")
    parts = split_values(raw)
    if len(parts) > MOST_VALUES:
        raise ValueError(f"{len(parts)} values, {MOST_VALUES} at most")
    if not all(parts):
        raise ValueError("in needs values, parted by commas and none of them empty")
    return tuple(_scalar(field, part, now) for part in parts)


def _scalar(field: Field, raw: str, now: int) -> Scalar:
    if field.choices:
        return _choice(field, raw)
    match field.kind:
        case Kind.INTEGER:
            return _whole(raw)
        case Kind.REAL:
            return _real(raw)
        case Kind.MOMENT:
            return parse_moment(raw, now)
        case Kind.FLAG:
            if raw not in {"true", "false"}:
                raise ValueError("write true or false")
            return raw == "true"
        case _:
            return raw


def _choice(field: Field, raw: str) -> str:
    for choice in field.choices:
        if raw.casefold() == choice.casefold():
            return choice
    raise GrammarError("f", f"{field.name}:{raw}", "no such value", field.choices, raw)


def _whole(raw: str) -> int:
    digits = raw.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
        raise ValueError("write a whole number")
    number = int(raw)
    if abs(number) > LARGEST_NUMBER:
        raise ValueError("the number is too large")
    return number


def _real(raw: str) -> float:
    if len(raw) > 40 or not raw.isascii() or "_" in raw:
        raise ValueError("write a number")
    try:
        number = float(raw)
    except ValueError:
        raise ValueError("write a number") from None
    if not math.isfinite(number):
        raise ValueError("write a finite number")
    return number


def _network(raw: str) -> Any:
    try:
        return ip_network(raw, strict=False)
    except ValueError:
        raise ValueError("write a network such as 203.0.113.0/24 or 2001:db8::/32") from None


def _is_text(raw: str) -> bool:
    try:
        raw.encode()
    except UnicodeEncodeError:
        return False
    return True


def _moment(name: str, text: str | None, now: int) -> int | None:
    if text is None or text == "":
        return None
    try:
        return parse_moment(text, now)
    except ValueError as error:
        raise GrammarError(name, text, str(error)) from None


def split_values(raw: str) -> list[str]:
    r"""The values of an ``in``.

    Example:
        >>> split_values("a,b\\,c,d\\\\")
        ['a', 'b,c', 'd\\']
    """
    out: list[str] = []
    current: list[str] = []
    characters = iter(raw)
    for character in characters:
        if character == "\\":
            # a backslash before anything else, or at the end, stands for itself
            escaped = next(characters, "")
            current.append(escaped if escaped in {",", "\\"} else f"\\{escaped}")
        elif character == ",":
            out.append("".join(current))
            current = []
        else:
            current.append(character)
    return [*out, "".join(current)]


def join_values(values: Iterable[str]) -> str:
    """The inverse of `split_values`."""
    return ",".join(value.replace("\\", "\\\\").replace(",", "\\,") for value in values)


def condition_text(resource: Resource, condition: Condition) -> str:
    """The ``f`` parameter of a condition; `parse_condition` of it gives an equal one."""
    field = resource.fields[condition.field]
    value = condition.value
    if isinstance(value, tuple):
        text = join_values(_scalar_text(field, each) for each in value)
    else:
        text = _scalar_text(field, value)
    return f"{condition.field}:{condition.op.value}:{text}"


def _scalar_text(field: Field, value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.kind is Kind.MOMENT and isinstance(value, int) and 0 <= value <= LATEST_US:
        return moment_text(value)
    return repr(value) if isinstance(value, float) else str(value)


def filter_key(resource: Resource, conditions: Iterable[Condition]) -> str:
    """One text for all filters that say the same, whatever the order of their conditions."""
    texts = {condition_text(resource, condition) for condition in conditions}
    return "\n".join([resource.name, *sorted(texts)])


def parse_order(resource: Resource, text: str | None) -> Order:
    """The ``sort`` parameter: a field, ``-`` before it for the other way round.

    Raises:
        GrammarError: Rows cannot be sorted by that.
    """
    chosen = text or resource.sort
    name = chosen.removeprefix("-")
    field = resource.fields.get(name)
    if field is None or not field.sortable:
        raise GrammarError("sort", chosen, "rows are not sorted by that", resource.sortable, name)
    return Order(name, chosen.startswith("-"))


def parse_names(parameter: str, text: str, allowed: Sequence[str], most: int) -> tuple[str, ...]:
    """Names parted by commas: ``cols``, ``fields`` and ``group``.

    Raises:
        GrammarError: One of them is not allowed, or they are too many.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if len(names) > most:
        raise GrammarError(parameter, text, f"{len(names)} names, {most} at most")
    for name in names:
        if name not in allowed:
            raise GrammarError(parameter, name, "no such field here", allowed, name)
    return names
