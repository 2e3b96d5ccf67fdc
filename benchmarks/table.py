"""The results as Markdown, and their place in the documentation."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT

PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"

Figures = Mapping[str, Any]
Column = tuple[str, Callable[[Figures], str]]

LINES: Column = ("lines", lambda f: f"{f['lines']:,}")
SPEED: tuple[Column, ...] = (
    ("wall s", lambda f: f"{f['wall_s']:.1f}"),
    ("lines/s", lambda f: f"{round(f['lines_per_s'], -2):,.0f}"),
    ("CPU ns/line", lambda f: f"{f['cpu_ns_per_line']:,.0f}"),
    ("peak RSS MB", lambda f: f"{f['rss_mb']:,.0f}"),
)
FOUND: Column = ("campaigns found", lambda f: f"{f['campaigns_found']} of {f['campaigns']}")
SEEN: Column = ("clients seen", lambda f: f"{f['clients']:,}")


def render(results: Figures) -> str:
    """All tables; a part that was not measured is left out, one that failed says so."""
    shown = [
        _section(title, results[part], make)
        for part, (title, make) in SECTIONS.items()
        if part in results
    ]
    return "\n".join([*_head(results), *shown])


def write_page(page: Path, results: Figures) -> None:
    """Puts the tables between the markers of a page.

    Raises:
        ValueError: The page has no markers.
    """
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: the markers {BEGIN} and {END} are missing")
    page.write_text(f"{before}{BEGIN}\n\n{render(results)}\n{END}{after}", "utf-8")


def table(rows: Iterable[Figures], columns: Iterable[Column]) -> str:
    """A Markdown table."""
    columns = list(columns)
    head = [name for name, _ in columns]
    body = [[show(row) for _, show in columns] for row in rows]
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *body]) + "\n"


def _head(results: Figures) -> list[str]:
    units = {"processor": "{}", "system": "{}", "cores": "{} cores", "memory": "{} memory"}
    about = ", ".join(
        units.get(name, name + " {}").format(text) for name, text in results["machine"].items()
    )
    how = f"medians of {results['runs']} runs, one run per row of a sweep"
    return [
        f"Machine: {about}.\n",
        f"Command: `{results['command']}`, seed {results['seed']}, {how}.\n",
    ]


def _section(title: str, figures: Any, make: Callable[[Any], str]) -> str:
    if isinstance(figures, dict) and "problem" in figures:
        return f"### {title}\n\nNot measured: {figures['problem']}\n"
    return f"### {title}\n\n{make(figures)}"


def _named(figures: Figures, heading: tuple[str, str], pattern: str) -> str:
    columns: list[Column] = [
        (heading[0], lambda f: str(f["name"])),
        (heading[1], lambda f: pattern.format(f["value"])),
    ]
    return table(({"name": name, "value": value} for name, value in figures.items()), columns)


def _formats(rows: list[Figures]) -> str:
    good = [row for row in rows if "problem" not in row]
    bad = [
        f"\nNot measured: {row['name']} ({row['problem']}).\n" for row in rows if "problem" in row
    ]
    return table(good, [("format", lambda f: str(f["name"])), LINES, *SPEED, FOUND]) + "".join(bad)


def _stages(stages: Figures) -> str:
    total = sum(stages.values())
    rows = [{"name": name, "ns": ns} for name, ns in stages.items()]
    rows.append({"name": "**all**", "ns": total})
    share: Column = ("share", lambda f: f"{100 * f['ns'] / total:.0f} %")
    return table(
        rows,
        [("stage", lambda f: str(f["name"])), ("CPU ns/line", lambda f: f"{f['ns']:,.0f}"), share],
    )


def _yardstick(part: Figures) -> str:
    rows = [
        {"name": "plain Polars regex parse", **part["polars"]},
        {"name": "scan, all detectors", **part["scan"]},
    ]
    ratio = f"\nThe whole scan takes {part['cpu_ratio']:.2f} times the CPU of the plain parse.\n"
    return table(rows, [("same file", lambda f: str(f["name"])), *SPEED]) + ratio


def _sizes(rows: list[Figures]) -> str:
    first = rows[0]["cpu_ns_per_line"]
    change: Column = (
        "CPU against the first",
        lambda f: f"{100 * (f['cpu_ns_per_line'] / first - 1):+.0f} %",
    )
    return table(rows, [LINES, *SPEED, change, FOUND])


def _clients(rows: list[Figures]) -> str:
    return table(rows, [("clients that may come", lambda f: f"{f['pool']:,}"), SEEN, *SPEED, FOUND])


def _crowd(part: Figures) -> str:
    return table([part], [LINES, SEEN, *SPEED, FOUND])


def _kernels(part: Figures) -> str:
    speeds = _named(part["ns_per_event"], ("step", "ns/event, median"), "{:,.1f}")
    return speeds + "\n" + _named(part["bytes_per_key"], ("state", "bytes per key"), "{:,.0f}")


def _start(part: Figures) -> str:
    shown = {"`apisentinel --help`": part["help_s"], "scan of 1,000 lines": part["scan_1000_s"]}
    return _named(shown, ("with a warm kernel cache", "seconds"), "{:.2f}")


SECTIONS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "formats": ("Formats", _formats),
    "stages": ("Stages", _stages),
    "yardstick": ("Against a plain parse", _yardstick),
    "sizes": ("Size of the file", _sizes),
    "clients": ("Number of clients", _clients),
    "crowd": ("Every line from a new client", _crowd),
    "kernels": ("Single steps and memory", _kernels),
    "start": ("Start", _start),
}
"""Parts of the results in the order of the page."""
