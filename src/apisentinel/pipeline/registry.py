"""The bundles of an installation, and which of them judges: candidate → shadow → active → retired.

The state is one small file beside the bundles, replaced as a whole. Everybody who changes it, the
service or a command beside it, holds a lock on the folder; the service notices changes by others.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from apisentinel.clock import Clock
from apisentinel.errors import ModelError
from apisentinel.models.bundle import Bundle, copy_bundle, read_bundle
from apisentinel.models.trust import TrustStore
from apisentinel.pipeline.installation import write_whole

FOLDER = "models"
"""Where the bundles are in the data folder."""
STATE_NAME, LOCK_NAME = "registry.json", "registry.lock"
MAX_BUNDLES = 50
"""Bundles kept; a new one makes the longest retired give way."""
MAX_HISTORY = 200
MAX_STATE = 4 << 20

State = Literal["candidate", "shadow", "active", "retired"]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change of the registry.

    Attributes:
        at: Wall clock, µs.
        by: Who did it.
        bundle: Id of the bundle; empty for "none is active any more".
        state: What it became.
        before: Id of the bundle that was active before.
        why: In words.
    """

    at: int
    by: str
    bundle: str
    state: State
    before: str = ""
    why: str = ""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the registry knows of a bundle."""

    id: str
    state: State
    added: int
    added_by: str
    changed: int
    signed_by: str
    signed_at: str
    bytes: int


class Registered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state file."""

    version: int = 1
    entries: tuple[Entry, ...] = ()
    history: tuple[Step, ...] = ()

    def of_state(self, state: State) -> Entry | None:
        """The bundle of a state that only one can have."""
        return next((entry for entry in self.entries if entry.state == state), None)


