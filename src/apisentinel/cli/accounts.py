"""``apisentinel keys`` and ``users``: accounts of a data folder, while the service runs or not."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from apisentinel.cli import messages
from apisentinel.cli.outcome import Exit
from apisentinel.cli.visible import visible
from apisentinel.errors import ConfigError, RefusedError

if TYPE_CHECKING:
    from apisentinel.storage.control import ControlStore

ACTOR = "command line"
DAY_US = 86_400_000_000


class Folder:
    """Accounts of a data folder."""

    def __init__(self, data_dir: Path, store: "ControlStore") -> None:
        from apisentinel.api.access.keyring import KeyRing
        from apisentinel.api.access.people import People
        from apisentinel.api.access.secret import load_secret
        from apisentinel.clock import SystemClock

        clock = SystemClock()
        self.store = store
        self.now = clock.now()
        self.keys: KeyRing = KeyRing(store, load_secret(data_dir), clock)
        self.people: People = People(store, clock)

    def note(self, action: str, target: str, **detail: object) -> None:
        """Puts a change into the audit."""
        self.store.audit(
            actor=f"{ACTOR} ({getpass.getuser()})",
            action=action,
            target=target,
            result="done",
            detail=detail,
        )


@contextmanager
def folder(data_dir: str | None, config: str | None = None) -> Iterator[Folder]:
    """Opens the accounts of a data folder, which is made when it is missing.

    Raises:
        ConfigError: The folder cannot be used, or what was asked for cannot be.
    """
    from apisentinel.cli.configuration import load_service
    from apisentinel.clock import SystemClock
    from apisentinel.pipeline.installation import CONTROL_FOLDER, make_folder
    from apisentinel.storage.control import ControlStore

    path = load_service(config, {"data_dir": data_dir}).data_dir
    make_folder(path)
    store = ControlStore(path / CONTROL_FOLDER, SystemClock())
    try:
        yield Folder(path, store)
    except RefusedError as refused:
        raise ConfigError(str(refused)) from None
    finally:
        store.close()


def create_key(data_dir: str | None, name: str, scopes: str, expires_days: int | None) -> int:
    """Makes a key and prints it alone on standard output."""
    wanted = tuple(part.strip() for part in scopes.split(",") if part.strip())
    with folder(data_dir) as opened:
        expires = None if expires_days is None else opened.now + expires_days * DAY_US
        text, key = opened.keys.create(name=name, scopes=wanted, actor=ACTOR, expires=expires)
        opened.note("key.create", f"key:{key.id}", name=name, scopes=list(key.scopes))
    _print(text)
    return Exit.DONE


def list_keys(data_dir: str | None) -> int:
    """Prints one line per key."""
    from apisentinel.api.query.moments import moment_text

    with folder(data_dir) as opened:
        for key in opened.keys.all():
            state = (
                "active"
                if key.works(opened.now)
                else "revoked"
                if key.revoked is not None
                else "expired"
            )
            used = "never used" if key.last_used is None else f"used {moment_text(key.last_used)}"
            _print("\t".join((key.id, state, ",".join(key.scopes), used, visible(key.name))))
    return Exit.DONE


def revoke_key(data_dir: str | None, key_id: str) -> int:
    """Ends a key."""
    with folder(data_dir) as opened:
        key = opened.keys.revoke(_key_id(key_id))
        opened.note("key.revoke", f"key:{key.id}")
    messages.note(f"{key.id} works no more; a running service notices within two seconds.")
    return Exit.DONE


def rotate_key(data_dir: str | None, key_id: str, overlap_hours: float) -> int:
    """Makes the successor of a key and prints it alone on standard output."""
    with folder(data_dir) as opened:
        seconds = round(overlap_hours * 3600)
        text, key = opened.keys.rotate(_key_id(key_id), overlap_seconds=seconds, actor=ACTOR)
        opened.note("key.rotate", f"key:{_key_id(key_id)}", successor=key.id, overlap=seconds)
    messages.note(f"The old key works for another {overlap_hours:g} h.")
    _print(text)
    return Exit.DONE


def _key_id(text: str) -> str:
    """The id of a key, also when somebody hands in the whole key."""
    return text.partition(".")[0]


def add_user(data_dir: str | None, name: str, role: str) -> int:
    """Adds a user; the password comes from standard input."""
    from apisentinel.api.access.passwords import Passwords

    with folder(data_dir) as opened:
        hashed = Passwords().hash_now(_password())
        user = opened.people.add(name=name, role=role, password=hashed)
        opened.note("user.add", f"user:{user.id}", name=name, role=role)
    messages.note(f"{user.name} may log in as {user.role}.")
    return Exit.DONE


def list_users(data_dir: str | None) -> int:
    """Prints one line per user."""
    from apisentinel.api.query.moments import moment_text

    with folder(data_dir) as opened:
        for user in opened.people.all():
            state = "active" if user.disabled is None else "disabled"
            last = user.last_login
            seen = "never logged in" if last is None else f"logged in {moment_text(last)}"
            _print("\t".join((visible(user.name), user.role, state, seen)))
    return Exit.DONE


def disable_user(data_dir: str | None, name: str) -> int:
    """Keeps a user out."""
    with folder(data_dir) as opened:
        user = opened.people.change(opened.people.named(name), disabled=True)
        _end_sessions(opened, user.id)
        opened.note("user.disable", f"user:{user.id}")
    messages.note(f"{user.name} is out; a running service notices within two seconds.")
    return Exit.DONE


def reset_user(data_dir: str | None, name: str) -> int:
    """Gives a user another password, from standard input, and lets them in again."""
    from apisentinel.api.access.passwords import Passwords

    with folder(data_dir) as opened:
        hashed = Passwords().hash_now(_password())
        user = opened.people.change(opened.people.named(name), password=hashed, disabled=False)
        _end_sessions(opened, user.id)
        opened.note("user.reset", f"user:{user.id}")
    messages.note(f"{user.name} has another password; their sessions have ended.")
    return Exit.DONE


def _end_sessions(opened: Folder, user_id: str) -> None:
    opened.store.remove_sessions(
        [each.digest for each in opened.store.sessions() if each.user == user_id]
    )


def _password() -> str:
    """A password, asked for twice on a terminal, else one line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise ConfigError("the two passwords differ")
    return password


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
