"""Learns the profile of the API from the traffic that is judged, and judges later traffic with it.

Requests pass by and a sample of them is kept. After 2,048 requests, and again whenever their number
has doubled, a candidate is learned beside the judging, unless the one before was learned just now;
it takes over when half as many requests again have come, or later where they come faster than it
can be learned. These moments are numbers of requests and their times, so equal traffic gives equal
verdicts, however it comes in blocks, and after a restart.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile import (
    Learning,
    Profile,
    ProfileSettings,
    RollingSample,
    Scorer,
    Unusual,
)
from apisentinel.detectors.profile.gate import WINDOW_US
from apisentinel.pipeline.prepare import Prepared

FIRST, STEADY = 2_048, 262_144
"""Requests after which the first candidate is learned, and between two later ones: learning from
16,000 requests takes half a second of CPU.
"""
DELAY_SHARE = 2
"""A candidate takes over after half of the requests since the one before at the earliest."""
OWNERS, CATEGORIES = 1 << 13, 1 << 17
"""Endpoints and parameters, and their properties, that a candidate holds at most: a quarter of what
training does, because learning goes over all of them again and again.
"""
LEAST_LEARNED = 200
"""Requests below which nothing is learned: the rest was attacks, or of accused clients."""

NEVER = -(1 << 62)
"""A time before all others."""

WAIT_US, REST_US = 300, 1_200
"""Time of the requests, µs, for each request learned from: that has to pass before a candidate
takes over, and before the next one is learned. Learning takes 30 to 75 µs of CPU for each, so it
has four times as long at least, and takes a sixteenth of a core at most, however many requests
come: at 10,000 a second something is learned about once a minute.
"""

Array = npt.NDArray[Any]


def is_learning_point(seen: int) -> bool:
    """True for the numbers of requests after which a candidate is learned."""
    if seen >= STEADY:
        return seen % STEADY == 0
    return seen >= FIRST and seen % FIRST == 0 and (seen // FIRST).bit_count() == 1


def next_learning_point(seen: int) -> int:
    """The first learning point behind a number of requests."""
    point = FIRST
    while point <= seen and point < STEADY:
        point *= 2
    return point if point < STEADY else (seen // STEADY + 1) * STEADY


def last_learning_point(seen: int) -> int:
    """The learning point at or before a number of requests, 0 before the first one."""
    if seen >= STEADY:
        return seen // STEADY * STEADY
    point = 0
    while (following := max(2 * point, FIRST)) <= seen and following < STEADY:
        point = following
    return point


def take_over_point(learned: int) -> int:
    """Number of requests after which a candidate that was learned at a point judges, where there
    was time to learn it; else it does from the next such point or learning point on.
    """
    stretch = STEADY if learned >= 2 * STEADY else max(learned // 2, FIRST)
    return learned + stretch // DELAY_SHARE


def next_cut(seen: int) -> int:
    """The next number of requests at which something is learned or takes over."""
    point = next_learning_point(seen)
    last = last_learning_point(seen)
    over = take_over_point(last) if last else point
    return over if seen < over < point else point


def cut(block: Prepared, seen: int) -> Iterator[Prepared]:
    """A block in pieces that end where something is learned or takes over.

    Args:
        block: The next requests.
        seen: How many came before.
    """
    rows = len(block.batch)
    begin = 0
    while begin < rows:
        end = min(rows, begin + next_cut(seen + begin) - (seen + begin))
        yield block if end - begin == rows else block.take(np.arange(begin, end))
        begin = end


class _Candidate(threading.Thread):
    """A profile that is being learned."""

    def __init__(
        self, settings: ProfileSettings, pieces: list[Any], barred: Collection[int]
    ) -> None:
        super().__init__(name="profile", daemon=True)
        self._settings, self._pieces, self._barred = settings, pieces, barred
        self._content = b""
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            most = min(self._settings.categories, CATEGORIES)
            learning = Learning(self._settings.model_copy(update={"categories": most}), OWNERS)
            self._content = learning.guarded(self._pieces, self._barred).to_bytes()
        except BaseException as error:  # noqa: BLE001 (told by `content`, on the thread that judges)
            self._error = error
        self._pieces.clear()

    def content(self) -> bytes:
        """The profile as bytes; waits until it is learned."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._content


