"""Makes text of strangers harmless: nothing hidden, nothing that moves the cursor, no end of it."""

import unicodedata
from collections.abc import Iterator

INVISIBLE = frozenset(
    [
        0x034F,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        0x2800,
        0x3164,
        0xFFA0,
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    ]
)
"""Letters, marks and symbols that show nothing: fillers, joiners, variation selectors."""

MAX_MARKS = 2
"""Combining marks shown on one character: languages need two, towers hide other lines."""


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    r"""Splits a text into runs that can be shown as they are, and escapes of what cannot.

    Control characters (line breaks too), bidirectional and zero-width characters, lone surrogates,
    unassigned and private code points, unusual spaces and piled-up marks are written as ``\xHH``,
    ``\uHHHH`` or ``\UHHHHHHHH``. Letters of right-to-left scripts stay; the order in which a
    terminal shows them is not changed here.

    Args:
        text: Any text.

    Yields:
        Text and whether it is an escape.
    """
    if text.isascii() and text.isprintable():
        yield text, False
        return
    begin = marks = 0
    for index, char in enumerate(text):
        mark = char > "\u02ff" and unicodedata.category(char) in {"Mn", "Me"}
        marks = marks + 1 if mark else 0
        if char.isprintable() and marks <= MAX_MARKS and ord(char) not in INVISIBLE:
            continue
        if begin < index:
            yield text[begin:index], False
        yield escape(char), True
        begin = index + 1
    if begin < len(text):
        yield text[begin:], False


def escape(char: str) -> str:
    r"""The escape of one character.

    Example:
        >>> escape(chr(0x202E))
        '\\u202e'
    """
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    r"""The text with everything hidden in it written as escapes.

    Example:
        >>> visible("a" + chr(27) + "[2J")
        'a\\x1b[2J'
    """
    return "".join(piece for piece, _ in pieces(text))


def clip(text: str, limit: int) -> str:
    """At most `limit` characters of a text, with the number of those left out.

    Example:
        >>> clip("abcdef", 4)
        'abcd… (+2)'
    """
    return text if len(text) <= limit else f"{text[:limit]}… (+{len(text) - limit:,})"
