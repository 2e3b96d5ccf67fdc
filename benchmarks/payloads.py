"""Attack-like requests of many shapes: templates times parameters times encodings.

A handful of constant strings would let every cache and every rule look better than it is. Each
family here multiplies templates by random names, numbers, hosts and encodings, so that a log holds
thousands of distinct payloads. The texts are written for this generator; hosts are reserved names.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from benchmarks.words import PROBED, THINGS

TEMPLATES: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text("utf-8")
)
"""Payload texts by attack type, with holes for names, numbers, hosts."""

SHARES = {
    "sqli": 4,
    "xss": 3,
    "traversal": 3,
    "cmdi": 2,
    "ssti": 1,
    "ssrf": 1,
    "log4shell": 1,
    "nosqli": 1,
    "rfi": 1,
    "crlf": 0.5,
    "ldapi": 0.5,
    "xxe": 0.5,
    "deserialization": 0.5,
    "probing": 3,
}
"""How often each family is seen, relative to the others."""

PLACES = (
    "/search?q=",
    "/api/v1/search?q=",
    "/api/v1/products?sort=",
    "/api/v1/products?id=",
    "/download?file=",
    "/api/v2/export?name=",
    "/view?page=",
    "/api/v1/reviews?product=",
    "/api/v1/proxy?url=",
    "/login?next=",
    "/api/v1/orders?status=",
    "/c/sale?filter=",
    "/index.php?id=",
    "/cgi-bin/status?arg=",
    "/api/v1/coupons/",
    "/p/",
)
"""Where a payload is put; the last two carry it in the path."""


class AttackRequest(NamedTuple):
    """One attack-like request: its target as sent, and agent or referer where these carry it."""

    family: str
    target: bytes
    agent: bytes | None = None
    referer: bytes | None = None


def _percent(text: str) -> str:
    return quote(text, safe="")


def _readable(text: str) -> str:
    """Only what a client library escapes on its own; most tools leave the rest as it is."""
    return quote(text, safe="/:;,?@&=+$!*'()[]{}|^~`<>\\-._%#").replace("#", "%23")


def _every_byte(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


ENCODINGS: tuple[Callable[[str], str], ...] = (
    _percent,
    _readable,
    _every_byte,
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: quote(text, safe="").lower(),
    lambda text: quote(text, safe="").replace("%20", "+"),
    lambda text: quote(text, safe="").replace("%20", "%09"),
    lambda text: quote("".join(c.upper() if i % 2 else c for i, c in enumerate(text)), safe=""),
    lambda text: quote(text, safe="").replace("%27", "%u0027").replace("%3C", "%u003c"),
)
"""How a payload is written into the request target."""


def payload_text(rng: np.random.Generator, family: str) -> str:
    """One payload of the family, its holes filled at random."""
    template = TEMPLATES[family][rng.integers(len(TEMPLATES[family]))]
    word = THINGS[rng.integers(len(THINGS))]
    columns = ",".join(str(k) for k in rng.integers(1, 99, rng.integers(2, 9)))
    up = ("../", "..%2f", "....//", "..\\", "%2e%2e/")[rng.integers(5)] * int(rng.integers(2, 9))
    return template.format(
        n=int(rng.integers(1, 60_000)),
        d=int(rng.integers(1, 30)),
        w=word,
        cols=columns,
        table=f"{THINGS[rng.integers(len(THINGS))]}s",
        host=f"{word}{rng.integers(1000)}.example",
        ip=f"198.51.100.{rng.integers(1, 255)}",
        up=up,
    )


def attack_requests(rng: np.random.Generator, count: int) -> list[AttackRequest]:
    """`count` distinct attack-like requests, ordered by family, so that one attacker stays on one.

    Returns:
        Requests whose (target, agent, referer) are all distinct.
    """
    found: dict[AttackRequest, None] = {}
    wanted = np.cumsum(list(SHARES.values())) / sum(SHARES.values()) * count
    for family, limit in zip(SHARES, np.round(wanted), strict=True):
        while len(found) < limit:
            found[_request(rng, family)] = None
    return list(found)


def _request(rng: np.random.Generator, family: str) -> AttackRequest:
    if family == "probing":
        base = PROBED[rng.integers(len(PROBED))]
        folder = ("", "", "/old", "/api", "/backup", "/site", "/new", "/test")[rng.integers(8)]
        tail = ("", "", f"?{rng.integers(9999)}", "~", f".{rng.integers(99)}")[rng.integers(5)]
        return AttackRequest(family, f"{folder}{base}{tail}".encode())
    text = payload_text(rng, family)
    if family == "log4shell" and rng.random() < 0.6:
        target = (b"/", b"/api/v1/login", b"/p/1")[rng.integers(3)]
        if rng.random() < 0.7:
            return AttackRequest(family, target, agent=text.encode())
        return AttackRequest(family, target, referer=text.encode())
    encode = ENCODINGS[rng.integers(len(ENCODINGS))]
    place = PLACES[rng.integers(len(PLACES))]
    more = ("", "", "&page=2", "&lang=en", f"&t={rng.integers(10**6)}")[rng.integers(5)]
    return AttackRequest(family, f"{place}{encode(text)}{more if '?' in place else ''}".encode())
