"""``apisentinel train``: learns from traffic and writes a signed bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apisentinel.cli import messages, progress
from apisentinel.cli.interrupt import Interrupt
from apisentinel.cli.outcome import Exit
from apisentinel.cli.process import tune
from apisentinel.errors import ConfigError

STOPPING = "\nStopping: nothing is written. Ctrl-C again ends at once."


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the user asked for on the command line."""

    paths: tuple[str, ...]
    output: str
    options: Mapping[str, object]
    labels: str | None
    trials: int
    seed: int
    budget: float | None
    config: str | None
    quiet: bool


def run(wanted: Wanted) -> int:
    """Reads traffic, learns from it, writes the bundle.

    Returns:
        Exit code of the contract.

    Raises:
        ConfigError: Options or settings cannot be used.
        ModelError: There is nothing to learn from, or the bundle cannot be written.
    """
    tune()
    folder = check_folder("--output", wanted.output)
    chosen = wanted.options.get("format")
    if isinstance(chosen, str):
        from apisentinel.cli.formats import check_name

        check_name(chosen)
    from apisentinel.cli.configuration import load
    from apisentinel.clock import SystemClock
    from apisentinel.pipeline.learning import TrainSettings, train

    settings = load(wanted.config, wanted.options)
    training = TrainSettings(
        labels=wanted.labels, trials=wanted.trials, seed=wanted.seed, budget=wanted.budget
    )
    bar = progress.training(quiet=wanted.quiet, budget=wanted.budget)
    with Interrupt(STOPPING) as interrupt, bar as (show, step):
        done = train(
            list(wanted.paths),
            folder,
            settings,
            training,
            SystemClock(),
            on_progress=show,
            on_step=step,
            stop=interrupt.stop,
        )
    if done is None:
        messages.warn("interrupted: no bundle was written")
        return Exit.INTERRUPTED
    if not wanted.quiet:
        messages.note(
            f"Learned from {done.requests:,} requests: bundle {done.bundle} in {folder}."
            f" Use it with --model {folder}"
        )
    return Exit.DONE


def check_folder(option: str, name: str) -> Path:
    """Refuses a folder that cannot be made, before any work is done.

    Raises:
        ConfigError: It is a file.
    """
    folder = Path(name)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{option}: {name} is a file; name a folder")
    return folder.absolute()
