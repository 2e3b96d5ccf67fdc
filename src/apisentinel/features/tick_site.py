"""Features against what is usual on this very site.

What is a long pause or a wide walk depends on the kind of site: devices wait for minutes, shoppers
for seconds. Each of these features is counted in spreads from the median of those entities of the
same kind, people apart from programs, that were seen here before. Nothing is kept by entity: the
site keeps a histogram of each feature.
"""

import math

import numpy as np
import numpy.typing as npt

from apisentinel.features import catalogue
from apisentinel.features.tick_record import PEER_GROUPS, TICK
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.records.feature import Feature

SITE_BINS = 64
"""Cells of a histogram. The first holds what is not above the range, the last what is not below
its end, so that a share that is nearly always 0 has a median of 0.
"""
SITE_MOST = np.float32(50_000.0)
"""Voices after which a histogram is halved, so that the site can change."""
FEWEST_VOICES = np.float32(30.0)
"""Voices below which nothing is usual: the feature is missing. As many as peers must be known."""
FIRST_LOOK, LOOK_SHARE, LONGEST_LOOK = 30, 8, 1_000
"""Median and spread are read anew after the first 30 voices, then after an eighth more, and at
least after every 1,000: between two readings they stand still, so that a tick costs little.
"""
FARTHEST = np.float32(12.0)
"""Spreads at which a feature is cut; models cut there as well."""
LEAST_SPREAD, LEAST_SHARE = np.float32(1e-3), np.float32(0.02)
"""Spread of what is always the same: a fiftieth of the median, or of 1."""
NORMAL_WIDTH = np.float32(2.56)
"""Standard deviations between the 10 % and the 90 % quantile of a normal distribution."""

LOW, HIGH = 0.1, 0.9
_RANGES: dict[str, tuple[float, float]] = {
    "gap": (-8.0, 18.0), "gap_longest": (-8.0, 20.0), "burst": (-4.0, 4.0),
    "gap_rhythm": (-1.0, 1.0), "gap_spread": (0.0, 8.0), "size_spread": (0.0, 8.0),
    "walk_jump": (0.0, 40.0), "size_z": (-8.0, 8.0), "time_z": (-8.0, 8.0),
    "parameter_anomaly": (0.0, 8.0), "gap_steady": (0.0, 1.0), "gap_fast": (0.0, 1.0),
    "endpoint_entropy": (0.0, 4.0), "sequence_entropy": (0.0, 4.0),
}  # fmt: skip


def range_of(item: Feature) -> tuple[float, float]:
    """Where the histogram of a feature begins and ends, in the unit of the tick.

    Example:
        >>> range_of(catalogue.feature("repeat_share")), range_of(catalogue.feature("step_bits"))
        ((0.0, 1.0), (0.0, 12.0))
    """
    if item.name in _RANGES:
        return _RANGES[item.name]
    if item.name.endswith("share"):
        return 0.0, 1.0
    return 0.0, 12.0  # bits, and logarithms of counts


SITE = len(catalogue.SITE)
SITE_PLACES: npt.NDArray[np.int64] = np.array(
    [catalogue.INDEX[name] for name in catalogue.SITE], np.int64
)
FIRST_SITE = catalogue.INDEX[f"{catalogue.SITE[0]}{catalogue.SITE_SUFFIX}"]
_ENDS = [range_of(catalogue.feature(name)) for name in catalogue.SITE]
SITE_LOW: npt.NDArray[np.float32] = np.array([low for low, _ in _ENDS], np.float32)
SITE_WIDTH: npt.NDArray[np.float32] = np.array(
    [(high - low) / (SITE_BINS - 2) for low, high in _ENDS], np.float32
)
"""Width of a cell between the first and the last."""
MIDDLE, PER_SPREAD = 0, 1
"""Columns of what is read off a histogram: median, and 1 / spread; 0 while too few are known."""
VOICES, NEXT_LOOK = 0, 1
"""Columns of the counts of a group."""
MISSING = np.float32(math.nan)


@inline
def _quantile_of(cells, share, low, width):
    """A quantile of a histogram; cells in between are taken for even.

    Args:
        cells: float32 ``(SITE_BINS + 1,)``, the last is the sum of the others.
        share: 0 to 1.
        low: End of the first cell.
        width: Of the cells in between.
    """
    wanted = share * np.float64(cells[SITE_BINS])
    below = np.float64(cells[0])
    if below >= wanted:
        return low
    for b in range(1, SITE_BINS - 1):
        held = np.float64(cells[b])
        if held > 0.0 and below + held >= wanted:
            inside = (wanted - below) / held
            return low + width * np.float32(np.float64(b - 1) + inside)
        below += held
    return low + width * np.float32(SITE_BINS - 2)


