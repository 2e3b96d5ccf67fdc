"""What an actor's user agents say about it."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class AgentSwitching:
    """A new user agent with almost every request.

    Catches: tools that draw a user agent per request to look like many people.
    Misses: rotation among few agents. People behind one address come back with theirs, which counts
    against.
    Cost: inside the actor kernel. Alerts after about ten agents in a row.
    """

    id = "agent_switching"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about changing agents."""
        if signal.family != Family.AGENT_SWITCHING or not self.settings.enabled:
            return None
        return Evidence(
            self.id,
            AttackType.AUTOMATION,
            signal.llr * self.settings.weight,
            (Factor("different user agents", round(signal.facts["agents"]), 1.0, "agents"),),
        )


class ScannerAgent:
    """The user agent names a vulnerability scanner or attack tool.

    Catches: tools that say who they are; most do by default.
    Misses: every tool whose agent was changed.
    """

    id = "scanner_agent"
    llr = 6.9

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, agent: str) -> Evidence | None:
        """Evidence from the text of a user agent that is known as a scanning tool's."""
        if not self.settings.enabled:
            return None
        factor = Factor("user agent of a scanning tool", agent[:120], None)
        return Evidence(self.id, AttackType.SCANNING, self.llr * self.settings.weight, (factor,))
