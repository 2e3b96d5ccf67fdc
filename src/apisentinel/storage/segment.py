"""One file of the journal: an SQLite database with consecutive batches."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import apsw
import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.storage import sqlite
from apisentinel.storage.base import DamagedError, JournalEntry
from apisentinel.storage.folder import Folder, database_bytes
from apisentinel.storage.packing import Packed, checksum, decompress

VERSION = 1

PAGE_BYTES = 8192
"""Batches are tens of kilobytes: larger pages mean shorter chains of them."""

IDS_STEP = 256
"""Batches whose event ids are read at a time."""

_SCHEMA = """
CREATE TABLE head (
    first_offset INTEGER NOT NULL, first_seq INTEGER NOT NULL, created INTEGER NOT NULL
) STRICT;
CREATE TABLE entry (
    number INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, received INTEGER NOT NULL,
    count INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, crc INTEGER NOT NULL, source TEXT NOT NULL,
    idempotency BLOB, answer BLOB NOT NULL, event_ids BLOB NOT NULL, body BLOB NOT NULL
) STRICT;
"""

_INSERT = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Head(msgspec.Struct, frozen=True):
    """What a file says about itself.

    Attributes:
        first_offset: Number of the first batch that it may hold.
        first_seq: Number of the first row that it may hold.
        created: When it was begun, µs since the epoch.
        last_offset: Last batch in it, ``first_offset - 1`` when there is none.
        last_seq: Last row in it, ``first_seq - 1`` when there is none.
    """

    first_offset: int
    first_seq: int
    created: int
    last_offset: int
    last_seq: int


class Segment:
    """A file of the journal, open for writing.

    Only one thread writes. In folders with shared memory others may read meanwhile, through
    `SegmentReader`; elsewhere they share this connection and wait for each other.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        self.folder = folder
        self.name = name
        self.lock = threading.RLock()
        self._connection = sqlite.connect(folder, name, create=True, page_bytes=PAGE_BYTES)

    def begin(self, first_offset: int, first_seq: int, created: int) -> None:
        """Makes the tables of a new file."""
        with sqlite.reported(self.name), sqlite.transaction(self._connection):
            self._connection.execute(_SCHEMA)
            self._connection.execute(
                "INSERT INTO head VALUES (?, ?, ?)", (first_offset, first_seq, created)
            )
            self._connection.execute(f"PRAGMA user_version = {VERSION:d}")
        self.folder.sync()

    def verify(self) -> None:
        """Checks the structure of the file.

        Raises:
            DamagedError: Its pages contradict each other.
        """
        with sqlite.reported(self.name):
            found = self._connection.execute("PRAGMA quick_check(1)").get
        if found != "ok":
            raise DamagedError(f"{self.name} is damaged: {found}")

    def write(self, batches: Sequence[Packed], first_offset: int, first_seq: int) -> None:
        """Writes batches in one transaction; returns when they are on disk.

        Raises:
            StoreError: Nothing of it counts. The handle must not be used again.
        """
        rows = []
        offset, seq = first_offset, first_seq
        for packed in batches:
            entry = packed.entry
            rows.append(
                (
                    offset,
                    seq,
                    entry.received,
                    entry.count,
                    len(entry.body),
                    packed.crc,
                    entry.source,
                    entry.idempotency,
                    entry.answer,
                    entry.event_ids,
                    packed.body,
                )
            )
            offset += 1
            seq += entry.count
        with self.lock, sqlite.reported(self.name):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)
            self._connection.execute("COMMIT")

    def connection(self) -> apsw.Connection:
        """The connection, for readers where a file can be open only once."""
        return self._connection

    def finish(self) -> None:
        """Closes the file for good, its write-ahead log moved into it."""
        sqlite.close(self._connection)

    def abandon(self) -> None:
        """Closes a handle that has failed; the file is left as it is."""
        sqlite.close(self._connection, checkpoint=False)


