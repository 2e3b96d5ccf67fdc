"""Client addresses as 128 bits: reading any spelling in a kernel, and writing the canonical one."""

from ipaddress import IPv4Address, IPv6Address

import numpy as np

from apisentinel.kernels.compiler import inline, kernel

_U = np.uint64
MAPPED = 0xFFFF_0000_0000
"""High part of the low word of an IPv4 address (::ffff:a.b.c.d)."""

LONGEST = 64
"""Longest text that is looked at as an address; the longest spelling with brackets and port has 54
bytes, zone ids are cut there.
"""


@inline
def _hex_value(byte):
    if 48 <= byte <= 57:
        return np.int64(byte) - 48
    if 97 <= (byte | 32) <= 102:
        return np.int64(byte | 32) - 87
    return np.int64(-1)


@inline
def parse_ipv4(buffer, begin, end):
    """The 32 bits of dotted decimal text, -1 when it is something else (leading zeros are refused:
    some read octal).
    """
    value = np.int64(0)
    part = np.int64(-1)
    dots = 0
    for i in range(begin, end):
        byte = np.int64(buffer[i])
        if 48 <= byte <= 57:
            if part == 0:
                return np.int64(-1)
            part = byte - 48 if part < 0 else part * 10 + byte - 48
            if part > 255:
                return np.int64(-1)
        elif byte == 46 and part >= 0 and dots < 3:
            value = (value << 8) | part
            part = np.int64(-1)
            dots += 1
        else:
            return np.int64(-1)
    if part < 0 or dots != 3:
        return np.int64(-1)
    return (value << 8) | part


@inline
def parse_ipv6(buffer, begin, end):
    """``(ok, high word, low word)`` of an IPv6 address without brackets and zone."""
    high, low = _U(0), _U(0)  # the groups before "::" are shifted in, those after it counted
    tail_high, tail_low = _U(0), _U(0)
    groups, tail_groups = 0, 0
    is_tail = False
    at = begin
    if end - begin >= 2 and buffer[begin] == 58:
        if buffer[begin + 1] != 58:
            return False, high, low
        is_tail = True
        at = begin + 2
    while at < end:
        stop = at
        value = np.int64(0)
        is_dotted = False
        while stop < end and buffer[stop] != 58:
            if buffer[stop] == 46:
                is_dotted = True
            digit = _hex_value(buffer[stop])
            if not is_dotted:
                if digit < 0 or stop - at >= 4:
                    return False, high, low
                value = value * 16 + digit
            stop += 1
        width = 1
        if is_dotted:
            if stop != end:
                return False, high, low
            value = parse_ipv4(buffer, at, end)
            width = 2
            if value < 0:
                return False, high, low
        elif stop == at:
            return False, high, low
        bits = _U(16 * width)
        rest = _U(64) - bits
        if is_tail:
            tail_high = (tail_high << bits) | (tail_low >> rest)
            tail_low = (tail_low << bits) | _U(value)
            tail_groups += width
        else:
            high = (high << bits) | (low >> rest)
            low = (low << bits) | _U(value)
            groups += width
        if groups + tail_groups > 8:
            return False, high, low
        at = stop
        if at < end:
            at += 1
            if at < end and buffer[at] == 58:
                if is_tail:
                    return False, high, low
                is_tail = True
                at += 1
            elif at == end:
                return False, high, low
    if not is_tail:
        return groups == 8, high, low
    if groups + tail_groups > 7:
        return False, high, low
    gap = 16 * (8 - groups)
    if gap >= 128:
        high, low = _U(0), _U(0)
    elif gap >= 64:
        high, low = low << _U(gap - 64) if gap > 64 else low, _U(0)
    elif gap > 0:
        high, low = (high << _U(gap)) | (low >> _U(64 - gap)), low << _U(gap)
    return True, high | tail_high, low | tail_low


