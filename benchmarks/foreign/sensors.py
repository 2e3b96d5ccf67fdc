"""Devices that report every few minutes, and a dashboard."""

from urllib.parse import quote_plus

from benchmarks.foreign.core import DAY, HOUR, Actor, v4
from benchmarks.foreign.site import FLAT, Site


class Sensors(Site):
    """See the module."""

    name, host, format, days = "sensors", "ingest.iot.test", "caddy", 2.0
    shape, people_count, per_visit, log_user, log_session, sequential, objects = (
        FLAT,
        500,
        10.0,
        False,
        False,
        False,
        2000,
    )
    words = ("pump", "hall", "temp")
    login_path, broken = "/api/login", "/api/devices"
    admin = [
        ("POST", "/api/firmware"),
        ("GET", "/api/tenants"),
        ("DELETE", "/api/devices/all"),
        ("GET", "/metrics"),
    ]
    probe = [("GET", "/api/series", "query"), ("GET", "/api/devices", "name")]

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        t = w.think(self.sign_in(a, t), 2)
        for _ in range(r.randrange(2, 10)):
            i = r.choice(self.own(a, 8))
            t = self.read_object(a, w.think(t, 8), i, True)
            t = w.hit(
                a,
                t,
                "GET",
                "/api/series",
                "query=" + quote_plus(f'avg_over_time(temp{{device="{i}"}}[5m]) > 20') + "&step=60",
                size=w.size(9000, 0.6),
            )
        return t

    def background(self) -> None:
        w, r = self.w, self.r
        for d in range(140):
            dev = Actor(
                v4(r),
                r.choice(["esp-idf/1.0 esp32", "ESP32HTTPClient", "Arduino/2.1", "libcurl/7.68"]),
            )
            every, t = r.choice([120, 300, 300, 600]), w.start + r.random() * 300
            off = w.start + r.random() * w.days * DAY
            missed = 0
            while t < w.end:
                if off < t < off + 2 * HOUR:
                    missed += 1
                else:
                    for _ in range(missed):
                        w.hit(dev, t, "POST", f"/ingest/{self.ident(d)}", status=204)
                        t += 0.1
                    missed = 0
                    w.hit(dev, t, "POST", f"/ingest/{self.ident(d)}", status=204, ms=6)
                t += every + r.gauss(0, 1)

    def read_object(self, a: Actor, t: float, i: int, allowed: bool) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            f"/api/devices/{self.ident(i)}",
            status=200 if allowed else 404,
            size=self.w.size(900) if allowed else 44,
        )

    def search(self, a: Actor, t: float, text: str) -> float:
        return self.w.hit(
            a, t, "GET", "/api/devices", f"name={quote_plus(text)}", size=self.w.size(2000, 0.5)
        )

    def costly(self, a: Actor, t: float) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/api/series",
            "query=sum(rate(x%5B30d%5D))&step=1",
            size=self.w.size(3_000_000),
            ms=12000,
        )
