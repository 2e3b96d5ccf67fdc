"""Made-up traffic for the live service: honest clients and five kinds of attack, seeded."""

import json
import random
from typing import Any

from apisentinel.features import FeatureSettings
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.batch import RequestBatch

START_US = 1_760_000_000_000_000
SMALL = ScanSettings(
    state=FeatureSettings(
        clients=256,
        unpacked_clients=16,
        sessions=256,
        users=256,
        credentials=64,
        endpoints=256,
        pairs=1024,
        networks=256,
        objects=1024,
        agents=256,
    )
)
"""Tables so small that records have to give way, and that most clients are packed."""

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/128.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1",
    "okhttp/4.12.0",
)
PAGES = ("/", "/products", "/products/{}", "/cart", "/api/orders/{}", "/account", "/search")


def requests(count: int, *, seed: int = 1, step_s: float = 0.4) -> list[dict[str, Any]]:
    """Requests in order of their times, each with an ``event_id``."""
    draw = random.Random(seed)
    out = []
    now = START_US
    for k in range(count):
        now += round(draw.expovariate(1 / step_s) * 1e6)
        row = _honest(draw) if draw.random() < 0.7 else _hostile(draw, k)
        late = draw.random() < 0.01
        out.append(row | {"ts": now - 90_000_000 * late, "event_id": f"e{seed}-{k}"})
    return out


def _honest(draw: random.Random) -> dict[str, Any]:
    client = draw.randrange(300)
    page = draw.choice(PAGES).format(draw.randrange(500))
    return {
        "method": "GET",
        "path": page,
        "client_ip": f"198.51.{client >> 8}.{client & 255}",
        "user_agent": AGENTS[client % len(AGENTS)],
        "status": 200 if draw.random() < 0.97 else 404,
        "response_bytes": draw.randrange(200, 9000),
        "user_id": f"u{client}" if client % 3 == 0 else None,
    }


def _hostile(draw: random.Random, k: int) -> dict[str, Any]:
    kind = draw.randrange(5)
    client = f"203.0.113.{kind * 3 + draw.randrange(3)}"
    agent = AGENTS[kind % 2]
    if kind == 0:
        query = draw.choice(("id=1'%20or%20'1'='1", "id=1%20union%20select%20password%20from%20u"))
        return _row(client, "GET", f"/search?{query}", 200, agent)
    if kind == 1:
        return _row(
            client, "GET", f"/{draw.choice(('.env', '.git/config', 'wp-admin'))}{k}", 404, agent
        )
    if kind == 2:
        return _row(client, "POST", "/login", 401, agent) | {"user_id": f"victim{k % 40}"}
    if kind == 3:
        return _row(client, "GET", f"/api/orders/{10_000 + k}", 403, agent)
    return _row(client, "GET", "/../../etc/passwd", 400, "sqlmap/1.8#stable (https://sqlmap.org)")


def _row(client: str, method: str, url: str, status: int, agent: str) -> dict[str, Any]:
    return {
        "method": method,
        "url": url,
        "client_ip": client,
        "status": status,
        "user_agent": agent,
    }


def body(rows: list[dict[str, Any]]) -> bytes:
    """NDJSON of requests."""
    return b"".join(
        json.dumps({k: v for k, v in row.items() if v is not None}).encode() + b"\n" for row in rows
    )


def batch_of(rows: list[dict[str, Any]]) -> RequestBatch:
    """Parsed requests."""
    return parse_requests(body(rows)).batch
