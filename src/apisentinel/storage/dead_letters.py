"""Dead letters: input that gave no request, kept with the reason so that it can be replayed."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import msgspec

from apisentinel.storage.control_base import ControlBase
from apisentinel.storage.query import Condition, Field, Fields, Kind, Listing, Page

HEAD_BYTES: Final = 200
"""First bytes of a letter that lists show."""

LONGEST_REASON: Final = 500

DEAD_LETTER_FIELDS = Fields(
    "number",
    [
        Field("number", Kind.INTEGER, sortable=True),
        Field("received", Kind.MOMENT, sortable=True),
        Field("source", Kind.TEXT, sortable=True),
        Field("reason", Kind.TEXT, sortable=True),
        Field("position", Kind.INTEGER, sortable=True),
        Field("size", Kind.INTEGER, sortable=True),
        Field("head", Kind.TEXT),
        Field("replayed", Kind.MOMENT, sortable=True),
    ],
)


class Line(Protocol):
    """Input that gave no request."""

    @property
    def raw(self) -> bytes:
        """Its bytes, secrets replaced."""
        ...

    @property
    def reason(self) -> str:
        """Why it gave none."""
        ...

    @property
    def offset(self) -> int:
        """Where it stood in its input, -1 when that means nothing."""
        ...


class DeadLetter(msgspec.Struct, frozen=True):
    """A letter with its content.

    Attributes:
        size: Bytes that it had; `body` is shorter when it was cut.
        digest: SHA-256 of all its bytes.
        replayed: When it was sent in again, µs since the epoch; None when it was not.
    """

    number: int
    received: int
    source: str
    reason: str
    position: int | None
    size: int
    digest: bytes
    body: bytes
    replayed: int | None

    @property
    def whole(self) -> bool:
        """Whether nothing was cut off, so that it can be replayed."""
        return len(self.body) == self.size


class DeadLetterTable(ControlBase):
    """Table of dead letters; the oldest give way when there are too many."""

    most_dead_letters: int
    dead_letter_bytes: int

    def put_dead_letters(self, source: str, lines: Iterable[Line]) -> range:
        """Keeps lines; they are on disk when it returns.

        Returns:
            Their numbers.

        Raises:
            StoreError: The disk refuses; none of them is kept.
        """
        now = self._clock.now()
        rows = [_row(now, source, line, self.dead_letter_bytes) for line in lines]
        if not rows:
            return range(0)
        with self.writing() as connection:
            connection.executemany(
                "INSERT INTO dead_letter (received, source, reason, position, size, digest, head,"
                " body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            connection.execute(
                "DELETE FROM dead_letter WHERE number <= (SELECT max(number) FROM dead_letter) - ?",
                (self.most_dead_letters,),
            )
            end = connection.last_insert_rowid() + 1
        return range(end - len(rows), end)

    def take_back_dead_letters(self, numbers: range) -> None:
        """Removes letters whose submission was refused after all: they come again with it.

        Raises:
            StoreError: The disk refuses; all of them are kept.
        """
        with self.writing() as connection:
            connection.execute(
                "DELETE FROM dead_letter WHERE number >= ? AND number < ?",
                (numbers.start, numbers.stop),
            )

    def list_dead_letters(self, conditions: Sequence[Condition], page: Page) -> Listing:
        """A page of dead letters without their content; ``digest`` is hexadecimal.

        Raises:
            FilterError: A condition or the page cannot be used.
        """
        found = self.listing(
            "dead_letter",
            DEAD_LETTER_FIELDS,
            conditions,
            page,
            "number, received, source, reason, position, size, digest, head, replayed",
        )
        for item in found.items:
            item["digest"] = item["digest"].hex()
        return found

    def dead_letter(self, number: int) -> DeadLetter | None:
        """A letter with its content, None when there is none of this number."""
        rows = self.rows(
            "SELECT number, received, source, reason, position, size, digest, body, replayed"
            " FROM dead_letter WHERE number = ?",
            (number,),
        )
        return DeadLetter(*rows[0]) if rows else None

    def open_dead_letters(self, after: int, limit: int) -> list[DeadLetter]:
        """Letters that were not replayed, in order of their numbers."""
        rows = self.rows(
            "SELECT number, received, source, reason, position, size, digest, body, replayed"
            " FROM dead_letter WHERE number > ? AND replayed IS NULL ORDER BY number LIMIT ?",
            (after, limit),
        )
        return [DeadLetter(*row) for row in rows]

    def mark_replayed(self, numbers: Sequence[int]) -> None:
        """Notes that letters were sent in again."""
        now = self._clock.now()
        with self.writing() as connection:
            connection.executemany(
                "UPDATE dead_letter SET replayed = ? WHERE number = ?",
                [(now, number) for number in numbers],
            )

    def dead_letter_count(self) -> int:
        """Letters that were not replayed."""
        return int(self.rows("SELECT count(*) FROM dead_letter WHERE replayed IS NULL")[0][0])


class DeadLetterBox:
    """Where sources put what they cannot read."""

    def __init__(self, store: DeadLetterTable) -> None:
        self._store = store

    def put(self, source: str, lines: Iterable[Line]) -> range:
        """Keeps lines; they are on disk when it returns.

        Returns:
            Their numbers.

        Raises:
            StoreError: The disk refuses; none of them is kept.
        """
        return self._store.put_dead_letters(source, lines)

    def take_back(self, numbers: range) -> None:
        """Removes lines again.

        Raises:
            StoreError: The disk refuses; all of them are kept.
        """
        self._store.take_back_dead_letters(numbers)


def _row(now: int, source: str, line: Line, kept: int) -> tuple[Any, ...]:
    raw = bytes(line.raw)
    return (
        now,
        source,
        line.reason[:LONGEST_REASON],
        line.offset if line.offset >= 0 else None,
        len(raw),
        hashlib.sha256(raw).digest(),
        raw[:HEAD_BYTES].decode("utf-8", "replace"),
        raw[:kept],
    )
