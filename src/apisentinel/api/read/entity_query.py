"""Questions about entities, answered on columns: the same conditions, order and pages as the stores
have, without a row for each of a million entities.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from apisentinel.api.query.fields import ENTITIES
from apisentinel.api.read.remembered_entities import Listed
from apisentinel.records.taxonomy import AGENT_KINDS, BANDS, severity_of
from apisentinel.storage.query import (
    I64_MIN,
    Condition,
    Field,
    Fields,
    Kind,
    Listing,
    Op,
    Page,
    make_cursor,
    read_cursor,
)
from apisentinel.storage.query_memory import matcher

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]

ORDER: Final = Fields(
    "key",
    [
        Field("key", Kind.INTEGER, sortable=True),
        *(
            Field(field.name, field.kind, sortable=field.sortable)
            for field in ENTITIES.fields.values()
        ),
    ],
)
"""Fields of entities with their keyed hash, which breaks ties: ids need not be made for that."""

SEVERITIES: Final = tuple(severity_of(lowest).value for lowest, _ in reversed(BANDS))
"""Names of the severities, lowest first."""
_LOWEST: Final = np.array([lowest for lowest, _ in reversed(BANDS)][1:])
_KINDS: Final = tuple(kind.value for kind in AGENT_KINDS)


def select_entities(listed: Listed, conditions: Sequence[Condition], page: Page) -> Listing:
    """A page of the entities that fulfil all conditions.

    Raises:
        FilterError: A condition or the page cannot be used.
    """
    mask = passing(listed, conditions)
    after = read_cursor(page, ORDER)
    total = int(np.count_nonzero(mask))
    values = _sort_values(listed, page.sort)
    rows = np.flatnonzero(mask)
    if after is not None:
        rows = rows[_beyond(values[rows], listed.key[rows], after, descending=page.descending)]
    best = _first(values, listed.key, rows, page)
    items = [listed.row(row) for row in best[: page.limit]]
    following = None
    if len(best) > page.limit:
        last = best[page.limit - 1]
        value = values[last]
        plain = value if isinstance(value, str) else value.item()
        following = make_cursor(page, plain, int(listed.key[last]))
    return Listing(items, following, total)


def passing(listed: Listed, conditions: Sequence[Condition]) -> Mask:
    """Which entities fulfil all conditions, the costly ones asked last.

    Raises:
        FilterError: A condition cannot be used.
    """
    ORDER.check(conditions)
    mask = np.ones(len(listed), np.bool_)
    for condition in sorted(conditions, key=lambda each: each.field == "id"):
        if condition.field == "id":
            test = matcher((condition,), ORDER)
            names = listed.names
            kept = [row for row in np.flatnonzero(mask).tolist() if test({"id": names[row]})]
            mask = np.zeros(len(listed), np.bool_)
            mask[kept] = True
        elif condition.field == "attack_types":
            mask &= _with_types(listed, condition)
        else:
            mask &= _compared(*_column(listed, condition.field), condition)
    return mask


def count_entities(
    listed: Listed, conditions: Sequence[Condition], names: Iterable[str], limit: int
) -> dict[str, list[tuple[Any, int]]]:
    """The most frequent values of fields among the entities that fulfil all conditions."""
    rows = np.flatnonzero(passing(listed, conditions))
    out = {}
    for name in names:
        counts: Counter[Any] = Counter()
        if name == "attack_types":
            wanted = set(rows.tolist())
            for row, note in listed.cases.items():
                counts.update(note.types if row in wanted else ())
        else:
            values, missing = _column(listed, name)
            found, numbers = np.unique(values[rows][~missing[rows]], return_counts=True)
            counts.update(dict(zip(found.tolist(), numbers.tolist(), strict=True)))
            empty = int(np.count_nonzero(missing[rows]))
            counts.update({None: empty} if empty else {})
        out[name] = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:limit]
    return out


def _column(listed: Listed, name: str) -> tuple[Values, Mask]:
    """Values of a field, and where they are missing."""
    if name in _TIMES:
        times = listed.columns[_TIMES[name]]
        return times, times <= 0
    if name == "first_alert_request":
        return listed.alert, listed.alert < 0
    make = _PLAIN.get(name)
    if make is None or (name == "agent_kind" and "agent_kind" not in listed.columns):
        return np.full(len(listed), ""), np.ones(len(listed), np.bool_)
    return make(listed), np.zeros(len(listed), np.bool_)


_TIMES: Final = {"first_ts": "first", "last_ts": "last"}
_PLAIN: Final[dict[str, Callable[[Listed], Values]]] = {
    "kind": lambda listed: np.full(len(listed), listed.kind),
    "requests": lambda listed: listed.columns["n"],
    "risk": lambda listed: listed.shown,
    "score": lambda listed: np.round(listed.risk / 100.0, 6),
    "severity": lambda listed: np.array(SEVERITIES)[
        np.searchsorted(_LOWEST, listed.shown, side="right")
    ],
    "agent_kind": lambda listed: np.array(_KINDS)[listed.columns["agent_kind"]],
}
"""Fields that no entity lacks, apart from the agent of what is no actor."""


def _compared(values: Values, missing: Mask, condition: Condition) -> Mask:
    value = condition.value
    if value is None:
        return missing if condition.op is Op.EQ else ~missing
    tests: dict[Op, Callable[[], Any]] = {
        Op.EQ: lambda: values == value,
        Op.NE: lambda: values != value,
        Op.IN: lambda: np.isin(values, [each for each in _several(value) if each is not None]),
        Op.GTE: lambda: values >= value,
        Op.LTE: lambda: values <= value,
    }
    if condition.op not in tests:
        test = matcher((condition,), ORDER)
        found = np.array([test({condition.field: each}) for each in values.tolist()], np.bool_)
    else:
        found = np.asarray(tests[condition.op](), np.bool_)
    return found | missing if condition.op is Op.NE else found & ~missing


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _with_types(listed: Listed, condition: Condition) -> Mask:
    """Attack types: entities without a case have none."""
    test = matcher((condition,), ORDER)
    mask = np.full(len(listed), test({"attack_types": []}))
    for row, note in listed.cases.items():
        mask[row] = test({"attack_types": note.types})
    return mask


def _sort_values(listed: Listed, name: str) -> Values:
    """What entities are sorted as; a missing value is the lowest."""
    if name == "id":
        return np.array(listed.names, object)
    values, missing = _column(listed, name)
    if not missing.any():
        return values
    return np.where(missing, I64_MIN, values)


def _beyond(values: Values, keys: Values, after: tuple[Any, Any], *, descending: bool) -> Mask:
    """Rows after a place in the order."""
    last, key = after
    same = np.asarray(values == last, np.bool_)
    further = np.asarray(values < last if descending else values > last, np.bool_)
    later: Mask = keys < key if descending else keys > key
    beyond: Mask = further | (same & later)
    return beyond


def _first(values: Values, keys: Values, rows: Values, page: Page) -> list[int]:
    """The first rows of a page, and one more."""
    wanted = page.limit + 1
    if values.dtype == object:
        ordered = sorted(
            rows.tolist(), key=lambda row: (values[row], keys[row]), reverse=page.descending
        )
        return ordered[:wanted]
    order = np.lexsort((keys[rows], values[rows]))
    chosen: list[int] = rows[order[::-1] if page.descending else order][:wanted].tolist()
    return chosen
