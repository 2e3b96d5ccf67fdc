"""Keys, users and sessions as records, and the store that keeps them."""

from typing import Any, Protocol

import msgspec


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key without the key: only what proves it.

    Attributes:
        id: The part before the dot, which is no secret.
        name: What the owner calls it.
        scopes: What it may do, see `apisentinel.api.access.SCOPES`.
        digest: HMAC-SHA-256 of the whole key.
        created: µs since the epoch.
        created_by: Actor.
        expires: µs since the epoch; None never.
        last_used: µs since the epoch, at most half a minute behind; None never.
        revoked: µs since the epoch; None while it works.
        replaced_by: Id of the key that it was rotated to.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    digest: bytes
    created: int
    created_by: str
    expires: int | None = None
    last_used: int | None = None
    revoked: int | None = None
    replaced_by: str | None = None

    def works(self, now: int) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who logs in with a password.

    Attributes:
        id: Made by the service, never used again.
        name: Login name.
        role: See `apisentinel.api.access.ROLES`.
        password: Argon2id hash in PHC form; empty when none was set.
        created: µs since the epoch.
        disabled: µs since the epoch; None while they may log in.
        last_login: µs since the epoch; None never.
    """

    id: str
    name: str
    role: str
    password: str
    created: int
    disabled: int | None = None
    last_login: int | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A login.

    Attributes:
        digest: HMAC-SHA-256 of the cookie.
        user: Id of the user; `SETUP_USER` for the one-time token.
        created: µs since the epoch.
        seen: Last use, µs since the epoch, at most half a minute behind.
    """

    digest: bytes
    user: str
    created: int
    seen: int


class Accounts(Protocol):
    """Where keys, users and sessions are kept. All methods block and may be called from any
    thread; what they change is on disk when they return.

    Raises:
        StoreError: From every method, when the disk refuses.
    """

    def api_keys(self) -> list[Key]:
        """All keys, oldest first, revoked ones too."""
        ...

    def save_key(self, key: Key) -> None:
        """Adds a key or replaces the one with its id."""
        ...

    def users(self) -> list[User]:
        """All users, oldest first."""
        ...

    def save_user(self, user: User) -> None:
        """Adds a user or replaces the one with their id."""
        ...

    def sessions(self) -> list[Session]:
        """All sessions."""
        ...

    def save_session(self, session: Session) -> None:
        """Adds a session or replaces the one with its digest."""
        ...

    def remove_sessions(self, digests: list[bytes]) -> None:
        """Ends sessions."""
        ...

    def touch_keys(self, used: dict[str, int]) -> None:
        """Notes when keys were last used, by id."""
        ...

    def audit(
        self, *, actor: str, action: str, target: str, result: str, detail: dict[str, Any]
    ) -> None:
        """Appends to the audit."""
        ...
