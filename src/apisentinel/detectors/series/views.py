"""The kernel of the series detector: five views of a metric, each with the tail of its own past.

References:
    A. Lavin and S. Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", ICMLA 2015: judging
    a stream by the tail of its own recent scores.
    Q. Liu and J. Paparrizos, "The Elephant in the Room" (TSB-AD), NeurIPS 2024: simple statistics
    beat deep models on single series.
    J. Pickands, "Statistical inference using extreme order statistics", 1975: exceedances over a
    high threshold, here with shape 0.
"""

import numpy as np

from apisentinel.kernels.compiler import inline, kernel

HISTORY = 8_000
"""Values remembered of a series: four weeks at five minutes, which holds several seasons and bounds
both memory (0.9 MB) and time (about 40 µs a value).
"""
LEVELS = np.array([1, 4, 32], np.int64)
"""Values in the running means that are compared with their own median: spike, burst, shift."""
DIFFERENCE, SEASON, VIEWS = 3, 4, 5
"""Numbers of the other views: the step from the value before, and the distance from the same time
of other days.
"""
LEAST_HISTORY = 60
"""Values before which a view says nothing."""
TAIL_SHARE, LEAST_TAIL = 0.02, 10
"""Share of the past that the tail is fitted to, and its smallest number of values."""
MOST_SURPRISE = 26.0
"""A value can be no more surprising than 1 : 10^26."""
DAYS, NEAR_US = 14, 4_000_000_000
"""Days that tell what is usual at a time of day, and how near a value must be to count, µs."""
DAY_US = 86_400_000_000
RECENT = 200
"""Values whose median stands in for the time of day while there are no other days."""
NEIGHBOURS = 3
"""Values around the same time of another day that are taken together."""


@inline
def place_in(values, count, x):
    """Index of the first of `count` rising values that is not below `x`."""
    low, high = np.int64(0), np.int64(count)
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


@inline
def exchange(values, count, gone, come, is_full):
    """Puts a value into rising order, in place of another when the row is full."""
    if is_full:
        hole = place_in(values, count, gone)
    else:
        hole = np.int64(count)
    while hole > 0 and values[hole - 1] > come:
        values[hole] = values[hole - 1]
        hole -= 1
    last = np.int64(count - 1) if is_full else np.int64(count)
    while hole < last and values[hole + 1] < come:
        values[hole] = values[hole + 1]
        hole += 1
    values[hole] = come


@inline
def middle_of(values, count):
    """Median of rising values."""
    half = np.int64(count) >> 1
    return values[half] if count & 1 else 0.5 * (values[half - 1] + values[half])


@inline
def surprise(values, count, x):
    """``-log10 P(X >= x)`` from rising values; beyond the last ones by an exponential tail."""
    if count < LEAST_HISTORY:
        return 0.0
    tail = max(np.int64(LEAST_TAIL), np.int64(TAIL_SHARE * count))
    as_high = np.int64(count) - place_in(values, count, x)
    if as_high >= tail:
        return -np.log10((as_high + 1.0) / (count + 1.0))
    threshold = values[count - tail - 1]
    excess = 0.0
    for i in range(count - tail, count):
        excess += values[i] - threshold
    scale = excess / tail + 1e-12 * abs(threshold) + 1e-300
    decades = -np.log10(tail / count) + (x - threshold) / scale / np.log(10.0)
    return min(decades, MOST_SURPRISE)


@inline
def usual_at(times, values, n, now, scratch):
    """Median of the values at this time of other days; of the latest values without other days.

    `times` and `values` are rings of `HISTORY` cells, `n` values were ever put in.
    """
    held = min(np.int64(n), np.int64(HISTORY))
    first = np.int64(n) - held
    count = np.int64(0)
    for day in range(1, DAYS + 1):
        wanted = now - day * np.int64(DAY_US)
        if held == 0 or wanted < times[first % HISTORY]:
            break
        low, high = first, np.int64(n)
        while low < high:
            middle = (low + high) >> 1
            if times[middle % HISTORY] < wanted:
                low = middle + 1
            else:
                high = middle
        for i in range(max(first, low - 1), min(np.int64(n), low + NEIGHBOURS - 1)):
            if abs(times[i % HISTORY] - wanted) < NEAR_US:
                scratch[count] = values[i % HISTORY]
                count += 1
    if count < NEIGHBOURS:
        count = min(held, np.int64(RECENT))
        for i in range(count):
            scratch[i] = values[(np.int64(n) - 1 - i) % HISTORY]
    if count == 0:
        return np.nan
    for i in range(1, count):
        x = scratch[i]
        j = i
        while j > 0 and scratch[j - 1] > x:
            scratch[j] = scratch[j - 1]
            j -= 1
        scratch[j] = x
    return middle_of(scratch, count)


@inline
def put(ring, rising, n, x):
    """Adds a value to a ring and to the same values in rising order."""
    at = np.int64(n) % HISTORY
    exchange(rising, min(np.int64(n), np.int64(HISTORY)), ring[at], x, n >= HISTORY)
    ring[at] = x


@kernel(
    "void(int64[::1], float64[::1], int64[::1], int64[::1], float64[:,::1], float64[:,::1],"
    " float64[:,::1], float64[:,::1], float64[::1], float64[:,::1])"
)
def judge_values(
    ts, values, seen, times, rings, risen, surprises_of, risen_surprises, scratch, out
):
    """Surprise of each value in each view, in order; the state continues where it was left.

    Args:
        ts: Times, µs; one before its forerunner counts as simultaneous.
        values: Finite values.
        seen: int64 ``(1,)``: values ever taken.
        times: Ring of `HISTORY` times.
        rings: ``(1 + levels, HISTORY)``: the values and their running means.
        risen: ``(levels, HISTORY)``: the running means in rising order.
        surprises_of: ``(VIEWS, HISTORY)``: what each view measured.
        risen_surprises: The same in rising order.
        scratch: `RECENT` cells of work space.
        out: ``(n, VIEWS)``: ``-log10 p``, 0 while little is known.

    Cost: about 40 µs a value with a full history.
    """
    for row in range(len(values)):
        n = seen[0]
        x = values[row]
        held = min(n, np.int64(HISTORY))
        now = ts[row]
        if n > 0:
            now = max(now, times[(n - 1) % HISTORY])
        usual = usual_at(times, rings[0], n, now, scratch)
        before = rings[0, (n - 1) % HISTORY] if n > 0 else x
        rings[0, n % HISTORY] = x
        times[n % HISTORY] = now
        for view in range(VIEWS):
            if view < DIFFERENCE:
                width = min(LEVELS[view], n + 1)
                total = 0.0
                for i in range(width):
                    total += rings[0, (n - i) % HISTORY]
                mean = total / width
                put(rings[1 + view], risen[view], n, mean)
                measured = abs(mean - middle_of(risen[view], min(n + 1, np.int64(HISTORY))))
            elif view == DIFFERENCE:
                measured = abs(x - before)
            else:
                measured = abs(x - usual) if usual == usual else 0.0
            out[row, view] = surprise(risen_surprises[view], held, measured)
            put(surprises_of[view], risen_surprises[view], n, measured)
        seen[0] = n + 1
