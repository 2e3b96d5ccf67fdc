"""Logins of users: the session behind a cookie, the one-time token of the first run, and tickets
for the stream.
"""

import asyncio
import secrets
import threading
from typing import Final, NamedTuple

import msgspec

from apisentinel.api.access.accounts import Accounts, Session, User
from apisentinel.api.access.gate import Principal
from apisentinel.api.access.secret import Secret
from apisentinel.clock import Clock
from apisentinel.errors import RefusedError
from apisentinel.pipeline.server_settings import SessionSettings

SETUP_USER: Final = "setup"
"""Who logs in with the one-time token: an admin without a password."""

FRESH_SECONDS: Final = 2.0
"""A user who was disabled by another process is out after so long."""

TOUCH_US: Final = 30_000_000
"""How far the last use of a session in the store may be behind."""

MAX_SESSIONS: Final = 10_000
"""Sessions of one installation; with more of them the ones unused for longest end."""

MAX_TICKETS: Final = 10_000
MAX_TOKEN_CHARACTERS: Final = 100


class Login(NamedTuple):
    """What a browser gets for a successful login.

    Attributes:
        token: Value of the cookie.
        csrf: Value of the header that every write must send.
        principal: Who logged in.
    """

    token: str
    csrf: str
    principal: Principal


class Sessions:
    """All sessions in memory and in the store; cookies themselves are kept nowhere.

    `find` belongs to the event loop; the methods that write block and belong to worker threads.
    """

    def __init__(
        self, accounts: Accounts, secret: Secret, settings: SessionSettings, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._secret = secret
        self._idle = settings.idle_minutes * 60_000_000
        self._longest = settings.hours * 3_600_000_000
        self._ticket_us = settings.ticket_seconds * 1_000_000
        self._token_us = settings.token_hours * 3_600_000_000
        self._clock = clock
        self._lock = threading.RLock()
        self._sessions: dict[bytes, Session] = {}
        self._users: dict[str, User] = {}
        self._loaded = float("-inf")
        self._loading = asyncio.Lock()
        self._tickets: dict[bytes, tuple[Principal, int]] = {}
        self._one_time: tuple[bytes, int] | None = None

    # -- reading

    async def find(self, token: str) -> Principal | None:
        """Who has a session with this cookie, None when it ended or never was."""
        if self._clock.monotonic() - self._loaded > FRESH_SECONDS:
            async with self._loading:
                if self._clock.monotonic() - self._loaded > FRESH_SECONDS:
                    await asyncio.to_thread(self.reload)
        digest = self._secret.digest("session", token[:MAX_TOKEN_CHARACTERS])
        session = self._sessions.get(digest)
        if session is None:
            return None
        now = self._clock.now()
        principal = self._principal(session)
        if principal is None or not self._lives(session, now):
            await asyncio.to_thread(self.end, [digest])
            return None
        if now - session.seen > TOUCH_US:
            touched = msgspec.structs.replace(session, seen=now)
            self._sessions[digest] = touched
            await asyncio.to_thread(self._accounts.save_session, touched)
        return principal

    def still(self, principal: Principal) -> Principal | None:
        """Who has the session of an open stream now, None when it ended. Does not count as use."""
        self.reload()
        now = self._clock.now()
        for session in self._sessions.values():
            if session.digest.hex()[:16] == principal.session:
                return self._principal(session) if self._lives(session, now) else None
        return None

    def csrf(self, token: str) -> str:
        """The value of the header that proves that a page of ours sends a write."""
        return self._secret.digest("csrf", token[:MAX_TOKEN_CHARACTERS]).hex()

    def csrf_matches(self, token: str, header: str) -> bool:
        """Whether a write may be what the user wants."""
        return secrets.compare_digest(self.csrf(token).encode(), header.encode("utf-8", "replace"))

    def users(self) -> list[User]:
        """All users as they are in the store, oldest first."""
        self.reload()
        return list(self._users.values())

    def reload(self) -> None:
        """Takes users and sessions from the store again."""
        begin = self._clock.monotonic()
        with self._lock:
            self._users = {user.id: user for user in self._accounts.users()}
            stored = {session.digest: session for session in self._accounts.sessions()}
            for digest, session in self._sessions.items():
                if digest in stored and session.seen > stored[digest].seen:
                    stored[digest] = session
            self._sessions = stored
            self._loaded = begin

    # -- writing

    def begin(self, user_id: str, *, replaces: str | None = None) -> Login:
        """A new session, and the end of the one that the browser had.

        Args:
            user_id: Id of a user, or `SETUP_USER`.
            replaces: Cookie that the browser sent with its login.

        Raises:
            RefusedError: 401, when the user is no more.
        """
        now = self._clock.now()
        token = secrets.token_urlsafe(32)
        session = Session(
            digest=self._secret.digest("session", token), user=user_id, created=now, seen=now
        )
        principal = self._principal(session)
        if principal is None:
            raise RefusedError(401, "wrong name or password")
        if replaces is not None:
            self.end([self._secret.digest("session", replaces[:MAX_TOKEN_CHARACTERS])])
        with self._lock:
            old = sorted(self._sessions.values(), key=lambda each: each.seen)
            ended = [each for each in old if not self._lives(each, now)]
            ended += old[: max(0, len(old) - len(ended) - MAX_SESSIONS + 1)]
            self.end([each.digest for each in ended])
            self._accounts.save_session(session)
            self._sessions[session.digest] = session
        return Login(token, self.csrf(token), principal)

    def end(self, digests: list[bytes]) -> None:
        """Ends sessions by their digests; unknown ones are no error."""
        if digests:
            with self._lock:
                self._accounts.remove_sessions(digests)
                for digest in digests:
                    self._sessions.pop(digest, None)

    def end_cookie(self, token: str) -> None:
        """Ends the session of a cookie."""
        self.end([self._secret.digest("session", token[:MAX_TOKEN_CHARACTERS])])

    def end_user(self, user_id: str) -> None:
        """Ends all sessions of a user and the tickets made in them."""
        with self._lock:
            self.end([each.digest for each in self._sessions.values() if each.user == user_id])
            self._tickets = {
                digest: (principal, until)
                for digest, (principal, until) in self._tickets.items()
                if principal.id != user_id
            }

    # -- the first run

    def new_one_time_token(self) -> str:
        """A token that logs an admin in once; an earlier one is void.

        It lives in memory only: it ends with the process.
        """
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._one_time = (
                self._secret.digest("one-time", token),
                self._clock.now() + self._token_us,
            )
        return token

    def redeem(self, token: str) -> bool:
        """Whether this is the one-time token; it is void then."""
        digest = self._secret.digest("one-time", token[:MAX_TOKEN_CHARACTERS])
        with self._lock:
            stored, until = self._one_time or (bytes(32), 0)
            right = secrets.compare_digest(digest, stored) and self._clock.now() < until
            if right:
                self._one_time = None
        return right

    # -- tickets

    def new_ticket(self, principal: Principal) -> str:
        """A word that opens the stream once within the next seconds."""
        ticket = secrets.token_urlsafe(32)
        now = self._clock.now()
        with self._lock:
            if len(self._tickets) >= MAX_TICKETS:
                self._tickets = {
                    digest: entry for digest, entry in self._tickets.items() if entry[1] > now
                }
            if len(self._tickets) >= MAX_TICKETS:
                raise RefusedError(503, "too many tickets are open; try again", retry_after=5)
            digest = self._secret.digest("ticket", ticket)
            self._tickets[digest] = (principal, now + self._ticket_us)
        return ticket

    def use_ticket(self, ticket: str) -> Principal | None:
        """Who may open the stream with a ticket, None for a wrong, used or old one."""
        digest = self._secret.digest("ticket", ticket[:MAX_TOKEN_CHARACTERS])
        with self._lock:
            principal, until = self._tickets.pop(digest, (None, 0))
        return principal if self._clock.now() < until else None

    # -- inside

    def _lives(self, session: Session, now: int) -> bool:
        return now - session.seen < self._idle and now - session.created < self._longest

    def _principal(self, session: Session) -> Principal | None:
        mark = session.digest.hex()[:16]
        if session.user == SETUP_USER:
            return Principal(name="setup", kind="user", id=SETUP_USER, role="admin", session=mark)
        user = self._users.get(session.user)
        if user is None or user.disabled is not None:
            return None
        return Principal(name=user.name, kind="user", id=user.id, role=user.role, session=mark)
