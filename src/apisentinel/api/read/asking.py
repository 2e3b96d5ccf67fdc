"""What a list can be asked: the query parameters, their meaning and their limits, in one place."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from starlette.requests import HTTPConnection

from apisentinel.api.query.fields import Resource
from apisentinel.api.query.filters import Filter, parse_filter, parse_names, parse_order
from apisentinel.api.query.paging import Asked, place_of
from apisentinel.clock import Clock
from apisentinel.storage.query import LARGEST_LIMIT

MOST_COLUMNS: Final = 64

From = Annotated[
    str | None,
    Query(
        alias="from",
        max_length=64,
        description="Begin of the period: RFC 3339, epoch, `now` or `now-15m`.",
        examples=["now-15m"],
    ),
]
To = Annotated[
    str | None,
    Query(
        alias="to",
        max_length=64,
        description="End of the period, not part of it.",
        examples=["now"],
    ),
]
Conditions = Annotated[
    list[str] | None,
    Query(
        alias="f",
        description="A condition `field:op:value`; may be repeated, all must hold.",
        examples=[["severity:in:HIGH,CRITICAL"]],
    ),
]
Sort = Annotated[
    str | None,
    Query(max_length=64, description="Field to sort by, `-` before it for the highest first."),
]
Cursor = Annotated[
    str | None,
    Query(max_length=12_000, description="`next` of the page before; keeps its period."),
]
Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="Rows of a page.")]
Cols = Annotated[
    str | None,
    Query(max_length=2000, description="Members of a row that are wanted, parted by commas."),
]


def get_clock(connection: HTTPConnection) -> Clock:
    """The clock of the application."""
    clock: Clock = connection.app.state.clock
    return clock


Now = Annotated[Clock, Depends(get_clock)]


def listing_of(resource: Resource, members: tuple[str, ...] = ()) -> Callable[..., Asked]:
    """The dependency that reads the parameters of a list.

    Args:
        resource: What is listed.
        members: Members of a row besides its fields, for ``cols``.
    """
    allowed = (*resource.fields, *members)

    def asked(  # noqa: PLR0913, PLR0917 (FastAPI calls it with names)
        clock: Now,
        begin: From = None,
        end: To = None,
        f: Conditions = None,
        sort: Sort = None,
        cursor: Cursor = None,
        limit: Limit = 100,
        cols: Cols = None,
    ) -> Asked:
        wanted = parse_filter(resource, f or (), clock.now(), begin, end)
        order = parse_order(resource, sort)
        after = None
        if cursor:
            wanted, after = place_of(cursor, resource, wanted, order)
        names = parse_names("cols", cols or "", allowed, MOST_COLUMNS)
        return Asked(resource, wanted, order, limit, after, names)

    return asked


def filter_of(resource: Resource) -> Callable[..., Filter]:
    """The dependency that reads the parameters of a figure: period and conditions."""

    def asked(clock: Now, begin: From = None, end: To = None, f: Conditions = None) -> Filter:
        return parse_filter(resource, f or (), clock.now(), begin, end)

    return asked


def projected(rows: list[dict[str, Any]], asked: Asked) -> list[dict[str, Any]]:
    """Rows with the wanted members only, and the key."""
    if not asked.cols:
        return rows
    names = tuple(dict.fromkeys((asked.resource.key, *asked.cols)))
    return [{name: row.get(name) for name in names} for row in rows]
