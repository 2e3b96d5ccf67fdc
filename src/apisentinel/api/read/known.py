"""What the running engine remembers, for the lists of entities and endpoints."""

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from apisentinel.api.context import get_service
from apisentinel.api.fields import ENTITY_KINDS
from apisentinel.api.filters import GrammarError
from apisentinel.api.read.remembered_endpoints import endpoint_rows
from apisentinel.api.read.remembered_entities import Listed, Remembered, make_rows
from apisentinel.pipeline.service import Service


def make_listed(service: Service, kind: str) -> Listed:
    """Rows of a kind of entity, or of the list of endpoints."""
    return endpoint_rows(service) if kind == "endpoints" else make_rows(service, kind)


def get_known(connection: HTTPConnection) -> Remembered:
    """Rows of entities and endpoints, shared by all readers of an application."""
    state = connection.app.state
    if getattr(state, "remembered", None) is None:
        state.remembered = Remembered(get_service(connection), state.clock, make_listed)
    known: Remembered = state.remembered
    return known


Known = Annotated[Remembered, Depends(get_known)]


def known_rows(known: Remembered, of: str, kind: str) -> list[dict[str, Any]]:
    """Rows of a list.

    Raises:
        GrammarError: There is no such kind of entity.
    """
    if of == "endpoints":
        return known.rows("endpoints")
    return known.rows(checked_kind(kind))


def checked_kind(kind: str) -> str:
    """A kind of entity.

    Raises:
        GrammarError: There is none of this name.
    """
    if kind not in ENTITY_KINDS:
        raise GrammarError("kind", kind, "there is no such kind of entity", ENTITY_KINDS, kind)
    return kind
