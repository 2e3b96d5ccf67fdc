"""Cuts a stream of syslog messages: by length (RFC 6587, RFC 5425) or by line end."""

from typing import NamedTuple

LONGEST_COUNT = 7
"""Digits of a message length; nine-digit lengths would be a gigabyte."""

_LF = 0x0A
_ENDS = b"\r\n\0"


class Message(NamedTuple):
    """One message.

    Attributes:
        text: Its bytes on one line: line ends inside are blanks.
        cut: True when it was longer than the limit; `text` is its beginning.
    """

    text: bytes
    cut: bool


def one_line(message: bytes) -> bytes:
    r"""A message as one line.

    Example:
        >>> one_line(b"<14>a\r\nb\n\0")
        b'<14>a  b'
    """
    return message.rstrip(_ENDS).replace(b"\r", b" ").replace(b"\n", b" ")


class Framing:
    """The messages of one connection, each framed in its own way.

    Memory: at most the limit and one read.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = bytearray()
        self._skip = 0
        self._skip_line = False

    @property
    def is_open(self) -> bool:
        """True when a message has begun and is not complete."""
        return bool(self._held) or self._skip > 0 or self._skip_line

    def feed(self, data: bytes) -> list[Message]:
        """Messages that are complete with these bytes, in order."""
        self._held += data
        out: list[Message] = []
        while self._held:
            if not self._step(out):
                break
        return out

    def finish(self) -> list[Message]:
        """What the connection left behind: a message that its end ends, or the part of one."""
        if self._skip or self._skip_line:
            return []
        length, digits = self._length()
        begin = digits + 1 if length >= 0 else 0
        return self._message(bytes(self._held[begin:]))

    def _step(self, out: list[Message]) -> bool:
        """Takes one message or part of one; False when more bytes are needed."""
        if self._skip or self._skip_line:
            return self._skip_on()
        length, digits = self._length()
        if length >= 0:
            return self._counted(length, digits, out)
        return not digits and self._ended(out)

    def _skip_on(self) -> bool:
        """Drops more of a message whose beginning was handed on."""
        held = self._held
        if self._skip:
            gone = min(self._skip, len(held))
            self._skip -= gone
        else:
            end = held.find(_LF)
            self._skip_line = end < 0
            gone = end + 1 if end >= 0 else len(held)
        del held[:gone]
        return True

    def _ended(self, out: list[Message]) -> bool:
        """Takes a message that a line end ends."""
        held = self._held
        end = held.find(_LF)
        if end >= 0:
            out += self._message(bytes(held[:end]))
            del held[: end + 1]
            return True
        if len(held) <= self.limit:
            return False
        out.append(Message(one_line(bytes(held[: self.limit])), True))
        held.clear()
        self._skip_line = True
        return True

    def _length(self) -> tuple[int, int]:
        """``(length, digits)`` of a counted message; length -1 when it is not counted, and digits 0
        when that is certain.
        """
        held = self._held
        digits = 0
        while digits < len(held) and digits <= LONGEST_COUNT and 48 <= held[digits] <= 57:
            digits += 1
        if digits == 0 or digits > LONGEST_COUNT or held[0] == 48:
            return -1, 0
        if digits == len(held):
            return -1, digits
        if held[digits] != 0x20 or (len(held) > digits + 1 and held[digits + 1] != 0x3C):
            return -1, 0
        return int(bytes(held[:digits])), digits

    def _counted(self, length: int, digits: int, out: list[Message]) -> bool:
        held = self._held
        begin = digits + 1
        if length > self.limit:
            if len(held) < begin + self.limit:
                return False
            out.append(Message(one_line(bytes(held[begin : begin + self.limit])), True))
            del held[: begin + self.limit]
            self._skip = length - self.limit
            return True
        if len(held) < begin + length:
            return False
        out += self._message(bytes(held[begin : begin + length]))
        del held[: begin + length]
        return True

    def _message(self, raw: bytes) -> list[Message]:
        text = one_line(raw)
        if len(text) > self.limit:
            return [Message(text[: self.limit], True)]
        return [Message(text, False)] if text else []
