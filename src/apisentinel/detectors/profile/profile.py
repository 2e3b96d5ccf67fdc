"""The learned profile: how unusual a request is for this API, and why."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.calibration import KEPT, Calibration
from apisentinel.detectors.profile.counting import BINS
from apisentinel.detectors.profile.items import Items, Reader
from apisentinel.detectors.profile.knowledge import Answers, Knowledge
from apisentinel.detectors.profile.observe import Observations, Observer
from apisentinel.detectors.profile.properties import PROPERTIES, SET
from apisentinel.detectors.profile.settings import ProfileSettings
from apisentinel.detectors.profile.unusual import Unusual
from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import pack_arrays, take, unpack_arrays
from apisentinel.records.batch import RequestBatch

VERSION = 1
"""Changes when properties, hashes or pooling change; older profiles are refused."""

NOTHING = np.empty(0, np.float64)
ANSWERS = 1 << 14
"""Observations whose surprise is remembered, 36 bytes each: what fits into the cache of a core."""
TOGETHER = 64
"""Requests worked out together: more would be in vain where only one of them is asked for."""
Surprises = npt.NDArray[np.float32]


class Profile:
    """How an API is normally used, learned from its traffic.

    A request has the same surprise in any order and any company. One thread at a time for each
    `Scorer`; the profile itself is read-only.
    """

    def __init__(
        self, knowledge: Knowledge, calibration: Calibration, settings: ProfileSettings
    ) -> None:
        self.knowledge = knowledge
        self.calibration = calibration
        self.settings = settings

    def to_bytes(self) -> bytes:
        """The profile as a part of a bundle."""
        return pack_arrays(
            {
                **self.knowledge.arrays(),
                "quantiles": self.calibration.quantiles,
                "tail": self.calibration.tail,
                "version": np.array([VERSION, PROPERTIES, BINS], np.int64),
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes, settings: ProfileSettings) -> "Profile":
        """The profile that `to_bytes` has written.

        Raises:
            IncompatibleModelError: It is damaged, or made by a version that learned otherwise.
        """
        arrays = unpack_arrays(content)
        if take(arrays, "version", "int64", 3).tolist() != [VERSION, PROPERTIES, BINS]:
            raise IncompatibleModelError(
                "the profile was learned by another version: train it again"
            )
        owners = len(take(arrays, "owner_keys", "uint64", None))
        categories = len(take(arrays, "cat_keys", "uint64", None))
        for name, dtype, *shape in (
            ("ns", "float32", owners, PROPERTIES), ("flags", "uint8", owners),
            ("values", "int32", owners),
            ("owner_actors", "uint32", owners), ("mass", "float32", owners, PROPERTIES, BINS),
            ("counts", "float32", categories), ("cat_actors", "uint32", categories),
            ("prior", "float64", PROPERTIES), ("quantiles", "float64", KEPT),
            ("tail", "float64", 4),
        ):  # fmt: skip
            take(arrays, str(name), str(dtype), *(int(n) for n in shape))
        calibration = Calibration(arrays["quantiles"], arrays["tail"])
        return cls(Knowledge.of(arrays), calibration, settings)


class Scorer:
    """Judges requests with a profile; has work space of its own, so one for each thread."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._reader = Reader()
        self._observer = Observer()
        self._answers = Answers(ANSWERS)
        self.borrower: Details | None = None

    def score(self, batch: RequestBatch) -> Unusual:
        """How unusual each request of a batch is."""
        rows = np.arange(len(batch), dtype=np.int64)
        surprise, known = np.zeros(len(rows), np.float64), np.zeros(len(rows), np.float64)
        what = np.zeros(len(rows), np.uint64)
        knowledge = self.profile.knowledge
        at = 0
        while at < len(rows):
            done, items = self._reader.read(batch, rows[at:])
            numbers = numbers_of(batch, rows[at : at + done])
            start = 0
            while start < done:
                end, seen = self._observer.observe(items, numbers, start, NOTHING, knowledge)
                each = knowledge.surprise(seen, NOTHING, self._answers)
                some = slice(at + start, at + end)
                surprise[some], worst, _ = knowledge.pool(seen, each)
                what[some] = knowledge.names(seen, items.key, worst)
                known[some] = knowledge.weights_of(seen.endpoint, SET)
                start = end
            at += done
        return Unusual(surprise, self.profile.calibration.chance(surprise), what, known)

    def details(
        self, batch: RequestBatch, rows: npt.NDArray[np.int64]
    ) -> tuple[Items, Observations, Surprises]:
        """What is surprising in the first of some requests: their values, the observations, and
        their surprise; valid until the next call.
        """
        done, items = self._reader.read(batch, rows)
        knowledge = self.profile.knowledge
        numbers = numbers_of(batch, rows[:done])
        _, seen = self._observer.observe(items, numbers, 0, NOTHING, knowledge)
        return items, seen, knowledge.surprise(seen, NOTHING, self._answers)


class Details:
    """What is surprising in some requests of a batch, worked out for many of them when one is asked
    for: alone each takes four times as long.
    """

    def __init__(self, scorer: Scorer, batch: RequestBatch, rows: npt.NDArray[np.int64]) -> None:
        """Works nothing out yet.

        Args:
            scorer: Lends its work space.
            batch: The requests.
            rows: Those that may be asked for, rising.
        """
        self.scorer = scorer
        self._batch, self._rows = batch, rows
        self._begin = self._end = 0
        self._found: tuple[Items, Observations, Surprises] | None = None

    def of(self, row: int) -> tuple[Items, Observations, Surprises]:
        """Values, observations and their surprise of one request; valid until somebody else asks.

        Items are those of several requests; the observations say which of them they are about.
        """
        place = int(np.searchsorted(self._rows, row))
        is_here = self._begin <= place < self._end and self.scorer.borrower is self
        if self._found is None or not is_here:
            self._found = self.scorer.details(self._batch, self._rows[place : place + TOGETHER])
            self.scorer.borrower = self
            self._begin, self._end = place, place + len(self._found[1].first) - 1
        items, seen, surprise = self._found
        begin, end = seen.first[place - self._begin : place - self._begin + 2].tolist()
        some = slice(begin, end)
        only = Observations(
            seen.owner[some], seen.parent[some], seen.category[some], seen.property[some],
            seen.item[some], seen.first[:0], seen.endpoint[:0],
        )  # fmt: skip
        return items, only, surprise[some]


def numbers_of(batch: RequestBatch, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Method, status and size of the answer of some requests, int64 ``(rows, 3)``."""
    out: npt.NDArray[Any] = np.empty((len(rows), 3), np.int64)
    out[:, 0] = batch.enriched["method"][rows]
    out[:, 1] = batch.numbers["status"][rows]
    out[:, 2] = batch.numbers["response_bytes"][rows]
    return out
