"""State of an actor (client, session, user, credential): one record, one kernel for all four.

The kernel counts what the actor does and keeps one log-likelihood ratio per family of misuse. Each
ratio is a cumulative sum with forgetting, so a quiet hour makes an old suspicion fade. Where a
threshold depends on what is normal here, the kernel asks the site's histograms (`site.py`), which
hold one value per actor and minute.
"""

import numpy as np

from apisentinel.features.actor_record import (
    ACTOR,
    COUNTERS,
    FAMILIES,
    LABEL_BYTES,
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
    TAU_US,
    VERSION,
)
from apisentinel.features.endpoint import ENDPOINT
from apisentinel.features.events import EVENT
from apisentinel.features.logins import STUFFING_LLR, logins
from apisentinel.features.reading import automation, gap_cv
from apisentinel.features.site import (
    MISSES,
    PAGES,
    PAGES_HOUR,
    PAGES_SEEN,
    REQUESTS,
    RUSHES,
    add_sample,
    add_share,
    high_normal,
    share_of,
)
from apisentinel.features.steps import sequence
from apisentinel.features.surge import CRAWLER_TIMES, is_crawler, is_machine
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.sketches import bloom_add, cusum, decay_factor, hll_add, hll_estimate
from apisentinel.kernels.slots import (
    AHEAD_CELL,
    AHEAD_RECORD,
    acquire,
    ask_cell,
    ask_record,
)
from apisentinel.records.flags import (
    AGENT_CLAIMS_GOOD_BOT,
    PATH_ADMIN,
    PATH_ASSET,
    PATH_FETCHED_BY_ITSELF,
    PATH_HEALTH,
    PATH_ROBOTS,
)
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

REPORT_FROM, REPORT_STEP = np.float32(2.3), np.float32(0.75)
AUTOMATION_FROM = np.float32(1.0)
"""A family is reported from odds of 10 : 1 on, and again whenever its ratio grew by this much;
automation of a session that the client sent earlier, since it only ranks sessions.
"""

RISK_PER_NAT = np.float32(7.0)
"""Points of risk, for eviction only, per nat of the strongest ratio."""

HIGHEST = np.float32(14.0)
"""Bound of every cumulative sum, so that an old attack can be forgotten in reasonable time."""

MISS_LLR, HIT_LLR, ERROR_LLR = np.float32(1.0), np.float32(-0.55), np.float32(0.35)
"""Scanning: steps for a new path that is missing, that exists, that gives a client error."""
MISS_SHARE_FLOOR = 0.02
"""Sites where even fewer new paths are missing count as if this share were missing."""

CRAWL_PER_PAGE = np.float32(0.165)
"""Crawling: nats per distinct page of the last minute beyond what is normal."""
CRAWL_FREE = np.float32(4.0)

RUSH_GAP_US, RUSH_PAUSE_US, RUSH_KEEPS = 700_000, 2_500_000, np.float32(0.3)
"""A rush: new pages less than the first apart; a pause ends it but for a share."""
RUSH_FREE, RUSH_PER_PAGE = np.float32(15.0), np.float32(0.34)
"""New pages of a rush that are never too many, beyond twice what is normal here, and nats for each
further one.
"""

PEOPLE_MOST, PEOPLE_POWER = 32, np.float32(0.7)
"""Programs behind one address that are counted, and how what is normal grows with them."""
HOUR_FLOOR, HOUR_TIMES = np.float32(120.0), np.float32(3.0)
HOUR_PROGRAMS, HOUR_MACHINES, HOUR_ENDPOINTS = np.float32(40.0), np.float32(1500.0), 2.5
"""Distinct pages of an hour that are never too many, and times of the busiest normal hours: for
everybody; for programs without a key; for keys of partners; endpoints that have to be among them.
"""
ROBOTS_LLR, ROBOTS_MOST = np.float32(1.3), np.float32(7.0)
"""What it says that a browser or an app fetches the rules for robots, and most that it can say."""
BROWSER, MOBILE_APP = AGENT_KINDS.index(AgentKind.BROWSER), AGENT_KINDS.index(AgentKind.MOBILE_APP)
TOOL, LIBRARY = AGENT_KINDS.index(AgentKind.TOOL), AGENT_KINDS.index(AgentKind.LIBRARY)

