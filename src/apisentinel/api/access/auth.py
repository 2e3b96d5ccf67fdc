"""Tells who asks: by key, by session, by ticket, or nobody in particular."""

import asyncio
import base64
import binascii
from ipaddress import IPv6Address
from typing import Final

from starlette.requests import HTTPConnection

from apisentinel.api.access.accounts import Accounts
from apisentinel.api.access.gate import ANONYMOUS, Principal
from apisentinel.api.access.keyring import KeyRing
from apisentinel.api.access.passwords import Passwords
from apisentinel.api.access.secret import Secret
from apisentinel.api.access.sessions import Sessions
from apisentinel.api.http.limits import Limits
from apisentinel.clock import Clock
from apisentinel.errors import RefusedError
from apisentinel.pipeline.server_settings import ServerSettings

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER: Final = "X-CSRF-Token"
COOKIE: Final = "apisentinel"
SECURE_COOKIE: Final = "__Host-apisentinel"


class Authenticator:
    """Everything that proves who somebody is.

    Attributes:
        keys: API keys.
        sessions: Logins, the one-time token, tickets.
        passwords: Hashing of passwords.
    """

    def __init__(
        self,
        accounts: Accounts,
        secret: Secret,
        settings: ServerSettings,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self.keys = KeyRing(accounts, secret, clock)
        self.sessions = Sessions(accounts, secret, settings.sessions, clock)
        self.passwords = Passwords()
        self._settings = settings
        self._limits = limits

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        """Who sent a request or opens a socket; asked again for the same one, the same answer.

        Credentials that are wrong are refused, also where none are needed: whoever sends a key
        wants to know that it does not work.

        Raises:
            RefusedError: 401 for a wrong key or ticket, 403 for a write or a socket from a page of
                somebody else, 429 for too many requests.
        """
        state = connection.scope.setdefault("state", {})
        known = state.get("principal")
        if isinstance(known, Principal):
            return known
        principal = await self._identify(connection)
        state["principal"] = principal
        return principal

    async def still_reads(self, principal: Principal) -> bool:
        """Whether the key or session that opened a stream still works and may read."""
        if principal.kind == "key":
            key = await asyncio.to_thread(self.keys.find_id, principal.id)
            return key is not None and principal.may("read")
        known = await asyncio.to_thread(self.sessions.still, principal)
        return known is not None and known.may("read")

    async def _identify(self, connection: HTTPConnection) -> Principal:
        key = presented_key(connection)
        if key is not None:
            return await self._by_key(connection, key)
        ticket = connection.query_params.get("ticket")
        if ticket is not None and connection.scope["type"] == "websocket":
            return self._by_ticket(connection, ticket)
        token = connection.cookies.get(cookie_name(connection))
        if token is not None:
            principal = await self.sessions.find(token)
            if principal is not None:
                self._check_page(connection, token)
                self._limits.keys.take(f"session {principal.session}", "requests")
                return principal
        self._limits.anonymous.take(address(connection), "requests without a key")
        return ANONYMOUS

    async def _by_key(self, connection: HTTPConnection, text: str) -> Principal:
        if not self.keys.knows(text):
            self._limits.anonymous.take(address(connection), "requests with a wrong key")
        key = await self.keys.find(text)
        if key is None:
            if self.keys.knows(text):
                self._limits.anonymous.take(address(connection), "requests with a wrong key")
            raise RefusedError(401, "this key is unknown, expired or revoked")
        self._limits.keys.take(key.id, "requests with this key")
        return Principal(name=key.name, kind="key", id=key.id, scopes=frozenset(key.scopes))

    def _by_ticket(self, connection: HTTPConnection, ticket: str) -> Principal:
        self._limits.anonymous.take(address(connection), "attempts to open the stream")
        if not self.good_origin(connection):
            raise RefusedError(403, "pages of this origin may not open the stream")
        principal = self.sessions.use_ticket(ticket)
        if principal is None:
            raise RefusedError(401, "this ticket is unknown, used or too old; ask for a new one")
        return principal

    def _check_page(self, connection: HTTPConnection, token: str) -> None:
        """Refuses what a page of somebody else makes the browser of a user send."""
        if connection.scope["type"] == "websocket":
            if "origin" not in connection.headers or not self.good_origin(connection):
                raise RefusedError(403, "pages of this origin may not open the stream")
            return
        if connection.scope["method"] in SAFE_METHODS:
            return
        if not self.good_origin(connection):
            raise RefusedError(403, "pages of this origin may not write")
        if not self.sessions.csrf_matches(token, connection.headers.get(CSRF_HEADER, "")):
            raise RefusedError(
                403, f"send the csrf value of GET /api/v1/me in the header {CSRF_HEADER}"
            )

    def good_origin(self, connection: HTTPConnection) -> bool:
        """Whether a request comes from a page of ours or from no page at all."""
        origin = connection.headers.get("origin")
        if origin is None:
            return True
        if origin in self._settings.allowed_origins:
            return True
        scheme = {"ws": "http", "wss": "https"}.get(
            connection.scope["scheme"], connection.scope["scheme"]
        )
        return origin == f"{scheme}://{connection.headers.get('host', '')}"


def presented_key(connection: HTTPConnection) -> str | None:
    """The key that a request carries in one of the usual ways, None when it carries none.

    Bearer and X-Api-Key for our own routes; Splunk and Basic as clients of a HEC send them.
    """
    header = connection.headers.get("x-api-key")
    if header is not None:
        return header.strip()
    scheme, _, rest = connection.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer" | "splunk":
            return rest.strip()
        case "basic":
            return _basic_password(rest.strip())
        case "":
            return None
        case _:
            raise RefusedError(401, "send the key as: Authorization: Bearer KEY")


def _basic_password(text: str) -> str:
    try:
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise RefusedError(401, "the Authorization header is not valid Basic") from None
    return pair.partition(":")[2]


def cookie_name(connection: HTTPConnection) -> str:
    """Name of the session cookie: under TLS one that only this host can set, and only over TLS."""
    return SECURE_COOKIE if is_secure(connection) else COOKIE


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the caller came over TLS, to us or to a proxy that is trusted."""
    return connection.scope["scheme"] in {"https", "wss"}


def address(connection: HTTPConnection) -> str:
    """The address of the caller; IPv6 as its /64, which one household or machine has to itself."""
    host = connection.client.host if connection.client else ""
    if ":" in host:
        try:
            return str(IPv6Address(int(IPv6Address(host.partition("%")[0])) >> 64 << 64))
        except ValueError:
            return host
    return host
