"""What happens once a second beside the judge: rates, level, incidents, health."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from apisentinel.pipeline.live.degradation import MEANING, Level
from apisentinel.pipeline.live.faults import described
from apisentinel.pipeline.live.housekeeping import Housekeeper
from apisentinel.pipeline.live.memory import give_back
from apisentinel.pipeline.samples import time_text

if TYPE_CHECKING:
    from apisentinel.pipeline.service import Service

TICK_S = 1.0
HEALTH_EVERY = 5
"""Ticks between two messages about health when nothing changes."""
GIVE_BACK_EVERY = 15
"""Ticks between two returns of free memory, less than 20 MB of growth apart."""
COARSE_EVERY = 5
"""Ticks between two looks at incidents on degradation level 1 and above."""

MOST_DOCUMENTS = 200
"""Incidents described in one look, about 40 ms; the rest follows in the next one."""
LOOK_SHARE = 0.1
"""Share of the time that looks at incidents may take."""

_log = structlog.get_logger("apisentinel.ticker")


class Ticker:
    """A thread that looks at a service once a second; `tick` does the work of one second.

    Attributes:
        scores: Highest risk now, 0-1, by attack type, as of the last look at incidents.
        open_incidents: Number of open incidents, as of then.
    """

    def __init__(self, service: "Service") -> None:
        self.service = service
        self.housekeeper = Housekeeper(
            service.control, service.settings.storage.findings, service.clock
        )
        self.scores: dict[str, float] = {}
        self.open_incidents = 0
        self.problem = ""
        self._ticks = 0
        self._looked = float("-inf")
        self._look_took = 0.0
        self._looked_seq = -1
        self._more = False
        self._heard: dict[str, tuple[int, float]] = {}
        self._healthy: dict[str, bool] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        """Begins to tick."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ends the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            self._guarded(self.tick)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
            self.problem = ""
        except Exception as error:  # noqa: BLE001 (one bad second must not end the thread)
            if not self.problem:
                _log.error("the ticker stumbled", **described(error))
            self.problem = repr(error)

    def tick(self) -> None:
        """The work of one second."""
        service = self.service
        self._ticks += 1
        before = service.degradation.level
        # what waits after a stop is no overload, and has to be judged as it would have been
        lag = 0.0 if service.runtime.is_replaying else service.lag_seconds()
        level = service.degradation.update(
            lag, service.event_queue_share(), service.clock.monotonic()
        )
        if level != before:
            tell = _log.warning if level > before else _log.info
            tell("degradation", degree=int(level), meaning=MEANING[level])
        item = service.rates.tick(service.clock.now(), service.totals(), service.gauges())
        service.bus.publish("metrics", [item])
        if level == Level.NORMAL or self._ticks % COARSE_EVERY == 0:
            self.look()
        self._tell_health(changed=level != before)
        self._watch_sources()
        service.bury()
        service.renew_models()
        service.retrainer.tick()
        service.save_when_due()
        self.housekeeper.tick()
        if self._ticks % GIVE_BACK_EVERY == 0:
            give_back()

    def _watch_sources(self) -> None:
        """Notes since when each way in is silent."""
        now = self.service.clock.monotonic()
        for source, counts in self.service.counters.snapshot().items():
            received, _ = self._heard.get(source, (-1, now))
            if counts["received"] != received:
                self._heard[source] = (counts["received"], now)

    def silent_sources(self) -> list[str]:
        """Ways in that have sent before and have been silent for long."""
        limit = self.service.settings.runtime.silent_minutes * 60
        now = self.service.clock.monotonic()
        heard = self._heard.copy()
        return sorted(source for source, (_, at) in heard.items() if now - at >= limit)

    def _tell_health(self, *, changed: bool) -> None:
        checks = self.service.health()
        healthy = {name: bool(check["ok"]) for name, check in checks.items()}
        if changed or healthy != self._healthy or self._ticks % HEALTH_EVERY == 0:
            self._healthy = healthy
            now = time_text(self.service.clock.now())
            level = int(self.service.degradation.level)
            self.service.bus.publish(
                "health",
                [{"ts": now, "ok": all(healthy.values()), "level": level, "checks": checks}],
            )

    def look(self, *, everything: bool = False) -> None:
        """Tells and stores the incidents that changed; at most as often as the settings say."""
        clock = self.service.clock
        begin = clock.monotonic()
        pause = max(self.service.settings.runtime.incident_seconds, self._look_took / LOOK_SHARE)
        seq = self.service.runtime.live.seq
        is_due = begin - self._looked >= pause and (seq != self._looked_seq or self._more)
        if not (everything or is_due):
            return
        most = None if everything else MOST_DOCUMENTS
        is_complete = not self.service.runtime.is_replaying
        documents, self.scores, self.open_incidents = self.service.runtime.view(
            lambda live: (
                live.incidents.look(live.engine, most, is_complete=is_complete),
                live.scores(),
                live.incidents.open,
            )
        )
        self._more = most is not None and len(documents) >= most
        self._looked, self._looked_seq = begin, seq
        self._look_took = clock.monotonic() - begin
        self.service.publish_incidents(documents)
