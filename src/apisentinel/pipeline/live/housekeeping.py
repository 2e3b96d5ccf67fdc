"""Removal of old findings and audit entries, a little at a time."""

from collections import Counter

import structlog

from apisentinel.clock import Clock
from apisentinel.errors import StoreError
from apisentinel.storage.control import ControlStore
from apisentinel.storage.retention import DAY_US
from apisentinel.storage.settings import FindingSettings

FIRST_S = 60.0
"""Time from the start to the first round: a service that is restarted daily has to clean up, too,
but not while it replays.
"""
EVERY_S = 3_600.0
"""Pause between two rounds."""

_log = structlog.get_logger("apisentinel.housekeeping")


class Housekeeper:
    """Keeps the control store within its limits: a round an hour, one step of it per call.

    Attributes:
        removed: What was removed in this life: incidents, forced, alerts, audit.
        problem: Why the last round was given up, empty when it was not.
    """

    def __init__(self, control: ControlStore, limits: FindingSettings, clock: Clock) -> None:
        self.control = control
        self.limits = limits
        self.clock = clock
        self.removed: Counter[str] = Counter()
        self.problem = ""
        self._due = clock.monotonic() + FIRST_S

    def tick(self) -> None:
        """Does the next step of a round when one is due."""
        if self.clock.monotonic() < self._due:
            return
        try:
            more = self._step()
            self.problem = ""
        except StoreError as error:
            if not self.problem:
                _log.error("what is old cannot be removed", problem=str(error))
            self.problem = str(error)
            more = False
        if not more:
            self._due = self.clock.monotonic() + EVERY_S

    def _step(self) -> bool:
        done = self.control.retain(self.limits)
        self.removed += Counter(incidents=done.incidents, forced=done.forced, alerts=done.alerts)
        if done.incidents or done.alerts:
            _log.info("findings removed", incidents=done.incidents, alerts=done.alerts)
        if done.forced:
            _log.warning("incidents that were open or worked on gave way", count=done.forced)
        if done.more:
            return True
        before = self.clock.now() - self.limits.audit_days * DAY_US
        entries = self.control.audit_trim(before, self.limits.most_audit)
        if entries:
            self.removed["audit"] += entries
            head = self.control.audit_head()
            _log.info("audit shortened", entries=entries, head=head.digest.hex(), at=head.number)
        return entries > 0
