"""Masks declared secrets in text that is shown, logged or stored.

What is a secret is told by its name (password, token, authorization …) or by its own form (card
numbers, JWTs, private keys). The name stays, the value becomes a mark. A long value, such as a
token, gets a keyed mark, so that equal tokens can be recognised as equal; a short one could be
guessed from a keyed mark, so that all short ones look the same.

Answers: secrets of users that leave through reports, logs and alerts. Does not catch a secret in
the middle of free text without a name.
"""

from functools import lru_cache
from urllib.parse import unquote_plus

import re2

from apisentinel.kernels.hashing import HashKey, hash_bytes

LONGEST = 64 << 10
"""Bytes of a text that are looked at; longer texts are cut."""

MASKED = "‹masked›"
"""What stands in place of a secret that could be guessed."""

SHORTEST_TOKEN = 20
"""Characters from which a secret counts as too long to be guessed: random tokens have more, what
people remember or count has fewer."""

SAME_TEXTS = 4096
"""Texts whose masked form is remembered: samples of one incident repeat their agents and paths."""

SECRET_NAMES = (
    "password", "passwd", "passphrase", "passcode", "pwd", "pass", "secret", "client_secret",
    "clientsecret", "token", "access_token", "accesstoken", "refresh_token", "refreshtoken",
    "id_token", "auth_token", "authtoken", "csrf_token", "csrftoken", "xsrf-token",
    "authenticity_token", "api_key", "apikey", "api-key", "x-api-key", "access_key", "secret_key",
    "private_key", "signature", "sig", "authorization", "proxy-authorization", "auth", "cookie",
    "set-cookie", "session", "sessionid", "session_id", "sessid", "phpsessid", "jsessionid", "sid",
    "jwt", "bearer", "credential", "credentials", "otp", "pin", "cvv", "cvc", "card", "cardnumber",
    "card_number", "ssn", "x-auth-token", "x-amz-security-token", "x-amz-signature",
    "code_verifier", "assertion", "samlresponse",
)  # fmt: skip
"""Names of parameters, headers and fields whose values are secrets."""

SECRET_HEADERS = frozenset(name.encode() for name in SECRET_NAMES) | {b"www-authenticate"}

_NAMES = "|".join(
    sorted(
        (name.replace("-", "[-_]").replace("_", "[-_]?") for name in SECRET_NAMES),
        key=len,
        reverse=True,
    )
)
_STRAY = re2.compile("‹(?:masked|[0-9a-f]{6})›|[‹›]")
_LINE = re2.compile(
    r"(?i)((?:^|[^a-z0-9])(?:set-cookie|cookie|proxy-authorization|authorization)\s{0,3}:\s{0,3})"
    r"([^\r\n‹›]+)"
)
_PAIR = re2.compile(
    rf"(?i)((?:^|[^a-z0-9]|%[0-9a-f]{{2}})(?:[a-z0-9_.\-]{{0,24}}[_.\-])?(?:{_NAMES})(?:%5D|\])?"
    rf"(?:\"|%22|')?\s{{0,3}}(?:=|:|%3D|%3A)\s{{0,3}})"
    r"(\"(?:[^\"\\‹›]|\\.)+(?:\"|$)|'[^'‹›]+(?:'|$)"
    r"|(?:(?:basic|bearer|digest|token|apikey)\s+)?[^\s&;,‹›}\]]+)"
)
_CARD = re2.compile(r"[0-9](?:(?:[ \-+.]|%20)?[0-9]){12,18}")
_JWT = re2.compile(r"eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}\.?[A-Za-z0-9_\-]*")
_KEY = re2.compile(
    r"(?s)-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)"
)
_BEARER = re2.compile(r"(?i)\b(bearer|basic)\s+([A-Za-z0-9+/=_\-.~]{8,})")
_USERINFO = re2.compile(r"(://[^/\s:@‹›]{1,100}:)([^/\s@‹›]{1,100})(@)")

_PLAIN_NAMES = frozenset(name.replace("-", "_") for name in SECRET_NAMES)
_LONGEST_NAME = max(map(len, _PLAIN_NAMES))
_LONG_PARTS = {max(name.split("_"), key=len) for name in _PLAIN_NAMES}
_STEMS = tuple(
    sorted(part for part in _LONG_PARTS if not any(o in part for o in _LONG_PARTS - {part}))
)
"""Small letters of which every name of a secret holds some, however its words are separated."""
LEAST_CARD = 13
"""Digits of the shortest card number."""
_NO_DIGITS = bytes(byte for byte in range(256) if not 48 <= byte <= 57)


