"""Compressed bodies of requests: undone piece by piece, and stopped as soon as they grow too large.

A few bytes can stand for gigabytes. Nothing is therefore undone in one call: after every step the
output is measured against its bounds.

Answers: decompression bombs in any of the known encodings, endless bodies, cut and damaged bodies.
"""

from collections.abc import Iterable
from typing import Protocol

import zstandard
from isal import igzip_lib

from apisentinel.errors import RefusedError

MAX_BODY = 20 << 20
"""Bytes of a body after decompression; what OTLP recommends."""

MAX_RATIO = 100
"""Bytes that one compressed byte may stand for, once `RATIO_FREE` is passed. Traffic compresses ten
to forty times."""

RATIO_FREE = 1 << 20
"""Output up to which the ratio does not count: small bodies of equal lines are honest and cheap."""

STEP = 1 << 16
"""Bytes of output asked for at a time (gzip, deflate), and of input taken at a time."""

ZSTD_STEP = 1 << 9
"""Compressed zstd bytes undone at a time: a block of 4 bytes can stand for 128 KiB, so that a step
gives at most 16 MiB."""

ZSTD_WINDOW = 8 << 20
"""Largest window of a zstd frame; RFC 8878 asks decoders to take 8 MiB, and no more."""

MAX_PARTS = 4096
"""Gzip members or zstd frames of one body. Each costs some microseconds whatever it holds; senders
write one, those that join files a few."""

GZIP_MAGIC = b"\x1f\x8b"

ENCODINGS = ("identity", "gzip", "deflate", "zstd")
"""Values of Content-Encoding that are understood."""

_ALIASES = {"": "identity", "x-gzip": "gzip"}


class _Inflater(Protocol):
    """Undoes one encoding. `feed` gives the pieces that a piece of input stands for."""

    @property
    def complete(self) -> bool:
        """True when the input may end here."""
        ...

    def feed(self, data: bytes) -> Iterable[bytes]:
        """Pieces of output; raises `_DamagedError`."""
        ...


class _DamagedError(Exception):
    """The input is not what its encoding promises."""


class _Identity:
    @property
    def complete(self) -> bool:
        return True

    def feed(self, data: bytes) -> Iterable[bytes]:
        yield data


class _Gzip:
    """Gzip with any number of members; zero bytes behind a member are padding."""

    def __init__(self) -> None:
        self._members = 0
        self._member: igzip_lib.IgzipDecompressor | None = None
        self._left = b""
        self._any = False

    @property
    def complete(self) -> bool:
        return self._any and self._member is None and not self._left

    def feed(self, data: bytes) -> Iterable[bytes]:
        data = self._left + data
        self._left = b""
        while data:
            if self._member is None:
                data = data.lstrip(b"\0") if self._any else data
                if len(data) < len(GZIP_MAGIC):
                    self._left = data
                    return
                if not data.startswith(GZIP_MAGIC):
                    raise _DamagedError("it does not begin like gzip")
                self._member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
                self._any = True
                self._members += 1
                if self._members > MAX_PARTS:
                    raise _DamagedError(f"it has more than {MAX_PARTS:,} members")
            member = self._member
            yield from _inflate(member, data)
            data = b""
            if member.eof:
                data = member.unused_data
                self._member = None


class _Deflate:
    """What HTTP calls deflate: zlib by the standard, raw deflate from some old senders."""

    def __init__(self) -> None:
        self._stream: igzip_lib.IgzipDecompressor | None = None
        self._left = b""

    @property
    def complete(self) -> bool:
        return self._stream is not None and self._stream.eof

    def feed(self, data: bytes) -> Iterable[bytes]:
        if self._stream is None:
            self._left += data
            if len(self._left) < 2:
                return
            data, self._left = self._left, b""
            is_zlib = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            flag = igzip_lib.DECOMP_ZLIB if is_zlib else igzip_lib.DECOMP_DEFLATE
            self._stream = igzip_lib.IgzipDecompressor(flag=flag)
        if self._stream.eof:
            raise _DamagedError("bytes follow its end")
        yield from _inflate(self._stream, data)
        if self._stream.eof and self._stream.unused_data:
            raise _DamagedError("bytes follow its end")


