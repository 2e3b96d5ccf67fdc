"""Series of one endpoint: how many requests it gets in five minutes, how many a client sends, and
how many ask for objects that nobody asked for before.

A crowd brings many clients that each do the usual; a flood brings clients that each do far more
than usual, and a scraper split over many addresses brings objects that people leave alone. So a
rise alone is never reported.
"""

import numpy as np

from apisentinel.kernels.compiler import inline
from apisentinel.kernels.sketches import hll_add, hll_estimate
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

SURGE, NOVELTY, WALK = 10, 11, 13
"""What a signal of this module says."""

CRAWLER, AI_AGENT = AGENT_KINDS.index(AgentKind.CRAWLER), AGENT_KINDS.index(AgentKind.AI_AGENT)
CRAWLER_TIMES = np.float32(4.0)
"""Times what others may read that a crawler may which says that it is one."""

SURGE_US, NOVELTY_US = 300_000_000, 1_800_000_000
"""Lengths of the windows."""
SLOW = np.float32(0.06)
"""Weight of a new window: the level follows the hours of the day, not an attack."""
SURGE_FLOOR, SURGE_FIRST = np.float32(30.0), 6
"""Requests of a window that are never a surge, and windows that have to be known."""
SURGE_FLOOR_WRITES = np.float32(100.0)
"""The floor for methods that change something: there, what is asked for tells more than how much.
"""
SURGE_CLIENTS = np.float32(4.5)
"""Clients behind a surge; fewer are told one by one."""
SURGE_LEAD = np.float32(0.1)
"""Lead of one of them over all others together (share of the requests) above which it is one's
flood, which is told of that one.
"""
SURGE_SPREADS, SURGE_TIMES = np.float32(8.0), np.float32(2.2)
"""A surge is so many mean deviations above its level, and so many times as high."""
EACH_TIMES, EACH_MORE = np.float32(1.6), np.float32(1.0)
"""A flood has so many times the usual requests of a client, and one more."""

NOVELTY_FEWEST, NOVELTY_FIRST = np.float32(50.0), 4
"""Requests of a window, and windows that have to be known."""
NOVELTY_DEVIATIONS = np.float32(6.0)
"""Standard deviations of the window's share of new objects, widened by how much it usually varies.
"""


WALK_STEP, WALK_FEWEST = 2, 40
"""Ids this near are neighbours; requests that have to be known."""
WALK_MISS, WALK_LEARNS = np.float32(-0.35), np.float32(4.0)
WALK_ALERT, WALK_HIGHEST = np.float32(11.0), np.float32(40.0)
"""Step for an id that is no neighbour, level above which nothing is learned, levels of an alert and
at most.
"""


@inline
def is_machine(e):
    """True for a program with a key of its own and without a user: partners, jobs, load tests."""
    return e.credential != 0 and e.user == 0 and not e.session_given


@inline
def is_crawler(e):
    """True for a program that says that it is a crawler, known or not: it may read more than people
    do.
    """
    return e.agent_kind == CRAWLER or e.agent_kind == AI_AGENT


@inline
def start_series(r, e):
    """First request of an endpoint."""
    r.win = e.ts // SURGE_US
    r.win_count = 0.0
    r.win_who = 0
    r.win_votes = 0.0
    r.base = 0.0
    r.spread = 0.0
    r.each = 0.0
    r.windows = 0
    r.surge_told = 0.0
    r.novel_win = e.ts // NOVELTY_US
    r.novel_n = 0.0
    r.novel_new = 0.0
    r.novel_share = 0.0
    r.novel_odd = 0.0
    r.novel_windows = 0
    r.novel_told = 0.0
    r.walk = 0.0
    r.walk_told = 0.0
    r.walk_missed = 0.0
    r.near = 0.0
    r.steps_seen = 0
    for k in range(4):
        r.ids[k] = -1
        r.walkers[k] = 0
    for k in range(32):
        r.win_clients[k] = 0


@inline
def _close_window(r, window):
    """Learns from the last window; what was out of range teaches only the range's edge."""
    limit = r.base + np.float32(4.0) * r.spread + np.float32(6.0)
    value = r.win_count if r.windows < SURGE_FIRST else min(r.win_count, limit)
    clients = np.float32(max(hll_estimate(r.win_clients), 1.0))
    if r.windows == 0:
        r.base = value
        r.spread = np.float32(0.5) * value
        r.each = r.win_count / clients
    else:
        weight = max(SLOW, np.float32(1.0) / np.float32(r.windows + 1))
        r.spread += weight * (abs(value - r.base) - r.spread)
        r.base += weight * (value - r.base)
        if r.win_count >= 3 and r.surge_told == 0:
            # a flood of one client, which is no surge, must not hide that of many
            r.each += weight * (value / clients - r.each)
    r.windows += 1
    # windows without a request, a night of them at most
    empty = min(window - r.win - 1, 100)
    for _ in range(empty):
        r.spread += SLOW * (r.base - r.spread)
        r.base -= SLOW * r.base
        r.windows += 1
    r.win = window
    r.win_count = 0.0
    r.win_who = 0
    r.win_votes = 0.0
    r.surge_told = 0.0
    for k in range(32):
        r.win_clients[k] = 0


