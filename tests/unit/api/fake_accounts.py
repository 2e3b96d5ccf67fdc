"""Keys, users and sessions in memory."""

import threading
from typing import Any

from msgspec.structs import replace

from apisentinel.api.access.accounts import Key, Session, User


class MemoryAccounts:
    """Accounts without a disk; `entries` is the audit."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self._users: dict[str, User] = {}
        self._sessions: dict[bytes, Session] = {}
        self._lock = threading.Lock()
        self.entries: list[dict[str, Any]] = []
        self.looks = 0

    def api_keys(self) -> list[Key]:
        self.looks += 1
        return list(self._keys.values())

    def save_key(self, key: Key) -> None:
        self._keys[key.id] = key

    def users(self) -> list[User]:
        return list(self._users.values())

    def save_user(self, user: User) -> None:
        self._users[user.id] = user

    def sessions(self) -> list[Session]:
        return list(self._sessions.values())

    def save_session(self, session: Session) -> None:
        self._sessions[session.digest] = session

    def remove_sessions(self, digests: list[bytes]) -> None:
        for digest in digests:
            self._sessions.pop(digest, None)

    def touch_keys(self, used: dict[str, int]) -> None:
        for key_id, when in used.items():
            self._keys[key_id] = replace(self._keys[key_id], last_used=when)

    def audit(
        self, *, actor: str, action: str, target: str, result: str, detail: dict[str, Any]
    ) -> None:
        self.entries.append(
            {"actor": actor, "action": action, "target": target, "result": result, "detail": detail}
        )
