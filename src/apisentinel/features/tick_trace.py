"""The trace of an entity: what it does, counted request by request, for rows of the ensemble."""

import math

import numpy as np

from apisentinel.features.tick_measures import (
    MOST_BITS,
    ease,
)
from apisentinel.features.tick_record import (
    M_RARITY,
    M_SIZE_Z,
    M_STATUS_BITS,
    M_TEXT_Z,
    M_TIME_Z,
    MOVES,
    NGRAM_CELLS,
    NGRAM_MOST,
    PLACES,
    T_ANSWERED,
    T_API,
    T_ASSETS,
    T_BYTES,
    T_COST,
    T_DENIED,
    T_ERRORS,
    T_FAILED,
    T_INVALID,
    T_LIMITED,
    T_MARKED,
    T_MISSED,
    T_REDIRECTED,
    T_REPEATS,
    T_REQUESTS,
    T_TRIES,
    T_USER,
    T_WRITES,
    TENS,
)
from apisentinel.kernels.compiler import inline
from apisentinel.kernels.hashing import mix
from apisentinel.kernels.sketches import hll_add
from apisentinel.records.flags import (
    PATH_ADMIN,
    PATH_API,
    PATH_ASSET,
    PATH_LOGIN,
    PATH_REGISTER,
)

MOVING = np.float32(1.0 / 16.0)
"""Weight of a new value in the moving averages of an entity, once it has sixteen."""
FAST_GAP = np.float32(math.log2(0.3))
"""Binary logarithm of the shortest gap (s) that people need between two pages."""

ONE_GRAM, TWO_GRAM, THREE_GRAM, TOTAL = (
    np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9), 0,
)  # fmt: skip
"""Salts of the orders of the sequence counts, and the cell with the number of all steps."""

STATUS_TOKENS, RELATION_TOKENS = 4, 4
TOKENS = 8 * STATUS_TOKENS * RELATION_TOKENS * 2
"""Words of the language in which sessions are told to the sequence models: what kind of place, how
it was answered, how it relates to the request before, and whether faster than a person.
"""


@inline
def _cell(salt, a, b, c):
    """Cell of a run of endpoints; cell 0 counts all steps."""
    h = mix(mix(a ^ salt, b), c)
    return 1 + np.int64((h >> np.uint64(20)) % np.uint64(NGRAM_CELLS - 1))


@inline
def step_bits(grams, before, last, now):
    """Surprise (bits) of going to an endpoint after the two before it; the step is then counted.

    References: Jelinek, Mercer, "Interpolated estimation of Markov source parameters from sparse
    data", 1980.
    """
    zero = np.uint64(0)
    one = _cell(ONE_GRAM, now, zero, zero)
    ctx = _cell(TWO_GRAM, last, zero, zero)
    two = _cell(TWO_GRAM, last, now, zero)
    context = _cell(THREE_GRAM, before, last, zero)
    three = _cell(THREE_GRAM, before, last, now)
    total = np.float64(grams[TOTAL])
    p = 0.05 / 256.0 + 0.15 * (np.float64(grams[one]) / (total + 1.0))
    p += 0.3 * np.float64(grams[two]) / (np.float64(grams[ctx]) + 1.0)
    p += 0.5 * np.float64(grams[three]) / (np.float64(grams[context]) + 1.0)
    grams[one] += np.uint32(1)
    grams[ctx] += np.uint32(1)
    grams[two] += np.uint32(1)
    grams[context] += np.uint32(1)
    grams[three] += np.uint32(1)
    grams[TOTAL] += np.uint32(1)
    if grams[TOTAL] > NGRAM_MOST:
        for k in range(NGRAM_CELLS):
            grams[k] >>= np.uint32(1)
    return min(max(np.float32(-np.log2(min(p, 1.0))), np.float32(0.0)), MOST_BITS)


@inline
def start_trace(r, key, e):
    """Empties a record that an entity takes over."""
    r.key = key
    r.first = e.ts
    r.last = e.ts
    r.last_endpoint = 0
    r.before_last = 0
    r.last_path = 0
    r.object_id = -1
    r.last_page = 0
    r.second = -1
    r.n = 0
    r.ticked = 0
    r.window = -1
    r.hours = 0
    r.minute = 0.0
    r.sensitive = 0.0
    for k in range(TENS):
        r.ten[k] = 0.0
    r.gaps = 0
    r.gap_mean = 0.0
    r.gap_square = 0.0
    r.gap_cross = 0.0
    r.gap_last = 0.0
    r.gap_steady = 0.0
    r.gap_fast = 0.0
    r.gap_longest = 0.0
    r.steps = 0
    r.walk = 0.0
    r.jump = 0.0
    r.moves_n = 0
    r.step_bits = 0.0
    r.step_high = 0.0
    r.rarity = 0.0
    r.status_bits = 0.0
    r.sized = 0
    r.size_z = 0.0
    r.size_mean = 0.0
    r.size_square = 0.0
    r.timed = 0
    r.time_z = 0.0
    r.time_mean = 0.0
    r.text_z = 0.0
    r.seen_count = 0
    r.agent_flags = 0
    for k in range(32):
        r.endpoints[k] = 0
        r.objects[k] = 0
    for k in range(16):
        r.accounts[k] = 0
        r.agents[k] = 0
    for k in range(64):
        r.seen[k] = 0
    for k in range(PLACES):
        r.places[k] = 0
    for k in range(MOVES):
        r.moves[k] = 0
    for k in range(r.voiced.shape[0]):
        r.voiced[k] = 255


