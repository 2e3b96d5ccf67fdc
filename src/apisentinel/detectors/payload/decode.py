"""Decoders: what a server may make of a value, layer by layer until nothing changes."""

import base64
import unicodedata
from typing import Any

import msgspec
import numpy as np

from apisentinel.detectors.payload.limits import MAX_GROWTH, MAX_LAYERS
from apisentinel.detectors.payload.unescape import HEX, undo_layer
from apisentinel.detectors.payload.workspace import ROOM, borrowed, give_back
from apisentinel.kernels.native import Fixed


class Oddity:
    """How a value was written; some ways are evidence by themselves. Bits, plain for speed."""

    NONE = 0
    PERCENT = 1
    PERCENT_U = 2
    ESCAPE = 4
    ENTITY = 8
    OVERLONG = 16
    FULLWIDTH = 32
    UTF7 = 64
    COMPATIBLE = 128
    REPEATED_PERCENT = 256
    BASE64 = 512
    NUL = 1024
    HIDDEN_LETTER = 2048
    """A plain letter or digit was written as an escape, which no honest encoder does."""


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """A value after its layers.

    Attributes:
        text: What is left when nothing changes any more.
        layers: How many layers were undone.
        oddity: Bits of `Oddity`.
        stages: The texts before each layer.
    """

    text: bytes
    layers: int
    oddity: int
    stages: tuple[bytes, ...] = ()


_SIGNS = {
    "<": "lt", ">": "gt", '"': "quot", "'": "apos", "&": "amp", "(": "lpar", ")": "rpar",
    ":": "colon", ";": "semi", "\t": "tab", "\n": "newline", "/": "sol", "\\": "bsol",
    "[": "lsqb lbrack", "]": "rsqb rbrack", "{": "lcub lbrace", "}": "rcub rbrace",
    "`": "grave diacriticalgrave", "!": "excl", "#": "num", "=": "equals", ",": "comma",
    ".": "period", "+": "plus", "$": "dollar", "%": "percnt", "*": "ast midast",
    "_": "lowbar underbar", "-": "hyphen dash", "|": "vert verbar", "@": "commat", "?": "quest",
    "^": "hat", " ": "nbsp nonbreakingspace", "": "zerowidthspace",
}  # fmt: skip
ENTITIES = {
    name.encode(): sign.encode() for sign, names in _SIGNS.items() for name in names.split()
}
"""Named character references of HTML that give ASCII."""

MAX_ENTITIES = 500
"""Ampersands of one value that are tried as entities."""

_UTF7 = {
    b"adw-": b"<", b"ad4-": b">", b"aci-": b'"', b"acc-": b"'", b"acg-": b"(", b"ack-": b")",
    b"ad0-": b"=", b"ad8-": b"?", b"adsa": b";", b"aga-": b"`", b"acm-": b"#", b"acy-": b"&",
    b"ahs-": b"{", b"ah0-": b"}", b"ac8-": b"/", b"adz-": b"<", b"ads-": b";",
}  # fmt: skip

_SPARE = b"\0" * 64
_HEX = Fixed(HEX)
_BASE64_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_BASE64_RUNS = bytes(b if b in _BASE64_LETTERS else 0x20 for b in range(256))
LEAST_BASE64 = 12
"""Letters of the shortest base64 that is tried; shorter ones hold no attack."""

BASE64_RUNS = 4
"""Runs of base64 letters inside one value that are tried, longest first."""

_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_MAGIC = (
    b"\xac\xed\x00\x05",
    b"\x80\x03",
    b"\x80\x04",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"\x00\x01\x00\x00\x00\xff\xff\xff\xff",
    b"\x04\x08",
)


def _undo(value: bytes) -> tuple[bytes, int]:
    """One numeric layer; the text and the bits of its oddity."""
    size = len(value)
    if size > ROOM:
        text: Any = np.frombuffer(bytearray(value + _SPARE), np.uint8)
        oddity: Any = np.zeros(1, np.int64)
        length = undo_layer(text, size, _HEX, oddity)
        return text[:length].tobytes(), int(oddity[0])
    space = borrowed()
    space.put(value)
    after = space.taken(undo_layer(space.text, size, _HEX, space.bits))
    bits = space.bit()
    give_back(space)
    return after, bits


