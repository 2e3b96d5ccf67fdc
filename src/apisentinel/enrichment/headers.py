"""What the kept headers of a request say about its sender. Runs only where a source gives
headers.
"""

import numpy as np

from apisentinel.enrichment.address import parse_address
from apisentinel.enrichment.words import (
    HEADER_AGENT,
    HEADER_CLASS,
    HEADER_COOKIE,
    HEADER_CREDENTIAL,
    HEADER_FORWARDED,
    HEADER_FORWARDED_FOR,
    HEADER_HOST,
    HEADER_ORDER,
    HEADER_REFERER,
)
from apisentinel.kernels.bytes import find
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import mix, siphash
from apisentinel.kernels.interning import word_key, word_value
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT, TEXT_INDEX

_U = np.uint64
_HEADERS, _HOST = TEXT_INDEX["headers"], TEXT_INDEX["host"]
_AGENT, _REFERER = TEXT_INDEX["user_agent"], TEXT_INDEX["referer"]

MAX_CHAIN = 8
"""X-Forwarded-For or Forwarded lines of one request that are joined; proxies append to one line or
add one each, and real chains are shorter than five.
"""


@inline
def _forwarded_node(buffer, begin, end, is_plain):
    """Span of the address in one element of X-Forwarded-For (plain) or Forwarded (``by=x;
    for=y``).
    """
    if is_plain:
        return begin, end
    at = begin
    while at < end:
        stop = find(buffer, at, end, np.uint8(59))
        while at < stop and (buffer[at] == 32 or buffer[at] == 9):
            at += 1
        if (
            stop - at > 4
            and buffer[at + 3] == 61
            and (buffer[at] | 32) == 102
            and (buffer[at + 1] | 32) == 111
            and (buffer[at + 2] | 32) == 114
        ):
            return at + 4, stop
        at = stop + 1
    return end, end


@inline
def _walk(buffer, lines, count, hops, is_plain):
    """Address that the last trusted proxy saw: the element `hops` places from the right end, or the
    first one of a shorter list, which a trusted proxy wrote too. An element that is no address ends
    the walk at the one right of it.
    """
    found, high, low = False, _U(0), _U(0)
    walked = 0
    for line in range(count - 1, -1, -1):
        begin, end = lines[line, 0], lines[line, 1]
        while walked < hops and end >= begin:
            start = end
            while start > begin and buffer[start - 1] != 44:
                start -= 1
            first, last = _forwarded_node(buffer, start, end, is_plain)
            ok, a, b = parse_address(buffer, first, last)
            if not ok:
                return found, high, low
            found, high, low = True, a, b
            walked += 1
            end = start - 1
    return found, high, low


@inline
def _session_cookie(buffer, begin, end, k0, k1, keys, values):
    """Hash of the value of the first cookie that is known to hold a session, 0 without one."""
    at = begin
    while at < end:
        stop = find(buffer, at, end, np.uint8(59))
        while at < stop and buffer[at] == 32:
            at += 1
        middle = find(buffer, at, stop, np.uint8(61))
        if middle + 1 < stop and word_value(buffer, at, middle, keys, values) != 0:
            return siphash(buffer, middle + 1, stop, k0, k1)
        at = stop + 1
    return _U(0)


@kernel(
    "void(uint8[::1], int32[:,:,::1], int64, uint64, uint64, uint64[::1], int64[::1], "
    "uint64[::1], int64[::1],"
    "uint64[::1], uint64[::1], uint64[::1], uint64[::1], uint64[::1], int64[:,:,::1])"
)
def read_headers(
    buffer,
    spans,
    hops,
    k0,
    k1,
    name_keys,
    name_values,
    cookie_keys,
    cookie_values,
    high,
    low,
    order,
    credential,
    session,
    chains,
):
    """Reads the headers of every row once.

    Fills the spans of host, user_agent and referer where the source left them out; the text of
    credentials and cookies is hashed and never pointed to.

    Args:
        buffer: Text of the batch.
        spans: Its spans; written.
        hops: Trusted proxies, the peer included; 0 ignores the forwarding headers.
        k0: Key.
        k1: Key.
        name_keys: `words.HEADERS`.
        name_values: `words.HEADERS`.
        cookie_keys: `words.SESSION_COOKIES`.
        cookie_values: `words.SESSION_COOKIES`.
        high: Out: high word of the forwarded address, 0, 0 without one.
        low: Out: low word.
        order: Out: hash of order and classes of the headers, 0 when the row has none.
        credential: Out: hash of Authorization or an API key header, 0 without one.
        session: Out: hash of a known session cookie, 0 without one.
        chains: ``(2, MAX_CHAIN, 2)``; work space.
    """
    plain, rich = chains[0], chains[1]
    for i in range(spans.shape[1]):
        at, limit = np.int64(spans[_HEADERS, i, 0]), np.int64(spans[_HEADERS, i, 1])
        high[i], low[i], order[i], credential[i], session[i] = _U(0), _U(0), _U(0), _U(0), _U(0)
        if at < 0 or at >= limit:
            continue
        shape = _U(1)
        plains, riches = 0, 0
        while at < limit:
            stop = find(buffer, at, limit, np.uint8(HEADER_END))
            middle = find(buffer, at, stop, np.uint8(HEADER_SPLIT))
            begin = min(middle + 1, stop)
            bits = word_value(buffer, at, middle, name_keys, name_values)
            if bits & HEADER_ORDER:
                shape = mix(shape, word_key(buffer, at, middle))
            if bits & HEADER_CLASS:
                shape = mix(shape, siphash(buffer, begin, stop, k0, k1))
            if bits & HEADER_HOST and spans[_HOST, i, 0] < 0:
                spans[_HOST, i, 0], spans[_HOST, i, 1] = begin, stop
            elif bits & HEADER_AGENT and spans[_AGENT, i, 0] < 0:
                spans[_AGENT, i, 0], spans[_AGENT, i, 1] = begin, stop
            elif bits & HEADER_REFERER and spans[_REFERER, i, 0] < 0:
                spans[_REFERER, i, 0], spans[_REFERER, i, 1] = begin, stop
            elif bits & HEADER_CREDENTIAL and credential[i] == _U(0) and begin < stop:
                credential[i] = siphash(buffer, begin, stop, k0, k1)
            elif bits & HEADER_COOKIE and session[i] == _U(0):
                session[i] = _session_cookie(
                    buffer, begin, stop, k0, k1, cookie_keys, cookie_values
                )
            elif bits & HEADER_FORWARDED_FOR and plains < MAX_CHAIN:
                plain[plains, 0], plain[plains, 1] = begin, stop
                plains += 1
            elif bits & HEADER_FORWARDED and riches < MAX_CHAIN:
                rich[riches, 0], rich[riches, 1] = begin, stop
                riches += 1
            at = stop + 1
        order[i] = shape
        if hops > 0 and (plains > 0 or riches > 0):
            if plains > 0:
                _, high[i], low[i] = _walk(buffer, plain, plains, hops, True)
            else:
                _, high[i], low[i] = _walk(buffer, rich, riches, hops, False)