@inline
def bump(histogram, at):
    """One more in a histogram of bytes; all are halved when one is full."""
    if histogram[at] == 255:
        for k in range(histogram.shape[0]):
            histogram[k] >>= 1
    histogram[at] += np.uint8(1)


@inline
def weight_of(count):
    """Weight of a new value in a moving average that has seen so many."""
    return max(np.float32(1.0) / np.float32(count), MOVING)


@inline
def count_gap(r, ts):
    """Pace: the logarithm of the time since the page before."""
    if r.last_page > 0:
        gap = np.float32(np.log2(np.float64(max(ts - r.last_page, 1_000)) * 1e-6))
        r.gaps += 1
        w = weight_of(r.gaps)
        if r.gaps > 1:
            steady = abs(gap - r.gap_last) < np.float32(0.14)
            r.gap_steady = ease(r.gap_steady, np.float32(steady), w)
            cross = (gap - r.gap_mean) * (r.gap_last - r.gap_mean)
            r.gap_cross = ease(r.gap_cross, cross, w)
        r.gap_mean = ease(r.gap_mean, gap, w)
        r.gap_square = ease(r.gap_square, gap * gap, w)
        r.gap_fast = ease(r.gap_fast, np.float32(gap < FAST_GAP), w)
        r.gap_longest = gap if r.gaps == 1 else max(r.gap_longest, gap)
        r.gap_last = gap
    r.last_page = ts


@inline
def count_walk(r, e, same_endpoint):
    """Steps through numbers: the same small step again and again, or jumps."""
    if e.object_id < 0:
        return
    if r.object_id >= 0 and same_endpoint and e.object_id != r.object_id:
        size = np.float64(abs(e.object_id - r.object_id))
        r.steps += 1
        w = weight_of(r.steps)
        r.walk = ease(r.walk, np.float32(size <= 3.0), w)
        r.jump = ease(r.jump, np.float32(np.log2(size)), w)
    r.object_id = e.object_id


@inline
def count_request(r, e, m, marked, page):
    """The counters of ten minutes and the moving averages."""
    ten = r.ten
    one = np.float32(1.0)
    asset = e.path_flags & PATH_ASSET != 0
    ten[T_REQUESTS] += one
    ten[T_ASSETS] += np.float32(asset)
    ten[T_API] += np.float32(e.path_flags & PATH_API != 0)
    ten[T_REPEATS] += np.float32(e.path == r.last_path)
    ten[T_WRITES] += np.float32(3 <= e.method <= 6)
    ten[T_USER] += np.float32(e.user != 0)
    ten[T_MARKED] += np.float32(marked != 0)
    status = e.status
    if status > 0:
        ten[T_ANSWERED] += one
        if status >= 400:
            if status == 401 or status == 403:
                ten[T_DENIED] += one
            elif status == 404 or status == 410:
                ten[T_MISSED] += one
            elif status == 429:
                ten[T_LIMITED] += one
            elif status < 500:
                ten[T_INVALID] += one
            else:
                ten[T_ERRORS] += one
        elif status >= 300:
            ten[T_REDIRECTED] += one
    if e.login != 0:
        ten[T_TRIES] += one
        ten[T_FAILED] += np.float32(e.login == 1)
        account = e.account if e.account != 0 else e.user
        if account != 0:
            hll_add(r.accounts, account)
    ten[T_BYTES] += np.float32(max(e.response_bytes, 0))
    ten[T_COST] += np.float32(max(e.duration_us, 0))
    r.sensitive += np.float32(e.sensitive != 0)
    r.agent_flags |= e.agent_flags
    if e.agent != 0:
        hll_add(r.agents, e.agent)
    if e.object != 0:
        hll_add(r.objects, e.object)
    w = weight_of(r.n)
    r.rarity = ease(r.rarity, m[M_RARITY], w)
    r.status_bits = ease(r.status_bits, m[M_STATUS_BITS], w)
    r.text_z = ease(r.text_z, m[M_TEXT_Z], w)
    if page and e.response_bytes >= 0:
        value = np.float32(np.log2(np.float64(e.response_bytes) + 1.0))
        r.sized += 1
        w = weight_of(r.sized)
        r.size_z = ease(r.size_z, m[M_SIZE_Z], w)
        r.size_mean = ease(r.size_mean, value, w)
        r.size_square = ease(r.size_square, value * value, w)
    if e.duration_us >= 0:
        r.timed += 1
        w = weight_of(r.timed)
        r.time_z = ease(r.time_z, m[M_TIME_Z], w)
        value = np.float32(np.log2(np.float64(e.duration_us) + 1.0))
        r.time_mean = ease(r.time_mean, value, w)


@inline
def token_of(e, relation, fast):
    """Word of the sequence models for a request; see `TOKENS`."""
    flags = e.path_flags
    place = 0
    if flags & PATH_LOGIN:
        place = 1
    elif flags & PATH_REGISTER:
        place = 2
    elif flags & PATH_ADMIN:
        place = 3
    elif e.object_id >= 0:
        place = 4 if e.method == 1 else 5
    elif 3 <= e.method <= 6:
        place = 6
    elif flags & PATH_API:
        place = 7
    answer = 0
    if e.status >= 500:
        answer = 3
    elif e.status >= 400:
        answer = 2
    elif e.status >= 300:
        answer = 1
    return ((place * STATUS_TOKENS + answer) * RELATION_TOKENS + relation) * 2 + fast
