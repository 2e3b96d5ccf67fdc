"""What a check of ``doctor`` gives."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Result of a check."""

    GOOD = "ok"
    ODD = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """What one check found, and what to do when it is not good."""

    name: str
    state: State
    text: str
    advice: str = ""
