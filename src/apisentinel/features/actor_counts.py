"""The record of an actor without any judgement: it begins, counts, and forgets."""

from apisentinel.features.actor_record import COUNTERS, FAMILIES, LABEL_BYTES, TAU_US, VERSION
from apisentinel.kernels.compiler import inline
from apisentinel.kernels.sketches import decay_factor


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
def start(r, key, e, text, begin, end):
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
def decay(r, now):
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
def count(r, quantity, amount):
    """Adds to a quantity in all three windows."""
    for w in range(3):
        r.counts[w, quantity] += amount
