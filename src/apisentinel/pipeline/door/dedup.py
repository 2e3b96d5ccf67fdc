"""Recognises events that were sent before, also while their first copy is still being written."""

import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.hashing import HashKey, hash_spans
from apisentinel.records.batch import RequestBatch

Ids = npt.NDArray[np.uint64]


class IdTable(Protocol):
    """A bounded window of ids; used by one thread at a time."""

    def add(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Adds ids; True where the id was new."""
        ...

    def forget(self, ids: Ids) -> None:
        """Takes ids out again."""
        ...


class Claim(NamedTuple):
    """Ids that a submission is about to write.

    Attributes:
        new: bool per row: to be written; rows without an id always are.
        ids: uint64, the claimed ids.
    """

    new: npt.NDArray[np.bool_]
    ids: Ids


def event_ids(batch: RequestBatch, key: HashKey) -> Ids:
    """Keyed hashes of the event ids, uint64 per row; 0 where there is none."""
    spans = np.ascontiguousarray(batch.span("event_id"))
    out = np.zeros(len(batch), np.uint64)
    hash_spans(batch.buffer, spans, np.uint64(key.k0), np.uint64(key.k1), out)
    out[spans[:, 0] >= spans[:, 1]] = 0
    return out


class Deduplicator:
    """Lets each event id through once. Thread-safe.

    A repeated id counts as known only when its first copy is on disk: while that is being written,
    the second submission waits, and when the write fails the second one takes over. A submission
    holds no claim while it waits, so that none waits for another in a circle.
    """

    def __init__(self, table: IdTable) -> None:
        self._table = table
        self._changed = threading.Condition()
        self._claims: dict[int, Ids] = {}
        self._next = 0

    def claim(self, ids: Ids, give_up: Callable[[], bool]) -> tuple[int, Claim] | None:
        """Claims the ids that are new.

        Args:
            ids: uint64 per row, 0 = without id.
            give_up: Asked once a second while another submission is waited for.

        Returns:
            A ticket for `settle` and what is claimed; None when it was given up.
        """
        named = np.flatnonzero(ids)
        with self._changed:
            while True:
                new = np.ones(ids.size, np.bool_)
                fresh = self._table.add(ids[named]) if named.size else np.ones(0, np.bool_)
                new[named] = fresh
                claimed = ids[named][fresh]
                known = ids[named][~fresh]
                if not known.size or not self._in_flight(known):
                    ticket = self._next
                    self._next += 1
                    if claimed.size:
                        self._claims[ticket] = claimed
                    return ticket, Claim(new, claimed)
                if claimed.size:
                    self._table.forget(claimed)
                if give_up():
                    return None
                self._changed.wait(1.0)

    def settle(self, ticket: int, *, written: bool) -> None:
        """Ends a claim: its ids are on disk, or they are free again."""
        with self._changed:
            ids = self._claims.pop(ticket, None)
            if ids is None:
                return
            if not written:
                self._table.forget(ids)
            self._changed.notify_all()

    def remember(self, ids: Ids) -> None:
        """Adds ids that are on disk already, after a restart."""
        with self._changed:
            named = ids[ids != 0]
            if named.size:
                self._table.add(np.ascontiguousarray(named))

    def _in_flight(self, ids: Ids) -> bool:
        return any(bool(np.isin(ids, claim).any()) for claim in self._claims.values())
