"""Writes alerts and incidents to the control store, in order, beside the judge."""

import threading
from collections.abc import Sequence
from typing import Protocol

import structlog

from apisentinel.errors import StoreError
from apisentinel.pipeline.live.incidents import IncidentDocument
from apisentinel.records.evidence import Alert

WAITING_MOST = 50_000
"""Alerts and incidents that may wait for the disk; then the judge waits. At 2 KiB each 100 MB."""

RETRY_S = 0.5
"""Pause after the disk has refused."""

_log = structlog.get_logger("apisentinel.recorder")


class AlertStore(Protocol):
    """Where alerts and incidents are kept; writing one again changes nothing."""

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        """Stores alerts by id."""
        ...

    def put_incidents(self, incidents: Sequence[IncidentDocument]) -> None:
        """Stores what detection says about incidents, by id."""
        ...


class Recorder:
    """A thread with a queue before an `AlertStore`. What the disk refuses is tried again.

    Attributes:
        problem: Why the last attempt failed, empty when it did not.
    """

    def __init__(self, store: AlertStore) -> None:
        self.store = store
        self.problem = ""
        self._changed = threading.Condition()
        self._alerts: list[Alert] = []
        self._incidents: dict[str, IncidentDocument] = {}
        self._asked = 0
        self._done = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Alerts and incidents that wait for the disk."""
        with self._changed:
            return len(self._alerts) + len(self._incidents)

    def submit(self, alerts: Sequence[Alert], incidents: Sequence[IncidentDocument]) -> None:
        """Hands over; blocks while too much waits. Of an incident only the newest form counts."""
        if not alerts and not incidents:
            return
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing or len(self._alerts) + len(self._incidents) < WAITING_MOST
            )
            self._alerts += alerts
            for document in incidents:
                held = self._incidents.pop(document["id"], {})
                self._incidents[document["id"]] = held | document
            self._asked += 1
            self._changed.notify_all()

    def barrier(self, timeout_s: float) -> bool:
        """Waits until everything handed over so far is on disk; False after the timeout."""
        with self._changed:
            target = self._asked
            return self._changed.wait_for(lambda: self._done >= target, timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Writes what waits and ends the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._done < self._asked)
                if self._done >= self._asked:
                    return
                alerts, self._alerts = self._alerts, []
                incidents, self._incidents = self._incidents, {}
                target = self._asked
                self._changed.notify_all()
            if not self._write(alerts, list(incidents.values())):
                return
            with self._changed:
                self._done = target
                self._changed.notify_all()

    def _write(self, alerts: list[Alert], incidents: list[IncidentDocument]) -> bool:
        """Stores until it works; False when it never did before the end."""
        while True:
            try:
                if alerts:
                    self.store.put_alerts(alerts)
                    alerts = []
                if incidents:
                    self.store.put_incidents(incidents)
            except StoreError as error:
                if not self.problem:
                    _log.error("alerts cannot be stored", problem=str(error))
                self.problem = str(error)
                with self._changed:
                    if self._closing:
                        return False
                    self._changed.wait(RETRY_S)
            else:
                self.problem = ""
                return True
