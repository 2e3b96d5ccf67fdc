"""Cursors of lists: opaque outside, checked inside.

A cursor holds the place after the last row that was shown, and the period as it was worked out for
the first page, so that ``now-15m`` means the same on every page. It holds nothing secret and gives
nothing that the filter would not give, so it needs no signature: a forged one is a filter.
"""

import base64
import binascii
from hashlib import blake2b
from typing import Any

import msgspec

from apisentinel.api.query.fields import Resource
from apisentinel.api.query.filters import Filter, GrammarError, Order, filter_key
from apisentinel.storage.query import Page

LONGEST = 12_000
"""Characters of a cursor: room for a sort value of 8 KiB."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor says.

    Attributes:
        mark: Of the filter and order that it belongs to.
        begin, end: The period, µs.
        after: The store's own cursor.
    """

    mark: bytes
    begin: int | None
    end: int | None
    after: str


class Asked(msgspec.Struct, frozen=True):
    """A list as it was asked for.

    Attributes:
        wanted: The filter, with the period of the first page.
        order: Of the rows.
        limit: Rows of the page.
        after: The store's cursor, None for the first page.
        cols: Members of a row that are wanted; empty for all.
    """

    resource: Resource
    wanted: Filter
    order: Order
    limit: int
    after: str | None = None
    cols: tuple[str, ...] = ()

    @property
    def page(self) -> Page:
        """The page as the stores want it."""
        return Page(self.order.field, self.order.descending, self.after, self.limit)

    @property
    def conditions(self) -> tuple[Any, ...]:
        """The filter as the stores want it."""
        return self.wanted.all_conditions(self.resource)

    def next_cursor(self, after: str | None) -> str | None:
        """The cursor of the page after this one."""
        if after is None:
            return None
        mark = mark_of(self.resource, self.wanted, self.order)
        place = Place(mark, self.wanted.begin, self.wanted.end, after)
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def mark_of(resource: Resource, wanted: Filter, order: Order) -> bytes:
    """Tells queries apart, whatever their period."""
    words = f"{filter_key(resource, wanted.conditions)}\n{order}"
    return blake2b(words.encode(), digest_size=8).digest()


def place_of(cursor: str, resource: Resource, wanted: Filter, order: Order) -> tuple[Filter, str]:
    """The filter with the period of the first page, and where the store goes on.

    Raises:
        GrammarError: It is no cursor, or one of another query.
    """
    try:
        data = base64.b64decode(cursor[:LONGEST] + "=" * (-len(cursor) % 4), b"-_", validate=True)
        place = msgspec.msgpack.decode(data, type=Place)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise GrammarError("cursor", cursor, "it is none of ours; begin without one") from None
    if place.mark != mark_of(resource, wanted, order):
        raise GrammarError(
            "cursor", cursor, "it belongs to another filter or order; begin without one"
        )
    return Filter(wanted.conditions, place.begin, place.end), place.after
