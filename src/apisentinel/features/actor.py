"""State of an actor (client, session, user, credential): one record, one kernel for all four.

The kernel counts what the actor does and keeps one log-likelihood ratio per family of misuse. Each
ratio is a cumulative sum with forgetting, so a quiet hour makes an old suspicion fade. Where a
threshold depends on what is normal here, the kernel asks the site's histograms (`site.py`), which
hold one value per actor and minute.
"""

import numpy as np

from apisentinel.features.actor_counts import count, decay, start
from apisentinel.features.actor_record import (
    ACTOR,
    FAMILIES,
    HIGHEST,
    N_ASSETS,
    N_BYTES,
    N_COST,
    N_DENIED,
    N_ERRORS,
    N_FAILED,
    N_FRESH,
    N_MISSED,
    N_REFERRED,
    N_REQUESTS,
    N_WRITES,
    SEEN_LIMIT,
    SIGNAL,
)
from apisentinel.features.endpoint import ENDPOINT
from apisentinel.features.events import EVENT
from apisentinel.features.exploring import WALK_LLR, crawling, scanning, walks
from apisentinel.features.logins import STUFFING_LLR, logins
from apisentinel.features.reading import automation, gap_cv
from apisentinel.features.rights import agent_switching, forbidden, takeover, token_abuse
from apisentinel.features.site import (
    MISSES,
    PAGES,
    PAGES_HOUR,
    PAGES_SEEN,
    REQUESTS,
    RUSHES,
    add_sample,
    high_normal,
    share_of,
)
from apisentinel.features.steps import sequence
from apisentinel.features.surge import is_machine
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.sketches import bloom_add, hll_add, hll_estimate
from apisentinel.kernels.slots import (
    AHEAD_CELL,
    AHEAD_RECORD,
    acquire,
    ask_cell,
    ask_record,
)
from apisentinel.records.flags import (
    PATH_ASSET,
    PATH_FETCHED_BY_ITSELF,
    PATH_HEALTH,
)

REPORT_FROM, REPORT_STEP = np.float32(2.3), np.float32(0.75)
AUTOMATION_FROM = np.float32(1.0)
"""A family is reported from odds of 10 : 1 on, and again whenever its ratio grew by this much;
automation of a session that the client sent earlier, since it only ranks sessions.
"""

RISK_PER_NAT = np.float32(7.0)
"""Points of risk, for eviction only, per nat of the strongest ratio."""

VOLUME_FLOOR = np.float32(240.0)
"""Requests a minute (assets count a tenth) that are never called a flood."""
VOLUME_MACHINES = np.float32(1200.0)
"""The same for programs with a key of their own: twenty a second."""
RESOURCE_FLOOR_BYTES, RESOURCE_FLOOR_US = np.float32(200e6), np.float32(60e6)
"""Bytes sent and time spent for one actor within 10 minutes that are never called abuse."""


@inline
def _key(event, kind):
    if kind == 0:
        return event.client
    if kind == 1:
        return event.session
    if kind == 2:
        return event.user
    return event.credential


@inline
def _close_minute(r, e, is_client, site):
    """At the first event of a new minute: the last one becomes a sample of what is normal here."""
    minute = e.ts // 60_000_000
    if minute > r.minute:
        if is_client:
            add_sample(site, REQUESTS, r.minute_requests)
            add_sample(site, PAGES, r.minute_pages)
            add_sample(site, RUSHES, r.rush_high)
            if minute // 60 > r.minute // 60:
                add_sample(site, PAGES_HOUR, r.counts[2, N_FRESH])
        r.minute_requests = 0.0
        r.minute_pages = 0.0
        r.rush_high = 0.0
        r.minute = minute


@inline
def _remember_usual(e, site):
    """Notes what the site knows before this event."""
    e.usual_misses = np.float32(share_of(site, MISSES, PAGES_SEEN, 0.05))
    e.usual_pages = high_normal(site, PAGES, np.float32(0.0))
    e.usual_requests = high_normal(site, REQUESTS, np.float32(60.0))
    e.usual_rush = high_normal(site, RUSHES, np.float32(4.0))
    e.usual_hour = high_normal(site, PAGES_HOUR, np.float32(50.0))


