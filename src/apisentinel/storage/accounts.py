"""Keys, users and sessions: only what proves them, never what they are."""

from collections.abc import Mapping, Sequence

import msgspec

from apisentinel.storage.control_base import ControlBase


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key without the key: only what proves it.

    Attributes:
        id: The part before the dot, which is no secret.
        name: What the owner calls it.
        scopes: What it may do.
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
        name: Login name, different for every user.
        role: What they may do.
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
        user: Id of the user.
        created: µs since the epoch.
        seen: Last use, µs since the epoch, at most half a minute behind.
    """

    digest: bytes
    user: str
    created: int
    seen: int


class AccountTables(ControlBase):
    """Tables of keys, users and sessions."""

    def api_keys(self) -> list[Key]:
        """All keys, oldest first, revoked ones too."""
        rows = self.rows(
            "SELECT id, name, scopes, digest, created, created_by, expires, last_used, revoked,"
            " replaced_by FROM api_key ORDER BY created, id"
        )
        return [
            Key(
                id=row[0],
                name=row[1],
                scopes=tuple(msgspec.json.decode(row[2])),
                digest=row[3],
                created=row[4],
                created_by=row[5],
                expires=row[6],
                last_used=row[7],
                revoked=row[8],
                replaced_by=row[9],
            )
            for row in rows
        ]

    def save_key(self, key: Key) -> None:
        """Adds a key or replaces the one with its id; the time of its last use never goes back."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO api_key VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO"
                " UPDATE SET name = excluded.name, scopes = excluded.scopes,"
                " digest = excluded.digest, expires = excluded.expires,"
                " last_used = nullif(max(coalesce(last_used, -1),"
                " coalesce(excluded.last_used, -1)), -1),"
                " revoked = excluded.revoked, replaced_by = excluded.replaced_by",
                (
                    key.id,
                    key.name,
                    msgspec.json.encode(key.scopes).decode(),
                    key.digest,
                    key.created,
                    key.created_by,
                    key.expires,
                    key.last_used,
                    key.revoked,
                    key.replaced_by,
                ),
            )

    def touch_keys(self, used: Mapping[str, int]) -> None:
        """Notes when keys were last used, by id."""
        if not used:
            return
        with self.writing() as connection:
            connection.executemany(
                "UPDATE api_key SET last_used = max(coalesce(last_used, 0), ?) WHERE id = ?",
                [(when, name) for name, when in used.items()],
            )

    def users(self) -> list[User]:
        """All users, oldest first."""
        rows = self.rows(
            "SELECT id, name, role, password, created, disabled, last_login FROM user"
            " ORDER BY created, id"
        )
        return [
            User(
                id=row[0],
                name=row[1],
                role=row[2],
                password=row[3],
                created=row[4],
                disabled=row[5],
                last_login=row[6],
            )
            for row in rows
        ]

    def save_user(self, user: User) -> None:
        """Adds a user or replaces the one with their id.

        Raises:
            StoreError: Another user has this name.
        """
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO user VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " name = excluded.name, role = excluded.role, password = excluded.password,"
                " disabled = excluded.disabled, last_login = excluded.last_login",
                msgspec.structs.astuple(user),
            )

    def sessions(self) -> list[Session]:
        """All sessions, oldest first."""
        rows = self.rows("SELECT digest, user, created, seen FROM session ORDER BY created, digest")
        return [
            Session(digest=digest, user=user, created=created, seen=seen)
            for digest, user, created, seen in rows
        ]

    def save_session(self, session: Session) -> None:
        """Adds a session or replaces the one with its digest."""
        with self.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?)",
                msgspec.structs.astuple(session),
            )

    def remove_sessions(self, digests: Sequence[bytes]) -> None:
        """Ends sessions."""
        if not digests:
            return
        with self.writing() as connection:
            connection.executemany(
                "DELETE FROM session WHERE digest = ?", [(digest,) for digest in digests]
            )
