"""One principal on one endpoint: how many different things it asks for in an hour, how many of them
are refused, how large and slow the replies are, each against what this endpoint sees from others.

The principal is the user where one is known, else the session that the client sent, else the client
with its user agent, so that people behind one address are told apart as far as possible.
"""

import numpy as np

from apisentinel.features.surge import CRAWLER_TIMES, is_crawler, is_machine
from apisentinel.kernels.compiler import inline
from apisentinel.kernels.hashing import mix
from apisentinel.kernels.sketches import LOG_EDGES, decay_factor, hll_add, hll_estimate, log_bin
from apisentinel.kernels.slots import HEADER
from apisentinel.records.flags import (
    AGENT_CLAIMS_GOOD_BOT,
    PATH_ADMIN,
    PATH_HEALTH,
    PATH_LOGIN,
    PATH_REGISTER,
)
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

PAIR = np.dtype(
    [
        *HEADER, ("n", "i8"), ("window", "i8"), ("hour", "i8"), ("requests", "f4"),
        ("reported", "f4", (7,)), ("asked", "f4"), ("distinct", "f4"), ("refused", "f4"),
        ("tail", "f4"),
        ("rejected", "f4"), ("invalid", "f4"), ("strange", "f4"), ("fast", "f4"),
        ("inside", "u4"), ("targets", "u1", (64,)),
    ]
)  # fmt: skip
"""One principal on one endpoint, 180 bytes: its requests in the running ten minutes, and what it
asked for in the running hour.
"""

WINDOW_US, HOUR_US = 600_000_000, 3_600_000_000
HIGH_BINS = 48
"""Log bins, four an octave: 4096 different targets of one principal in an hour."""

DISTINCT_FLOOR, DISTINCT_TIMES = np.float32(14.0), np.float32(3.3)
"""Different targets of one principal in an hour that are never too many, and how many times the
98 % quantile of the principals of this endpoint they have to be.
"""
DISTINCT_ANONYMOUS = np.float32(4.5)
"""The same for clients without user and session: several people may stand behind them."""
SPREAD_POWER = 1.1
"""Counts of principals spread like a log-normal: with the median m and the 98 % quantile q, two
deviations above it, one of 100,000 lies above q (q / m) to this power. Where some do ten times the
work of others, that is the limit; where all do the same, the fixed times are.
"""
SPREAD_MOST = np.float32(8.0)
"""Most times the 98 % quantile that the spread allows."""
FIRST_LLR = 4.4
"""What passing a limit says. There are many endpoints, people and hours, and some pass; it takes
half as much again to be an alert without any other sign.
"""
DISTINCT_FEWEST = 15
"""Principals that an endpoint must know before its own quantile counts."""
DISTINCT_DOUBT = np.float32(12.0)
"""Principals that the doubt about a quantile is worth: with fifteen of them the limit is 1.8 times
as high, with two hundred 1.06 times.
"""
UNKNOWN_PEOPLE, UNKNOWN_READS, UNKNOWN_MACHINES = (
    np.float32(45.0), np.float32(100.0), np.float32(1000.0),
)  # fmt: skip
"""Limits before: what users and sessions change and read in an hour, and what clients without
either send, such as jobs and partners.
"""

ASKED_FLOOR_WRITES, ASKED_FLOOR_READS, ASKED_TIMES = (
    np.float32(12.0), np.float32(60.0), np.float32(4.0),
)  # fmt: skip
"""Requests of one principal to an endpoint in an hour that are never too many, for methods that
change something and for others, and how many times the 98 % quantile they have to be.
"""
VOICE_REQUESTS = 8
"""Replies of one principal in an hour that shape what is usual; so nobody makes it alone."""

REFUSED_STEP, REFUSED_BREAK = np.float32(1.0), np.float32(-1.1)
"""Steps for a new target that is refused and for one that is not."""
REFUSED_ALERT = np.float32(5.9)
"""Six in a row; people and programs cause four now and then."""
REFUSED_BASE = 0.05
"""Share of refusals up to which a refusal counts in full."""

