"""What the payload model looks at: the rules' opinion, the form of the text, its n-grams."""

import struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.payload import canonical, quotation
from apisentinel.detectors.payload.fields import Value
from apisentinel.detectors.payload.gram_kernel import (
    CHAR_WINDOW,
    CHARS_EACH,
    LONGEST_TOKEN,
    SIGNS,
    TOKEN_WINDOW,
    add_grams,
    describe,
)
from apisentinel.detectors.payload.opinion import Looked
from apisentinel.detectors.payload.sql_tokens import shape
from apisentinel.kernels.native import Fixed
from apisentinel.records.taxonomy import AttackType

MAX_TEXT = 768
"""Bytes of a value whose form is described: its beginning and its end."""

MAX_TOKENS = 400
MAX_SHAPED = 2_048
"""Bytes of a text that is read as SQL."""
TOKENS_EACH = LONGEST_TOKEN

TYPES = (
    AttackType.SQLI, AttackType.XSS, AttackType.CMDI, AttackType.TRAVERSAL, AttackType.SSTI,
    AttackType.SSRF, AttackType.XXE, AttackType.LDAPI, AttackType.CRLF, AttackType.LOG4SHELL,
    AttackType.DESERIALIZATION, AttackType.RFI, AttackType.NOSQLI, AttackType.GRAPHQL_ABUSE,
    AttackType.PROMPT_INJECTION,
)  # fmt: skip
"""Attack types that the model knows; their order is part of its format."""

_TYPE_AT = {kind: at for at, kind in enumerate(TYPES)}
_LETTERS = b"1sqnfvUSEFWBCAkT&|=oc(),;x"
"""Letters of the shape of SQL that are counted."""

RULE_NAMES = (
    *(f"rules_{kind}" for kind in TYPES),
    *[
        "rules_other",
        "rules_best",
        "rules_second",
        "rules_count",
        "oddities",
        "layers",
        "prose",
        "prose_head",
        "code",
    ],
    *["statement", "quotation_opened", "is_whole", "has_lines", "is_markup", "is_binary"],
    *(f"odd_{bit}" for bit in range(12)),
)
SHAPE_NAMES = tuple(f"sql_{letter:02x}" for letter in _LETTERS)
STAT_NAMES = (
    *(f"sign_{sign:02x}" for sign in SIGNS),
    *[
        "size",
        "letters",
        "digits",
        "blanks",
        "upper",
        "signs",
        "known_words",
        "run_of_signs",
        "run_of_letters",
    ],
    *["open_round", "open_square", "open_curly", "odd_quotes", "tokens"],
)
GRAM_NAMES = ("chars", "chars_best", "tokens_all", "tokens_best")
NAMES = (*RULE_NAMES, *SHAPE_NAMES, *STAT_NAMES, *GRAM_NAMES)
"""Columns of the model, in order."""

N_RULES, N_SHAPE = len(RULE_NAMES), len(SHAPE_NAMES)
GRAMS_AT = len(NAMES) - len(GRAM_NAMES)
_SPARE = b"\0" * 64


class Grams(NamedTuple):
    """Hashed n-grams of a text.

    Attributes:
        chars: int32, `CHARS_EACH` for each place, -1 for none.
        tokens: int32, `TOKENS_EACH` for each token, -1 for none.
        char_places, token_places: How many.
    """

    chars: npt.NDArray[np.int32]
    tokens: npt.NDArray[np.int32]
    char_places: int
    token_places: int