class SegmentReader:
    """Reads a file of the journal. Safe for several threads, one of which is served at a time."""

    def __init__(self, folder: Folder, name: str, shared: Segment | None = None) -> None:
        """Opens a file.

        Args:
            folder: Where it is.
            name: File name.
            shared: The writer, when a file can be open only once.

        Raises:
            StoreError: It cannot be opened.
        """
        self.name = name
        self._folder = folder
        self._shared = shared
        self._lock = shared.lock if shared else threading.RLock()
        self._connection = shared.connection() if shared else sqlite.connect(folder, name)

    def close(self) -> None:
        """Closes the file, unless the writer owns it."""
        with self._lock:
            if self._shared is None:
                sqlite.close(self._connection, checkpoint=False)

    @property
    def bytes_used(self) -> int:
        """Size on disk."""
        return database_bytes(self._folder, self.name)

    def head(self) -> Head | None:
        """What the file says about itself, None when its making was cut short.

        Raises:
            StoreError: It cannot be read, or is of a newer version.
        """
        with self._lock, sqlite.reported(self.name):
            if sqlite.check_version(self._connection, self.name, VERSION) == 0:
                return None
            row = self._connection.execute("SELECT first_offset, first_seq, created FROM head").get
            if row is None:
                raise DamagedError(f"{self.name} is damaged: it has no head")
            last = self._connection.execute(
                "SELECT number, first_seq + count - 1 FROM entry ORDER BY number DESC LIMIT 1"
            ).get
        offset, seq, created = row
        last_offset, last_seq = last or (offset - 1, seq - 1)
        return Head(offset, seq, created, last_offset, last_seq)

    def last_seq(self, offset: int) -> int | None:
        """Last row of a batch, None when the batch is not here."""
        with self._lock, sqlite.reported(self.name):
            value = self._connection.execute(
                "SELECT first_seq + count - 1 FROM entry WHERE number = ?", (offset,)
            ).get
        return None if value is None else int(value)

    def entry(self, offset: int) -> JournalEntry | None:
        """A batch, None when it is not here.

        Raises:
            DamagedError: It is not what was written.
        """
        with self._lock, sqlite.reported(self.name):
            row = self._connection.execute(
                "SELECT first_seq, received, count, raw_bytes, crc, source, idempotency, answer,"
                " event_ids, body FROM entry WHERE number = ?",
                (offset,),
            ).fetchone()
        if row is None:
            return None
        first_seq, received, count, raw_bytes, crc, source, digest, answer, ids, body = row
        entry = JournalEntry(
            source, received, count, ids, decompress(body, raw_bytes), digest, answer, first_seq
        )
        if checksum(entry, body) != crc or len(ids) != 8 * count:
            raise DamagedError(f"batch {offset} in {self.name} is damaged: wrong checksum")
        return entry

    def answers(self, last_offset: int) -> Iterator[tuple[bytes, bytes]]:
        """Idempotency digests with their answers up to a batch, oldest first."""
        with self._lock, sqlite.reported(self.name):
            rows: list[Any] = self._connection.execute(
                "SELECT idempotency, answer FROM entry"
                " WHERE number <= ? AND idempotency IS NOT NULL ORDER BY number",
                (last_offset,),
            ).fetchall()
        yield from rows

    def sizes(self, first_offset: int, last_offset: int) -> Iterator[tuple[int, int]]:
        """Offsets of some batches, each with the size of its body; bodies are not read."""
        with self._lock, sqlite.reported(self.name):
            rows: list[Any] = self._connection.execute(
                "SELECT number, raw_bytes FROM entry WHERE number BETWEEN ? AND ? ORDER BY number",
                (first_offset, last_offset),
            ).fetchall()
        yield from rows

    def event_ids(self, first_offset: int, last_offset: int) -> Iterator[npt.NDArray[np.uint64]]:
        """Hashes of the event ids of some batches, many batches at a time."""
        for begin in range(first_offset, last_offset + 1, IDS_STEP):
            end = min(begin + IDS_STEP - 1, last_offset)
            with self._lock, sqlite.reported(self.name):
                rows: list[Any] = self._connection.execute(
                    "SELECT event_ids FROM entry WHERE number BETWEEN ? AND ? ORDER BY number",
                    (begin, end),
                ).fetchall()
            if rows:
                ids = b"".join(row[0] for row in rows)
                yield np.frombuffer(ids, "<u8").astype(np.uint64, copy=False)
