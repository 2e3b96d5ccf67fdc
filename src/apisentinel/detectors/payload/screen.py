"""Screen: which requests are worth a closer look, at a few nanoseconds per byte.

Reads the fields as sent and with up to `SCREEN_LAYERS` encodings undone, finds the words of
``data/screen.toml`` with one automaton and the kinds of characters with one table.
"""

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.payload import data
from apisentinel.detectors.payload.limits import (
    MAX_SCREEN_BODY,
    MAX_SCREEN_FIELD,
    MAX_SCREEN_TARGET,
    MAX_VALUES,
)
from apisentinel.detectors.payload.screen_kernel import (
    CAPITAL,
    LETTER,
    SIXTY_FOUR,
    screen_rows,
    screen_texts,
    work_space,
)
from apisentinel.detectors.payload.unescape import HEX
from apisentinel.detectors.payload.workspace import ROOM, borrowed, give_back
from apisentinel.kernels.automaton import Automaton, build
from apisentinel.kernels.native import Fixed
from apisentinel.records.batch import TEXT_INDEX, RequestBatch

PATH, QUERY, AGENT, REFERER, HEADERS, BODY, FORM = 1, 2, 4, 8, 16, 32, 64
"""Bits of the fields; `FORM` is the form of the request line itself."""

FIELD_LETTERS = {"p": PATH, "q": QUERY, "a": AGENT, "r": REFERER, "h": HEADERS, "b": BODY}
METHOD, VERSION = TEXT_INDEX["method"], TEXT_INDEX["http_version"]
COLUMNS = np.array(
    [
        TEXT_INDEX[name]
        for name in ("path", "query", "user_agent", "referer", "headers", "request_body")
    ],
    np.int64,
)
CAPS = np.array(
    [
        MAX_SCREEN_TARGET,
        MAX_SCREEN_TARGET,
        MAX_SCREEN_FIELD,
        MAX_SCREEN_FIELD,
        MAX_SCREEN_FIELD,
        MAX_SCREEN_BODY,
    ],
    np.int64,
)

CHARACTER_CLASSES = {
    "single": b"'", "double": b'"', "tick": b"`", "less": b"<", "greater": b">", "paren": b"(",
    "brace": b"{", "bracket": b"[", "semicolon": b";", "pipe": b"|", "dollar": b"$",
    "newline": b"\r\n", "backslash": b"\\", "ampersand": b"&", "equals": b"=", "hash": b"#",
    "percent": b"%", "star": b"*", "plus": b"+",
    "control": bytes(b for b in range(32) if b not in b"\t\r\n") + b"\x7f",
    "invalid": bytes([0xC0, 0xC1, *range(0xF5, 0x100)]),
}  # fmt: skip
"""Kinds of characters that a group of words may ask for; bit = position."""


def _fold(byte: int) -> int:
    """The sign that stands for a byte; see `FOLD`."""
    if byte in b"+\t\n\r\x0b\x0c\xa0":
        return 0x20
    if byte >= 0x80:
        return _UPPER_HALF.get(byte, 0xFF)
    return b"abcdefghijklmnopqrstuvwxyz"[byte - 65] if 65 <= byte <= 90 else _TWINS.get(byte, byte)


_UPPER_HALF = {0xEF: 0x80, 0xBC: 0x81, 0x98: 0x81, 0xE5: 0x83} | dict.fromkeys(
    (0x82, 0x87, 0x8A, 0x8D, 0x8E, 0x8F, 0x9C, 0x9E), 0x82
)
"""Bytes of the fullwidth signs ``" ' . / < >`` and of the two that end in CR and LF; no word holds
any other.
"""

_TWINS = {0x5C: 0x2F, 0x5F: 0x2D, 0x7E: 0x5E} | dict.fromkeys(b"3456789", ord("2"))

FOLD = bytes(_fold(byte) for byte in range(256))
"""Bytes that the automaton takes for one another. Case, blanks and slashes: a space written as plus
needs no decoding. Digits from 2 on, dash and underscore, and bytes of the upper half, because 64
columns keep the often visited part of the table in the first cache; it costs a few candidates.
"""

ALWAYS = {
    "path": (
        "less",
        "greater",
        "single",
        "double",
        "tick",
        "control",
        "backslash",
        "invalid",
        "semicolon",
        "pipe",
        "dollar",
        "brace",
        "newline",
    ),
    "query": ("less", "tick", "control", "backslash", "single"),
    "user_agent": ("less", "tick", "control", "dollar", "single", "double", "backslash"),
    "referer": ("less", "tick", "control", "backslash", "single"),
    "headers": ("less", "tick"),
    "request_body": (),
}
"""Characters whose presence alone makes a field a candidate: hardly any client sends them there."""