TAIL_TIMES, TAIL_TIMES_SLOW = np.float32(3.0), np.float32(6.0)
"""How many times the 95 % quantile of its endpoint a reply has to be large, or slow."""
TAIL_FEWEST, EDGES_EVERY, NO_EDGE = 40, 32, np.float32(1e30)
"""Replies that have to be known, requests after which the edges are worked out anew, and the edge
of an endpoint whose replies are not known or too large for the histogram.
"""
TAIL_FLOOR_BYTES, TAIL_FLOOR_US, TAIL_HUGE_BYTES = 1_500, 500_000, 500_000
"""Smaller and faster replies are never in the tail; from the last on a reply is huge, whatever was
asked for.
"""
TAIL_STEP, TAIL_STEP_SLOW, TAIL_BREAK = np.float32(1.3), np.float32(0.8), np.float32(-0.2)
"""Steps for a reply that is too large, for one that is only slow, and for a usual one: four large
ones in a row alert, seven slow ones.
"""

SLOW_US, SLOW_FEWEST, SLOW_SHARE = 600_000_000, np.float32(2.5), np.float32(0.3)
"""How long others' waiting is remembered, and how many of them, and which share, make it the
server that is slow.
"""
PATH_SALT = np.uint64(0x9E3779B97F4A7C15)
"""Tells the bit of a path from the bit of a target with a query or a body."""
BROWSER, MOBILE_APP = AGENT_KINDS.index(AgentKind.BROWSER), AGENT_KINDS.index(AgentKind.MOBILE_APP)
UNKNOWN_ROUTE = 0
"""Number of the route of what does not exist."""
LOGIN_SUCCEEDED = 2

OBJECTS, REFUSALS, LARGE, SLOW, OUTSIDE, REPEATS, PACE = 3, 4, 5, 6, 7, 8, 9
"""What a signal of this module says."""
DISTINCT_TOLD, REFUSED_TOLD, FLOOD_TOLD, TAIL_TOLD, ASKED_TOLD, PATHS, PACE_TOLD = range(7)
"""Places of `reported`; `PATHS` counts the different paths of the running hour."""

PRIVATE_FEWEST, PRIVATE_SHARE = 50, 0.025
"""Requests for objects with a known owner from which on an endpoint counts as private, when at most
this share of them came from others.
"""
PRIVATE_FLOOR, PRIVATE_TIMES = np.float32(7.0), np.float32(2.5)
"""Different objects of a private endpoint that are never too many, and the times of the usual."""
FOREIGN_VOICES = np.float32(5.0)
"""Requests of one principal for objects of others that shape what is usual."""

GAP_BINS = 56
"""Log bins of milliseconds, four an octave: 16 s."""
GAPS_FEWEST, GAPS_EVERY = 60, 32
GAP_UNKNOWN, GAP_WRITES, GAP_MOST = np.float32(200.0), np.float32(800.0), np.float32(900.0)
"""Gaps (ms) below which calls are too fast while an endpoint is not known, for reading and for
methods that change something, and the most.
"""
FAST_STEP, FAST_BREAK, FAST_ALERT = np.float32(1.0), np.float32(-0.8), np.float32(10.0)
"""Steps for a gap below the fastest 2 % of this endpoint's and for another; ten in a row alert."""

CLOSED_FROM, CLOSED_USERS = 40, 5
"""Requests and users from which on an endpoint that few networks use counts as closed."""
CLOSED_ADMIN_FROM, CLOSED_ADMIN_USERS = 12, 3
"""The same for an administration area that one network uses."""
OPEN = 255
"""`places` of an endpoint that many networks use."""
OPEN_SHARE = 0.25
"""Share of requests from other networks at which a closed endpoint counts as open again."""


@inline
def principal(e):
    """Hash of who stands behind a request, as far as it says."""
    if e.user != 0:
        return e.user
    if e.session != 0 and e.session_given:
        return e.session
    return mix(e.client, e.agent)