@inline
def _volume(r, e):
    """Requests of the running minute against the busiest normal minutes of this site."""
    if r.minute_requests <= VOLUME_FLOOR:
        return
    normal = e.usual_requests
    limit = max(VOLUME_FLOOR, 4 * normal)
    if is_machine(e):
        # partners fetch and measure with keys that have limits of their own
        limit = max(limit, VOLUME_MACHINES)
    if r.minute_requests > limit:
        level = np.float32(4.0 + 3.0 * np.log(r.minute_requests / limit))
        if level > r.llr[8]:
            r.llr[8] = min(level, HIGHEST)
            r.usual = normal


@inline
def _resources(r):
    """Bytes and server time of ten minutes: far beyond any reasonable single use."""
    worst = max(
        r.counts[1, N_BYTES] / RESOURCE_FLOOR_BYTES, r.counts[1, N_COST] / RESOURCE_FLOOR_US
    )
    if worst > 4.0 and r.counts[1, N_REQUESTS] > 30:
        level = np.float32(3.0 + 2.0 * np.log(worst / 4.0))
        if level > r.llr[9]:
            r.llr[9] = min(level, np.float32(6.9))


@inline
def _facts(r, out):
    out[0] = r.counts[0, N_REQUESTS]
    out[1] = r.counts[1, N_REQUESTS]
    out[2] = r.counts[2, N_MISSED]
    out[3] = r.counts[0, N_FRESH]
    out[4] = r.counts[1, N_FAILED]
    out[5] = r.accounts_failed / STUFFING_LLR
    out[6] = np.float32(hll_estimate(r.agents))
    out[7] = np.float32(hll_estimate(r.accounts))
    out[8] = np.float32(hll_estimate(r.endpoints))
    out[9] = np.float32(hll_estimate(r.objects))
    out[10] = r.walk / WALK_LLR
    out[11] = r.usual
    out[12] = np.float32(r.n)
    out[13] = r.counts[1, N_BYTES]
    out[14] = r.counts[1, N_COST]
    out[15] = gap_cv(r)
    out[16] = r.counts[2, N_FAILED]
    out[17] = r.counts[2, N_REQUESTS] - r.counts[2, N_ASSETS]
    out[18] = np.float32(hll_estimate(r.secrets))
    out[19] = np.float32(hll_estimate(r.tokens))
    out[20] = r.counts[1, N_DENIED]
    out[21] = r.rush
    out[22] = r.skipped
    out[23] = np.float32(r.late)


@inline
def _observe(r, e, kind, site, ends, place):
    """Counts one event and updates every family. Returns the bit mask of families that rose enough
    to report.
    """
    is_client = kind == 0
    _close_minute(r, e, is_client, site)
    decay(r, e.ts)
    asset = e.path_flags & PATH_ASSET != 0
    page = not asset and e.path_flags & (PATH_FETCHED_BY_ITSELF | PATH_HEALTH) == 0
    fresh = False
    if page:
        if r.seen_count >= SEEN_LIMIT:
            r.seen_count = 0
            for k in range(128):
                r.seen[k] = 0
        fresh = bloom_add(r.seen, e.path)
        r.seen_count += fresh
    r.n += 1
    count(r, N_REQUESTS, np.float32(1.0))
    count(r, N_ASSETS, np.float32(asset))
    count(r, N_FRESH, np.float32(fresh))
    count(r, N_MISSED, np.float32(e.status == 404 or e.status == 410))
    count(r, N_REFERRED, np.float32(page and e.referer))
    if e.status >= 400:
        count(r, N_DENIED, np.float32(e.status == 401 or e.status == 403))
        count(r, N_ERRORS, np.float32(e.status >= 500))
    if e.method >= 3 and e.method <= 6:
        count(r, N_WRITES, np.float32(1.0))
    count(r, N_BYTES, np.float32(max(e.response_bytes, 0)))
    count(r, N_COST, np.float32(max(e.duration_us, 0)))
    r.minute_requests += np.float32(0.1) if asset else np.float32(1.0)
    r.minute_pages += np.float32(fresh)
    r.agent_flags |= e.agent_flags
    new_endpoint = hll_add(r.endpoints, e.endpoint)
    forbidden(r, e, new_endpoint)
    token_abuse(r, e, kind)
    if kind == 2:
        takeover(r, e)
    if kind == 2 or (kind == 1 and e.user == 0 and e.session_given):
        sequence(r, e, ends, place, np.int64(kind != 2))
    scanning(r, e, fresh, page, is_client, site)
    if kind != 2:
        logins(r, e)
        agent_switching(r, e)
    if is_client:
        e.client_agents = np.uint8(r.agents_count)
    crawling(r, page, fresh, e)
    walks(r, e)
    automation(r, e, page)
    _volume(r, e)
    _resources(r)
    r.last_endpoint = e.endpoint
    r.last = max(r.last, e.ts)
    raised = np.uint32(0)
    for k in range(FAMILIES):
        if r.llr[k] > r.peak[k]:
            r.peak[k] = r.llr[k]
        if r.llr[k] < r.reported[k] * np.float32(0.25):
            r.reported[k] = 0.0
        lowest = AUTOMATION_FROM if k == 6 and e.session_given else REPORT_FROM
        if r.llr[k] >= lowest and r.llr[k] >= r.reported[k] + REPORT_STEP:
            r.reported[k] = r.llr[k]
            raised |= np.uint32(1 << k)
    if e.login == 2 and max(r.llr[1], r.llr[2]) >= 5.0:
        # the guess that hit: reported once more, with its success
        raised |= np.uint32(2) if r.llr[1] >= r.llr[2] else np.uint32(4)
    return raised


