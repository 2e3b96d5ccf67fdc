"""How an actor signs in: guessing of passwords, and use of stolen ones."""

import numpy as np

from apisentinel.features.actor_counts import count
from apisentinel.features.actor_record import HIGHEST, N_FAILED, N_TRIES
from apisentinel.kernels.compiler import inline
from apisentinel.kernels.sketches import hll_add

BRUTE_FREE, BRUTE_LLR = np.float32(2.0), np.float32(1.38)
"""Brute force: failures of 10 minutes that people need themselves, step for each further one."""
BRUTE_SLOW_FREE, BRUTE_SLOW_LLR = np.float32(5.0), np.float32(0.7)
"""The same over an hour."""
STUFFING_LLR, STUFFING_SUCCESS, STUFFING_FREE = np.float32(2.55), np.float32(-2.23), np.float32(6.4)
"""Stuffing: Wald test over first outcomes per account with p0 = .07, p1 = .9; the offset demands
five accounts.
"""
MANY_LOGINS, MANY_LLR = np.float32(3.0), np.float32(2.6)
"""Accounts that one client and program may sign in to within a minute, and the step for more."""


@inline
def logins(r, e):
    """Guessing of passwords (failures on few accounts) and use of stolen ones (first failures on
    many accounts).
    """
    if e.login == 0:
        return
    account = e.account if e.account != 0 else e.user
    count(r, N_TRIES, np.float32(1.0))
    if e.secret != 0:
        hll_add(r.secrets, e.secret)
    if e.login == 2:
        # a success after few failures is a person; after many it is the guess that hit
        if r.llr[1] < 5.0 and r.llr[2] < 5.0:
            for w in range(3):
                r.counts[w, N_FAILED] *= np.float32(0.3)
        if account != 0 and hll_add(r.accounts, account):
            r.fresh_logins += np.float32(1.0)
            if r.fresh_logins > MANY_LOGINS and e.agent == r.last_agent:
                r.llr[12] = min(r.llr[12] + MANY_LLR, HIGHEST)
            r.accounts_failed = max(np.float32(0.0), r.accounts_failed + STUFFING_SUCCESS)
        r.llr[1] = min(r.llr[1], HIGHEST)
        return
    weight = np.float32(1.0)
    if e.login == 3 and r.counts[1, N_TRIES] < 2.5:
        weight = np.float32(0.6)
    count(r, N_FAILED, weight)
    if account != 0 and hll_add(r.accounts, account):
        r.accounts_failed = min(r.accounts_failed + STUFFING_LLR, np.float32(40.0))
    fast = BRUTE_LLR * (r.counts[1, N_FAILED] - BRUTE_FREE)
    slow = BRUTE_SLOW_LLR * (r.counts[2, N_FAILED] - BRUTE_SLOW_FREE)
    r.llr[1] = min(max(r.llr[1], max(fast, slow)), HIGHEST)
    if r.accounts_failed > STUFFING_FREE:
        r.llr[2] = min(max(r.llr[2], r.accounts_failed - STUFFING_FREE), HIGHEST)
