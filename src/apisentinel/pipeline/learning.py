"""Training: reads traffic as a scan does, shows it to learners, and writes what they learned as a
bundle.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from apisentinel import __version__
from apisentinel.clock import Clock
from apisentinel.errors import ModelError
from apisentinel.models.bundle import write_bundle
from apisentinel.models.trust import Signer
from apisentinel.pipeline.engine import Counted, Engine
from apisentinel.pipeline.learned import trust_folder
from apisentinel.pipeline.learning_labels import NO_LABEL, Labels
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.scan import Progress, scan
from apisentinel.pipeline.settings import ScanSettings


class TrainSettings(BaseModel):
    """What training can be told beside the settings of a scan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: str | None = Field(
        default=None, description="Field of the requests that says whether they are attacks."
    )
    trials: int = Field(
        default=20, ge=0, le=1_000, description="Parameter sets tried for the models."
    )
    seed: int = Field(default=1, ge=0, lt=1 << 32, description="Equal seeds give equal bundles.")
    budget: float | None = Field(
        default=None,
        gt=0,
        description="Seconds that the search for parameters may take; what is found then depends on"
        " the machine.",
    )


class Judged:
    """A block after judging, as learners see it.

    Attributes:
        counted: The requests with their events and signals.
        attacks: bool ``(n_rows,)``: requests whose content is an attack.
        labels: int8 ``(n_rows,)``: 1 attack, 0 ordinary, `NO_LABEL` unknown.
    """

    __slots__ = ("attacks", "counted", "labels")

    def __init__(
        self,
        counted: Counted,
        attacks: npt.NDArray[np.bool_],
        labels: npt.NDArray[np.int8] | None = None,
    ) -> None:
        self.counted = counted
        self.attacks = attacks
        rows = len(counted.block.batch)
        self.labels = np.full(rows, NO_LABEL, np.int8) if labels is None else labels

    @property
    def block(self) -> Prepared:
        """The requests."""
        return self.counted.block


OnStep = Callable[[str, float], None]
"""Is told the name of a step when it begins, and the share of all learning that is done."""


def _silent(_name: str, _share: float) -> None:
    pass


class Learner(Protocol):
    """Learns one thing from traffic that is shown block by block, in the order of the requests.

    Deterministic in the requests, the settings and the seed; memory bounded by settings.
    """

    name: str

    def observe(self, judged: Judged) -> None:
        """Takes note of the next requests. The block is valid during the call only."""
        ...

    def finish(self, engine: Engine, on_step: OnStep) -> dict[str, bytes]:
        """Parts of the bundle, by name.

        Args:
            engine: With the cases of all entities, after the last request.
            on_step: Called with the name of each step when it begins, and the share of this
                learner's work that is done.
        """
        ...

    def about(self) -> dict[str, Any]:
        """What the manifest says of it, after `finish`: plain JSON without times of the clock."""
        ...


LearnerFactory = Callable[[ScanSettings, TrainSettings], Learner]


def learners_of(settings: ScanSettings, training: TrainSettings) -> list[Learner]:
    """Everything that can be learned, in the order of the bundle."""
    from apisentinel.pipeline.learned_profile import ProfileLearner  # noqa: PLC0415 (lazily)
    from apisentinel.pipeline.tick_learner import EnsembleLearner  # noqa: PLC0415 (lazily)

    return [ProfileLearner(settings, training), EnsembleLearner(settings, training)]


class Trained(BaseModel):
    """What came of a training.

    Attributes:
        bundle: Id of the bundle.
        requests: Requests that were read.
        about: What the manifest says.
    """

    model_config = ConfigDict(frozen=True)

    bundle: str
    requests: int
    about: dict[str, Any]


class Learning:
    """Shows traffic to learners and writes what they learned.

    Args:
        output: Folder of the bundle.
        settings: How the traffic is read and judged.
        training: What is learned and how.
        clock: Tells the time of the signature.
        learners: None for all.
        labels: What is known of the requests, None for nothing.

    Raises:
        ModelError: The signing key cannot be used.
    """

    def __init__(
        self,
        output: Path,
        settings: ScanSettings,
        training: TrainSettings,
        clock: Clock,
        learners: Sequence[Learner] | None = None,
        labels: Labels | None = None,
    ) -> None:
        self.output = output
        self.training = training
        self.clock = clock
        self.labels = labels
        self._signer = Signer.load(trust_folder(settings))
        self._learners = learners_of(settings, training) if learners is None else list(learners)

    def watch(self, counted: Counted, attacks: npt.NDArray[np.bool_]) -> None:
        """Shows the next block after it was judged."""
        told = None if self.labels is None else self.labels.of(counted.block.batch)
        judged = Judged(counted, attacks, told)
        for learner in self._learners:
            learner.observe(judged)

    def save(self, engine: Engine, on_step: OnStep = _silent) -> Trained:
        """Lets the learners finish and writes the bundle.

        Raises:
            ModelError: There is nothing to learn from, or the bundle cannot be written.
        """
        if engine.seq == 0:
            raise ModelError("there are no requests to learn from; check the paths and --format")
        parts: dict[str, bytes] = {}
        for number, learner in enumerate(self._learners):
            part = _part_of(on_step, number, len(self._learners))
            parts.update(learner.finish(engine, part))
        about = {
            "product": __version__,
            "requests": engine.seq,
            "seed": self.training.seed,
            "trials": self.training.trials,
            "period": [engine.timeline.first, engine.timeline.last],
            "learned": {learner.name: learner.about() for learner in self._learners},
        }
        on_step("bundle", 1.0)
        moment = datetime.fromtimestamp(self.clock.now() / 1e6, UTC).isoformat(timespec="seconds")
        bundle = write_bundle(self.output, parts, about, self._signer, moment)
        return Trained(bundle=bundle, requests=engine.seq, about=about)


def _part_of(on_step: OnStep, number: int, count: int) -> OnStep:
    """Tells the share of all learners from the share of one."""
    return lambda name, share: on_step(name, (number + share) / count)


def train(  # noqa: PLR0913 (one place calls it)
    paths: list[str],
    output: Path,
    settings: ScanSettings,
    training: TrainSettings,
    clock: Clock,
    *,
    learners: Sequence[Learner] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_step: OnStep = _silent,
    stop: threading.Event | None = None,
) -> Trained | None:
    """Learns from traffic and writes a signed bundle.

    Args:
        paths: Files, folders, globs, ``-``.
        output: Folder of the bundle.
        settings: How the traffic is read and judged.
        training: What is learned and how.
        clock: Tells the time of the signature.
        learners: None for all.
        on_progress: Called after each block that was read.
        on_step: Called when a step after reading begins.
        stop: When set, reading ends and nothing is written.

    Returns:
        What was learned, None when it was stopped.

    Raises:
        SourceError: An input cannot be found or opened.
        ConfigError: The format or log format string is not known.
        ModelError: There is nothing to learn from, or the bundle cannot be written.
    """
    labels = None if training.labels is None else Labels.read(paths, training.labels)
    learning = Learning(output, settings, training, clock, learners, labels)
    done = scan(paths, settings, on_progress=on_progress, stop=stop, watcher=learning.watch)
    if stop is not None and stop.is_set():
        return None
    return learning.save(done.engine, on_step)
