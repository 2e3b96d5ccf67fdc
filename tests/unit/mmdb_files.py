"""Makes small databases in the MaxMind format, for tests."""

import struct
from ipaddress import ip_network
from typing import Any

MARK = b"\xab\xcd\xefMaxMind.com"


def encoded(value: Any) -> bytes:
    """A value as the format writes it."""
    if isinstance(value, bool):
        return bytes([int(value), 14 - 7])
    if isinstance(value, str):
        raw = value.encode()
        return _control(2, len(raw)) + raw
    if isinstance(value, float):
        return _control(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        raw = value.to_bytes(8, "big").lstrip(b"\0")
        return _control(6 if len(raw) <= 4 else 9, len(raw)) + raw
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(encoded, value))
    pairs = b"".join(encoded(name) + encoded(item) for name, item in value.items())
    return _control(7, len(value)) + pairs


def _control(kind: int, size: int) -> bytes:
    assert size < 285
    more = b"" if size < 29 else bytes([size - 29])
    low = min(size, 29)
    return (bytes([kind << 5 | low]) if kind <= 7 else bytes([low, kind - 7])) + more


def database(networks: dict[str, dict[str, Any]], *, bits: int = 28, six: bool = True) -> bytes:
    """A database.

    Args:
        networks: CIDR → record.
        bits: Width of the records of the tree: 24, 28 or 32.
        six: A tree for both kinds of addresses.
    """
    nodes: list[list[Any]] = [[None, None]]
    for text, record in networks.items():
        network = ip_network(text)
        width, value = network.max_prefixlen, int(network.network_address)
        path = [value >> (width - 1 - k) & 1 for k in range(network.prefixlen)]
        if six and network.version == 4:
            path = [0] * 96 + path
        node = 0
        for side in path[:-1]:
            if not isinstance(nodes[node][side], int):
                nodes.append([None, None])
                nodes[node][side] = len(nodes) - 1
            node = nodes[node][side]
        nodes[node][path[-1]] = ("data", record)
    data, places = b"", {}
    for pair in nodes:
        for item in pair:
            if isinstance(item, tuple) and repr(item[1]) not in places:
                places[repr(item[1])] = len(data)
                data += encoded(item[1])
    count = len(nodes)

    def number(item: Any) -> int:
        if item is None:
            return count
        return item if isinstance(item, int) else count + 16 + places[repr(item[1])]

    tree = b"".join(_node(number(left), number(right), bits) for left, right in nodes)
    about = encoded({
        "node_count": count, "record_size": bits, "ip_version": 6 if six else 4,
        "binary_format_major_version": 2, "database_type": "Test", "build_epoch": 1_800_000_000,
    })  # fmt: skip
    return tree + bytes(16) + data + MARK + about


def _node(left: int, right: int, bits: int) -> bytes:
    if bits == 28:
        middle = (left >> 24) << 4 | right >> 24
        return (
            (left & 0xFFFFFF).to_bytes(3, "big")
            + bytes([middle])
            + (right & 0xFFFFFF).to_bytes(3, "big")
        )
    return left.to_bytes(bits // 8, "big") + right.to_bytes(bits // 8, "big")