class Redactor:
    """Masks secrets with marks that depend on a key.

    Marks never hold a part of the secret; the same secret has the same mark under the same key.
    Thread-safe.
    """

    def __init__(self, key: HashKey | None = None) -> None:
        self.key = key or HashKey()

    def mark(self, secret: str) -> str:
        """What stands in place of a secret."""
        if len(secret) < SHORTEST_TOKEN:
            return MASKED
        return f"‹{hash_bytes(secret.encode('utf-8', 'replace'), self.key) & 0xFFFFFF:06x}›"

    def text(self, raw: bytes) -> str:
        """Any text with its secrets masked; undecodable bytes replaced.

        Idempotent: masking masked text changes nothing.
        """
        value = raw[:LONGEST].decode("utf-8", "replace")
        if not _may_hold(value):
            return value
        return self._mask(_without_strays(value))

    def url(self, raw: bytes) -> str:
        """A path with its query, secrets masked: as `text`, and parameters by their decoded name.

        The value of a secret parameter is masked up to the next ``&``, whatever it holds.
        """
        value = _without_strays(raw[:LONGEST].decode("utf-8", "replace"))
        path, mark, query = value.partition("?")
        if mark:
            query = "&".join(self._parameter(part) for part in query.split("&"))
        return self._mask(path + mark + query)

    def _parameter(self, part: str) -> str:
        """One ``name=value`` of a query."""
        name, equals, value = part.partition("=")
        if not value or not is_secret_name(unquote_plus(name)) or _STRAY.fullmatch(value):
            return part
        return name + equals + self.mark(value)

    def _mask(self, value: str) -> str:
        """Masks by form and by the names that stand in front of a value.

        A pattern is tried only where the letters that it needs are there: a search costs more than
        looking for a few letters, and marks never add any.
        """
        small = value.lower() if value.isascii() else value.casefold()
        if "-----BEGIN " in value:
            value = _KEY.sub(lambda found: self.mark(found.group()), value)
        if "eyJ" in value:
            value = _JWT.sub(lambda found: self.mark(found.group()), value)
        if ":" in value and ("cookie" in small or "authorization" in small):
            value = _LINE.sub(lambda found: found.group(1) + self.mark(found.group(2)), value)
        if any(stem in small for stem in _STEMS):
            value = _PAIR.sub(lambda found: found.group(1) + self.mark(found.group(2)), value)
        if "bearer" in small or "basic" in small:
            value = _BEARER.sub(
                lambda found: f"{found.group(1)} {self.mark(found.group(2))}", value
            )
        if "://" in value:
            value = _USERINFO.sub(
                lambda found: found.group(1) + self.mark(found.group(2)) + found.group(3), value
            )
        if len(value.encode("ascii", "ignore").translate(None, _NO_DIGITS)) >= LEAST_CARD:
            value = str(_CARD.sub(lambda found: _masked_card(found.group()), value))
        return value

    def headers(self, pairs: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
        """Header names and values with secrets masked."""
        out = []
        for name, value in pairs:
            shown = value.decode("utf-8", "replace")
            secret = name.lower() in SECRET_HEADERS
            out.append(
                (name.decode("utf-8", "replace"), self.mark(shown) if secret else self.text(value))
            )
        return out


def is_secret_name(name: str) -> bool:
    """True for the name of a parameter, header or field whose value is a secret.

    Example:
        >>> is_secret_name("user[Password]"), is_secret_name("passage")
        (True, False)
    """
    plain = name.lower().replace("-", "_").rstrip("]").rpartition("[")[2]
    if plain in _PLAIN_NAMES:
        return True
    if "_" not in plain and "." not in plain:
        return False
    begin = max(len(plain) - _LONGEST_NAME - 1, 0)
    return any(
        plain[at] in "_." and plain[at + 1 :] in _PLAIN_NAMES for at in range(begin, len(plain))
    )


def _without_strays(value: str) -> str:
    """A text in which the brackets of marks stand around marks only."""
    return str(_STRAY.sub(_keep_mark, value)) if "‹" in value or "›" in value else value


def _keep_mark(found: re2._Match) -> str:
    """Keeps marks; brackets that only look like a part of one become question marks."""
    text = str(found.group())
    return text if len(text) > 1 else "?"


def _masked_card(text: str) -> str:
    """The mark for a card number, other numbers as they are."""
    return MASKED if _is_card(text) else text


def _may_hold(value: str) -> bool:
    """Cheap test that lets most texts through untouched."""
    return (
        "=" in value
        or ":" in value
        or "%3" in value
        or "eyJ" in value
        or " " in value
        or sum(map(str.isdigit, value)) > 12
    )


def _is_card(text: str) -> bool:
    """True for 13 to 19 digits with a right check digit and the first digit of a card.

    References: ISO/IEC 7812-1, Luhn.
    """
    digits = [int(c) for c in text.replace("%20", "") if c.isdigit()]
    if digits[0] not in {2, 3, 4, 5, 6} or len(set(digits)) < 2:
        return False
    total = sum(
        d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))
    )
    return total % 10 == 0


SAME_TEXTS = 4_096
"""Texts whose masked form is remembered; attacks repeat themselves."""

_default = Redactor()
redact_text = lru_cache(SAME_TEXTS)(_default.text)
redact_url = lru_cache(SAME_TEXTS)(_default.url)
redact_headers = _default.headers
