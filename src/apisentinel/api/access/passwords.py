"""Passwords: hashed with Argon2id, checked off the event loop, few at a time."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from apisentinel.errors import RefusedError

T = TypeVar("T")

MEMORY_KIB: Final = 47_104
"""46 MiB with one pass: the first recommendation of OWASP's password storage cheat sheet."""

PASSES: Final = 1
LANES: Final = 1

AT_ONCE: Final = 2
"""Hashes computed at one time: 92 MiB and two cores at most."""

WAITING: Final = 16
"""Log-ins that may wait for their turn; more are told to come back."""

MIN_CHARACTERS: Final = 12
MAX_CHARACTERS: Final = 256
"""Room for passphrases; the bound keeps the work of a check small."""

RETRY_SECONDS: Final = 2


class Passwords:
    """Hashes and checks passwords. Its coroutines belong to the event loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
        )
        self._pool = ThreadPoolExecutor(AT_ONCE, "argon2")
        self._under_way = 0
        self._nobody = ""

    async def check(self, password: str, stored: str) -> bool:
        """Whether a password fits a stored hash; an empty one costs as much and never fits.

        Raises:
            RefusedError: 503, when too many wait.
        """
        return await self._run(self._check, password[:MAX_CHARACTERS], stored)

    async def hash(self, password: str) -> str:
        """What is stored for a password.

        Raises:
            RefusedError: 422 for a password that is too short or too long, 503 when too many wait.
        """
        check_strength(password)
        return await self._run(self._hasher.hash, password)

    def hash_now(self, password: str) -> str:
        """What is stored for a password; blocks for a tenth of a second.

        Raises:
            RefusedError: 422 for a password that is too short or too long.
        """
        check_strength(password)
        return self._hasher.hash(password)

    def close(self) -> None:
        """Lets the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., T], *args: str) -> T:
        if self._under_way >= AT_ONCE + WAITING:
            raise RefusedError(
                503, "too many log-ins at one time; try again", retry_after=RETRY_SECONDS
            )
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        finally:
            self._under_way -= 1

    def _check(self, password: str, stored: str) -> bool:
        # Made at the first check of all, so that no later one tells whether there is such a user.
        self._nobody = self._nobody or self._hasher.hash(secrets.token_urlsafe(32))
        try:
            self._hasher.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(stored)


def check_strength(password: str) -> None:
    """Accepts a password by its length alone, as NIST SP 800-63B asks.

    Raises:
        RefusedError: 422.
    """
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise RefusedError(422, f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters")
