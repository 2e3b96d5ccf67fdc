"""Checkpoints: the whole state after a batch, one database file each, there whole or not at all."""

import hashlib
import threading
from collections.abc import Iterator, Mapping

import msgspec

from apisentinel.clock import Clock
from apisentinel.errors import StoreError
from apisentinel.storage import sqlite
from apisentinel.storage.base import Damage, DamagedError, NewerVersionError
from apisentinel.storage.folder import Folder, database_bytes, remove_database, sweep
from apisentinel.storage.packing import compress, decompress

VERSION = 1
PREFIX, SUFFIX = "checkpoint-", ".db"

CHUNK = 4 << 20
"""Bytes of a part that are compressed and stored at a time."""

PAGE_BYTES = 32_768

_SCHEMA = """
CREATE TABLE head (
    journal_offset INTEGER NOT NULL, last_seq INTEGER NOT NULL, created INTEGER NOT NULL
) STRICT;
CREATE TABLE part (
    name TEXT PRIMARY KEY, raw_bytes INTEGER NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE chunk (
    name TEXT NOT NULL, number INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (name, number)
) STRICT;
"""


class Checkpoint(msgspec.Struct, frozen=True):
    """A checkpoint that is on disk, without its content."""

    name: str
    offset: int
    last_seq: int
    created: int


class Checkpoints:
    """The newest checkpoints of a folder.

    Attributes:
        damage: Files that could not be read.
    """

    def __init__(self, folder: Folder, keep: int, level: int, clock: Clock) -> None:
        self._folder = folder
        self._keep = keep
        self._level = level
        self._clock = clock
        self._lock = threading.Lock()
        self.damage: list[Damage] = []
        self._known = self._list()

    def _list(self) -> list[Checkpoint]:
        sweep(self._folder, PREFIX, SUFFIX)
        known = []
        for name in self._folder.names():
            if not (name.startswith(PREFIX) and name.endswith(SUFFIX)):
                continue
            try:
                found = self._head(name)
            except NewerVersionError:
                raise
            except DamagedError as problem:
                self.damage.append(Damage(name, 0, 0, 0, str(problem)))
                continue
            if found is None:  # cut short
                remove_database(self._folder, name)
            else:
                known.append(found)
        return known

    def _head(self, name: str) -> Checkpoint | None:
        connection = sqlite.connect(
            self._folder, name, journal_mode="delete", synchronous="EXTRA", page_bytes=PAGE_BYTES
        )
        try:
            with sqlite.reported(name):
                if sqlite.check_version(connection, name, VERSION) == 0:
                    return None
                row = connection.execute("SELECT journal_offset, last_seq, created FROM head").get
        finally:
            sqlite.close(connection)
        if row is None:
            raise DamagedError(f"{name} is damaged: it has no head")
        return Checkpoint(name, *row)

    @property
    def newest(self) -> Checkpoint | None:
        """The checkpoint that a restart would try first."""
        with self._lock:
            return self._known[-1] if self._known else None

    @property
    def oldest_offset(self) -> int:
        """Batches after this one are needed by some checkpoint; 0 when there is none."""
        with self._lock:
            return min((known.offset for known in self._known), default=0)

    @property
    def bytes_used(self) -> int:
        """Size on disk."""
        names = [n for n in self._folder.names() if n.startswith(PREFIX) and n.endswith(SUFFIX)]
        return sum(database_bytes(self._folder, name) for name in names)

    def save(self, offset: int, last_seq: int, parts: Mapping[str, bytes]) -> None:
        """Writes a checkpoint and lets go of the oldest.

        Raises:
            StoreError: The disk refuses; the earlier checkpoints are as they were.
        """
        with self._lock:
            numbers = [
                int(n.removeprefix(PREFIX)[:10])
                for n in self._folder.names()
                if n.startswith(PREFIX) and n.removeprefix(PREFIX)[:10].isdigit()
            ]
            name = f"{PREFIX}{max(numbers, default=0) + 1:010d}{SUFFIX}"
            created = self._clock.now()
            try:
                self._write(name, Checkpoint(name, offset, last_seq, created), parts)
            except BaseException:
                self._discard(name)
                raise
            self._known.append(Checkpoint(name, offset, last_seq, created))
            while len(self._known) > self._keep:
                remove_database(self._folder, self._known.pop(0).name)

    def _write(self, name: str, head: Checkpoint, parts: Mapping[str, bytes]) -> None:
        connection = sqlite.connect(
            self._folder,
            name,
            create=True,
            journal_mode="delete",
            synchronous="EXTRA",
            page_bytes=PAGE_BYTES,
        )
        try:
            with sqlite.reported(name):
                with sqlite.transaction(connection):
                    connection.execute(_SCHEMA)
                    for part, data in parts.items():
                        view = memoryview(data)
                        connection.execute(
                            "INSERT INTO part VALUES (?, ?, ?)",
                            (part, len(view), hashlib.blake2b(view, digest_size=32).digest()),
                        )
                        for number, begin in enumerate(range(0, len(view), CHUNK)):
                            piece = bytes(view[begin : begin + CHUNK])
                            body = compress(piece, self._level)
                            connection.execute(
                                "INSERT INTO chunk VALUES (?, ?, ?, ?)",
                                (part, number, len(piece), body),
                            )
                    connection.execute(
                        "INSERT INTO head VALUES (?, ?, ?)",
                        (head.offset, head.last_seq, head.created),
                    )
                    connection.execute(f"PRAGMA user_version = {VERSION:d}")
                self._folder.sync()
        finally:
            sqlite.close(connection)

    def _discard(self, name: str) -> None:
        try:
            remove_database(self._folder, name)
        except OSError:  # it has no head, so the next start removes it
            return

    def load(self) -> tuple[int, "Stored"] | None:
        """The newest checkpoint that is whole: offset and parts; None when there is none.

        All of it is read and checked here, and nothing of it kept. A damaged one is set aside, and
        reported in `damage`.
        """
        with self._lock:
            for known in reversed(self._known.copy()):
                try:
                    return known.offset, Stored(self._folder, known.name)
                except StoreError as problem:
                    self.damage.append(Damage(known.name, 0, 0, 0, str(problem)))
                    self._known.remove(known)
                    self._folder.rename(known.name, known.name + ".damaged")
        return None


