"""``apisentinel evaluate PATH…``: would attacks on this site be found?"""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from apisentinel.cli import messages, progress
from apisentinel.cli.document import STDOUT, write
from apisentinel.cli.evaluate import seeds_of, tables
from apisentinel.cli.outcome import Exit
from apisentinel.cli.stored import check_traffic, traffic

if TYPE_CHECKING:
    from apisentinel.evaluation import SelfTest

STOPPING = "\nStopping: nothing is measured. Ctrl-C again ends at once."


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Options of the command."""

    paths: tuple[str, ...]
    data_dir: str | None
    days: float
    seeds: str
    json: str | None
    options: dict[str, object]
    config: str | None
    quiet: bool


def run(wanted: Wanted) -> int:
    """Plants attacks in a copy of the traffic and shows which of them are found.

    Returns:
        Exit code of the contract.

    Raises:
        ConfigError: Options or settings cannot be used.
        ModelError: The bundle cannot be used.
        SourceError: The traffic cannot be read, or is too short.
        StoreError: The stored events cannot be read.
    """
    from apisentinel.cli.configuration import load
    from apisentinel.evaluation import self_test

    check_traffic(wanted.paths, wanted.data_dir, wanted.json)
    settings = load(wanted.config, wanted.options)
    seeds = seeds_of(wanted.seeds)
    with (
        traffic(wanted.paths, wanted.data_dir, wanted.days, STOPPING) as given,
        progress.training(quiet=wanted.quiet) as (show, on_step),
    ):
        found = self_test(
            given.paths, settings, seeds=seeds, on_progress=show, on_step=on_step, stop=given.stop
        )
    if found is None:
        messages.warn("interrupted: nothing was measured")
        return Exit.INTERRUPTED
    if wanted.json is not None:
        write(wanted.json, [msgspec.json.format(msgspec.json.encode(found), indent=1), b"\n"])
    if wanted.json != STDOUT:
        _show(found)
    return Exit.DONE


def _show(found: "SelfTest") -> None:
    from rich.console import Console

    console = Console()
    for table in tables(found.variants, found.types, found.total):
        console.print(table)
    sys.stdout.write(
        f"{found.planted:,} hostile requests were planted among {found.requests:,}.\n"
        f"Alarms in the traffic as it is: {found.alarms:,}; about nobody hostile, with the attacks"
        f" in it: {found.drawn_in:,} more.\n"
    )
    if found.skipped:
        sys.stdout.write(f"No place for: {', '.join(found.skipped)}.\n")
