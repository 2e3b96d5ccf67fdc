"""Who may do what: principals, roles, scopes, permissions, and the gate before every route.

Each route declares one permission with ``Depends(needs("read"))``. A route that declares none does
not start: `declared_permissions` is read when the application is put together.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec
from fastapi.routing import iter_route_contexts
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute

from apisentinel.api.http.context import get_authenticator
from apisentinel.errors import RefusedError

Permission = Literal[
    "public", "signed_in", "ingest", "read", "write", "respond", "bouncer", "admin"
]
"""`public`: anyone. `signed_in`: any valid key or session. The others: see ROLES and SCOPES."""

Role = Literal["viewer", "analyst", "responder", "admin"]
Scope = Literal["ingest", "read", "respond", "admin", "bouncer"]

ROLES: Final[dict[str, frozenset[str]]] = {
    "viewer": frozenset({"signed_in", "read"}),
    "analyst": frozenset({"signed_in", "read", "write"}),
    "responder": frozenset({"signed_in", "read", "write", "respond"}),
    "admin": frozenset({"signed_in", "ingest", "read", "write", "respond", "bouncer", "admin"}),
}
"""What a user may do."""

SCOPES: Final[dict[str, frozenset[str]]] = {
    "ingest": frozenset({"signed_in", "ingest"}),
    "read": frozenset({"signed_in", "read"}),
    "respond": frozenset({"signed_in", "read", "write", "respond"}),
    "bouncer": frozenset({"signed_in", "bouncer"}),
    "admin": ROLES["admin"],
}
"""What a key may do: the union over its scopes."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The one who asks.

    Attributes:
        name: Name of the user or of the key; empty for `anonymous`.
        kind: How they proved who they are.
        id: Id of the key or the user; empty for `anonymous`.
        role: Role of a user, else None.
        scopes: Scopes of a key, else empty.
        session: Id of the session that a user came with, else None.
    """

    name: str = ""
    kind: Literal["key", "user", "anonymous"] = "anonymous"
    id: str = ""
    role: str | None = None
    scopes: frozenset[str] = frozenset()
    session: str | None = None

    @property
    def actor(self) -> str:
        """The one who asks, as the audit names them.

        Example:
            >>> Principal(name="ci", kind="key", id="k1").actor
            'key:ci'
        """
        return f"{self.kind}:{self.name}" if self.name else self.kind

    @property
    def permissions(self) -> frozenset[str]:
        """Everything that they may do.

        Example:
            >>> sorted(Principal(kind="user", role="analyst").permissions)
            ['read', 'signed_in', 'write']
        """
        if self.role is not None:
            return ROLES.get(self.role, frozenset())
        return frozenset[str]().union(*(SCOPES.get(scope, frozenset()) for scope in self.scopes))

    def may(self, permission: str) -> bool:
        """Whether they may do what needs `permission`."""
        return permission == "public" or permission in self.permissions


ANONYMOUS: Final = Principal()


def check(principal: Principal, permission: str) -> None:
    """Lets pass who may.

    Raises:
        RefusedError: 401 for nobody in particular, 403 for somebody who may not.
    """
    if principal.may(permission):
        return
    if principal.kind == "anonymous":
        raise RefusedError(
            401, "this needs a key or a login: send Authorization: Bearer KEY or X-Api-Key: KEY"
        )
    raise RefusedError(403, f"{principal.actor} may not do this: it needs {permission}")


@cache
def needs(permission: Permission) -> Callable[[HTTPConnection], Awaitable[Principal]]:
    """The dependency that lets pass whoever has a permission and gives who that is.

    It works for HTTP routes and for WebSockets, there before the handshake is accepted. Sessions
    must send their CSRF header with every method that may change something.

    Example:
        >>> from fastapi import APIRouter, Depends
        >>> router = APIRouter()
        >>> @router.get("/api/v1/alerts")
        ... def alerts(principal: Principal = Depends(needs("read"))) -> list[str]: ...

    Raises:
        ValueError: There is no such permission.
    """
    if permission not in get_args(Permission):
        raise ValueError(f"{permission!r} is no permission")

    async def gate(connection: HTTPConnection) -> Principal:
        authenticator = get_authenticator(connection)
        principal: Principal = await authenticator.authenticate(connection)
        check(principal, permission)
        return principal

    gate.permission = permission  # type: ignore[attr-defined]  # read by the route table
    return gate


async def anybody() -> None:
    """Lets everybody pass without a look at what they send: neither a wrong key nor a rate that is
    used up may stand between a probe and its answer, or between a user and a new login.
    """


anybody.permission = "public"  # type: ignore[attr-defined]  # read by the route table


class Declared(NamedTuple):
    """A route and the permission that it declares."""

    path: str
    methods: frozenset[str]
    permission: str | None


def declared_permissions(routes: Sequence[BaseRoute]) -> Iterator[Declared]:
    """Every route of an application with its permission; None when it declares none."""
    for route in iter_route_contexts(routes):
        dependant = getattr(route, "dependant", None)
        found = [] if dependant is None else sorted(set(_permissions(dependant)))
        yield Declared(
            path=route.path or "",
            methods=frozenset(route.methods or {"WEBSOCKET"}),
            permission=" and ".join(found) if found else None,
        )


def _permissions(dependant: Any) -> Iterable[str]:
    permission = getattr(dependant.call, "permission", None)
    if isinstance(permission, str):
        yield permission
    for inner in dependant.dependencies:
        yield from _permissions(inner)


def refuse_undeclared(routes: Sequence[BaseRoute]) -> None:
    """Stops the start of an application with a route that says not who may use it.

    Raises:
        RuntimeError: Such a route exists.
    """
    open_routes = [route.path for route in declared_permissions(routes) if route.permission is None]
    if open_routes:
        raise RuntimeError(
            f"these routes declare no permission: {', '.join(open_routes)}; add Depends(needs(…))"
        )