@inline
def start_pair(p, key, e):
    """First request of a principal to an endpoint."""
    p.risk = 0.0
    p.version = 2
    p.key = key
    p.last = e.ts
    p.n = 0
    p.window = e.ts // WINDOW_US
    p.hour = e.ts // HOUR_US
    p.requests = 0.0
    p.tail = 0.0
    p.inside = 0
    p.strange = 0.0
    p.fast = 0.0
    for k in range(7):
        p.reported[k] = 0.0
    _new_hour(p)


@inline
def _new_hour(p):
    p.asked = 0.0
    p.distinct = 0.0
    p.refused = 0.0
    p.rejected = 0.0
    p.invalid = 0.0
    p.reported[DISTINCT_TOLD] = 0.0
    p.reported[REFUSED_TOLD] = 0.0
    p.reported[ASKED_TOLD] = 0.0
    p.reported[PATHS] = 0.0
    for k in range(64):
        p.targets[k] = 0


@inline
def outside(r, e):
    """True when a user comes to an endpoint from a network that is none of the few from which all
    its users come: the offices of a staff, say. Nobody teaches it a new network alone.
    """
    if e.user == 0 or e.network == 0 or r.places == OPEN:
        return False
    for k in range(4):
        if r.inside[k] == e.network:
            r.inside_n[k] += 1
            r.with_user += 1
            hll_add(r.users, e.user)
            return False
    from_all, users_all = CLOSED_FROM, CLOSED_USERS
    if r.places == 1 and e.path_flags & PATH_ADMIN:
        from_all, users_all = CLOSED_ADMIN_FROM, CLOSED_ADMIN_USERS
    closed = r.with_user >= from_all and hll_estimate(r.users) >= np.float64(users_all) - 0.5
    if closed:
        r.strangers += 1
        if r.strangers > OPEN_SHARE * r.with_user:
            r.places = OPEN
        return True
    if r.places >= 4:
        r.places = OPEN
        return False
    r.inside[r.places] = e.network
    r.inside_n[r.places] = 1
    r.places += 1
    r.with_user += 1
    hll_add(r.users, e.user)
    return False


@inline
def _high(histogram, share, own):
    """Lower edge of the bin above which less than this share lies, and the sum; `own` voices at the
    top, those of the one who asks, are left out.
    """
    total = -own
    for k in range(histogram.shape[0]):
        total += histogram[k]
    above = np.float64(-own)
    k = histogram.shape[0] - 1
    while k > 0:
        above += histogram[k]
        if above > share * total:
            break
        k -= 1
    return LOG_EDGES[k], k, total


@inline
def _times(histogram, usual, least):
    """How many times the 98 % quantile `usual` is too much, `least` or what the spread asks for."""
    middle, _, _ = _high(histogram, 0.5, 1)
    spread = (usual / max(middle, np.float32(1.0))) ** SPREAD_POWER
    return min(max(least, np.float32(spread)), max(least, SPREAD_MOST))


@inline
def _voice(histogram, count):
    """Moves the voice of a principal's hour to its new count: each hour counts once."""
    now = log_bin(np.int64(count), HIGH_BINS)
    if count > 1:
        before = log_bin(np.int64(count) - 1, HIGH_BINS)
        if before == now:
            return
        histogram[before] -= histogram[before] > 0
    histogram[now] += 1


@inline
def _unknown(e):
    """Limit at an endpoint that few principals have used so far."""
    if e.credential == 0 and e.path_flags & (PATH_LOGIN | PATH_REGISTER):
        return UNKNOWN_PEOPLE
    if e.user == 0 and not e.session_given:
        return UNKNOWN_MACHINES
    people = e.agent_kind == BROWSER or e.agent_kind == MOBILE_APP
    return UNKNOWN_PEOPLE if people and 3 <= e.method <= 6 else UNKNOWN_READS


