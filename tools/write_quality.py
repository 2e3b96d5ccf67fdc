"""Writes the table of measures into the page about quality, from a run of the acceptance measures:
``python tools/write_quality.py RESULTS.json``.

Only a whole run is written: part of the measures beside older ones would compare two versions.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "quality.md"
BEGIN, END = "<!-- measures: begin -->\n", "<!-- measures: end -->\n"
FAMILIES = frozenset({"payload", "profile", "behaviour", "series", "logs", "leaks", "simulate"})
"""What a whole run measures."""
BESIDE = frozenset({
    "payload/sqli_tools/tpr@0.1%", "payload/product/fpr-medium", "payload/product/fpr-high",
    "payload/threshold/off-by@1%", "profile/csic2010_decoded/poisoned-5%/tpr@1%",
    "profile/torpeda2012/poisoned-5%/tpr@1%", "behaviour/login_events/benign",
    "behaviour/juice_bola/found", "behaviour/juice_bola/benign", "simulate/right_type",
    "simulate/seconds", "simulate/quiet-per-million",
})  # fmt: skip
"""Measures in the table beside those that the run itself calls its headlines."""


class Row(msgspec.Struct):
    """One measure; further fields are not needed here."""

    key: str
    measure: str
    value: float | None
    n: int | None
    unit: str
    note: str = ""
    headline: bool = False


class Results(msgspec.Struct):
    """A run of the acceptance measures."""

    families: list[str]
    quick: bool
    rows: list[Row]
    simulation: dict[str, Any] = {}


def shown(value: float, unit: str) -> str:
    """A value for people.

    Example:
        >>> shown(0.98841, "rate"), shown(0.0034, "fpr"), shown(2.0, "count"), shown(64.4, "score")
        ('0.988', '0.34 %', '2', '64.4')
    """
    if unit in {"rate", "auc"}:
        return f"{value:.3f}"
    if unit == "fpr":
        return f"{100 * value:.2g} %"
    return f"{value:,.0f}" if value == int(value) else f"{value:.3g}"


def table(rows: Iterable[Row]) -> str:
    """The table, in the order of the run."""
    lines = ["| measure | value | of | note |", "|---|---:|---:|---|"]
    for row in rows:
        if row.value is None or not (row.headline or row.key in BESIDE):
            continue
        size = "" if row.n is None else f"{row.n:,}"
        note = row.note.replace("|", "\\|")
        lines.append(f"| {row.measure} | {shown(row.value, row.unit)} | {size} | {note} |")
    return "\n".join(lines) + "\n"


def page_with(page: str, results: Results) -> str:
    """The page with the table of a run.

    Raises:
        ValueError: The page has no place for it, or the run is not a whole one.
    """
    if results.quick or set(results.families) != FAMILIES:
        raise ValueError("only part of the measures was run")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the table")
    return before + begin + table(results.rows) + end + after


def main(arguments: list[str]) -> int:
    """Writes the page, or says why not."""
    results = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Results)
    try:
        page = page_with(PAGE.read_text("utf-8"), results)
    except ValueError as problem:
        print(f"{PAGE.relative_to(ROOT)} stays as it is: {problem}")
        return 0
    PAGE.write_text(page, "utf-8")
    print(f"{PAGE.relative_to(ROOT)} has the table of this run")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
