"""Batches as they lie in the journal: compressed, with a checksum over everything."""

import struct
import threading
import zlib

import msgspec
import zstandard

from apisentinel.storage.base import DamagedError, JournalEntry

LARGEST_BODY = 1 << 30
"""Unpacked size of a body; more than any batch that the door lets in."""

STEP = 1 << 20
"""Bytes unpacked at a time."""

_HEAD = struct.Struct("<qqq")
_local = threading.local()


class Packed(msgspec.Struct):
    """A batch ready to be written.

    Attributes:
        entry: As it was handed over.
        body: Compressed.
        crc: CRC-32 over all fields.
    """

    entry: JournalEntry
    body: bytes
    crc: int

    @property
    def stored_bytes(self) -> int:
        """What it takes up on disk, near enough."""
        return len(self.body) + len(self.entry.event_ids) + len(self.entry.answer) + 128


def pack(entry: JournalEntry, level: int) -> Packed:
    """Compresses a batch; done by the thread that hands it over, so that many can do it at once.

    Raises:
        ValueError: The event ids do not fit the number of rows, or the body is too large.
    """
    if len(entry.event_ids) != 8 * entry.count:
        raise ValueError(
            f"{entry.count} rows need {8 * entry.count} bytes of ids, not {len(entry.event_ids)}"
        )
    if len(entry.body) > LARGEST_BODY:
        raise ValueError(f"a body of {len(entry.body):,} bytes is too large")
    body = compress(entry.body, level)
    return Packed(entry, body, checksum(entry, body))


def checksum(entry: JournalEntry, body: bytes) -> int:
    """CRC-32 over the fields of a batch and its compressed body."""
    crc = zlib.crc32(_HEAD.pack(entry.received, entry.count, len(entry.body)))
    for field in (entry.source.encode(), entry.idempotency or b"", entry.answer, entry.event_ids):
        crc = zlib.crc32(field, crc)
    return zlib.crc32(body, crc)


def compress(data: bytes, level: int) -> bytes:
    """One zstd frame with a checksum of its content."""
    makers: dict[int, zstandard.ZstdCompressor] | None = getattr(_local, "makers", None)
    if makers is None:
        makers = _local.makers = {}
    maker = makers.get(level)
    if maker is None:
        maker = makers[level] = zstandard.ZstdCompressor(level=level, write_checksum=True)
    return maker.compress(data)


def decompress(data: bytes, raw_bytes: int) -> bytes:
    """Content of a frame, in steps, never more than was written.

    Raises:
        DamagedError: The frame is damaged or holds another number of bytes.
    """
    if not 0 <= raw_bytes <= LARGEST_BODY:
        raise DamagedError(f"a size of {raw_bytes:,} bytes cannot be")
    pieces: list[bytes] = []
    held = 0
    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as reader:
            while held <= raw_bytes:
                piece = reader.read(min(STEP, raw_bytes + 1 - held))
                if not piece:
                    break
                pieces.append(piece)
                held += len(piece)
    except zstandard.ZstdError as error:
        raise DamagedError(f"compressed data is damaged: {error}") from error
    if held != raw_bytes:
        raise DamagedError(f"{raw_bytes:,} bytes were written, {held:,} are there")
    return b"".join(pieces)
