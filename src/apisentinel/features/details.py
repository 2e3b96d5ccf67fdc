"""What the state needs from inside a request: the account and password that a login tries (as
hashes), the body and the bearer token (as hashes), and whether the place changes how an account is
reached.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import DEFAULT_KEY, siphash
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT, TEXT_INDEX, RequestBatch
from apisentinel.records.flags import PATH_LOGIN, PATH_REGISTER

_U = np.uint64
_PATH, _HEADERS, _BODY = TEXT_INDEX["path"], TEXT_INDEX["headers"], TEXT_INDEX["request_body"]

MOST_BODY = 4096
"""Bytes of a body that are searched for the fields of a login; forms are far smaller."""
MOST_TOKEN_HEAD = 96
"""Base64 characters of a token's first part that are read; real ones have about forty."""

TOKEN_UNSIGNED, TOKEN_KEY_PATH = 1, 2
"""Bits of `token_flags`: the token says that it has no signature; its key id is a path or a
query.
"""


def _words(*names: str) -> npt.NDArray[np.uint64]:
    return np.array([int.from_bytes(name.encode(), "little") for name in names], np.uint64)


_ACCOUNT = _words("email", "username", "user", "login", "customer", "account", "userid", "user_id")
_SECRET = _words("password", "passwd", "pass", "pwd", "pin", "passcode")
_SENSITIVE = _words("email", "password", "phone", "payout", "iban", "recovery", "contact")
"""Not the steps of every login (mfa) nor everyday payments (payee): a new device makes those, too.
"""
_ALGORITHM_NONE = _words("none")[0]
_MASKED = _words("redacted")[0]
"""What the way in and the middleware put in place of passwords."""


@inline
def _lower(byte):
    return byte | np.uint8(32) if 65 <= byte <= 90 else byte


@inline
def _word(buffer, begin, end):
    """A word of at most eight bytes in small letters as a number, 0 for longer ones."""
    if end - begin > 8 or end <= begin:
        return _U(0)
    word = _U(0)
    for k in range(end - begin):
        word |= _U(_lower(buffer[begin + k])) << _U(8 * k)
    return word


