"""The pool of strings that rows refer to."""

from typing import Any

import numpy as np

from apisentinel.simulator.rows import REF, TEXT_COLUMNS

LONGEST = 16 * 1024
"""Bytes of one string; longer ones are cut, so that one line always fits the writer's margin."""

ENCODED = 1
"""Flag: is percent-encoded already where its place needs that."""


class Pool:
    """Strings one after the other in a buffer; equal static strings are kept once.

    Attributes:
        static: Number of strings that stay for ever; later ones live as long as rows name them.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._spans: list[tuple[int, int, int]] = []
        self._known: dict[tuple[bytes, int], int] = {}
        self.static = 0

    def index(self, text: str | bytes, *, encoded: bool = False) -> int:
        """Number of a string, added when it is new."""
        raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
        raw = raw[:LONGEST]
        key = (raw, ENCODED if encoded else 0)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = len(self._spans)
            self._spans.append((len(self._data), len(self._data) + len(raw), key[1]))
            self._data += raw
        return known

    def ref(self, text: str | bytes, *, encoded: bool = False) -> int:
        """Number for a row that stands for this string."""
        return REF - self.index(text, encoded=encoded)

    def table(self, texts: "list[str] | tuple[str, ...]") -> tuple[int, int]:
        """First number and count of strings that follow each other, for picks."""
        first = len(self._spans)
        for text in texts:
            raw = text.encode()
            self._spans.append((len(self._data), len(self._data) + len(raw), 0))
            self._data += raw
        return first, len(texts)

    def freeze(self) -> None:
        """All strings so far stay for ever."""
        self.static = len(self._spans)

    def arrays(self) -> tuple[Any, Any]:
        """The buffer (uint8) and the spans (n, 3) int64: begin, end, flags."""
        data = np.frombuffer(bytearray(self._data), np.uint8)
        return data, np.array(self._spans, np.int64).reshape(-1, 3)

    def text(self, ref: int) -> str:
        """The string behind a number of a row."""
        begin, end, _ = self._spans[REF - ref]
        return bytes(self._data[begin:end]).decode("utf-8", "replace")

    def shrink(self, rows: Any) -> None:
        """Forgets strings that neither are static nor stand in `rows`, and renumbers these."""
        columns = list(TEXT_COLUMNS)
        held = rows[:, columns]
        limit = REF - self.static
        used = np.unique(held[held <= limit])[::-1]
        kept = [(bytes(self._data[b:e]), f) for b, e, f in (self._spans[REF - r] for r in used)]
        cut = self._spans[self.static][0] if self.static < len(self._spans) else len(self._data)
        del self._data[cut:], self._spans[self.static :]
        self._known = {key: at for key, at in self._known.items() if at < self.static}
        if not used.size:
            return
        new = np.array([REF - self.index(raw, encoded=bool(flag)) for raw, flag in kept], np.int64)
        place = np.searchsorted(-used, -held)
        place = np.minimum(place, used.size - 1)
        rows[:, columns] = np.where(held <= limit, new[place], held)
