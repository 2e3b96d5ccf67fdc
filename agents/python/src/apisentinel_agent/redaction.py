"""Masks secrets before anything leaves the process. A secret is told by the name of its field.

Answers: passwords, tokens and cookies of users in the store of the collector. Does not catch a
secret in a path, or in text without a name beside it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "redacted"
"""What stands in place of a secret, as in the collector: letters mean the same in a URL, a header,
a form and JSON, and look like no attack."""

HASH = "hash"
"""What the hash of an id begins with, as in the collector."""

SECRET_HEADERS = frozenset(
    (
        "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key",
        "x-auth-token", "x-access-token", "x-csrf-token", "x-csrftoken", "x-xsrf-token",
        "x-amz-security-token", "x-goog-iap-jwt-assertion", "x-forwarded-access-token",
        "x-forwarded-authorization", "x-vault-token", "sec-websocket-key",
    )
)  # fmt: skip

SECRET_WORDS = (
    "password", "passwd", "passphrase", "passcode", "pwd", "credential", "creditcard", "cardnumber",
    "authorization",
)  # fmt: skip
"""A name that holds one of these, separators left out, names a secret."""

SECRET_ENDS = (
    "token", "secret", "apikey", "accesskey", "privatekey", "secretkey", "signature", "cookie",
    "sessionid", "sessid", "jwt", "bearer", "iban", "ssn", "cvv", "cvc", "samlresponse",
    "assertion", "codeverifier",
)  # fmt: skip
"""A name that ends like this names a secret; ``max_tokens`` does not."""

NO_SECRETS = (
    "pagetoken", "nexttoken", "prevtoken", "continuationtoken", "synctoken", "cursortoken",
    "canceltoken",
)  # fmt: skip
"""Ends of names of tokens that walk through lists."""

SECRET_NAMES = frozenset(("pass", "auth", "sid", "sig", "pin", "otp", "card", "session"))
"""Names that are secrets as a whole; inside others they mean little (``shipping`` holds a pin)."""

SEPARATORS = str.maketrans("", "", "-_. []")

MAX_NAMES = 4096
"""Names whose verdict is remembered."""


class Redactor:
    """Masks secrets by name. Thread-safe."""

    def __init__(
        self, names: Iterable[str] = (), *, hashes: bool = False, key: bytes = b""
    ) -> None:
        self._more = frozenset(name.lower().translate(SEPARATORS) for name in names)
        self._headers = SECRET_HEADERS | frozenset(name.lower() for name in names)
        self._hashes = hashes
        self._key = hashlib.blake2b(key, digest_size=32, person=b"sentinel-agent").digest()
        self._known: dict[str, bool] = {}

    def digest(self, value: str) -> str:
        """A keyed hash: the same for the same value and key, of no use to anybody else."""
        raw = value.encode("utf-8", "surrogateescape")
        return hashlib.blake2b(raw, digest_size=8, key=self._key).hexdigest()

    def identity(self, value: str) -> str:
        """The hash of an id."""
        return f"{HASH}-{self.digest(value)}"

    def secret(self, value: str) -> str:
        """What stands in place of a secret."""
        return f"{MASK}-{self.digest(value)}" if self._hashes else MASK

    def is_secret(self, name: str) -> bool:
        """True when a field of this name holds a secret.

        Example:
            >>> [Redactor().is_secret(n) for n in ("new_Password", "user[api-key]", "shipping")]
            [True, True, False]
        """
        known = self._known.get(name)
        if known is None:
            plain = name.lower().translate(SEPARATORS)
            known = plain in self._more or (
                not plain.endswith(NO_SECRETS)
                and (
                    plain in SECRET_NAMES
                    or plain.rstrip("0123456789").endswith(SECRET_ENDS)
                    or any(word in plain for word in SECRET_WORDS)
                )
            )
            if len(self._known) < MAX_NAMES and len(name) < 100:
                self._known[name] = known
        return known

    def header(self, name: str, value: str) -> str:
        """The value of a header; `name` in lower case. The scheme of a credential stays."""
        if name == "referer":
            return self.url(value)
        if name not in self._headers and not self.is_secret(name):
            return value
        if name.endswith("authorization"):
            scheme, space, rest = value.partition(" ")
            if space and scheme.isalpha():
                return f"{scheme} {self.secret(rest)}"
        return self.secret(value)

    def url(self, value: str) -> str:
        """A URL or path with its query masked; the part after ``#`` is left out."""
        path, mark, query = value.partition("#")[0].partition("?")
        scheme, slashes, rest = path.partition("://")
        if slashes and "@" in rest.partition("/")[0]:
            path = f"{scheme}://{MASK}@{rest.partition('@')[2]}"
        return path + mark + self.form(query)

    def form(self, text: str) -> str:
        """A query or form, ``a=1&b=2``; all but the values of secrets stays as it is."""
        if "=" not in text:
            return text
        return "&".join(self._pair(part) for part in text.split("&"))

    def _pair(self, part: str) -> str:
        name, equals, value = part.partition("=")
        if not value or not self.is_secret(unquote_plus(name) if "%" in name else name):
            return part
        return name + equals + self.secret(value)

    def json(self, text: str) -> str:
        """JSON, whole or cut, with the values of secret fields masked; the rest stays as it is.

        Works from string to string, so that broken and cut documents are masked, too.

        Example:
            >>> Redactor().json('{"user": "ann", "password": "x", "n": [1')
            '{"user": "ann", "password": "redacted", "n": [1'
        """
        out: list[str] = []
        done = at = 0
        while True:
            begin = text.find('"', at)
            if begin < 0:
                break
            end = _string_end(text, begin)
            colon = _skip_space(text, end)
            at = end
            if colon >= len(text) or text[colon] != ":":
                continue
            if not self.is_secret(_name(text[begin:end])):
                continue
            value = _skip_space(text, colon + 1)
            at = _value_end(text, value)
            if at > value:
                out += (text[done:value], '"', self.secret(text[value:at].strip('"')), '"')
                done = at
        out.append(text[done:])
        return "".join(out)


def _name(token: str) -> str:
    if "\\" not in token:
        return token.strip('"')
    try:
        return str(json.loads(token))
    except ValueError:
        return token.strip('"')


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _string_end(text: str, begin: int) -> int:
    """Position after the string that begins at `begin`; the end of the text when it is cut."""
    at = begin + 1
    while True:
        quote = text.find('"', at)
        if quote < 0:
            return len(text)
        back = quote
        while back > begin + 1 and text[back - 1] == "\\":
            back -= 1
        if (quote - back) % 2 == 0:
            return quote + 1
        at = quote + 1


def _value_end(text: str, begin: int) -> int:
    """Position after the JSON value that begins at `begin`."""
    if begin >= len(text):
        return begin
    if text[begin] == '"':
        return _string_end(text, begin)
    depth = 0
    at = begin
    while at < len(text):
        sign = text[at]
        if sign == '"':
            at = _string_end(text, at)
            continue
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            if depth == 0:
                return at
            depth -= 1
            if depth == 0:
                return at + 1
        elif depth == 0 and sign in ", \t\r\n":
            return at
        at += 1
    return at
