"""State of endpoints, of client-endpoint pairs, networks and objects, and the outcome of login
attempts.

Runs before the actor kernel: what a login form answers to wrong passwords is known per endpoint
only.
"""

from typing import Any

import numpy as np

from apisentinel.features.events import EVENT
from apisentinel.features.pair import (
    FLOOD_TOLD,
    GAP_BINS,
    HIGH_BINS,
    NO_EDGE,
    OUTSIDE,
    PAIR,
    WINDOW_US,
    ask,
    count_owner,
    outside,
    pace,
    principal,
    start_pair,
)
from apisentinel.features.surge import novelty, shared_walk, start_series, surge
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import mix
from apisentinel.kernels.sketches import LOG_EDGES, decay_factor, hll_add, hll_estimate, log_bin
from apisentinel.kernels.slots import (
    AHEAD_CELL,
    AHEAD_RECORD,
    HEADER,
    acquire,
    ask_cell,
    ask_record,
    find_row,
)
from apisentinel.records.flags import PATH_ASSET, PATH_LOGIN, PATH_REGISTER

VERSION = 2

STATUS_CLASSES = 6
SIZE_BINS = 64
TIME_BINS = 96

ENDPOINT = np.dtype(
    [
        *HEADER, ("first", "i8"), ("n", "i8"), ("bytes", "i8"), ("route", "i4"), ("method", "u1"),
        ("spare", "u1", (3,)), ("classes", "u4", (STATUS_CLASSES,)), ("denied", "u4"),
        ("missed", "u4"), ("redirected", "u4"),
        ("answered", "u4"), ("timed", "u4"), ("failed_10m", "f4"), ("tried_10m", "f4"),
        ("failed_1d", "f4"),
        ("tried_1d", "f4"), ("excess", "f4"), ("reported", "f4"), ("host", "u8"),
        ("clients", "u1", (256,)), ("failed_clients", "u1", (64,)),
        ("failed_accounts", "u1", (64,)),
        ("sizes", "u4", (SIZE_BINS,)), ("times", "u4", (TIME_BINS,)), ("pair_high", "u4", (64,)),
        ("targets_high", "u4", (HIGH_BINS,)), ("asked_high", "u4", (HIGH_BINS,)),
        ("sizes_some", "u4", (64,)), ("times_some", "u4", (96,)),
        ("asked_some", "u4"), ("refused_some", "u4"),
        ("users", "u1", (32,)), ("inside", "u8", (4,)), ("inside_n", "u4", (4,)),
        ("failed_secrets", "u1", (32,)), ("with_user", "u4"), ("places", "u4"), ("strangers", "u4"),
        ("edges_due", "i8"), ("size_edge", "f4"), ("time_edge", "f4"),
        ("timed_who", "u8"), ("timed_last", "i8"), ("timed_n", "f4"), ("timed_slow", "f4"),
        ("win", "i8"), ("novel_win", "i8"), ("win_clients", "u1", (32,)), ("win_count", "f4"),
        ("base", "f4"), ("spread", "f4"), ("each", "f4"), ("windows", "u4"), ("surge_told", "f4"),
        ("win_who", "u8"), ("win_votes", "f4"),
        ("novel_n", "f4"), ("novel_new", "f4"), ("novel_share", "f4"), ("novel_odd", "f4"),
        ("novel_windows", "u4"), ("novel_told", "f4"), ("walk", "f4"),
        ("walk_told", "f4"), ("walk_missed", "f4"), ("near", "f4"), ("steps_seen", "u4"),
        ("ids", "i8", (4,)), ("walkers", "u8", (4,)),
        ("owned", "u4"), ("foreign", "u4"),
        ("gaps_some", "u4", (GAP_BINS,)), ("gap_edge", "f4"),
        ("called", "u4", (2,)), ("skipped", "f4", (2,)), ("before", "u2", (2, 64)),
    ]
)  # fmt: skip
"""One endpoint, about 2.5 KiB. `times` bins µs, `sizes` bytes, `pair_high` requests of one client
in ten minutes.
"""

