"""The service without its network: door, journal, judge and stores of one data folder."""

import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from apisentinel.clock import Clock, SystemClock
from apisentinel.errors import ModelError, StateError, StoreError
from apisentinel.pipeline.door.counters import Counters
from apisentinel.pipeline.door.door import Dead, Door
from apisentinel.pipeline.door.redaction import door_redactor
from apisentinel.pipeline.door.sources import SourceRunner
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.installation import (
    CONTROL_FOLDER,
    EVENTS_FOLDER,
    JOURNAL_FOLDER,
    SOURCES_FOLDER,
    FolderLock,
    hash_key,
    make_folder,
)
from apisentinel.pipeline.learned import trust_folder
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live import health as live_health
from apisentinel.pipeline.live import metrics as live_metrics
from apisentinel.pipeline.live import overview as live_overview
from apisentinel.pipeline.live.bus import Bus
from apisentinel.pipeline.live.canary import Canary
from apisentinel.pipeline.live.checkpointer import Checkpointer
from apisentinel.pipeline.live.crash_guard import CrashGuard
from apisentinel.pipeline.live.degradation import Degradation
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.event_rows import RowMaker
from apisentinel.pipeline.live.events import EventWriter, Work
from apisentinel.pipeline.live.faults import described
from apisentinel.pipeline.live.incidents import KNOWN_KEPT, IncidentDocument
from apisentinel.pipeline.live.messages import alert_item, incident_item
from apisentinel.pipeline.live.metrics import Histogram, Metric
from apisentinel.pipeline.live.models import ModelKeeper
from apisentinel.pipeline.live.poison import Poison
from apisentinel.pipeline.live.rates import Rates
from apisentinel.pipeline.live.recorder import Recorder
from apisentinel.pipeline.live.retrain import Retrainer
from apisentinel.pipeline.live.runtime import Runtime, Told
from apisentinel.pipeline.live.ticker import Ticker
from apisentinel.pipeline.live.trial import try_suspects
from apisentinel.pipeline.live.warm_up import warm_up
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.registry import open_registry
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.pipeline.summary import Summary
from apisentinel.storage.control import ControlStore
from apisentinel.storage.dead_letters import DeadLetterBox
from apisentinel.storage.dedup import DedupTable
from apisentinel.storage.events import EventStore
from apisentinel.storage.journal import Journal

if TYPE_CHECKING:
    import numpy.typing as npt

T = TypeVar("T")

STOP_S = 10.0
"""Time that a stop may take: what orchestrators give a process before they kill it, or less."""

LONGEST_S = 60.0
"""How long a part may take to close when no stop has been asked for, after a failed start."""

CLOSE_SHARE = 0.2
"""Part of that which is kept for closing the stores; a checkpoint not whole by then is given up."""

PACKING_STEPS = 64
"""Steps of packing before a checkpoint at most; what changes meanwhile is packed with it."""

_log = structlog.get_logger("apisentinel.service")


