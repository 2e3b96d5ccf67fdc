"""Arrays that kernels work with, kept from call to call: handing in a new array costs more than
most values take to read.
"""

from array import array
from typing import Any

import numpy as np

from apisentinel.detectors.payload.limits import MAX_TOKENS, MAX_VALUE, MAX_VALUES
from apisentinel.kernels.bytes import PADDING
from apisentinel.kernels.native import Fixed

ROOM = 2 * MAX_VALUE
"""Bytes of text that fit; what is longer gets arrays of its own."""

_SPARE = bytes(PADDING)


class Workspace:
    """Arrays for one call at a time.

    Attributes:
        text: Bytes that a kernel reads or changes, filled by `put`.
        bits: int64 ``(1,)``.
        tokens: Bytes that a kernel writes.
        ends: int64, ends of texts, filled by `put_ends`.
        marks: A byte for each text.
        layers: Room for two texts.
        track: uint16, a state for each byte of a text.
    """

    __slots__ = (
        "_bits", "_ends", "_marks", "_text", "_tokens",
        "bits", "ends", "layers", "marks", "text", "tokens", "track",
    )  # fmt: skip

    def __init__(self) -> None:
        text, tokens = np.zeros(ROOM + PADDING, np.uint8), np.zeros(MAX_TOKENS, np.uint8)
        bits, ends = np.zeros(1, np.int64), np.zeros(MAX_VALUES, np.int64)
        marks = np.zeros(MAX_VALUES, np.uint8)
        self._text, self._tokens, self._marks = text.data, tokens.data, marks.data
        self._bits = bits.data
        self._ends = ends.data.cast("B").cast("q")
        self.text: Any = Fixed(text)
        self.tokens: Any = Fixed(tokens)
        self.bits: Any = Fixed(bits)
        self.ends: Any = Fixed(ends)
        self.marks: Any = Fixed(marks)
        self.track: Any = Fixed(np.zeros(ROOM, np.uint16))
        self.layers: Any = Fixed(np.zeros(2 * (ROOM + PADDING), np.uint8))

    def put(self, text: bytes) -> None:
        """Puts a text of at most `ROOM` bytes, and spare bytes after it, into `text`."""
        size = len(text)
        self._text[: size + PADDING] = text + _SPARE
        self._bits[0] = 0

    def put_ends(self, ends: list[int]) -> None:
        """Puts at most `MAX_VALUES` numbers into `ends`."""
        self._ends[: len(ends)] = memoryview(array("q", ends))

    def taken(self, length: int) -> bytes:
        """The first bytes of `text`."""
        return bytes(self._text[:length])

    def written(self, length: int) -> bytes:
        """The first bytes of `tokens`."""
        return bytes(self._tokens[:length])

    def marked(self, count: int) -> bytes:
        """The first bytes of `marks`."""
        return bytes(self._marks[:count])

    def bit(self) -> int:
        """What a kernel left in `bits`."""
        return int(self._bits[0])


_free: list[Workspace] = []
"""Taking from and adding to the end of a list is atomic, so that each thread has its own."""


def borrowed() -> Workspace:
    """A workspace that nobody else uses; `give_back` it."""
    try:
        return _free.pop()
    except IndexError:
        return Workspace()


def give_back(space: Workspace) -> None:
    """Keeps a workspace for the next call; there are never more than threads."""
    _free.append(space)
