"""Users: added, changed, disabled; used by the HTTP routes and by the command line."""

import secrets

import msgspec

from apisentinel.api.access.accounts import Accounts, User
from apisentinel.api.access.gate import ROLES
from apisentinel.clock import Clock
from apisentinel.errors import RefusedError

MAX_USERS = 10_000
"""Users of one installation; all of them are held in memory."""


class People:
    """The users of an installation. All methods block."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    def all(self) -> list[User]:
        """All users, oldest first."""
        return self._accounts.users()

    def get(self, user_id: str) -> User:
        """One user.

        Raises:
            RefusedError: 404.
        """
        for user in self._accounts.users():
            if user.id == user_id:
                return user
        raise RefusedError(404, "there is no user with this id")

    def named(self, name: str) -> User:
        """The user with a name.

        Raises:
            RefusedError: 404.
        """
        for user in self._accounts.users():
            if user.name == name:
                return user
        raise RefusedError(404, f"there is no user named {name}")

    def add(self, *, name: str, role: str, password: str) -> User:
        """Adds a user.

        Args:
            name: 1 to 100 printable characters without spaces at the ends.
            role: One of `ROLES`.
            password: Hash of it.

        Raises:
            RefusedError: 409 when the name is taken, 422 for a name or role that cannot be.
        """
        check_name(name)
        check_role(role)
        users = self._accounts.users()
        if any(user.name == name for user in users):
            raise RefusedError(409, "another user has this name")
        if len(users) >= MAX_USERS:
            raise RefusedError(409, f"there are {MAX_USERS} users already")
        user = User(
            id=f"usr_{secrets.token_hex(8)}",
            name=name,
            role=role,
            password=password,
            created=self._clock.now(),
        )
        self._accounts.save_user(user)
        return user

    def change(
        self,
        user: User,
        *,
        role: str | None = None,
        password: str | None = None,
        disabled: bool | None = None,
    ) -> User:
        """Changes what is given.

        Raises:
            RefusedError: 409 when no admin would be left, 422 for a role that cannot be.
        """
        changed = user
        if role is not None:
            check_role(role)
            changed = msgspec.structs.replace(changed, role=role)
        if password is not None:
            changed = msgspec.structs.replace(changed, password=password)
        if disabled is not None:
            since = (user.disabled or self._clock.now()) if disabled else None
            changed = msgspec.structs.replace(changed, disabled=since)
        if _rules(user) and not _rules(changed):
            others = [each for each in self._accounts.users() if each.id != user.id]
            if not any(_rules(each) for each in others):
                raise RefusedError(409, "this is the last admin; make another one first")
        self._accounts.save_user(changed)
        return changed

    def has_admin(self) -> bool:
        """Whether somebody can log in as admin."""
        return any(_rules(user) for user in self._accounts.users())


def _rules(user: User) -> bool:
    return user.role == "admin" and user.disabled is None and bool(user.password)


def check_name(name: str) -> None:
    """Accepts names that can be told apart and shown.

    Raises:
        RefusedError: 422.
    """
    if not 1 <= len(name) <= 100 or not name.isprintable() or name != name.strip():
        raise RefusedError(422, "a name has 1 to 100 printable characters, no space at its ends")
    if name in {"setup", "anonymous"}:
        raise RefusedError(422, "this name means something else; choose another one")


def check_role(role: str) -> None:
    """Accepts the roles that exist.

    Raises:
        RefusedError: 422.
    """
    if role not in ROLES:
        raise RefusedError(422, f"a role is one of {', '.join(ROLES)}")
