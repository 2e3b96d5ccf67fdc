"""Settings made at run time, saved views, and what the product notes for itself."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from apisentinel.errors import RefusedError
from apisentinel.storage.base import StaleVersionError
from apisentinel.storage.control_base import ControlBase

LARGEST_VALUE: Final = 256 << 10
"""Characters of a setting or a view."""

MOST_VIEWS: Final = 1_000
"""Saved views of one owner."""

LARGEST_PREFERENCE: Final = 8 << 10
"""Characters of one preference of a user."""

MOST_PREFERENCES: Final = 200
"""Preferences of one user."""

SECRET_BYTES: Final = 32


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A saved view of a list.

    Attributes:
        id: Made by the service.
        owner: Name of the user.
        screen: List that it belongs to.
        query: Filters and order as plain data.
        shared: Whether others see it.
        created, updated: µs since the epoch.
    """

    id: str
    owner: str
    name: str
    screen: str
    query: Any
    shared: bool
    created: int
    updated: int


class PreferenceTables(ControlBase):
    """Tables of settings, views and notes."""

    def setting(self, name: str) -> tuple[Any, int] | None:
        """A setting as plain data and its version, None when it was never set."""
        rows = self.rows("SELECT value, version FROM setting WHERE name = ?", (name,))
        return (msgspec.json.decode(rows[0][0]), rows[0][1]) if rows else None

    def settings(self) -> dict[str, Any]:
        """All settings as plain data, by name."""
        rows = self.rows("SELECT name, value FROM setting ORDER BY name")
        return {name: msgspec.json.decode(value) for name, value in rows}

    def save_setting(
        self, name: str, value: Any, actor: str, expected_version: int | None = None
    ) -> int:
        """Sets a setting and gives its new version.

        Args:
            name: Of the setting.
            value: Plain data.
            actor: Who sets it.
            expected_version: Version that was read, 0 for none; None sets it in any case.

        Raises:
            RefusedError: 422 when the value is too large.
            StaleVersionError: Somebody else has set it since.
        """
        text = _json(value)
        with self.writing() as connection:
            found = connection.execute("SELECT version FROM setting WHERE name = ?", (name,)).get
            version = int(str(found or 0))
            if expected_version is not None and version != expected_version:
                raise StaleVersionError("the setting was changed meanwhile", version)
            connection.execute(
                "INSERT OR REPLACE INTO setting VALUES (?, ?, ?, ?, ?)",
                (name, text, version + 1, self._clock.now(), actor),
            )
        return version + 1

    def views(self, owner: str) -> list[View]:
        """Views of an owner and shared ones, by name."""
        rows = self.rows(
            "SELECT id, owner, name, screen, query, shared, created, updated FROM view"
            " WHERE owner = ? OR shared ORDER BY name, id",
            (owner,),
        )
        return [
            View(
                id=row[0],
                owner=row[1],
                name=row[2],
                screen=row[3],
                query=msgspec.json.decode(row[4]),
                shared=bool(row[5]),
                created=row[6],
                updated=row[7],
            )
            for row in rows
        ]

    def save_view(self, view: View) -> None:
        """Adds a view or replaces the one with its id.

        Raises:
            RefusedError: 422 when it is too large, 409 when the owner has too many, 403 when it
                belongs to somebody else.
        """
        text = _json(view.query)
        with self.writing() as connection:
            owner = connection.execute("SELECT owner FROM view WHERE id = ?", (view.id,)).get
            if owner is not None and owner != view.owner:
                raise RefusedError(403, "the view belongs to somebody else")
            held = connection.execute(
                "SELECT count(*) FROM view WHERE owner = ?", (view.owner,)
            ).get
            if owner is None and int(str(held)) >= MOST_VIEWS:
                raise RefusedError(409, f"one owner has {MOST_VIEWS:,} views at most")
            connection.execute(
                "INSERT INTO view VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " name = excluded.name, screen = excluded.screen, query = excluded.query,"
                " shared = excluded.shared, updated = excluded.updated",
                (
                    view.id,
                    view.owner,
                    view.name,
                    view.screen,
                    text,
                    view.shared,
                    view.created,
                    view.updated,
                ),
            )

    def remove_view(self, name: str, owner: str) -> bool:
        """Removes a view of an owner; tells whether there was one."""
        with self.writing() as connection:
            connection.execute("DELETE FROM view WHERE id = ? AND owner = ?", (name, owner))
            return connection.changes() > 0

    def preferences(self, owner: str) -> dict[str, Any]:
        """Preferences of a user as plain data, by name."""
        rows = self.rows(
            "SELECT name, value FROM preference WHERE owner = ? ORDER BY name", (owner,)
        )
        return {name: msgspec.json.decode(value) for name, value in rows}

    def save_preferences(self, owner: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Sets preferences of a user; None forgets one.

        Returns:
            All of them.

        Raises:
            RefusedError: 422 when one is too large, 409 when there would be too many.
        """
        texts = {name: _json(value, LARGEST_PREFERENCE) for name, value in given.items()}
        now = self._clock.now()
        with self.writing() as connection:
            for name, value in given.items():
                if value is None:
                    connection.execute(
                        "DELETE FROM preference WHERE owner = ? AND name = ?", (owner, name)
                    )
                else:
                    connection.execute(
                        "INSERT OR REPLACE INTO preference VALUES (?, ?, ?, ?)",
                        (owner, name, texts[name], now),
                    )
            held = connection.execute(
                "SELECT count(*) FROM preference WHERE owner = ?", (owner,)
            ).get
            if int(str(held)) > MOST_PREFERENCES:
                raise RefusedError(409, f"one user has {MOST_PREFERENCES:,} preferences at most")
        return self.preferences(owner)

    def meta(self, name: str) -> bytes | None:
        """A note of the product, None when there is none."""
        rows = self.rows("SELECT value FROM meta WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def secret(self, name: str) -> bytes:
        """32 random bytes of this installation, made at the first call and the same ever after."""
        known = self.meta(f"secret.{name}")
        if known is not None:
            return known
        with self.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO meta VALUES (?, ?)",
                (f"secret.{name}", secrets.token_bytes(SECRET_BYTES)),
            )
        known = self.meta(f"secret.{name}")
        return known or b""


def _json(value: Any, most: int = LARGEST_VALUE) -> str:
    text = msgspec.json.encode(value).decode()
    if len(text) > most:
        raise RefusedError(422, f"{len(text):,} characters are too many; {most:,} fit")
    return text
