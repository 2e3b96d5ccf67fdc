"""What the tests send to a real service, and how they wait for it."""

import json
from typing import Any

from apisentinel.pipeline.service import Service

COUNT = 3_000
HOST = "http://127.0.0.1:8080"

HOSTILE = {
    "formula": '=HYPERLINK("http://evil.example","x")',
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "control": "a\x1b[2Jb\x07\u202ec\u200b",
}
"""Texts of an attacker, as user agents of requests of their own."""


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def settle(service: Service) -> None:
    """Waits until everything accepted can be read."""
    assert service.runtime.drain(60)
    service.ticker.look(everything=True)
    assert service.recorder.barrier(60)
    assert service.event_writer is not None
    assert service.event_writer.barrier(60)


def headers_of(app, *scopes: str) -> dict[str, str]:
    text, _ = app.state.authenticator.keys.create(name="test", scopes=scopes, actor="test")
    return {"Authorization": f"Bearer {text}"}