@dataclass(frozen=True)
class ScreenTables:
    """Everything the kernel reads.

    Attributes:
        automaton: Words → bits of their groups.
        kinds: uint32 ``(2, 256)``, character class bits of each byte, second row for paths.
        alone: uint64 ``(6,)``, group bits that make a field a candidate.
        kinds_alone: uint32 ``(6,)``, class bits that do.
        pairs: uint64 ``(n, 3)``: field bits, group bits, class bits that together do.
    """

    automaton: Automaton
    kinds: npt.NDArray[np.uint32]
    alone: npt.NDArray[np.uint64]
    kinds_alone: npt.NDArray[np.uint32]
    pairs: npt.NDArray[np.uint64]


@cache
def tables() -> ScreenTables:
    """Tables built from the data files; about 30 ms, once per process."""
    document = data.load("screen")
    class_bit = {name: 1 << i for i, name in enumerate(CHARACTER_CLASSES)}
    kinds = np.zeros((2, 256), np.uint32)
    for name, members in CHARACTER_CLASSES.items():
        for byte in members:
            kinds[:, byte] |= class_bit[name]
    kinds[SIXTY_FOUR < 64] |= LETTER
    kinds[:, ord("A") : ord("Z") + 1] |= CAPITAL
    words: list[tuple[bytes, int]] = []
    alone = np.zeros(len(FIELD_LETTERS), np.uint64)
    pairs = []
    for i, group in enumerate(document["group"]):
        words += [(word.encode(), 1 << i) for word in group["words"]]
        fields = sum(FIELD_LETTERS[letter] for letter in group["fields"])
        if "with" in group:
            pairs.append((fields, 1 << i, sum(class_bit[name] for name in group["with"].split())))
        else:
            alone |= np.array(
                [(1 << i) if fields >> f & 1 else 0 for f in range(len(alone))], np.uint64
            )
    count = len(document["group"])
    for product in document["product"]:
        words += [
            ((first + second).encode(), 1 << count)
            for first in product["first"]
            for second in product["second"]
        ]
        alone |= np.array(
            [
                (1 << count) if sum(FIELD_LETTERS[x] for x in product["fields"]) >> f & 1 else 0
                for f in range(len(alone))
            ],
            np.uint64,
        )
        count += 1
    words += [(form.encode(), 1 << count) for form in data.base64_words()]
    alone |= np.uint64(1 << count)
    count += 1
    probe_bit = 1 << count
    words += [(word, probe_bit) for word in data.probe_words()]
    alone[0] |= np.uint64(probe_bit)
    kinds_alone = np.array(
        [sum(class_bit[name] for name in ALWAYS[field]) for field in ALWAYS], np.uint32
    )
    return ScreenTables(
        build(words, FOLD, repeat=0x20),
        kinds,
        alone,
        kinds_alone,
        np.array(pairs, np.uint64).reshape(-1, 3),
    )


def flag_fields(batch: RequestBatch, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Bits of the fields of `rows` that deserve a closer look."""
    t = tables()
    out: npt.NDArray[np.uint8] = np.zeros(len(rows), np.uint8)
    spans: Any = np.ascontiguousarray(batch.spans)
    a = t.automaton
    screen_rows(
        batch.buffer, spans, rows, COLUMNS, CAPS,
        a.classes, a.table, a.outputs, a.shift, a.first_output,
        t.kinds, t.alone, t.kinds_alone, t.pairs, HEX, SIXTY_FOUR, METHOD, VERSION, out,
        *work_space(len(rows)),
    )  # fmt: skip
    return out


@cache
def _rules_of(field: int) -> tuple[Any, ...]:
    """Arguments of `screen_texts` for one field."""
    t = tables()
    at = field.bit_length() - 1
    pairs = t.pairs[(t.pairs[:, 0] & np.uint64(field)) != 0][:, 1:]
    a = t.automaton
    return (
        int(CAPS[at]), Fixed(a.classes), Fixed(a.table), Fixed(a.outputs), a.shift, a.first_output,
        Fixed(t.kinds), int(t.alone[at]), int(t.kinds_alone[at]),
        Fixed(np.ascontiguousarray(pairs)), Fixed(HEX), Fixed(SIXTY_FOUR),
    )  # fmt: skip


def flag_texts(texts: list[bytes], field: int) -> list[bool]:
    """Which of some texts deserve a closer look, by the rules of one field.

    Cost: 4 µs, and 2 ns per byte.
    """
    ends = list(accumulate(map(len, texts)))
    if not ends:
        return []
    count = len(ends)
    if ends[-1] <= ROOM and count <= MAX_VALUES:
        space = borrowed()
        space.put(b"".join(texts))
        space.put_ends(ends)
        screen_texts(
            space.text,
            space.ends,
            count,
            *_rules_of(field),
            space.layers,
            space.marks,
            space.track,
        )
        marks = space.marked(count)
        give_back(space)
        return list(map(bool, marks))
    buffer = np.frombuffer(bytearray(b"".join(texts) + _SPARE), np.uint8)
    out = np.empty(count, np.uint8)
    work = np.empty(2 * (ends[-1] + len(_SPARE)), np.uint8)
    screen_texts(
        buffer,
        np.array(ends, np.int64),
        count,
        *_rules_of(field),
        work,
        out,
        np.empty(0, np.uint16),
    )
    return [flag != 0 for flag in out.tolist()]


_SPARE = b"\0" * 64
