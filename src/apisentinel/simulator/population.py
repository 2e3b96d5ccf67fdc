"""Who the accounts are: activity, country, network and the addresses that a server sees of them."""

from typing import Any

import numpy as np

from apisentinel.simulator.randomness import stream
from apisentinel.simulator.rows import mixed
from apisentinel.simulator.world import Site, World

COUNTRIES = (
    # name, share, hours from UTC, language
    ("de", 0.42, 1, 0), ("uk", 0.16, 0, 1), ("fr", 0.14, 1, 2), ("us", 0.14, -5, 3),
    ("es", 0.08, 1, 4), ("br", 0.06, -3, 5),
)  # fmt: skip

HOME, CGNAT, OFFICE, CARRIER, VPN, IPV6 = range(6)
NETWORKS = (0.40, 0.14, 0.12, 0.10, 0.03, 0.21)
"""Shares of ways to connect, from public figures on IPv6 use and carrier NAT, rounded."""

PARETO = 1.3
"""Exponent of sessions per user."""

RESERVED = frozenset({0, 10, 100, 127, 169, 172, 192, 198, 203, 66, 40})
"""First numbers of IPv4 addresses with a meaning of their own; 66 and 40 hold known crawlers."""

PREFIXES = 12
"""Access networks (/16) per country."""


class Population:
    """The accounts of one site, and the addresses of everybody who talks to it.

    All worlds share the ways addresses are made: attackers rent, borrow and break into the same
    networks that honest people use.
    """

    def __init__(self, world: World, site: Site) -> None:
        self.world, self.site = world, site
        rng = stream(world.seed, "population", site.number)
        count = site.accounts
        self.country = rng.choice(len(COUNTRIES), count, p=[c[1] for c in COUNTRIES])
        self.network = rng.choice(len(NETWORKS), count, p=NETWORKS)
        self.activity = np.minimum(rng.pareto(PARETO, count) + 0.2, 60.0)
        self.mobile = rng.random(count)
        shared = stream(world.seed, "networks")
        self.salt = int(shared.integers(1 << 30))
        first = np.array([k for k in range(1, 223) if k not in RESERVED])
        self.prefix = (
            shared.choice(first, (len(COUNTRIES), PREFIXES)) << 24
            | shared.integers(0, 256, (len(COUNTRIES), PREFIXES)) << 16
        )
        self.prefix6 = 0x2A00 << 48 | shared.integers(1, 1 << 15, (len(COUNTRIES), PREFIXES)) << 32
        self.hosting = shared.choice(first, 10) << 24 | shared.integers(0, 256, 10) << 16
        self.exits = self.hosting[:3, None] | shared.integers(256, 65_256, (3, 14))
        self.exits = self.exits.reshape(-1)
        self._offices(rng)
        self._order = [np.flatnonzero(self.country == c) for c in range(len(COUNTRIES))]
        self._weight = [np.cumsum(self.activity[members]) for members in self._order]

    def _offices(self, rng: np.random.Generator) -> None:
        """Offices of 2 to 500 people behind one address each."""
        members = np.flatnonzero(self.network == OFFICE)
        sizes = np.minimum(2 * (rng.pareto(1.0, max(4, members.size)) + 1), 500).astype(int)
        ends = np.cumsum(sizes)
        self.office = np.zeros(self.country.size, np.int64)
        self.office[members] = np.searchsorted(ends, np.arange(members.size), side="right")

    def draw(self, rng: np.random.Generator, count: int, hour: float, group_office: float) -> Any:
        """Indices of accounts that begin a session at an hour of the week (UTC).

        Args:
            hour: Hours since Monday 00:00.
            group_office: How much the rhythm is that of offices, 0 to 1.
        """
        weights = np.array([
            (w[-1] if w.size else 0.0) * rhythm(hour + c[2], group_office)
            for w, c in zip(self._weight, COUNTRIES, strict=True)
        ])  # fmt: skip
        parts = rng.multinomial(count, weights / weights.sum())
        found = [
            order[np.searchsorted(weight, rng.random(part) * weight[-1])]
            for order, weight, part in zip(self._order, self._weight, parts, strict=True)
            if part
        ]
        users = np.concatenate(found) if found else np.zeros(0, np.int64)
        return rng.permutation(users)

    def address(self, users: Any, session: Any, *, mobile: Any, day: int) -> tuple[Any, Any]:
        """Address halves of sessions of accounts.

        Args:
            users: Indices of accounts.
            session: Hash of each session; carriers and privacy addresses change with it.
            mobile: True where a phone is on the move.
            day: Day number; leases change slowly with it.
        """
        country, salt = self.country[users], self.salt
        network = np.where(mobile & (mixed(session, 41) % 3 > 0), CARRIER, self.network[users])
        isp = mixed(users, salt + 2) % PREFIXES
        home = self._place(self.prefix[country, isp], mixed(users, salt + 3) + day // 21)
        pool = max(1, self.country.size // 400)
        nat = self._place(self.prefix[country, 0], mixed(users, salt + 4) % pool)
        carrier = self._place(self.prefix[country, 1], mixed(session, salt + 5) % 48)
        office = self._place(self.prefix[country, 2], self.office[users] + 1000)
        exits = self.exits[mixed(users, salt + 7) % self.exits.size]
        v4 = np.select(
            [network == CGNAT, network == CARRIER, network == OFFICE, network == VPN],
            [nat, carrier, office, exits], home,
        )  # fmt: skip
        six = network == IPV6
        high = self.prefix6[country, isp] | (mixed(users, salt + 8) & 0x7FFF7FFF) | 0x00010001
        low = mixed(session, salt + 9) | 0x0001000100010001
        return np.where(six, high, 0), np.where(six, low, v4)

    def _place(self, prefix: Any, number: Any) -> Any:
        """Addresses of the numbered places of a network, scattered all over it."""
        return prefix | 256 + mixed(prefix ^ number, self.salt) % 65_000

    def hosts(self, names: Any) -> tuple[Any, Any]:
        """Addresses of servers in hosting networks, by number of the server."""
        network = self.hosting[mixed(names, 51) % self.hosting.size]
        return np.zeros(names.size, np.int64), self._place(network, names)

    def staff_address(self) -> int:
        """The office of the company itself."""
        return int(self._place(self.prefix[0, 2], np.array([4711 + self.site.number]))[0])

    def homes(self, rng: np.random.Generator, count: int) -> tuple[Any, Any]:
        """Addresses of random people, as proxies in their living rooms lend them."""
        users = rng.integers(0, self.country.size, count)
        session = rng.integers(1, 1 << 62, count)
        return self.address(users, session, mobile=rng.random(count) < 0.3, day=0)


def rhythm(hour: float, office: float) -> float:
    """Traffic at a local hour of the week against the mean (about 1)."""
    day, time = (hour // 24) % 7, hour % 24
    evening = np.exp(-0.5 * ((time - 20.3) / 2.6) ** 2)
    noon = np.exp(-0.5 * ((time - 12.2) / 3.0) ** 2)
    private = 0.22 + 1.5 * evening + 1.25 * noon
    work = 0.10 + 2.5 * np.exp(-0.5 * ((time - 13.2) / 3.4) ** 2)
    weekend = day >= 5
    private *= 1.15 if weekend else 0.94
    work *= 0.18 if weekend else 1.25
    return float((1 - office) * private + office * work)
