"""What the running engine remembers, for the lists of entities and endpoints."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from apisentinel.api.http.context import get_service
from apisentinel.api.query.fields import ENTITY_KINDS
from apisentinel.api.query.filters import GrammarError
from apisentinel.api.read.remembered_endpoints import Endpoints, endpoint_rows
from apisentinel.api.read.remembered_entities import Listed, Remembered, make_listed


class Knowledge:
    """Entities and endpoints, shared by all readers of an application."""

    def __init__(self, connection: HTTPConnection) -> None:
        service, clock = get_service(connection), connection.app.state.clock
        self._entities: Remembered[Listed] = Remembered(service, clock, make_listed)
        self._endpoints: Remembered[Endpoints] = Remembered(service, clock, endpoint_rows)

    def entities(self, kind: str) -> Listed:
        """Entities of a kind.

        Raises:
            GrammarError: There is no such kind.
        """
        return self._entities.listed(checked_kind(kind))

    @property
    def endpoints(self) -> Endpoints:
        """All endpoints."""
        return self._endpoints.listed("endpoints")


def get_known(connection: HTTPConnection) -> Knowledge:
    """What an application knows of entities and endpoints."""
    state = connection.app.state
    if getattr(state, "knowledge", None) is None:
        state.knowledge = Knowledge(connection)
    known: Knowledge = state.knowledge
    return known


Known = Annotated[Knowledge, Depends(get_known)]


def checked_kind(kind: str) -> str:
    """A kind of entity.

    Raises:
        GrammarError: There is none of this name.
    """
    if kind not in ENTITY_KINDS:
        raise GrammarError("kind", kind, "there is no such kind of entity", ENTITY_KINDS, kind)
    return kind
