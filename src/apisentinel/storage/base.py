"""The stores as their users see them: entries, answers, errors, and one interface per store."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.errors import StoreError
from apisentinel.storage.columns import Table


class DiskFullError(StoreError):
    """The disk is full, or so nearly full that nothing more is taken in. Reading still works."""


class QueueFullError(StoreError):
    """More waits to be written than the settings allow; try again in a moment."""


class DamagedError(StoreError):
    """A file of a store is not what was written."""


class NewerVersionError(StoreError):
    """A file was written by a newer version of the product."""


class StaleVersionError(StoreError):
    """Somebody else has changed the record since it was read.

    Attributes:
        current: Version of the record now.
        findings: Mark of what detection says of it now, empty when it says nothing.
    """

    def __init__(self, detail: str, current: int, findings: str = "") -> None:
        super().__init__(detail)
        self.current = current
        self.findings = findings


class JournalEntry(msgspec.Struct):
    """One accepted batch.

    Attributes:
        source: Where it came from, such as ``http``.
        received: When it was received, µs since the epoch.
        count: Rows.
        event_ids: Keyed hashes of the event ids, ``count`` times 8 bytes, little endian.
        body: Encoded batch; the journal compresses it.
        idempotency: 16-byte digest of the sender's key, None without one.
        answer: What the sender was answered, given again when the key is seen again.
        first_seq: Number of its first row; filled in by the journal.
    """

    source: str
    received: int
    count: int
    event_ids: bytes
    body: bytes
    idempotency: bytes | None = None
    answer: bytes = b""
    first_seq: int = 0


class Committed(msgspec.Struct, frozen=True):
    """Where an accepted batch is, once it is on disk.

    Attributes:
        offset: Number of the batch, from 1, without gaps.
        first_seq: Number of its first row; rows count from 1 over all batches.
    """

    offset: int
    first_seq: int


class Damage(msgspec.Struct, frozen=True):
    """Something that was acknowledged and cannot be read any more.

    Attributes:
        file: Name of the file.
        first_offset: First batch that is missing.
        last_offset: Last batch that is missing.
        rows: Rows that are missing, 0 when that is not known.
        reason: What was found.
    """

    file: str
    first_offset: int
    last_offset: int
    rows: int
    reason: str


class JournalStore(Protocol):
    """Accepted batches in order. All methods may be called from any thread."""

    @property
    def first_offset(self) -> int:
        """Oldest batch that is still kept; ``last_offset + 1`` when there is none."""
        ...

    @property
    def last_offset(self) -> int:
        """Newest batch on disk, 0 before the first one."""
        ...

    @property
    def last_seq(self) -> int:
        """Number of the newest row on disk, 0 before the first one."""
        ...

    @property
    def bytes_used(self) -> int:
        """Size on disk."""
        ...

    def append(self, entry: JournalEntry) -> Future[Committed]:
        """Hands over a batch; the future is done when it is on disk.

        The future fails with StoreError when the disk refuses; nothing of the batch is then kept.
        """
        ...

    def read(self, after_offset: int, limit_bytes: int) -> list[tuple[int, int, JournalEntry]]:
        """Batches after an offset in order: ``(offset, first_seq, entry)``.

        Gives at least one batch when there is one, and stops after ``limit_bytes`` of body.
        """
        ...

    def seen_idempotency(self, digest: bytes) -> bytes | None:
        """The answer that was given to a key, None when the key is new or forgotten."""
        ...

    def recent_event_ids(self, window: int) -> Iterator[npt.NDArray[np.uint64]]:
        """Hashes of the newest ``window`` event ids, oldest first, some batches at a time."""
        ...

    def save_checkpoint(self, offset: int, parts: Mapping[str, bytes]) -> None:
        """Keeps the state as it was after a batch; a crash leaves the old one or the new one."""
        ...

    def load_checkpoint(self) -> tuple[int, Mapping[str, bytes]] | None:
        """The newest checkpoint that is whole, None when there is none."""
        ...

    def trim(self, keep_after_offset: int) -> int:
        """Lets go of old batches up to an offset; gives how many bytes became free."""
        ...

    def close(self) -> None:
        """Writes what was handed over and closes the files."""
        ...


class EventRows(Protocol):
    """Judged requests. All methods may be called from any thread."""

    @property
    def last_seq(self) -> int:
        """Newest row that was handed over and is not lost by a restart."""
        ...

    def put(self, table: Table) -> None:
        """Hands over rows in the shape of EVENT_SCHEMA, blocking while the queue is full."""
        ...

    def flush(self) -> None:
        """Returns when everything handed over so far can be queried and survives a crash."""
        ...

    def close(self) -> None:
        """Flushes and closes the files."""
        ...