class OnlineProfile:
    """The profile that is learned while traffic is judged. One thread; the caller cuts blocks with
    `cut`.

    Attributes:
        seen: Requests so far.
        profile: What judges now, None before the first one.
    """

    def __init__(self, settings: ProfileSettings) -> None:
        self.settings = settings
        self.seen = 0
        self.profile: Profile | None = None
        self._content = b""
        self._scorer: Scorer | None = None
        self._sample = RollingSample(settings)
        self._candidate: _Candidate | bytes | None = None
        self._now = self._takes_over = self._rests_until = NEVER

    def score(self, block: Prepared) -> Unusual | None:
        """What the profile says of requests, None before there is one.

        A profile from few requests cannot call anything rarer than one of them.
        """
        if self._scorer is None or self.profile is None:
            return None
        unusual = self._scorer.score(block.batch)
        rarest = 1.0 / max(float(self.profile.calibration.tail[3]), 1.0)
        return unusual._replace(chance=np.maximum(unusual.chance, rarest))

    def observe(
        self,
        block: Prepared,
        usable: npt.NDArray[np.bool_],
        accused: Callable[[], Collection[int]],
    ) -> bool:
        """Takes note of judged requests; True when another profile judges from now on.

        Args:
            block: A piece that `cut` gave.
            usable: Requests without an attack in them.
            accused: Gives the hashes of the clients that stand accused now; what they sent before
                they did is not learned from either.
        """
        batch = block.batch
        columns = batch.enriched
        ts = batch.numbers["ts"]
        window = ts // WINDOW_US
        self._sample.add(batch, columns["endpoint"], columns["h_client"], usable, window)
        self.seen += len(batch)
        self._now = max(self._now, int(ts.max(initial=NEVER)))
        last = last_learning_point(self.seen)
        is_learning = self.seen == last
        is_new = False
        if self._candidate is not None and (is_learning or self.seen == take_over_point(last)):
            is_new = self._now >= self._takes_over
            if is_new:
                self._use(self._pending())
                self._candidate = None
        kept = self._sample.kept
        is_rested = self._candidate is None and self._now >= self._rests_until
        if is_learning and is_rested and kept >= LEAST_LEARNED:
            self._takes_over = self._now + kept * WAIT_US
            self._rests_until = self._now + kept * REST_US
            self._candidate = _Candidate(self.settings, self._sample.turn(), accused())
            self._candidate.start()
        return is_new

    def is_wanted(self, rows: int, until: int) -> bool:
        """Whether a candidate takes over within the next so many requests.

        Args:
            rows: Number of requests.
            until: Latest time of one of them, µs.
        """
        if self._candidate is None or max(self._now, until) < self._takes_over:
            return False
        return next_cut(self.seen) <= self.seen + rows

    def is_learned(self, timeout_s: float = 0.0) -> bool:
        """Whether no candidate is being learned; waits so long for one."""
        candidate = self._candidate
        if isinstance(candidate, _Candidate):
            candidate.join(timeout_s)
            return not candidate.is_alive()
        return True

    def _pending(self) -> bytes:
        """The candidate as bytes, empty without one; waits until it is learned."""
        if isinstance(self._candidate, _Candidate):
            self._candidate = self._candidate.content()
        return self._candidate or b""

    def _use(self, content: bytes) -> None:
        self._content = content
        self.profile = Profile.from_bytes(content, self.settings)
        self._scorer = Scorer(self.profile)

    def snapshot(self) -> dict[str, Array]:
        """All state as named arrays; waits for a candidate, see `is_learned`."""
        out = {f"sample.{name}": array for name, array in self._sample.snapshot().items()}
        out["seen"] = np.array([self.seen], np.int64)
        out["times"] = np.array([self._now, self._takes_over, self._rests_until], np.int64)
        out["active"] = np.frombuffer(self._content, np.uint8)
        out["candidate"] = np.frombuffer(self._pending(), np.uint8)
        return out

    def restore(self, arrays: Mapping[str, Array]) -> None:
        """Takes over a snapshot."""
        prefix = "sample."
        sample = {
            name.removeprefix(prefix): array
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        self._sample.restore(sample)
        self.seen = int(arrays["seen"][0])
        self._now, self._takes_over, self._rests_until = arrays["times"].tolist()
        self._candidate = arrays["candidate"].tobytes() or None
        if content := arrays["active"].tobytes():
            self._use(content)
