"""Server-rendered PHP: forms, ids in queries, search engines, editors, testers."""

from urllib.parse import quote_plus

from benchmarks.foreign.core import DAY, Actor, v4
from benchmarks.foreign.site import OFFICE, Site


class Php(Site):
    """See the module."""

    name, host, format, days = "php", "www.schraubenladen.test", "combined", 7.0
    people_count, per_visit, log_user, log_session, objects, log_latency = (
        2500,
        9.0,
        False,
        False,
        3000,
        False,
    )
    words = ("schraube", "M8", "edelstahl", "dübel", "hammer", "zoll")
    login_path, login_page, forgot_path, broken = (
        "/login.php",
        "/login.php",
        "/passwort.php",
        "/warenkorb.php",
    )
    admin = [
        ("GET", "/admin/index.php"),
        ("GET", "/admin/export.php"),
        ("POST", "/admin/user.php"),
        ("GET", "/phpmyadmin/"),
    ]
    probe = [
        ("GET", "/artikel.php", "id"),
        ("GET", "/suche.php", "q"),
        ("GET", "/index.php", "seite"),
        ("GET", "/download.php", "datei"),
    ]
    health = "/index.php"

    def login(
        self, a: Actor, t: float, name: str, good: bool, exists: bool = True, page: bool = False
    ) -> float:
        w = self.w
        if page:
            t = w.think(w.hit(a, t, "GET", "/login.php", size=w.size(4100, 0.01)), 4)
        return w.hit(
            a,
            t,
            "POST",
            "/login.php",
            status=302 if good else 200,
            size=w.size(0 if good else 4350, 0.003),
            referer=f"https://{self.host}/login.php",
        )

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        ref = f"https://{self.host}/index.php"
        t = w.hit(
            a,
            t,
            "GET",
            r.choice(["/", "/index.php"]),
            size=w.size(18000, 0.05),
            referer=r.choice(
                [None, "https://www.google.de/", "https://forum.heimwerker.test/t/4711?x='quote'"]
            ),
        )
        for asset in ("/css/style.css", "/js/jquery.min.js", "/img/logo.png", "/favicon.ico"):
            if r.random() < 0.6:
                t = w.hit(a, t + 0.03, "GET", asset, status=r.choice([200, 304, 304]), referer=ref)
        for _ in range(r.randrange(1, 8)):
            u = r.random()
            if u < 0.5:
                t = self.detail(a, w.think(t, 14), min(int(r.expovariate(0.004)), self.objects - 1))
            elif u < 0.7:
                t = self.search(a, w.think(t, 10), self.text())
            elif u < 0.85:
                t = self.listing(a, w.think(t, 10), r.randrange(6))
            elif u < 0.93:
                t = w.hit(
                    a,
                    w.think(t, 10),
                    "GET",
                    "/index.php",
                    f"seite={r.choice(['agb', 'versand', 'kontakt', 'jobs'])}",
                    size=w.size(9000, 0.05),
                )
            else:
                t = w.hit(a, w.think(t, 60), "POST", "/kontakt.php", status=302, size=0)
        if r.random() < 0.12:
            t = w.hit(a, w.think(t, 10), "POST", "/warenkorb.php", "aktion=add", status=302, size=0)
            t = self.sign_in(a, w.think(t, 20))
            t = w.hit(a, w.think(t, 30), "POST", "/kasse.php", "schritt=2", status=302, size=0)
            if r.random() < 0.5:
                t = self.read_object(a, w.think(t, 20), r.choice(self.own(a)), True)
        return t

    def background(self) -> None:
        w, r = self.w, self.r
        pages = ["/", "/index.php"] + [f"/artikel/{i}" for i in range(200)]
        self.crawl_links(
            pages,
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            3000,
            180,
            net="66.249.66",
        )
        self.crawl_links(pages, "W3C-checklink/5.0.0 libwww-perl/6.72", 400, 1, 0.3)
        self.crawl_links(
            pages,
            "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
            1500,
            300,
            0.1,
        )
        editor = Actor(self._office, w.browser(0))
        for t in w.moments(int(60 * w.days), OFFICE, 0.1):
            w.hit(
                editor,
                t,
                "POST",
                "/admin/artikel.php",
                f"aktion=speichern&titel={quote_plus(self.text())}",
                status=302,
                size=0,
            )
        tester = Actor(
            v4(r), w.browser(0)
        )  # quality check before a release: odd but harmless input, for an hour
        t = w.start + 0.6 * w.days * DAY
        for _ in range(120):
            text = r.choice(
                [
                    "äöü ß €",
                    "'",
                    '"quoted"',
                    "<test>",
                    "1234567890" * 8,
                    " ",
                    "-1",
                    "0",
                    "999999",
                    "O'Neil & Söhne",
                    "a%b",
                    "null",
                    "NaN",
                    "#1",
                ]
            )
            t = w.think(self.search(tester, t, text), 15)
        t = w.start + 0.3 * w.days * DAY
        for i in range(500):  # old links of a price engine after a relaunch
            w.hit(
                Actor(v4(r), w.browser()),
                t,
                "GET",
                f"/shop/artikel_{r.randrange(3000)}.html",
                status=404,
                size=1200,
                referer="https://preise.test/",
            )
            t += r.expovariate(1 / 600)

    def detail(self, a: Actor, t: float, i: int) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/artikel.php",
            f"id={i}",
            size=self.w.size(12000, 0.15),
            referer=f"https://{self.host}/suche.php",
        )

    def search(self, a: Actor, t: float, text: str) -> float:
        return self.w.hit(
            a, t, "GET", "/suche.php", f"q={quote_plus(text)}", size=self.w.size(14000, 0.4)
        )

    def listing(self, a: Actor, t: float, page: int) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/liste.php",
            f"kat={self.r.randrange(12)}&seite={page}",
            size=self.w.size(16000, 0.1),
        )

    def read_object(self, a: Actor, t: float, i: int, allowed: bool) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/rechnung.php",
            f"nr={100000 + i}",
            status=200,
            size=self.w.size(42000, 0.1) if allowed else 640,
        )