@inline
def parse_address(buffer, begin, end):
    """``(ok, high, low)`` of ``a.b.c.d``, ``a.b.c.d:port``, IPv6, ``[IPv6]:port``, each with spaces
    or quotes around it.

    A zone id (``%eth0``) is left out: it has a meaning on one host only. IPv4 comes out as
    ::ffff:a.b.c.d.
    """
    while begin < end and (buffer[begin] == 32 or buffer[begin] == 34 or buffer[begin] == 9):
        begin += 1
    while begin < end and (buffer[end - 1] == 32 or buffer[end - 1] == 34 or buffer[end - 1] == 9):
        end -= 1
    if begin == end:
        return False, _U(0), _U(0)
    value = parse_ipv4(buffer, begin, end) if end - begin <= 15 else np.int64(-1)
    if value >= 0:
        return True, _U(0), _U(MAPPED) | _U(value)
    colons, last_colon, close = 0, end, end
    limit = min(end, begin + LONGEST)
    for i in range(begin, limit):
        byte = buffer[i]
        if byte == 58:
            colons += 1
            last_colon = i
        elif byte == 93:
            close = i
            break
        elif byte == 37:
            if i == begin or i + 1 == end or colons < 2:
                return False, _U(0), _U(0)
            close = i
            break
    else:
        if limit < end:
            return False, _U(0), _U(0)
    if buffer[begin] == 91:
        stop = close
        while stop < end and buffer[stop] != 93:
            stop += 1
        if stop == end or not _is_port(buffer, stop + 1, end) or not _is_zone(buffer, close, stop):
            return False, _U(0), _U(0)
        return parse_ipv6(buffer, begin + 1, close)
    if colons > 1:
        if not _is_zone(buffer, close, end):
            return False, _U(0), _U(0)
        return parse_ipv6(buffer, begin, close)
    if colons == 1 and not _is_port(buffer, last_colon, end):
        return False, _U(0), _U(0)
    value = parse_ipv4(buffer, begin, last_colon)
    if value < 0:
        return False, _U(0), _U(0)
    return True, _U(0), _U(MAPPED) | _U(value)


@inline
def _is_port(buffer, begin, end):
    """True for nothing, or a colon and up to five digits."""
    if begin == end:
        return True
    if buffer[begin] != 58 or end - begin > 6 or end - begin < 2:
        return False
    for i in range(begin + 1, end):
        if not 48 <= buffer[i] <= 57:
            return False
    return True


@inline
def _is_zone(buffer, begin, end):
    """True for nothing, or a percent sign and the name of a network interface."""
    if begin == end:
        return True
    if buffer[begin] != 37 or begin + 1 == end:
        return False
    for i in range(begin + 1, end):
        byte = buffer[i]
        if not (
            48 <= byte <= 57 or 97 <= (byte | 32) <= 122 or byte == 45 or byte == 46 or byte == 95
        ):
            return False
    return True


@kernel("void(uint8[::1], int32[:,::1], uint64[::1], uint64[::1])")
def parse_addresses(buffer, spans, high, low):
    """Both words of the address in every span; 0, 0 where there is none."""
    for i in range(spans.shape[0]):
        high[i], low[i] = _U(0), _U(0)
        if spans[i, 0] >= 0:
            ok, a, b = parse_address(buffer, np.int64(spans[i, 0]), np.int64(spans[i, 1]))
            if ok:
                high[i], low[i] = a, b


def canonical_address(high: int, low: int) -> str:
    """Canonical text of an address: dotted for IPv4, RFC 5952 for IPv6.

    Example:
        >>> canonical_address(0, 0xFFFF_0A00_0001)
        '10.0.0.1'
        >>> canonical_address(0x2001_0DB8_0000_0000, 1)
        '2001:db8::1'
    """
    if int(high) == 0 and int(low) >> 32 == MAPPED >> 32:
        return str(IPv4Address(int(low) & 0xFFFFFFFF))
    return str(IPv6Address((int(high) << 64) | int(low)))


def canonical_network(high: int, low: int) -> str:
    """CIDR text of the network of an address: /24 for IPv4, /64 for IPv6.

    Example:
        >>> canonical_network(0, 0xFFFF_0A00_0001)
        '10.0.0.0/24'
    """
    if int(high) == 0 and int(low) >> 32 == MAPPED >> 32:
        return canonical_address(0, int(low) & ~0xFF) + "/24"
    return canonical_address(high, 0) + "/64"
