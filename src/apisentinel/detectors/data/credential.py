"""Keys, tokens and passwords."""

import base64
import binascii

import orjson

from apisentinel.detectors.data.candidate import Candidate, Span

MAX_SECRET = 4_096
"""Bytes of a secret; longer values are documents."""

MIN_TOKEN, MIN_PASSWORD = 8, 4
"""Characters of a token and of a password in a field named so; shorter ones are codes."""

MAX_JOSE_HEADER = 2_048
"""Characters of the first part of a JWT that are decoded."""

PLACEHOLDERS = frozenset(
    (
        b"null none nil true false undefined required optional string text value invalid "
        b"incorrect missing wrong expired must reset forgotten hidden redacted masked password "
        b"passwd secret token bearer basic empty unset unknown example your click this that "
        b"change field cannot should does please enter confirm current object number n/a yes "
        b"no enabled disabled public private"
    ).split()
)
"""Words after ``password:`` that are no password."""

_MASK = b"*xX#.-_\xe2\x80\xa2\xc2\xb7"
_TEMPLATES = (
    b"<",
    b"${",
    b"{{",
    b"%(",
    b"$(",
    b"%s",
    b"{",
    b"[",
    b"(",
    b"&lt;",
    b"$env",
    b"process.env",
    b"os.environ",
    b"xxx",
)


def is_placeholder(value: bytes) -> bool:
    """True for what stands in documentation or in a masked field instead of a secret.

    Example:
        >>> is_placeholder(b"********"), is_placeholder(b"hunter22!")
        (True, False)
    """
    plain = value.strip(b"\"' \t.,!?:;").lower()
    if plain in PLACEHOLDERS or len(set(plain)) <= 1 or not plain.translate(None, _MASK):
        return True
    return (
        plain.startswith(_TEMPLATES)
        or b"****" in plain
        or b"redacted" in plain
        or b"\xe2\x80\xa2\xe2\x80\xa2" in plain
    )


def any_value(candidate: Candidate) -> Span | None:
    """Whatever the pattern proposes: its form says enough."""
    return candidate.span


def token(candidate: Candidate) -> Span | None:
    """A token with a known prefix, standing alone, that mixes digits and letters."""
    text, start, value = candidate.text, candidate.start, candidate.value
    previous = text[start - 1 : start] if start > candidate.floor else b""
    following = text[candidate.end : candidate.end + 1]
    mixed = any(48 <= byte <= 57 for byte in value[4:]) and any(byte >= 65 for byte in value)
    touched = previous.isalnum() or previous in (b"_", b"-") or following.isalnum()
    return candidate.span if mixed and not touched and not is_placeholder(value) else None


def jwt(candidate: Candidate) -> Span | None:
    """A JSON Web Token: its first part is a JOSE header.

    References:
        RFC 7519, section 3; RFC 7515, section 4.
    """
    first = candidate.value.partition(b".")[0][:MAX_JOSE_HEADER]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(first + b"=" * (-len(first) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return (
        candidate.span
        if isinstance(header, dict) and ("alg" in header or "enc" in header)
        else None
    )


def secret(candidate: Candidate) -> Span | None:
    """The value of a pair that is named as a secret, unless it is a word of prose or a mask."""
    value = candidate.value
    if len(value) > MAX_SECRET or is_placeholder(value):
        return None
    return (
        None
        if value.isalpha() and value.islower() and candidate.after[:1] == b" "
        else candidate.span
    )


def is_secret_field(name: str, value: bytes) -> bool:
    """True for a value that a field named as a secret would hold."""
    if is_placeholder(value) or len(value) > MAX_SECRET:
        return False
    if name.rpartition(" ")[2] in (
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "pin",
        "otp",
        "code",
        "cvv",
        "cvc",
        "cvv2",
    ):
        return len(value) >= (3 if name in ("cvv", "cvc", "cvv2", "otp") else MIN_PASSWORD)
    return (len(value) >= MIN_TOKEN and len(value.split()) <= 3) or b"PRIVATE KEY" in value
