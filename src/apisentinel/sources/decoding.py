"""Plain, gzip and zstd streams behind one face, told apart by their first bytes."""

from io import BufferedIOBase, RawIOBase
from typing import Protocol

import zstandard
from isal import igzip_lib

STEP = 1 << 16
"""Compressed bytes taken at a time, and decoded gzip bytes asked for at a time. Fixed, so that what
is delivered before a damaged place does not depend on the chunk size.
"""

ZSTD_STEP = 1 << 10
"""Compressed zstd bytes decoded at a time. A block of 4 bytes can stand for 128 KiB, so a step
gives at most 32 MiB.
"""

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
"""Bytes 1 to 3 of a zstd frame that holds no data; the first one is 0x50 to 0x5F."""

PACKED_NAMES = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
"""What a file is that has such a name."""

LOOK = 512
"""Bytes by which text is told from packed data: of so many of these 60 are control characters."""

PRINTED = bytes([*range(9, 14), 27, *range(32, 127), *range(128, 256)])
"""Bytes that text may have: white space, escapes of colours, everything above."""

UNSUPPORTED = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7-zip",
    b"\x04\x22\x4d\x18": "lz4",
}
"""First bytes of packed files that must be unpacked before they can be read."""


class Decoder(Protocol):
    """A stream of decoded bytes.

    Attributes:
        problem: What ended the stream early, in words; empty so far.
    """

    problem: str

    @property
    def consumed(self) -> int:
        """Stored bytes read so far."""
        ...

    def read_into(self, target: memoryview) -> int:
        """Fills a part of `target` and returns its length; 0 at the end. May block; raises OSError
        only.
        """
        ...


