"""``apisentinel simulate``: writes traffic with ground truth to a folder."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from apisentinel import __version__
from apisentinel.cli import messages
from apisentinel.cli.document import write
from apisentinel.cli.interrupt import Interrupt
from apisentinel.cli.outcome import Exit
from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from apisentinel.simulator import Simulation

REQUESTS, TRUTH = "requests.ndjson.zst", "truth.ndjson.zst"
CAMPAIGNS, MANIFEST = "campaigns.json", "manifest.json"
PART = ".part"
"""Ending of a file that is not whole yet; without it a file is."""


@dataclass(frozen=True)
class Wanted:
    """Options of the command."""

    output: str
    hours: float
    rate: float
    profile: str
    attacks: str | None
    density: float | None
    seed: int
    quiet: bool


def run(wanted: Wanted) -> int:
    """Writes the four files of a simulation.

    A file has its name only when it is whole: until then, and after Ctrl-C, it ends in ``.part``.

    Returns:
        Exit code of the contract.

    Raises:
        ConfigError: An option cannot be used, or the folder cannot be written.
        OSError: The disk is full.
    """
    from apisentinel.simulator import Simulation, plan

    asked = plan(
        wanted.hours,
        wanted.rate,
        profile=wanted.profile,
        attacks=wanted.attacks,
        density=wanted.density,
        seed=wanted.seed,
    )
    folder = _folder(wanted.output)
    simulation = Simulation(asked)
    with Interrupt(
        "\nStopping: unfinished files keep the ending .part. Ctrl-C again ends at once."
    ) as interrupt:
        complete = _write(simulation, folder, interrupt)
    if not complete:
        messages.error(
            f"interrupted after {simulation.lines:,} requests; {folder} holds unfinished files"
        )
        return Exit.INTERRUPTED
    if not wanted.quiet:
        campaigns = sum(1 for campaign in simulation.campaigns if campaign.requests)
        messages.note(
            f"{simulation.lines:,} requests, {simulation.attacks:,} of them in {campaigns}"
            f" campaigns: {folder}"
        )
    return Exit.DONE


def _folder(name: str) -> Path:
    folder = Path(name)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--output: {name} is a file; name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ConfigError(
            f"--output: cannot make {name}: {problem.strerror}; choose another place"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"--output: {name} is not writable; choose another place")
    return folder


def _write(simulation: "Simulation", folder: Path, interrupt: Interrupt) -> bool:
    """Writes all files; False when it was interrupted."""
    from apisentinel.simulator import files

    for name in (REQUESTS, TRUTH, CAMPAIGNS, MANIFEST):
        # what was there before is of another run: it must not stand beside half of this one
        (folder / name).unlink(missing_ok=True)
        (folder / f"{name}{PART}").unlink(missing_ok=True)
    with ExitStack() as stack:
        requests = _Stream(stack.enter_context((folder / f"{REQUESTS}{PART}").open("wb")))
        truth = _Stream(stack.enter_context((folder / f"{TRUTH}{PART}").open("wb")))
        for lines, labels in files.blocks(simulation):
            requests.add(lines)
            truth.add(labels)
            if interrupt.stop.is_set():
                break
        requests.end()
        truth.end()
    if interrupt.stop.is_set():
        write(
            str(folder / f"{MANIFEST}{PART}"),
            [files.manifest(simulation, __version__, complete=False)],
        )
        return False
    write(str(folder / CAMPAIGNS), [files.campaigns_document(simulation)])
    for name in (REQUESTS, TRUTH):
        (folder / f"{name}{PART}").replace(folder / name)
    write(str(folder / MANIFEST), [files.manifest(simulation, __version__, complete=True)])
    return True


class _Stream:
    def __init__(self, file: BinaryIO) -> None:
        from apisentinel.simulator.files import Compressed

        self._file, self._frame = file, Compressed()

    def add(self, data: bytes) -> None:
        if data:
            self._file.write(self._frame.add(data))

    def end(self) -> None:
        self._file.write(self._frame.end())
