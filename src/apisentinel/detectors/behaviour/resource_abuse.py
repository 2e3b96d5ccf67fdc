"""Resource abuse: one actor takes far more of the server than it should."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType

MEGABYTES_A_SECOND = 200 / 60
"""What weighs as much as a second of server time, by the bounds of both."""

MINUTE_US = 60_000_000.0
PARALLEL, PARALLEL_LLR = 3.0, 2.2
"""Slow calls of one user at the same time, on average over a minute, from which on it is no page
and no job that waits for its answers, and nats for it.
"""


class ResourceAbuse:
    """Bytes sent to one actor, or time spent for it, within ten minutes: beyond four times a
    generous bound. One user that has several slow calls at the same time all along counts for more.

    Catches: bulk downloads, loops over slow calls.
    Misses: expensive single requests; logs without sizes and durations.
    Cost: inside the actor kernel.

    References: OWASP API4:2023; CWE-770.
    """

    id = "resource_abuse"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about bytes or server time."""
        if signal.family != Family.RESOURCES or not self.settings.enabled:
            return None
        facts = signal.facts
        size, seconds = facts["bytes_10m"] / 1e6, facts["cost_10m_us"] / 1e6
        factors = [
            Factor("megabytes sent in ten minutes", round(size), None, "MB"),
            Factor("server time in ten minutes", round(seconds), None, "s"),
        ]
        if seconds * MEGABYTES_A_SECOND > size:
            factors.reverse()
        llr = signal.llr
        each_us = facts["cost_10m_us"] / max(facts["requests_10m"], 1.0)
        at_once = facts["requests_1m"] * each_us / MINUTE_US
        if at_once >= PARALLEL and signal.kind in {"user", "session"}:
            llr += PARALLEL_LLR
            factors.append(Factor("slow calls at the same time", round(at_once, 1), 1.0, "calls"))
        llr *= self.settings.weight
        return Evidence(self.id, AttackType.RESOURCE_ABUSE, llr, tuple(factors))
