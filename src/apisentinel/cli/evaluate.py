"""``apisentinel evaluate``: how well this version, with these settings and models, detects."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from rich.table import Table

from apisentinel.cli import messages
from apisentinel.cli.document import STDOUT, check_destination, write
from apisentinel.cli.outcome import Exit
from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apisentinel.evaluation import Scoreboard
    from apisentinel.evaluation.benchmark import Group

MOST_SEEDS = 100


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Options of the command."""

    seeds: str
    hours: float
    rate: float
    attacks: str | None
    json: str | None
    markdown: str | None
    options: dict[str, object]
    config: str | None
    quiet: bool


def run(wanted: Wanted) -> int:
    """Simulates sites with and without attacks, judges them, and prints the scoreboard.

    Returns:
        Exit code of the contract.

    Raises:
        ConfigError: An option or a setting cannot be used.
        ModelError: The bundle cannot be used.
    """
    from apisentinel.cli.configuration import load
    from apisentinel.evaluation import Benchmark, evaluate

    for option, name in (("--json", wanted.json), ("--markdown", wanted.markdown)):
        if name is not None and name != STDOUT:
            check_destination(option, name, [])
    settings = load(wanted.config, wanted.options)
    asked = Benchmark(
        seeds=seeds_of(wanted.seeds), hours=wanted.hours, rate=wanted.rate, attacks=wanted.attacks
    )

    def on_step(name: str, share: float) -> None:
        if not wanted.quiet:
            messages.note(f"{share:4.0%}  {name}")

    board = evaluate(settings, asked, on_step)
    if wanted.json is not None:
        document = {
            **msgspec.to_builtins(board),
            "false_per_million": round(board.false_per_million, 3),
        }
        write(wanted.json, [msgspec.json.format(msgspec.json.encode(document), indent=1), b"\n"])
    if wanted.markdown is not None:
        write(wanted.markdown, [markdown(board).encode()])
    if STDOUT not in (wanted.json, wanted.markdown):
        _show(board)
    return Exit.DONE


def seeds_of(text: str) -> tuple[int, ...]:
    """Numbers with commas between, or a range such as ``1-5``.

    Raises:
        ConfigError: It is neither.

    Example:
        >>> seeds_of("1,4"), seeds_of("2-4")
        ((1, 4), (2, 3, 4))
    """
    try:
        if "-" in text:
            first, last = (int(part) for part in text.split("-"))
            found = tuple(range(first, last + 1))
        else:
            found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not 0 < len(found) <= MOST_SEEDS or min(found) < 0:
        raise ConfigError(
            f"--seeds: {text[:40]!r} is no list such as 1,2,3 and no range such as 1-5"
        )
    return found


def _show(board: "Scoreboard") -> None:
    from rich.console import Console

    console = Console()
    for table in tables(board.variants, board.types, board.total):
        console.print(table)
    console.print(_false(board))


def tables(
    variants: "Sequence[Group]", types: "Sequence[Group]", total: "Group"
) -> "Iterator[Table]":
    """Campaigns by variant and by attack type."""
    for title, groups in (("by variant", variants), ("by attack type", types)):
        table = Table(title=f"Campaigns {title}", title_justify="left")
        for name, justify in (
            ("", "left"), ("campaigns", "right"), ("found", "right"), ("95 %", "left"),
            ("right type", "right"), ("seconds to alert", "right"), ("requests to alert", "right"),
        ):  # fmt: skip
            table.add_column(name, justify=justify)  # type: ignore[arg-type]  # one of Rich's words
        for group in (*groups, total):
            table.add_row(*_cells(group))
        yield table


def _cells(group: "Group") -> list[str]:
    return [
        group.name,
        str(group.campaigns),
        _share(group.found, group.campaigns),
        f"{group.low:.0%}-{group.high:.0%}",
        _share(group.right_type, group.campaigns),
        "" if group.seconds is None else f"{group.seconds:,.0f}",
        "" if group.until_alert is None else f"{group.until_alert:,.0f}",
    ]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""


def _false(board: "Scoreboard") -> str:
    return (
        f"False incidents: {board.false_incidents} in {board.benign:,} honest requests beside"
        f" attacks, {board.quiet_incidents} in {board.quiet_benign:,} without:"
        f" {board.false_per_million:.1f} per million."
    )


def markdown(board: "Scoreboard") -> str:
    """The scoreboard as a page."""
    lines = ["# Scoreboard", "", _false(board), ""]
    heads = ["campaigns", "found", "95 %", "right type", "seconds to alert", "requests to alert"]
    for title, groups in (("variant", board.variants), ("attack type", board.types)):
        lines += ["| " + " | ".join([title, *heads]) + " |", "|---" * (len(heads) + 1) + "|"]
        lines += ["| " + " | ".join(_cells(group)) + " |" for group in (*groups, board.total)]
        lines.append("")
    asked = ", ".join(f"{name} {value}" for name, value in board.parameters.items() if value)
    return "\n".join([*lines, f"Simulated: {asked}.", ""])