@kernel(
    "int64(EVENT[::1], int64, uint8[::1], int32[:,::1], uint64[::1], int32[::1], int64[::1],"
    " ACTOR[::1], float32[:,::1], int32[::1], ENDPOINT[::1], int32[::1], int64[::1], SIGNAL[::1])",
    EVENT=EVENT,
    ENDPOINT=ENDPOINT,
    ACTOR=ACTOR,
    SIGNAL=SIGNAL,
)
def update_actors(
    events, kind, text, labels, keys, rows, meta, records, site, places, ends, slots, ordinals,
    signals,
):  # fmt: skip
    """Counts events in order and reports actors whose evidence rose.

    Args:
        events: `EVENT` ``(n,)``, in the order of their `seq`.
        kind: A `Kind`; chooses the key column. Events without that key are skipped.
        text: Buffer of the batch, for the entity's label.
        labels: int32 ``(n, 2)``, spans of the entity's text id.
        keys, rows, meta, records: The slot table.
        site: float32 histograms of `site.py`; written by clients only.
        places: int32 ``(n,)``, row of each event's endpoint.
        ends: The records of the endpoints; what comes before each of them is learned here.
        slots: int32 ``(n,)`` out: row of each event's record, -1 without key.
        ordinals: int64 ``(n,)`` out: which request of its entity each event is, from 1.
        signals: `SIGNAL` ``(n,)`` out.

    Returns:
        Number of signals written, at most one per event, in event order.

    Cost: 250-400 ns an event on two-digit nanosecond memory, 1 KiB a key.
    Ordering: late events are counted without rewinding any clock.
    """
    n = events.shape[0]
    used = 0
    size = records.itemsize
    for i in range(n):
        if i + AHEAD_CELL < n:
            ask_cell(keys, _key(events[i + AHEAD_CELL], kind))
        if i + AHEAD_RECORD < n:
            ask_record(keys, rows, records, _key(events[i + AHEAD_RECORD], kind), size, 8)
        if kind == 0:
            _remember_usual(events[i], site)
        key = _key(events[i], kind)
        slots[i] = -1
        if key == 0:
            continue
        row, is_new = acquire(keys, rows, meta, records, key)
        slots[i] = row
        r = records[row]
        e = events[i]
        expired = kind == 1 and e.session_given == 0 and e.ts - r.last > 1_800_000_000
        if is_new or expired:
            start(r, key, e, text, labels[i, 0], labels[i, 1])
        raised = _observe(r, e, kind, site, ends, np.int64(places[i]))
        ordinals[i] = r.n
        if raised != 0:
            # what is under suspicion is kept when the table is full
            for k in range(FAMILIES):
                r.risk = max(r.risk, min(RISK_PER_NAT * r.llr[k], np.float32(100.0)))
            s = signals[used]
            s.row = i
            s.slot = row
            s.kind = kind
            s.raised = raised
            s.login = e.login
            for k in range(FAMILIES):
                s.llr[k] = r.llr[k]
            _facts(r, s.facts)
            used += 1
    return used
