"""What clients of an endpoint do by themselves, hour by hour: an app that sends what it gathered
without a network, say, as fast as it can.
"""

from apisentinel.detectors.identity.fading import HOUR_US

ENDPOINTS_KEPT = 1_024
"""Endpoints remembered, 200 bytes each; the one that was quiet longest gives way."""
HABIT_FROM, VOICES_KEPT = 3, 8
"""Different principals, each in another hour, from which on something is a habit of an endpoint:
an attack over many sources comes in few hours; and how many are remembered.
"""


class Habits:
    """Who did something remarkable at which endpoint. Deterministic; bounded."""

    def __init__(self) -> None:
        self._voices: dict[int, list[tuple[int, int]]] = {}

    def is_habit(self, endpoint: int, principal: int, ts: int) -> bool:
        """Counts a principal; True when enough others did so in other hours.

        Args:
            endpoint, principal: Keyed hashes.
            ts: Event time, µs.
        """
        hour = ts // HOUR_US
        voices = self._voices.pop(endpoint, [])
        others = [voice for voice in voices if voice[1] != principal and voice[0] != hour]
        if len(others) < VOICES_KEPT and all(hour != h and principal != p for h, p in voices):
            voices = [*voices, (hour, principal)]
        if len(self._voices) >= ENDPOINTS_KEPT:
            del self._voices[next(iter(self._voices))]
        self._voices[endpoint] = voices
        return len(others) >= HABIT_FROM

    def memory(self) -> list[tuple[int, list[tuple[int, int]]]]:
        """What a successor has to know, quiet ones first."""
        return list(self._voices.items())

    def recall(self, memory: list[tuple[int, list[tuple[int, int]]]]) -> None:
        """Takes over what an earlier one remembered."""
        self._voices = dict(memory)
