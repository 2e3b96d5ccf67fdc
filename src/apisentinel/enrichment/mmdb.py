"""Reads databases in the MaxMind format: what is known of the network of an address.

A file is a binary tree over the bits of addresses, whose leaves point at values behind it. It may
come from anywhere, so nothing in it is believed: every offset is checked, depth and number of
values are bounded, and what does not fit is a clear error.

References: MaxMind DB File Format Specification 2.0.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apisentinel.errors import ConfigError

MARK = b"\xab\xcd\xefMaxMind.com"
MARK_WITHIN = 128 << 10
"""The metadata begin within so many bytes of the end, says the specification."""
MOST_BYTES = 256 << 20
"""Larger than any published database of networks or cities; the file is kept in memory."""
MOST_DEPTH, MOST_VALUES, MOST_TEXT = 16, 2_048, 4_096
"""Nesting, values and bytes of one text of a record: those of cities hold some hundred values."""
GAP = 16
"""Zero bytes between tree and values."""
RECORD_BITS = (24, 28, 32)

_POINTER, _TEXT, _DOUBLE, _BYTES, _MAP, _INT32, _ARRAY, _BOOL, _FLOAT = 1, 2, 3, 4, 7, 8, 11, 14, 15
_UNSIGNED = {5: 2, 6: 4, 9: 8, 10: 16}
"""Unsigned numbers by type, and their bytes at most."""
_POINTER_BASE = (0, 2_048, 526_336, 0)

Value = Any
"""A text, number, boolean, bytes, list or dictionary."""


class DatabaseError(ConfigError):
    """A file is no database of networks, or a broken one."""


class _Values:
    """Decodes values; one for each record, so that its limits are the record's."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MOST_VALUES

    def at(self, place: int, depth: int = 0, *, by_pointer: bool = False) -> tuple[Value, int]:
        """The value at an offset of the section, and the offset behind it.

        Raises:
            DatabaseError: It leaves the section, is nested too deep, or is of no known type.
        """
        self._left -= 1
        if depth > MOST_DEPTH or self._left < 0:
            raise DatabaseError("a record is nested too deep or too large")
        control, place = self._number(place, 1), place + 1
        kind = control >> 5
        if kind == _POINTER:
            if by_pointer:
                raise DatabaseError("a pointer points at a pointer")
            target, place = self._pointer(control, place)
            return self.at(target, depth + 1, by_pointer=True)[0], place
        if kind == 0:
            kind, place = 7 + self._number(place, 1), place + 1
        size = control & 31
        if size >= 29:
            more = size - 28
            size = (29, 285, 65_821)[more - 1] + self._number(place, more)
            place += more
        if kind == _MAP:
            return self._map(size, place, depth)
        if kind == _ARRAY:
            items = []
            for _ in range(size):
                item, place = self.at(place, depth + 1)
                items.append(item)
            return items, place
        if kind == _BOOL:
            return size != 0, place
        return self._scalar(kind, size, place), place + size

    def _map(self, size: int, place: int, depth: int) -> tuple[Value, int]:
        found: dict[str, Value] = {}
        for _ in range(size):
            name, place = self.at(place, depth + 1)
            if not isinstance(name, str):
                raise DatabaseError("the name of a value is no text")
            found[name], place = self.at(place, depth + 1)
        return found, place

    def _scalar(self, kind: int, size: int, place: int) -> Value:
        if size > MOST_TEXT or place + size > len(self._data):
            raise DatabaseError("a value is too long or leaves the file")
        raw = self._data[place : place + size]
        if kind == _TEXT:
            return raw.decode("utf-8", "replace")
        if kind == _BYTES:
            return raw
        if kind in _UNSIGNED and size <= _UNSIGNED[kind]:
            return int.from_bytes(raw, "big")
        if kind == _INT32 and size <= 4:
            return int.from_bytes(raw, "big", signed=size == 4)
        if (kind, size) == (_DOUBLE, 8):
            return float(struct.unpack(">d", raw)[0])
        if (kind, size) == (_FLOAT, 4):
            return float(struct.unpack(">f", raw)[0])
        raise DatabaseError(f"a value of type {kind} with {size} bytes")

    def _number(self, place: int, size: int) -> int:
        if not 0 <= place <= len(self._data) - size:
            raise DatabaseError("a value leaves the file")
        return int.from_bytes(self._data[place : place + size], "big")

    def _pointer(self, control: int, place: int) -> tuple[int, int]:
        size = (control >> 3) & 3
        low = self._number(place, size + 1)
        if size < 3:
            low |= (control & 7) << (8 * (size + 1))
        return low + _POINTER_BASE[size], place + size + 1


