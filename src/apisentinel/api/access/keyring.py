"""API keys: made, looked up, rotated, revoked."""

import asyncio
import secrets
import threading
from typing import Final

import msgspec

from apisentinel.api.access.accounts import Accounts, Key
from apisentinel.api.access.gate import SCOPES
from apisentinel.api.access.secret import Secret
from apisentinel.clock import Clock
from apisentinel.errors import RefusedError

PURPOSE: Final = "api-key"
FRESH_SECONDS: Final = 2.0
"""A key that another process revoked is dead after so long."""

RELOAD_SECONDS: Final = 0.1
"""Unknown keys make the ring look at the store again, but not more often than this."""

TOUCH_SECONDS: Final = 30.0
"""Pause between two notes of when keys were last used."""

MAX_KEYS: Final = 10_000
"""Keys of one installation, revoked ones included; every one is held in memory."""

MAX_KEY_CHARACTERS: Final = 200
DAY: Final = 86_400_000_000


def make_key(
    secret: Secret,
    *,
    name: str,
    scopes: tuple[str, ...],
    now: int,
    actor: str,
    expires: int | None = None,
) -> tuple[str, Key]:
    """A new key: the text to hand out once, and the record to keep.

    Args:
        secret: Of the installation.
        name: 1 to 100 characters.
        scopes: At least one of `SCOPES`.
        now: µs since the epoch.
        actor: Who makes it.
        expires: µs since the epoch, None for never.

    Raises:
        RefusedError: 422, for a name, scope or time that cannot be.
    """
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise RefusedError(422, "the name of a key has 1 to 100 printable characters")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise RefusedError(
            422, f"scopes must be some of {', '.join(SCOPES)}, not {', '.join(unknown) or 'none'}"
        )
    if expires is not None and expires <= now:
        raise RefusedError(422, "the key would have expired already")
    key_id = f"aps_{secrets.token_hex(6)}"
    text = f"{key_id}.{secrets.token_urlsafe(32)}"
    record = Key(
        id=key_id,
        name=name,
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        digest=secret.digest(PURPOSE, text),
        created=now,
        created_by=actor,
        expires=expires,
    )
    return text, record


