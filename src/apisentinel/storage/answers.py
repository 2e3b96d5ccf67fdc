"""Answers that took long, given again while nothing has changed, and for a short time after that.

A page that is open asks the same every few seconds. On a store of millions of rows each answer is
work that judging has to wait for; so an answer is good for as long as `WORTH` times what it took,
and all who ask the same at one time wait for one answer.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

WORTH: Final = 20.0
"""How many times of what it took an answer is good: then a page that asks without end takes a
twentieth of the time of the database for each of its questions.
"""
LONGEST_S: Final = 30.0
"""An answer is never given after that once rows have come; people take it for the present."""
SLOW_S: Final = 0.03
"""An answer that took less is not worth keeping."""
FEW_ROWS: Final = 300_000
"""A store with fewer rows always answers anew: that is quick."""
MOST: Final = 256
"""Answers that are kept: the questions of some ten open pages."""
MOST_BYTES: Final = 32 << 20
"""Memory of all answers that are kept, with their questions; one has some kilobytes, a page of a
thousand long rows three megabytes.
"""
OBJECT_BYTES: Final = 64
"""Memory of a value beside its text or members."""


class _Kept(msgspec.Struct, frozen=True):
    version: tuple[int, ...]
    made: float
    seconds: float
    weight: int
    answer: Any


def weight(value: Any) -> int:
    """Memory of an answer in bytes, about."""
    if isinstance(value, str | bytes):
        return OBJECT_BYTES + len(value)
    if isinstance(value, Mapping):
        return OBJECT_BYTES + sum(weight(key) + weight(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return OBJECT_BYTES + sum(map(weight, value))
    if isinstance(value, msgspec.Struct):
        return weight(msgspec.structs.astuple(value))
    return OBJECT_BYTES


class Answers:
    """Remembers slow answers. Thread-safe; who is given an answer must not change it.

    Attributes:
        bytes: Memory of what is kept, about.
    """

    def __init__(self, now: Callable[[], float], most: int = MOST) -> None:
        """Keeps nothing yet.

        Args:
            now: A clock that only goes forward, seconds.
            most: Answers that are kept.
        """
        self._now = now
        self._most = most
        self.bytes = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._under_way: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, version: tuple[int, ...], make: Callable[[], T]) -> T:
        """The answer to a question.

        Args:
            key: The question.
            version: Rows of the store first, then whatever else has to be the same for the answer
                to be the same at any time.
            make: Works the answer out.

        Returns:
            What `make` gives, or gave a short time ago.
        """
        if version[0] < FEW_ROWS:
            return make()
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and self._is_good(kept, version):
                self._kept.move_to_end(key)
                return kept.answer  # type: ignore[no-any-return]  # what was made for this question
            mine = self._under_way.setdefault(key, threading.Lock())
        with mine:
            with self._lock:
                kept = self._kept.get(key)
            if kept is not None and self._is_good(kept, version):  # made while this one waited
                return kept.answer  # type: ignore[no-any-return]  # what was made for this question
            try:
                return self._made(key, version, make)
            finally:
                with self._lock:
                    self._under_way.pop(key, None)

    def forget(self) -> None:
        """Lets go of all answers."""
        with self._lock:
            self._kept.clear()
            self.bytes = 0

    def _made(self, key: Hashable, version: tuple[int, ...], make: Callable[[], T]) -> T:
        begin = self._now()
        answer = make()
        end = self._now()
        if end - begin >= SLOW_S:
            size = weight(answer) + weight(key)
            with self._lock:
                self._drop(key)
                if size <= MOST_BYTES:
                    self._kept[key] = _Kept(version, end, end - begin, size, answer)
                    self.bytes += size
                while len(self._kept) > self._most or self.bytes > MOST_BYTES:
                    self._drop(next(iter(self._kept)))
        return answer

    def _drop(self, key: Hashable) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self.bytes -= gone.weight

    def _is_good(self, kept: _Kept, version: tuple[int, ...]) -> bool:
        if kept.version[0] == version[0]:  # then nothing but another question is in the way
            return kept.version == version
        return self._now() - kept.made <= min(LONGEST_S, WORTH * kept.seconds)