WALK_LLR, WALK_BREAK = np.float32(0.45), np.float32(-0.9)
"""Scraping: steps for an id that continues the walk, and for one that does not."""
WALK_US = 86_400_000_000
"""Time in which a walk fades to a third: a patient one takes a step in an hour."""

AGENT_LLR, AGENT_BREAK = np.float32(0.75), np.float32(-0.5)

VOLUME_FLOOR = np.float32(240.0)
"""Requests a minute (assets count a tenth) that are never called a flood."""
VOLUME_MACHINES = np.float32(1200.0)
"""The same for programs with a key of their own: twenty a second."""
RESOURCE_FLOOR_BYTES, RESOURCE_FLOOR_US = np.float32(200e6), np.float32(60e6)
"""Bytes sent and time spent for one actor within 10 minutes that are never called abuse."""

FORBIDDEN_LLR, FORBIDDEN_ADMIN_LLR, FORBIDDEN_BREAK = (
    np.float32(1.5), np.float32(2.7), np.float32(-0.15),
)  # fmt: skip
"""Forbidden functions: steps for an endpoint that is new for the actor and forbidden (403), for one
of an administration area, and for one that is allowed.
"""
TOKEN_LLR, FORGED_LLR, STOLEN_LLR = np.float32(1.8), np.float32(3.0), np.float32(5.8)
"""Tokens: a new token that is refused, one whose head says that it is forged, a session that goes
on from another network with another program.
"""
TAKEOVER_LLR, TAKEOVER_SLOW_LLR, HASTE_US = np.float32(5.5), np.float32(4.4), 90_000_000
"""Takeover: a change of how the account is reached at once after a strange login, and later."""
STRANGE_US, HABIT_REQUESTS, HABIT_US = 1_800_000_000, 8, 1_800_000_000
"""Takeover: how long a login from a new place with a new device stays strange; requests and time
after which a user has habits.
"""


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
def _clear(r):
    """Empties a record that a new key takes over."""
    r.risk = 0.0
    r.n = 0
    r.minute = 0
    r.object_id = -1
    r.last_agent = 0
    r.last_endpoint = 0
    r.last_page = 0
    for w in range(3):
        for k in range(COUNTERS):
            r.counts[w, k] = 0.0
    for k in range(FAMILIES):
        r.llr[k] = 0.0
        r.peak[k] = 0.0
        r.reported[k] = 0.0
    r.minute_requests = 0.0
    r.minute_pages = 0.0
    r.gap_mean = 0.0
    r.longest_gap = 0.0
    r.page_path = 0
    r.shown_path = 0
    r.gap_square = 0.0
    r.accounts_failed = 0.0
    r.walk = 0.0
    r.walk_missed = 0.0
    r.step = 0.0
    r.usual = 0.0
    r.agents_fresh = 0.0
    r.gaps = 0
    r.alerted_at = 0
    for k in range(32):
        r.agents[k] = 0
        r.endpoints[k] = 0
        r.objects[k] = 0
    for k in range(64):
        r.accounts[k] = 0
    for k in range(32):
        r.secrets[k] = 0
    for k in range(16):
        r.tokens[k] = 0
    for k in range(4):
        r.places[k] = 0
        r.devices[k] = 0
    r.strange = 0
    r.home = 0
    r.fresh_logins = 0.0
    for k in range(128):
        r.seen[k] = 0
    r.seen_count = 0
    r.agents_count = 0
    r.steps = 0
    r.rush = 0.0
    r.rush_high = 0.0
    r.beat = 0.0
    r.beat_square = 0.0
    r.skipped = 0.0
    r.page_at = 0
    r.beats = 0
    r.loads = 0
    r.late = 0
    r.opened = 0
    r.again = 0
    r.rendered = 0
    r.label_length = 0
    r.agent_kind = 0
    r.agent_flags = 0