@inline
def _often(p, r, e):
    """Requests of one principal to an endpoint in the running hour against those of others."""
    normal, _, voices = _high(r.asked_high, 0.02, 1)
    writes = 3 <= e.method <= 6
    floor = ASKED_FLOOR_WRITES if writes else ASKED_FLOOR_READS
    # the same again and again is what pages do that ask their server by themselves
    limit = _unknown(e) if p.distinct >= np.float32(0.5) * p.asked else UNKNOWN_MACHINES
    limit = max(limit, ASKED_TIMES * normal)
    if voices >= DISTINCT_FEWEST:
        limit = max(floor, _times(r.asked_high, normal, ASKED_TIMES) * normal)
    if is_machine(e):
        limit = max(limit, UNKNOWN_MACHINES)
    if e.agent_flags & AGENT_CLAIMS_GOOD_BOT or is_crawler(e):
        limit *= CRAWLER_TIMES
    if e.login != 0:
        limit = max(limit, ASKED_FLOOR_READS)
    if p.asked <= limit:
        return 0, np.float32(0.0), np.float32(0.0), np.float32(0.0)
    p.reported[ASKED_TOLD] = p.asked
    return REPEATS, np.float32(FIRST_LLR + 2.0 * np.log(p.asked / limit)), p.asked, normal


@inline
def ask(p, r, e, key):
    """Counts one request of a principal against its endpoint.

    Args:
        p: `PAIR`, r: `ENDPOINT`, e: `EVENT`.
        key: Key of the pair.

    Returns:
        (what, llr, actual, usual), what 0 for nothing to report.
    """
    nothing = 0, np.float32(0.0), np.float32(0.0), np.float32(0.0)
    hour = e.ts // HOUR_US
    if hour > p.hour:
        p.hour = hour
        _new_hour(p)
    if e.path_flags & PATH_HEALTH:
        return nothing
    p.asked += np.float32(1.0)
    _voice(r.asked_high, p.asked)
    if e.login != 0 and e.method >= 3 and not e.path_flags & PATH_REGISTER:
        # whose logins fail is told by the actor's record; here only how many there are counts
        if (
            e.login != LOGIN_SUCCEEDED
            or p.asked <= ASKED_FLOOR_READS
            or p.asked < p.reported[ASKED_TOLD] * np.float32(1.25)
        ):
            return nothing
        return _often(p, r, e)
    if 200 <= e.status < 300 and p.asked <= VOICE_REQUESTS:
        r.sizes_some[log_bin(e.response_bytes, 64)] += 1
        if e.duration_us >= 0:
            r.times_some[log_bin(e.duration_us, 96)] += 1
    # where nothing is, it does not matter what is sent there
    nothing_there = e.route == UNKNOWN_ROUTE and (e.status == 404 or e.status == 410)
    target = e.path if nothing_there else mix(mix(e.path, e.query), e.body)
    at = np.int64(target & np.uint64(511))
    bit = np.uint8(np.uint8(1) << np.uint8(at & 7))
    fresh = p.targets[at >> 3] & bit == 0
    if fresh:
        p.targets[at >> 3] |= bit
        p.distinct += np.float32(1.0)
        _voice(r.targets_high, p.distinct)
        # bodies and queries make targets of one path; how many paths there are tells who edits
        # and searches what is its own from who walks
        if e.query == 0 and e.body == 0:
            p.reported[PATHS] += np.float32(1.0)
        else:
            at = np.int64(mix(e.path, PATH_SALT) & np.uint64(511))
            bit = np.uint8(np.uint8(1) << np.uint8(at & 7))
            if p.targets[at >> 3] & bit == 0:
                p.targets[at >> 3] |= bit
                p.reported[PATHS] += np.float32(1.0)
    found = nothing
    refused = e.status >= 400 and e.status < 429 and e.status != 408
    if fresh and e.status > 0:
        share = (np.float64(r.refused_some) + 2.5) / (np.float64(r.asked_some) + 50.0)
        if p.distinct <= 2:
            # the first few of each principal, so that nobody makes refusals usual alone
            r.asked_some += 1
            r.refused_some += refused
        if refused:
            step = REFUSED_STEP * np.float32(min(1.0, max(0.0, 1.0 - 3.0 * (share - REFUSED_BASE))))
            p.rejected += np.float32(e.status != 400 and e.status != 422 and e.status != 409)
            p.invalid += np.float32(e.status == 400 or e.status == 422)
            p.refused += step
            if p.refused >= REFUSED_ALERT and p.refused >= p.reported[REFUSED_TOLD] + np.float32(
                0.75
            ):
                p.reported[REFUSED_TOLD] = p.refused
                return (
                    REFUSALS, min(p.refused - np.float32(0.7), np.float32(9.0)),
                    p.rejected + p.invalid, np.float32(share) * p.distinct,
                )  # fmt: skip
        else:
            p.refused = max(np.float32(0.0), p.refused + REFUSED_BREAK)
    floor, times = DISTINCT_FLOOR, DISTINCT_TIMES
    if e.user == 0 and not e.session_given:
        times = DISTINCT_ANONYMOUS
    elif (
        is_private(r)
        and e.object != 0
        and e.user != 0
        and p.reported[PATHS] > max(PRIVATE_FLOOR, np.float32(0.5) * p.distinct)
    ):
        # many searches in the objects of one's own are no walk through those of others
        floor, times = PRIVATE_FLOOR, PRIVATE_TIMES
    if fresh and p.distinct > floor and p.distinct >= p.reported[DISTINCT_TOLD] * np.float32(1.25):
        normal, _, voices = _high(r.targets_high, 0.02, 1)
        limit = max(_unknown(e), times * normal)
        if voices >= DISTINCT_FEWEST:
            # the quantile of a few principals is little more than the busiest of them
            doubt = np.float32(1.0) + DISTINCT_DOUBT / np.float32(voices)
            limit = max(floor, _times(r.targets_high, normal, times) * doubt * normal)
        if is_machine(e):
            # keys have limits of their own; partners fetch everything again now and then
            limit = max(limit, UNKNOWN_MACHINES)
        if e.agent_flags & AGENT_CLAIMS_GOOD_BOT or is_crawler(e):
            limit *= CRAWLER_TIMES
        if p.distinct > limit:
            p.reported[DISTINCT_TOLD] = p.distinct
            return (
                OBJECTS, np.float32(FIRST_LLR + 2.0 * np.log(p.distinct / limit)), p.distinct,
                normal if voices >= DISTINCT_FEWEST else np.float32(0.0),
            )  # fmt: skip
    # many different things are `OBJECTS`; one phenomenon is not told twice
    same = 3 <= e.method <= 6 or p.distinct < np.float32(0.5) * p.asked
    if (
        same
        and p.asked > ASKED_FLOOR_WRITES
        and p.asked >= p.reported[ASKED_TOLD] * np.float32(1.25)
    ):
        found = _often(p, r, e)
    if found[0] == 0 and 200 <= e.status < 300 and r.n >= TAIL_FEWEST:
        found = _tail(p, r, e, key)
    return found


