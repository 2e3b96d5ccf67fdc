"""Networks that operators of crawlers publish, from local files.

Two forms are read: JSON as search engines publish it (``{"prefixes": [{"ipv4Prefix": …}]}``, or a
list of networks), and plain text with one network a line.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from apisentinel.errors import ConfigError

MOST_BYTES, MOST_NETWORKS = 4 << 20, 50_000
"""The largest published list has some thousand networks."""
MAPPED = 0xFFFF << 32


class Ranges:
    """Networks as sorted intervals of addresses."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Sorts networks.

        Raises:
            ValueError: One is no network.
        """
        pairs = []
        for text in networks:
            network = ip_network(text.strip(), strict=False)
            begin, end = int(network.network_address), int(network.broadcast_address)
            if network.version == 4:
                begin, end = MAPPED | begin, MAPPED | end
            pairs.append((begin, end))
        merged: list[tuple[int, int]] = []
        for begin, end in sorted(pairs):
            if merged and begin <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(merged[-1][1], end)
            else:
                merged.append((begin, end))
        self._begins = [begin for begin, _ in merged]
        self._ends = [end for _, end in merged]

    def holds(self, high: int, low: int) -> bool:
        """True for an address, given its halves (IPv4 as ``::ffff:a.b.c.d``)."""
        value = high << 64 | low
        at = bisect_right(self._begins, value) - 1
        return at >= 0 and value <= self._ends[at]


def read_ranges(path: Path) -> Ranges:
    """The networks of a file.

    Raises:
        ConfigError: It cannot be read, is too large, or holds something else.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigError(f"{path}: larger than {MOST_BYTES >> 20} MiB")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    try:
        networks = _of_json(json.loads(text)) if text.lstrip()[:1] in {"{", "["} else _lines(text)
        if not networks or len(networks) > MOST_NETWORKS:
            raise ConfigError(f"{path}: holds {len(networks)} networks")
        return Ranges(networks)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: no list of networks: {error}") from error


def _lines(text: str) -> list[str]:
    rows = (line.partition("#")[0].strip() for line in text.splitlines())
    return [row for row in rows if row]


def _of_json(found: Any) -> list[str]:
    items = found.get("prefixes", []) if isinstance(found, dict) else found
    out = []
    for item in items if isinstance(items, list) else ():
        values = item.values() if isinstance(item, Mapping) else (item,)
        out += [value for value in values if isinstance(value, str) and _is_network(value)]
    return out


def _is_network(text: str) -> bool:
    return "." in text or ":" in text
