"""The event store: every judged request, in a database of the newest days and Parquet files of the
older ones.
"""

import threading
from collections import deque
from pathlib import Path
from typing import Final

import numpy as np

from apisentinel.clock import Clock
from apisentinel.errors import StoreError
from apisentinel.storage.answers import Answers
from apisentinel.storage.arrow import Incoming
from apisentinel.storage.base import Damage, DamagedError
from apisentinel.storage.columns import Table
from apisentinel.storage.event_asking import PAGES
from apisentinel.storage.event_database import FILE, SET_ASIDE, EventDatabase, parts, run
from apisentinel.storage.event_fields import COLUMN_NAMES
from apisentinel.storage.event_files import EventFiles
from apisentinel.storage.event_index import EventIndex
from apisentinel.storage.event_query import EventQueries
from apisentinel.storage.events_schema import EVENT_SCHEMA
from apisentinel.storage.settings import StorageSettings
from apisentinel.storage.snapshots import Snapshots

RETRY_SECONDS: Final = 1.0
"""Pause before the database is opened anew after it could not be written."""

POLL_SECONDS: Final = 0.5
"""How often requests for a snapshot are looked for."""

INTERRUPT_SECONDS: Final = 0.05
"""Pause between two attempts to interrupt what is under way when the store closes."""


