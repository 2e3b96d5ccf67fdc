"""The agent of one process: takes exchanges from a middleware and sees to it that they are sent."""

from __future__ import annotations

import atexit
import itertools
import logging
import os
import secrets
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from apisentinel_agent.buffer import Buffer
from apisentinel_agent.options import Options
from apisentinel_agent.redaction import Redactor
from apisentinel_agent.rendering import Renderer
from apisentinel_agent.sender import Sender
from apisentinel_agent.transport import Transport

if TYPE_CHECKING:
    from apisentinel_agent.exchange import Exchange

LOG = logging.getLogger("apisentinel_agent")

_AGENTS: weakref.WeakSet[Agent] = weakref.WeakSet()

perf_counter = time.perf_counter


def now_us() -> int:
    """Wall clock, µs since the epoch."""
    return time.time_ns() // 1000


class Agent:
    """Reports requests. One per process is enough; it may be shared by many middlewares.

    No method raises into the application or makes it wait, except `flush` and `close`, which wait
    as long as they are told. The thread starts with the first request, so that a server that forks
    its workers gets one in each of them.
    """

    def __init__(self, options: Options | None = None, **given: Any) -> None:
        """Makes an agent.

        Args:
            options: Complete options; without them, `given` and the environment say what to do.
            given: Options by name.

        Raises:
            TypeError: There is no such option.
            ValueError: An option cannot be used.
        """
        self.options = options or Options.read(given)
        self.is_on = self.options.is_on
        hash_key = self.options.hash_key or self.options.key
        self.redactor = Redactor(
            self.options.secret_names,
            hashes=self.options.secrets == "hash",
            key=hash_key.encode(),
        )
        self._ignored = frozenset(self.options.ignore_paths)
        self.restart()
        _AGENTS.add(self)
        atexit.register(_at_exit, weakref.ref(self))
        if self.options.enabled and not self.is_on:
            LOG.warning("the agent is off: it needs url and key (APISENTINEL_AGENT_URL, …_KEY)")

    def restart(self) -> None:
        """Starts anew: at the beginning and in the child of a fork, where no thread has survived.

        What waits belongs to the parent, which sends it.
        """
        self._name = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._start = threading.Lock()
        self._closed = False
        self.faults = 0
        options = self.options
        self._buffer = Buffer(options.max_records, options.max_bytes, options.batch_records)
        self._sender = Sender(
            options,
            self._buffer,
            Renderer(options, self.redactor),
            Transport(options),
            name=self._name,
            monotonic=time.monotonic,
        )

    def wants(self, path: str) -> bool:
        """True when requests to this path are reported."""
        return self.is_on and path not in self._ignored

    def record(self, exchange: Exchange) -> None:
        """Takes an exchange. Never blocks, never raises; a full buffer drops and counts it."""
        try:
            exchange.event_id = f"{self._name}-{next(self._numbers):x}"
            if self._buffer.put(exchange, exchange.memory()) and self._thread is None:
                self._run()
        except Exception:
            self.fault("a request could not be recorded")

    def fault(self, text: str) -> None:
        """Counts a fault of the agent itself; to be called while it is handled."""
        self.faults += 1
        LOG.debug("%s", text, exc_info=True)  # noqa: LOG014 (callers are handlers)

    def _run(self) -> None:
        if not self._start.acquire(blocking=False):
            return
        try:
            if self._thread is None and not self._closed:
                thread = threading.Thread(
                    target=self._sender.run, name="apisentinel-agent", daemon=True
                )
                thread.start()
                self._thread = thread
        finally:
            self._start.release()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Waits until all that was recorded is sent.

        Args:
            timeout_s: Longest wait; without one, `exit_timeout_s`.

        Returns:
            True when nothing waits any more.
        """
        seconds = self.options.exit_timeout_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + seconds
        if self._thread is None:
            return not len(self._buffer)
        self._sender.hurry(deadline)
        while not self._sender.is_idle():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.005)
        return True

    def close(self, timeout_s: float | None = None) -> None:
        """Sends what waits, as far as the time allows, and ends the thread."""
        self._closed = True
        thread = self._thread
        if thread is None:
            return
        seconds = self.options.exit_timeout_s if timeout_s is None else timeout_s
        self._sender.hurry(time.monotonic() + seconds, stop=True)
        thread.join(seconds + 0.2)
        left = len(self._buffer)
        if left:
            self._sender.undelivered += left
            LOG.warning("%d requests were not reported: the collector did not take them", left)

    def stats(self) -> dict[str, int]:
        """Counters since the start of the process.

        ``recorded`` = ``waiting`` + ``dropped`` + ``sent`` + ``refused`` + ``faulty`` +
        ``undelivered`` while nothing is on its way.
        """
        buffer, sender = self._buffer, self._sender
        return {
            "recorded": buffer.recorded,
            "waiting": len(buffer),
            "waiting_bytes": buffer.bytes,
            "dropped": buffer.dropped,
            "sent": sender.sent,
            "rejected": sender.rejected,
            "refused": sender.refused,
            "faulty": sender.faulty,
            "undelivered": sender.undelivered,
            "faults": self.faults,
        }


def _at_exit(reference: weakref.ref[Agent]) -> None:
    agent = reference()
    if agent is not None:
        agent.close()


def _after_fork() -> None:
    for agent in list(_AGENTS):
        agent.restart()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
