"""What an actor looks for: paths that do not exist, many pages, identifiers one after the other."""

import numpy as np

from apisentinel.features.actor_record import HIGHEST, N_FRESH
from apisentinel.features.site import MISSES, PAGES_SEEN, add_share
from apisentinel.features.surge import CRAWLER_TIMES, is_crawler, is_machine
from apisentinel.kernels.compiler import inline
from apisentinel.kernels.sketches import cusum, decay_factor, hll_add, hll_estimate
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT, PATH_FETCHED_BY_ITSELF, PATH_ROBOTS
from apisentinel.records.taxonomy import AGENT_KINDS, AgentKind

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

POST, DELETE = 3, 6
"""Numbers of the first and last method that changes something."""
WALK_LLR, WALK_BREAK = np.float32(0.45), np.float32(-0.9)
"""Scraping: steps for an id that continues the walk, and for one that does not."""
WALK_US = 86_400_000_000
"""Time in which a walk fades to a third: a patient one takes a step in an hour."""


@inline
def scanning(r, e, fresh, page, is_client, site):
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
def crawling(r, page, fresh, e):
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
def walks(r, e):
    """Identifiers in steady small steps: reading a table row by row (scraping), or guessing what
    exists (enumeration). Steps that change something and may are the work of a form: answer after
    answer of a test, line after line of an order.
    """
    if e.object != 0:
        hll_add(r.objects, e.object)
    if e.object_id < 0:
        return
    missed = e.status == 404 or e.status == 403 or e.status == 401 or e.status == 410
    if POST <= e.method <= DELETE and not missed:
        return
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