@inline
def is_private(r):
    """True when the objects of an endpoint are each asked for by one user, almost always."""
    return r.owned >= PRIVATE_FEWEST and r.foreign <= PRIVATE_SHARE * r.owned


@inline
def count_owner(p, r, e):
    """Counts a request for an object with a known owner; see `holding` for what is told."""
    if e.foreign == 0 or e.status <= 0 or e.status >= 500:
        return
    if e.foreign == 1:
        r.owned += 1
    elif p.strange < FOREIGN_VOICES:
        # a few of each principal, so that nobody makes it usual alone
        p.strange += np.float32(1.0)
        r.owned += 1
        r.foreign += 1


@inline
def pace(p, r, e, gap):
    """Calls one after the other, faster than almost anybody calls this endpoint twice.

    Args:
        gap: Milliseconds since the principal's last call, -1 for its first.
    """
    nothing = 0, np.float32(0.0), np.float32(0.0), np.float32(0.0)
    if gap < 0 or e.status >= 500 or e.status == 429 or is_machine(e):
        return nothing
    if e.ts % 1_000_000 == 0 and gap % 1000 == 0:
        # the log tells whole seconds: too coarse for hands and programs
        return nothing
    if p.asked <= VOICE_REQUESTS and gap < 16_000:
        r.gaps_some[log_bin(gap, GAP_BINS)] += 1
    if r.n % GAPS_EVERY == 0 or r.gap_edge < 0:
        total = 0
        for k in range(GAP_BINS):
            total += r.gaps_some[k]
        r.gap_edge = GAP_WRITES if 3 <= e.method <= 6 else GAP_UNKNOWN
        if total >= GAPS_FEWEST:
            below = np.float64(0.0)
            k = 0
            while k < GAP_BINS - 1:
                below += r.gaps_some[k]
                if below > 0.02 * total:
                    break
                k += 1
            r.gap_edge = min(LOG_EDGES[k], GAP_MOST)
    claims = e.agent_flags & AGENT_CLAIMS_GOOD_BOT != 0
    if np.float32(gap) >= (GAP_MOST if claims else r.gap_edge):
        p.fast = max(np.float32(0.0), p.fast + FAST_BREAK)
        return nothing
    p.fast = min(p.fast + FAST_STEP, np.float32(400.0))
    if p.fast < FAST_ALERT or p.fast < np.float32(1.5) * p.reported[PACE_TOLD]:
        return nothing
    p.reported[PACE_TOLD] = p.fast
    llr = np.float32(5.2 + 1.2 * np.log(p.fast / FAST_ALERT))
    if claims:
        # crawlers may hurry; who only claims to be one is judged by where it comes from, too
        llr *= np.float32(0.5)
    return PACE, llr, p.fast, r.gap_edge


