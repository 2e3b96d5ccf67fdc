"""Cheap draws from a seeded stream."""

from collections.abc import Sequence
from typing import TypeVar

from apisentinel.simulator.randomness import stream

_BLOCK = 4_096
"""Numbers drawn at once; single draws cost ten times as much."""

T = TypeVar("T")


class Dice:
    """Draws that depend on the seed and the purpose alone."""

    def __init__(self, seed: int, *purpose: str | int) -> None:
        self._stream = stream(seed, *purpose)
        self._block: list[float] = []

    def share(self) -> float:
        """A number from 0 to 1."""
        if not self._block:
            self._block = self._stream.random(_BLOCK).tolist()
        return self._block.pop()

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int(self.share() * limit)

    def pick(self, choices: Sequence[T]) -> T:
        """One of some choices."""
        return choices[int(self.share() * len(choices))]

    def chance(self, share: float) -> bool:
        """True so often."""
        return self.share() < share