@inline
def _start(r, key, e, text, begin, end):
    """First event of an actor."""
    _clear(r)
    r.key = key
    r.version = VERSION
    r.first = e.ts
    r.last = e.ts
    r.address_hi = e.address_hi
    r.address_lo = e.address_lo
    r.parent = e.client
    r.agent_kind = e.agent_kind
    r.minute = e.ts // 60_000_000
    if begin >= 0:
        length = min(end - begin, LABEL_BYTES)
        for k in range(length):
            r.label[k] = text[begin + k]
        r.label_length = length


@inline
def _decay(r, now):
    """Lets counters and ratios fade up to `now`."""
    for w in range(3):
        factor = decay_factor(r.last, now, TAU_US[w])
        if factor < 1.0:
            for k in range(COUNTERS):
                r.counts[w, k] *= factor
            if w == 0:
                r.fresh_logins *= factor
            if w == 2:
                for k in range(FAMILIES):
                    r.llr[k] *= factor
                r.walk *= factor
                r.walk_missed *= factor
                r.accounts_failed *= factor
                r.agents_fresh *= factor


@inline
def _count(r, quantity, amount):
    for w in range(3):
        r.counts[w, quantity] += amount


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
def _scanning(r, e, fresh, page, is_client, site):
    """New paths that do not exist: a person follows links, a scanner guesses."""
    if not page or not fresh:
        return
    missed = e.status == 404 or e.status == 410
    if is_client:
        add_share(site, MISSES, PAGES_SEEN, missed)
    step = HIT_LLR
    if missed:
        usual = max(e.usual_misses, MISS_SHARE_FLOOR)
        # where misses are common, a miss says less
        step = MISS_LLR * np.float32(min(1.0, max(0.15, 1.25 - 2.5 * usual)))
    elif e.status >= 400 and e.status != 401 and e.status != 429:
        step = ERROR_LLR
    elif e.status <= 0:
        step = np.float32(0.0)
    if e.agent_flags & AGENT_CLAIMS_GOOD_BOT and step > 0:
        step *= np.float32(0.3)
    r.llr[0] = cusum(r.llr[0], step, np.float32(1.0), HIGHEST)


@inline
def _crawling(r, page, fresh, e):
    """Many distinct pages a minute, compared with what other clients of this site fetch."""
    if e.path_flags & PATH_ROBOTS and (e.agent_kind == BROWSER or e.agent_kind == MOBILE_APP):
        r.llr[4] = min(r.llr[4] + ROBOTS_LLR, ROBOTS_MOST)
    if not page or e.path_flags & PATH_FETCHED_BY_ITSELF:
        return
    gap = e.ts - r.last
    if gap > RUSH_PAUSE_US:
        # a pause before a page that was seen already is a pause, too
        r.rush *= RUSH_KEEPS
    if not fresh:
        return
    if gap <= RUSH_GAP_US:
        r.rush = min(r.rush + np.float32(1.0), np.float32(200.0))
        r.rush_high = max(r.rush_high, r.rush)
        hurry = RUSH_PER_PAGE * (r.rush - RUSH_FREE - np.float32(2.0) * e.usual_rush)
        if hurry > r.llr[4] and not e.agent_flags & AGENT_CLAIMS_GOOD_BOT and not is_machine(e):
            r.llr[4] = min(hurry, np.float32(7.0))
            r.usual = e.usual_pages
    normal = e.usual_pages
    if is_machine(e):
        # a key has a limit of its own, and partners fetch everything again now and then
        normal = max(np.float32(4.0) * normal, np.float32(150.0))
    # behind one address with many programs are many people
    people = np.float32(min(max(r.agents_count, 1), PEOPLE_MOST)) ** PEOPLE_POWER
    normal *= people
    excess = r.counts[0, N_FRESH] - CRAWL_FREE - normal
    level = CRAWL_PER_PAGE * excess
    if e.agent_flags & AGENT_CLAIMS_GOOD_BOT:
        level *= np.float32(0.4)
    hour = _hour_level(r, e, people)
    if max(level, hour) > r.llr[4]:
        r.llr[4] = min(max(level, hour), HIGHEST)
        r.usual = normal


