"""A second author's traffic: the world that sites, people and attackers write into.

Nothing here is shared with the simulator of the package, on purpose: what was tuned on one
generator is measured on another.
"""

import math
import random
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Any

DAY = 86400.0
HOUR = 3600.0


@dataclass(slots=True)
class Hit:
    """One request and its answer."""

    ts: float
    ip: str
    agent: str
    method: str
    path: str
    query: str
    status: int
    size: int
    ms: float
    user: str | None
    session: str | None
    key: str | None
    referer: str | None
    body: str | None
    ctype: str | None
    campaign: str | None


@dataclass(slots=True)
class Actor:
    """Someone who sends requests: where from, with what, as whom."""

    ip: str
    agent: str
    user: str | None = None
    session: str | None = None
    key: str | None = None
    campaign: str | None = None
    pool: list[str] | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class Campaign:
    """Ground truth of one attack."""

    id: str
    type: str
    variant: str
    accepted: set[str]
    kind: str
    actors: set[str] = field(default_factory=set)
    first: float = math.inf
    last: float = -math.inf
    requests: int = 0
    places: set[tuple[str, str]] = field(default_factory=set)
    times: list[float] = field(default_factory=list)


DESKTOP = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/{c}.0.0.0 Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/{c}.0.0.0 Safari/537.36"
    ),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{f}.0) Gecko/20100101 Firefox/{f}.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{f}.0) Gecko/20100101 Firefox/{f}.0",
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like"
        " Gecko) Version/18.{s} Safari/605.1.15"
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/{c}.0.0.0 Safari/537.36 Edg/{c}.0.0.0"
    ),
]
PHONE = [
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{s} like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
        " like Gecko) Version/18.{s} Mobile/15E148 Safari/604.1"
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/{c}.0.0.0 Mobile Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko)"
        " SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36"
    ),
]
TOOLS = [
    "python-requests/2.32.3",
    "python-httpx/0.27.2",
    "Go-http-client/1.1",
    "curl/8.7.1",
    "okhttp/4.12.0",
    "axios/1.7.7",
    "Java/17.0.9",
    "-",
    "Mozilla/5.0 (Windows NT 6.1; rv:52.0) Gecko/20100101 Firefox/52.0",
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)",
]
NAMES = [
    "O'Brien",
    "D'Angelo",
    "Müller-Lüdenscheidt",
    "Nguyễn",
    "van der Berg",
    "Smith",
    "García",
    "Select",
    "Null",
    "Drop",
    "Union",
    "Szymański",
    "N'Diaye",
    "Al-Rashid",
    "李小龙",
    "Ó Súilleabháin",
    "Jean-Luc",
    "Mc Donald",
    "Test",
    "Script",
]
TEXTS = [
    "select the best union jack flag",
    "drop table lamp or desk",
    "1=1 calculator",
    "how to insert into excel",
    "C++ & C# <beginner>",
    "rock'n'roll",
    "5' 6\" door",
    "50% off; today -- only",
    "a/b testing ../ docs",
    'what\'s "exec" sponsor?',
    "group by having order",
    "{{name}} placeholder mail merge",
    "$100 or $200",
    "e=mc^2",
    "O'Reilly (2nd ed.)",
    "fish & chips",
    "if (a<b) then b>c",
    "naïve café",
    "update set of knives where from",
    "AT&T | Verizon",
    "sleep(8h) tracker",
    "alert box wood",
    "cat /dog food",
    "ping pong table; net",
]


def v4(rng: random.Random) -> str:
    """A public address of some household or firm."""
    while True:
        first = rng.randrange(2, 220)
        if first not in (10, 100, 127, 169, 172, 192, 198, 203):
            return f"{first}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def v6(rng: random.Random, prefix: int | None = None) -> str:
    """A privacy address inside a /64."""
    prefix = prefix if prefix is not None else (0x2A00 << 48) | rng.getrandbits(48)
    return str(IPv6Address((prefix << 64) | rng.getrandbits(64)))


