"""Marks requests whose fields deserve a closer look: names that no form should set, amounts,
queries in GraphQL, words of instructions to a language model.

One pass over query and body, no decoding: a word is compared as a hash of its small letters without
separators. The marks only choose rows; what they mean is decided on the decoded text.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.features.word_table import Table, kind_of, word_table
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.records.batch import TEXT_INDEX, RequestBatch

PRIVILEGE, AMOUNT, GRAPHQL, INSTRUCTION = 1, 2, 4, 8
"""Bits of a mark."""

_QUERY, _BODY = TEXT_INDEX["query"], TEXT_INDEX["request_body"]

MOST_MARKED_BYTES = 16_384
"""Bytes of a query or body that are searched; the fields of forms come early."""

PRIVILEGES = (
    "admin", "isadmin", "role", "roles", "userrole", "permissions", "permission", "privileges",
    "scopes", "superuser", "issuperuser", "isstaff", "staff", "accounttype", "usertype", "owner",
    "ownerid", "tenantid", "orgid", "createdby", "verified", "isverified", "emailverified",
    "approved", "isapproved", "status", "balance", "credit", "credits", "wallet", "plan", "tier",
    "subscription", "discount", "quota", "banned", "locked", "passwordhash", "proto",
    "constructor", "prototype", "isactive", "internal", "debug", "group", "groups", "usergroup",
)  # fmt: skip
"""Names by which an account gets more than it has; some are ordinary where a form has them."""

AMOUNTS = (
    "amount", "total", "price", "unitprice", "subtotal", "sum", "cost", "fee", "qty", "quantity",
    "seats", "discount", "shipping", "tip", "value", "pricecents", "amountcents", "points",
    "limit", "perpage", "pagesize", "size", "count", "first", "top", "take", "max", "rate",
    "credits", "balance", "units", "number", "percent", "page", "offset", "skip", "rows",
    "daily", "weekly", "monthly", "budget", "spend", "cap",
)  # fmt: skip
"""Names of numbers that a client states and should not make up."""

PAGING = frozenset(
    (
        "limit",
        "perpage",
        "pagesize",
        "size",
        "count",
        "first",
        "top",
        "take",
        "max",
        "number",
        "page",
        "offset",
        "skip",
        "rows",
    )
)
"""The amounts that ask for much instead of claiming something."""

_LARGE = 1_000
"""Amounts in a query below this are not looked at; every list has a page size."""

_ORDERS = (
    "ignore", "disregard", "forget", "override", "bypass", "pretend", "obey", "reveal", "repeat",
    "ignoriere", "vergiss", "ignorez", "oublie", "ignora", "olvida", "translate", "act", "answer",
    "respond", "mention", "jailbreak", "you", "must", "print", "output",
)  # fmt: skip
_TARGETS = (
    "instructions", "instruction", "rules", "guidelines", "policies", "policy", "prompt",
    "restrictions", "anweisungen", "regeln", "instrucciones", "consignes", "dan", "jailbroken",
    "inst", "system", "developer", "everything", "request", "tool", "words", "usermessage",
    "unrestricted", "imstart",
)  # fmt: skip


def hash_of(word: str) -> int:
    """The hash of a word in small letters without separators (FNV-1a, 64 bits).

    Example:
        >>> hash_of("is_admin".replace("_", "")) == hash_of("isadmin")
        True
    """
    value = 0xCBF29CE484222325
    for byte in word.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def _table() -> Table:
    kinds: dict[int, int] = {}
    for words, bit in ((PRIVILEGES, 1), (AMOUNTS, 2), (_ORDERS, 4), (_TARGETS, 8)):
        for word in words:
            kinds[hash_of(word)] = kinds.get(hash_of(word), 0) | bit
    for word in ("query", "mutation", "subscription"):
        kinds[hash_of(word)] = kinds.get(hash_of(word), 0) | 16
    return word_table(kinds)


_WORDS, _KINDS = _table()
_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


@inline
def _plain(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122


@inline
def _digits(buffer, at, end):
    """Digits of the number that begins here, 99 when it is negative."""
    count = 0
    while at < end and (buffer[at] == 32 or buffer[at] == 34):
        at += 1
    if at < end and buffer[at] == 45:
        return 99
    while at < end and 48 <= buffer[at] <= 57:
        count += 1
        at += 1
    return count


@inline
def _states_negative(buffer, at, end):
    """True when a name in JSON ends here and a negative number follows."""
    if buffer[at] != 34:
        return False
    at += 1
    while at < end and buffer[at] == 32:
        at += 1
    if at >= end or buffer[at] != 58:
        return False
    return _digits(buffer, at + 1, end) == 99


@inline
def _marks(buffer, begin, end, is_body):
    """Marks of one text."""
    marks, orders, targets, braces = 0, 0, 0, 0
    asks = False
    end = min(end, begin + MOST_MARKED_BYTES)
    at = begin
    while at < end:
        byte = buffer[at]
        braces += byte == 123
        if byte == 37:
            # an encoded byte separates words, whatever it stands for
            at += 3
            continue
        if not _plain(byte):
            at += 1
            continue
        word = _BASIS
        length = 0
        while at < end and (_plain(buffer[at]) or (buffer[at] == 95 or buffer[at] == 45)):
            byte = buffer[at]
            if byte != 95 and byte != 45:
                if 65 <= byte <= 90:
                    byte |= np.uint8(32)
                word = (word ^ np.uint64(byte)) * _PRIME
                length += 1
            at += 1
        kinds = kind_of(_WORDS, _KINDS, word) if 2 < length <= 16 else np.int64(0)
        if kinds == 0:
            if is_body and at + 3 < end and length > 2 and _states_negative(buffer, at, end):
                marks |= AMOUNT
            continue
        orders += kinds & 4 != 0
        targets += kinds & 8 != 0
        stop = at
        while stop < end and (buffer[stop] == 34 or buffer[stop] == 95 or buffer[stop] == 32):
            stop += 1
        if stop >= end or (buffer[stop] != 58 and buffer[stop] != 61):
            continue
        if kinds & 1 and is_body:
            marks |= PRIVILEGE
        if kinds & 2 and (is_body or _digits(buffer, stop + 1, end) >= 4):
            marks |= AMOUNT
        asks = asks or kinds & 16 != 0
    if asks and (braces >= 3 or (not is_body and braces >= 1)):
        marks |= GRAPHQL
    if orders and targets:
        marks |= INSTRUCTION
    return marks


@kernel("void(uint8[::1], int32[:,:,::1], uint8[::1], uint8[::1])")
def _mark(buffer, spans, methods, out):
    """Fills the marks of each row. Cost: 1-2 ns a byte of queries and bodies."""
    for i in range(spans.shape[1]):
        begin, end = np.int64(spans[_BODY, i, 0]), np.int64(spans[_BODY, i, 1])
        marks = 0
        if begin >= 0 and end > begin and methods[i] >= 3:
            marks |= _marks(buffer, begin, end, True)
        begin, end = np.int64(spans[_QUERY, i, 0]), np.int64(spans[_QUERY, i, 1])
        if begin >= 0 and end - begin > 8:
            marks |= _marks(buffer, begin, end, False)
        out[i] = np.uint8(marks)


def body_marks(batch: RequestBatch) -> npt.NDArray[Any]:
    """Marks of each row, uint8 ``(n_rows,)``."""
    out = np.zeros(len(batch), np.uint8)
    _mark(
        batch.buffer, np.ascontiguousarray(batch.spans),
        np.ascontiguousarray(batch.enriched["method"]), out,
    )  # fmt: skip
    return out
