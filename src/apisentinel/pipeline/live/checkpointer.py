"""Decides when the state is saved, and saves it beside the judge."""

import math
import threading
from collections.abc import Callable, Iterator, Mapping

import structlog

from apisentinel.clock import Clock
from apisentinel.errors import StoreError
from apisentinel.pipeline.live.checkpoint import Captured, Parts
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.storage.base import JournalStore

BARRIER_S = 30.0
"""How long a checkpoint waits for alerts and events to be on disk before it is given up; the next
one tries again.
"""

_log = structlog.get_logger("apisentinel.checkpoint")


HOPE = 6.0
"""How many times of what is left the newest checkpoint may have taken for another one to be begun
before a stop: it was taken under load, and the one before a stop is not. One that is not whole in
time is given up; one that was not tried costs the next start up to a minute for a million requests.
"""

STILL_S = 3.0
"""Seconds without a new request after which the judge counts as idle."""

WORTH_EVENTS = 50_000
"""Requests since the newest checkpoint for which an idle judge saves before it is due: judging them
again takes some seconds, and a state that hardly changes is not saved over and over.
"""


class TooLateError(StoreError):
    """The service stops before the checkpoint would be whole."""


class _Timely(Mapping[str, bytes]):
    """Parts of a checkpoint, as long as there is time."""

    def __init__(self, parts: Parts, check: Callable[[], None]) -> None:
        self._parts = parts
        self._check = check

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[str]:
        yield from self._parts
        self._check()  # what remains is to bring it to the disk

    def __getitem__(self, name: str) -> bytes:
        self._check()
        return self._parts[name]


class Checkpointer:
    """Saves captured states in a thread of its own, one at a time.

    A checkpoint is written only when the effects of everything before it are on disk, so a restart
    from it misses none.

    Attributes:
        offset: Batch of the newest checkpoint on disk.
        saved: Checkpoints written in this life.
        seconds: Time that the newest one took, all in all.
        bytes: Its size before compression.
        problem: Why the last attempt failed, empty when it did not.
    """

    def __init__(
        self,
        journal: JournalStore,
        settings: RuntimeSettings,
        clock: Clock,
        barrier: Callable[[float], bool],
    ) -> None:
        self.journal = journal
        self.settings = settings
        self.clock = clock
        self.barrier = barrier
        self.offset = 0
        self.seq = 0
        self.saved = 0
        self.seconds = 0.0
        self.bytes = 0
        self.saved_at = clock.now()
        self.problem = ""
        self._last = self._changed = clock.monotonic()
        self._seen = 0
        self._end = math.inf
        self._busy = threading.Lock()
        self._thread: threading.Thread | None = None

    def finish_by(self, moment: float) -> None:
        """Gives up a checkpoint that is not whole at a moment of the clock, now and from now on.

        Nothing is lost by that: the checkpoint before it stays, and what came after it is judged
        again from the journal.
        """
        self._end = moment

    def _check(self) -> None:
        if self.clock.monotonic() > self._end:
            raise TooLateError("no time is left for a checkpoint; the one before it stays")

    @property
    def pause(self) -> float:
        """Seconds between checkpoints: so long that they take only their share of the time."""
        return max(self.settings.checkpoint_seconds, self.seconds / self.settings.checkpoint_share)

    def claim(self, offset: int, seq: int) -> bool:
        """True when a state is to be captured now; the caller then calls `save`.

        Between a claim and the end of its saving nobody else gets one, so the memory of a capture
        is not used for two.
        """
        return self.is_due(offset, seq) and self._busy.acquire(blocking=False)

    def is_due(self, offset: int, seq: int) -> bool:
        """Whether a state should be captured; asked again and again, which tells it that nothing
        comes.
        """
        if offset <= self.offset or self._busy.locked():
            return False
        now, new = self.clock.monotonic(), seq - self.seq
        if seq != self._seen:
            self._seen, self._changed = seq, now
        is_idle = now - self._changed >= STILL_S and new >= WORTH_EVENTS
        elapsed = now - self._last
        return elapsed >= self.pause or new >= self.settings.checkpoint_events or is_idle

    def save(self, capture: Callable[[], Captured], seq: int) -> None:
        """Captures a state and saves it in the background; after a successful `claim` only."""
        try:
            captured = capture()
        except BaseException:
            self._busy.release()
            raise
        self._last = self.clock.monotonic()
        self.seq = seq
        self._thread = threading.Thread(
            target=self._in_background, args=(captured,), name="checkpoint", daemon=True
        )
        self._thread.start()

    def save_now(self, capture: Callable[[], Captured], timeout_s: float = BARRIER_S) -> bool:
        """Captures a state and saves it before it returns; False when that failed."""
        if not self._busy.acquire(timeout=timeout_s):
            return False
        try:
            if self.seconds > HOPE * (self._end - self.clock.monotonic()):
                _log.warning("no checkpoint before the end", seconds=round(self.seconds, 1))
                return False
            captured = capture()
            if captured.offset == self.offset:
                captured.release()
                return True
            return self._write(captured, timeout_s)
        finally:
            self._busy.release()

    def wait(self, timeout_s: float) -> None:
        """Waits for a checkpoint that is being written."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _settle(self, timeout_s: float) -> None:
        """Returns when the effects of everything judged are on disk; StoreError if they are not."""
        if not self.barrier(timeout_s):
            raise StoreError("alerts or events could not be written in time")

    def _in_background(self, captured: Captured) -> None:
        try:
            self._write(captured)
        finally:
            self._busy.release()

    def _write(self, captured: Captured, timeout_s: float = BARRIER_S) -> bool:
        begin = self.clock.monotonic()
        parts = captured.parts(once=True)
        try:
            self._settle(timeout_s)
            self.journal.save_checkpoint(captured.offset, _Timely(parts, self._check))
            self.offset = captured.offset
            self.journal.trim(captured.offset)
        except TooLateError as error:
            _log.warning("no checkpoint", offset=captured.offset, problem=str(error))
            return False
        except StoreError as error:
            self.problem = str(error)
            _log.error("no checkpoint", offset=captured.offset, problem=str(error))
            return False
        finally:
            captured.release()
        self.saved += 1
        self.bytes = parts.bytes
        self.seconds = self.clock.monotonic() - begin
        self.saved_at = self.clock.now()
        self.problem = ""
        return True
