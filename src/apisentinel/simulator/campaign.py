"""A campaign: one attack with its actors, as ground truth tells it."""

from dataclasses import dataclass, field
from typing import Any

from apisentinel.simulator.times import moment_text


@dataclass
class Campaign:
    """One attack campaign.

    Attributes:
        number: Its place among the campaigns.
        id: Name in the truth, such as ``c0007``.
        type: Of the closed list.
        variant: burst, paced, distributed or mimic.
        site: Number of the site that is attacked.
        start: µs, when its plan begins.
        size: Attack requests that are planned.
        actors: (kind, id) of clients, users, sessions and credentials that act.
        success: The attacker got what it wanted.
        requests: Attack requests written.
        first: µs of the first of them.
        last: µs of the last.
    """

    number: int
    id: str
    type: str
    variant: str
    site: int
    start: int
    size: int
    seed: int
    actors: list[tuple[str, str]] = field(default_factory=list)
    success: bool = False
    stages: list[str] = field(default_factory=list)
    requests: int = 0
    first: int = 0
    last: int = 0

    def document(self) -> dict[str, Any]:
        """The entry of ``campaigns.json``."""
        return {
            "id": self.id,
            "type": self.type,
            "variant": self.variant,
            "actors": [{"kind": kind, "id": name} for kind, name in self.actors],
            "from": moment_text(self.first),
            "to": moment_text(self.last),
            "requests": self.requests,
            "success": self.success,
            "stages": self.stages,
        }
