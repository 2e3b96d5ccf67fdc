"""Which incidents are about which campaign."""

import re
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any

from benchmarks.foreign.core import Campaign

GRACE = 3600.0
FAMILIES = [
    set(g.split())
    for g in (
        "sqli nosqli xss cmdi traversal ssti ssrf xxe ldapi crlf log4shell deserialization rfi graphql_abuse prompt_injection protocol",
        "brute_force credential_stuffing password_spraying account_takeover enumeration token_abuse",
        "bola bfla mass_assignment parameter_tampering sequence_abuse",
        "scraping crawling automation fake_bot",
        "scanning probing",
        "volume resource_abuse",
        "data_exposure insider_misuse",
        "anomaly",
    )
]


def epoch(text: str | None) -> float:
    """Seconds since 1970 of RFC 3339 text, of nothing the distant past."""
    return datetime.fromisoformat(text).timestamp() if text else float("-inf")


def _pattern(endpoint: Any) -> tuple[str | None, re.Pattern[str]]:
    text = (
        endpoint
        if isinstance(endpoint, str)
        else str(endpoint.get("endpoint") or endpoint.get("id") or endpoint.get("path") or "")
    )
    head, _, rest = text.partition(" ")
    method, place = (head, rest) if head.isupper() and rest else (None, text)
    path = (
        place[place.find("/", place.find("://") + 3 if "://" in place else 0) :]
        if "/" in place
        else "/" + place
    )
    parts = [
        r"[^/]+" if re.match(r"^([{<:].*|\*)$", p) else re.escape(p)
        for p in path.split("?")[0].rstrip("/").split("/")
    ]
    return method, re.compile("/".join(parts) + "/?")


def _networks(names: set[str]) -> list[Any]:
    out = []
    for n in names:
        if "/" in n:
            try:
                out.append(ip_network(n))
            except ValueError:
                continue
    return out


def judge(
    c: Campaign, incidents: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Whether a campaign was found, and the incidents about it."""
    family = next((f for f in FAMILIES if c.type in f), {c.type})
    addresses = [
        ip_address(a) for a in c.actors if re.fullmatch(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:]+", a)
    ]
    hits = []
    for i in incidents:
        first, last, alert = (
            epoch(i["first_ts"]),
            epoch(i["last_ts"]),
            epoch(i.get("alert_ts") or i["first_ts"]),
        )
        if last < c.first - 1 or first > c.last + GRACE or alert < c.first - 1:
            continue
        names = {str(e["id"]) for e in i["entities"]}
        named = names & c.actors or any(
            a in n for n in _networks(names) for a in addresses if a.version == n.version
        )
        types = set(i["attack_types"])
        placed = types & (family | c.accepted) and any(
            (m is None or m == pm) and p.fullmatch(pp)
            for m, p in map(_pattern, i["endpoints"])
            for pm, pp in c.places
        )
        if named or placed:
            hits.append(i)
    right = any(set(i["attack_types"]) & c.accepted for i in hits)
    exact = any(c.type in i["attack_types"] for i in hits)
    return {
        "id": c.id,
        "kind": c.kind,
        "type": c.type,
        "variant": c.variant,
        "requests": c.requests,
        "found": bool(hits),
        "right": right,
        "exact": exact,
        "said": sorted({t for i in hits for t in i["attack_types"]}),
    }, hits
