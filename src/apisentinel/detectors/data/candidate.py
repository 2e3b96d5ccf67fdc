"""A place that a pattern proposes, with what stands around it."""

from functools import cache
from typing import Any, NamedTuple

import re2

from apisentinel.detectors.data import vocabulary
from apisentinel.detectors.data.limits import AFTER, BEFORE, PATTERN_MEMORY

Span = tuple[int, int]

_WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_DIGITS = frozenset(b"0123456789")
_NOT_DIGITS = bytes(b for b in range(256) if b not in _DIGITS)


class Candidate(NamedTuple):
    """Bytes of a text that may be something.

    Attributes:
        text: The whole text.
        start: Where the candidate begins.
        end: Where it ends.
        floor: Where the value with its label begins; words before it belong to another value.
    """

    text: bytes
    start: int
    end: int
    floor: int = 0

    @property
    def span(self) -> Span:
        """Begin and end."""
        return self.start, self.end

    @property
    def value(self) -> bytes:
        """The bytes."""
        return self.text[self.start : self.end]

    @property
    def digits(self) -> bytes:
        """The digits among the bytes."""
        return digits_of(self.value)

    @property
    def before(self) -> bytes:
        """What stands before it in the same value or pair, in lower case."""
        before = self.text[max(self.floor, self.start - BEFORE) : self.start].lower()
        return before.rpartition(b',"')[2].rpartition(b', "')[2]

    @property
    def after(self) -> bytes:
        """What stands behind it, in lower case."""
        return self.text[self.end : self.end + AFTER].lower()

    @property
    def alone(self) -> bool:
        """True when no letter or digit touches it and it is no part of a longer number.

        Separators count when a digit follows: ``1.2.3.4`` does not stand alone in ``1.2.3.4.5``,
        nor does a group of a UUID.
        """
        text, start, end = self.text, self.start, self.end
        if start > self.floor:
            previous = text[start - 1]
            if previous in _WORD:
                return False
            if previous in b".-,:" and start - 1 > self.floor and text[start - 2] in _WORD - {95}:
                return previous in b":," and text[start - 2] not in _DIGITS
        if end < len(text):
            following = text[end]
            if following in _WORD:
                return False
            if following in b".,-" and end + 1 < len(text):
                return text[end + 1] not in (_WORD if following == 45 else _DIGITS)
        return True

    def says(self, topic: str) -> bool:
        """True when the words before the candidate are about `topic`."""
        return bool(topic_pattern(topic).search(self.before))


def digits_of(value: bytes) -> bytes:
    """The digits among some bytes.

    Example:
        >>> digits_of(b"+1 (212) 555")
        b'1212555'
    """
    return value.translate(None, _NOT_DIGITS)


def options() -> Any:
    """Options of RE2 for bytes, with bounded memory."""
    chosen = re2.Options()
    chosen.encoding = re2.Options.Encoding.LATIN1
    chosen.log_errors = False
    chosen.max_mem = PATTERN_MEMORY
    return chosen


def compiled(regex: str) -> Any:
    """An RE2 automaton over bytes."""
    return re2.compile(regex.encode("latin-1"), options())


@cache
def topic_pattern(topic: str) -> Any:
    """The words of a topic as one automaton."""
    return compiled(vocabulary.load("patterns")["context"][topic])
