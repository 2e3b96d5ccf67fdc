"""IP addresses that name a machine somewhere."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address

from apisentinel.detectors.data.candidate import Candidate, Span

_FEWEST_GROUPS = 3
"""Groups of a shortened IPv6 address; ``a::b`` is more often code than an address."""


def ipv4(candidate: Candidate) -> Span | None:
    """An address of a machine: no version, no net mask, no loopback, no multicast group."""
    if not candidate.alone or candidate.says("version"):
        return None
    try:
        address = IPv4Address(candidate.value.decode("ascii"))
    except (AddressValueError, UnicodeDecodeError):
        return None
    number = int(address)
    dull = address.is_loopback or number >> 24 == 0 or number >> 28 == 0xE or number >> 24 == 0xFF
    return None if dull else candidate.span


def ipv6(candidate: Candidate) -> Span | None:
    """An address with at least three groups, one of them with a digit."""
    value = candidate.value.rstrip(b".")
    if value.endswith(b":") and not value.endswith(b"::"):
        value = value[:-1]
    found = candidate._replace(end=candidate.start + len(value))
    neighbours = (
        candidate.text[max(candidate.floor, found.start - 1) : found.start]
        + candidate.text[found.end : found.end + 1]
    )
    if any(
        byte in b":-." or chr(byte).isalnum() or byte == 0x5F for byte in neighbours.rstrip(b".")
    ):
        return None
    try:
        address = IPv6Address(value.decode("ascii"))
    except (AddressValueError, UnicodeDecodeError):
        return None
    groups = [group for group in value.split(b":") if group]
    telling = len(groups) >= _FEWEST_GROUPS and any(48 <= byte <= 57 for byte in value)
    return (
        found.span
        if telling and not (address.is_loopback or address.is_unspecified or address.is_multicast)
        else None
    )
