"""The imaginary shop: its clients, user agents, paths and query strings, as tables of bytes.

A line of a log is a choice of one entry from each table. The tables are made once per run, so the
cost of a line is that of a few lookups and one join.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.agents import CRAWLERS, FEEDS, MONITORS, PARTNERS, TOOLS, apps, browsers
from benchmarks.payloads import AttackRequest, attack_requests
from benchmarks.queries import queries
from benchmarks.words import FIRST_NAMES, PROBED, QUALITIES, THINGS, TOPICS

Integers = npt.NDArray[Any]


class PathClass(IntEnum):
    """What a path is, in the order of the path table."""

    NONE = 0
    PAGE = 1
    CATEGORY = 2
    PRODUCT = 3
    BLOG = 4
    ASSET = 5
    IMAGE = 6
    API_FIXED = 7
    API_PRODUCT = 8
    API_STOCK = 9
    API_ORDER = 10
    FILE = 11
    DEAD = 12
    PROBE = 13
    ATTACK = 14
    GARBAGE = 15


class ClientKind(IntEnum):
    """How a client behaves."""

    BROWSER = 0
    APP = 1
    CRAWLER = 2
    FEED = 3
    PARTNER = 4
    MONITOR = 5
    ATTACKER = 6
    CAMPAIGN = 7


PAGES = (
    "/",
    "/login",
    "/cart",
    "/checkout",
    "/account",
    "/account/orders",
    "/search",
    "/about",
    "/contact",
    "/help/returns",
    "/help/shipping",
    "/terms",
    "/privacy",
    "/robots.txt",
    "/sitemap.xml",
    "/feed.xml",
    "/favicon.ico",
    "/health",
)
API_FIXED = (
    "/api/v1/login",
    "/api/v1/search",
    "/api/v1/products",
    "/api/v2/cart",
    "/api/v2/me",
    "/api/v2/me/orders",
    "/api/v1/recommendations",
    "/api/v2/notifications",
    "/api/v1/events",
    "/api/v1/token/refresh",
    "/api/v1/categories",
    "/api/v1/prices",
    "/api/v1/inventory",
    "/graphql",
    "/health",
)
GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00\x00\x00",
    b"SSH-2.0-Go",
    b"\x03\x00\x00/*\xe0\x00\x00\x00",
)


@dataclass(frozen=True)
class SiteSize:
    """How many different things the site has.

    A popular few make most of the traffic, so that not all appear: with the defaults, a million
    lines hold about 40,000 clients, 250,000 paths and 90,000 query strings.

    Attributes:
        clients: Benign client addresses.
        products: Products; each has a page, images and three API paths.
        queries: Distinct query strings.
        agents: Distinct user agents.
        payloads: Distinct attack-like requests.
        attackers: Addresses that send them.
    """

    clients: int = 48_000
    products: int = 105_000
    queries: int = 150_000
    agents: int = 5_000
    payloads: int = 12_000
    attackers: int = 400

    @classmethod
    def for_lines(cls, lines: int, clients: int | None = None) -> "SiteSize":
        """The site for a log; a short log shows a part of a large site, so it gets a small one."""
        share = min(1.0, lines / 1_000_000)
        return cls(
            clients if clients is not None else max(int(cls.clients * share), 500),
            products=max(int(cls.products * share), 2_000),
            queries=max(int(cls.queries * share), 2_000),
            payloads=max(int(cls.payloads * share), 1_000),
            attackers=max(int(cls.attackers * share), 20),
        )


@dataclass
class Site:
    """Tables of bytes and what each entry is. Built by `build_site`.

    Attributes:
        clients: Address texts; first the benign ones, then attackers, then campaign sources.
        client_kind: `ClientKind` of each client.
        agents: User agents as sent.
        agent_of: One or two usual agents of each client, ``(n_clients, 2)``.
        paths: Paths as sent (of attacks: whole targets); entry 0 is empty.
        path_class: `PathClass` of each path.
        first: First path of each class.
        count: Number of paths of each class.
        queries: Query strings with their question mark; entry 0 is empty.
        attack_agent: Agent that carries the payload of attack k, else -1.
        attack_referer: Path entry whose text is the referer of attack k, else -1.
    """

    size: SiteSize
    clients: list[bytes] = field(default_factory=list)
    client_kind: Integers = field(default_factory=lambda: np.zeros(0, np.uint8))
    agents: list[bytes] = field(default_factory=list)
    agent_of: Integers = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    paths: list[bytes] = field(default_factory=lambda: [b""])
    path_class: Integers = field(default_factory=lambda: np.zeros(0, np.uint8))
    first: dict[PathClass, int] = field(default_factory=dict)
    count: dict[PathClass, int] = field(default_factory=dict)
    queries: list[bytes] = field(default_factory=lambda: [b""])
    query_range: dict[str, tuple[int, int]] = field(default_factory=dict)
    attack_agent: Integers = field(default_factory=lambda: np.zeros(0, np.int32))
    attack_referer: Integers = field(default_factory=lambda: np.zeros(0, np.int32))

    def page(self, path: str) -> int:
        """Entry of a fixed page."""
        return self.first[PathClass.PAGE] + PAGES.index(path)

    def api(self, path: str) -> int:
        """Entry of a fixed API path."""
        return self.first[PathClass.API_FIXED] + API_FIXED.index(path)


CAMPAIGN_CLIENTS = 64
"""Addresses kept for the planted campaigns, at the end of the client table."""


def build_site(seed: int, size: SiteSize | None = None) -> Site:
    """All tables of a site; the same seed and size give the same bytes."""
    site = Site(size or SiteSize())
    rng = np.random.default_rng([seed, 1])
    _add_paths(site, rng)
    _add_queries(site, rng)
    _add_agents(site, rng)
    _add_clients(site, rng)
    return site


def _add_class(site: Site, kind: PathClass, paths: list[bytes]) -> None:
    site.first[kind] = len(site.paths)
    site.count[kind] = len(paths)
    site.paths.extend(paths)
    site.path_class = np.append(site.path_class, np.full(len(paths), kind, np.uint8))


def _names(rng: np.random.Generator, count: int) -> list[str]:
    quality = rng.integers(len(QUALITIES), size=count).tolist()
    thing = rng.integers(len(THINGS), size=count).tolist()
    return [f"{QUALITIES[q]}-{THINGS[t]}" for q, t in zip(quality, thing, strict=True)]


def _add_paths(site: Site, rng: np.random.Generator) -> None:
    products = site.size.products
    site.path_class = np.zeros(1, np.uint8)
    names = _names(rng, products)
    ids = (10_000 + np.cumsum(rng.integers(1, 9, products))).tolist()
    blogs = list(enumerate(_names(rng, products // 10)))
    hexes = [f"{k:016x}" for k in rng.integers(0, 2**63, 2 * products).tolist()]
    groups = [f"/c/{topic}" for topic in TOPICS] + [f"/c/{a}/{b}" for a in TOPICS for b in THINGS]
    assets = [
        f"/static/{folder}/{THINGS[k % len(THINGS)]}.{hexes[k % len(hexes)][:8]}.{suffix}"
        for k, (folder, suffix) in enumerate(
            [("js", "js"), ("css", "css"), ("fonts", "woff2"), ("img", "svg")] * 40
        )
    ]
    orders = [
        f"/api/v1/orders/{h[:8]}-{h[8:12]}-4{h[13:16]}-a{g[1:4]}-{g[4:]}"
        for h, g in zip(hexes[:products], hexes[products:], strict=True)
    ]
    sizes = ("320", "640", "1280")
    _add_class(site, PathClass.PAGE, [p.encode() for p in PAGES])
    _add_class(site, PathClass.CATEGORY, [p.encode() for p in groups])
    _add_class(
        site, PathClass.PRODUCT, [f"/p/{n}-{i}".encode() for n, i in zip(names, ids, strict=True)]
    )
    _add_class(
        site,
        PathClass.BLOG,
        [f"/blog/{2019 + k % 8}/{1 + k % 12:02d}/{n}-{k}".encode() for k, n in blogs],
    )
    _add_class(site, PathClass.ASSET, [p.encode() for p in assets])
    _add_class(site, PathClass.IMAGE, [f"/media/{i}/{sizes[i % 3]}.webp".encode() for i in ids])
    _add_class(site, PathClass.API_FIXED, [p.encode() for p in API_FIXED])
    _add_class(site, PathClass.API_PRODUCT, [f"/api/v1/products/{i}".encode() for i in ids])
    _add_class(site, PathClass.API_STOCK, [f"/api/v1/products/{i}/stock".encode() for i in ids])
    _add_class(site, PathClass.API_ORDER, [p.encode() for p in orders])
    _add_class(
        site, PathClass.FILE, [f"/files/{h}/invoice.pdf".encode() for h in hexes[: products // 10]]
    )
    _add_class(
        site, PathClass.DEAD, [f"/p/{n}-{k}".encode() for k, n in blogs[: products // 20 + 1]]
    )
    _add_class(site, PathClass.PROBE, [p.encode() for p in PROBED])
    _add_attacks(site, rng)
    _add_class(site, PathClass.GARBAGE, list(GARBAGE))


def _add_attacks(site: Site, rng: np.random.Generator) -> None:
    requests: list[AttackRequest] = attack_requests(rng, site.size.payloads)
    _add_class(site, PathClass.ATTACK, [r.target for r in requests])
    site.attack_agent = np.full(len(requests), -1, np.int32)
    site.attack_referer = np.full(len(requests), -1, np.int32)
    for k, request in enumerate(requests):
        if request.agent is not None:
            site.attack_agent[k] = len(site.agents)
            site.agents.append(request.agent)
        if request.referer is not None:
            site.attack_referer[k] = len(site.paths)
            site.paths.append(request.referer)
            site.path_class = np.append(site.path_class, np.uint8(PathClass.NONE))


def _add_queries(site: Site, rng: np.random.Generator) -> None:
    """Search terms, listing filters, campaign tags and API parameters, in these shares."""
    shares = {"search": 0.35, "listing": 0.25, "tag": 0.2, "api": 0.2}
    for kind, share in shares.items():
        begin, wanted = len(site.queries), int(share * site.size.queries)
        found: dict[str, None] = {}
        while len(found) < wanted:
            found.update(dict.fromkeys(queries(kind, rng, wanted)))
        site.queries.extend(text.encode() for text in list(found)[:wanted])
        site.query_range[kind] = (begin, wanted)


def _add_agents(site: Site, rng: np.random.Generator) -> None:
    """Browsers, apps and the rest; attack agents are in the table already."""
    wanted = max(site.size.agents, 100)
    names = {
        ClientKind.BROWSER: browsers(rng, wanted * 7 // 10),
        ClientKind.APP: apps(rng, wanted * 3 // 10 - 20),
        ClientKind.CRAWLER: CRAWLERS,
        ClientKind.FEED: FEEDS,
        ClientKind.PARTNER: PARTNERS,
        ClientKind.MONITOR: MONITORS,
        ClientKind.ATTACKER: TOOLS,
    }
    ranges: dict[ClientKind, tuple[int, int]] = {}
    for kind, texts in names.items():
        ranges[kind] = (len(site.agents), len(texts))
        site.agents.extend(text.encode() for text in texts)
    ranges[ClientKind.CAMPAIGN] = ranges[ClientKind.BROWSER]
    _choose_kinds(site, rng)
    _choose_agents(site, rng, ranges)


def _choose_kinds(site: Site, rng: np.random.Generator) -> None:
    benign, attackers = site.size.clients, site.size.attackers
    kinds = rng.choice(
        [
            ClientKind.BROWSER,
            ClientKind.APP,
            ClientKind.CRAWLER,
            ClientKind.FEED,
            ClientKind.PARTNER,
        ],
        size=benign,
        p=[0.72, 0.24, 0.012, 0.02, 0.008],
    ).astype(np.uint8)
    kinds[: min(3, benign)] = ClientKind.MONITOR
    tail = [np.full(attackers, ClientKind.ATTACKER), np.full(CAMPAIGN_CLIENTS, ClientKind.CAMPAIGN)]
    site.client_kind = np.concatenate([kinds, *tail]).astype(np.uint8)


def _choose_agents(
    site: Site, rng: np.random.Generator, ranges: dict[ClientKind, tuple[int, int]]
) -> None:
    kinds = site.client_kind
    first = np.array([ranges[ClientKind(k)][0] for k in range(len(ClientKind))])[kinds]
    count = np.array([ranges[ClientKind(k)][1] for k in range(len(ClientKind))])[kinds]
    # Squared uniform numbers: new versions of an agent are more common than old ones.
    draw = rng.random((kinds.size, 2)) ** 2
    site.agent_of = (first[:, None] + (draw * count[:, None]).astype(np.int64)).astype(np.int32)
    # Half of the attackers hide behind a browser's name.
    hidden = (kinds == ClientKind.ATTACKER) & (rng.random(kinds.size) < 0.5)
    begin, total = ranges[ClientKind.BROWSER]
    site.agent_of[hidden] = (begin + rng.integers(0, total, (int(hidden.sum()), 1))).astype(
        np.int32
    )


def _add_clients(site: Site, rng: np.random.Generator) -> None:
    """Distinct addresses, one in eight an IPv6 address, clustered in networks as real ones are."""
    count = site.client_kind.size
    networks = rng.integers(0, 2**24, max(count // 3, 64))
    networks = networks[~np.isin((networks >> 16) % 223, (9, 126))]  # 10/8 and 127/8
    seen: dict[bytes, None] = {}
    while len(seen) < count:
        missing = count - len(seen)
        network = networks[rng.integers(0, networks.size, missing)].tolist()
        host = rng.integers(1, 255, missing).tolist()
        wide = rng.integers(0, 2**62, missing).tolist()
        seen.update(dict.fromkeys(map(_address, network, host, wide)))
    site.clients = list(seen)[:count]


def _address(network: int, host: int, wide: int) -> bytes:
    if wide & 7:
        return b"%d.%d.%d.%d" % ((network >> 16) % 223 + 1, network >> 8 & 255, network & 255, host)
    groups = (network >> 12, network & 0xFFF, wide >> 46 | 1, wide >> 30 & 0xFFFF | 1, host)
    return b"2001:db8:%x:%x:%x:%x:0:%x" % groups


def user_name(number: int) -> bytes:
    """Login name of customer `number`; 0 is nobody."""
    return b"-" if number == 0 else f"{FIRST_NAMES[number % len(FIRST_NAMES)]}.{number}".encode()
