"""A lone odd text of an otherwise ordinary client is no incident: people paste code, write about
commands and try odd names. It counts in full once there is a second sign.
"""

import math
from collections import OrderedDict

from apisentinel.detectors.payload import Finding
from apisentinel.records.taxonomy import AttackType as T

TEXT_TYPES = frozenset((T.SQLI, T.XSS, T.CMDI, T.TRAVERSAL, T.SSTI, T.NOSQLI, T.LDAPI, T.CRLF))
"""Types whose words stand in honest texts. Others, such as an entity in XML or a lookup of a name
service, nobody writes by chance.
"""
CERTAIN_LLR = 11.0
"""A finding this strong is no honest text; code in texts of people reached 10.2 at most."""
HELD_LLR = 3.2
"""What a lone finding says at most: a risk of 30, so that a hurried reader is no alert.
"""
FAMILIAR_REQUESTS = 12
"""Requests after which a client without an account counts as ordinary."""
FURTHER_LLR = 0.8
"""What each further one says at most while none is confirmed, so that together they stay below an
alert.
"""
SECOND_OF_TYPE, OTHERS, WEAK_ONES = 3, 3, 6
"""Different findings of one type, of any type, and weak ones, that make each other count."""
TWO_TOGETHER = 14.0
"""Strength of two findings of one type that is enough already: who pastes a command often pastes
another one, and both are in the middle of a sentence or a note.
"""
PRINCIPALS_KEPT = 20_000
SIGNS_KEPT = 8
PATIENCE_US = 86_400_000_000
"""Time after which an old sign is forgotten."""
STRONG, WEAK = 5.06, 3.5
"""Findings from which on they are a second sign of an attack, and one of many; even odds of an
incident are 5.07 nats.
"""

Sign = tuple[str, str, int, float]
"""Attack type, signature, event time and strength of an odd text."""


class LoneFindings:
    """Remembers the odd texts of each principal."""

    def __init__(self) -> None:
        self._signs: OrderedDict[int, list[Sign]] = OrderedDict()

    def counted(self, finding: Finding, llr: float, *, principal: int, ts: int,
                is_ordinary: bool) -> float:  # fmt: skip
        """What a finding says about its client.

        Args:
            finding: The finding.
            llr: What it says by itself.
            principal: Hash of who sent it.
            ts: Event time, µs.
            is_ordinary: The client is signed in or was here for a while, its request was
                accepted, and nothing else speaks against it.
        """
        if finding.attack_type not in TEXT_TYPES:
            return llr
        signs = self._signs.get(principal)
        if signs is None:
            if len(self._signs) >= PRINCIPALS_KEPT:
                self._signs.popitem(last=False)
            signs = self._signs[principal] = []
        signs[:] = [sign for sign in signs if ts - sign[2] <= PATIENCE_US]
        kind, signature = finding.attack_type.value, "|".join(finding.rules)
        is_first = not signs or signs[0][:2] == (kind, signature)
        if len(signs) < SIGNS_KEPT and all(sign[:2] != (kind, signature) for sign in signs):
            signs.append((kind, signature, ts, llr))
        if not is_ordinary or finding.raw_llr >= CERTAIN_LLR:
            return llr
        strong = [sign for sign in signs if sign[3] >= STRONG]
        alike = sorted((sign[3] for sign in strong if sign[0] == kind), reverse=True)
        weak = sum(sign[3] >= WEAK for sign in signs)
        if (
            len(alike) >= SECOND_OF_TYPE
            or (len(alike) > 1 and alike[0] + alike[1] >= TWO_TOGETHER)
            or len(strong) >= OTHERS
            or weak >= WEAK_ONES
        ):
            return llr
        if not is_first:
            return min(llr, FURTHER_LLR)
        # keeps the order of strengths, so that scores do not tie
        return min(llr, HELD_LLR + 0.4 * (1.0 - math.exp(-max(llr - HELD_LLR, 0.0) / 3.0)))

    def memory(self) -> list[tuple[int, list[Sign]]]:
        """What a successor has to know, oldest first."""
        return [(principal, list(signs)) for principal, signs in self._signs.items()]

    def recall(self, memory: list[tuple[int, list[Sign]]]) -> None:
        """Takes over what an earlier one remembered."""
        self._signs = OrderedDict((principal, list(signs)) for principal, signs in memory)