GROUP = np.dtype(
    [*HEADER, ("n", "i8"), ("first", "i8"), ("missed", "f4"), ("failed", "f4"),
     ("members", "u1", (64,)), ("agents", "u1", (32,)), ("label_hi", "u8"), ("label_lo", "u8"),
     ("owner", "u8")]
)  # fmt: skip
"""A network, an object or a user agent; members = the clients that belong to it, asked for it, used
it.
"""

SIGNAL = np.dtype(
    [("row", "i4"), ("slot", "i4"), ("what", "i4"), ("llr", "f4"), ("actual", "f4"),
    ("usual", "f4"), ("sources", "f4"),
     ("accounts", "f4"), ("secrets", "f4"), ("about", "i4")]
)  # fmt: skip

GUESSED_SITE, PAIR_FLOOD = 1, 2
ABOUT_USER, ABOUT_OBJECT, ABOUT_WRITE, ABOUT_STEP = 1, 2, 4, 8
"""What a signal of this module says: a login endpoint fails far too often over many sources; a
client floods one endpoint.
"""

LOGIN_FAILURE_SHARE = 0.15
"""Share of logins that people get wrong; Herley and Schechter's p, with a margin for sites with
many typing errors.
"""
EXCESS_DEVIATIONS = np.float32(5.0)
PAIR_FLOOR = np.float32(600.0)
"""Requests of one client to one endpoint in ten minutes that are never a flood."""
PAIR_FEWEST = 50
"""Client windows that an endpoint must have seen before its own histogram counts."""


@inline
def _start_endpoint(r, e):
    r.risk = 0.0
    r.version = VERSION
    r.key = e.endpoint
    r.first = e.ts
    r.last = e.ts
    r.n = 0
    r.bytes = 0
    r.route = e.route
    r.method = e.method
    for k in range(STATUS_CLASSES):
        r.classes[k] = 0
    r.denied = 0
    r.missed = 0
    r.redirected = 0
    r.answered = 0
    r.timed = 0
    r.failed_10m = 0.0
    r.tried_10m = 0.0
    r.failed_1d = 0.0
    r.tried_1d = 0.0
    r.excess = 0.0
    r.reported = 0.0
    r.asked_some = 0
    r.refused_some = 0
    r.with_user = 0
    r.places = 0
    r.strangers = 0
    r.edges_due = 0
    r.size_edge = NO_EDGE
    r.time_edge = NO_EDGE
    r.timed_who = 0
    r.timed_last = e.ts
    r.timed_n = 0.0
    r.timed_slow = 0.0
    start_series(r, e)
    r.owned = 0
    r.foreign = 0
    r.gap_edge = -1.0
    for who in range(2):
        r.called[who] = 0
        r.skipped[who] = 0.0
        for k in range(64):
            r.before[who, k] = 0
    for k in range(GAP_BINS):
        r.gaps_some[k] = 0
    for k in range(HIGH_BINS):
        r.targets_high[k] = 0
        r.asked_high[k] = 0
    for k in range(64):
        r.sizes_some[k] = 0
    for k in range(96):
        r.times_some[k] = 0
    for k in range(32):
        r.users[k] = 0
        r.failed_secrets[k] = 0
    for k in range(4):
        r.inside[k] = 0
        r.inside_n[k] = 0
    for k in range(256):
        r.clients[k] = 0
    for k in range(64):
        r.failed_clients[k] = 0
        r.failed_accounts[k] = 0
        r.pair_high[k] = 0
    for k in range(SIZE_BINS):
        r.sizes[k] = 0
    for k in range(TIME_BINS):
        r.times[k] = 0


@inline
def _outcome(r, e):
    """Outcome of a login attempt at this endpoint: 0 none, 1 failed, 2 succeeded, 3 unclear.

    A status of 401 fails anywhere, unless a bearer token was sent. At a login route a POST is an
    attempt: where failures are answered by 401 or 422, a 2xx succeeds; where successes redirect, a
    200 is the form shown again.
    """
    login = e.path_flags & PATH_LOGIN != 0 and e.method >= 3 and e.method <= 5
    if e.status == 401:
        if login:
            r.denied += 1
        # with a bearer token it is the token that is refused, no password
        return 1 if login or e.token == 0 else 0
    if not login or e.status <= 0:
        return 0
    if e.status in (400, 403, 404, 422, 423, 429):
        r.denied += e.status in (403, 422)
        return 1
    if 300 <= e.status < 400:
        r.redirected += 1
        return 2
    if 200 <= e.status < 300:
        r.answered += 1
        if r.denied > 0:
            return 2
        if r.redirected > 0:
            return 1
        return 3
    return 0