@inline
def _is_name(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 95


@inline
def _among(word, words):
    for k in range(words.shape[0]):
        if word == words[k]:
            return True
    return False


@inline
def _stands_masked(buffer, at, end):
    """True for the mark in place of a secret that could be guessed: all of them look alike."""
    return end - at == 8 and _word(buffer, at, end) == _MASKED


@inline
def _holds_masked(buffer, begin, end):
    """True when a mark stands somewhere in a text."""
    for at in range(begin, min(end, begin + MOST_BODY) - 7):
        if buffer[at] == 114 and _stands_masked(buffer, at, at + 8):
            # a longer mark, with a hash behind it, tells secrets apart
            if at + 8 == end or (buffer[at + 8] != 45 and not _is_name(buffer[at + 8])):
                return True
    return False


@inline
def _login_fields(buffer, begin, end, k0, k1):
    """Hashes of the account and the password of a JSON object or a form; 0 where there is none, and
    where a mask took its place.
    """
    account, secret = _U(0), _U(0)
    end = min(end, begin + MOST_BODY)
    at = begin
    while at < end and (account == _U(0) or secret == _U(0)):
        if not _is_name(buffer[at]):
            at += 1
            continue
        start = at
        while at < end and _is_name(buffer[at]):
            at += 1
        word = _word(buffer, start, at)
        value = at
        if value < end and buffer[value] == 34:
            value += 1
        while value < end and buffer[value] == 32:
            value += 1
        if value >= end or (buffer[value] != 58 and buffer[value] != 61):
            continue
        is_form = buffer[value] == 61
        value += 1
        while value < end and (buffer[value] == 32 or buffer[value] == 34):
            value += 1
        stop = value
        while stop < end:
            byte = buffer[stop]
            if (is_form and byte == 38) or (not is_form and (byte == 34 or byte == 44)):
                break
            stop += 1
        # an object or a list in place of a name is no account
        is_value = stop > value and buffer[value] != 123 and buffer[value] != 91
        if is_value and not _stands_masked(buffer, value, stop):
            if account == _U(0) and _among(word, _ACCOUNT):
                account = siphash(buffer, value, stop, k0, k1)
            elif secret == _U(0) and _among(word, _SECRET):
                secret = siphash(buffer, value, stop, k0, k1)
        at = stop
    return account, secret


@inline
def bearer_span(buffer, begin, end):
    """Span of the bearer token of the headers, (-1, -1) without one."""
    at = begin
    while at < end:
        stop = at
        while stop < end and buffer[stop] != HEADER_END:
            stop += 1
        # "authorization" 0x1F "Bearer "
        if (
            stop - at > 28
            and buffer[at] == 97
            and buffer[at + 2] == 116
            and buffer[at + 13] == HEADER_SPLIT
            and _lower(buffer[at + 14]) == 98
            and buffer[at + 20] == 32
        ):
            return at + 21, stop
        at = stop + 1
    return np.int64(-1), np.int64(-1)


@inline
def six_bits(byte):
    """What a sign of base64 stands for, in both alphabets; -1 for another one."""
    if 65 <= byte <= 90:
        return np.int64(byte) - 65
    if 97 <= byte <= 122:
        return np.int64(byte) - 71
    if 48 <= byte <= 57:
        return np.int64(byte) + 4
    if byte == 45 or byte == 43:
        return np.int64(62)
    if byte == 95 or byte == 47:
        return np.int64(63)
    return np.int64(-1)


@inline
def decode_part(buffer, begin, end, out):
    """Decodes a part of a token up to the first sign that is none of base64; returns its length."""
    bits, count, n = np.int64(0), 0, 0
    for i in range(begin, end):
        value = six_bits(buffer[i])
        if value < 0:
            break
        bits = ((bits << 6) | value) & 0xFFFFFF
        count += 6
        if count >= 8:
            count -= 8
            out[n] = np.uint8((bits >> count) & 255)
            n += 1
    return n


@inline
def _token_flags(buffer, begin, end, scratch):
    """What the head of a JSON web token says about its signature."""
    if end - begin < 16 or buffer[begin] != 101 or buffer[begin + 1] != 121:
        return 0
    n = decode_part(buffer, begin, min(end, begin + MOST_TOKEN_HEAD), scratch)
    flags = 0
    for i in range(n - 3):
        if (
            scratch[i] == 97 and scratch[i + 1] == 108 and scratch[i + 2] == 103
            and i + 10 < n and _word(scratch, i + 6, i + 10) == _ALGORITHM_NONE
        ):  # fmt: skip
            flags |= TOKEN_UNSIGNED
        if scratch[i] == 107 and scratch[i + 1] == 105 and scratch[i + 2] == 100:
            for k in range(i + 6, n - 1):
                if scratch[k] == 34:
                    break
                if (scratch[k] == 46 and scratch[k + 1] == 46) or scratch[k] == 39:
                    flags |= TOKEN_KEY_PATH
    return flags


@inline
def _is_sensitive(buffer, begin, end):
    """True when a segment of the path is about how an account is reached or paid."""
    at = begin
    while at < end:
        stop = at
        while stop < end and buffer[stop] != 47:
            stop += 1
        if _among(_word(buffer, at, stop), _SENSITIVE):
            return True
        at = stop + 1
    return False


@kernel(
    "void(uint8[::1], int32[:,:,::1], uint32[::1], uint8[::1], uint64, uint64, uint8[::1],"
    " uint64[:,::1], uint8[:,::1])"
)
def read_details(buffer, spans, path_flags, methods, k0, k1, scratch, out, flags):
    """Fills `out` (account, secret, body, token) and `flags` (token flags, sensitive) of each row.

    Cost: nothing for lines of access logs; about 1 ns a byte of headers and bodies.
    """
    for i in range(spans.shape[1]):
        begin, end = np.int64(spans[_BODY, i, 0]), np.int64(spans[_BODY, i, 1])
        writes = 3 <= methods[i] <= 5
        if begin >= 0 and end > begin:
            out[i, 2] = siphash(buffer, begin, end, k0, k1)
            if writes and path_flags[i] & (PATH_LOGIN | PATH_REGISTER):
                out[i, 0], out[i, 1] = _login_fields(buffer, begin, end, k0, k1)
                if _holds_masked(buffer, begin, end):
                    out[i, 2] = _U(0)
        begin, end = np.int64(spans[_HEADERS, i, 0]), np.int64(spans[_HEADERS, i, 1])
        if begin >= 0 and end > begin:
            first, last = bearer_span(buffer, begin, end)
            if first >= 0:
                out[i, 3] = siphash(buffer, first, last, k0, k1)
                flags[i, 0] = np.uint8(_token_flags(buffer, first, last, scratch))
        begin, end = np.int64(spans[_PATH, i, 0]), np.int64(spans[_PATH, i, 1])
        if writes and begin >= 0:
            flags[i, 1] = np.uint8(_is_sensitive(buffer, begin, end))


def details(batch: RequestBatch) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Hashes uint64 ``(n, 4)`` (account, secret, body, token) and marks uint8 ``(n, 2)`` (token
    flags, sensitive) of each row.
    """
    n = len(batch)
    out, flags = np.zeros((n, 4), np.uint64), np.zeros((n, 2), np.uint8)
    read_details(
        batch.buffer, np.ascontiguousarray(batch.spans),
        np.ascontiguousarray(batch.enriched["path_flags"]),
        np.ascontiguousarray(batch.enriched["method"]), DEFAULT_KEY.k0, DEFAULT_KEY.k1,
        np.zeros(MOST_TOKEN_HEAD, np.uint8), out, flags,
    )  # fmt: skip
    return out, flags