class Stored(Mapping[str, bytes]):
    """The parts of a checkpoint on disk, each read when it is asked for; the file may go meanwhile.

    Raises:
        StoreError: A part cannot be read or is not as it was written; also by access.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        """Opens a checkpoint and checks all of it."""
        self._name = name
        self._connection = sqlite.connect(
            folder, name, journal_mode="delete", synchronous="EXTRA", page_bytes=PAGE_BYTES
        )
        try:
            with sqlite.reported(name):
                rows = self._connection.execute(
                    "SELECT name, raw_bytes, digest FROM part ORDER BY rowid"
                )
                self._heads = {str(part): (size, digest) for part, size, digest in rows}
            for part in self._heads:
                self._check(part)
        except BaseException:
            sqlite.close(self._connection)
            raise

    def __len__(self) -> int:
        """Number of parts."""
        return len(self._heads)

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        return iter(self._heads)

    def __getitem__(self, part: str) -> bytes:
        """A part; KeyError when there is none of this name."""
        size, _ = self._heads[part]
        data = b"".join(self._pieces(part))
        if len(data) != size:
            raise DamagedError(f"{self._name} is damaged: part {part!r} is not as written")
        return data

    def _pieces(self, part: str) -> Iterator[bytes]:
        with sqlite.reported(self._name):
            chunks = self._connection.execute(
                "SELECT body, raw_bytes FROM chunk WHERE name = ? ORDER BY number", (part,)
            )
            for body, size in chunks:
                yield decompress(body, size)

    def _check(self, part: str) -> None:
        size, digest = self._heads[part]
        state = hashlib.blake2b(digest_size=32)
        found = 0
        for piece in self._pieces(part):
            state.update(piece)
            found += len(piece)
        if found != size or state.digest() != digest:
            raise DamagedError(f"{self._name} is damaged: part {part!r} is not as written")
