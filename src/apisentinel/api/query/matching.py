"""Filters on rows in memory, with the same answers as the stores give."""

from collections.abc import Mapping, Sequence
from typing import Any

from apisentinel.api.query.fields import Resource
from apisentinel.api.query.filters import Filter, filter_key
from apisentinel.storage.query_memory import matcher

Row = Mapping[str, Any]


class RowFilter:
    """A filter for rows as lists show them. Immutable; any thread.

    Attributes:
        key: Equal for filters that say the same.
    """

    def __init__(self, resource: Resource, wanted: Filter) -> None:
        self.key = f"{wanted.begin}|{wanted.end}|{filter_key(resource, wanted.conditions)}"
        self._test = matcher(wanted.all_conditions(resource), resource.searchable)

    def matches(self, row: Row) -> bool:
        """True when all conditions hold and the row's time lies in the period."""
        return self._test(flat(row))

    def passes(self, flattened: Row) -> bool:
        """The same for a row that is `flat` already."""
        return self._test(flattened)


def flat(row: Row) -> Row:
    """A row with entities by their ids, which is what the fields of filters are about."""
    entity = row.get("entity")
    entities = row.get("entities")
    if not isinstance(entity, Mapping) and not entities:
        return row
    out = dict(row)
    if isinstance(entity, Mapping):
        out["entity"], out["entity_kind"] = entity.get("id"), entity.get("kind")
    if isinstance(entities, Sequence) and not isinstance(entities, str):
        out["entities"] = [
            each.get("id") if isinstance(each, Mapping) else each for each in entities
        ]
    return out
