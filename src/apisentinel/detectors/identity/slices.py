"""Wald's test over slices of the sources of an endpoint: a network, or a program. A campaign that
fails a few times a day from everywhere hides in the failures of the whole endpoint, and not in
those of the program that it uses or of the network that it rents.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from apisentinel.detectors.identity.attempts import SUCCEEDED, Attempt, Slice
from apisentinel.detectors.identity.fading import DAY_US, HOUR_US

NETWORK, PROGRAM = 1, 2
"""Kinds of slices."""
ATTACKED = 0.5
"""Share of first outcomes that fail in a slice that is attacked; honest people with the same
program are part of it.
"""
BASE_LEAST = 0.1
"""Lowest share taken for usual: slices differ, and nobody knows how much at a quiet endpoint."""
MISSED, FALSE = 0.05, 1e-6
"""Share of attacked slices that may be missed, and of honest ones that may be told each time that
their sum begins anew; there are thousands of them.
"""
ACCEPT = math.log((1.0 - MISSED) / FALSE)
"""Sum (nats) from which on a slice is attacked, by Wald's bound."""
DISTINCT = 6
"""Different accounts, and clients, that fail: less is one source's own affair."""
BASE_LLR, STEP_LLR, MOST_LLR = 5.2, 0.15, 7.0
"""Nats of evidence at `ACCEPT`, for each nat beyond it, and at most."""
EACH = 2
"""Accounts of one client that count: many of one source are the source's own affair."""
LATELY, LATELY_CLIENTS = 4, 2
"""Part of the time since the sum began to rise that is its latest, and clients that have to fail in
it: a slice that was attacked is not told because somebody mistypes afterwards.
"""
TOLD_STEP = 6.0
"""Rise of the sum that tells it again."""
MOST = ACCEPT + 24.0
SLICES_KEPT, ACCOUNTS_EACH, CLIENTS_EACH = 4_096, 32, 12
"""Slices remembered, and accounts and clients of each, 5.4 kB a slice at most; what was quiet
longest gives way.
"""
FORGOTTEN_US = 7 * DAY_US


class Found(NamedTuple):
    """A slice that is attacked.

    Attributes:
        kind: ``network`` or ``program``.
        llr: Strength, nats.
        failed, tried: Accounts that failed and all, of those remembered.
        clients: Clients that failed, of those remembered.
        hours: Since the sum began to rise.
    """

    kind: str
    llr: float
    failed: int
    tried: int
    clients: int
    hours: float


Key = tuple[int, int, int]


class SliceTests:
    """Sequential tests of all slices, in the order of the attempts. Deterministic, bounded.

    References: Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical
    Statistics 16(2), 1945; Jung, Paxson, Berger, Balakrishnan, "Fast portscan detection using
    sequential hypothesis testing", IEEE S&P 2004 (first contacts of a source where here are first
    sign-ins); Javed, Paxson, "Detecting stealthy, distributed SSH brute-forcing", CCS 2013 (a
    site's failures first, then who takes part).
    """

    def __init__(self) -> None:
        self._slices: OrderedDict[Key, Slice] = OrderedDict()

    def see(self, attempt: Attempt, usual: Callable[[], float]) -> Found | None:
        """Counts the first outcome of an account in each slice of its source.

        Args:
            attempt: A sign-in that failed or succeeded and names an account.
            usual: Gives the share of first attempts that fail here by themselves.

        Returns:
            The strongest slice that has become suspicious, None mostly.
        """
        found: Found | None = None
        for kind, value in ((NETWORK, attempt.network), (PROGRAM, attempt.agent)):
            if not value:
                continue
            told = self._count((attempt.endpoint, kind, value), attempt, usual)
            if told is not None and (found is None or told.llr > found.llr):
                found = told
        return found

    def _count(self, key: Key, attempt: Attempt, usual: Callable[[], float]) -> Found | None:
        ts, account = attempt.ts, attempt.account
        part = self._slices.pop(key, None)
        if part is None or ts - part.ts > FORGOTTEN_US:
            if attempt.outcome == SUCCEEDED:
                return None  # only where somebody failed there is anything to learn
            if len(self._slices) >= SLICES_KEPT:
                self._slices.popitem(last=False)
            part = Slice()
        self._slices[key] = part
        part.ts = max(part.ts, ts)
        known = part.outcomes.pop(account, None)
        if len(part.outcomes) >= ACCOUNTS_EACH:
            del part.outcomes[next(iter(part.outcomes))]
        if attempt.outcome == SUCCEEDED:
            part.outcomes[account] = 0
            if part.level > 0.0 and known != 0:
                up, down = steps(usual())
                # who succeeds did not fail before, but mistyped
                part.level = max(0.0, part.level + (down - up if known else down))
            if part.level == 0.0:
                part.told = 0.0
            return None
        part.outcomes[account] = 1 if known is None else known
        if known is not None or not _speaks(part, attempt):
            return None
        part.level = min(part.level + steps(usual())[0], MOST)
        return self._told(key[1], part, ts)

    @staticmethod
    def _told(kind: int, part: Slice, ts: int) -> Found | None:
        if part.level < ACCEPT or (part.told and part.level < part.told + TOLD_STEP):
            return None
        failed = sum(part.outcomes.values())
        if min(failed, len(part.clients)) < DISTINCT or failed < ATTACKED * len(part.outcomes):
            return None
        latest = ts - (ts - part.since) // LATELY
        if sum(last >= latest for _, last in part.clients.values()) < LATELY_CLIENTS:
            return None
        part.told = part.level
        llr = min(BASE_LLR + STEP_LLR * (part.level - ACCEPT), MOST_LLR)
        name = "network" if kind == NETWORK else "program"
        hours = (ts - part.since) / HOUR_US
        return Found(name, llr, failed, len(part.outcomes), len(part.clients), hours)

    def memory(self) -> list[tuple[int, int, int, Slice]]:
        """What a successor has to know, quiet ones first."""
        return [(*key, part) for key, part in self._slices.items()]

    def recall(self, memory: list[tuple[int, int, int, Slice]]) -> None:
        """Takes over what an earlier one remembered."""
        self._slices = OrderedDict(((a, b, c), part) for a, b, c, part in memory)


def _speaks(part: Slice, attempt: Attempt) -> bool:
    """Counts the failure of a client; true for one that has not failed too often to count."""
    if part.level == 0.0:
        part.since, part.clients = attempt.ts, {}
    tried, _ = part.clients.pop(attempt.client, (0, 0))
    if len(part.clients) >= CLIENTS_EACH:
        del part.clients[next(iter(part.clients))]
    part.clients[attempt.client] = (tried + 1, attempt.ts)
    return tried < EACH


def steps(usual: float) -> tuple[float, float]:
    """Nats for a failed first outcome and for a successful one.

    Example:
        >>> [round(step, 2) for step in steps(0.1)]
        [1.61, -0.59]
    """
    base = min(max(usual, BASE_LEAST), 0.9 * ATTACKED)
    return math.log(ATTACKED / base), math.log((1.0 - ATTACKED) / (1.0 - base))
