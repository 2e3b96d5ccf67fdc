"""Writes the cards of the behaviour detectors from their docstrings.

python tools/detector_cards.py [--check]
"""

import inspect
import sys
from pathlib import Path

from apisentinel.detectors import behaviour, content
from apisentinel.detectors.anomaly import Anomaly

CONTENT = ("Amounts", "Exposure", "GraphQL", "Instructions", "Privileges")
"""Detectors of the fields of one request, beside those of behaviour."""

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "detectors" / "behaviour.md"
INTRO = """# Behaviour detectors

Each of these looks at what one client, session, user or endpoint does over many requests.
None of them decides: each gives evidence as a log-likelihood ratio.
[From evidence to risk](../../explanation/risk.md) says what becomes of it.
`enabled` and `weight` of each are settings under `detectors.<id>`.

This page is made from the code by `tools/detector_cards.py`.
"""


def card(name: str) -> str:
    """One detector as Markdown."""
    kind = getattr(behaviour, name, None) or getattr(content, name)
    return described(kind, kind.id)


def described(kind: type, heading: str) -> str:
    """The docstring of a detector as Markdown."""
    text = inspect.getdoc(kind) or ""
    lines = []
    for paragraph in text.split("\n\n"):
        joined = " ".join(line.strip() for line in paragraph.splitlines() if line.strip())
        for label in ("Catches:", "Misses:", "Cost:", "References:"):
            joined = (
                joined.replace(f" {label}", f"\n- **{label}**").replace(
                    f"{label} ", f"- **{label}** ", 1
                )
                if joined.startswith(label)
                else joined.replace(f" {label}", f"\n- **{label}**")
            )
        lines.append(joined)
    return f"## `{heading}`\n\n" + "\n\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    cards = [card(name) for name in (*behaviour.__all__, *CONTENT)]
    return INTRO + "\n" + "\n".join([*cards, described(Anomaly, "anomaly")])


def main() -> int:
    """Writes the page, or with --check says whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.read_text("utf-8") == page() else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
