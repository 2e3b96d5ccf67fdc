"""A feature: one number of the snapshot of an entity, and what people call it."""

import math
from dataclasses import dataclass
from typing import Literal

Scale = Literal["plain", "log1p", "log2"]


@dataclass(frozen=True)
class Feature:
    """One number of a tick.

    Attributes:
        name: Identifier, stable: bundles refer to it.
        words: What it is called in an explanation.
        unit: Unit of the value that is shown, empty for counts and shares.
        window: Time over which it is taken: ``now``, ``1 min``, ``10 min``, ``1 h`` (decayed
            counters with that time constant), ``16 events`` (moving averages), or ``life`` (since
            the entity was first seen, or since it was last quiet for long).
        source: Where it comes from, in words.
        scale: How the value of the tick is made of the shown one.
        higher: A higher value never makes an entity less suspicious; models may rely on it.
    """

    name: str
    words: str
    unit: str
    window: str
    source: str
    scale: Scale = "plain"
    higher: bool = False

    def shown(self, value: float) -> float | None:
        """A value of this feature for people; None when it is not known.

        Example:
            >>> Feature("n", "requests", "", "10 min", "all", "log1p").shown(math.log1p(20))
            20.0
        """
        if math.isnan(value):
            return None
        if self.scale == "log1p":
            value = math.expm1(min(value, 60.0))
        elif self.scale == "log2":
            value = 2.0 ** min(value, 60.0)
        return float(f"{value:.3g}")
