"""Files and standard input, streamed in chunks of whole lines."""

import os
import stat
import sys
from collections.abc import Iterator
from io import BufferedIOBase, FileIO, RawIOBase
from typing import cast

import numpy as np

from apisentinel.errors import SourceError
from apisentinel.kernels.bytes import PADDING
from apisentinel.records.batch import Bytes
from apisentinel.sources.base import DEFAULT_CHUNK, MAX_LINE, MIN_CHUNK, Chunk
from apisentinel.sources.decoding import (
    UNSUPPORTED,
    Decoder,
    PlainDecoder,
    Stored,
    open_decoder,
)

STDIN = "-"
"""Name of standard input on the command line."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some editors put it in front of UTF-8; it is no part of the first line."""

FIRST_CHUNK = 1 << 20
"""Bytes of the first chunk; the next ones are twice as large until they reach the chunk size, so
that what works on chunks side by side does not wait long for its first one.
"""

WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""First bytes of UTF-16 text, which no log format here is written in."""


class FileSource:
    """One file, pipe or standard input; plain, gzip or zstd. See `Source`.

    Binary files are delivered as they are (their lines will not parse); packed formats that cannot
    be read and UTF-16 raise SourceError with the command that makes them readable. A file that is
    packed by its name but does not begin so, nor with text, delivers nothing and says why.

    Cost: 30–70 ns per log line plain, 110–170 ns packed.
    """

    __slots__ = (
        "_chunk_size",
        "_decoder",
        "_head",
        "_next_size",
        "_raw",
        "_stored",
        "_total",
        "name",
        "problem",
        "skipped",
    )

    def __init__(
        self,
        name: str,
        *,
        chunk_size: int = DEFAULT_CHUNK,
        stream: RawIOBase | BufferedIOBase | None = None,
    ) -> None:
        """Remembers what to read; nothing is opened yet.

        Args:
            name: Path, or ``-`` for standard input.
            chunk_size: Bytes per chunk, at least `MIN_CHUNK`.
            stream: Read this instead of opening `name`.

        Raises:
            SourceError: The chunk size is too small.
        """
        if chunk_size < MIN_CHUNK:
            raise SourceError(
                f"chunk size {chunk_size} is too small: use {MIN_CHUNK} bytes or more"
            )
        self.name = name
        self.problem = ""
        self.skipped = 0
        self._chunk_size = chunk_size
        self._next_size = min(FIRST_CHUNK, chunk_size)
        self._raw: RawIOBase | BufferedIOBase | None = stream
        self._stored: Stored | None = None
        self._decoder: Decoder | None = None
        self._total: int | None = None
        self._head = b""

    def peek(self, size: int) -> bytes:
        """See `Source`."""
        decoder = self._open()
        missing = size - len(self._head)
        if missing > 0:
            space = bytearray(missing)
            count = self._fill(decoder, memoryview(space))
            self._head += bytes(space[:count])
        return self._head[:size]

    def chunks(self) -> Iterator[Chunk]:
        """See `Source`."""
        decoder = self._open()
        carry: bytes | Bytes = self.peek(len(BYTE_ORDER_MARK)) and self._head
        offset, is_skipping, skipped, is_final, ring = 0, False, 0, False, _Ring()
        if carry[:3] == BYTE_ORDER_MARK:
            carry, offset = carry[3:], 3
        while not is_final:
            held = len(carry)
            room = self._room(held)
            buffer = ring.take(room + PADDING)
            buffer[:held] = np.frombuffer(carry, np.uint8) if isinstance(carry, bytes) else carry
            size = held + self._fill(decoder, buffer.data[held:room])
            buffer[size : size + PADDING] = 0
            is_final = size < room
            begin = 0
            if is_skipping:
                begin = _find_newline(buffer, size)
                is_skipping = begin == size and not is_final
                begin = min(begin + 1, size)
            end = size if is_final else max(_last_newline(buffer, begin, size) + 1, begin)
            while (long_at := _long_line(buffer, begin, end)) < end:
                if long_at > begin:
                    yield Chunk(
                        buffer[begin:], long_at - begin, offset + begin, skipped, final=False
                    )
                    skipped = 0
                self.skipped += 1
                skipped += 1
                begin = min(
                    long_at
                    + MAX_LINE
                    + _find_newline(buffer[long_at + MAX_LINE :], end - long_at - MAX_LINE)
                    + 1,
                    end,
                )
            if end > begin or is_final:
                yield Chunk(buffer[begin:], end - begin, offset + begin, skipped, is_final)
                skipped = 0
            carry = buffer[end:size]
            if len(carry) > MAX_LINE:
                self.skipped += 1
                skipped += 1
                is_skipping, carry = True, b""
            elif is_skipping:
                carry = b""
            offset += size - len(carry)
        self.problem = decoder.problem
        self.close()

    def read_all(self, limit: int) -> bytes:
        """See `Source`."""
        decoder = self._open()
        parts, total = [self._head], len(self._head)
        space = bytearray(min(DEFAULT_CHUNK, limit + 1))
        while total <= limit and (count := self._fill(decoder, memoryview(space))):
            parts.append(bytes(space[:count]))
            total += count
        if total > limit:
            raise SourceError(
                f"{self.name} is longer than {limit:,} bytes and is one document, which must be "
                f"read as a whole: "
                "split it, or convert it to one JSON object per line"
            )
        self.problem = decoder.problem
        self.close()
        return b"".join(parts).removeprefix(BYTE_ORDER_MARK)

    def progress(self) -> tuple[int, int | None]:
        """See `Source`."""
        return (self._stored.consumed if self._stored else 0), self._total

    def close(self) -> None:
        """See `Source`."""
        if self._raw is not None and self.name != STDIN:
            self._raw.close()

    def _open(self) -> Decoder:
        """Opens the input at the first call and looks at its first bytes."""
        if self._decoder is None:
            try:
                self._raw = self._raw or _open_raw(self.name)
                self._total = _size_of(self._raw)
                self._stored = Stored(self._raw)
                head = self._stored.peek(8)
            except OSError as error:
                raise _unreadable(self.name, error) from error
            _refuse(self.name, head)
            self._decoder = open_decoder(self._stored, self.name)
        return self._decoder

    def _fill(self, decoder: Decoder, target: memoryview) -> int:
        """Reads until `target` is full or the input ends; returns the bytes read."""
        at = 0
        try:
            while at < len(target) and (count := decoder.read_into(target[at:])):
                at += count
        except OSError as error:
            if error.errno is None:
                raise
            decoder.problem = f"reading stopped: {error.strerror}"
        return at

    def _room(self, held: int) -> int:
        """Size of the next buffer: the chunk, more when one line fills it, less for the rest of a
        small file.
        """
        chunk = self._next_size
        self._next_size = min(2 * chunk, self._chunk_size)
        room = chunk if held < chunk // 2 else held + max(held, chunk)
        if self._total is not None and isinstance(self._decoder, PlainDecoder):
            left = self._total - self._decoder.consumed
            if left > 0:
                return min(room, held + left + MIN_CHUNK)
        return room


class _Ring:
    """Buffers that come back when nobody holds them any more: touching fresh memory costs more than
    reading the file.

    A buffer is free when the ring's own reference is the only one; views of it count, because each
    refers to its base.
    """

    __slots__ = ("_buffers",)

    def __init__(self) -> None:
        self._buffers: list[Bytes] = []

    def take(self, size: int) -> Bytes:
        """A buffer of exactly `size` bytes with any content."""
        for at in range(len(self._buffers)):
            if (
                self._buffers[at].size == size
                and sys.getrefcount(self._buffers[at]) <= _OWN_REFERENCES
            ):
                return self._buffers[at]
        buffer = np.empty(size, np.uint8)
        self._buffers = [buffer, *self._buffers[: _RING_SIZE - 1]]
        return buffer


_RING_SIZE = 6
"""Buffers kept for reuse; consumers keep up to four chunks at a time."""

_OWN_REFERENCES = 2
"""The list of the ring and the argument of `sys.getrefcount`."""


def _open_raw(name: str) -> RawIOBase | BufferedIOBase:
    if name == STDIN:
        return cast("BufferedIOBase", sys.stdin.buffer)
    return FileIO(name)


def _size_of(raw: RawIOBase | BufferedIOBase) -> int | None:
    """Bytes of a regular file, None for pipes and streams."""
    try:
        status = os.fstat(raw.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _unreadable(name: str, error: OSError) -> SourceError:
    hints = {
        "FileNotFoundError": "check the path",
        "PermissionError": "ask for read permission, or run as a user who has it",
        "IsADirectoryError": "name the files in it",
    }
    hint = hints.get(type(error).__name__, "check that it is a readable file")
    return SourceError(f"cannot read {name}: {(error.strerror or str(error)).lower()}; {hint}")


def _refuse(name: str, head: bytes) -> None:
    """Raises SourceError for inputs that are text only after a step that we do not do."""
    for magic, what in UNSUPPORTED.items():
        if head.startswith(magic):
            raise SourceError(
                f"{name} is packed with {what}, which is not read directly: unpack it first (gzip "
                f"and zstd are read)"
            )
    if head.startswith(WIDE_MARKS):
        raise SourceError(
            f"{name} is UTF-16 text: convert it first, for example with iconv -f UTF-16 -t UTF-8"
        )


def _find_newline(buffer: Bytes, size: int) -> int:
    """First newline in ``buffer[:size]``, `size` when there is none."""
    for at in range(0, size, 1 << 16):
        found = buffer[at : min(at + (1 << 16), size)].tobytes().find(b"\n")
        if found >= 0:
            return at + found
    return size


def _last_newline(buffer: Bytes, begin: int, end: int) -> int:
    """Last newline in ``buffer[begin:end]``, ``begin - 1`` when there is none."""
    window = 1 << 10
    while end > begin:
        low = max(begin, end - window)
        found = buffer[low:end].tobytes().rfind(b"\n")
        if found >= 0:
            return low + found
        end, window = low, window * 8
    return begin - 1


def _long_line(buffer: Bytes, begin: int, end: int) -> int:
    """Where the first line longer than `MAX_LINE` begins, `end` when there is none; `begin` must be
    a line start.
    """
    while end - begin > MAX_LINE:
        newline = _last_newline(buffer, begin, begin + MAX_LINE + 1)
        if newline < begin:
            return begin
        begin = newline + 1
    return end
