"""Entries of a memory as MessagePack, kept packed until they change."""

from collections.abc import Callable
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec

K = TypeVar("K")
V = TypeVar("V")


class Packed(Generic[K, V]):
    """What a memory has to know to be saved often although few of its entries change.

    Whoever may change an entry adds its key to `touched`; entries that are gone need no word.

    Attributes:
        touched: Keys of the entries that may have changed since they were packed.
        packed: Entries as they were packed.
    """

    def __init__(self, form: Callable[[K, V], Any]) -> None:
        """Knows nothing yet.

        Args:
            form: What is written for a key and its entry.
        """
        self.touched: set[K] = set()
        self.packed: dict[K, bytes] = {}
        self._form = form
        self._encode = msgspec.msgpack.Encoder().encode

    def some(self, entries: dict[K, V], most: int) -> int:
        """Packs so many of the entries that may have changed; gives how many are left."""
        for key in list(islice(self.touched, most)):
            self._pack(entries, key)
            self.touched.discard(key)
        return len(self.touched)

    def array(self, entries: dict[K, V]) -> bytes:
        """All entries as a MessagePack array, in their order."""
        for key in self.touched:
            self._pack(entries, key)
        self.touched.clear()
        if len(self.packed) > len(entries):
            for key in self.packed.keys() - entries.keys():
                del self.packed[key]
        head = b"\xdd" + len(entries).to_bytes(4, "big")  # array 32
        return b"".join([head, *map(self.packed.__getitem__, entries)])

    def _pack(self, entries: dict[K, V], key: K) -> None:
        entry = dict.get(entries, key)
        if entry is None:
            self.packed.pop(key, None)
        else:
            self.packed[key] = self._encode(self._form(key, entry))
