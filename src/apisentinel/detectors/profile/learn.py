"""Learns a profile from a sample that may hold attacks."""

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.calibration import Calibration
from apisentinel.detectors.profile.counting import FEW_ACTORS
from apisentinel.detectors.profile.gate import admitted
from apisentinel.detectors.profile.items import Items
from apisentinel.detectors.profile.knowledge import Knowledge
from apisentinel.detectors.profile.observe import Observations, Observer
from apisentinel.detectors.profile.places import MAX_SEGMENTS
from apisentinel.detectors.profile.profile import Profile
from apisentinel.detectors.profile.sample import Piece, Sample, joined_pieces
from apisentinel.detectors.profile.settings import ProfileSettings

LEAST_NAMES, SINGLE_SHARE, MOST_NAMES = 10, 0.2, 100
"""When segments name things: at least 10 different ones and a fifth of the requests with a new
one, or 100 different ones.
"""
UNKNOWN = 2.0
"""Marks that nothing is known yet; see `Observer.observe`."""
OWNERS = 1 << 15
"""Endpoints, parameters, places in paths and headers of which habits are kept."""
LEFT_OUT = 0.2
"""Weight of what was left out when chances are worked out: ordinary requests are among it, and
claiming too much for an ordinary request is worse than claiming too little for an attack.
"""
BODY = (0.75, 0.93, 0.99)
"""Quantiles between which the decay of the surprise of ordinary requests is measured."""
LEAST_DECAY = 0.15
LEAST_REQUESTS = 50
"""Fewer requests have no tail that could be told from an attack."""
ROUNDS = 2
"""How often the most unusual requests are left out and the rest is learned anew."""


class Learning:
    """Turns a sample into a profile: the tree of paths first, then the habits, twice without the
    most unusual requests.

    Attributes:
        left_out: Requests of the sample that were not learned from.
    """

    def __init__(self, settings: ProfileSettings, owners: int = OWNERS) -> None:
        self.settings = settings
        self.owners = owners
        self.left_out = 0
        self._observer = Observer()

    def profile(self, sample: Sample, on_step: Callable[[str], None] = lambda _: None) -> Profile:
        """The profile of everything in the sample."""
        whole = sample.whole()
        weights = _weights(whole.actors, whole.endpoints, self.settings.actor_share)
        return self._learned(whole, weights, on_step)

    def guarded(self, pieces: Sequence[Piece], barred: Collection[int]) -> Profile:
        """The profile of requests that came in unwatched: past the learning gate, and without
        clients that stand accused by now.
        """
        whole = joined_pieces(pieces)
        weights = _weights(whole.actors, whole.endpoints, self.settings.actor_share)
        weights[np.isin(whole.actors, np.array(sorted(barred), np.uint64))] = 0.0
        weights = admitted(weights, whole.endpoints, whole.actors, whole.windows)
        return self._learned(whole, weights, lambda _: None)

    def _learned(
        self, whole: Piece, weights: npt.NDArray[np.float64], on_step: Callable[[str], None]
    ) -> Profile:
        items, numbers, actors = whole.items, whole.numbers, whole.actors
        bits = np.where(
            actors != 0, np.uint32(1) << (actors % np.uint64(32)).astype(np.uint32), np.uint32(0)
        ).astype(np.uint32)
        knowledge = Knowledge(self.settings.categories, self.owners)
        on_step("paths")
        for depth in range(MAX_SEGMENTS + 1):
            before = int(knowledge.used[1])
            for start, end, seen in self._passes(items, numbers, knowledge, None):
                knowledge.count(seen, weights[start:end], bits[start:end], depth)
            knowledge.open_places(LEAST_NAMES, SINGLE_SHARE, MOST_NAMES)
            if int(knowledge.used[1]) == before:
                break
        on_step("parameters")
        for start, end, seen in self._passes(items, numbers, knowledge, None):
            knowledge.count(seen, weights[start:end], bits[start:end])
        knowledge.settle()
        weights = self._trimmed(items, numbers, weights, knowledge, on_step)
        on_step("calibration")
        surprise = self._surprise(items, numbers, weights, knowledge)
        calibration = Calibration.fit(surprise, np.where(weights > 0, weights, LEFT_OUT))
        return Profile(knowledge, calibration, self.settings)

    def _trimmed(
        self,
        items: Items,
        numbers: npt.NDArray[np.int64],
        weights: npt.NDArray[np.float64],
        knowledge: Knowledge,
        on_step: Callable[[str], None],
    ) -> npt.NDArray[np.float64]:
        """Leaves out what may be attacks. Weights after it.

        First the most unusual requests leave, until they are the most unusual for what is known
        from the others; then those come back that are not more unusual than the rest lets expect.
        """
        used = weights
        for round_ in range(ROUNDS + 1):
            on_step("trimming")
            surprise = self._surprise(items, numbers, used, knowledge)
            if round_ < ROUNDS:
                cut = share_cut(surprise, self.settings.trim)
            else:
                cut = tail_cut(surprise, used)
            wanted = np.where(surprise > cut, 0.0, weights)
            change = wanted - used
            for start, end, seen in self._passes(items, numbers, knowledge, None):
                part = np.ascontiguousarray(change[start:end])
                if not part.any():
                    continue
                nobody = np.zeros(end - start, np.uint32)
                for depth in (-1, *range(MAX_SEGMENTS + 1)):
                    knowledge.count(seen, part, nobody, depth)
            used = wanted
            knowledge.settle()
        self.left_out = int(np.count_nonzero(used < weights))
        return used

    def _surprise(
        self,
        items: Items,
        numbers: npt.NDArray[np.int64],
        weights: npt.NDArray[np.float64],
        knowledge: Knowledge,
    ) -> npt.NDArray[np.float64]:
        """Surprise of each request for what is known from all others."""
        out = np.zeros(len(weights), np.float64)
        for start, end, seen in self._passes(items, numbers, knowledge, weights):
            each = knowledge.surprise(seen, weights[start:end])
            out[start:end] = knowledge.pool(seen, each)[0]
        return out

    def _passes(
        self,
        items: Items,
        numbers: npt.NDArray[np.int64],
        knowledge: Knowledge,
        weights: npt.NDArray[np.float64] | None,
    ) -> Iterator[tuple[int, int, Observations]]:
        """Observations of the whole sample, some requests at a time."""
        rows = len(items.first) - 1
        used = np.full(rows, UNKNOWN) if weights is None else weights
        start = 0
        while start < rows:
            end, seen = self._observer.observe(items, numbers, start, used, knowledge)
            yield start, end, seen
            start = end