class Stored:
    """Reads stored bytes and remembers how many; bytes read to look at the beginning come first
    again.
    """

    __slots__ = ("_head", "_raw", "consumed")

    def __init__(self, raw: RawIOBase | BufferedIOBase) -> None:
        self._raw = raw
        self._head = b""
        self.consumed = 0

    def peek(self, size: int) -> bytes:
        """The first bytes, fewer only when the input is shorter."""
        while len(self._head) < size and (piece := self._raw.read(size - len(self._head))):
            self._head += piece
        return self._head[:size]

    def read(self, size: int) -> bytes:
        """Some of the next bytes; empty at the end."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
        else:
            data = self._raw.read(size) or b""
        self.consumed += len(data)
        return data

    def read_into(self, target: memoryview) -> int:
        """As `read`, into memory that is there already."""
        if self._head:
            data = self.read(len(target))
            target[: len(data)] = data
            return len(data)
        count = self._raw.readinto(target) or 0
        self.consumed += count
        return count


class PlainDecoder:
    """The stored bytes themselves."""

    __slots__ = ("_stored", "problem")

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self.problem = ""

    @property
    def consumed(self) -> int:
        """Stored bytes read so far."""
        return self._stored.consumed

    def read_into(self, target: memoryview) -> int:
        """See `Decoder`."""
        return self._stored.read_into(target)


class DamagedDecoder:
    """Nothing, of a file whose beginning is damaged."""

    __slots__ = ("_stored", "problem")

    def __init__(self, stored: Stored, problem: str) -> None:
        self._stored = stored
        self.problem = problem

    @property
    def consumed(self) -> int:
        """Stored bytes read so far."""
        return self._stored.consumed

    def read_into(self, _target: memoryview) -> int:
        """See `Decoder`."""
        return 0


class PackedDecoder:
    """What gzip and zstd share: decoded pieces are handed out in the size that the reader wants."""

    __slots__ = ("_at", "_piece", "_stored", "problem")

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._piece = b""
        self._at = 0
        self.problem = ""

    @property
    def consumed(self) -> int:
        """Stored bytes read so far."""
        return self._stored.consumed

    def read_into(self, target: memoryview) -> int:
        """See `Decoder`."""
        if self._at == len(self._piece):
            self._piece, self._at = self._decode(), 0
        count = min(len(target), len(self._piece) - self._at)
        target[:count] = memoryview(self._piece)[self._at : self._at + count]
        self._at += count
        return count

    def _decode(self) -> bytes:
        """The next decoded bytes; empty at the end, after a damaged place included."""
        raise NotImplementedError


class GzipDecoder(PackedDecoder):
    """Gzip with any number of members, as written by log rotation and by `cat a.gz b.gz`."""

    __slots__ = ("_left", "_member")

    def __init__(self, stored: Stored) -> None:
        super().__init__(stored)
        self._left = b""
        self._member: igzip_lib.IgzipDecompressor | None = None

    def _decode(self) -> bytes:
        while not self.problem:
            if self._member is None and not self._open():
                return b""
            try:
                data = self._advance()
            except igzip_lib.error as error:
                self.problem = f"gzip data is damaged at byte {self.consumed} of the file: {error}"
                return b""
            if data:
                return data
        return b""

    def _advance(self) -> bytes:
        member = self._member
        assert member is not None  # noqa: S101  (opened by the caller)
        feed = b""
        if member.needs_input:
            feed, self._left = self._left or self._stored.read(STEP), b""
            if not feed:
                self.problem = (
                    "gzip data ends too early: the file was cut off or is still being written"
                )
                return b""
        data: bytes = member.decompress(feed, STEP)
        if member.eof:
            self._left = member.unused_data
            self._member = None
        return data

    def _open(self) -> bool:
        """Starts the next member; False at the end. Zero bytes after a member are padding."""
        data = self._left
        while not (data := data.lstrip(b"\0")) or len(data) < len(GZIP_MAGIC):
            more = self._stored.read(STEP)
            if not more:
                break
            data += more
        self._left = data
        if data.startswith(GZIP_MAGIC):
            self._member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
            return True
        if data:
            self.problem = (
                "the file goes on after its gzip data with bytes that are no gzip;"
                " they were left out"
            )
        return False


class ZstdDecoder(PackedDecoder):
    """Zstandard with any number of frames, skippable ones included."""

    __slots__ = ("_begin", "_block", "_frame", "_started")

    def __init__(self, stored: Stored) -> None:
        super().__init__(stored)
        self._block = memoryview(b"")
        self._begin = 0
        self._started = False
        self._frame = zstandard.ZstdDecompressor().decompressobj()

    def _decode(self) -> bytes:
        while not self.problem:
            if self._begin >= len(self._block):
                self._block, self._begin = memoryview(self._stored.read(STEP)), 0
            feed = self._block[self._begin : self._begin + ZSTD_STEP]
            if not feed:
                if self._started:
                    self.problem = (
                        "zstd data ends too early: the file was cut off or is still being written"
                    )
                return b""
            try:
                data: bytes = self._frame.decompress(feed)
            except zstandard.ZstdError as error:
                self.problem = (
                    f"zstd data is damaged before byte {self.consumed} of the file: {error}"
                )
                return b""
            self._begin += len(feed)
            self._started = not self._frame.eof
            if self._frame.eof:
                self._begin -= len(self._frame.unused_data)
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            if data:
                return data
        return b""


def open_decoder(stored: Stored, name: str = "") -> Decoder:
    """Chooses the decoder by the first bytes of the input, whatever its name says.

    Only when they are neither those of a packed file nor text does the name of the file tell that
    it is a packed one whose beginning is damaged; its bytes are no lines.
    """
    head = stored.peek(len(ZSTD_MAGIC))
    if head.startswith(GZIP_MAGIC):
        return GzipDecoder(stored)
    if head == ZSTD_MAGIC or (head[1:] == ZSTD_SKIPPABLE and 0x50 <= head[0] <= 0x5F):
        return ZstdDecoder(stored)
    for ending, what in PACKED_NAMES.items():
        if name.lower().endswith(ending) and not _is_text(stored.peek(LOOK)):
            return DamagedDecoder(
                stored, f"its name says {what}, but it does not begin so: damaged"
            )
    return PlainDecoder(stored)


def _is_text(head: bytes) -> bool:
    """Whether bytes have none of the control characters that text does without."""
    return not head.translate(None, PRINTED)
