"""Visits: what clients of each kind request, vectorised over all visits of a block."""

import numpy as np

from benchmarks.rows import (
    MICROS,
    STATUSES,
    USERS,
    Rows,
    expanded,
    joined,
    picked,
    rows_of,
    times_of,
    zipf,
)
from benchmarks.shop import ClientKind, Integers, PathClass, Site

_STATUS = {code: k for k, code in enumerate(STATUSES)}
_P = PathClass

STROLL = ("/", "/", "/cart", "/account", "/login", "/about", "/help/returns", "/checkout")
"""Fixed pages that a visitor opens."""
PAGE_CALLS = (
    "/api/v2/cart",
    "/api/v2/me",
    "/api/v1/recommendations",
    "/api/v1/events",
    "/api/v1/prices",
)
"""API calls of a page, beside those for a product."""
APP_CALLS = (
    "/api/v2/cart",
    "/api/v2/me",
    "/api/v2/notifications",
    "/api/v1/events",
    "/api/v1/categories",
    "/graphql",
)
"""API calls of the app, beside those for products, orders and search."""


class Visits:
    """Makes requests of visits that start at given times.

    Attributes:
        scale: Length of visits relative to the usual one, in (0, 1]; small when a log has many
            clients and few lines for each.
    """

    def __init__(self, site: Site, rng: np.random.Generator, *, scale: float = 1.0) -> None:
        self.site, self.rng, self.scale = site, rng, scale
        # A base size for every path: the same path is about equally long every time.
        self.base_size = (rng.lognormal(8.3, 1.2, len(site.paths))).astype(np.int32) + 200
        self.order = rng.permutation(site.size.clients)

    def draw(self, kind: PathClass, size: int, exponent: float = 0.6) -> Integers:
        """Paths of a class, the popular ones more often."""
        return self.site.first[kind] + zipf(self.rng, self.site.count[kind], exponent, size)

    def query(self, kind: str, size: int) -> Integers:
        """Query strings of a kind."""
        begin, count = self.site.query_range[kind]
        return begin + zipf(self.rng, count, 0.35, size)

    def benign(self, start: Integers) -> Rows:
        """Visits of ordinary clients, one for each start."""
        client = self.order[zipf(self.rng, self.site.size.clients, 0.45, start.size)]
        kind = self.site.client_kind[client]
        parts = []
        for wanted, make in (
            (ClientKind.BROWSER, self.browse),
            (ClientKind.APP, self.use_app),
            (ClientKind.CRAWLER, self.crawl),
            (ClientKind.FEED, self.poll),
            (ClientKind.PARTNER, self.synchronise),
            (ClientKind.MONITOR, self.poll),
        ):
            chosen = kind == wanted
            parts.append(make(start[chosen], client[chosen]))
        rows = joined(parts)
        self._answer(rows)
        return rows

    def _agent(self, client: Integers) -> Integers:
        return self.site.agent_of[client, (self.rng.random(client.size) < 0.15).astype(np.int8)]

    def _users(self, client: Integers, share: float) -> Integers:
        """The customer behind each client, in the share of visits with a login."""
        second = self.rng.random(client.size) < 0.03
        own = 100 + (client.astype(np.int64) * 7_919 + second) % (USERS - 100)
        return np.where(self.rng.random(client.size) < share, own, 0)

    def _lengths(self, size: int, mean: float, cap: int) -> Integers:
        """Numbers of steps, at least 1, geometric."""
        return np.minimum(self.rng.geometric(1.0 / max(1.0, mean * self.scale), size), cap)

    def browse(self, start: Integers, client: Integers) -> Rows:
        """Pages one after the other; assets, images and API calls name them as referer."""
        rng, n = self.rng, start.size
        owner, step = expanded(self._lengths(n, 2.4, 40))
        size = owner.size
        choice = np.searchsorted(np.cumsum([0.10, 0.24, 0.46, 0.08, 0.08, 0.02]), rng.random(size))
        path, query = self._pages(choice, step)
        time = times_of(start, owner, step, rng.lognormal(2.7, 0.9, size))
        agent, user = self._agent(client), self._users(client, 0.25)
        before = np.where(step > 0, np.roll(path, 1), 0)
        origin = np.where(step > 0, 1, np.where(rng.random(n)[owner] < 0.4, 2, 0))
        pages = rows_of(
            size,
            time=time,
            client=client[owner],
            agent=agent[owner],
            path=path,
            query=query,
            version=1,
            origin=origin,
            referer=before,
            user=user[owner],
        )
        return joined([pages, *self._with_page(pages, choice, step)])

    def _pages(self, choice: Integers, step: Integers) -> tuple[Integers, Integers]:
        """Paths and queries of pages: fixed page, category, product, blog, search, dead link."""
        rng, site, size = self.rng, self.site, choice.size
        fixed = np.array([site.page(path) for path in STROLL])
        path = np.select(
            [choice == k for k in range(6)],
            [
                fixed[np.where(step == 0, 0, rng.integers(0, fixed.size, size))],
                self.draw(_P.CATEGORY, size),
                self.draw(_P.PRODUCT, size),
                self.draw(_P.BLOG, size),
                np.full(size, site.page("/search")),
                self.draw(_P.DEAD, size),
            ],
            site.page("/"),
        )
        query = np.where(
            choice == 1, np.where(rng.random(size) < 0.7, self.query("listing", size), 0), 0
        )
        query = np.where(choice == 4, self.query("search", size), query)
        return path, np.where(
            (step == 0) & (rng.random(size) < 0.2) & (query == 0), self.query("tag", size), query
        )

    def _with_page(self, pages: Rows, choice: Integers, step: Integers) -> list[Rows]:
        """Requests that a page causes."""
        rng, site = self.rng, self.site
        count = rng.poisson(np.where(step == 0, 6.0, 2.6) * self.scale)
        page, _ = expanded(count)
        n = page.size
        kind = np.searchsorted(np.cumsum([0.31, 0.28, 0.16, 0.13]), rng.random(n))
        on_product = choice[page] == 2
        product = np.where(
            on_product,
            pages["path"][page] - site.first[_P.PRODUCT],
            zipf(rng, site.count[_P.PRODUCT], 0.6, n),
        )
        fixed = np.array([site.api(path) for path in PAGE_CALLS])
        events = site.api("/api/v1/events")
        path = np.select(
            [kind == 0, kind == 1, kind == 2, kind == 3],
            [
                self.draw(_P.ASSET, n, 1.0),
                site.first[_P.IMAGE] + product,
                fixed[rng.integers(0, fixed.size, n)],
                site.first[_P.API_STOCK] + product,
            ],
            site.first[_P.API_PRODUCT] + product,
        )
        method = (path == events).astype(np.uint8)
        caused = rows_of(
            n,
            time=pages["time"][page] + rng.integers(60_000, 2_500_000, n),
            client=pages["client"][page],
            agent=pages["agent"][page],
            method=method,
            path=path,
            version=1,
            origin=1,
            referer=pages["path"][page],
            user=pages["user"][page],
            query=np.where((kind == 4) & (rng.random(n) < 0.5), self.query("api", n), 0),
        )
        return [caused, self._logins(pages)]

    def _logins(self, pages: Rows) -> Rows:
        """A password is sent after the login page; one in nine is wrong and sent again."""
        at = picked(pages, pages["path"] == self.site.page("/login"))
        n = at["time"].size
        wrong = self.rng.random(n) < 0.11
        sent = rows_of(
            n,
            time=at["time"] + self.rng.integers(6 * MICROS, 30 * MICROS, n),
            client=at["client"],
            agent=at["agent"],
            method=1,
            path=self.site.api("/api/v1/login"),
            version=1,
            origin=1,
            referer=at["path"],
            user=at["user"],
            status=np.where(wrong, _STATUS[401], 0),
        )
        again = picked(sent, wrong)
        again["time"] = again["time"] + 9 * MICROS
        again["status"] = np.zeros_like(again["status"])
        return joined([sent, again])

    def use_app(self, start: Integers, client: Integers) -> Rows:
        """API calls of the mobile app, without referers."""
        rng, site = self.rng, self.site
        owner, step = expanded(self._lengths(start.size, 8.0, 120))
        size = owner.size
        kind = np.searchsorted(np.cumsum([0.36, 0.14, 0.12, 0.10]), rng.random(size))
        fixed = np.array([site.api(path) for path in APP_CALLS])
        other = fixed[zipf(rng, fixed.size, 0.8, size)]
        path = np.select(
            [kind == 0, kind == 1, kind == 2, kind == 3],
            [
                self.draw(_P.API_PRODUCT, size),
                np.full(size, site.api("/api/v1/search")),
                self.draw(_P.API_STOCK, size),
                self._orders(client[owner]),
            ],
            other,
        )
        posted = np.isin(
            path, [site.api(p) for p in ("/api/v1/events", "/graphql", "/api/v1/token/refresh")]
        )
        query = np.where(
            kind == 1,
            self.query("search", size),
            np.where((kind == 0) & (rng.random(size) < 0.3), self.query("api", size), 0),
        )
        return rows_of(
            size,
            time=times_of(start, owner, step, rng.lognormal(0.8, 1.0, size)),
            client=client[owner],
            agent=self._agent(client)[owner],
            method=posted,
            path=path,
            query=query,
            version=1,
            user=self._users(client, 0.6)[owner],
        )

    def _orders(self, client: Integers) -> Integers:
        """Each client looks at a few orders of its own."""
        own = (
            client.astype(np.int64) * 7 + self.rng.integers(0, 4, client.size)
        ) % self.site.count[_P.API_ORDER]
        return self.site.first[_P.API_ORDER] + own

    def crawl(self, start: Integers, client: Integers) -> Rows:
        """A declared crawler: robots.txt first, then pages at an even pace."""
        rng, site = self.rng, self.site
        owner, step = expanded(self._lengths(start.size, 14.0, 60))
        size = owner.size
        choice = np.searchsorted(np.cumsum([0.02, 0.2, 0.6, 0.13, 0.0, 0.05]), rng.random(size))
        path, _ = self._pages(choice, np.ones(size, np.int64))
        path = np.where(step == 0, site.page("/robots.txt"), path)
        time = times_of(start, owner, step, rng.uniform(4.0, 9.0, size))
        return rows_of(
            size, time=time, client=client[owner], agent=self._agent(client)[owner], path=path
        )

    def poll(self, start: Integers, client: Integers) -> Rows:
        """One request: a feed reader or a monitor."""
        feed = self.site.client_kind[client] == ClientKind.FEED
        path = np.where(feed, self.site.page("/feed.xml"), self.site.page("/health"))
        return rows_of(start.size, time=start, client=client, agent=self._agent(client), path=path)

    def synchronise(self, start: Integers, client: Integers) -> Rows:
        """A partner's job: pages through a listing with its account."""
        owner, step = expanded(self._lengths(start.size, 18.0, 80))
        path = np.where(
            step % 3 == 0, self.site.api("/api/v1/inventory"), self.site.api("/api/v1/prices")
        )
        return rows_of(
            owner.size,
            time=times_of(start, owner, step, self.rng.uniform(0.3, 0.6, owner.size)),
            client=client[owner],
            agent=self.site.agent_of[client[owner], 0],
            path=path,
            query=self.query("api", owner.size),
            user=1 + client[owner] % 40,
        )

    def attack(self, start: Integers) -> Rows:
        """Attackers, each trying neighbouring payloads of the pool and some known files."""
        rng, site, n = self.rng, self.site, start.size
        client = site.size.clients + rng.integers(0, site.size.attackers, n)
        owner, step = expanded(
            np.minimum(1 + rng.geometric(1 / max(1.0, 14.0 * self.scale), n), 150)
        )
        size = owner.size
        pool = site.count[_P.ATTACK]
        number = (rng.integers(0, pool, n)[owner] + step * 3) % pool
        probe = rng.random(size) < 0.15
        referer = np.maximum(site.attack_referer[number], 0) * ~probe
        agent = np.where(
            (site.attack_agent[number] >= 0) & ~probe,
            site.attack_agent[number],
            site.agent_of[client, 0][owner],
        )
        answer = np.array([_STATUS[code] for code in (404, 400, 403, 200, 500, 302)])
        rows = rows_of(
            size,
            time=times_of(start, owner, step, rng.exponential(1.5, size)),
            client=client[owner],
            agent=agent,
            path=np.where(probe, self.draw(_P.PROBE, size), site.first[_P.ATTACK] + number),
            origin=np.where(referer > 0, 3, 0),
            referer=referer,
            status=np.where(
                probe,
                _STATUS[404],
                answer[
                    np.searchsorted(np.cumsum([0.46, 0.12, 0.14, 0.24, 0.03]), rng.random(size))
                ],
            ),
        )
        rows["method"] = (rng.random(size) < 0.12).astype(np.uint8)
        self.measure(rows)
        return rows

    def garbage(self, start: Integers) -> Rows:
        """Bytes that are no HTTP, as every open port receives them."""
        client = self.site.size.clients + self.rng.integers(0, self.site.size.attackers, start.size)
        rows = rows_of(
            start.size,
            time=start,
            client=client,
            path=self.draw(_P.GARBAGE, start.size),
            method=5,
            version=3,
            status=_STATUS[400],
            agent=self.site.agents.index(b"-"),
        )
        self.measure(rows)
        return rows

    def _answer(self, rows: Rows) -> None:
        """Status of benign requests, where none is set."""
        draw, kind = self.rng.random(rows["time"].size), self.site.path_class[rows["path"]]
        cached = (((kind == _P.ASSET) | (kind == _P.IMAGE)) & (draw < 0.2)) | (
            (rows["path"] == self.site.page("/feed.xml")) & (draw < 0.7)
        )
        api = (kind >= _P.API_FIXED) & (kind <= _P.API_ORDER)
        status = np.select(
            [
                rows["status"] > 0,
                kind == _P.DEAD,
                cached,
                draw > 0.9992,
                draw > 0.9985,
                api & (draw > 0.9955),
                api & (draw > 0.9945),
                draw > 0.9945,
            ],
            [
                rows["status"].astype(np.int64),
                _STATUS[404],
                _STATUS[304],
                _STATUS[500],
                _STATUS[502],
                _STATUS[401],
                _STATUS[429],
                _STATUS[404],
            ],
            0,
        )
        rows["status"] = status.astype(np.uint8)
        self.measure(rows)

    def measure(self, rows: Rows) -> None:
        """Sizes and durations that fit path and status."""
        n = rows["time"].size
        size = self.base_size[rows["path"]] + np.where(
            self.site.path_class[rows["path"]] >= _P.API_FIXED, self.rng.integers(0, 40, n), 0
        )
        size = np.where(rows["status"] == _STATUS[304], 0, size)
        rows["size"] = np.where(
            rows["status"] >= _STATUS[400], 150 + rows["status"].astype(np.int32), size
        ).astype(np.int32)
        rows["duration"] = (self.rng.lognormal(2.6, 0.8, n) + 1).astype(np.int32).clip(1, 59_000)
