"""``apisentinel evaluate PATH…``: would attacks on this site be found?"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from apisentinel.cli import messages, progress
from apisentinel.cli.document import STDOUT, check_destination, write
from apisentinel.cli.evaluate import seeds_of, tables
from apisentinel.cli.interrupt import Interrupt
from apisentinel.cli.outcome import Exit
from apisentinel.cli.stored import stored_traffic
from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    if bool(wanted.paths) == (wanted.data_dir is not None):
        raise ConfigError("name files, or a data folder with --data-dir")
    if "-" in wanted.paths:
        raise ConfigError("the traffic is read several times: name files, not standard input")
    if wanted.json is not None and wanted.json != STDOUT:
        check_destination("--json", wanted.json, wanted.paths)
    settings = load(wanted.config, wanted.options)
    seeds = seeds_of(wanted.seeds)
    with tempfile.TemporaryDirectory(prefix="apisentinel-") as room, Interrupt(STOPPING) as ctrl_c:
        paths: Sequence[str] = wanted.paths
        if wanted.data_dir is not None:
            paths, _ = stored_traffic(wanted.data_dir, wanted.days, Path(room))
        with progress.training(quiet=wanted.quiet) as (show, on_step):
            found = self_test(
                paths, settings, seeds=seeds, on_progress=show, on_step=on_step, stop=ctrl_c.stop
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