@inline
def _step_outcome(e):
    """Outcome of a step beside the login as `_outcome`: whether an account or a code exists."""
    if not e.path_flags & PATH_REGISTER or not 3 <= e.method <= 5 or e.status <= 0:
        return np.int64(0)
    if e.status in (400, 403, 404, 409, 410, 422):
        return np.int64(1)
    return np.int64(2) if e.status < 400 else np.int64(0)


@inline
def _guessing(r, e):
    """Failures of a login endpoint beyond what its users cause, in standard deviations.

    References: Herley, Schechter, "Distinguishing attacks from legitimate authentication traffic at
    scale", NDSS 2019.
    """
    ten = decay_factor(r.last, e.ts, WINDOW_US)
    day = decay_factor(r.last, e.ts, 86_400_000_000)
    r.failed_10m *= ten
    r.tried_10m *= ten
    r.failed_1d *= day
    r.tried_1d *= day
    login = _step_outcome(e) if e.login == 0 else np.int64(e.login)
    if login == 0:
        return np.float32(0.0)
    failed = np.float32(login == 1) + np.float32(0.7) * np.float32(login == 3)
    r.tried_10m += np.float32(1.0)
    r.tried_1d += np.float32(1.0)
    r.failed_10m += failed
    r.failed_1d += failed
    if login == 1:
        hll_add(r.failed_clients, e.client)
        account = e.account if e.account != 0 else e.user
        if account != 0:
            hll_add(r.failed_accounts, account)
        if e.secret != 0:
            hll_add(r.failed_secrets, e.secret)
    good = max(r.tried_1d - r.failed_1d, np.float32(0.0))
    excess = (
        r.failed_1d
        - good * np.float32(LOGIN_FAILURE_SHARE / (1 - LOGIN_FAILURE_SHARE))
        - np.float32(5.0)
    )
    r.excess = excess / np.sqrt(max(r.failed_1d, np.float32(1.0)))
    return r.excess


@inline
def _pair_limit(r):
    """Ten-minute count of one client that is far above the busiest normal ones on this endpoint."""
    total = 0
    for k in range(64):
        total += r.pair_high[k]
    if total < PAIR_FEWEST:
        return PAIR_FLOOR * np.float32(2.0), np.float32(0.0)
    above = 0
    k = 63
    while k > 0:
        above += r.pair_high[k]
        if above * 100 > total:
            break
        k -= 1
    normal = LOG_EDGES[k]
    return max(PAIR_FLOOR, np.float32(5.0) * normal), normal


