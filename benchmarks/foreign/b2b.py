"""Machine clients with keys, batches at night, retries with back-off, a deploy that renames
paths.
"""

from urllib.parse import quote_plus

from benchmarks.foreign.core import DAY, HOUR, Actor, token, v4
from benchmarks.foreign.site import OFFICE, Site


class B2b(Site):
    """See the module."""

    name, host, format, days = "b2b", "partner-api.stahlwerk.test", "ndjson", 7.0
    shape, weekend, people_count, per_visit, log_user, log_session = (
        OFFICE,
        0.15,
        60,
        40.0,
        False,
        False,
    )
    sequential, objects = True, 30000
    words = ("steel", "coil", "S235JR")
    broken, health = "/v3/orders", "/ping"
    admin = [
        ("GET", "/v3/admin/partners"),
        ("POST", "/v3/admin/prices"),
        ("DELETE", "/v3/orders/1"),
    ]
    probe = [("GET", "/v3/products", "filter"), ("GET", "/v3/orders", "ref")]

    def person(self, i: int) -> Actor:
        r = self.r
        agent = r.choice(
            [
                "Java/17.0.9",
                "Apache-HttpClient/5.3 (Java/21)",
                "python-requests/2.31.0",
                "Go-http-client/2.0",
                "SAP NetWeaver Application Server (1.0;757)",
                "GuzzleHttp/7",
                "RestSharp/110.2.0.0",
                "Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1.19041",
            ]
        )
        a = Actor(v4(r), agent, key=f"key-{token(r, 8)}")
        a.data["own"] = [r.randrange(self.objects) for _ in range(200)]
        return a

    def begin(self, a: Actor) -> Actor:
        return a

    def version(self, t: float) -> str:
        return "/v3" if t < self.w.start + 0.6 * self.w.days * DAY else "/v4"

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        v = self.version(t)
        if v == "/v4" and (a.key or "")[-1] in "abcdefgh":
            for _ in range(r.randrange(5, 20)):  # a partner who did not read the mail
                t = w.hit(a, t + 2, "POST", "/v3/orders", status=410, size=90)
            return t
        for _ in range(r.randrange(10, 60)):
            u = r.random()
            if u < 0.4:
                t = self.read_object(a, t + r.uniform(0.1, 2), r.choice(a.data["own"]), True)
            elif u < 0.6:
                t = w.hit(
                    a,
                    t + 1,
                    "POST",
                    f"{v}/orders",
                    status=r.choice([201] * 30 + [400, 409]),
                    size=w.size(700),
                    ms=120,
                )
                back = 1.0
                while w.hits and w.hits[-1].status >= 500 and back < 64:
                    t = w.hit(a, t + back, "POST", f"{v}/orders", status=201, ms=120)
                    back *= 2
            elif u < 0.8:
                t = w.hit(
                    a,
                    t + 1,
                    "GET",
                    f"{v}/products",
                    f"filter={quote_plus(r.choice(['grade eq S235JR and width gt 1200', 'contains(name,coil)', 'price lt 900 or stock gt 0']))}&$top=100",
                    size=w.size(30000),
                )
            else:
                t = w.hit(a, t + 1, "GET", f"{v}/stock/{r.randrange(400)}", size=w.size(200))
        return t

    def background(self) -> None:
        w, r = self.w, self.r
        for a in self.people[:14]:
            hour = r.choice([0, 1, 2, 3, 23])
            for day in range(int(w.days)):
                t = w.start + day * DAY + hour * HOUR + r.uniform(0, 300)
                if a is self.people[0]:  # reads the whole catalogue every night
                    for page in range(120):
                        t = w.hit(
                            a,
                            t + 0.3,
                            "GET",
                            f"{self.version(t)}/products",
                            f"$skip={page * 100}&$top=100",
                            size=w.size(30000, 0.05),
                        )
                else:
                    for i in a.data["own"]:
                        t = self.read_object(a, t + 0.2, i, True)
        stale = self.people[20]  # key ran out; the job goes on for a day
        t = w.start + 0.4 * w.days * DAY
        for _ in range(900):
            t = w.hit(
                stale, t + 60, "GET", f"{self.version(t)}/orders", "state=open", status=401, size=60
            )

    def read_object(self, a: Actor, t: float, i: int, allowed: bool) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            f"{self.version(t)}/orders/{self.ident(i)}",
            status=200 if allowed else 403,
            size=self.w.size(1900) if allowed else 75,
        )

    def listing(self, a: Actor, t: float, page: int) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            f"{self.version(t)}/products",
            f"$skip={page * 100}&$top=100",
            size=self.w.size(30000, 0.05),
        )

    def export(self, a: Actor, t: float, i: int) -> float:
        return self.w.hit(
            a, t, "GET", f"{self.version(t)}/pricelists/{i}", size=self.w.size(260000)
        )

    def costly(self, a: Actor, t: float) -> float:
        return self.w.hit(
            a,
            t,
            "POST",
            f"{self.version(t)}/reports",
            "range=10y",
            status=200,
            size=self.w.size(4_000_000),
            ms=20000,
        )