class Registry:
    """Bundles of one data folder.

    May block on the disk; every method raises `ModelError` when the folder cannot be used. Safe
    against other processes, not against other threads of this one.

    Args:
        folder: ``models`` in the data folder; made when something is added.
        trust: Gives the trusted keys as they are now.
        clock: Tells the time of changes.
        check: Loads a bundle as a service would, raises `ModelError` when it cannot be used; called
            before a bundle comes in and before it judges.
    """

    def __init__(
        self,
        folder: Path,
        trust: Callable[[], TrustStore],
        clock: Clock,
        check: Callable[[Path], None],
    ) -> None:
        self.folder = folder
        self.trust = trust
        self.clock = clock
        self.check = check

    # ------------------------------------------------------------------------------------ reading

    def read(self) -> Registered:
        """The state as it is on disk."""
        path = self.folder / STATE_NAME
        try:
            with path.open("rb") as file:
                return msgspec.json.decode(file.read(MAX_STATE), type=Registered)
        except FileNotFoundError:
            return Registered()
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}") from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ModelError(
                f"{path} is damaged: {error}; restore it from a backup, or remove it and add the"
                " bundles again"
            ) from error

    def stamp(self) -> tuple[int, int]:
        """Changes whenever the state does: time (ns) and size of its file."""
        try:
            about = (self.folder / STATE_NAME).stat()
        except OSError:
            return 0, 0
        return about.st_mtime_ns, about.st_size

    def entry(self, name: str) -> Entry:
        """A bundle by its id or a beginning of it that only one has."""
        found = [entry for entry in self.read().entries if entry.id.startswith(name)]
        if not name or not found:
            raise ModelError(f"there is no bundle {name[:40]!r}; see 'apisentinel models list'")
        if len(found) > 1:
            raise ModelError(f"several bundles begin with {name}: write more of the id")
        return found[0]

    def place(self, entry: Entry) -> Path:
        """Folder of a bundle."""
        return self.folder / entry.id

    def bundle(self, entry: Entry) -> Bundle:
        """A bundle, proved genuine."""
        return read_bundle(self.place(entry), self.trust())

    def active(self) -> Path | None:
        """Folder of the bundle that judges, None when none does."""
        entry = self.read().of_state("active")
        return None if entry is None else self.place(entry)

    # ----------------------------------------------------------------------------------- changing

    def add(self, source: Path, by: str) -> Entry:
        """Takes a copy of a bundle in as a candidate, after it was proved and tried.

        A bundle that is here already stays as it is.
        """
        bundle = read_bundle(source, self.trust())
        known = next((item for item in self.read().entries if item.id == bundle.id), None)
        if known is not None:
            return known
        self.check(source)
        size = sum(map(len, bundle.parts.values()))
        now = self.clock.now()
        entry = Entry(
            bundle.id, "candidate", now, by, now, bundle.signed_by, bundle.signed_at, size
        )
        with self._locked():
            copy_bundle(source, self.folder / bundle.id, self.trust())
            state = self.read()
            kept, gone = _with_room(state.entries)
            step = Step(now, by, bundle.id, "candidate")
            self._save(Registered(1, (*kept, entry), (*state.history, step)))
        for old in gone:
            shutil.rmtree(self.folder / old.id, ignore_errors=True)
        return entry

    def activate(self, name: str, by: str, why: str = "") -> Entry:
        """Lets a bundle judge; the one before is retired."""
        entry = self.entry(name)
        self.check(self.place(entry))
        return self._move(entry, "active", by, why)

    def shadow(self, name: str, by: str, why: str = "") -> Entry:
        """Lets a bundle judge beside the active one, without effect."""
        entry = self.entry(name)
        if entry.state == "active":
            raise ModelError(f"{entry.id} is active: it cannot be its own shadow")
        self.check(self.place(entry))
        return self._move(entry, "shadow", by, why)

    def refuse(self, name: str, by: str, why: str) -> Entry:
        """Leaves a bundle a candidate, or makes a shadow one again, and keeps the reason."""
        entry = self.entry(name)
        if entry.state == "active":
            raise ModelError(f"{entry.id} is active: retire it, or roll back")
        return self._move(entry, "candidate", by, why)

    def retire(self, name: str, by: str, why: str = "") -> Entry:
        """Takes a bundle out of service; without an active one, what comes with the product
        judges.
        """
        return self._move(self.entry(name), "retired", by, why)

    def rollback(self, by: str, why: str = "") -> Entry | None:
        """Goes back to what judged before the active bundle.

        Returns:
            The bundle that judges now, None when it is what comes with the product.
        """
        state = self.read()
        active = state.of_state("active")
        if active is None:
            raise ModelError("no bundle is active, so there is nothing to go back from")
        steps = [
            step for step in state.history if (step.bundle, step.state) == (active.id, "active")
        ]
        before = steps[-1].before if steps else ""
        if not any(entry.id == before for entry in state.entries):
            self.retire(active.id, by, why or "rollback")
            return None
        return self.activate(before, by, why or "rollback")

    def remove(self, name: str, by: str) -> Entry:
        """Forgets a bundle that does not judge and removes its files."""
        entry = self.entry(name)
        if entry.state in ("active", "shadow"):
            raise ModelError(f"{entry.id} is {entry.state}: retire it first")
        with self._locked():
            state = self.read()
            kept = tuple(item for item in state.entries if item.id != entry.id)
            step = Step(self.clock.now(), by, entry.id, "retired", why="removed")
            self._save(Registered(1, kept, (*state.history, step)))
        shutil.rmtree(self.place(entry), ignore_errors=True)
        return entry

    def _move(self, entry: Entry, to: State, by: str, why: str) -> Entry:
        now = self.clock.now()
        with self._locked():
            state = self.read()
            active = state.of_state("active")
            moved = []
            for item in state.entries:
                if item.id == entry.id:
                    item = msgspec.structs.replace(item, state=to, changed=now)  # noqa: PLW2901 (the changed one takes its place)
                    entry = item
                elif to in ("active", "shadow") and item.state == to:
                    item = msgspec.structs.replace(  # noqa: PLW2901 (one of them steps down)
                        item, state="retired" if to == "active" else "candidate", changed=now
                    )
                moved.append(item)
            before = active.id if active is not None and active.id != entry.id else ""
            step = Step(now, by, entry.id, to, before, why)
            self._save(Registered(1, tuple(moved), (*state.history, step)))
        return entry

    def _save(self, state: Registered) -> None:
        state = msgspec.structs.replace(state, history=state.history[-MAX_HISTORY:])
        try:
            write_whole(self.folder / STATE_NAME, msgspec.json.encode(state))
        except OSError as error:
            raise ModelError(f"{self.folder} cannot be written: {error.strerror}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ModelError(f"{self.folder} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def _with_room(entries: tuple[Entry, ...]) -> tuple[list[Entry], list[Entry]]:
    """Entries with room for one more, and those that give way."""
    kept, gone = list(entries), []
    while len(kept) >= MAX_BUNDLES:
        idle = [item for item in kept if item.state in ("retired", "candidate")]
        if not idle:
            break
        oldest = min(idle, key=lambda item: (item.state != "retired", item.changed))
        kept.remove(oldest)
        gone.append(oldest)
    return kept, gone


def differences(first: Bundle, second: Bundle) -> dict[str, tuple[Any, Any]]:
    """What two bundles say differently of themselves, by dotted name; parts by size."""
    one, other = _flat(first), _flat(second)
    return {
        name: (one.get(name), other.get(name))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    }


def _flat(bundle: Bundle) -> dict[str, Any]:
    out = {f"parts.{name}": part.bytes for name, part in bundle.manifest.parts.items()}
    level: list[tuple[str, Any]] = [("", bundle.manifest.about)]
    while level:
        head, value = level.pop()
        if isinstance(value, dict):
            level += [(f"{head}.{key}" if head else str(key), item) for key, item in value.items()]
        else:
            out[head] = value
    return out


def open_registry(data_dir: Path, trust_folder: Path, clock: Clock) -> Registry:
    """The registry of a data folder, with the check in a process of its own."""
    from apisentinel.pipeline.model_check import check_apart  # noqa: PLC0415 (starts processes)

    return Registry(
        data_dir / FOLDER,
        lambda: TrustStore.load(trust_folder),
        clock,
        lambda folder: check_apart(folder, trust_folder),
    )


__all__ = ["Entry", "Registered", "Registry", "State", "Step", "differences",
           "open_registry"]  # fmt: skip
