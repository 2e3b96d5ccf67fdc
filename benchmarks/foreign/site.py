"""What every site of the foreign worlds has: people, networks, odd but honest visitors, and the
places that attacks use.
"""

import random
from collections.abc import Callable
from typing import Any

from benchmarks.foreign.core import DAY, HOUR, NAMES, TEXTS, Actor, World, token, uuid, v4, v6

OFFICE = [0.1] * 6 + [0.5, 2, 5, 7, 7, 6, 4, 6, 7, 6, 5, 3, 1.5, 0.8, 0.5, 0.3, 0.2, 0.1]
LEISURE = [
    1,
    0.6,
    0.4,
    0.3,
    0.2,
    0.3,
    0.8,
    1.5,
    2,
    2,
    2.2,
    3,
    4.5,
    3,
    2.4,
    2.5,
    3,
    4,
    5,
    6,
    6.5,
    6,
    4,
    2,
]
NIGHT = [6, 6, 6, 5, 4, 2] + [0.3] * 15 + [1, 2, 4]
FLAT = [1.0] * 24


class Site:
    """A site: honest traffic of `visit`, and the surface that attackers find."""

    name = "site"
    host = "example.test"
    format = "ndjson"
    days = 2.0
    shape = LEISURE
    weekend = 0.8
    people_count = 1500
    per_visit = 12.0
    log_user = True
    log_session = True
    log_body = False
    log_latency = True
    phone = 0.4
    sequential = True
    objects = 5000
    words: tuple[str, ...] = ("item", "page")

    def __init__(self, world: World) -> None:
        self.w, self.r = world, world.rng
        self.people = [self.person(i) for i in range(self.people_count)]

    # people and networks
    def person(self, i: int) -> Actor:
        r = self.r
        if not hasattr(self, "_nets"):
            self._carrier = [v4(r) for _ in range(6)]
            self._office = v4(r)
            self._nets = True
        kind = r.random()
        agent = self.agent()
        if kind < 0.12:
            a = Actor(self._office, agent)
        elif kind < 0.32:
            a = Actor(r.choice(self._carrier), agent, pool=self._carrier)
        elif kind < 0.5:
            net = (0x2A02 << 48) | r.getrandbits(40) << 8
            a = Actor(v6(r, net), agent, pool=[v6(r, net) for _ in range(3)])
        elif kind < 0.53:
            a = Actor(v4(r), agent, pool=[v4(r), v4(r)])  # VPN: other country now and then
        else:
            a = Actor(v4(r), agent)
        a.user = self.user_name(i)
        return a

    def agent(self) -> str:
        return self.w.browser(self.phone)

    def user_name(self, i: int) -> str:
        return f"u{10000 + i * 7}"

    def begin(self, a: Actor) -> Actor:
        """The actor with a fresh session."""
        a.session = token(self.r, 20) if self.log_session else None
        return a

    # honest traffic
    def honest(self, requests: int) -> None:
        """Fills the world with about `requests` honest requests."""
        w, r = self.w, self.r
        self.plan_faults()
        before = 0
        visits = max(20, int(requests / self.per_visit))
        weights = [1 / (1 + i % 97) ** 0.6 for i in range(len(self.people))]
        for t in w.moments(visits, self.shape, self.weekend):
            a = r.choices(self.people, weights)[0] if before % 3 == 0 else r.choice(self.people)
            before += 1
            if a.data.get("busy", 0) > t:
                continue
            a.data["busy"] = self.visit(self.begin(a), t)
            if len(w.hits) > requests:
                break
        self.background()
        self.monitors()

    def plan_faults(self) -> None:
        """A deploy that breaks an endpoint for ten minutes, and a short outage of everything."""
        w, r = self.w, self.r
        t = w.start + r.random() * w.days * DAY
        w.faults.append((t, t + 600, self.broken, r.choice([500, 502, 503]), 0.8))
        t = w.start + r.random() * w.days * DAY
        w.faults.append((t, t + 120, "/", 502, 0.6))

    broken = "/api"

    def visit(self, a: Actor, t: float) -> float:
        raise NotImplementedError

    def background(self) -> None:
        """Machines and special visitors of this site."""

    def monitors(self) -> None:
        """Probes with strange agents, from outside, every minute or five."""
        w, r = self.w, self.r
        for agent, every, path in (
            (
                r.choice(
                    [
                        "UptimeWatch/2.1 (+https://uptime.test)",
                        "check_http/v2.3 (monitoring-plugins 2.3)",
                        "kube-probe/1.29",
                    ]
                ),
                60,
                self.health,
            ),
            ("Mozilla/5.0+(compatible; StatusCheck/4; +https://status.test/bot)", 300, self.front),
        ):
            sources = [v4(r) for _ in range(3)]
            t = w.start + r.random() * every
            while t < w.end:
                w.hit(
                    Actor(sources[int(t // HOUR) % 3], agent),
                    t,
                    r.choice(["GET", "GET", "HEAD"]),
                    path,
                    status=200,
                    size=w.size(60, 0.02),
                    ms=4,
                )
                t += every + r.gauss(0, 0.4)

    health = "/healthz"
    front = "/"

    def crawl_links(
        self,
        paths: list[str],
        agent: str,
        count: int,
        gap: float,
        missing: float = 0.05,
        net: str = "",
    ) -> None:
        """A link checker or search engine: known pages, some of them long gone."""
        w, r = self.w, self.r
        net = net or v4(r).rsplit(".", 1)[0]
        sources = [f"{net}.{i}" for i in range(20, 24)] if missing < 0.2 else [v4(r)]
        t = w.start + r.random() * DAY * min(1.0, w.days)
        for _ in range(count):
            path = r.choice(paths)
            gone = r.random() < missing
            if r.random() < 0.01:
                path, gone = "/robots.txt", False
            if gone:
                path = path.rstrip("/") + "-" + r.choice(["old", "2019", "archive", "x"])
            w.hit(
                Actor(r.choice(sources), agent),
                t,
                "GET",
                path,
                status=404 if gone else r.choice([200] * 9 + [304]),
            )
            t += gap * r.uniform(0.3, 2)

    def login(
        self, a: Actor, t: float, name: str, good: bool, exists: bool = True, page: bool = False
    ) -> float:
        """Default login: form or JSON at `login_path`."""
        w = self.w
        if page and self.login_page:
            t = w.think(w.hit(a, t, "GET", self.login_page, size=w.size(5200, 0.01)), 4)
        status, size = (200, w.size(820, 0.05)) if good else (401, w.size(74, 0.0))
        body = (
            f'{{"username":"{name}","password":"{token(self.r, 10)}"}}' if self.log_body else None
        )
        return w.hit(
            a,
            t,
            "POST",
            self.login_path or "/",
            status=status,
            size=size,
            ms=180,
            body=body,
            ctype="application/json",
            user=name if good else "",
        )

    login_path: str | None = None
    login_page: str | None = None

    def sign_in(self, a: Actor, t: float) -> float:
        """An honest login: mostly right at once, some type it wrong, a few forget it."""
        w, r = self.w, self.r
        assert a.user is not None
        wrong = 0
        while r.random() < (0.12 if wrong == 0 else 0.4) and wrong < 7:
            wrong += 1
        for _ in range(wrong):
            t = w.think(self.login(a, t, a.user, False), 7)
        if wrong > 3 and self.forgot_path:
            t = w.think(self.forgot(a, t, a.user, True), 60)
        return self.login(a, t, a.user, True)

    forgot_path: str | None = None

    def forgot(self, a: Actor, t: float, name: str, exists: bool) -> float:
        """Forgotten password; the answer tells whether the account exists."""
        body = f'{{"email":"{name}@mail.test"}}' if self.log_body else None
        return self.w.hit(
            a,
            t,
            "POST",
            self.forgot_path or "/",
            status=200 if exists else 404,
            size=self.w.size(52 if exists else 87, 0.0),
            ms=90,
            body=body,
            ctype="application/json",
            user="",
        )

    # surface for attackers; None: the site has no such thing
    otp: Callable[[Actor, float, bool], float] | None = None
    read_object: Callable[[Actor, float, int, bool], float] | None = None
    detail: Callable[[Actor, float, int], float] | None = None
    search: Callable[[Actor, float, str], float] | None = None
    listing: Callable[[Actor, float, int], float] | None = None
    coupon: Callable[[Actor, float, bool], float] | None = None
    pay: Callable[[Actor, float, bool], float] | None = None
    costly: Callable[[Actor, float], float] | None = None
    hold: Callable[[Actor, float, int], float] | None = None
    export: Callable[[Actor, float, int], float] | None = None
    assign: Callable[[Actor, float, str], float] | None = None
    admin: list[tuple[str, str]] = []
    probe: list[tuple[str, str, str]] = []  # method, path, parameter
    after_login: Callable[[Actor, float], float] | None = None

    def text(self) -> str:
        r = self.r
        return (
            r.choice(TEXTS)
            if r.random() < 0.01
            else r.choice(NAMES)
            if r.random() < 0.1
            else " ".join(r.choices(self.words, k=r.randrange(1, 4)))
        )

    def own(self, a: Actor, most: int = 6) -> list[int]:
        """Numbers of the objects that an honest person owns."""
        data: dict[str, Any] = a.data
        if "own" not in data:
            data["own"] = [
                self.r.randrange(self.objects) for _ in range(self.r.randrange(1, most + 1))
            ]
        own: list[int] = data["own"]
        return own

    def ident(self, i: int) -> str:
        """Text of the id of object i."""
        if self.sequential:
            return str(100000 + i)
        return uuid(random.Random(f"{self.name}{i}"))
