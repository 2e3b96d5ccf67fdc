"""Backend of a game: polling, leaderboards, a shop; phones behind carriers; nobody has a name."""

from urllib.parse import quote_plus

from benchmarks.foreign.core import DAY, Actor, uuid, v4
from benchmarks.foreign.site import Site


class Game(Site):
    """See the module."""

    name, host, format, days = "game", "api.galaxyarena.test", "nginx-json", 1.5
    people_count, per_visit, log_user, log_session, objects = 2500, 30.0, False, True, 40000
    words = ("arena", "skin", "gold", "xX_Sniper_Xx", "dragon")
    login_path, broken = "/v2/auth/device", "/v2/shop"
    admin = [
        ("POST", "/v2/gm/grant"),
        ("GET", "/v2/gm/players"),
        ("POST", "/v2/internal/season/reset"),
        ("GET", "/debug/pprof/heap"),
    ]
    probe = [("GET", "/v2/players/search", "q"), ("GET", "/v2/leaderboards/s12", "region")]
    health, front = "/v2/ping", "/v2/news"

    def agent(self) -> str:
        r = self.r
        return r.choice(
            [
                "UnityPlayer/2022.3.21f1 (UnityWebRequest/1.0, libcurl/8.5.0-DEV)",
                "GalaxyArena/3.14.1 CFNetwork/1494.0.7 Darwin/23.4.0",
                "GalaxyArena/3.14.0 (Android 14; SM-A546B)",
                "GalaxyArena/3.13.2 (Android 13; M2101K6G)",
            ]
        )

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        me = self.own(a, 1)[0]
        t = w.hit(
            a,
            t,
            "POST",
            "/v2/auth/device",
            status=200 if r.random() > 0.03 else 401,
            size=w.size(500, 0.05),
            ms=60,
        )
        for path in (
            "/v2/config/client",
            "/v2/news",
            f"/v2/players/{self.ident(me)}/profile",
            "/v2/shop/offers",
            f"/v2/players/{self.ident(me)}/inventory",
        ):
            t = w.hit(a, t + 0.03, "GET", path, size=w.size(1800))
        for _ in range(r.randrange(1, 4)):
            ticket = uuid(r)
            t = w.hit(a, w.think(t, 20), "POST", "/v2/matchmaking/tickets", status=201, ms=20)
            for _ in range(r.randrange(3, 25)):
                t = w.hit(
                    a,
                    t + 2,
                    "GET",
                    f"/v2/matchmaking/tickets/{ticket}",
                    status=200,
                    size=w.size(150, 0.05),
                    ms=8,
                )
            t += r.uniform(180, 420)
            t = w.hit(
                a, t, "POST", f"/v2/matches/{uuid(r)}/result", status=r.choice([200] * 20 + [409])
            )
            other = r.randrange(self.objects)
            t = w.hit(
                a,
                w.think(t, 5),
                "GET",
                "/v2/leaderboards/s12",
                f"offset={r.choice([0, 0, 0, 50, 100])}&limit=50",
                size=w.size(6200, 0.1),
            )
            if r.random() < 0.4:
                t = self.detail(a, w.think(t, 4), other)
            if r.random() < 0.1:
                t = self.search(a, t, self.text())
            if r.random() < 0.06:
                t = self.pay(a, w.think(t, 15), r.random() > 0.1)
            if r.random() < 0.04:
                t = self.coupon(a, w.think(t, 15), r.random() > 0.4)
        return t

    def background(self) -> None:
        """Offline clients that sync hundreds of events at once after a flight; stats fans who poll the board."""
        w, r = self.w, self.r
        for a in r.sample(self.people, 25):
            t = w.start + r.random() * w.days * DAY
            self.begin(a)
            for _ in range(r.randrange(60, 300)):
                t = w.hit(
                    a,
                    t + r.uniform(0.02, 0.3),
                    "POST",
                    "/v2/telemetry/batch",
                    status=202,
                    size=2,
                    ms=10,
                )
        fan = Actor(v4(r), "statsbot-discord/1.2 (+https://github.test/fan)")
        t = w.start
        while t < w.end:
            w.hit(
                fan,
                t,
                "GET",
                "/v2/leaderboards/s12",
                "offset=0&limit=100",
                size=w.size(12000, 0.05),
            )
            t += 120

    def detail(self, a: Actor, t: float, i: int) -> float:
        return self.w.hit(
            a, t, "GET", f"/v2/players/{self.ident(i)}/summary", size=self.w.size(700)
        )

    def read_object(self, a: Actor, t: float, i: int, allowed: bool) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            f"/v2/players/{self.ident(i)}/inventory",
            status=200 if allowed else 403,
            size=self.w.size(2600) if allowed else 88,
        )

    def search(self, a: Actor, t: float, text: str) -> float:
        return self.w.hit(
            a, t, "GET", "/v2/players/search", f"q={quote_plus(text)}", size=self.w.size(1500, 0.8)
        )

    def listing(self, a: Actor, t: float, page: int) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/v2/leaderboards/s12",
            f"offset={page * 50}&limit=50",
            size=self.w.size(6200, 0.1),
        )

    def coupon(self, a: Actor, t: float, good: bool) -> float:
        return self.w.hit(
            a,
            t,
            "POST",
            "/v2/shop/redeem",
            status=200 if good else 404,
            size=self.w.size(120 if good else 61, 0),
        )

    def pay(self, a: Actor, t: float, good: bool) -> float:
        return self.w.hit(a, t, "POST", "/v2/shop/purchase", status=200 if good else 402, ms=600)
