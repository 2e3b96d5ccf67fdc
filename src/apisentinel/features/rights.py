"""With whose rights an actor comes: under which programs it goes, which functions it tries that it
may not use, which tokens it guesses, which accounts it takes over.
"""

import numpy as np

from apisentinel.features.actor_record import HIGHEST
from apisentinel.kernels.compiler import inline
from apisentinel.kernels.sketches import cusum, hll_add, hll_estimate
from apisentinel.records.flags import PATH_ADMIN, PATH_ASSET, PATH_HEALTH

AGENT_LLR, AGENT_BREAK = np.float32(0.75), np.float32(-0.5)

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
def agent_switching(r, e):
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
def forbidden(r, e, is_new):
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
def token_abuse(r, e, kind):
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
def takeover(r, e):
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
