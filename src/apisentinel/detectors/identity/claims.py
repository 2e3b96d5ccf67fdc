"""What a JSON web token says of itself, without knowing any key.

References: RFC 7519; RFC 8725 (best current practice); CWE-345, CWE-347.
"""

import binascii
from functools import lru_cache
from typing import Any

import msgspec

LONGEST_TOKEN = 16 << 10
"""Bytes of a token that is read; servers refuse longer headers."""
TEXTS_KEPT = 4_096
"""Tokens whose content is remembered: an expired one is sent again and again."""
HEADS_KEPT = 1_024
"""Heads of tokens that are remembered: an issuer has one for each of its keys."""
ISSUER_LENGTH = 120
LATEST = 1 << 40
"""Largest time that is believed, seconds."""

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
ASYMMETRIC = ("RS", "ES", "PS", "ED")
_KEY_PATHS = ("../", "..\\", "/dev/", "/etc/", "/proc/", "/var/", "/tmp/", "/usr/", "c:\\")  # noqa: S108 (words to look for)
_KEY_MARKS = ("'", '"', ";", "|", "`", "$(", "--", "\x00", " or ", " union ")


class Claims(msgspec.Struct, frozen=True):
    """The parts of a token that anomalies show in.

    Attributes:
        alg: Algorithm, upper case.
        oddity: What is wrong with the head by itself: ``none``, ``key path``, ``key query``, or
            empty.
        brings_key: The head brings its key along or says where to get it.
        issuer: Who made it, empty when it does not say.
        issued, expires: Seconds since 1970, 0 when it does not say.
    """

    alg: str
    oddity: str
    brings_key: bool
    issuer: str
    issued: int
    expires: int


class _Head(msgspec.Struct):
    alg: Any = None
    kid: Any = None
    jku: Any = None
    x5u: Any = None
    jwk: Any = None


class _Body(msgspec.Struct):
    iss: Any = None
    iat: Any = None
    exp: Any = None


@lru_cache(TEXTS_KEPT)
def read_token(text: bytes) -> Claims | None:
    """The claims of a token, None for anything that is no JSON web token.

    Example:
        >>> read_token(b"eyJhbGciOiJub25lIn0.eyJleHAiOjF9.")
        Claims(alg='NONE', oddity='none', brings_key=False, issuer='', issued=0, expires=1)
    """
    parts = text.split(b".")
    if not text.startswith(b"eyJ") or len(text) > LONGEST_TOKEN or len(parts) != 3:
        return None
    try:
        head = msgspec.json.decode(_plain(parts[0]), type=_Head)
        body = msgspec.json.decode(_plain(parts[1]), type=_Body)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None
    return Claims(
        _algorithm(head),
        _oddity(head),
        any(value is not None for value in (head.jku, head.x5u, head.jwk)),
        body.iss[:ISSUER_LENGTH] if isinstance(body.iss, str) else "",
        _time(body.iat),
        _time(body.exp),
    )


@lru_cache(HEADS_KEPT)
def is_odd_head(part: bytes) -> bool:
    """False when the first part of a token, its head, has nothing that `Claims.oddity` would name.

    An issuer writes the same head into all its tokens, so this is quicker than `read_token`.
    """
    if len(part) > LONGEST_TOKEN:
        return False
    try:
        head = msgspec.json.decode(_plain(part), type=_Head)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return False
    return _oddity(head) != ""


def bearer_of(headers: bytes) -> bytes:
    """The bearer token of a block of headers, empty without one."""
    _, found, rest = (b"\x1e" + headers).partition(b"\x1eauthorization\x1f")
    value = rest.partition(b"\x1e")[0]
    return value[7:].strip() if found and value[:7].lower() == b"bearer " else b""


def _plain(part: bytes) -> bytes:
    return binascii.a2b_base64(part.translate(_URL_SAFE) + b"===")


def _algorithm(head: _Head) -> str:
    return head.alg.upper()[:16] if isinstance(head.alg, str) else ""


def _oddity(head: _Head) -> str:
    return "none" if _algorithm(head) == "NONE" else _odd_key(head.kid)


def _odd_key(kid: Any) -> str:
    """What is wrong with a key id: it is looked up as a file or in a database."""
    if not isinstance(kid, str):
        return ""
    small = kid.lower()
    if any(word in small for word in _KEY_PATHS):
        return "key path"
    return "key query" if any(word in small for word in _KEY_MARKS) else ""


def _time(value: Any) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value < LATEST else 0
