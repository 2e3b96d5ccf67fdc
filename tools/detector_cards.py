"""Writes the cards of the behaviour detectors from their docstrings.

python tools/detector_cards.py [--check]
"""

import sys
from pathlib import Path

from apisentinel.pipeline.detector_cards import DetectorCard, detector_cards

ELSEWHERE = ("payload", "profile")
"""Detectors whose cards are pages of their own."""

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "detectors" / "behaviour.md"
INTRO = """# Behaviour detectors

Each of these looks at what one client, session, user or endpoint does over many requests.
None of them decides: each gives evidence as a log-likelihood ratio.
[From evidence to risk](../../explanation/risk.md) says what becomes of it.
`enabled` and `weight` of each are settings under `detectors.<id>`.

This page is made from the code by `tools/detector_cards.py`.
"""


def described(card: DetectorCard) -> str:
    """One detector as Markdown."""
    parts = [
        f"- **{name.capitalize()}:** {said}"
        for name in ("catches", "misses", "cost", "references")
        if (said := getattr(card, name))
    ]
    return "\n\n".join([f"## `{card.id}`", *card.text, "\n".join(parts)]) + "\n"


def page() -> str:
    """The whole page."""
    cards = [card for name, card in detector_cards().items() if name not in ELSEWHERE]
    return INTRO + "\n" + "\n".join(map(described, cards))


def main() -> int:
    """Writes the page, or with --check says whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.read_text("utf-8") == page() else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
