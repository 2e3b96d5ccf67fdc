"""A ticket shop with a rush when a sale opens; plain Combined Log."""

from urllib.parse import quote_plus

from benchmarks.foreign.core import DAY, HOUR, Actor
from benchmarks.foreign.site import Site


class Tickets(Site):
    """See the module."""

    name, host, format, days = "tickets", "www.konzertkasse.test", "combined", 2.0
    people_count, per_visit, log_user, log_session, objects, log_latency = (
        4000,
        11.0,
        False,
        False,
        900,
        False,
    )
    words = ("rock", "opera", "berlin", "festival", "vip")
    login_path, login_page, forgot_path, broken = (
        "/account/login",
        "/account/login",
        "/account/forgot",
        "/basket",
    )
    admin = [
        ("GET", "/backoffice/"),
        ("GET", "/backoffice/orders.csv"),
        ("POST", "/backoffice/refund"),
    ]
    probe = [("GET", "/search", "q"), ("GET", "/events", "city"), ("GET", "/seats/map", "event")]

    def login(
        self, a: Actor, t: float, name: str, good: bool, exists: bool = True, page: bool = False
    ) -> float:
        w = self.w
        if page:
            t = w.think(w.hit(a, t, "GET", "/account/login", size=w.size(8100, 0.01)), 4)
        return w.hit(
            a,
            t,
            "POST",
            "/account/login",
            status=302 if good else 200,
            size=w.size(0 if good else 8400, 0.01),
            ms=150,
            referer=f"https://{self.host}/account/login",
        )

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        ref = f"https://{self.host}/"
        t = w.hit(
            a,
            t,
            "GET",
            "/",
            size=w.size(31000, 0.02),
            referer=r.choice([None, "https://www.google.com/"]),
        )
        for asset in r.sample(
            ["/static/app.css", "/static/app.js", "/static/logo.svg", "/static/fonts/a.woff2"],
            2 if r.random() < 0.6 else 0,
        ):
            t = w.hit(a, t + 0.02, "GET", asset, status=r.choice([200, 304]), referer=ref)
        for _ in range(r.randrange(1, 6)):
            u = r.random()
            if u < 0.25:
                t = self.search(a, w.think(t, 8), self.text())
            elif u < 0.4:
                t = self.listing(a, w.think(t, 8), r.randrange(0, 4))
            t = self.detail(a, w.think(t, 12), min(int(r.expovariate(0.01)), self.objects - 1))
        if r.random() < 0.15:
            t = self.buy(a, t, r.randrange(self.objects))
        return t

    def buy(self, a: Actor, t: float, event: int) -> float:
        w, r = self.w, self.r
        t = self.hold(a, w.think(t, 10), event)
        t = w.hit(a, w.think(t, 5), "GET", "/basket", size=w.size(12000, 0.05))
        t = self.sign_in(a, w.think(t, 15))
        if r.random() < 0.2:
            t = self.coupon(a, w.think(t, 12), r.random() < 0.6)
        return self.pay(a, w.think(t, 40), r.random() > 0.07)

    def background(self) -> None:
        """At ten on the second day the sale of one event opens: thousands wait, reload and hold seats."""
        w, r = self.w, self.r
        opens = w.start + DAY * (0 if w.days < 1.5 else 1) + 10 * HOUR
        for a in r.sample(self.people, 900):
            t = opens + r.gauss(-240, 150)
            while t < opens + r.uniform(0, 300):
                t = w.hit(
                    a,
                    t,
                    "GET",
                    "/queue/status",
                    "event=17",
                    size=w.size(140, 0.02),
                    referer=f"https://{self.host}/e/17",
                ) + r.uniform(4, 6)
            for _ in range(r.randrange(1, 5)):
                t = w.hit(
                    a, w.think(t, 4), "GET", "/seats/map", "event=17", size=w.size(90000, 0.02)
                )
            if r.random() < 0.5:
                t = self.buy(a, t, 17)
        pages = ["/", "/events", "/help", "/imprint"] + [f"/e/{i}" for i in range(300)]
        self.crawl_links(
            pages,
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            1200,
            100,
            net="157.55.39",
        )
        self.crawl_links(pages, "LinkChecker/10.2 (+https://linkchecker.test)", 700, 0.5, 0.25)

    def detail(self, a: Actor, t: float, i: int) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            f"/e/{i}",
            size=self.w.size(21000, 0.1),
            referer=f"https://{self.host}/events",
        )

    def search(self, a: Actor, t: float, text: str) -> float:
        return self.w.hit(
            a, t, "GET", "/search", f"q={quote_plus(text)}", size=self.w.size(15000, 0.5)
        )

    def listing(self, a: Actor, t: float, page: int) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/events",
            f"page={page}&city={self.r.choice(['berlin', 'wien', 'z%C3%BCrich'])}",
            size=self.w.size(22000, 0.1),
        )

    def hold(self, a: Actor, t: float, i: int) -> float:
        return self.w.hit(
            a,
            t,
            "POST",
            "/seats/hold",
            f"event={i}",
            status=self.r.choice([200, 200, 409]),
            size=self.w.size(180, 0.05),
        )

    def coupon(self, a: Actor, t: float, good: bool) -> float:
        return self.w.hit(
            a,
            t,
            "POST",
            "/basket/voucher",
            status=200 if good else 422,
            size=self.w.size(140 if good else 66, 0),
        )

    def pay(self, a: Actor, t: float, good: bool) -> float:
        return self.w.hit(
            a,
            t,
            "POST",
            "/checkout/pay",
            status=200 if good else 402,
            size=self.w.size(300, 0.1),
            ms=1200,
        )

    def costly(self, a: Actor, t: float) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/seats/map",
            f"event={self.r.randrange(900)}&render=svg&scale=400",
            size=self.w.size(1_900_000),
            ms=6000,
        )