@kernel(
    "int64(EVENT[::1], uint64[::1], int32[::1], int64[::1], ENDPOINT[::1],"
    " uint64[::1], int32[::1], int64[::1], PAIR[::1], int32[::1], int64[::1], SIGNAL[::1])",
    EVENT=EVENT,
    ENDPOINT=ENDPOINT,
    PAIR=PAIR,
    SIGNAL=SIGNAL,
)
def update_endpoints(
    events, keys, rows, meta, records, pair_keys, pair_rows, pair_meta, pairs, slots, ordinals,
    signals,
):  # fmt: skip
    """Counts events per endpoint and per client and endpoint, and fills `login` of each event.

    Returns:
        Number of signals written, in event order.

    Cost: 150-300 ns an event; 2.5 KiB an endpoint, 164 bytes a pair.
    """
    n = events.shape[0]
    used = 0
    for i in range(n):
        if i + AHEAD_CELL < n:
            f = events[i + AHEAD_CELL]
            ask_cell(keys, f.endpoint)
            ask_cell(pair_keys, mix(principal(f), f.endpoint))
        if i + AHEAD_RECORD < n:
            f = events[i + AHEAD_RECORD]
            ask_record(
                pair_keys, pair_rows, pairs, mix(principal(f), f.endpoint), pairs.itemsize, 1
            )
        e = events[i]
        slots[i] = -1
        ordinals[i] = 0
        if e.endpoint == 0:
            continue
        row, is_new = acquire(keys, rows, meta, records, e.endpoint)
        slots[i] = row
        r = records[row]
        if is_new:
            _start_endpoint(r, e)
        e.login = np.uint8(_outcome(r, e))
        r.n += 1
        ordinals[i] = r.n
        r.bytes += max(e.response_bytes, 0)
        r.classes[min(max(e.status // 100, 0), STATUS_CLASSES - 1)] += 1
        r.missed += e.status == 404
        hll_add(r.clients, e.client)
        r.sizes[log_bin(e.response_bytes, SIZE_BINS)] += 1
        if e.duration_us >= 0:
            r.times[log_bin(e.duration_us, TIME_BINS)] += 1
            r.timed += 1
        step = _step_outcome(e)
        if e.login != 0 or step != 0 or r.tried_10m > 0:
            excess = _guessing(r, e)
            r.last = max(r.last, e.ts)
            if (
                (e.login == 1 or step == 1)
                and excess >= EXCESS_DEVIATIONS
                and excess >= r.reported * np.float32(1.3)
            ):
                r.reported = excess
                s = signals[used]
                s.row = i
                s.slot = row
                s.about = ABOUT_STEP * np.int32(e.path_flags & PATH_REGISTER != 0)
                s.what = GUESSED_SITE
                s.llr = excess
                s.actual = r.failed_1d
                s.usual = max(r.tried_1d - r.failed_1d, np.float32(0.0)) * np.float32(
                    LOGIN_FAILURE_SHARE
                )
                s.sources = np.float32(hll_estimate(r.failed_clients))
                s.accounts = np.float32(hll_estimate(r.failed_accounts))
                s.secrets = np.float32(hll_estimate(r.failed_secrets))
                used += 1
                continue
        r.last = max(r.last, e.ts)
        if e.client == 0 or e.path_flags & PATH_ASSET:
            continue
        stranger = outside(r, e)
        pair_key = mix(principal(e), e.endpoint)
        prow, pnew = acquire(pair_keys, pair_rows, pair_meta, pairs, pair_key)
        p = pairs[prow]
        if pnew:
            start_pair(p, pair_key, e)
        gap = np.int64(-1) if pnew else (e.ts - p.last) // 1000
        window = e.ts // WINDOW_US
        if window > p.window:
            r.pair_high[log_bin(np.int64(p.requests), 64)] += 1
            p.window = window
            p.requests = 0.0
        p.n += 1
        p.inside |= np.uint32(not stranger)
        p.requests += np.float32(1.0)
        p.last = max(p.last, e.ts)
        s = signals[used]
        s.what = 0
        if p.requests >= PAIR_FLOOR and p.requests >= np.float32(1.3) * p.reported[FLOOD_TOLD]:
            limit, normal = _pair_limit(r)
            if p.requests > limit:
                p.reported[FLOOD_TOLD] = p.requests
                s.what = PAIR_FLOOD
                s.llr = np.float32(3.5 + 2.0 * np.log(p.requests / limit))
                s.actual = p.requests
                s.usual = normal
        s.secrets = 0.0
        what, llr, actual, usual, clients = surge(r, e)
        if what == 0:
            what, llr, actual, usual, clients = novelty(r, e)
        if what == 0:
            what, llr, actual, usual, clients = shared_walk(r, e)
        told = s.what != 0 or what != 0
        if what != 0 and s.what == 0:
            s.what = what
            s.llr = llr
            s.actual = actual
            s.usual = usual
            s.sources = clients
            s.accounts = 0.0
        what, llr, actual, usual = ask(p, r, e, pair_key)
        count_owner(p, r, e)
        fast, fast_llr, fast_actual, fast_usual = pace(p, r, e, gap)
        if what == 0:
            what, llr, actual, usual = fast, fast_llr, fast_actual, fast_usual
        if not told:
            s.what = what
            s.llr = llr
            s.actual = actual
            s.usual = usual
            s.sources = p.rejected
            s.accounts = p.invalid
            s.secrets = np.float32(p.distinct >= np.float32(0.5) * p.asked)
        if s.what == 0 and stranger:
            s.what = OUTSIDE
            s.llr = np.float32(5.3)
            s.actual = np.float32(p.n)
            s.usual = np.float32(r.places)
            s.sources = np.float32(p.inside)
        if s.what != 0:
            s.about = (
                ABOUT_USER * np.int32(e.user != 0)
                | ABOUT_OBJECT * np.int32(e.object != 0)
                | ABOUT_WRITE * np.int32(3 <= e.method <= 6)
            )
            s.row = i
            s.slot = row
            used += 1
    return used


@inline
def _update_group(events, i, key, member, e, keys, rows, meta, records):
    row, is_new = acquire(keys, rows, meta, records, key)
    r = records[row]
    if is_new:
        r.risk = 0.0
        r.version = VERSION
        r.key = key
        r.first = e.ts
        r.last = e.ts
        r.n = 0
        r.missed = 0.0
        r.failed = 0.0
        r.label_hi = e.address_hi
        r.label_lo = e.address_lo
        r.owner = 0
        for k in range(64):
            r.members[k] = 0
        for k in range(32):
            r.agents[k] = 0
    factor = decay_factor(r.last, e.ts, 3_600_000_000)
    r.missed = r.missed * factor + np.float32(e.status == 404)
    r.failed = r.failed * factor + np.float32(e.login == 1)
    r.n += 1
    r.last = max(r.last, e.ts)
    hll_add(r.members, member)
    hll_add(r.agents, e.agent)


@kernel(
    "void(EVENT[::1], uint64[::1], int32[::1], int64[::1], GROUP[::1])", EVENT=EVENT, GROUP=GROUP
)
def update_objects(events, keys, rows, meta, records):
    """Counts events per object and fills `object_new` and `foreign`. An object belongs to the first
    user who got it.

    Cost: 100 ns an event with an object; 168 bytes a key.
    """
    n = events.shape[0]
    for i in range(n):
        if i + AHEAD_CELL < n:
            ask_cell(keys, events[i + AHEAD_CELL].object)
        if i + AHEAD_RECORD < n:
            ask_record(keys, rows, records, events[i + AHEAD_RECORD].object, records.itemsize, 3)
        e = events[i]
        e.object_new = 0
        e.foreign = 0
        if e.object == 0:
            continue
        row = find_row(keys, rows, e.object)
        e.object_new = np.uint8(row < 0)
        if row >= 0 and e.user != 0 and records[row].owner != 0:
            e.foreign = np.uint8(1) + np.uint8(records[row].owner != e.user)
        _update_group(events, i, e.object, e.client, e, keys, rows, meta, records)
        if 200 <= e.status < 300 and e.user != 0:
            r = records[find_row(keys, rows, e.object)]
            if r.owner == 0:
                r.owner = e.user


@kernel(
    "void(EVENT[::1], uint64[::1], int32[::1], int64[::1], GROUP[::1],"
    " uint64[::1], int32[::1], int64[::1], GROUP[::1])",
    EVENT=EVENT,
    GROUP=GROUP,
)
def update_groups(
    events, net_keys, net_rows, net_meta, networks, agent_keys, agent_rows, agent_meta, agents,
):  # fmt: skip
    """Counts events per network and per user agent. Cost: 100-200 ns an event; 168 bytes a key."""
    n = events.shape[0]
    for i in range(n):
        if i + AHEAD_CELL < n:
            ask_cell(net_keys, events[i + AHEAD_CELL].network)
        if i + AHEAD_RECORD < n:
            ask_record(
                net_keys, net_rows, networks, events[i + AHEAD_RECORD].network, networks.itemsize, 3
            )
        e = events[i]
        if e.network != 0:
            _update_group(events, i, e.network, e.client, e, net_keys, net_rows, net_meta, networks)
        if e.agent != 0:
            _update_group(
                events, i, e.agent, e.client, e, agent_keys, agent_rows, agent_meta, agents
            )


def quantile(histogram: Any, share: float, edge: Any) -> float | None:
    """Value below which this share of a log histogram lies; None when it is empty."""
    total = int(histogram.sum())
    if total == 0:
        return None
    index = int(np.searchsorted(np.cumsum(histogram), share * total))
    return float(edge(min(index, len(histogram) - 1)))
