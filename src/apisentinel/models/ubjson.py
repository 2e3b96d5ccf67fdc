"""Reads Universal Binary JSON, the format in which XGBoost keeps models; numbers in typed arrays
become NumPy arrays.
"""

import struct
from typing import Any

import numpy as np

from apisentinel.errors import IncompatibleModelError

MAX_DEPTH = 16
MAX_ITEMS = 1 << 20
"""Values outside typed arrays: a few dozen for each tree."""
MAX_TEXT = 1 << 16

_NUMBERS = {
    b"i": ">i1",
    b"U": ">u1",
    b"I": ">i2",
    b"u": ">u2",
    b"l": ">i4",
    b"m": ">u4",
    b"L": ">i8",
    b"M": ">u8",
    b"d": ">f4",
    b"D": ">f8",
}
_WHOLE = {b"i": ">b", b"U": ">B", b"I": ">h", b"u": ">H", b"l": ">i", b"m": ">I", b"L": ">q"}
_CONSTANTS = {b"Z": None, b"T": True, b"F": False}


def read_ubjson(content: bytes) -> Any:
    """The value that `content` holds.

    Raises:
        IncompatibleModelError: It is damaged, too deep or too large.
    """
    reader = _Reader(content)
    try:
        value = reader.value(reader.marker(), MAX_DEPTH)
    except (struct.error, UnicodeDecodeError) as error:
        raise IncompatibleModelError(f"damaged UBJSON at byte {reader.at}: {error}") from error
    if reader.at != len(content):
        raise IncompatibleModelError(f"{len(content) - reader.at} bytes follow the model")
    return value


class _Reader:
    """A place in the bytes."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at, self.items = content, 0, 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if not 0 <= count <= len(self.content) - self.at:
            raise IncompatibleModelError(
                f"damaged UBJSON: byte {self.at} is followed by too little"
            )
        self.at += count
        return self.content[self.at - count : self.at]

    def marker(self) -> bytes:
        """The next type marker."""
        found = self.take(1)
        while found == b"N":
            found = self.take(1)
        return found

    def length(self) -> int:
        """A count with its type marker."""
        kind = _WHOLE.get(self.marker())
        if kind is None:
            raise IncompatibleModelError(f"damaged UBJSON: no length at byte {self.at}")
        number: int = struct.unpack(kind, self.take(struct.calcsize(kind)))[0]
        if number < 0:
            raise IncompatibleModelError(f"damaged UBJSON: a length below 0 at byte {self.at}")
        return number

    def text(self) -> str:
        """A text with its length."""
        count = self.length()
        if count > MAX_TEXT:
            raise IncompatibleModelError(f"a text of {count} bytes")
        return self.take(count).decode()

    def value(self, marker: bytes, depth: int) -> Any:
        """The value that a type marker announces."""
        self.items += 1
        if depth == 0 or self.items > MAX_ITEMS:
            raise IncompatibleModelError("the model is nested too deep or has too many values")
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker in _NUMBERS:
            kind = np.dtype(_NUMBERS[marker])
            return np.frombuffer(self.take(kind.itemsize), kind)[0].item()
        if marker in {b"S", b"H"}:
            return self.text()
        if marker == b"C":
            return self.take(1).decode()
        if marker == b"[":
            return self._array(depth - 1)
        if marker == b"{":
            return self._object(depth - 1)
        raise IncompatibleModelError(f"damaged UBJSON: marker {marker!r} at byte {self.at}")

    def _array(self, depth: int) -> Any:
        marker = self.marker()
        if marker == b"$":
            kind, hash_sign = self.take(1), self.take(1)
            if kind not in _NUMBERS or hash_sign != b"#":
                raise IncompatibleModelError(f"damaged UBJSON: an array of {kind!r}")
            dtype = np.dtype(_NUMBERS[kind])
            numbers = np.frombuffer(self.take(self.length() * dtype.itemsize), dtype)
            return numbers.astype(dtype.newbyteorder("="))
        if marker == b"#":
            count = self.length()
            if count > MAX_ITEMS:
                raise IncompatibleModelError(f"an array of {count} values")
            return [self.value(self.marker(), depth) for _ in range(count)]
        items = []
        while marker != b"]":
            items.append(self.value(marker, depth))
            marker = self.marker()
        return items

    def _object(self, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self.content[self.at : self.at + 1] == b"#":
            self.take(1)
            for _ in range(min(self.length(), MAX_ITEMS)):
                name = self.text()
                made[name] = self.value(self.marker(), depth)
            return made
        while self.content[self.at : self.at + 1] != b"}":
            name = self.text()
            made[name] = self.value(self.marker(), depth)
        self.take(1)
        return made
