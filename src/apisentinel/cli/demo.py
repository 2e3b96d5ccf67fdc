"""Made-up traffic, sent through the real ingest with a key of its own."""

import http.client
import secrets
import ssl
import threading
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from apisentinel.api.access.keyring import KeyRing
    from apisentinel.api.server import Place
    from apisentinel.pipeline.service import Service

KEY_NAME = "demo traffic"
SPEED = 2.0
"""Simulated seconds per second: lively, and still to be followed."""

PAST_SECONDS = 1_800
"""Traffic of the past that is sent at once when the demo starts, so that there is something to see:
an hour of a shop and its attacks, over in a few seconds.
"""

AT_ONCE = 2_000
"""Requests in one body while the past is sent."""

BREATH_SECONDS = 0.3
"""Pause between two such bodies, in which they are judged: the demo is no flood."""

TIMEOUT_SECONDS = 30
LONGEST_PAUSE_SECONDS = 30

SECOND = 1_000_000
"""Microseconds."""

_log = structlog.get_logger("apisentinel.demo")


class Demo:
    """A thread that sends what the simulator makes, as any other sender would."""

    def __init__(self, service: "Service", keys: "KeyRing", place: "Place") -> None:
        self._service = service
        self._settings = service.settings.server
        self._keys = keys
        self._place = place
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo", daemon=True)

    def start(self) -> None:
        """Begins to send."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the request that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        from apisentinel.simulator import demo_stream

        clock = self._service.clock
        key = self._keys.own(name=KEY_NAME, scopes=("ingest",))
        past = PAST_SECONDS if self._is_new() else 0
        begin = clock.monotonic() - past
        start = clock.now() - past * SECOND
        stream = demo_stream(secrets.randbelow(1 << 31), SPEED, start=start)
        waiting: list[bytes] = []
        for offset, lines in stream:
            pause = offset - (clock.monotonic() - begin)
            if waiting and (pause > 0 or len(waiting) >= AT_ONCE):
                self._send(b"\n".join(waiting), key)
                waiting = []
                self._stop.wait(BREATH_SECONDS)
                pause = offset - (clock.monotonic() - begin)
            if self._stop.wait(max(0.0, pause)):
                return
            waiting += lines
            if pause > 0:
                self._send(b"\n".join(waiting), key)
                waiting = []

    def _is_new(self) -> bool:
        """Whether nothing is stored: a demo that goes on has a past already."""
        from apisentinel.storage.query import Page

        return self._service.events.list_events((), Page("seq", limit=1)).total == 0

    def _send(self, body: bytes, key: str) -> None:
        """Sends a body until it is taken; waits as the service asks."""
        while not self._stop.is_set():
            pause = 1
            try:
                pause = self._try(body, key)
            except (OSError, http.client.HTTPException) as problem:
                _log.warning("demo_cannot_send", kind=type(problem).__name__)
            if not pause:
                return
            self._stop.wait(pause)

    def _try(self, body: bytes, key: str) -> int:
        """Sends a body once; gives the seconds to wait before the next try, 0 when it was taken."""
        connection = self._connect()
        try:
            connection.request(
                "POST",
                f"{self._settings.root_path}/api/v1/events",
                body,
                {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"},
            )
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        if answer.status in {429, 503}:
            wanted = answer.headers.get("Retry-After", "1")
            return min(LONGEST_PAUSE_SECONDS, int(wanted) if wanted.isdecimal() else 1)
        if answer.status != 202:
            _log.warning("demo_refused", status=answer.status)
        return 0

    def _connect(self) -> http.client.HTTPConnection:
        own = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared)
        host, port = own.get(self._place.host, self._place.host), self._place.port
        if self._settings.tls_cert is None:
            return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        # The peer is this process: its own certificate proves it, whatever name is in there.
        context = ssl.create_default_context(cafile=str(self._settings.tls_cert))
        context.check_hostname = False
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
