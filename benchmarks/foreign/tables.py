"""What came of the worlds, as Markdown."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.foreign.attacks import VARIANTS

BEGIN, END = "<!-- foreign: begin -->", "<!-- foreign: end -->"
World = dict[str, Any]


def tables(worlds: Sequence[World]) -> str:
    """False incidents by site, then campaigns by attack and variant."""
    return "\n".join([*_false(worlds), "", *_campaigns(worlds)])


def write_page(page: Path, text: str) -> None:
    """Puts the tables between their marks on a page."""
    before, rest = page.read_text("utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}", "utf-8")


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _per_million(worlds: Sequence[World]) -> str:
    requests = sum(world["honest"] for world in worlds)
    return f"{1e6 * sum(len(world['false']) for world in worlds) / requests:.0f}"


def _false(worlds: Sequence[World]) -> list[str]:
    out = [
        _row(("Site", "requests", "false incidents per million", "the same among attacks")),
        "|---|--:|--:|--:|",
    ]
    for site in dict.fromkeys(world["site"] for world in worlds):
        own = [world for world in worlds if world["site"] == site]
        kinds = [[w for w in own if not w["attacks"]], [w for w in own if w["attacks"]]]
        found = (_per_million(kind) if kind else "" for kind in kinds)
        out.append(_row((site, f"{sum(world['requests'] for world in own):,}", *found)))
    return out


def _campaigns(worlds: Sequence[World]) -> list[str]:
    cells: dict[tuple[str, str], list[World]] = defaultdict(list)
    for world in worlds:
        for one in world["campaigns"]:
            for kind in (one["kind"], "all"):
                for variant in (one["variant"], "all"):
                    cells[kind, variant].append(one)
    columns = (*VARIANTS, "all")
    out = [
        _row(("Attack: found, rightly named, of all", *columns)),
        "|---" + "|--:" * len(columns) + "|",
    ]
    names = sorted({kind for kind, _ in cells} - {"all"})
    return out + [
        _row((kind, *(_cell(cells[kind, variant]) for variant in columns)))
        for kind in (*names, "all")
        if cells[kind, "all"]
    ]


def _cell(group: Sequence[World]) -> str:
    if not group:
        return ""
    found, right = (sum(one[key] for one in group) for key in ("found", "right"))
    return f"{found}, {right}, {len(group)}"