def share_cut(surprise: npt.NDArray[np.float64], share: float) -> float:
    """Surprise beyond which `share` of the requests are."""
    if len(surprise) < LEAST_REQUESTS or share <= 0.0:
        return np.inf
    return float(np.quantile(surprise, 1.0 - share, method="higher"))


def tail_cut(surprise: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    """Surprise beyond which hardly one ordinary request is expected, judged by the decay of those
    that were learned from.
    """
    used = surprise[weights > 0]
    if len(used) < LEAST_REQUESTS:
        return np.inf
    low, middle, high = np.quantile(used, BODY).tolist()
    scale = max(
        (middle - low) / np.log((1 - BODY[0]) / (1 - BODY[1])),
        (high - middle) / np.log((1 - BODY[1]) / (1 - BODY[2])),
        LEAST_DECAY,
    )
    return float(
        max(
            middle + scale * np.log(max((1 - BODY[1]) * len(used), 1.0)),
            high + scale * np.log(max((1 - BODY[2]) * len(used), 1.0)),
        )
    )


def _weights(
    actors: npt.NDArray[np.uint64], endpoints: npt.NDArray[np.uint64], share: float
) -> npt.NDArray[np.float64]:
    """Weight of each request: one client has no more than its share of an endpoint, where there are
    several.
    """
    weights = np.ones(len(actors), np.float64)
    if not len(actors):
        return weights
    pairs, which, counts = np.unique(
        np.stack([endpoints, actors], axis=1), axis=0, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)
    ends, of, totals = np.unique(endpoints, return_inverse=True, return_counts=True)
    of = of.reshape(-1)
    clients = np.bincount(np.searchsorted(ends, pairs[:, 0]), minlength=len(ends))
    most = np.maximum(share * totals, 1.0)[of]
    limited = (clients[of] >= FEW_ACTORS) & (actors != 0)
    weights[limited] = np.minimum(1.0, most / counts[which])[limited]
    return weights
