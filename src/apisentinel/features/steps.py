"""Steps of business flows, mined from what comes before the first call of each endpoint."""

import numpy as np

from apisentinel.features.actor_record import HIGHEST
from apisentinel.features.surge import is_machine
from apisentinel.kernels.compiler import inline
from apisentinel.records.flags import PATH_ASSET, PATH_HEALTH

STEPS_PAUSE_US = 1_800_000_000
"""Pause after which a user begins anew."""
STEPS_FEWEST, STEPS_SHARE, STEPS_VOICE = 60, 0.985, np.float32(0.03)
"""First calls of an endpoint that have to be known, share of them with a step before that makes it
needed, and weight of a call in the running share of those that lack one.
"""
STEPS_MOST = 4096
"""First calls after which old ones count half; less than a `before` of two bytes holds."""
STEPS_LOOSE = np.float32(0.15)
"""Running share of calls without a needed step at which the flow counts as changed."""
STEP_LLR, STEP_LLR_AGAIN = np.float32(1.6), np.float32(0.35)
"""What a call without the steps before says, and the same call again."""


@inline
def sequence(r, e, ends, place, who):
    """Steps of a flow that are left out: what almost everybody calls before this endpoint was not
    called by this user. Needed steps are mined from first calls; who leaves one out teaches little.

    Args:
        r: The actor.
        e: The request.
        ends: Records of the endpoints.
        place: That of the request, -1 for none.
        who: 0 for users, 1 for sessions without one. They are counted one kind after the other,
            so what one learned from the other would depend on where a block ends.

    References: OWASP API6:2023; CWE-841.
    """
    if place < 0 or e.path_flags & (PATH_ASSET | PATH_HEALTH) or e.status >= 500 or is_machine(e):
        return
    if e.ts - r.last > STEPS_PAUSE_US:
        r.steps = np.uint64(0)
    bit = np.int64((e.endpoint >> np.uint64(17)) & np.uint64(63))
    mine = np.uint64(1) << np.uint64(bit)
    first = r.steps & mine == np.uint64(0)
    p = ends[place]
    lacking = 0
    if p.called[who] >= STEPS_FEWEST:
        for k in range(64):
            if k != bit and p.before[who, k] >= STEPS_SHARE * p.called[who]:
                lacking += (r.steps >> np.uint64(k)) & np.uint64(1) == np.uint64(0)
    if first:
        p.skipped[who] += STEPS_VOICE * (np.float32(lacking > 0) - p.skipped[who])
        if lacking == 0 or p.skipped[who] > STEPS_LOOSE or p.called[who] % 8 == 0:
            p.called[who] += 1
            for k in range(64):
                p.before[who, k] += (r.steps >> np.uint64(k)) & np.uint64(1)
            if p.called[who] >= STEPS_MOST:
                p.called[who] >>= 1
                for k in range(64):
                    p.before[who, k] >>= 1
    r.steps |= mine
    if lacking > 0 and p.skipped[who] <= STEPS_LOOSE and 3 <= e.method <= 6:
        step = STEP_LLR if first else STEP_LLR_AGAIN
        r.skipped += np.float32(1.0)
        r.llr[13] = min(r.llr[13] + step, HIGHEST)
    elif r.llr[13] > 0:
        r.llr[13] = max(np.float32(0.0), r.llr[13] - np.float32(0.3))
