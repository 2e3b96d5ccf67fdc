"""``apisentinel backtest``: what a change would have meant, before it is made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from apisentinel.cli import messages, progress
from apisentinel.cli.document import STDOUT, write
from apisentinel.cli.outcome import Exit
from apisentinel.cli.stored import check_traffic, traffic
from apisentinel.cli.visible import visible
from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from apisentinel.evaluation.backtest import Comparison, Hit

SHOWN = 10
STOPPING = "\nStopping: nothing is compared. Ctrl-C again ends at once."


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Options of the command."""

    paths: tuple[str, ...]
    data_dir: str | None
    days: float
    first_config: str | None
    first_model: str | None
    first_threshold: int
    config: str | None
    model: str | None
    threshold: int
    json: str | None
    quiet: bool


def run(wanted: Wanted) -> int:
    """Judges the same traffic as it is and as it would be, and shows what changes.

    Returns:
        Exit code of the contract.

    Raises:
        ConfigError: Options or settings cannot be used.
        ModelError: A bundle cannot be used.
        StoreError: The stored events cannot be read.
    """
    from apisentinel.cli.configuration import load
    from apisentinel.evaluation.backtest import Way, backtest

    check_traffic(wanted.paths, wanted.data_dir, wanted.json)
    first = Way(load(wanted.first_config, {"model": wanted.first_model}), wanted.first_threshold)
    second = Way(load(wanted.config, {"model": wanted.model}), wanted.threshold)
    if first == second:
        raise ConfigError("both ways are the same: name what changes (--config, --model, …)")
    with (
        traffic(wanted.paths, wanted.data_dir, wanted.days, STOPPING) as given,
        progress.training(quiet=wanted.quiet) as (show, _),
    ):
        found = backtest(
            given.paths, first, second, verdicts=given.verdicts, on_progress=show, stop=given.stop
        )
    if found is None:
        messages.warn("interrupted: nothing was compared")
        return Exit.INTERRUPTED
    if wanted.json is not None:
        write(wanted.json, [msgspec.json.format(msgspec.json.encode(found), indent=1), b"\n"])
    if wanted.json != STDOUT:
        _show(found)
    return Exit.DONE


def _show(found: "Comparison") -> None:
    import sys

    one, other = found.first, found.second
    lines = [
        f"{found.requests:,} requests in {found.days:.2f} days",
        f"alarms          {one.alarms:>8,} → {other.alarms:,}",
        f"alarms per day  {one.alarms_per_day:>8,.1f} → {other.alarms_per_day:,.1f}",
        f"entities        {one.entities:>8,} → {other.entities:,}   ({found.kept:,} in both)",
    ]
    if found.confirmed_lost or found.false_lost:
        lines.append(
            f"of those lost, {found.confirmed_lost:,} were confirmed by people and"
            f" {found.false_lost:,} judged false"
        )
    lines += _listed("gained", found.gained) + _listed("lost", found.lost)
    sys.stdout.write("\n".join(lines) + "\n")


def _listed(title: str, hits: "tuple[Hit, ...]") -> list[str]:
    lines = [f"{title}: {len(hits):,}"] if hits else []
    for hit in hits[:SHOWN]:
        mark = {True: " CONFIRMED", False: " judged false", None: ""}[hit.confirmed]
        reason = visible(hit.reason)[:100]
        lines.append(f"  {hit.before:>3} → {hit.after:>3}  {hit.kind} {visible(hit.id)}{mark}")
        lines.append(f"             {reason}")
    return lines