class KeyRing:
    """All keys in memory, so that a request costs no look at the disk.

    `find` belongs to the event loop; the other methods block and belong to worker threads.
    """

    def __init__(self, accounts: Accounts, secret: Secret, clock: Clock) -> None:
        self._accounts = accounts
        self._secret = secret
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._loaded = float("-inf")
        self._touched = clock.monotonic()
        self._used: dict[str, int] = {}
        self._lock = threading.Lock()
        self._loading = asyncio.Lock()
        self._nobody = Key(
            id="", name="", scopes=(), digest=bytes(32), created=0, created_by="", revoked=0
        )

    async def find(self, text: str) -> Key | None:
        """The key that works and has this text, None when there is none.

        A wrong key costs what a right one costs, whether its id exists or not.
        """
        text = text[:MAX_KEY_CHARACTERS]
        key_id = text.partition(".")[0]
        age = self._clock.monotonic() - self._loaded
        if age > FRESH_SECONDS or key_id not in self._keys:
            await self._refresh()
        key = self._keys.get(key_id, self._nobody)
        right = self._secret.matches(PURPOSE, text, key.digest)
        now = self._clock.now()
        if not (right and key.works(now)):
            return None
        self._used[key.id] = now
        if self._clock.monotonic() - self._touched > TOUCH_SECONDS:
            self._touched = self._clock.monotonic()
            await asyncio.to_thread(self.flush)
        return key

    def knows(self, text: str) -> bool:
        """Whether the id of a key is known; says nothing about the rest of it."""
        return text.partition(".")[0] in self._keys

    def lets(self, text: str, permission: str) -> bool:
        """Whether a key with this text works and gives a permission, as far as that is known
        without a look at the store: False when it was loaded too long ago. Costs one keyed hash.
        """
        text = text[:MAX_KEY_CHARACTERS]
        key = self._keys.get(text.partition(".")[0])
        if key is None or self._clock.monotonic() - self._loaded > FRESH_SECONDS:
            return False
        right = self._secret.matches(PURPOSE, text, key.digest)
        allowed = any(permission in SCOPES.get(scope, ()) for scope in key.scopes)
        return right and allowed and key.works(self._clock.now())

    def all(self) -> list[Key]:
        """All keys as they are in the store, oldest first."""
        self.reload()
        return list(self._keys.values())

    def find_id(self, key_id: str) -> Key | None:
        """The key with an id as it is in the store, None when it does not work any more."""
        self.reload()
        key = self._keys.get(key_id)
        return key if key is not None and key.works(self._clock.now()) else None

    def get(self, key_id: str) -> Key:
        """One key.

        Raises:
            RefusedError: 404.
        """
        self.reload()
        key = self._keys.get(key_id)
        if key is None:
            raise RefusedError(404, "there is no key with this id")
        return key

    def create(
        self, *, name: str, scopes: tuple[str, ...], actor: str, expires: int | None = None
    ) -> tuple[str, Key]:
        """A new key: its text, which nobody can tell again, and its record.

        Raises:
            RefusedError: 422, see `make_key`; 409 when there are too many keys.
        """
        self.reload()
        if len(self._keys) >= MAX_KEYS:
            raise RefusedError(409, f"there are {MAX_KEYS} keys already")
        text, key = make_key(
            self._secret,
            name=name,
            scopes=scopes,
            now=self._clock.now(),
            actor=actor,
            expires=expires,
        )
        self._save(key)
        return text, key

    def rotate(self, key_id: str, *, overlap_seconds: int, actor: str) -> tuple[str, Key]:
        """A new key with the name and scopes of an old one, which works on for a while.

        Raises:
            RefusedError: 404 for no such key, 409 for one that does not work any more.
        """
        old = self.get(key_id)
        now = self._clock.now()
        if not old.works(now):
            raise RefusedError(409, "this key does not work any more; create a new one")
        lifetime = None if old.expires is None else old.expires - old.created
        text, new = make_key(
            self._secret,
            name=old.name,
            scopes=old.scopes,
            now=now,
            actor=actor,
            expires=None if lifetime is None else now + lifetime,
        )
        end = now + overlap_seconds * 1_000_000
        end = end if old.expires is None else min(end, old.expires)
        self._save(new)
        self._save(msgspec.structs.replace(old, expires=end, replaced_by=new.id))
        return text, new

    def revoke(self, key_id: str) -> Key:
        """Ends a key for good; again is no error.

        Raises:
            RefusedError: 404 for no such key.
        """
        key = self.get(key_id)
        if key.revoked is None:
            key = msgspec.structs.replace(key, revoked=self._clock.now())
            self._save(key)
        return key

    def own(self, *, name: str, scopes: tuple[str, ...]) -> str:
        """A key of the service for itself: one record, with another secret at every call."""
        self.reload()
        actor = "service"
        text, key = make_key(
            self._secret, name=name, scopes=scopes, now=self._clock.now(), actor=actor
        )
        for old in self._keys.values():
            if old.created_by == actor and old.name == name:
                text = f"{old.id}.{text.partition('.')[2]}"
                digest = self._secret.digest(PURPOSE, text)
                key = msgspec.structs.replace(old, digest=digest, revoked=None)
        self._save(key)
        return text

    def flush(self) -> None:
        """Notes in the store when keys were last used."""
        with self._lock:
            used, self._used = self._used, {}
        if used:
            self._accounts.touch_keys(used)

    def reload(self) -> None:
        """Takes the keys from the store again."""
        begin = self._clock.monotonic()
        self._keys = {key.id: key for key in self._accounts.api_keys()}
        self._loaded = begin

    def _save(self, key: Key) -> None:
        self._accounts.save_key(key)
        self.reload()

    async def _refresh(self) -> None:
        """Comes back when the keys were loaded after it was called; many callers share a load."""
        asked = self._clock.monotonic()
        async with self._loading:
            if self._loaded > asked:
                return
            await asyncio.sleep(RELOAD_SECONDS - (self._clock.monotonic() - self._loaded))
            await asyncio.to_thread(self.reload)