@inline
def _hour_level(r, e, people):
    """Distinct pages of an hour against the busiest normal hours of this site's clients: what goes
    on for long at a reader's pace. A program that neither says who it is nor has a key is allowed
    less, one that says that it is a crawler more.
    """
    limit = max(HOUR_FLOOR, HOUR_TIMES * e.usual_hour)
    if is_machine(e):
        limit = max(limit, HOUR_MACHINES)
    elif e.credential == 0 and e.user == 0 and (e.agent_kind == TOOL or e.agent_kind == LIBRARY):
        limit = HOUR_PROGRAMS
    elif is_crawler(e):
        limit *= CRAWLER_TIMES
    limit *= people
    pages = r.counts[2, N_FRESH]
    if pages <= limit or hll_estimate(r.endpoints) < HOUR_ENDPOINTS:
        return np.float32(0.0)
    return np.float32(5.2 + 2.0 * np.log(pages / limit))


@inline
def _walks(r, e):
    """Identifiers in steady small steps: reading a table row by row (scraping), or guessing what
    exists (enumeration).
    """
    if e.object != 0:
        hll_add(r.objects, e.object)
    if e.object_id < 0:
        return
    missed = e.status == 404 or e.status == 403 or e.status == 401 or e.status == 410
    if r.object_id >= 0 and e.endpoint == r.last_endpoint:
        step = np.float32(e.object_id - r.object_id)
        size = abs(step)
        if size > 0:
            if size <= 3 or step == r.step:
                # an old walk fades; only a step of a walk brings it up again
                fade = decay_factor(r.last, e.ts, WALK_US)
                r.walk = min(r.walk * fade + WALK_LLR, np.float32(30.0))
                r.walk_missed = r.walk_missed * fade + np.float32(missed)
                level = r.walk - np.float32(1.5)
                steps = r.walk / WALK_LLR
                family = 3 if r.walk_missed > 0.5 * steps else 5
                if level > r.llr[family]:
                    r.llr[family] = min(level, HIGHEST)
            else:
                r.walk = max(np.float32(0.0), r.walk + WALK_BREAK)
                if r.walk == 0:
                    r.walk_missed = 0.0
            r.step = step
    r.object_id = e.object_id


@inline
def _agents(r, e):
    """A new user agent with almost every request; users behind one address come back with
    theirs.
    """
    if e.agent == r.last_agent:
        if r.agents_fresh > 0:
            r.agents_fresh = max(np.float32(0.0), r.agents_fresh + AGENT_BREAK * np.float32(0.5))
        return
    r.last_agent = e.agent
    if hll_add(r.agents, e.agent):
        r.agents_count += np.uint16(r.agents_count < 255)
        r.agents_fresh = min(r.agents_fresh + AGENT_LLR, HIGHEST)
    else:
        r.agents_fresh = max(np.float32(0.0), r.agents_fresh + AGENT_BREAK)
    level = r.agents_fresh - np.float32(1.5)
    if level > r.llr[7]:
        r.llr[7] = level


@inline
def _forbidden(r, e, is_new):
    """Functions that this actor may not use: one after the other is tried, and refused."""
    if not is_new or e.path_flags & (PATH_ASSET | PATH_HEALTH) or e.login != 0:
        return
    admin = e.path_flags & PATH_ADMIN != 0
    if e.status == 403 or (admin and e.status == 401):
        step = FORBIDDEN_ADMIN_LLR if admin and e.status == 403 else FORBIDDEN_LLR
    elif 200 <= e.status < 400:
        step = FORBIDDEN_BREAK
    else:
        return
    r.llr[10] = cusum(r.llr[10], step, np.float32(1.0), HIGHEST)