def clipped(plain: bytes) -> bytes:
    """The part of a canonical text that is described, with marks at its ends."""
    if len(plain) > MAX_TEXT:
        plain = plain[: MAX_TEXT * 2 // 3] + b" " + plain[-MAX_TEXT // 3 :]
    return b"\x02" + plain + b"\x03"


def grams_of(plain: bytes, known: Any, stats: npt.NDArray[np.float32]) -> Grams:
    """N-grams of a canonical text; writes its statistics to `stats`, ``(N_STATS,)``."""
    text = clipped(plain)
    source: Any = np.frombuffer(bytearray(text + _SPARE), np.uint8)
    places = len(text) - 2
    chars = np.empty(CHARS_EACH * places, np.int32)
    tokens = np.empty(TOKENS_EACH * MAX_TOKENS, np.int32)
    work = np.empty(MAX_TOKENS, np.uint64)
    count = describe(source, len(text), known, work, chars, tokens, stats)
    return Grams(chars, tokens[: TOKENS_EACH * count].copy(), places, count)


def gram_sums(
    grams: Grams,
    char_weights: Any,
    token_weights: Any,
    out: npt.NDArray[np.float32],
) -> None:
    """Writes the four linear outputs to `out`, ``(4,)``."""
    add_grams(grams.chars, grams.char_places, CHARS_EACH, CHAR_WINDOW, char_weights, out, 0)
    add_grams(grams.tokens, grams.token_places, TOKENS_EACH, TOKEN_WINDOW, token_weights, out, 2)


def rules_of(value: Value, looked: Looked) -> list[float]:
    """The columns of rules and of how the value reads, `N_RULES` numbers."""
    best, second, named = 0.0, 0.0, 0
    out = [0.0] * (len(TYPES) + 1)
    for finding in looked.findings:
        raw = finding.raw_llr
        at = _TYPE_AT.get(finding.attack_type, len(TYPES))
        out[at] = max(out[at], raw)
        best, second = (raw, best) if raw > best else (best, max(second, raw))
        named += len(finding.rules)
    read = looked.reading or quotation.reading(looked.plain)
    odd = looked.oddity
    out += (best, second, named, odd.bit_count(), looked.layers, read.words)
    out += (read.open_words if read.words else 0.0, read.code, read.statement, read.opened)
    out += (value.whole, value.lines, value.markup, value.binary)
    out += _BITS[odd & 4_095]
    return out


_BITS = [tuple(odd >> bit & 1 for bit in range(12)) for odd in range(4_096)]
"""The bits of odd ways of writing as numbers."""


def letters_of(plain: bytes) -> bytes:
    """Letters of the shape of SQL of a canonical text, none of long ones."""
    return shape(canonical.sql(plain)) if len(plain) < MAX_SHAPED else b""


def rule_features(value: Value, looked: Looked, out: npt.NDArray[np.float32]) -> None:
    """Writes the first columns, those of rules and of the shape of SQL, to `out`."""
    out[:N_RULES] = rules_of(value, looked)
    letters = letters_of(looked.plain)
    for at, letter in enumerate(_LETTERS):
        out[N_RULES + at] = letters.count(letter)


class RowSpace:
    """Arrays for one value at a time, kept from call to call; see `workspace`."""

    __slots__ = ("_row", "bits", "chars", "ids", "keys", "row", "tokens")

    def __init__(self) -> None:
        row = np.zeros(len(NAMES), np.float32)
        self._row = row.data.cast("B")
        self.row: Any = Fixed(row)
        self.bits: Any = Fixed(row.view(np.int32))
        self.keys: Any = Fixed(np.zeros(2 * len(NAMES), np.int32))
        self.chars: Any = Fixed(np.zeros(CHARS_EACH * (MAX_TEXT + 2), np.int32))
        self.ids: Any = Fixed(np.zeros(TOKENS_EACH * MAX_TOKENS, np.int32))
        self.tokens: Any = Fixed(np.zeros(MAX_TOKENS, np.uint64))

    def put(self, rules: list[float]) -> None:
        """Puts the first columns into `row`."""
        _PACKED.pack_into(self._row, 0, *rules)


_PACKED = struct.Struct(f"={N_RULES}f")

COLUMN_OF: Any = np.zeros(256, np.uint8)
"""Column of each letter of the shape of SQL, from 1."""
for _at, _letter in enumerate(_LETTERS):
    COLUMN_OF[_letter] = _at + 1
COLUMN_OF = Fixed(COLUMN_OF)
