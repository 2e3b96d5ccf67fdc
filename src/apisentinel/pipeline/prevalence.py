"""What many clients of a site send alike is normal there."""

from apisentinel.detectors.payload import Finding
from apisentinel.pipeline.judge_rows import FIRM_LLR

CLIENTS, SHARE, FACTOR = 20, 0.02, 0.3
"""A weaker finding that this many clients, and this share of all clients, send alike is normal
here.
"""
MOST_COUNTED = 256
"""Clients counted per finding; so many that send something weak alike make it normal on any
site.
"""
KEPT = 2_000
"""Findings whose clients are counted; the oldest gives way."""


class Prevalence:
    """Counts the clients of each weak finding."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str, tuple[str, ...]], set[int]] = {}

    def factor(self, finding: Finding, client: int, clients: int) -> float:
        """Factor on a finding.

        Args:
            finding: The finding.
            client: Who sent it.
            clients: Clients of the site so far.
        """
        if finding.raw_llr >= FIRM_LLR:
            return 1.0
        key = (finding.attack_type.value, finding.where, finding.rules)
        counted = self._clients.get(key)
        if counted is None:
            if len(self._clients) >= KEPT:
                del self._clients[next(iter(self._clients))]
            counted = self._clients[key] = set()
        if len(counted) < MOST_COUNTED:
            counted.add(client)
        if len(counted) < CLIENTS:
            return 1.0
        is_normal = len(counted) >= SHARE * max(1, clients) or len(counted) >= MOST_COUNTED
        return FACTOR if is_normal else 1.0

    def memory(self) -> list[tuple[str, str, tuple[str, ...], list[int]]]:
        """What a successor has to know, oldest first."""
        return [(*key, sorted(clients)) for key, clients in self._clients.items()]

    def recall(self, memory: list[tuple[str, str, tuple[str, ...], list[int]]]) -> None:
        """Takes over what an earlier one remembered."""
        self._clients = {
            (attack, where, rules): set(clients) for attack, where, rules, clients in memory
        }
