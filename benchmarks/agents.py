"""User agents of the generated traffic, by kind of client."""

from collections.abc import Callable

import numpy as np

from benchmarks.words import PHONES

CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "Mozilla/5.0 (compatible; ShopCompare/1.4; +https://compare.example/bot)",
)
FEEDS = (
    "FreshRSS/1.24.3 (Linux; https://reader.example)",
    "Tiny Tiny RSS/24.10 (https://rss.example/)",
    "NewsBlur Feed Fetcher - 12 subscribers",
)
PARTNERS = (
    "partner-sync/3.2 (+https://stock.example)",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "Go-http-client/1.1",
    "axios/1.7.9",
    "Java-http-client/21.0.5",
)
MONITORS = ("Uptime-Kuma/1.23.16", "Prometheus/2.55.1", "kube-probe/1.31")
TOOLS = (
    "sqlmap/1.8.11#stable (https://sqlmap.org)",
    "Mozilla/5.0 (compatible; Nuclei - Open-source project (github.com/projectdiscovery/nuclei))",
    "python-requests/2.31.0",
    "curl/8.5.0",
    "Go-http-client/1.1",
    "Fuzz Faster U Fool v2.1.0",
    "-",
    "Mozilla/5.00 (Nikto/2.5.0)",
    "Mozilla/5.0 zgrab/0.x",
    "gobuster/3.6",
)
DESKTOPS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
)
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


def browsers(rng: np.random.Generator, count: int) -> list[str]:
    """Distinct browsers of recent years, new versions more often."""
    return _distinct(rng, count, _browser)


def apps(rng: np.random.Generator, count: int) -> list[str]:
    """Distinct versions and phones of the shop's own app."""
    return _distinct(rng, count, _app)


def _distinct(rng: np.random.Generator, count: int, make: Callable[[list[int]], str]) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found[make(rng.integers(0, 10_000, 6).tolist())] = None
    return list(found)


def _browser(n: list[int]) -> str:
    version = 128 + min(n[0] % 22, n[1] % 22)
    full = f"{version}.0.{6600 + n[2] % 900}.{n[3] % 200}"
    desktop = DESKTOPS[n[5] % 3]
    match n[1] % 5:
        case 0:
            return f"Mozilla/5.0 ({desktop}) {_WEBKIT} Chrome/{version}.0.0.0 Safari/537.36"
        case 1:
            phone = f"Linux; Android {11 + n[5] % 6}; {PHONES[n[4] % len(PHONES)]}"
            return f"Mozilla/5.0 ({phone}) {_WEBKIT} Chrome/{full} Mobile Safari/537.36"
        case 2:
            return f"Mozilla/5.0 ({desktop}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
        case 3:
            major, minor = 16 + n[5] % 3, n[2] % 7
            return (
                f"Mozilla/5.0 (iPhone; CPU iPhone OS {major}_{minor} like Mac OS X) "
                f"AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{major}.{minor} "
                "Mobile/15E148 Safari/604.1"
            )
        case _:
            return f"Mozilla/5.0 ({desktop}) {_WEBKIT} Chrome/{full} Safari/537.36 Edg/{full}"


def _app(n: list[int]) -> str:
    version = f"ShopApp/{4 + n[0] % 3}.{n[1] % 30}.{n[2] % 10}"
    if n[3] % 2:
        return f"{version} (Android {11 + n[1] % 6}; {PHONES[n[0] % len(PHONES)]})"
    return f"{version} (iPhone{13 + n[2] % 5},{1 + n[0] % 4}; iOS {16 + n[1] % 3}.{n[0] % 7})"
