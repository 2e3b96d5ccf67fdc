"""What a JSON line became, for the tests of the JSON formats."""

import json
from typing import NamedTuple

import numpy as np

from apisentinel.kernels.bytes import padded
from apisentinel.parsers.base import Reason
from apisentinel.parsers.json_choice import MAPPINGS
from apisentinel.parsers.json_lines import AnyJsonParser, JsonLinesParser
from apisentinel.parsers.json_requests import parse_lines, split_lines
from apisentinel.records.batch import NO_TIME, TEXT_COLUMNS, empty_columns

ANY = AnyJsonParser()
BY_NAME = {mapping.name: JsonLinesParser(mapping) for mapping in MAPPINGS}


def row(line, parser=ANY):
    """All known fields of one line, or its reason."""
    if isinstance(line, dict):
        line = json.dumps(line)
    if isinstance(line, str):
        line = line.encode()
    got = parse_lines(line, parser)
    if got.reason[0]:
        return Reason(int(got.reason[0]))
    texts = {name: got.batch.text(name, 0) for name in TEXT_COLUMNS}
    numbers = {name: int(column[0]) for name, column in got.batch.numbers.items() if name != "seq"}
    fields = {name: text.decode("latin-1") for name, text in texts.items() if text is not None}
    fields |= {name: value for name, value in numbers.items() if value not in {-1, NO_TIME}}
    fields.pop("headers", None)
    return fields


def headers(line, parser=ANY):
    got = parse_lines(json.dumps(line).encode(), parser)
    return got.batch.headers(0)


AT = 1728568536_000000
BASE = {
    "method": "GET",
    "host": "shop.example",
    "path": "/cart",
    "query": "id=7",
    "status": 200,
    "peer_ip": "203.0.113.7",
    "user_agent": "curl/8.5.0",
}
EXPECTED = {
    "ndjson": BASE | {"ts": AT, "scheme": "https"},
    "nginx-json": BASE | {"ts": AT, "response_bytes": 2326, "duration_us": 12000},
    "caddy": BASE
    | {
        "ts": AT + 123000,
        "http_version": "2.0",
        "client_ip": "203.0.113.7",
        "request_bytes": 0,
        "response_bytes": 2326,
        "duration_us": 929,
    },
    "traefik-json": BASE
    | {
        "ts": AT + 123456,
        "http_version": "1.1",
        "scheme": "https",
        "response_bytes": 2326,
        "duration_us": 929,
    },
    "envoy-json": BASE
    | {
        "ts": AT + 123000,
        "http_version": "1.1",
        "event_id": "7c2f0a7e-8d3c-4a9f-b9c5-0b2f4c1d9e11",
        "request_bytes": 0,
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "kong": BASE
    | {
        "ts": AT + 123000,
        "user_id": "alice",
        "request_bytes": 120,
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "apigateway": {k: v for k, v in BASE.items() if k not in {"host", "query"}}
    | {
        "ts": AT,
        "path": "/prod/cart",
        "http_version": "1.1",
        "event_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "gcp": BASE
    | {
        "ts": AT + 123000,
        "scheme": "https",
        "event_id": "1x2y3z",
        "request_bytes": 120,
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "azure": BASE
    | {
        "ts": AT,
        "http_version": "1.1",
        "request_bytes": 120,
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "cloudfront-json": BASE
    | {
        "ts": AT,
        "scheme": "https",
        "http_version": "2.0",
        "event_id": "abc==",
        "user_agent": "curl/8.5.0 test",
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "cloudflare": BASE
    | {"ts": AT, "http_version": "2", "event_id": "8d0b1c2d3e4f5a6b", "response_bytes": 2326},
    "aws-waf": {k: v for k, v in BASE.items() if k != "status"}
    | {"ts": AT + 123000, "http_version": "1.1", "event_id": "r1"},
    "modsecurity": BASE
    | {
        "ts": AT,
        "method": "POST",
        "http_version": "1.1",
        "event_id": "172856853612",
        "request_body": "item=7",
    },
    "har": {k: v for k, v in BASE.items() if k != "peer_ip"}
    | {
        "ts": AT + 123000,
        "method": "POST",
        "scheme": "https",
        "http_version": "1.1",
        "request_body": "item=7",
        "response_body": "ok",
        "request_bytes": 6,
        "response_bytes": 2,
        "duration_us": 12500,
    },
    "ecs": BASE
    | {
        "ts": AT + 123000,
        "http_version": "1.1",
        "referer": "https://shop.example/",
        "response_bytes": 2326,
        "duration_us": 12000,
    },
    "otel": BASE | {"ts": AT, "event_id": "eee19b7ec3c1b174"},
    "app-json": BASE | {"ts": AT + 123000, "user_id": "alice", "duration_us": 12000},
}


class Looked(NamedTuple):
    """What the detecting parser makes of one line.

    Attributes:
        variant: The number of the format.
        reason: Why the line is none of its own.
        content: The bytes of the line that are left.
    """

    variant: int
    reason: int
    content: bytes


def looked(text: bytes) -> Looked:
    """One line through the parser that tells the formats apart."""
    begin, end = split_lines(text)
    spans, numbers = empty_columns(1)
    variant, reason, buffer = np.full(1, 255, np.uint8), np.zeros(1, np.uint8), padded(text)
    ANY.parse_into(
        buffer, begin, end, np.zeros(1, np.int32), 0, spans, numbers, reason, variant,
        np.zeros(2, np.int64),
    )  # fmt: skip
    return Looked(int(variant[0]), int(reason[0]), buffer[begin[0] : end[0]].tobytes())
