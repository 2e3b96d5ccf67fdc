"""The service without its network: door, journal, judge and stores of one data folder."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import structlog

from apisentinel.clock import Clock, SystemClock
from apisentinel.pipeline.bus import Bus
from apisentinel.pipeline.counters import Counters
from apisentinel.pipeline.door import Door
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.installation import FolderLock, hash_key, make_folder
from apisentinel.pipeline.live_engine import Judged, LiveEngine
from apisentinel.pipeline.live_messages import alert_item
from apisentinel.pipeline.runtime import Runtime
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.pipeline.summary import Summary
from apisentinel.storage.journal import Journal

T = TypeVar("T")

_log = structlog.get_logger("apisentinel.service")


class Service:
    """Takes requests in, judges them, keeps them and tells.

    Usable without HTTP: submit through `door`, read through the stores and `view`.

    Attributes:
        started_at: Wall clock at the start, µs; 0 before.
    """

    door: Door
    journal: Journal
    control: Any
    events: Any
    runtime: Runtime

    def __init__(self, settings: ServiceSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.started_at = 0
        self.counters = Counters()
        self.bus = Bus(f"{self.clock.now():x}")
        self._lock: FolderLock | None = None

    def start(self) -> None:
        """Opens the stores, resumes where the last life ended, and begins to judge.

        Raises:
            ConfigError: The data folder is in use or cannot be used.
            StoreError: A store cannot be opened.
            StateError: What is stored was written by another version.
        """
        settings = self.settings
        data_dir = settings.data_dir
        make_folder(data_dir)
        self._lock = FolderLock(data_dir)
        key = hash_key(data_dir)
        self.journal = Journal(data_dir / "journal", settings.storage, self.clock)
        live = LiveEngine(settings.detection, settings.runtime, key)
        self.runtime = Runtime(live, self.journal, settings.runtime, self.clock)
        self.door = Door(
            settings.door,
            self.journal,
            _RecentIds(settings.door.dedup_ids),
            self.counters,
            None,
            None,
            self.clock,
            key=key,
        )
        self.door.remember()
        self.runtime.on_judged = self._judged
        self.runtime.on_offset = self.door.judged
        self.runtime.start()
        self.started_at = self.clock.now()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Refuses what comes, judges what is there, saves the state and closes the stores.

        Returns:
            True when everything was judged in time; the rest is judged after the next start.
        """
        deadline = self.clock.monotonic() + timeout_s
        drained = self.door.stop(timeout_s / 4)
        drained &= self.runtime.drain(max(0.0, deadline - self.clock.monotonic()))
        self.runtime.stop(max(1.0, deadline - self.clock.monotonic()))
        self.journal.close()
        if self._lock is not None:
            self._lock.release()
        return drained

    def view(self, fn: Callable[[Engine], T]) -> T:
        """Calls a function with the engine, between two blocks; it must be quick."""
        return self.runtime.view(lambda live: fn(live.engine))

    def summary(self) -> Summary:
        """Reads the report out of the live engine; use it inside `view`."""
        return Summary(self.runtime.live.engine)

    def lag_seconds(self) -> float:
        """Age of the oldest accepted batch that is not judged."""
        return self.runtime.lag_seconds()

    def _judged(self, parts: list[Judged]) -> None:
        alerts = [alert_item(alert) for part in parts for alert in part.alerts]
        if alerts:
            self.bus.publish("alerts", alerts)


class _RecentIds:
    """Window of event ids."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._ids: dict[int, None] = {}

    def add(self, ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Adds ids; True where the id was new."""
        new = np.zeros(len(ids), np.bool_)
        for i, name in enumerate(ids.tolist()):
            if name not in self._ids:
                new[i] = True
                self._ids[name] = None
        while len(self._ids) > self._window:
            del self._ids[next(iter(self._ids))]
        return new

    def forget(self, ids: npt.NDArray[np.uint64]) -> None:
        """Takes ids out again."""
        for name in ids.tolist():
            self._ids.pop(name, None)