@kernel(
    "void(TICK[::1], float32[:,::1], int64[::1], int64, float32[::1], float32[::1],"
    " float32[:,:,::1], float32[:,:,::1], int64[:,::1])",
    TICK=TICK,
)
def compare_with_site(ticks, matrix, places, first, lows, widths, cells, usual, counts):
    """Writes the features against the site, tick by tick, and counts the voices.

    An entity has one voice in ten minutes, that of its first tick in them. Each tick is compared
    with what was read off before it.

    Args:
        ticks: `TICK` ``(n,)``; those of one kind are in the order of the requests.
        matrix: float32 ``(n, features)``, columns from `first` on are written.
        places: int64 ``(SITE,)``, columns that are compared.
        first: First column that is written.
        lows, widths: float32 ``(SITE,)``, of the histograms.
        cells: float32 ``(PEER_GROUPS, SITE, SITE_BINS + 1)``, histograms and their sums.
        usual: float32 ``(PEER_GROUPS, SITE, 2)``, median and 1 / spread.
        counts: int64 ``(PEER_GROUPS, 2)``, voices and at how many to read anew.

    Cost: about 0.1 µs a tick, 0.2 one with a voice.
    """
    for i in range(ticks.shape[0]):
        group = np.int64(ticks[i].kind) * 2 + np.int64(ticks[i].people)
        speaks = ticks[i].voice != 0
        for k in range(places.shape[0]):
            value = matrix[i, places[k]]
            if value != value:
                matrix[i, first + k] = MISSING
                continue
            known = usual[group, k]
            if known[PER_SPREAD] > 0.0:
                far = (value - known[MIDDLE]) * known[PER_SPREAD]
                matrix[i, first + k] = min(max(far, -FARTHEST), FARTHEST)
            else:
                matrix[i, first + k] = MISSING
            if not speaks:
                continue
            own = cells[group, k]
            at = 0
            if value > lows[k]:
                inside = (value - lows[k]) / widths[k]
                at = 1 + np.int64(min(inside, np.float32(SITE_BINS - 2)))
            own[at] += np.float32(1.0)
            own[SITE_BINS] += np.float32(1.0)
            if own[SITE_BINS] > SITE_MOST:
                total = np.float32(0.0)
                for b in range(SITE_BINS):
                    own[b] *= np.float32(0.5)
                    total += own[b]
                own[SITE_BINS] = total
        if speaks:
            count = counts[group]
            count[VOICES] += 1
            if count[VOICES] >= max(count[NEXT_LOOK], FIRST_LOOK):
                more = min(max(count[VOICES] // LOOK_SHARE, 10), LONGEST_LOOK)
                count[NEXT_LOOK] = count[VOICES] + more
                for k in range(places.shape[0]):
                    own = cells[group, k]
                    if own[SITE_BINS] < FEWEST_VOICES:
                        continue
                    middle = _quantile_of(own, 0.5, lows[k], widths[k])
                    width = _quantile_of(own, HIGH, lows[k], widths[k]) - _quantile_of(
                        own, LOW, lows[k], widths[k]
                    )
                    least = LEAST_SHARE * max(abs(middle), np.float32(1.0)) + LEAST_SPREAD
                    usual[group, k, MIDDLE] = middle
                    usual[group, k, PER_SPREAD] = np.float32(1.0) / (width / NORMAL_WIDTH + least)


class SiteState:
    """What is usual on a site. Equal ticks in equal order of each kind give equal features,
    whatever the size of the blocks. Not thread-safe. 140 KB.
    """

    def __init__(self) -> None:
        self.cells = np.zeros((PEER_GROUPS, SITE, SITE_BINS + 1), np.float32)
        self.usual = np.zeros((PEER_GROUPS, SITE, 2), np.float32)
        self.counts = np.zeros((PEER_GROUPS, 2), np.int64)

    def compare(self, ticks: npt.NDArray[np.void], matrix: npt.NDArray[np.float32]) -> None:
        """Writes the columns of a block of ticks; see `compare_with_site`."""
        compare_with_site(
            ticks, matrix, SITE_PLACES, FIRST_SITE, SITE_LOW, SITE_WIDTH, self.cells, self.usual,
            self.counts,
        )  # fmt: skip
