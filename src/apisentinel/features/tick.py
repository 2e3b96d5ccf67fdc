"""Ticks: snapshots of entities for the ensemble, taken now and then while requests are counted.

Two kernels run behind those of the actors: the first says for each request how it looks against its
endpoint and the site, the second keeps a trace per entity and writes a row of features where one is
due. Neither reads a record of another kernel, so the rows depend on the requests alone and not on
how they are cut into blocks.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.features import catalogue
from apisentinel.features.events import EVENT
from apisentinel.features.tick_measures import ease
from apisentinel.features.tick_record import (
    M_HOUR_BITS,
    MOVES,
    PEER_BINS,
    PEER_MOST,
    PLACES,
    SEEN_LIMIT,
    T_ANSWERED,
    T_API,
    T_ASSETS,
    T_BYTES,
    T_COST,
    T_DENIED,
    T_ERRORS,
    T_FAILED,
    T_FRESH,
    T_FRESH_ENDPOINTS,
    T_INVALID,
    T_LIMITED,
    T_MARKED,
    T_MISSED,
    T_PAGES,
    T_REDIRECTED,
    T_REFERRED,
    T_REPEATS,
    T_REQUESTS,
    T_TRIES,
    T_USER,
    T_WRITES,
    TENS,
    TICK,
    TRACE,
)
from apisentinel.features.tick_trace import (
    FAST_GAP,
    bump,
    count_gap,
    count_request,
    count_walk,
    start_trace,
    step_bits,
    token_of,
    weight_of,
)
from apisentinel.kernels.bytes import prefetch
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import mix
from apisentinel.kernels.sketches import bloom_add, decay_factor, hll_add, hll_estimate
from apisentinel.records.flags import (
    AGENT_HEADLESS,
    AGENT_INCONSISTENT,
    PATH_ASSET,
    PATH_FETCHED_BY_ITSELF,
    PATH_HEALTH,
)
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

BROWSER, MOBILE = AGENT_KINDS.index(AgentKind.BROWSER), AGENT_KINDS.index(AgentKind.MOBILE_APP)

AHEAD = 6
"""Events between asking for a trace and using it."""
TRACE_LINES = TRACE.itemsize // 64 + 1

EVERY, EVERY_EARLY, EARLY = 8, 4, 12
"""Requests between two ticks of an entity; fewer among its first ones."""
EVERY_RUSH = 64
"""Requests after which a tick is due although no second has passed."""

TEN_US, HOUR_US, MINUTE_US = 600_000_000, 3_600_000_000, 60_000_000
MISSING = np.float32(math.nan)

C_LOG_C: npt.NDArray[Any] = np.array([0.0] + [c * math.log2(c) for c in range(1, 256)], np.float32)
"""c · log2 c for the entropy of histograms of bytes."""

PEER_PLACES: npt.NDArray[Any] = np.array(
    [catalogue.INDEX[name] for name in catalogue.PEERS], np.int64
)
PEER_SCALE: npt.NDArray[Any] = np.array(
    [
        {"log1p": 3.0 if name in ("bytes_10m", "cost_10m") else 5.0}.get(
            catalogue.feature(name).scale, 40.0 if name.endswith("share") else 8.0
        )
        for name in catalogue.PEERS
    ],
    np.float32,
)
"""Bins of a peer histogram per unit of the feature."""
PEERS, FIRST_PEER = len(catalogue.PEERS), catalogue.INDEX[f"{catalogue.PEERS[0]}_peers"]


@inline
def _entropy(histogram):
    """Entropy of a histogram of bytes, bits."""
    total = 0
    weighted = np.float32(0.0)
    for k in range(histogram.shape[0]):
        total += histogram[k]
        weighted += C_LOG_C[histogram[k]]
    if total == 0:
        return np.float32(0.0)
    return np.float32(np.log2(np.float64(total))) - weighted / np.float32(total)


@inline
def _write(r, e, m, out):
    """The own features of an entity, in the order of the catalogue."""
    ten = r.ten
    n = max(ten[T_REQUESTS], np.float32(1e-3))
    pages = max(ten[T_PAGES], np.float32(1e-3))
    answered = ten[T_ANSWERED]
    gap_known = r.gaps >= 3
    spread = max(r.gap_square - r.gap_mean * r.gap_mean, np.float32(0.0))
    # pace
    out[0] = np.float32(np.log1p(r.minute))
    out[1] = np.float32(np.log1p(ten[T_REQUESTS]))
    out[2] = np.float32(
        np.log2((np.float64(r.minute) * 10.0 + 1.0) / (np.float64(ten[T_REQUESTS]) + 1.0))
    )
    out[3] = r.gap_mean if gap_known else MISSING
    out[4] = np.sqrt(spread) if gap_known else MISSING
    out[5] = r.gap_steady if gap_known else MISSING
    out[6] = r.gap_cross / (spread + np.float32(0.1)) if gap_known else MISSING
    out[7] = r.gap_fast if gap_known else MISSING
    out[8] = r.gap_longest if gap_known else MISSING
    out[9] = np.float32(np.log1p(np.float64(max(e.ts - r.first, 0)) * 1e-6))
    out[10] = np.float32(np.log1p(np.float64(r.n)))
    # order
    out[11] = ten[T_ASSETS] / n
    out[12] = ten[T_API] / n
    out[13] = ten[T_FRESH] / pages
    out[14] = np.float32(np.log1p(ten[T_FRESH]))
    out[15] = ten[T_FRESH_ENDPOINTS] / n
    out[16] = np.float32(np.log1p(hll_estimate(r.endpoints)))
    entropy = _entropy(r.places)
    out[17] = entropy
    out[18] = max(_entropy(r.moves) - entropy, np.float32(0.0))
    out[19] = ten[T_REPEATS] / n
    known = r.moves_n > 0
    out[20] = r.step_bits if known else MISSING
    out[21] = r.step_high if known else MISSING
    out[22] = r.rarity
    out[23] = ten[T_WRITES] / n
    out[24] = ten[T_REFERRED] / pages
    objects = np.float32(hll_estimate(r.objects))
    out[25] = np.float32(np.log1p(objects))
    out[26] = objects / np.float32(r.n)
    out[27] = r.walk if r.steps > 0 else MISSING
    out[28] = r.jump if r.steps > 0 else MISSING
    # replies
    if answered > np.float32(1e-3):
        bad = ten[T_DENIED] + ten[T_MISSED] + ten[T_INVALID] + ten[T_ERRORS] + ten[T_LIMITED]
        out[29] = np.float32(1.0) - bad / answered
        out[30] = ten[T_DENIED] / answered
        out[31] = ten[T_MISSED] / answered
        out[32] = ten[T_INVALID] / answered
        out[33] = ten[T_ERRORS] / answered
        out[34] = ten[T_LIMITED] / answered
        out[35] = ten[T_REDIRECTED] / answered
        out[36] = r.status_bits
    else:
        for k in range(29, 37):
            out[k] = MISSING
    sized = r.sized > 0
    out[37] = r.size_z if sized else MISSING
    out[38] = (
        np.sqrt(max(r.size_square - r.size_mean * r.size_mean, np.float32(0.0)))
        if sized
        else MISSING
    )
    timed = r.timed > 0
    out[39] = r.time_z if timed else MISSING
    out[40] = r.time_mean if timed else MISSING
    out[41] = np.float32(np.log1p(ten[T_BYTES]))
    out[42] = np.float32(np.log1p(ten[T_COST])) if timed else MISSING
    # content
    out[43] = np.float32(np.log1p(ten[T_TRIES]))
    out[44] = ten[T_FAILED] / max(ten[T_TRIES], np.float32(1e-3))
    out[45] = np.float32(np.log1p(hll_estimate(r.accounts)))
    out[46] = ten[T_MARKED] / n
    out[47] = r.text_z
    out[48] = r.sensitive / n
    out[49] = ten[T_USER] / n
    # who
    out[50] = np.float32(np.log1p(hll_estimate(r.agents)))
    out[51] = np.float32(e.agent_kind != BROWSER and e.agent_kind != MOBILE)
    out[52] = np.float32(r.agent_flags & (AGENT_INCONSISTENT | AGENT_HEADLESS) != 0)
    out[53] = m[M_HOUR_BITS]
    hours = 0
    bits = r.hours
    while bits:
        hours += 1
        bits &= bits - np.uint32(1)
    out[54] = np.float32(hours)


@inline
def _compare(r, e, peers, out):
    """Rarity of some features among the peers; the entity has one voice in ten minutes."""
    window = np.int32(e.ts // TEN_US)
    if window > r.window:
        # the voice of the last window stays; a new one is given
        r.window = window
        for k in range(PEERS):
            r.voiced[k] = 255
    for k in range(PEERS):
        value = out[PEER_PLACES[k]]
        if value != value:
            out[FIRST_PEER + k] = MISSING
            continue
        row = peers[k]
        at = min(max(np.int64(value * PEER_SCALE[k]), 0), PEER_BINS - 1)
        held = np.int64(r.voiced[k])
        if held != at:
            if held != 255:
                row[held] = max(row[held] - np.float32(1.0), np.float32(0.0))
                row[PEER_BINS] -= np.float32(1.0)
            row[at] += np.float32(1.0)
            row[PEER_BINS] += np.float32(1.0)
            r.voiced[k] = np.uint8(at)
            if row[PEER_BINS] > PEER_MOST:
                for b in range(PEER_BINS + 1):
                    row[b] *= np.float32(0.5)
        above = np.float32(-1.0)
        for b in range(at, PEER_BINS):
            above += row[b]
        above = max(above, np.float32(0.0))
        others = max(row[PEER_BINS] - np.float32(1.0), np.float32(0.0))
        out[FIRST_PEER + k] = np.float32(
            np.log10((np.float64(others) + 1.0) / (np.float64(above) + 1.0))
        )


@inline
def _key(e, kind):
    if kind == 0:
        return e.client
    if kind == 1:
        return e.session
    if kind == 2:
        return e.user
    return e.credential


@inline
def _is_due(r, second, hit, speaks):
    """True when a row is to be written for the entity at this request."""
    since = r.n - r.ticked
    if not speaks or since == 0:
        return False
    every = EVERY_EARLY if r.n <= EARLY else EVERY
    if second == r.second:
        return since >= EVERY_RUSH or (hit and since >= EVERY)
    return hit or since >= every


@kernel(
    "int64(EVENT[::1], float32[:,::1], uint8[::1], uint8[::1], int64, int64, int32[::1],"
    " int64[::1], TRACE[::1], uint32[::1], float32[:,:,::1], float32[::1], int32[::1], TICK[::1],"
    " float32[:,::1])",
    EVENT=EVENT,
    TRACE=TRACE,
    TICK=TICK,
)
def update_traces(
    events, measures, marks, hits, kind, shared_from, slots, ordinals, traces, grams, peers, steps,
    tokens, ticks, matrix,
):  # fmt: skip
    """Counts events of one kind of entity in order and writes a row of features where one is due.

    Args:
        events: `EVENT` ``(n,)`` after all other state kernels.
        measures: float32 ``(n, MEASURES)`` of `measure_events`.
        marks: uint8 ``(n,)``, fields that the screen marked.
        hits: uint8 ``(n,)``, bit `kind` set where a detector raised an entity of this kind.
        kind: A `Kind`. Sessions come first: they learn the sequences and write `steps`, `tokens`.
        shared_from: Programs of a client from which on its sessions count although no session id
            was sent.
        slots, ordinals: ``(n,)`` of the actor kernel: record of each event's entity, which of its
            requests it is.
        traces: `TRACE` beside the records of the actors.
        grams: uint32 ``(NGRAM_CELLS,)`` counts of endpoint sequences.
        peers: float32 ``(PEER_GROUPS, PEERS, PEER_BINS + 1)`` voices of peers; the last column is
            their sum.
        steps: float32 ``(n,)``: surprise of the step that a session makes, -1 for none.
        tokens: int32 ``(n,)``: words for the sequence models, -1 for none.
        ticks, matrix: Rows out, `TICK` and float32 ``(n, features)``.

    Returns:
        Number of rows written, at most one per event.

    Cost: 150-250 ns an event, and about 1 µs a row.
    Ordering: late events are counted without rewinding any clock.
    """
    n = events.shape[0]
    used = 0
    size = traces.itemsize
    for i in range(n):
        if i + AHEAD < n and slots[i + AHEAD] >= 0:
            for line in range(TRACE_LINES):
                prefetch(traces, slots[i + AHEAD] * size + line * 64)
        if kind == 1:
            steps[i] = -1.0
            tokens[i] = -1
        row = slots[i]
        if row < 0:
            continue
        e = events[i]
        r = traces[row]
        key = _key(e, kind)
        if r.key != key or ordinals[i] == 1:
            start_trace(r, key, e)
        ten = decay_factor(r.last, e.ts, TEN_US)
        if ten < 1.0:
            for k in range(TENS):
                r.ten[k] *= ten
        r.minute = r.minute * decay_factor(r.last, e.ts, MINUTE_US) + np.float32(1.0)
        r.sensitive *= decay_factor(r.last, e.ts, HOUR_US)
        r.n += 1
        r.hours |= np.uint32(1) << np.uint32((e.ts // HOUR_US) % 24)
        asset = e.path_flags & PATH_ASSET != 0
        page = not asset and e.path_flags & (PATH_FETCHED_BY_ITSELF | PATH_HEALTH) == 0
        m = measures[i]
        count_request(r, e, m, marks[i], page)
        if page:
            if r.seen_count >= SEEN_LIMIT:
                r.seen_count = 0
                for k in range(64):
                    r.seen[k] = 0
            fresh = bloom_add(r.seen, e.path)
            r.seen_count += np.uint16(fresh)
            new_endpoint = hll_add(r.endpoints, e.endpoint)
            r.ten[T_PAGES] += np.float32(1.0)
            r.ten[T_FRESH] += np.float32(fresh)
            r.ten[T_FRESH_ENDPOINTS] += np.float32(new_endpoint)
            r.ten[T_REFERRED] += np.float32(e.referer)
            same = e.endpoint == r.last_endpoint
            relation = (1 if e.path == r.last_path else 2) if same else (0 if not fresh else 3)
            count_gap(r, e.ts)
            count_walk(r, e, same)
            if kind == 1:
                tokens[i] = token_of(e, relation, np.int64(r.gaps > 0 and r.gap_last < FAST_GAP))
                if r.last_endpoint != 0:
                    steps[i] = step_bits(grams, r.before_last, r.last_endpoint, e.endpoint)
            if steps[i] >= 0:
                r.moves_n += 1
                w = weight_of(r.moves_n)
                r.step_bits = ease(r.step_bits, steps[i], w)
                r.step_high = max(r.step_high * np.float32(0.97), steps[i])
            bump(r.places, np.int64(e.endpoint >> np.uint64(40)) & (PLACES - 1))
            if r.last_endpoint != 0:
                move = mix(r.last_endpoint, e.endpoint)
                bump(r.moves, np.int64(move >> np.uint64(33)) & (MOVES - 1))
            r.before_last = r.last_endpoint
            r.last_endpoint = e.endpoint
        r.last_path = e.path
        r.last = max(r.last, e.ts)
        speaks = kind != 1 or e.session_given != 0 or e.client_agents >= shared_from
        second = e.ts // 1_000_000
        hit = (hits[i] >> kind) & 1 != 0
        if _is_due(r, second, hit, speaks):
            t = ticks[used]
            t.first = np.int32(r.ticked == 0)
            r.second = second
            r.ticked = r.n
            t.row = i
            t.kind = kind
            t.slot = row
            t.hit = np.uint32(hit)
            t.key = key
            t.ts = e.ts
            t.n = r.n
            t.parent = e.client
            people = e.agent_kind == BROWSER or e.agent_kind == MOBILE
            t.people = np.int32(people)
            out = matrix[used]
            _write(r, e, m, out)
            t.voice = np.int64(np.int32(e.ts // TEN_US) > r.window)
            _compare(r, e, peers[kind * 2 + np.int64(people)], out)
            used += 1
    return used
