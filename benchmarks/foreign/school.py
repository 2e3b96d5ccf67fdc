"""Learning portal: classes behind one address, exams that begin on the minute."""

from urllib.parse import quote_plus

from benchmarks.foreign.core import DAY, HOUR, Actor, token
from benchmarks.foreign.site import OFFICE, Site


class School(Site):
    """See the module."""

    name, host, format, days = "school", "lernen.schule.test", "nginx-json", 4.0
    shape, weekend, people_count, per_visit, objects, phone = OFFICE, 0.2, 1800, 12.0, 1500, 0.5
    words = ("algebra", "essay", "physics", "homework")
    login_path, login_page, forgot_path, broken = (
        "/api/session",
        "/login",
        "/api/password",
        "/api/quiz",
    )
    admin = [
        ("GET", "/api/grades/all"),
        ("PUT", "/api/users/1/role"),
        ("GET", "/api/admin/logs"),
        ("DELETE", "/api/courses/3"),
    ]
    probe = [("GET", "/api/search", "q"), ("GET", "/api/files", "path")]

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        t = self.sign_in(a, w.hit(a, t, "GET", "/login", size=w.size(5200, 0.01)) + 5)
        for _ in range(r.randrange(2, 9)):
            u = r.random()
            if u < 0.5:
                t = self.detail(a, w.think(t, 40), r.choice(self.own(a, 8)))
            elif u < 0.65:
                t = self.search(a, w.think(t, 10), self.text())
            elif u < 0.8:
                t = w.hit(
                    a,
                    w.think(t, 20),
                    "GET",
                    "/api/files",
                    f"path=course%2F{r.randrange(40)}%2Fsheet.pdf",
                    size=w.size(300000),
                )
            else:
                t = self.read_object(a, w.think(t, 20), r.choice(self.own(a)), True)
        return t

    def background(self) -> None:
        w, r = self.w, self.r
        for day in range(int(w.days)):
            t0 = w.start + day * DAY + 9 * HOUR
            quiz = r.randrange(300)
            for a in r.sample(
                self.people, 180
            ):  # a year group writes, half of it in the school building
                b = Actor(
                    self._office if r.random() < 0.5 else a.ip,
                    a.agent,
                    user=a.user,
                    session=token(r, 20),
                )
                t = t0 + abs(r.gauss(0, 25))
                if r.random() < 0.2:
                    t = self.login(b, t, b.user or "", False) + 6
                t = self.login(b, t, b.user or "", True)
                t = w.hit(b, t + 2, "GET", f"/api/quiz/{quiz}", size=w.size(9000, 0.05))
                for q in range(20):
                    t = w.hit(b, w.think(t, 45), "PUT", f"/api/quiz/{quiz}/answers/{q}", status=204)
        self.crawl_links(
            [f"/courses/{i}" for i in range(80)],
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            300,
            600,
            net="66.249.66",
        )

    def detail(self, a: Actor, t: float, i: int) -> float:
        return self.w.hit(a, t, "GET", f"/api/courses/{i}/units", size=self.w.size(14000))

    def read_object(self, a: Actor, t: float, i: int, allowed: bool) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            f"/api/submissions/{self.ident(i)}",
            status=200 if allowed else 403,
            size=self.w.size(3000) if allowed else 60,
        )

    def search(self, a: Actor, t: float, text: str) -> float:
        return self.w.hit(
            a, t, "GET", "/api/search", f"q={quote_plus(text)}", size=self.w.size(5000, 0.5)
        )
