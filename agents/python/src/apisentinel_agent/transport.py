"""Sends one body to the collector over HTTP/1.1, with the standard library."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from apisentinel_agent.version import __version__

if TYPE_CHECKING:
    from apisentinel_agent.options import Options

PATH = "/api/v1/events"

MAX_ANSWER = 64 << 10
"""Bytes of an answer that are read."""

USER_AGENT = f"apisentinel-agent-python/{__version__}"


class Answer(NamedTuple):
    """What the collector said."""

    status: int
    """HTTP status; 0 when there was no answer."""
    retry_after_s: float | None
    """Seconds that the collector asks to wait."""
    rejected: int
    """Records that the collector could not read."""
    reason: str
    """For the log: never holds the key nor anything of a request."""


class Transport:
    """One connection that is kept open. For one thread."""

    def __init__(self, options: Options) -> None:
        parts = urlsplit(options.url)
        self._options = options
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._target = parts.path.rstrip("/") + PATH
        self._context: ssl.SSLContext | None = None
        self._connection: http.client.HTTPConnection | None = None

    def send(self, body: bytes, headers: dict[str, str]) -> Answer:
        """Posts a body. Never raises for what the network or the collector do."""
        while True:
            is_reused = self._connection is not None
            try:
                return self._send(body, headers)
            except (OSError, http.client.HTTPException, ValueError) as problem:
                self.close()
                # The collector may have closed a connection that was idle: that says nothing.
                if is_reused and not isinstance(problem, TimeoutError):
                    continue
                return Answer(0, None, 0, f"{type(problem).__name__}: {problem}")

    def _send(self, body: bytes, headers: dict[str, str]) -> Answer:
        connection = self._connect()
        sent = {
            "Authorization": f"Bearer {self._options.key}",
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "gzip",
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            **headers,
        }
        connection.request("POST", self._target, body=body, headers=sent)
        with connection.getresponse() as response:
            content = response.read(MAX_ANSWER)
            answer = Answer(
                response.status,
                _seconds(response.headers.get("Retry-After")),
                _rejected(content) if response.status < 300 else 0,
                f"HTTP {response.status}",
            )
            if response.read(1):
                self.close()  # the rest of an endless answer is of no interest
        return answer

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is not None:
            return self._connection
        timeout = self._options.connect_timeout_s
        connection: http.client.HTTPConnection
        if self._is_tls:
            if self._context is None:
                self._context = ssl.create_default_context(cafile=self._options.ca_file or None)
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=timeout, context=self._context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        connection.connect()
        connection.sock.settimeout(self._options.read_timeout_s)
        self._connection = connection
        return connection

    def close(self) -> None:
        """Closes the connection; the next `send` opens one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _seconds(text: str | None) -> float | None:
    """Seconds of a ``Retry-After`` header; a date counts as absent."""
    try:
        seconds = float(text) if text is not None else -1.0
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e6 else None


def _rejected(content: bytes) -> int:
    try:
        rejected = json.loads(content)["rejected"]
        return len(rejected) if isinstance(rejected, list) else int(rejected)
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
