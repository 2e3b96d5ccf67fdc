"""Parcel tracking: public codes, drivers without a net, webhooks, partners who ask for what is
gone.
"""

from benchmarks.foreign.core import DAY, HOUR, Actor, v4
from benchmarks.foreign.site import OFFICE, Site


class Logistics(Site):
    """See the module."""

    name, host, format, days = "logistics", "api.parcelflow.test", "aws-alb", 4.0
    shape, people_count, per_visit, log_user, log_session, sequential, objects = (
        OFFICE,
        2200,
        6.0,
        False,
        False,
        True,
        60000,
    )
    words = ("DE77", "parcel", "berlin", "depot")
    login_path, forgot_path, broken = "/v1/sessions", "/v1/password/forgot", "/v1/labels"
    admin = [
        ("GET", "/v1/admin/depots"),
        ("DELETE", "/v1/admin/routes/7"),
        ("POST", "/v1/internal/reindex"),
        ("GET", "/actuator/env"),
    ]
    probe = [("GET", "/v1/locations", "near"), ("GET", "/v1/rates", "zip")]
    front = "/v1/status"

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        if r.random() < 0.75:
            code = r.choice(self.own(a, 3))
            for _ in range(r.choice([1, 1, 1, 2, 3, 6])):
                t = w.think(self.detail(a, t, code), 30)
                if r.random() < 0.3:
                    t = w.hit(
                        a,
                        t,
                        "GET",
                        "/v1/locations",
                        f"near={r.randrange(10000, 99999)}",
                        size=w.size(3300),
                    )
            return t
        t = w.think(self.sign_in(a, t), 3)
        for _ in range(r.randrange(2, 10)):
            t = w.hit(
                a,
                w.think(t, 12),
                "GET",
                "/v1/shipments",
                f"page={r.choice([1, 1, 1, 2, 3])}&state={r.choice(['open', 'done', 'late'])}",
                size=w.size(9000),
            )
            t = self.read_object(a, w.think(t, 6), r.choice(self.own(a)), True)
            if r.random() < 0.4:
                t = w.hit(
                    a,
                    w.think(t, 50),
                    "POST",
                    "/v1/labels",
                    status=r.choice([201] * 15 + [400, 422]),
                    size=w.size(38000),
                    ms=400,
                )
            if r.random() < 0.2:
                t = w.hit(
                    a,
                    t,
                    "GET",
                    "/v1/rates",
                    f"zip={r.randrange(10000, 99999)}&weight={r.randrange(1, 30)}",
                    ms=200,
                )
        return t

    def background(self) -> None:
        w, r = self.w, self.r
        for carrier in range(3):
            hook = Actor(
                v4(r),
                ["carrier-webhooks/1.0", "Java/11.0.22", "Apache-HttpClient/4.5.14 (Java/17)"][
                    carrier
                ],
            )
            for t in w.moments(3500, self.shape, self.weekend):
                t = w.hit(hook, t, "POST", f"/hooks/carrier-{carrier}", status=200, size=2, ms=15)
                if w.hits and w.hits[-1].status >= 500:  # delivered again, later and later
                    for back in (1, 2, 4, 8, 16, 32):
                        t = w.hit(
                            hook,
                            t + back,
                            "POST",
                            f"/hooks/carrier-{carrier}",
                            status=200,
                            size=2,
                            ms=15,
                        )
                        if w.hits[-1].status < 500:
                            break
        partner = Actor(v4(r), "python-requests/2.28.1")
        for day in range(
            int(w.days)
        ):  # a shop asks hourly for all its parcels; a third are past keeping
            codes = [r.randrange(self.objects) for _ in range(60)]
            for hour in range(24):
                t = w.start + day * DAY + hour * HOUR + 120
                for c in codes:
                    gone = c % 3 == 0
                    t = (
                        w.hit(
                            partner,
                            t,
                            "GET",
                            f"/v1/track/{self.ident(c)}",
                            status=404 if gone else 200,
                            size=71 if gone else None,
                        )
                        + 0.2
                    )
        for d in range(40):  # drivers: hours without a net, then everything at once
            driver = Actor(
                r.choice(self._carrier),
                "ParcelDriver/5.2.0 (Android 12; Zebra TC52)",
                pool=self._carrier,
            )
            for t in w.moments(int(2 * w.days), OFFICE, 0.2):
                for _ in range(r.randrange(20, 90)):
                    t = w.hit(
                        driver,
                        t + 0.15,
                        "POST",
                        "/v1/scans",
                        status=r.choice([201] * 30 + [409]),
                        size=40,
                        ms=12,
                    )

    def detail(self, a: Actor, t: float, i: int) -> float:
        gone = i % 11 == 0
        return self.w.hit(
            a,
            t,
            "GET",
            f"/v1/track/{self.ident(i)}",
            status=404 if gone else 200,
            size=71 if gone else self.w.size(1400),
        )

    def read_object(self, a: Actor, t: float, i: int, allowed: bool) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            f"/v1/shipments/{self.ident(i)}",
            status=200 if allowed else 404,
            size=self.w.size(2100) if allowed else 71,
        )

    def listing(self, a: Actor, t: float, page: int) -> float:
        return self.w.hit(
            a, t, "GET", "/v1/shipments", f"page={page}&state=open", size=self.w.size(9000)
        )

    def costly(self, a: Actor, t: float) -> float:
        return self.w.hit(
            a,
            t,
            "POST",
            "/v1/labels",
            "format=pdf&copies=500",
            status=201,
            size=self.w.size(900_000),
            ms=7000,
        )
