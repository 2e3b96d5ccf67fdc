"""What every detector is, catches and misses, from its own docstring: for the documentation and for
whoever asks the running service.
"""

import inspect
from functools import lru_cache
from typing import Final

import msgspec

from apisentinel.detectors import behaviour, content
from apisentinel.detectors.anomaly import Anomaly
from apisentinel.detectors.payload import PayloadDetector
from apisentinel.detectors.profile import ProfileDetector

LABELS: Final = ("Catches:", "Misses:", "Cost:", "References:")
"""Beginnings of the parts of a docstring, in their order."""

OTHER_NAMES: Final = {
    "ensemble": "anomaly",
    "peers": "anomaly",
    "sequence": "anomaly",
    "payload_model": "payload",
}
"""Names that evidence goes by, and whose card tells of them."""


class DetectorCard(msgspec.Struct, frozen=True):
    """What there is to know about a detector; code stands between backticks.

    Attributes:
        id: Its name in settings.
        text: What it looks at and how, a paragraph each.
        catches, misses, cost, references: A paragraph each, empty when nothing is said.
    """

    id: str
    text: tuple[str, ...]
    catches: str = ""
    misses: str = ""
    cost: str = ""
    references: str = ""


def card_from(name: str, docstring: str) -> DetectorCard:
    """The card that a docstring makes.

    Example:
        >>> card_from("pace", "Too fast. Catches: bots. Misses: slow ones.").misses
        'slow ones.'
    """
    text: list[str] = []
    parts: dict[str, str] = {}
    for paragraph in inspect.cleandoc(docstring).split("\n\n"):
        rest = " ".join(paragraph.split())
        found = [label for label in LABELS if label in rest]
        before = rest.partition(found[0])[0].strip() if found else rest
        if before:
            text.append(before)
        for at, label in enumerate(found):
            said = rest.partition(label)[2]
            if at + 1 < len(found):
                said = said.partition(found[at + 1])[0]
            parts[label[:-1].lower()] = said.strip()
    return DetectorCard(name, tuple(text), **parts)


@lru_cache(maxsize=1)
def detector_cards() -> dict[str, DetectorCard]:
    """The cards of all detectors by id: those that read single requests, then by name."""
    public = [getattr(part, name) for part in (behaviour, content) for name in part.__all__]
    kinds = [each for each in public if isinstance(getattr(each, "id", None), str)]
    told = {"payload": PayloadDetector, "profile": ProfileDetector, "anomaly": Anomaly}
    told |= {kind.id: kind for kind in sorted(kinds, key=lambda kind: str(kind.id))}
    return {name: card_from(name, inspect.getdoc(kind) or "") for name, kind in told.items()}


def card_named(name: str) -> DetectorCard | None:
    """The card of a detector or of a name that evidence goes by; None when there is none."""
    return detector_cards().get(OTHER_NAMES.get(name, name))
