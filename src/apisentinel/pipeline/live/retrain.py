"""Training inside the service: from stored events, in a process of its own, into the shadow.

A new bundle has to find every planted attack that the one before finds, and to raise no more alarms
in ordinary traffic; what fails stays a candidate with the reason. What passes stands beside the
active one as its shadow until a person activates it, or, where the settings allow it, until it has
agreed with the active one for long enough. What people said of incidents goes in as labels.
"""

import shutil
import threading
from typing import TYPE_CHECKING

import msgspec
import structlog

from apisentinel.errors import ApiSentinelError, ModelError
from apisentinel.pipeline.learned import trust_folder
from apisentinel.pipeline.live.faults import described
from apisentinel.pipeline.live.own_process import OwnProcess
from apisentinel.pipeline.promotion import Decision, Proof, proved
from apisentinel.pipeline.stored import LABEL, request_lines, verdicts_of

if TYPE_CHECKING:
    from pathlib import Path

    from apisentinel.pipeline.service import Service

AUTHOR = "the service"
ROOM = "training"
"""Folder of what a training needs, in the data folder; removed afterwards."""
EVENTS_NAME = "events.ndjson"
UNPROVED = "not proved on planted attacks"
DRIFT_PAUSE = 0.25
"""Share of the usual pause after which drift may bring a training forward."""
PROOF_SEEDS = "1-3"
"""Seeds of the planted attacks; the same for both bundles."""
PROMOTE_EVERY = 60
"""Ticks between two looks at the shadow."""
_HOUR_US, _DAY_US = 3_600_000_000, 86_400_000_000

_log = structlog.get_logger("apisentinel.retrain")


class Retrainer:
    """Trains when it is time, or earlier when the traffic has moved. `tick` is called once a
    second.

    Attributes:
        problem: Why the last training came to nothing, empty when it did not.
    """

    def __init__(self, service: "Service") -> None:
        self.service = service
        self.settings = service.settings.runtime.retrain
        self.problem = ""
        self._thread: threading.Thread | None = None
        self._process = OwnProcess(trust_folder(service.settings.detection))
        self._ticks = 0
        self._stop = threading.Event()
        self._last = service.clock.now()

    @property
    def is_running(self) -> bool:
        """Whether a training is under way."""
        return self._thread is not None and self._thread.is_alive()

    def tick(self) -> None:
        """Begins a training when one is due, and promotes a shadow that has proved itself."""
        self._ticks += 1
        if self.settings.promote and self._ticks % PROMOTE_EVERY == 0:
            self._promote()
        if not self.settings.hours or self.service.models.is_pinned or self.is_running:
            return
        waited = (self.service.clock.now() - self._last) / _HOUR_US
        early = waited >= self.settings.hours * DRIFT_PAUSE and self._has_moved()
        if waited >= self.settings.hours or early:
            self.begin()

    def begin(self) -> None:
        """Begins a training now, on a thread of its own."""
        self._last = self.service.clock.now()
        self._thread = threading.Thread(target=self._guarded, name="retrain", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ends a training that is under way."""
        self._stop.set()
        self._process.stop()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _has_moved(self) -> bool:
        drift = self.service.models.monitor.told()["drift"]
        return drift is not None and drift["moved"] >= self.settings.drift

    def _guarded(self) -> None:
        room = self.service.settings.data_dir / ROOM
        try:
            self.problem = ""
            self._train(room)
        except ApiSentinelError as error:
            self.problem = str(error)
            _log.error("training came to nothing", problem=self.problem)
        except Exception as error:  # noqa: BLE001 (a thread has nobody else to tell)
            self.problem = repr(error)
            _log.error("training failed", **described(error))
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def _train(self, room: "Path") -> None:
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(mode=0o700)
        rows, labelled = self._write(room / EVENTS_NAME)
        if rows < self.settings.least_events:
            self.problem = f"{rows:,} stored events are too few to learn from"
            return
        _log.info("training", events=rows, labelled=labelled)
        arguments = ["train", str(room / EVENTS_NAME), "--output", str(room / "bundle")]
        arguments += ["--quiet", "--trials", str(self.settings.trials)]
        arguments += ["--labels", LABEL] if labelled else []
        self._run("training", arguments)
        if self._stop.is_set():
            return
        registry = self.service.models.registry
        entry = registry.add(room / "bundle", AUTHOR)
        if entry.state != "candidate":
            return
        decision = self._proof(room)
        if self._stop.is_set():
            return
        why = f"learned from {rows:,} events, {labelled:,} labelled; {decision.why}"
        if decision.may:
            registry.shadow(entry.id, AUTHOR, why)
        else:
            registry.refuse(entry.id, AUTHOR, why)
        _log.info("trained", bundle=entry.id, may_go_on=decision.may, why=decision.why)

    def _run(self, what: str, arguments: list[str]) -> None:
        """Runs a command within the limits of the settings."""
        self._process.run(what, arguments, self.settings.minutes, self.settings.memory_mb)

    def _proof(self, room: "Path") -> Decision:
        """Plants attacks in the stored traffic and compares what each bundle finds."""
        registry = self.service.models.registry
        found: list[Proof] = []
        try:
            for name, folder in (("old", registry.active()), ("new", room / "bundle")):
                file = room / f"{name}.json"
                arguments = ["evaluate", str(room / EVENTS_NAME), "--json", str(file), "--quiet"]
                arguments += ["--seeds", PROOF_SEEDS]
                arguments += [] if folder is None else ["--model", str(folder)]
                self._run("the self-test", arguments)
                if self._stop.is_set():
                    return Decision(may=False, why="interrupted")
                document = msgspec.json.decode(file.read_bytes())
                total = document["total"]
                found.append(Proof(total["campaigns"], total["found"], document["alarms"]))
        except ModelError as error:
            # A shadow has no effect; without a proof a person has to look at it.
            return Decision(may=True, why=f"{UNPROVED}: {error}")
        return proved(*found)

    def _promote(self) -> None:
        """Lets a shadow of ours judge when its time is over and it has agreed; else sends it
        back.
        """
        registry = self.service.models.registry
        try:
            state = registry.read()
            shadow = state.of_state("shadow")
            if shadow is None or shadow.added_by != AUTHOR or self.service.models.is_pinned:
                return
            why = next((s.why for s in reversed(state.history) if s.bundle == shadow.id), UNPROVED)
            waited = (self.service.clock.now() - shadow.changed) / _HOUR_US
            if waited < self.settings.shadow_hours or UNPROVED in why:
                return
            if state.of_state("active") is None:
                return  # the first bundle of a site is a person's decision
            decision = self.service.models.monitor.verdict_on_shadow()
            if decision is None:
                return
            if decision.may:
                registry.activate(shadow.id, AUTHOR, decision.why)
            else:
                registry.refuse(shadow.id, AUTHOR, decision.why)
            _log.info("shadow judged", bundle=shadow.id, active=decision.may, why=decision.why)
        except ModelError as error:
            self.problem = str(error)

    def _write(self, path: "Path") -> tuple[int, int]:
        """Stored events as requests with labels; their number, and how many have one."""
        service, settings = self.service, self.settings
        since = service.clock.now() - round(settings.days * _DAY_US)
        verdicts = verdicts_of(service.control)
        rows = labelled = 0
        with path.open("xb") as file:
            for block, count, told in request_lines(
                service.events, since, settings.most_events, verdicts
            ):
                file.write(block)
                rows, labelled = rows + count, labelled + told
                if self._stop.is_set():
                    break
        return rows, labelled
