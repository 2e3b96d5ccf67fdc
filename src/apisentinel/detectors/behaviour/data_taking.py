"""Data taking: more than the user and its peers usually take."""

import math

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import TakingSignal
from apisentinel.records.taxonomy import AttackType

BASE, GROWTH, HIGHEST = 3.6, 1.5, 5.8
"""What it says that the limit is passed, nats per e-fold beyond it, and the most."""
ALONE_HIGHEST = 2.4
"""The most while only its own past or only its peers are known: it supports, and never alerts
alone. Some of a staff of ten do ten times the work of others with one list.
"""
DAY_LLR = 0.4
"""A day of it is less of an accident."""


class DataTaking:
    """A user takes more records, bytes or mail addresses in an hour or a day than it ever does
    (99th percentile of its own past, three times) and than its peers do (theirs, twice).

    Peers are the users of the same role at the same host. While a user is new, four times the peers
    is the limit; where there are no peers, five times its own past. Told again at half as much
    more.

    Catches: exports and copies by insiders and by stolen accounts, many small replies included.
    Misses: requests without a user id; theft within the usual; the first hours of a site.
    Counter-examples: the yearly export of an accountant, a migration. Each stays below HIGH.
    Cost: 40 ns for a request of a user, 0.2 ns a byte of its recorded reply.

    References: OWASP API1:2023, API3:2023; CWE-200; ATT&CK T1567, T1030, T1213.
    """

    id = "data_taking"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: TakingSignal) -> Evidence | None:
        """Evidence about the user; what it is called depends on the place, too."""
        if not self.settings.enabled:
            return None
        llr = BASE + GROWTH * math.log(max(signal.actual / max(signal.limit, 1.0), 1.0))
        most = HIGHEST if min(signal.own, signal.peers) >= 0.0 else ALONE_HIGHEST
        llr = min(llr + DAY_LLR * (signal.window == "day"), most) * self.settings.weight
        window = "1 h" if signal.window == "hour" else "24 h"
        told = f"{signal.measure} in {'an hour' if signal.window == 'hour' else 'a day'}"
        known = (("its own past", signal.own, signal.known), ("its peers", signal.peers, None))
        factors = [
            Factor(
                f"{told}, by {whose} (99th percentile)",
                round(signal.actual),
                round(usual),
                signal.measure,
                window=window,
                n=n,
            )
            for whose, usual, n in known
            if usual >= 0.0
        ]
        return Evidence(self.id, AttackType.DATA_EXPOSURE, llr, tuple(factors))