class Service:
    """Takes requests in, judges them, keeps them and tells.

    Usable without HTTP: submit through `door`, read through the stores and `view`. A service is
    started and stopped once.

    Attributes:
        started_at: Wall clock at the start, µs; 0 before.
        resumed: Whether the state of an earlier life was taken over, and why not.
    """

    door: Door
    sources: SourceRunner
    journal: Journal
    control: ControlStore
    events: EventStore
    runtime: Runtime
    recorder: Recorder
    event_writer: EventWriter
    checkpointer: Checkpointer
    ticker: Ticker
    canary: Canary
    models: ModelKeeper
    retrainer: Retrainer

    def __init__(self, settings: ServiceSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.started_at = 0
        self.resumed = "nothing to resume"
        self.counters = Counters()
        self.watch = Stopwatch()
        self.rates = Rates()
        self.degradation = Degradation(settings.runtime.degradation)
        self.bus = Bus(f"{self.clock.now():x}")
        self.alert_delay = Histogram(live_metrics.DELAY_BOUNDS)
        self.commits = Histogram(live_metrics.COMMIT_BOUNDS)
        self._opened: list[Callable[[float], object]] = []
        self._deadline = math.inf
        self._room: dict[str, npt.NDArray[Any]] = {}
        self._burying = threading.Lock()
        self._unburied: list[Dead] = []
        self._stopping = False
        self._packing_steps = 0

    # ------------------------------------------------------------------------------ start and stop

    def start(self) -> None:
        """Opens the stores, resumes where the last life ended, and begins to judge.

        Raises:
            ConfigError: The data folder is in use or cannot be used.
            StoreError: A store cannot be opened.
            StateError: The key of the installation is damaged.
        """
        try:
            self._open()
        except BaseException:
            self._close()
            raise
        self.started_at = self.clock.now()

    def _open(self) -> None:
        settings, data_dir, clock = self.settings, self.settings.data_dir, self.clock
        make_folder(data_dir)
        lock = FolderLock(data_dir)
        self._opened.append(lambda _: lock.release())
        key = hash_key(data_dir)
        guard = self._crash_guard()
        self.journal = Journal(data_dir / JOURNAL_FOLDER, settings.storage, clock)
        self._opened.append(lambda _: self.journal.close())
        self.journal.on_commit = self.commits.add
        self.control = ControlStore(data_dir / CONTROL_FOLDER, clock, settings.storage)
        self._opened.append(lambda _: self.control.close())
        self.events = EventStore(data_dir / EVENTS_FOLDER, settings.storage, clock)
        self._opened.append(self.events.close)
        warm_up(settings.detection)
        trusted = trust_folder(settings.detection)
        self.models = ModelKeeper(open_registry(data_dir, trusted, clock), settings.detection)
        detection, _, monitor = self.models.prepare()
        live = self._resume(LiveEngine(detection, settings.runtime, key, self.watch))
        self.models.attach(live, monitor)
        live.incidents.learn(self.control.open_incident_ids(KNOWN_KEPT))
        self.recorder = Recorder(self.control)
        self._opened.append(self.recorder.close)
        self.event_writer = self._event_writer(live)
        self.checkpointer = Checkpointer(self.journal, settings.runtime, clock, self._settled)
        self.checkpointer.offset, self.checkpointer.seq = live.offset, live.seq
        self.runtime = Runtime(live, self.journal, settings.runtime, self._recovered)
        guard.resumed(live.seq)
        self.runtime.guard = guard
        self.runtime.level = lambda: self.degradation.level
        self.runtime.on_told = self._told
        self.runtime.on_offset = self._judged
        self.runtime.on_poison = self._poisoned
        self.runtime.on_replaced = self._replaced
        self.door = Door(
            settings.door,
            self.journal,
            DedupTable(settings.door.dedup_ids),
            self.counters,
            door_redactor(settings.door, key),
            DeadLetterBox(self.control),
            clock,
            key=key,
        )
        self.door.remember()
        for offset, size in self.journal.sizes(live.offset):
            self.door.backlog.committed(offset, size)
        self.ticker = Ticker(self)
        self.canary = Canary(settings.detection, settings.runtime.canary_minutes, clock)
        self.retrainer = Retrainer(self)
        self._opened.append(self.retrainer.stop)
        self.runtime.start()
        self._opened.append(self.runtime.stop)
        self.ticker.start()
        self._opened.append(self.ticker.stop)
        self.canary.start()
        self._opened.append(self.canary.stop)
        self.sources = SourceRunner(settings.sources, self.door, data_dir / SOURCES_FOLDER, clock)
        self._opened.append(self.sources.stop)
        self.sources.start()

    def _crash_guard(self) -> CrashGuard:
        """Looks how the life before has ended, and tries the rows that it suspects."""
        guard = CrashGuard(self.settings.data_dir)
        self._opened.append(lambda _: guard.close())
        guard.begin()
        try_suspects(guard, self.settings, self.settings.data_dir / JOURNAL_FOLDER)
        return guard

    def _event_writer(self, live: LiveEngine) -> EventWriter:
        writer = EventWriter(
            self.events,
            RowMaker(live.engine),
            self.bus,
            self.settings.runtime.degradation.keep_one_in,
            self.watch,
        )
        writer.sample = self._quiet_sample
        self._opened.append(writer.close)
        return writer

    def _quiet_sample(self, rows: int) -> int:
        """How many quiet events of a block are shown live."""
        most = self.settings.runtime.event_sample
        rate = max(self.rates.mean("accepted"), 1.0)
        return round(min(rows, max(most * rows / rate, 1))) if most else 0

    def _resume(self, live: LiveEngine) -> LiveEngine:
        """The engine as it was at the newest checkpoint; an empty one when that does not fit."""
        stored = self.journal.load_checkpoint()
        if stored is None:
            return live
        offset, parts = stored
        try:
            checkpoint.restore(live, parts)
        except StateError as error:
            self.resumed = f"learning begins anew: {error}"
            _log.error("the state cannot be taken over", problem=str(error))
            live = LiveEngine(live.detection, live.runtime, live.enricher.key, self.watch)
            live.offset = offset
        else:
            self.resumed = f"resumed at batch {offset:,}"
        return live

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Refuses what comes, judges what is there, saves the state and closes the stores.

        Returns:
            True when everything was judged and saved in time; what was not is judged after the
            next start.
        """
        if self._stopping or not self.started_at:
            return True
        self._stopping = True
        begin = self.clock.monotonic()
        self._deadline = begin + timeout_s
        self.checkpointer.finish_by(self._deadline - timeout_s * CLOSE_SHARE)
        done = self.sources.stop(timeout_s / 4)
        done &= self.door.stop(timeout_s / 4)
        done &= self.runtime.drain(self._left(keep=timeout_s / 2))
        done &= self.runtime.stop(self._left(keep=timeout_s * CLOSE_SHARE))
        drained = self.clock.monotonic()
        self.ticker.stop(min(1.0, self._left()))
        try:
            if done:
                self.ticker.look(everything=True)
            done &= self.save(self._left(keep=timeout_s * CLOSE_SHARE))
        except StoreError as error:
            _log.error("the state could not be saved", problem=str(error))
            done = False
        self.checkpointer.wait(self._left())
        saved = self.clock.monotonic()
        self._close()
        tell = _log.debug if done else _log.warning
        tell(
            "stopped" if done else "stopped before all was judged and saved",
            drain_s=round(drained - begin, 2),
            save_s=round(saved - drained, 2),
            close_s=round(self.clock.monotonic() - saved, 2),
        )
        return done

    def _left(self, *, keep: float = 0.0) -> float:
        """Seconds until a stop has to be over, less those that are kept for the rest of it."""
        left = min(self._deadline - self.clock.monotonic() - keep, LONGEST_S)
        return max(0.1, left)

    def _close(self) -> None:
        while self._opened:
            close = self._opened.pop()
            try:
                close(self._left())
            except Exception as error:  # noqa: BLE001 (the others have to be closed as well)
                _log.error("a part could not be closed", **described(error))

    def save(self, timeout_s: float = STOP_S) -> bool:
        """Saves the state now; False when a store refuses or is too slow."""
        if not self._is_learned(timeout_s):
            _log.warning("no checkpoint", problem="a profile is still being learned")
            return False
        return self.checkpointer.save_now(self._capture, timeout_s)

    def save_when_due(self, *, in_steps: bool = False) -> None:
        """Begins a checkpoint when the time for one has come.

        Args:
            in_steps: Do only a little of the work that comes before it; whoever calls comes again
                after the next block.
        """
        live = self.runtime.live
        if not self._is_learned(0.0):  # it is part of the state, and nobody is to wait for it
            return
        if not self.checkpointer.is_due(live.offset, live.seq):
            return
        while self._packing_steps < PACKING_STEPS and self.runtime.view(checkpoint.pack_some):
            self._packing_steps += 1
            if in_steps:
                return
        if self.checkpointer.claim(live.offset, live.seq):
            self._packing_steps = 0
            self.checkpointer.save(self._capture, live.seq)

    def _is_learned(self, timeout_s: float) -> bool:
        online = self.runtime.live.engine.online
        return online is None or online.is_learned(timeout_s)

    def _capture(self) -> checkpoint.Captured:
        return self.runtime.view(lambda live: checkpoint.capture(live, self._room))

    # --------------------------------------------------------------------------- from the judge

    def _told(self, told: list[Told]) -> None:
        """Alerts to the stream first, then to the store; rows to the event store."""
        alerts = [alert for part in told for alert in part.judged.alerts]
        closed = [document for part in told for document in part.judged.closed]
        news = [alert for part in told if part.is_news for alert in part.judged.alerts]
        if news:
            items = [alert_item(alert) for alert in news]
            self.bus.publish("alerts", items)
            self.alert_delay.add((self.clock.now() - told[0].received) / 1e6, len(news))
            self.rates.add_alerts([item["severity"] for item in items])
        if closed:
            self.bus.publish("incidents", [incident_item(document) for document in closed])
        self.recorder.submit(alerts, closed)
        level = self.degradation.level
        for part in told:
            self.event_writer.submit(Work(part.judged, part.source, level))

    def _judged(self, offset: int) -> None:
        self.door.judged(offset)
        self.save_when_due(in_steps=True)

    def _poisoned(self, poisons: list[Poison]) -> None:
        lines = [Dead(poison.raw, poison.reason, poison.seq) for poison in poisons]
        with self._burying:
            self._unburied += lines
        self.bury()

    def bury(self) -> bool:
        """Stores dead letters of the judge that are not stored yet; False when the disk refuses.

        Until they are, no checkpoint is made, so they come again after a restart.
        """
        with self._burying:
            if not self._unburied:
                return True
            try:
                self.control.put_dead_letters("judge", self._unburied)
            except StoreError as error:
                _log.error("dead letters wait", count=len(self._unburied), problem=str(error))
                return False
            self._unburied = []
            return True

    def _recovered(self) -> LiveEngine:
        """An engine as of the newest checkpoint, to begin again from after a failure."""
        live = self.runtime.live
        new = LiveEngine(live.detection, live.runtime, live.enricher.key, self.watch)
        return self._resume(new)

    def renew_models(self) -> None:
        """Takes over what the registry names when it has changed; called once a second.

        The state is saved right after, so that a restart judges nothing anew with other models than
        it was judged with, but for what came within that moment.
        """
        if not self.models.look():
            return
        try:
            detection, learned, monitor = self.models.prepare()
        except ModelError as error:
            self.models.problem = str(error)
            _log.error("models cannot be taken over", problem=str(error))
            return

        def take_over(live: LiveEngine) -> None:
            live.use(detection, learned)
            self.models.attach(live, monitor)

        self.runtime.view(take_over)
        self.save()
        _log.info("models", bundle=monitor.bundle_id or "none", shadow=monitor.shadow_id or "none")

    def _replaced(self, live: LiveEngine) -> None:
        live.monitor = self.models.monitor
        self.event_writer.maker = RowMaker(live.engine)

    def _settled(self, timeout_s: float) -> bool:
        """Waits until the effects of everything judged are on disk."""
        return (
            self.bury()
            and self.recorder.barrier(timeout_s)
            and self.event_writer.barrier(timeout_s)
        )

    def publish_incidents(self, documents: list[IncidentDocument]) -> None:
        """Tells and stores incidents that are new or changed."""
        if documents:
            self.bus.publish("incidents", [incident_item(document) for document in documents])
            self.recorder.submit([], documents)

    # -------------------------------------------------------------------------------- for readers

    def view(self, fn: Callable[[Engine], T]) -> T:
        """Calls a function with the engine, between two blocks; it must be quick (50 ms) and must
        change nothing.
        """
        return self.runtime.view(lambda live: fn(live.engine))

    def summary(self) -> Summary:
        """Reads the report out of the live engine; use it inside `view`."""
        return Summary(self.runtime.live.engine)

    def lag_seconds(self) -> float:
        """Age of the oldest accepted batch that is not judged, 0 when all are."""
        offset = self.runtime.live.offset
        if offset >= self.journal.last_offset:
            return 0.0
        waited = self.door.backlog.oldest_seconds()
        if waited and not self.runtime.is_replaying:
            return waited
        waiting = self.journal.read(offset, 1)  # accepted in an earlier life
        return max(0.0, (self.clock.now() - waiting[0][2].received) / 1e6) if waiting else 0.0

    def event_queue_share(self) -> float:
        """Used share of the queue to the event store."""
        return self.event_writer.share

    def totals(self) -> dict[str, int]:
        """Counters that only grow: what became of received rows, and what was judged."""
        return self.counters.totals() | {"judged": self.runtime.live.seq}

    def gauges(self) -> dict[str, Any]:
        """Figures of this moment."""
        return {
            "lag_seconds": round(self.lag_seconds(), 3),
            "level": int(self.degradation.level),
            "open_incidents": self.ticker.open_incidents,
            "backlog_bytes": self.door.backlog.bytes,
        }

    def health(self) -> dict[str, dict[str, Any]]:
        """Checks by name: whether each part is well, and what it says."""
        return live_health.checks(self)

    def is_ready(self) -> bool:
        """Whether requests are taken in and judged in time."""
        return all(check["ok"] for check in self.health().values())

    def metrics(self) -> list[Metric]:
        """Everything that is measured, as plain data."""
        return live_metrics.metrics(self)

    def overview(self) -> dict[str, Any]:
        """The state of things at a glance, as plain data."""
        return live_overview.overview(self)
