"""Requests for the tests of the profile."""

import json
import random

from apisentinel.enrichment import Enricher
from apisentinel.parsers.json_requests import parse_requests


def batch_of(requests):
    """Enriched batch of requests in the product's own format."""
    lines = "\n".join(json.dumps(request) for request in requests).encode("utf-8", "replace")
    batch = parse_requests(lines).batch
    assert len(batch) == len(requests)
    enricher = Enricher()
    enricher.pure(batch)
    enricher.ordered(batch)
    return batch


HEADERS = {"Host": "shop.example", "User-Agent": "Mozilla/5.0", "Accept": "*/*"}


def orders(count, seed=1, clients=40):
    """Ordinary traffic of a small shop: enumerated, numeric and free parameters."""
    draw = random.Random(seed)
    words = [
        "blue",
        "Anna",
        "river",
        "o'Neil",
        "Smith",
        "two words",
        "café",
        "north",
        "x-ray",
        "sun",
    ]
    out = []
    for i in range(count):
        client = f"10.0.{draw.randrange(clients)}.7"
        common = {"headers": HEADERS, "client_ip": client, "ts": 1_700_000_000 + i}
        kind = draw.randrange(3)
        if kind == 0:
            sort, page = draw.choice(["price", "name"]), draw.randrange(1, 30)
            out.append({"method": "GET", "url": f"/items?sort={sort}&page={page}", **common})
        elif kind == 1:
            body = {"quantity": draw.randrange(1, 99), "note": " ".join(draw.sample(words, 3))}
            out.append(
                {"method": "POST", "url": "/orders", "request_body": json.dumps(body), **common}
            )
        else:
            out.append({"method": "GET", "url": f"/items/{draw.randrange(10**6)}", **common})
    return out