def _inflate(stream: igzip_lib.IgzipDecompressor, data: bytes) -> Iterable[bytes]:
    """Output of one stream in steps."""
    try:
        yield stream.decompress(data, STEP)
        while not stream.eof and not stream.needs_input:
            yield stream.decompress(b"", STEP)
    except igzip_lib.error as problem:
        raise _DamagedError(str(problem)) from problem


class _Zstd:
    """Zstandard with any number of frames."""

    def __init__(self) -> None:
        self._factory = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
        self._frame = self._factory.decompressobj()
        self._inside = False
        self._any = False
        self._frames = 0

    @property
    def complete(self) -> bool:
        return self._any and not self._inside

    def feed(self, data: bytes) -> Iterable[bytes]:
        view = memoryview(data)
        at = 0
        while at < len(view):
            piece = view[at : at + ZSTD_STEP]
            try:
                out: bytes = self._frame.decompress(piece)
            except zstandard.ZstdError as problem:
                raise _DamagedError(str(problem)) from problem
            at += len(piece)
            self._any = True
            self._inside = not self._frame.eof
            if self._frame.eof:
                at -= len(self._frame.unused_data)
                self._frames += 1
                if self._frames > MAX_PARTS:
                    raise _DamagedError(f"it has more than {MAX_PARTS:,} frames")
                self._frame = self._factory.decompressobj()
            yield out


_INFLATERS: dict[str, type[_Inflater]] = {
    "identity": _Identity,
    "gzip": _Gzip,
    "deflate": _Deflate,
    "zstd": _Zstd,
}


class BodyDecoder:
    """Takes a body as it arrives and undoes its encoding. For one thread, one body.

    Args:
        encoding: Value of Content-Encoding; None and empty mean that there is none.
        limit: Most bytes of output.

    Raises:
        RefusedError: 415, the encoding is not known.

    Example:
        >>> decoder = BodyDecoder(None)
        >>> decoder.feed(b"plain ")
        >>> decoder.feed(b"text")
        >>> decoder.finish()
        b'plain text'
    """

    def __init__(self, encoding: str | None, *, limit: int = MAX_BODY) -> None:
        name = (encoding or "").strip().lower()
        self.encoding = _ALIASES.get(name, name)
        if self.encoding not in ENCODINGS:
            raise RefusedError(
                415,
                f"Content-Encoding {name[:40]!r} is not understood; use one of"
                f" {', '.join(ENCODINGS)}",
            )
        self.limit = limit
        self._inflater = _INFLATERS[self.encoding]()
        self._pieces: list[bytes] = []
        self._taken = 0
        self._given = 0

    def feed(self, data: bytes) -> None:
        """Takes the next piece of the body, of any size.

        Raises:
            RefusedError: 400 damaged, 413 too large or compressed beyond `MAX_RATIO`. The body is
                then to be dropped.
        """
        for begin in range(0, len(data), STEP):
            piece = data[begin : begin + STEP]
            self._taken += len(piece)
            try:
                for out in self._inflater.feed(piece):
                    self._keep(out)
            except _DamagedError as problem:
                self._pieces.clear()
                raise RefusedError(
                    400, f"the body is no valid {self.encoding}: {problem}"
                ) from problem

    def finish(self) -> bytes:
        """The whole body.

        Raises:
            RefusedError: 400, it ends too early.
        """
        if not self._inflater.complete and (self._taken or self.encoding != "identity"):
            self._pieces.clear()
            raise RefusedError(400, f"the body ends in the middle of its {self.encoding} data")
        return b"".join(self._pieces)

    def _keep(self, out: bytes) -> None:
        self._given += len(out)
        if self._given > self.limit:
            self._pieces.clear()
            raise RefusedError(
                413,
                f"the body has more than {self.limit:,} bytes after decompression:"
                " send smaller batches",
            )
        if self._given > max(RATIO_FREE, MAX_RATIO * self._taken) and self.encoding != "identity":
            self._pieces.clear()
            raise RefusedError(
                413,
                f"the body stands for more than {MAX_RATIO} times its compressed size:"
                " send it with less compression or in smaller batches",
            )
        if out:
            self._pieces.append(out)


def decompress(data: bytes, encoding: str | None, *, limit: int = MAX_BODY) -> bytes:
    """A body that is in memory already, without its encoding; see `BodyDecoder`."""
    decoder = BodyDecoder(encoding, limit=limit)
    decoder.feed(data)
    return decoder.finish()
