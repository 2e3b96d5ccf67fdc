"""The one interface of sources: where bytes come from."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from apisentinel.records.batch import Bytes

MAX_LINE = 1 << 20
"""Longest line in bytes that is delivered. The longest honest lines (audit logs with bodies) stay
below 256 KiB; a "line" of a file without line ends must not be collected in memory without
bound.
"""

DEFAULT_CHUNK = 4 << 20
"""Bytes per chunk. Below 0.5 MiB the work per chunk shows, above 8 MiB the caches suffer and memory
grows.
"""

MIN_CHUNK = 1 << 10
"""Smallest chunk size that may be asked for; smaller ones only waste time."""


class Chunk(NamedTuple):
    """Whole lines of one input.

    The consumer owns the buffer: it may rewrite it and keep it as long as it likes. Only the last
    chunk of an input may end without a line end, and it may be empty.

    Attributes:
        buffer: uint8, at least `PADDING` readable bytes after `size`.
        size: Valid bytes; the chunk ends after a newline unless it is final.
        offset: Position of its first byte in the decoded input.
        skipped: Lines longer than `MAX_LINE` that were dropped directly before this chunk.
        final: True for the last chunk of the input.
    """

    buffer: Bytes
    size: int
    offset: int
    skipped: int
    final: bool


class Source(Protocol):
    """One input, read once from beginning to end.

    Attributes:
        name: How the input is shown: the path as found, ``-`` for standard input.
        problem: What ended the input early or what is odd about it, in words; empty when all is
            well. What could be read before the problem has been delivered.
        skipped: Lines dropped so far because they are longer than `MAX_LINE`; never cut, because
            the rest of a cut line could be taken for a line of its own.
    """

    name: str
    problem: str
    skipped: int

    def peek(self, size: int) -> bytes:
        """Returns up to `size` decoded bytes from the beginning without consuming them. Only before
        `chunks`.

        May block like `chunks`. Raises SourceError when the input cannot be read at all.
        """
        ...

    def chunks(self) -> Iterator[Chunk]:
        """Yields the input in order, cut at line ends; an empty input yields one empty final chunk.

        Blocks while the operating system has no bytes. Raises SourceError when the input cannot be
        opened; a damaged or truncated compressed input and a read error on the way do not raise,
        the input ends there and `problem` is set. May be called once. The lines delivered and
        skipped are the same for every chunk size. Not thread-safe; a second thread may call
        `progress`.
        """
        ...

    def read_all(self, limit: int) -> bytes:
        """Returns the whole decoded input, for documents that are not lines. Instead of `chunks`.

        Raises SourceError when it is longer than `limit` bytes or cannot be read.
        """
        ...

    def progress(self) -> tuple[int, int | None]:
        """Bytes consumed as stored (compressed), and their total, None when nobody knows."""
        ...

    def close(self) -> None:
        """Gives back what the operating system lent. Safe to call at any time and twice."""
        ...
