"""Writes an exchange as one line of NDJSON, with its secrets masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apisentinel_agent.exchange import Exchange, Sample
    from apisentinel_agent.options import Options
    from apisentinel_agent.redaction import Redactor

FORM = "application/x-www-form-urlencoded"

FORWARDED = frozenset(("x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-proto"))
"""Headers that are sent even when headers are not: without them all clients behind a proxy look
like one."""

MAX_ID = 256
"""Characters of an id that a callable of the application gives."""


class Renderer:
    """Turns exchanges into lines. Thread-safe."""

    def __init__(self, options: Options, redactor: Redactor) -> None:
        self._options = options
        self._redact = redactor
        self._cookies = frozenset(name.lower() for name in options.session_cookies)

    def line(self, exchange: Exchange) -> bytes:
        """One JSON object with the field names of the ingest route, and a line feed."""
        options = self._options
        longest = options.max_text
        record: dict[str, object] = {
            "event_id": exchange.event_id,
            "ts": exchange.started_us,
            "method": exchange.method[:MAX_ID],
            "path": exchange.path[:longest] or "/",
            "status": exchange.status,
            "request_bytes": exchange.request_bytes,
            "response_bytes": exchange.response_bytes,
            "duration_us": exchange.duration_us,
        }
        texts = {
            "scheme": exchange.scheme,
            "host": exchange.host,
            "http_version": exchange.http_version,
            "peer_ip": exchange.peer,
            "source": options.service,
        }
        record.update({name: text[:longest] for name, text in texts.items() if text})
        if exchange.query:
            record["query"] = self._redact.form(exchange.query[:longest])
        cookies, credential = self._headers(exchange, record)
        if credential:
            record["credential_id"] = self._redact.identity(credential)
        self._identity(exchange, cookies, record)
        self._bodies(exchange, record)
        extra = dict(exchange.extra or ())
        if exchange.route:
            extra["route"] = exchange.route[:longest]
        if extra:
            record["extra"] = extra
        return json.dumps(record, separators=(",", ":"), default=str).encode("ascii") + b"\n"

    def _headers(self, exchange: Exchange, record: dict[str, object]) -> tuple[str, str]:
        """Puts masked headers into the record; gives the raw cookies and the raw credential."""
        shown: list[list[str]] = []
        cookies = credential = ""
        longest = self._options.max_text
        for raw_name, raw_value in exchange.headers:
            name = _text(raw_name).lower()
            value = _text(raw_value)
            if name == "cookie":
                cookies = f"{cookies}; {value}" if cookies else value
            elif name == "authorization" or (name == "x-api-key" and not credential):
                credential = value
            if self._options.headers or name in FORWARDED:
                if len(shown) < self._options.max_headers:
                    shown.append([name[:MAX_ID], self._redact.header(name, value[:longest])])
            elif name == "user-agent":
                record["user_agent"] = value[:longest]
            elif name == "referer":
                record["referer"] = self._redact.url(value[:longest])
        if shown:
            record["headers"] = shown
        return cookies, credential

    def _identity(self, exchange: Exchange, cookies: str, record: dict[str, object]) -> None:
        if exchange.client:
            record["client_ip"] = exchange.client[:MAX_ID]
        if exchange.user:
            user = exchange.user[:MAX_ID]
            record["user_id"] = self._redact.identity(user) if self._options.hash_users else user
        session = exchange.session or self._session(cookies)
        if session:
            record["session_id"] = self._redact.identity(session)

    def _session(self, cookies: str) -> str:
        for part in cookies.split(";"):
            name, equals, value = part.strip().partition("=")
            if equals and value and name.lower() in self._cookies:
                return value
        return ""

    def _bodies(self, exchange: Exchange, record: dict[str, object]) -> None:
        if exchange.request_body is not None and exchange.request_body.kept:
            record["request_body"] = self._body(exchange.request_body)
        if exchange.response_body is not None and exchange.response_body.kept:
            record["response_body"] = self._body(exchange.response_body)

    def _body(self, sample: Sample) -> str:
        text = sample.content().decode("utf-8", "replace")
        if sample.media_type == FORM:
            return self._redact.form(text)
        return self._redact.json(text)


def _text(raw: bytes | str) -> str:
    return raw.decode("latin-1") if isinstance(raw, bytes) else raw
