"""The progress bar of a scan, on stderr, for people only."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apisentinel.pipeline import Progress

REFRESH_PER_SECOND = 8


def wanted() -> bool:
    """True when stderr is a terminal that can redraw a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def shown(*, quiet: bool) -> Iterator["Callable[[Progress], None] | None"]:
    """Shows bytes, share, lines/s and remaining time while the block runs.

    Args:
        quiet: Show nothing.

    Yields:
        What to call with each progress, None when nobody looks.
    """
    if quiet or not wanted():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("Scanning"),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[speed]}"),
        TextColumn("{task.fields[found]}"),
        TimeRemainingColumn(compact=True),
    )
    console = Console(stderr=True, highlight=False)
    with Bar(
        *columns, console=console, transient=True, refresh_per_second=REFRESH_PER_SECOND
    ) as bar:
        task = bar.add_task("", total=None, speed="", found="")

        def show(progress: "Progress") -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            speed = f"{progress.lines / elapsed:,.0f} lines/s" if elapsed > 0.5 else ""
            found = (
                f"{progress.incidents} incident{'' if progress.incidents == 1 else 's'}"
                if progress.incidents
                else ""
            )
            bar.update(
                task,
                completed=progress.bytes_done,
                total=progress.bytes_total,
                speed=speed,
                found=found,
            )

        yield show


@contextmanager
def training(
    *, quiet: bool, budget: float | None = None
) -> Iterator[tuple["Callable[[Progress], None] | None", Callable[[str, float], None]]]:
    """Shows how far reading is, then which step of learning goes on and how much of it is done.

    Args:
        quiet: Show nothing.
        budget: Seconds that the search for parameters may take, None for no limit.

    Yields:
        What to call with each progress, None when nobody looks, and what to call with the name of
        each later step and the share that is done.
    """
    if quiet or not wanted():
        yield None, lambda _name, _share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.fields[step]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[lines]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        task = bar.add_task("", total=None, step="Reading", lines="")

        def show(progress: "Progress") -> None:
            bar.update(
                task,
                completed=progress.bytes_done,
                total=progress.bytes_total,
                lines=f"{progress.lines:,} lines",
            )

        limit = "" if budget is None else f"search at most {budget:,.0f} s"

        def step(name: str, share: float) -> None:
            bar.update(task, total=1.0, completed=share, step=f"Learning: {name}", lines=limit)

        yield show, step


@contextmanager
def counted(title: str, total: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Shows how many of some steps are done while the block runs.

    Args:
        title: What is being done.
        total: Number of steps.
        quiet: Show nothing.

    Yields:
        What to call with the name of each step when it begins.
    """
    if quiet or not wanted():
        yield lambda _name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[step]}"),
    )
    with Bar(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        task = bar.add_task("", total=total, step="")
        started = -1

        def advance(name: str) -> None:
            nonlocal started
            started += 1
            bar.update(task, completed=started, step=name)

        yield advance