class EventStore(EventQueries):
    """Judged requests. All methods may be called from any thread.

    A thread of its own writes what is queued; another one exports finished days and removes old
    ones. When the disk refuses, rows wait in the queue, `put` blocks, and writing goes on by itself
    once it is possible; they are in the journal all the time.

    Attributes:
        damage: What could not be read when it was opened.
        last_seq: Newest row that is on disk.
    """

    def __init__(self, path: Path, settings: StorageSettings, clock: Clock) -> None:
        """Opens the store, or makes it.

        Raises:
            NewerVersionError: A later version of the product has written it.
            StoreError: Another process uses it, or the folder cannot be used.
        """
        self._settings = settings.events
        self._clock = clock
        self.damage: list[Damage] = []
        self.database = self._open(path)
        self.files = EventFiles(self.database, self._settings, clock)
        self.files.tidy()
        self.index = EventIndex(self.database)
        self.answers = Answers(clock.monotonic)
        self.pages = Answers(clock.monotonic, PAGES)
        self.damage += self.files.damage
        self._snapshots = Snapshots(path, self.files)
        self.last_seq = self.database.last_seq()
        self._queue: deque[Table] = deque()
        self._queued = 0
        self._taken = 0
        self._changed = threading.Condition()
        self._hurry = False
        self._closed = False
        self._failure: StoreError | None = None
        self._upkeep: Exception | None = None
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write, name="event-writer", daemon=True)
        self._keeper = threading.Thread(target=self._keep, name="event-keeper", daemon=True)
        self._writer.start()
        self._keeper.start()

    def _open(self, path: Path) -> EventDatabase:
        try:
            return EventDatabase(path, self._settings)
        except DamagedError as problem:
            # what is in it is history; the service must not stand still for that
            self.damage.append(Damage(FILE, 0, 0, 0, str(problem)))
            for ending in ("", ".wal"):
                file = path / (FILE + ending)
                if file.exists():
                    file.replace(path / (FILE + ending + SET_ASIDE))
            return EventDatabase(path, self._settings)

    # ------------------------------------------------------------------------------------- figures

    @property
    def bytes_used(self) -> int:
        """Size on disk."""
        hot = sum(
            path.stat().st_size for path in self.database.path.glob(FILE + "*") if path.is_file()
        )
        return hot + self.files.bytes_used + self.index.bytes

    def health(self) -> tuple[bool, str]:
        """Whether rows are written, and why not."""
        if self._closed:
            return False, "the event store is closed"
        if self._failure is not None:
            return False, str(self._failure)
        if not self._writer.is_alive():
            return False, "the writer has ended"
        if self._upkeep is not None:
            return False, f"old events cannot be put away: {self._upkeep}"
        return True, f"{self._queued:,} rows wait"

    # ------------------------------------------------------------------------------------- writing

    def put(self, table: Table) -> None:
        """Hands over rows; blocks while too many wait.

        Args:
            table: In the shape of EVENT_SCHEMA, ``seq`` rising, and above that of earlier calls;
                rows that are stored already are left out, so that a replay changes nothing.

        Raises:
            StoreError: The store is closed.
            ValueError: The table has another shape.
        """
        if list(table.schema.items()) != list(EVENT_SCHEMA.items()):
            raise ValueError(f"events have the columns {list(EVENT_SCHEMA)}")
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._queued < self._settings.queue_rows)
            if self._closed:
                raise StoreError("the event store is closed")
            if len(table):
                self._queue.append(table)
                self._queued += len(table)
                self._changed.notify_all()

    def flush(self, timeout: float = 60.0) -> None:
        """Returns when everything handed over so far is on disk.

        Raises:
            StoreError: The disk refuses, or it takes too long. The rows still wait.
        """
        with self._changed:
            goal = self._taken + len(self._queue)
            self._hurry = True
            self._changed.notify_all()
            done = self._changed.wait_for(
                lambda: self._taken >= goal or self._failure is not None, timeout
            )
            if self._failure is not None:
                raise StoreError(str(self._failure))
            if not done:
                raise StoreError(f"{self._queued:,} events were not written in {timeout:g} s")

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._queue))
                if not self._queue:
                    return
                if not (self._closed or self._hurry):
                    self._changed.wait_for(self._due, self._settings.flush_ms / 1000)
                tables = list(self._queue)
                if not tables:
                    continue
                self._hurry = False
            if not self._insert(tables) and self._closed:
                return

    def _due(self) -> bool:
        return self._closed or self._hurry or self._queued >= self._settings.flush_rows

    def _insert(self, tables: list[Table]) -> bool:
        try:
            if self._failure is not None:
                self._reopen()
            self.last_seq = self._store(tables)
        except StoreError as problem:
            with self._changed:
                self._failure = problem
                self._changed.notify_all()
            self._stop.wait(RETRY_SECONDS)
            return False
        with self._changed:
            self._failure = None
            for _ in tables:
                self._queued -= len(self._queue.popleft())
            self._taken += len(tables)
            self._changed.notify_all()
        return True

    def _store(self, tables: list[Table]) -> int:
        new = [table for table in (self._new(table) for table in tables) if len(table)]
        if not new:
            return self.last_seq
        incoming = Incoming(new)
        with self.database.cursor() as cursor:
            cursor.register("incoming", incoming)
            try:
                run(cursor, f"INSERT INTO e.hot SELECT {COLUMN_NAMES} FROM incoming")
            finally:
                cursor.unregister("incoming")
        return int(new[-1].columns["seq"].values[-1])

    def _new(self, table: Table) -> Table:
        """The rows that are not on disk; numbers rise."""
        known = np.searchsorted(table.columns["seq"].values, self.last_seq, side="right")
        return table.after(max(int(known) - table.begin, 0))

    def _reopen(self) -> None:
        """After a failure nobody knows what is on disk: the file is read anew."""
        self.database.reopen()
        self.last_seq = self.database.last_seq()

    # ------------------------------------------------------------------------------------- keeping

    def _keep(self) -> None:
        due = self._clock.monotonic() + self._settings.maintenance_seconds
        while not self._stop.wait(POLL_SECONDS):
            try:
                self._snapshots.answer()
                if self._clock.monotonic() >= due:
                    due = self._clock.monotonic() + self._settings.maintenance_seconds
                    self.maintain()
                    self._upkeep = None
            except (StoreError, OSError) as problem:  # shown by `health`, tried again next time
                self._upkeep = problem

    def maintain(self, *, at_once: bool = False) -> None:
        """Exports finished days, removes old files and makes the indices that are missing; done
        now and then by itself.

        Args:
            at_once: Export days even when something may still be added to them.

        Raises:
            StoreError: The disk refuses.
        """
        self.files.export(lambda: self.last_seq, at_once=at_once)
        self.files.expire()
        with self.database.cursor() as cursor:
            known = parts(cursor)
        self.index.fill(known, self._stop)

    def close(self, timeout: float = 60.0) -> None:
        """Writes what is queued and closes the files.

        What puts old events away is ended at once and done anew after the next start.

        Args:
            timeout: Seconds for writing; what is not written then is not stored.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._writer.join(timeout)
        self._stop.set()
        while self._writer.is_alive() or self._keeper.is_alive():
            self.database.interrupt()
            self._writer.join(INTERRUPT_SECONDS)
            self._keeper.join(INTERRUPT_SECONDS)
        self.database.close()
