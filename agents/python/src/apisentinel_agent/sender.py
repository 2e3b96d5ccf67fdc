"""The thread that sends what waits: batches, retries with growing pauses."""

from __future__ import annotations

import logging
import random
import threading
import zlib
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from apisentinel_agent.buffer import Buffer
    from apisentinel_agent.exchange import Exchange
    from apisentinel_agent.options import Options
    from apisentinel_agent.rendering import Renderer
    from apisentinel_agent.transport import Answer, Transport

LOG = logging.getLogger("apisentinel_agent")

GZIP = 31
"""Window bits that make zlib write the gzip format."""

LEVEL = 3
"""Level of compression: twice as fast as the usual 6 for a tenth more bytes."""

REFUSED = frozenset((400, 413, 415, 422))
"""Answers that the same body would get again."""

MAX_PAUSE_S = 600.0
"""Longest pause that a collector may ask for."""

HURRIED_PAUSE_S = 0.1
"""Pause between attempts while somebody waits for the rest to be sent."""


class Batch:
    """Requests on their way, with the key that makes sending them twice harmless."""

    __slots__ = ("body", "exchanges", "key", "lines")

    def __init__(self, exchanges: list[Exchange], body: bytes, lines: int, key: str) -> None:
        self.exchanges = exchanges
        self.body = body
        self.lines = lines
        self.key = key


class Sender:
    """Takes from a buffer and sends. `run` is the body of its thread."""

    def __init__(
        self,
        options: Options,
        buffer: Buffer,
        renderer: Renderer,
        transport: Transport,
        *,
        name: str,
        monotonic: Callable[[], float],
    ) -> None:
        self._options = options
        self._buffer = buffer
        self._renderer = renderer
        self._transport = transport
        self._name = name
        self._monotonic = monotonic
        self._hurry = threading.Event()
        self._deadline = 0.0
        self._stopping = False
        self._batches = 0
        self._failures = 0
        self._warned = ""
        self._random = random.Random(name)
        self.busy = False
        """True from taking a batch until it is sent or dropped."""
        self.sent = 0
        """Requests that the collector has."""
        self.rejected = 0
        """Requests among them that the collector could not read."""
        self.refused = 0
        """Requests that the collector did not take."""
        self.undelivered = 0
        """Requests that were given up at the end of the process."""
        self.faulty = 0
        """Requests that could not be written."""

    # ------------------------------------------------------------------ from other threads
    def hurry(self, deadline: float, *, stop: bool = False) -> None:
        """Asks to send what waits until `deadline` (monotonic seconds), and then to stop."""
        self._deadline = deadline
        self._stopping = self._stopping or stop
        self._hurry.set()
        self._buffer.wake()

    def is_idle(self) -> bool:
        """True when nothing waits and nothing is on its way."""
        return not self.busy and not len(self._buffer)

    # ------------------------------------------------------------------ the thread
    def run(self) -> None:
        """Sends until it is told to stop."""
        while True:
            try:
                if not self._round():
                    break
            except Exception:
                # A fault of the agent must not end it: the application goes on for months.
                LOG.exception("the agent failed to send a batch")
                self.busy = False
                self._pause(self._options.max_backoff_s)
        self._transport.close()

    def _round(self) -> bool:
        """One batch; False when the thread has to end."""
        options, buffer = self._options, self._buffer
        if not len(buffer):
            if self._stopping:
                return False
            if self._hurry.is_set():
                self._hurry.clear()
            buffer.sleep(None)
        if len(buffer) < options.batch_records and not self._hurry.is_set():
            buffer.forget_signals()
            if len(buffer) < options.batch_records and not self._hurry.is_set():
                buffer.sleep(options.interval_s)
        self.busy = True
        taken = buffer.take(options.batch_records, options.batch_bytes)
        if taken:
            self._deliver(self._pack(taken))
        self.busy = False
        return True

    def _pack(self, exchanges: list[Exchange]) -> Batch:
        """Writes and compresses, request by request: compression lets other threads run."""
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        pieces = []
        lines = 0
        for exchange in exchanges:
            try:
                line = self._renderer.line(exchange)
            except Exception:
                self.faulty += 1
                LOG.debug("a request could not be written", exc_info=True)
                continue
            pieces.append(packer.compress(line))
            lines += 1
        pieces.append(packer.flush())
        self._batches += 1
        return Batch(exchanges, b"".join(pieces), lines, f"{self._name}-{self._batches:x}")

    def _deliver(self, batch: Batch) -> None:
        """Sends a batch until the collector has it or will never take it."""
        while batch.lines:
            answer = self._transport.send(batch.body, self._headers(batch))
            if 200 <= answer.status < 300:
                self.sent += batch.lines
                self.rejected += answer.rejected
                if self._failures:
                    LOG.info("the collector answers again")
                self._failures = 0
                self._warned = ""
                return
            self._warn(answer)
            if answer.status in REFUSED:
                self._refuse(batch, answer.status)
                return
            self._failures += 1
            if not self._wait(answer):
                self.undelivered += batch.lines
                return

    def _refuse(self, batch: Batch, status: int) -> None:
        """Halves a batch that is too large, drops and counts any other."""
        if status != 413 or len(batch.exchanges) <= 1:
            self.refused += batch.lines
            return
        middle = len(batch.exchanges) // 2
        for part in (batch.exchanges[:middle], batch.exchanges[middle:]):
            self._deliver(self._pack(part))

    def _wait(self, answer: Answer) -> bool:
        """Pauses before the next attempt; False when there will be none."""
        if self._stopping and self._monotonic() >= self._deadline:
            return False
        options = self._options
        longest = min(options.max_backoff_s, options.backoff_s * 2 ** min(self._failures - 1, 30))
        if answer.status in {401, 403, 404}:
            longest = options.max_backoff_s  # a wrong key or address is put right by people
        pause = longest * (0.5 + 0.5 * self._random.random())
        if answer.retry_after_s is not None:
            # Not before the time, and not all agents at that very moment.
            pause = (
                min(answer.retry_after_s, MAX_PAUSE_S) + options.backoff_s * self._random.random()
            )
        self._pause(pause)
        return not (self._stopping and self._monotonic() >= self._deadline)

    def _pause(self, seconds: float) -> None:
        if not self._hurry.wait(seconds):
            return
        if self._monotonic() < self._deadline:
            threading.Event().wait(min(seconds, HURRIED_PAUSE_S))
        elif not self._stopping:
            self._hurry.clear()
            self._hurry.wait(seconds)

    def _headers(self, batch: Batch) -> dict[str, str]:
        """Headers of a batch. The counters are totals, so that a repeated batch repeats them."""
        return {
            "Idempotency-Key": batch.key,
            "X-Sentinel-Agent": f"instance={self._name}; recorded={self._buffer.recorded}; "
            f"dropped={self._buffer.dropped}; refused={self.refused}; faulty={self.faulty}",
        }

    def _warn(self, answer: Answer) -> None:
        """Says once what is wrong, until something else is or all is well again."""
        if answer.reason == self._warned:
            return
        self._warned = answer.reason
        hint = {
            0: "it cannot be reached",
            401: "it does not know the key",
            403: "the key lacks the scope 'ingest'",
            404: "there is no API Sentinel at this address",
            429: "it is busy",
            503: "it is busy",
        }.get(answer.status, "it refuses")
        LOG.warning(
            "collector %s: %s (%s); the application is not affected",
            self._options.url,
            hint,
            answer.reason,
        )