@inline
def _tokens(r, e, kind):
    """Tokens that are guessed or forged, and sessions that somebody else goes on with."""
    if e.token != 0:
        refused = e.status == 401 or e.status == 403
        new = (refused or e.token_flags != 0) and hll_add(r.tokens, e.token)
        if new and e.token_flags != 0:
            r.llr[11] = min(r.llr[11] + FORGED_LLR, HIGHEST)
        elif new and e.status == 401 and hll_estimate(r.tokens) > 1.5:
            r.llr[11] = min(r.llr[11] + TOKEN_LLR, HIGHEST)
    if kind != 1 or e.session_given == 0 or e.network == 0 or e.agent == 0:
        return
    if r.devices[0] == 0:
        r.devices[0] = e.agent
        r.places[0] = e.network
    elif e.agent != r.devices[0] and e.network != r.places[0] and r.llr[11] < STOLEN_LLR:
        r.llr[11] = STOLEN_LLR


@inline
def _known(values, value):
    """True when a value is among the last few; else it takes the place of the oldest."""
    for k in range(4):
        if values[k] == value:
            return True
    for k in range(3, 0, -1):
        values[k] = values[k - 1]
    values[0] = value
    return False


@inline
def _takeover(r, e):
    """A user from a new network with a new program, who then changes how the account is reached.

    References: Freeman et al., "Who are you? A statistical approach to measuring user
    authenticity", NDSS 2016.
    """
    if e.network == 0 or e.agent == 0:
        return
    had_habits = r.n > HABIT_REQUESTS and e.ts - r.first > HABIT_US
    place, device = _known(r.places, e.network), _known(r.devices, e.agent)
    if not place and not device and had_habits:
        r.strange = e.ts
        r.home = e.agent
    if (
        e.sensitive
        and r.strange > 0
        and e.agent == r.home
        and e.ts - r.strange < STRANGE_US
        and 200 <= e.status < 400
    ):
        # a traveller looks around first
        level = TAKEOVER_LLR if e.ts - r.strange < HASTE_US else TAKEOVER_SLOW_LLR
        r.llr[12] = min(max(r.llr[12], level), HIGHEST)


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
    _decay(r, e.ts)
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
    _count(r, N_REQUESTS, np.float32(1.0))
    _count(r, N_ASSETS, np.float32(asset))
    _count(r, N_FRESH, np.float32(fresh))
    _count(r, N_MISSED, np.float32(e.status == 404 or e.status == 410))
    _count(r, N_REFERRED, np.float32(page and e.referer))
    if e.status >= 400:
        _count(r, N_DENIED, np.float32(e.status == 401 or e.status == 403))
        _count(r, N_ERRORS, np.float32(e.status >= 500))
    if e.method >= 3 and e.method <= 6:
        _count(r, N_WRITES, np.float32(1.0))
    _count(r, N_BYTES, np.float32(max(e.response_bytes, 0)))
    _count(r, N_COST, np.float32(max(e.duration_us, 0)))
    r.minute_requests += np.float32(0.1) if asset else np.float32(1.0)
    r.minute_pages += np.float32(fresh)
    r.agent_flags |= e.agent_flags
    new_endpoint = hll_add(r.endpoints, e.endpoint)
    _forbidden(r, e, new_endpoint)
    _tokens(r, e, kind)
    if kind == 2:
        _takeover(r, e)
    if kind == 2 or (kind == 1 and e.user == 0 and e.session_given):
        sequence(r, e, ends, place)
    _scanning(r, e, fresh, page, is_client, site)
    if kind != 2:
        logins(r, e)
        _agents(r, e)
    if is_client:
        e.client_agents = np.uint8(r.agents_count)
    _crawling(r, page, fresh, e)
    _walks(r, e)
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
            _start(r, key, e, text, labels[i, 0], labels[i, 1])
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
