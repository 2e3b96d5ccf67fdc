"""The store of keys, users, sessions and audit, as the API needs it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from apisentinel.storage.accounts import Key, Session, User

__all__ = ["Accounts", "Key", "Session", "User"]


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

    def remove_sessions(self, digests: Sequence[bytes]) -> None:
        """Ends sessions."""
        ...

    def touch_keys(self, used: Mapping[str, int]) -> None:
        """Notes when keys were last used, by id."""
        ...

    def audit(
        self, *, actor: str, action: str, target: str, result: str, detail: Mapping[str, Any]
    ) -> None:
        """Appends to the audit."""
        ...
