"""Reports made by hand: of a real site, of nothing, and one whose every text attacks its reader."""

from apisentinel.records.evidence import EntityRef, EntitySummary, Factor, Incident, Sample
from apisentinel.records.report import (
    ClientSummary,
    EndpointSummary,
    Input,
    InputFile,
    Period,
    ScanReport,
    TimelineBucket,
    Totals,
    Unparsed,
)
from apisentinel.records.taxonomy import AttackType as T
from apisentinel.records.taxonomy import Severity

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</code></bdi></details></article><iframe src=//evil.example></iframe>",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "<!--<script>-->alert(1)",
    "]]><script>alert(1)</script>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css'</style>",
    "<form action=//evil.example><button>Log in</button></form>",
    "\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x9b31mred",
    "\u202egnp.exe\u202c",
    "zero\u200bwidth\u2060joined\ufeff",
    "line\r\nbreak\x85and\u2028sep",
    "[bold red]markup[/] [link=http://evil.example]x[/link]",
    ":smile: \\[/]",
    "nul\x00byte",
    "z" + "\u0301" * 40,
    "\U000e0041\U000e0042 tags",
    "\ud800 lone surrogate",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "a" * 5_000,
)
"""Texts that try to run, to hide, to repaint or to flood."""


def incident(
    number: int, risk: int, severity: Severity, kinds: tuple[T, ...], reason: str, **more: object
) -> Incident:
    """An incident with plain defaults."""
    values: dict[str, object] = {
        "entities": (EntityRef("client", "203.0.113.7"),),
        "first_ts": "2026-11-01T10:15:04.120Z",
        "last_ts": "2026-11-01T10:59:31.000Z",
        "alert_ts": "2026-11-01T10:15:09.000Z",
        "requests": 1532,
        "requests_before_alert": 4,
        "endpoints": ("GET /api/search",),
        "factors": (),
        "samples": (),
    }
    values |= more
    return Incident(
        id=f"inc-{number:04x}",
        risk=risk,
        severity=severity,
        attack_types=kinds,
        reason=reason,
        **values,
    )


def sample(url: str, status: int | None = 200, **more: object) -> Sample:
    """A sample request with plain defaults."""
    values: dict[str, object] = {
        "seq": 7,
        "ts": "2026-11-01T10:15:09.000Z",
        "client": "203.0.113.7",
        "method": "GET",
        "user_agent": CHROME,
    }
    return Sample(url=url, status=status, **(values | more))