class Database:
    """One database, in memory.

    Attributes:
        kind: What the file calls itself, such as ``GeoLite2-ASN``.
        built: When it was made, seconds since 1970.
    """

    def __init__(self, data: bytes) -> None:
        """Reads the metadata.

        Raises:
            DatabaseError: It is no such database, or one that nothing is known about.
        """
        found = data.rfind(MARK, max(0, len(data) - MARK_WITHIN))
        if found < 0:
            raise DatabaseError("this is no database in the MaxMind format")
        about = _Values(data[found + len(MARK) :]).at(0)[0]
        numbers = {
            name: about.get(name) if isinstance(about, dict) else None
            for name in ("node_count", "record_size", "ip_version", "binary_format_major_version")
        }
        if not all(isinstance(value, int) for value in numbers.values()):
            raise DatabaseError("the metadata are not complete")
        self._nodes, self._bits = int(about["node_count"]), int(about["record_size"])
        if self._bits not in RECORD_BITS or about["binary_format_major_version"] != 2:
            raise DatabaseError("this version of the format is not known")
        if about["ip_version"] not in {4, 6}:
            raise DatabaseError("the tree is neither for IPv4 nor for IPv6")
        self._six = about["ip_version"] == 6
        size = self._nodes * self._bits // 4
        if not 0 < size + GAP <= found:
            raise DatabaseError("the tree is longer than the file")
        self.kind, self.built = str(about.get("database_type", "")), about.get("build_epoch", 0)
        self._tree, self._data = data[:size], data[size + GAP : found]
        self._known: dict[int, Value] = {}
        self._four = self._zeros() if self._six else 0

    @classmethod
    def open(cls, path: Path) -> "Database":
        """Reads a file.

        Raises:
            DatabaseError: It cannot be read, is too large, or is no such database.
        """
        try:
            size = path.stat().st_size
            data = path.read_bytes() if size <= MOST_BYTES else b""
        except OSError as error:
            raise DatabaseError(f"{path}: cannot be read: {error.strerror}") from error
        if size > MOST_BYTES:
            raise DatabaseError(f"{path}: larger than {MOST_BYTES >> 20} MiB")
        try:
            return cls(data)
        except DatabaseError as error:
            raise DatabaseError(f"{path}: {error}") from error

    def lookup(self, high: int, low: int) -> Mapping[str, Value] | None:
        """What is known of an address.

        Args:
            high, low: The halves of the address; IPv4 as ``::ffff:a.b.c.d`` or ``::a.b.c.d``.

        Raises:
            DatabaseError: The tree or the record is broken.
        """
        is_four = high == 0 and low >> 32 in {0, 0xFFFF}
        if is_four:
            node, address, bits = self._four, low & 0xFFFFFFFF, 32
        elif not self._six:
            return None
        else:
            node, address, bits = 0, high << 64 | low, 128
        while bits and node < self._nodes:
            bits -= 1
            node = self._child(node, address >> bits & 1)
        if node <= self._nodes:
            return None
        value = self._record(node - self._nodes - GAP)
        return value if isinstance(value, dict) else None

    def _record(self, offset: int) -> Value:
        if offset not in self._known:
            value = _Values(self._data).at(offset)[0]
            if len(self._known) >= MOST_VALUES:
                self._known.clear()
            self._known[offset] = value
        return self._known[offset]

    def _zeros(self) -> int:
        """The node of ``::/96``, below which the addresses of IPv4 are."""
        node = 0
        for _ in range(96):
            if node >= self._nodes:
                break
            node = self._child(node, 0)
        return node

    def _child(self, node: int, side: int) -> int:
        if self._bits == 28:
            at = node * 7
            middle = self._tree[at + 3]
            if side == 0:
                return (middle & 0xF0) << 20 | int.from_bytes(self._tree[at : at + 3], "big")
            return (middle & 0x0F) << 24 | int.from_bytes(self._tree[at + 4 : at + 7], "big")
        width = self._bits // 8
        at = node * 2 * width + side * width
        return int.from_bytes(self._tree[at : at + width], "big")