@inline
def surge(r, e):
    """Counts a request in its window.

    Returns:
        (what, llr, actual, usual, clients), what 0 for nothing to report.
    """
    nothing = 0, np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
    window = e.ts // SURGE_US
    if window > r.win:
        _close_window(r, window)
    if (
        e.agent_flags & AGENT_CLAIMS_GOOD_BOT
        or e.status >= 500
        or e.status == 429
        or e.status == 404
        or e.status == 410
        or is_machine(e)
    ):
        return nothing
    r.win_count += np.float32(1.0)
    # an office is as many people as have signed in from it
    who = e.user if e.user != 0 else e.client
    hll_add(r.win_clients, who)
    # who holds the majority, if anybody does (Boyer and Moore's vote)
    if r.win_votes <= 0:
        r.win_who = who
    r.win_votes += np.float32(1.0) if who == r.win_who else np.float32(-1.0)
    if (
        r.win_count < SURGE_FLOOR
        or r.windows < SURGE_FIRST
        or r.win_count < np.float32(1.3) * r.surge_told
    ):
        return nothing
    limit = max(r.base + SURGE_SPREADS * r.spread + np.float32(8.0), SURGE_TIMES * r.base)
    limit = max(limit, SURGE_FLOOR)
    if 3 <= e.method <= 6:
        limit = max(limit, SURGE_FLOOR_WRITES)
    if r.win_count < limit:
        return nothing
    clients = np.float32(max(hll_estimate(r.win_clients), 1.0))
    if clients < SURGE_CLIENTS or r.win_votes > SURGE_LEAD * r.win_count:
        return nothing
    if r.win_count / clients < EACH_TIMES * max(r.each, np.float32(1.0)) + EACH_MORE:
        return nothing
    r.surge_told = r.win_count
    llr = np.float32(5.3 + 1.2 * np.log(r.win_count / limit))
    return SURGE, llr, r.win_count, r.base, clients


@inline
def novelty(r, e):
    """Counts a request for an object, new or known. Returns as `surge`."""
    nothing = 0, np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
    if e.object == 0 or e.status >= 400 or e.agent_flags & AGENT_CLAIMS_GOOD_BOT or is_machine(e):
        return nothing
    window = e.ts // NOVELTY_US
    if window > r.novel_win:
        if r.novel_n >= 10:
            share = r.novel_new / r.novel_n
            if r.novel_windows > 0:
                usual = max(r.novel_share, np.float32(0.02))
                wide = np.sqrt(
                    r.novel_n * usual * (np.float32(1.0) - min(usual, np.float32(0.95))) + 1
                )
                z = (r.novel_new - r.novel_n * usual) / wide
                r.novel_odd += np.float32(0.1) * (min(z * z, np.float32(25.0)) - r.novel_odd)
                if r.novel_told == 0:
                    r.novel_share += np.float32(0.2) * (share - r.novel_share)
            else:
                r.novel_share = share
            r.novel_windows += 1
        r.novel_win = window
        r.novel_n = 0.0
        r.novel_new = 0.0
        r.novel_told = 0.0
    r.novel_n += np.float32(1.0)
    r.novel_new += np.float32(e.object_new)
    if (
        r.novel_n < NOVELTY_FEWEST
        or r.novel_windows < NOVELTY_FIRST
        or r.novel_new < np.float32(1.25) * r.novel_told
        or r.novel_share > np.float32(0.6)
    ):
        return nothing
    usual = max(r.novel_share, np.float32(0.02))
    wide = np.sqrt((r.novel_n * usual * (1 - usual) + 1) * (1 + r.novel_odd))
    z = (r.novel_new - r.novel_n * usual) / wide
    if z < NOVELTY_DEVIATIONS:
        return nothing
    r.novel_told = r.novel_new
    llr = np.float32(5.2 + 0.4 * (z - NOVELTY_DEVIATIONS))
    return NOVELTY, min(llr, np.float32(9.0)), r.novel_new, r.novel_n * usual, np.float32(0.0)


@inline
def shared_walk(r, e):
    """Follows the object ids of an endpoint over all its clients: a table that is read in order by
    many addresses. What is near by chance is learned. Returns as `surge`.
    """
    nothing = 0, np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
    if e.object_id < 0 or e.object == 0 or e.agent_flags & AGENT_CLAIMS_GOOD_BOT or is_machine(e):
        return nothing
    near = False
    for k in range(4):
        apart = abs(e.object_id - r.ids[k])
        if r.ids[k] == e.object_id:
            # the same object again says nothing, and moves to the front
            for m in range(k, 0, -1):
                r.ids[m] = r.ids[m - 1]
                r.walkers[m] = r.walkers[m - 1]
            r.ids[0] = e.object_id
            r.walkers[0] = e.client
            return nothing
        # one client's own walk is told of the client
        near = near or (r.ids[k] >= 0 and apart <= WALK_STEP and r.walkers[k] != e.client)
    for k in range(3, 0, -1):
        r.ids[k] = r.ids[k - 1]
        r.walkers[k] = r.walkers[k - 1]
    r.ids[0] = e.object_id
    r.walkers[0] = e.client
    r.steps_seen += 1
    usual = (np.float64(r.near) * min(r.steps_seen, 200) + 1.0) / (min(r.steps_seen, 200) + 20.0)
    weight = max(np.float32(0.005), np.float32(1.0) / np.float32(r.steps_seen))
    if r.walk < WALK_LEARNS:
        r.near += weight * (np.float32(near) - r.near)
    if near:
        missed = np.float32(400 <= e.status < 500)
        r.walk_missed += np.float32(0.1) * (missed - r.walk_missed)
        step = np.float32(min(1.0, 0.4 * np.log(0.7 / usual))) if usual < 0.5 else np.float32(0.0)
        r.walk = min(r.walk + step, WALK_HIGHEST)
    else:
        r.walk = max(np.float32(0.0), r.walk + WALK_MISS)
        if r.walk == 0:
            r.walk_told = 0.0
    if r.steps_seen < WALK_FEWEST or r.walk < WALK_ALERT or r.walk < r.walk_told + np.float32(4.0):
        return nothing
    r.walk_told = r.walk
    return (
        WALK,
        np.float32(5.2 + 0.05 * (r.walk - WALK_ALERT)),
        r.walk,
        np.float32(usual),
        r.walk_missed,
    )
