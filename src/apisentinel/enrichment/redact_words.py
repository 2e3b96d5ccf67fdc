"""The words by which the redaction of batches knows a secret. Data for its kernel.

A name counts as a whole or as the last part of a longer one (``user_password``, ``userPassword``,
``user[password]``), before ``=``, ``:`` or their encoded forms. ``-`` and ``_`` are the same.
"""

import base64

from apisentinel.kernels.automaton import Automaton, build
from apisentinel.kernels.interning import word_table

TOKENS = (
    "token", "accesstoken", "refreshtoken", "idtoken", "authtoken", "csrftoken", "xsrftoken",
    "sessiontoken", "bearertoken", "logintoken", "resettoken", "jwt", "bearer",
    "secret", "clientsecret", "api_key", "apikey", "access_key", "accesskey", "secret_key",
    "secretkey", "private_key", "privatekey", "encryption_key", "signing_key", "account_key",
    "subscription_key", "signature", "sig", "authorization", "auth", "cookie", "session",
    "sessionid", "session_id", "sessid", "sess", "phpsessid", "jsessionid", "sid", "aspxauth",
    "credential", "credentials", "code_verifier", "assertion", "samlresponse", "saml_response",
    "samlrequest",
)  # fmt: skip
"""Names of what is too long to be guessed: their values get a keyed mark, by which equal ones are
still equal."""

GUESSABLE = (
    "password", "passwd", "passphrase", "passcode", "passwort", "pwd", "pass", "pin", "otp", "totp",
    "mfa_code", "cvv", "cvv2", "cvc", "cvc2", "card", "cardnumber", "card_number", "card_no",
    "cardno", "creditcard", "credit_card", "ccnumber", "cc_number", "ccnum", "ssn",
    "security_answer", "secret_answer",
)  # fmt: skip
"""Names of what people remember or can be counted through: their values get the same mark all."""

HARMLESS = (
    "page_token", "pagetoken", "next_token", "nexttoken", "continuation_token",
    "continuationtoken", "sync_token", "synctoken", "prev_token", "prevtoken", "cancel_token",
)  # fmt: skip
"""Names that end like a secret and are none."""

PREFIXES = (
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-",
    "xoxs-", "sk_live_", "rk_live_", "sk_test_", "sk-ant-", "sk-proj-", "aiza", "akia", "asia",
    "npm_", "pypi-", "shpat_", "dop_v1_", "sq0atp-", "whsec_",
)  # fmt: skip
"""How the access keys of well-known services begin. Upper and lower case is checked by nobody: the
length behind it decides."""

BASE64_WORDS = (
    "password", "passwd", "secret", "token", "api_key", "apikey", "authorization", "credential",
)  # fmt: skip
"""Words that are looked for inside base64, where they have one of three forms each."""

LENGTH_BITS = 24
"""Longest name; a mark of the automaton tells the length of the name that ends in a state."""

GUESSABLE_SHIFT = LENGTH_BITS
"""Bits above are the lengths of guessable names."""

M_HARMLESS, M_EYJ, M_PEM, M_PREFIX, M_AUTHORITY, M_BASE64, M_SCHEME = (
    1 << 50, 1 << 51, 1 << 52, 1 << 53, 1 << 54, 1 << 55, 1 << 56,
)  # fmt: skip
"""Marks of words that are no names: an exception, base64 of JSON, a PEM block, an access key, a URL
with a host, base64 of a name, a scheme with its blank."""

H_SECRET, H_SCHEME, H_COOKIE, H_SET_COOKIE, H_SKIP = 1, 2, 3, 4, 5
"""How a header is treated: its value is a secret; its value is a scheme and a secret; a list of
cookies; one cookie with attributes; not looked at."""

HEADERS = word_table(
    dict.fromkeys(("authorization", "proxy-authorization", "x-authorization"), H_SCHEME)
    | {"cookie": H_COOKIE, "cookie2": H_COOKIE, "set-cookie": H_SET_COOKIE}
    | dict.fromkeys(
        (
            "x-api-key", "api-key", "apikey", "x-apikey", "x-auth-token", "x-access-token",
            "x-csrf-token", "x-xsrf-token", "x-session-token", "x-session-id",
            "x-amz-security-token", "x-vault-token", "x-shopify-access-token", "x-goog-api-key",
            "x-gitlab-token", "private-token", "ocp-apim-subscription-key", "x-hub-signature",
            "x-hub-signature-256", "x-amzn-oidc-data", "x-amzn-oidc-accesstoken",
            "cf-access-jwt-assertion", "x-ms-token-aad-access-token", "x-ms-token-aad-id-token",
        ),
        H_SECRET,
    )
    | dict.fromkeys(
        (
            "host", "user-agent", "accept", "accept-encoding", "accept-language", "accept-charset",
            "connection", "content-length", "content-type", "cache-control", "pragma", "dnt",
            "upgrade-insecure-requests", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform",
            "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user", "sec-gpc", "te",
            "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
            "x-real-ip", "forwarded", "via", "x-requested-with", "traceparent", "x-request-id",
            "signature", "signature-input", "signature-agent",
            "if-none-match", "if-modified-since", "date", "priority", "expect",
        ),
        H_SKIP,
    )
)  # fmt: skip
"""Headers by what is done with them. Those that browsers and proxies write with each request and
that never hold a secret are skipped, as are signatures of messages (RFC 9421), which anybody may
see; all others are looked through like any text."""

_FOLD = bytes(
    byte + 32 if 65 <= byte <= 90 else 0x5F if byte == 0x2D else byte for byte in range(256)
)


def _base64_forms(word: str) -> list[bytes]:
    """What a word looks like inside base64, at each of the three places where it can begin."""
    forms = []
    for shift in range(3):
        packed = base64.b64encode(bytes(shift) + word.encode() + bytes(3))
        first = (0, 2, 3)[shift]
        last = (8 * (shift + len(word))) // 6
        forms.append(packed[first:last])
    return forms


def _automaton() -> Automaton:
    words = [(name.encode(), 1 << len(name)) for name in TOKENS]
    words += [(name.encode(), 1 << (GUESSABLE_SHIFT + len(name))) for name in GUESSABLE]
    words += [(name.encode(), M_HARMLESS) for name in HARMLESS]
    words += [(prefix.encode(), M_PREFIX) for prefix in PREFIXES]
    words += [(form, M_BASE64) for word in BASE64_WORDS for form in _base64_forms(word)]
    words += [
        (scheme + blank, M_SCHEME)
        for scheme in (b"bearer", b"basic")
        for blank in (b" ", b"%20", b"+")
    ]
    words += [(b"eyj", M_EYJ), (b"-----begin", M_PEM), (b"://", M_AUTHORITY)]
    return build(words, _FOLD)


AUTOMATON = _automaton()