def block(rng: random.Random, size: int) -> list[str]:
    """Addresses of one /24 of a data centre."""
    head = v4(rng).rsplit(".", 1)[0]
    return [f"{head}.{i}" for i in rng.sample(range(1, 255), min(size, 250))]


def uuid(rng: random.Random) -> str:
    """A random UUID."""
    h = f"{rng.getrandbits(128):032x}"
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def token(rng: random.Random, size: int = 24) -> str:
    """Letters and digits, as a session has them."""
    return "".join(
        rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=size)
    )


class World:
    """Requests of a site over some days, with the means to write them."""

    def __init__(self, seed: int, days: float, start: float) -> None:
        self.rng = random.Random(seed)
        self.days, self.start, self.end = days, start, start + days * DAY
        self.hits: list[Hit] = []
        self.campaigns: dict[str, Campaign] = {}
        self.faults: list[tuple[float, float, str, int, float]] = []
        chrome, firefox = self.rng.randrange(126, 138), self.rng.randrange(126, 138)
        self._browsers = [chrome, firefox]

    # people
    def browser(self, phone: float = 0.4) -> str:
        """A browser of these months, seldom an old one."""
        r = self.rng
        form = r.choice(PHONE if r.random() < phone else DESKTOP)
        back = min(int(r.expovariate(0.8)), 25)
        return form.format(
            c=self._browsers[0] - back, f=self._browsers[1] - back, s=r.randrange(0, 5)
        )

    def moments(self, count: int, shape: list[float], weekend: float = 1.0) -> list[float]:
        """Start times by weights of the 24 hours and of Saturdays and Sundays."""
        r, top = self.rng, max(shape) * max(1.0, weekend)
        out: list[float] = []
        while len(out) < count:
            t = self.start + r.random() * (self.end - self.start)
            h = (t % DAY) / HOUR
            i, part = int(h), h % 1
            weight = shape[i] * (1 - part) + shape[(i + 1) % 24] * part
            if int(t // DAY + 3) % 7 >= 5:
                weight *= weekend
            if r.random() * top < weight:
                out.append(t)
        return sorted(out)

    # requests
    def size(self, median: float, spread: float = 0.3) -> int:
        """Bytes of a reply, log-normal."""
        return max(2, int(median * math.exp(self.rng.gauss(0, spread))))

    def hit(
        self,
        a: Actor,
        t: float,
        method: str,
        path: str,
        query: str = "",
        *,
        status: int = 200,
        size: int | None = None,
        ms: float = 25,
        referer: str | None = None,
        body: str | None = None,
        ctype: str | None = None,
        user: str | None = None,
    ) -> float:
        """Writes one request of an actor; returns the time after its answer."""
        r = self.rng
        for t0, t1, prefix, code, share in self.faults:
            if t0 <= t < t1 and path.startswith(prefix) and r.random() < share:
                status, size, ms = code, 170, ms * 4
        if size is None:
            size = (
                self.size(900)
                if status < 300
                else 0
                if status in (204, 304)
                else self.size(90, 0.05)
            )
        ms *= math.exp(r.gauss(0, 0.4))
        ip = r.choice(a.pool) if a.pool and r.random() < 0.02 else a.ip
        if a.pool:
            a.ip = ip
        if self.start <= t < self.end:
            who = user if user is not None else a.user
            self.hits.append(
                Hit(
                    t,
                    ip,
                    a.agent,
                    method,
                    path,
                    query,
                    status,
                    size,
                    ms,
                    who,
                    a.session,
                    a.key,
                    referer,
                    body,
                    ctype,
                    a.campaign,
                )
            )
            if a.campaign:
                c = self.campaigns[a.campaign]
                c.first, c.last, c.requests = min(c.first, t), max(c.last, t), c.requests + 1
                c.places.add((method, path))
                c.times.append(t)
                c.actors.add(ip)
                for name in (a.session, a.key):
                    if name:
                        c.actors.add(name)
                if a.user:
                    c.actors.add(a.user)
        return t + ms / 1000

    def think(self, t: float, seconds: float) -> float:
        """Time after a human pause (log-normal around `seconds`)."""
        return t + seconds * math.exp(self.rng.gauss(-0.3, 0.8))
