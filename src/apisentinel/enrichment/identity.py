"""Who sends each request: address, network, credential, session, fingerprint. Pure: a row depends
on nothing else.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.enrichment.address import MAPPED, parse_address
from apisentinel.enrichment.headers import MAX_CHAIN, read_headers
from apisentinel.enrichment.words import (
    HEADERS,
    QUERY_NAMES,
    QUERY_OBJECT,
    QUERY_PAGE,
    SESSION_COOKIES,
)
from apisentinel.kernels.bytes import PADDING, find, load64
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import HashKey, mix, siphash
from apisentinel.kernels.interning import word_value
from apisentinel.records.batch import TEXT_INDEX, RequestBatch
from apisentinel.records.flags import NO_OBJECT, PATH_PAGINATION
from apisentinel.records.taxonomy import METHODS

_U = np.uint64
_METHOD, _HOST, _PATH, _QUERY = (
    TEXT_INDEX["method"],
    TEXT_INDEX["host"],
    TEXT_INDEX["path"],
    TEXT_INDEX["query"],
)
_PEER, _CLIENT, _AGENT = TEXT_INDEX["peer_ip"], TEXT_INDEX["client_ip"], TEXT_INDEX["user_agent"]
_USER, _SESSION, _CREDENTIAL = (
    TEXT_INDEX["user_id"],
    TEXT_INDEX["session_id"],
    TEXT_INDEX["credential_id"],
)
_HEADERS = TEXT_INDEX["headers"]

_METHOD_WORDS = np.array(
    [int.from_bytes(method.encode()[:8], "little") for method in METHODS[:-1]], np.uint64
)
_ALL = 0xFFFFFFFFFFFFFFFF
_OTHER_METHOD = len(METHODS) - 1

HASHES = (
    "h_client", "h_network", "h_agent", "h_path", "h_query", "h_user", "h_credential", "h_session",
    "h_fingerprint", "h_host", "h_query_object",
)  # fmt: skip
"""Columns of the hash matrix, in order. `h_host` (small letters, without port) and `h_query_object`
serve the routes.
"""

TEXT_CLIENT = 0x7465_7874
NETWORK = 0x6E65_7477
FAMILY = 0x6661_6D69
"""Changes of the key, so that equal bytes of another meaning do not give an equal hash."""

MEMO = 2048
"""Agents and addresses of one batch that are remembered, so that common ones are worked out once:
130 KiB, a part of the second-level cache.
"""

MAX_FAMILY = 256
"""Bytes of a user agent that shape its family; longer ones differ there already."""

MAX_PARAMETERS = 32
"""Query parameters that are looked at for an object or a page; real queries have fewer."""

MAX_DIGITS = 18
"""Longest number that fits int64; longer ones are tokens."""


@inline
def _method_code(buffer, begin, end):
    """Index in METHODS; methods are case-sensitive, so ``get`` is another word."""
    if begin < 0 or begin == end:
        return 0
    if end - begin > 8:
        return _OTHER_METHOD
    word = load64(buffer, begin) & (_U(_ALL) >> _U(8 * (8 - (end - begin))))
    for code in range(1, _METHOD_WORDS.shape[0]):
        if word == _METHOD_WORDS[code]:
            return code
    return _OTHER_METHOD


@inline
def _hash_address(scratch, high, low, k0, k1):
    """Hash of the 16 bytes of an address, most significant first."""
    for k in range(8):
        scratch[k] = np.uint8((high >> _U(56 - 8 * k)) & _U(255))
        scratch[8 + k] = np.uint8((low >> _U(56 - 8 * k)) & _U(255))
    return siphash(scratch, 0, 16, k0, k1)


@inline
def _hash_client(scratch, high, low, k0, k1):
    """``(client, network)`` of an address: the address itself, and its /24 or /64."""
    is_v4 = high == _U(0) and (low >> _U(32)) == _U(MAPPED >> 32)
    prefix = low & ~_U(255) if is_v4 else _U(0)
    return _hash_address(scratch, high, low, k0, k1), _hash_address(
        scratch, high, prefix, k0 ^ _U(NETWORK), k1
    )


@inline
def _family(buffer, begin, end, k0, k1, scratch):
    """Hash of a user agent without its numbers, so that versions of one program share a family."""
    n = 0
    for i in range(begin, end):
        byte = buffer[i]
        if 48 <= byte <= 57 or byte == 46 or byte == 95:
            continue
        scratch[n] = byte
        n += 1
        if n == MAX_FAMILY:
            break
    return siphash(scratch, 0, n, k0 ^ _U(FAMILY), k1)


@inline
def _hash_host(buffer, begin, end, k0, k1, scratch):
    """Hash of a host in small letters without port and final dot; 0 for none."""
    n = 0
    for i in range(begin, min(end, begin + MAX_FAMILY)):
        byte = buffer[i]
        if byte == 58 and buffer[begin] != 91:
            break
        scratch[n] = byte | 32 if 65 <= byte <= 90 else byte
        n += 1
        if byte == 93:
            break
    if n > 0 and scratch[n - 1] == 46:
        n -= 1
    return siphash(scratch, 0, n, k0, k1) if n > 0 else _U(0)


@inline
def _number(buffer, begin, end):
    """Value of plain digits, -1 for anything else or more than `MAX_DIGITS`."""
    if begin == end or end - begin > MAX_DIGITS:
        return np.int64(-1)
    value = np.int64(0)
    for i in range(begin, end):
        if not 48 <= buffer[i] <= 57:
            return np.int64(-1)
        value = value * 10 + np.int64(buffer[i]) - 48
    return value


@inline
def _is_object_name(buffer, begin, end):
    """True for names such as ``user_id``, ``orderId``, ``doc-id``."""
    n = end - begin
    if n < 3 or (buffer[end - 1] | 32) != 100 or (buffer[end - 2] | 32) != 105:
        return False
    before = buffer[end - 3]
    return before == 95 or before == 45 or buffer[end - 2] == 73


@inline
def _scan_query(buffer, begin, end, k0, k1, keys, values):
    """``(flags, number, hash)``: pagination, and the last parameter that names an object."""
    flags, number, value_hash = 0, np.int64(NO_OBJECT), _U(0)
    at = begin
    for _ in range(MAX_PARAMETERS):
        if at >= end:
            break
        stop = find(buffer, at, end, np.uint8(38))
        middle = find(buffer, at, stop, np.uint8(61))
        if middle + 1 < stop and middle - at <= 32:
            bits = word_value(buffer, at, middle, keys, values)
            if bits & QUERY_PAGE:
                flags |= PATH_PAGINATION
            elif bits & QUERY_OBJECT or _is_object_name(buffer, at, middle):
                value = _number(buffer, middle + 1, stop)
                number = value if value >= 0 else number
                value_hash = siphash(buffer, middle + 1, stop, k0, k1)
        at = stop + 1
    return flags, number, value_hash


@kernel(
    "void(uint8[::1], int32[:,:,::1], uint64, uint64, uint64[::1], int64[::1], uint64[:,::1],"
    "uint8[::1], uint64[:,::1], uint64[::1], uint64[::1], uint64[:,::1],"
    "uint8[::1], uint8[::1], uint32[::1], int64[::1])"
)
def identify(
    buffer,
    spans,
    k0,
    k1,
    name_keys,
    name_values,
    given,
    scratch,
    memo,
    high,
    low,
    out,
    method,
    session_given,
    query_flags,
    query_object,
):
    """Fills the pure columns of every row.

    Args:
        buffer: Text of the batch.
        spans: Its spans.
        k0: Key.
        k1: Key.
        name_keys: `words.QUERY_NAMES`.
        name_values: `words.QUERY_NAMES`.
        given: uint64 ``(5, n_rows or 0)``: what `read_headers` found (high, low, order, credential,
            session).
        scratch: `MAX_FAMILY` bytes and padding to work in.
        memo: Zeros ``(MEMO, 8)``. Columns 0, 1: agent and its family; 2 to 7: bytes of a short
            address, compared exactly, its words, client and network. It never changes a result.
        high: Out: high word of the client's address.
        low: Out: low word.
        out: Out: `HASHES`, ``(len(HASHES), n_rows)``.
        method: Out: index in METHODS.
        session_given: Out: 1 when the request names its session.
        query_flags: Out: PATH_PAGINATION or 0.
        query_object: Out: number of the last parameter that names an object, `NO_OBJECT` without
            one.

    Cost: see docs/explanation/identity.md.
    """
    has_headers = given.shape[1] > 0
    no_agent = siphash(scratch, 0, 0, k0 ^ _U(FAMILY), k1)
    for i in range(spans.shape[1]):
        method[i] = _method_code(
            buffer, np.int64(spans[_METHOD, i, 0]), np.int64(spans[_METHOD, i, 1])
        )
        which = _CLIENT if spans[_CLIENT, i, 0] >= 0 else _PEER
        begin, end = np.int64(spans[which, i, 0]), np.int64(spans[which, i, 1])
        length = end - begin if begin >= 0 else 0
        first = load64(buffer, max(begin, 0)) & (_U(_ALL) >> _U(8 * (8 - min(max(length, 1), 8))))
        second = (
            load64(buffer, begin + 8) & (_U(_ALL) >> _U(8 * (16 - min(length, 16))))
            if length > 8
            else _U(0)
        )
        slot = np.int64(mix(first, second) & _U(MEMO - 1))
        is_forwarded = has_headers and (given[0, i] != _U(0) or given[1, i] != _U(0))
        if is_forwarded:
            a, b = given[0, i], given[1, i]
            client, network = _hash_client(scratch, a, b, k0, k1)
        elif length == 0:
            a, b, client, network = _U(0), _U(0), _U(0), _U(0)
        elif (
            length <= 16
            and memo[slot, 2] == first
            and memo[slot, 3] == second
            and memo[slot, 6] != _U(0)
        ):
            a, b, client, network = memo[slot, 4], memo[slot, 5], memo[slot, 6], memo[slot, 7]
        else:
            ok, a, b = parse_address(buffer, begin, end)
            if ok and (a != _U(0) or b != _U(0)):
                client, network = _hash_client(scratch, a, b, k0, k1)
            else:
                a, b, network = _U(0), _U(0), _U(0)
                client = siphash(buffer, begin, end, k0 ^ _U(TEXT_CLIENT), k1)
            if length <= 16:
                memo[slot, 2], memo[slot, 3], memo[slot, 4] = first, second, a
                memo[slot, 5], memo[slot, 6], memo[slot, 7] = b, client, network
        high[i], low[i] = a, b
        out[0, i], out[1, i] = client, network
        agent, family = _U(0), no_agent
        begin, end = np.int64(spans[_AGENT, i, 0]), np.int64(spans[_AGENT, i, 1])
        if begin >= 0:
            agent = siphash(buffer, begin, end, k0, k1)
            slot = np.int64(agent & _U(MEMO - 1))
            if memo[slot, 0] != agent:
                memo[slot, 0] = agent
                memo[slot, 1] = _family(buffer, begin, end, k0, k1, scratch)
            family = memo[slot, 1]
        out[2, i] = agent
        begin = np.int64(spans[_PATH, i, 0])
        out[3, i] = (
            siphash(buffer, begin, np.int64(spans[_PATH, i, 1]), k0, k1) if begin >= 0 else _U(0)
        )
        begin, end = np.int64(spans[_QUERY, i, 0]), np.int64(spans[_QUERY, i, 1])
        flags, number, object_hash = 0, np.int64(NO_OBJECT), _U(0)
        out[4, i] = _U(0)
        if begin >= 0:
            out[4, i] = siphash(buffer, begin, end, k0, k1)
            flags, number, object_hash = _scan_query(
                buffer, begin, end, k0, k1, name_keys, name_values
            )
        query_flags[i], query_object[i], out[10, i] = flags, number, object_hash
        begin = np.int64(spans[_USER, i, 0])
        out[5, i] = (
            siphash(buffer, begin, np.int64(spans[_USER, i, 1]), k0, k1) if begin >= 0 else _U(0)
        )
        begin = np.int64(spans[_CREDENTIAL, i, 0])
        credential = (
            siphash(buffer, begin, np.int64(spans[_CREDENTIAL, i, 1]), k0, k1)
            if begin >= 0
            else _U(0)
        )
        begin = np.int64(spans[_SESSION, i, 0])
        session = (
            siphash(buffer, begin, np.int64(spans[_SESSION, i, 1]), k0, k1) if begin >= 0 else _U(0)
        )
        if has_headers:
            family = mix(family, given[2, i]) if given[2, i] != _U(0) else family
            credential = given[3, i] if credential == _U(0) else credential
            session = given[4, i] if session == _U(0) else session
        session_given[i] = session != _U(0)
        if session == _U(0) and client != _U(0):
            session = mix(client, family)
        out[6, i], out[7, i], out[8, i] = credential, session, family
        begin = np.int64(spans[_HOST, i, 0])
        out[9, i] = (
            _hash_host(buffer, begin, np.int64(spans[_HOST, i, 1]), k0, k1, scratch)
            if begin >= 0
            else _U(0)
        )


def add_identity(batch: RequestBatch, key: HashKey, *, trusted_hops: int) -> None:
    """Adds the pure columns to `batch.enriched`, and fills host, user_agent and referer from the
    headers.

    The client is `client_ip` where the source names it, else `peer_ip`. With trusted hops it is the
    address that the outermost trusted proxy saw: X-Forwarded-For (or Forwarded, without one) is
    walked from the right end.

    Args:
        batch: Is changed.
        key: Key of the hashes.
        trusted_hops: Own proxies that append to the forwarding headers, the peer included; 0
            ignores the headers.

    Thread safety: any number of threads, one per batch.
    """
    rows = len(batch)
    k0, k1 = np.uint64(key.k0), np.uint64(key.k1)
    given = np.zeros(
        (5, rows if rows and int(batch.span("headers")[:, 0].max()) >= 0 else 0), np.uint64
    )
    if given.size:
        read_headers(
            batch.buffer, batch.spans, trusted_hops, k0, k1, *HEADERS, *SESSION_COOKIES, *given,
            np.empty((2, MAX_CHAIN, 2), np.int64),
        )  # fmt: skip
    scratch, memo = np.zeros(MAX_FAMILY + PADDING, np.uint8), np.zeros((MEMO, 8), np.uint64)
    high, low = np.empty(rows, np.uint64), np.empty(rows, np.uint64)
    hashes = np.empty((len(HASHES), rows), np.uint64)
    columns: dict[str, npt.NDArray[Any]] = {
        "method": np.empty(rows, np.uint8),
        "session_given": np.empty(rows, np.uint8),
        "query_flags": np.empty(rows, np.uint32),
        "query_object": np.empty(rows, np.int64),
    }
    identify(
        batch.buffer,
        batch.spans,
        k0,
        k1,
        *QUERY_NAMES,
        given,
        scratch,
        memo,
        high,
        low,
        hashes,
        *columns.values(),
    )
    batch.enriched.update(columns, address_hi=high, address_lo=low)
    batch.enriched.update(zip(HASHES, hashes, strict=True))