def site_report(**more: object) -> ScanReport:
    """A day of a small shop with five incidents."""
    incidents = (
        incident(
            1,
            96,
            Severity.CRITICAL,
            (T.SQLI, T.SCANNING),
            "203.0.113.7 sent 1,532 requests with SQL injection to GET /api/search in 44 minutes; "
            "31 answers of 2.1 MB suggest that data left.",
            entities=(
                EntityRef("client", "203.0.113.7"),
                EntityRef("network", "203.0.113.0/24"),
                EntityRef("session", "9f2c41d07be3"),
            ),
            entities_total=7,
            endpoints=(
                "GET /api/search",
                "POST /api/login",
                "GET /api/orders/{id}",
                "GET /api/users/{id}/export",
                "GET /health",
            ),
            succeeded=True,
            factors=(
                Factor("requests with SQL syntax in a parameter", 1204.0, 0.0, "", 31.0),
                Factor("answer size", 2_100_000.0, 3_400.0, "bytes", 9.5),
                Factor("paths answered 404", 0.71, 0.02, "share", 5.2),
                Factor("user agent", "sqlmap/1.8", "Chrome, Safari", "", 4.0),
            ),
            samples=(
                sample(
                    "/api/search?q=1%27%20UNION%20SELECT%20username,password%20FROM%20users--%20",
                    user_agent="sqlmap/1.8",
                    match="1' UNION SELECT username,password FROM users-- ",
                    where="query q",
                ),
                sample(
                    "/api/search?q=1%27%20AND%20SLEEP(5)--",
                    500,
                    match="1' AND SLEEP(5)--",
                    where="query q",
                    user_agent="sqlmap/1.8",
                ),
            ),
        ),
        incident(
            2,
            78,
            Severity.HIGH,
            (T.CREDENTIAL_STUFFING,),
            "212 clients of 3 networks tried 1,840 different users at POST /api/login; "
            "12 logins worked.",
            entities=tuple(EntityRef("client", f"198.51.100.{n}") for n in range(1, 11)),
            entities_total=212,
            endpoints=("POST /api/login",),
            requests=2210,
            requests_before_alert=38,
            succeeded=True,
            factors=(
                Factor("failed logins", 1828.0, 14.0, "per hour", 28.0),
                Factor("different users per client", 8.7, 1.0, "", 17.0),
                Factor("share of failed logins", 0.993, 0.06, "", 3.0),
            ),
            samples=(sample("/api/login", 401, method="POST", client="198.51.100.4"),),
        ),
        incident(
            3,
            64,
            Severity.HIGH,
            (T.PROBING,),
            "192.0.2.44 asked for 96 known probe paths within 12 s; all were refused.",
            entities=(EntityRef("client", "192.0.2.44"),),
            endpoints=("GET /{path}",),
            requests=96,
            requests_before_alert=3,
            succeeded=False,
            last_ts="2026-11-01T10:15:16.000Z",
            factors=(Factor("known probe paths", 96.0, 0.0, "", 44.0),),
            samples=(sample("/.env", 404, client="192.0.2.44", user_agent="-"),),
        ),
        incident(
            4,
            52,
            Severity.MEDIUM,
            (T.SCRAPING, T.AUTOMATION),
            "2001:db8::17 walked through 4,120 products in order, one every 2.0 s.",
            entities=(EntityRef("client", "2001:db8::17"),),
            endpoints=("GET /api/products/{id}",),
            requests=4120,
            requests_before_alert=210,
            factors=(
                Factor("products read in rising order", 0.998, 0.03, "share", 22.0),
                Factor("pause between requests", 2.0, None, "s", 6.0),
            ),
        ),
        incident(
            5,
            23,
            Severity.LOW,
            (T.CRAWLING,),
            "192.0.2.99 calls itself Googlebot; its address was not checked.",
            entities=(EntityRef("client", "192.0.2.99"),),
            first_ts=None,
            last_ts=None,
            alert_ts=None,
            requests=40,
            requests_before_alert=0,
        ),
    )
    shape = (3, 2, 1, 1, 0, 1, 2, 4, 8, 14, 30, 19, 17, 15, 16, 15, 14, 16, 18, 20, 17, 12, 8, 5)
    values: dict[str, object] = {
        "input": Input(
            files=(
                InputFile(
                    "/var/log/nginx/access.log",
                    "nginx-combined",
                    180_412,
                    180_377,
                    31_457_280,
                    "all of 64 sampled lines",
                ),
                InputFile(
                    "/var/log/nginx/access.log.1.gz",
                    "nginx-combined",
                    61_003,
                    61_001,
                    1_048_576,
                    "",
                    "the compressed data ends early",
                ),
            ),
            lines=241_415,
            parsed=241_378,
            unparsed=(
                Unparsed(
                    "does not match the format",
                    35,
                    '203.0.113.7 - - [01/Nov/2026:10:15:04 +0000] "\x16\x03\x01\x02" 400 0 "-" "-',
                ),
                Unparsed("line longer than the limit", 2, "GET /" + "A" * 400),
            ),
            late=12,
        ),
        "period": Period("2026-11-01T00:00:00.000Z", "2026-11-01T23:59:58.000Z"),
        "totals": Totals(241_378, 8_211, 0, 9_902, 37),
        "seconds": 1.31,
        "events_per_second": 184_288.0,
        "incidents": incidents,
        "endpoints": (
            EndpointSummary(
                "GET /api/products/{id}", 120_400, 7_100, 0.012, 0.0004, 18.2, 812_000_000, 52
            ),
            EndpointSummary("GET /api/search", 40_211, 5_020, 0.021, 0.011, 240.0, 98_000_000, 96),
            EndpointSummary("POST /api/login", 9_310, 1_204, 0.27, 0.0, 91.0, 4_100_000, 78),
            EndpointSummary(
                "GET /assets/{file}", 71_000, 7_900, 0.001, 0.0, None, 2_400_000_000, 3
            ),
        ),
        "clients": (
            ClientSummary("203.0.113.7", 1_532, 96, ("sqli", "scanning"), "tool"),
            ClientSummary("198.51.100.4", 240, 78, ("credential_stuffing",), "browser"),
            ClientSummary("192.0.2.44", 96, 64, ("probing",), "empty"),
            ClientSummary("2001:db8::17", 4_120, 52, ("scraping", "automation"), "library"),
            ClientSummary("192.0.2.10", 3_009, 4, (), "browser"),
        ),
        "timeline": tuple(
            TimelineBucket(
                f"2026-11-01T{hour:02d}:{part * 15:02d}:00.000Z",
                shape[hour] * 250 + part * 31,
                shape[hour] * 6,
                1204 if hour == 10 and part == 1 else 3 if hour == 4 else 0,
            )
            for hour in range(24)
            for part in range(4)
        ),
    }
    return ScanReport(**(values | more))


def empty_report() -> ScanReport:
    """Nothing was read."""
    return ScanReport(
        Input((), 0, 0, ()), Period(None, None), Totals(0, 0, 0, 0, 0), 0.0, 0.0, (), (), ()
    )


def hostile_report(text: str) -> ScanReport:
    """A report in which every field that traffic can reach holds `text`."""
    bad = Incident(
        id=text,
        risk=99,
        severity=Severity.CRITICAL,
        attack_types=(T.XSS,),
        entities=(EntityRef("client", text), EntityRef(text, text)),
        first_ts=text,
        last_ts=text,
        alert_ts=text,
        requests=3,
        requests_before_alert=1,
        endpoints=(text, text),
        reason=text,
        factors=(Factor(text, text, text, text, 5.0), Factor(text, 1.0, None, "", 5.0)),
        samples=(Sample(1, text, text, text, text, 200, text, text, text),),
        succeeded=True,
    )
    return ScanReport(
        Input((InputFile(text, text, 2, 1, 9, text, text),), 2, 1, (Unparsed(text, 1, text),)),
        Period(text, text),
        Totals(1, 1, 1, 1, 1),
        0.5,
        2.0,
        (bad, bad),
        (EndpointSummary(text, 1, 1, 0.5, 0.5, 1.0, 1, 99),),
        (ClientSummary(text, 1, 99, (text,), text),),
        (TimelineBucket(text, 1, 1, 1), TimelineBucket(text, 2, 0, 0)),
    )


def entity(name: str = "203.0.113.7") -> EntitySummary:
    """A client as in ``--entities``."""
    return EntitySummary("client", name, 1532, 0.96, 96, Severity.CRITICAL, (T.SQLI,), 4)