@inline
def _is_server_slow(r, e, key, slow):
    """Counts how long others wait here; True when that is long for many of them, so that it is the
    server that is slow. What one asks again and again counts once.
    """
    if key != r.timed_who:
        r.timed_who = key
        factor = decay_factor(r.timed_last, e.ts, SLOW_US)
        r.timed_n = r.timed_n * factor + np.float32(1.0)
        r.timed_slow = r.timed_slow * factor + np.float32(slow)
        r.timed_last = max(r.timed_last, e.ts)
    return r.timed_slow >= SLOW_FEWEST and r.timed_slow > SLOW_SHARE * r.timed_n


@inline
def _tail(p, r, e, key):
    """Replies far larger or slower than this endpoint's usual ones, one after the other."""
    nothing = 0, np.float32(0.0), np.float32(0.0), np.float32(0.0)
    if r.edges_due <= r.n:
        # the edges move slowly: worked out anew after some requests, not for each
        r.edges_due = r.n + EDGES_EVERY
        edge, place, known = _high(r.sizes_some, 0.05, 0)
        r.size_edge = edge if known >= TAIL_FEWEST and place < 62 else NO_EDGE
        edge, place, known = _high(r.times_some, 0.05, 0)
        r.time_edge = edge if known >= TAIL_FEWEST and place < 94 else NO_EDGE
    size_edge, time_edge = r.size_edge, r.time_edge
    large = (
        (e.method == 1 or e.response_bytes > TAIL_HUGE_BYTES)
        and e.response_bytes > TAIL_FLOOR_BYTES
        and np.float32(e.response_bytes) > TAIL_TIMES * size_edge
    )
    slow = e.duration_us > TAIL_FLOOR_US and np.float32(e.duration_us) > (
        TAIL_TIMES_SLOW * time_edge
    )
    is_server = _is_server_slow(r, e, key, slow)
    slow = slow and not is_server
    if not (large or slow):
        p.tail = max(np.float32(0.0), p.tail + TAIL_BREAK)
        return nothing
    # everybody may meet a slow server now and then
    step = TAIL_STEP if large else TAIL_STEP_SLOW
    if (large and e.response_bytes > TAIL_HUGE_BYTES) or (large and slow):
        step = np.float32(2.6)
    p.tail = min(p.tail + step, np.float32(14.0))
    if p.tail < 5.1 or p.tail < p.reported[TAIL_TOLD] + np.float32(0.75):
        return nothing
    p.reported[TAIL_TOLD] = p.tail
    if slow or e.response_bytes > TAIL_HUGE_BYTES:
        return (
            SLOW,
            p.tail,
            np.float32(max(e.duration_us, 0)) * np.float32(1e-6),
            time_edge * np.float32(1e-6),
        )
    return LARGE, p.tail, np.float32(e.response_bytes), size_edge