def _named(value: bytes) -> bytes:
    """Named entities that give ASCII."""
    head, *rest = value.split(b"&", MAX_ENTITIES)
    out = [head]
    for part in rest:
        end = part.find(b";", 1, 20)
        sign = ENTITIES.get(part[:end].lower()) if end > 0 else None
        out.append(b"&" + part if sign is None else sign + part[end + 1 :])
    return b"".join(out)


def _utf7(value: bytes) -> bytes:
    """UTF-7 signs that matter in markup; the plus may have become a blank."""
    for name, sign in _UTF7.items():
        for form in (
            name,
            name.upper(),
            b"AD" + name[2:] if name.startswith(b"ad") else b"AC" + name[2:],
        ):
            value = value.replace(b"+" + form, sign).replace(b" " + form, sign)
    return value


def _compatible(value: bytes) -> bytes:
    """NFKC of a text that is UTF-8; unchanged when it is not, or grows too much."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value
    if unicodedata.is_normalized("NFKC", text):
        return value
    folded = unicodedata.normalize("NFKC", text).encode()
    return value if len(folded) > len(value) * 2 else folded


def _layer(value: bytes) -> tuple[bytes, int]:
    """One layer of every encoding; the text and the bits of its oddity."""
    bits = 0
    plain = value.isascii()
    if b"%" in value or b"\\" in value or b"&#" in value or not plain:
        value, bits = _undo(value)
    if b"&" in value and b";" in value:
        named = _named(value)
        bits |= Oddity.ENTITY if named != value else 0
        value = named
    if b"+A" in value or b" AD" in value or b" AC" in value or b"+ad" in value:
        shorter = _utf7(value)
        bits |= Oddity.UTF7 if shorter != value else 0
        value = shorter
    if not plain:
        folded = _compatible(value)
        bits |= Oddity.COMPATIBLE if folded != value else 0
        value = folded
    return value, bits


def decode(value: bytes) -> Decoded:
    """Undoes encodings until nothing changes or `MAX_LAYERS` are undone.

    The result is at most `MAX_GROWTH` times as long as the input. Decoding a result again changes
    nothing once a fixpoint is reached.

    Cost: 0.5 µs for a value without encodings, about 4 µs per layer otherwise.
    """
    oddity = 0
    stages: list[bytes] = []
    limit = len(value) * MAX_GROWTH
    while len(stages) < MAX_LAYERS:
        after, bits = _layer(value)
        if after == value or len(after) > limit:
            break
        if bits & oddity & Oddity.PERCENT:
            bits |= Oddity.REPEATED_PERCENT
        oddity |= bits
        stages.append(value)
        value = after
    if b"\0" in value:
        oddity |= Oddity.NUL
    return Decoded(value, len(stages), oddity, tuple(stages))


def inside_base64(text: bytes) -> bytes | None:
    """The text that a base64 or base64url value holds, None when it holds none.

    The value as a whole, or its longest runs of base64 letters; only what gives printable text or
    a known magic counts.
    """
    whole = text.strip().replace(b" ", b"+").rstrip(b"=")
    if not whole.translate(None, _BASE64_LETTERS):
        return _from_base64(whole)
    runs = [run for run in text.translate(_BASE64_RUNS).split() if len(run) >= LEAST_BASE64]
    if len(runs) > BASE64_RUNS:
        runs = sorted(runs, key=len, reverse=True)[:BASE64_RUNS]
    else:
        runs.sort(key=len, reverse=True)
    found = [inside for run in runs if (inside := _from_base64(run)) is not None]
    return b" ".join(found) or None


def _from_base64(text: bytes) -> bytes | None:
    """Decodes letters of base64 when the result looks like something."""
    if len(text) < LEAST_BASE64 or len(text) % 4 == 1:
        return None
    letters = text.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(text) % 4)
    try:
        inside = base64.b64decode(letters)
    except ValueError:
        return None
    if inside[1::2].count(0) * 3 > len(inside):
        inside = inside[::2]
    odd = len(inside.translate(None, _PRINTABLE))
    return inside if inside.startswith(_MAGIC) or odd * 20 <= len(inside) * 3 else None
