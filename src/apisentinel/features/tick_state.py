"""State of the ticks of one pipeline, beside that of the entities."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.errors import StateError
from apisentinel.features import catalogue, tick_record
from apisentinel.features.actor_record import Kind
from apisentinel.features.paged import Paged
from apisentinel.features.state import KIND_NAMES, FeatureState, Kept, Signals, size
from apisentinel.features.tick import update_traces
from apisentinel.features.tick_measures import measure_events
from apisentinel.features.tick_site import SITE, SITE_BINS, SiteState
from apisentinel.records.batch import RequestBatch
from apisentinel.records.case import SHARED_AGENTS

Array = npt.NDArray[Any]

ORDER = (Kind.SESSION, Kind.CLIENT, Kind.USER, Kind.CREDENTIAL)
"""Sessions first: what they say about the sequence of endpoints holds for the others, too."""

OF_CLUSTERS = [catalogue.INDEX[item.name] for item in catalogue.CLUSTERS]
"""Columns that the ensemble fills in."""


class Ticks(NamedTuple):
    """Rows for the ensemble, in the order of the requests.

    Attributes:
        rows: `tick_record.TICK` ``(n_ticks,)``.
        features: float32 ``(n_ticks, features)``, columns of `catalogue.FEATURES`.
        slots: int32 ``(n_events,)``: record of each request's session.
        tokens: int32 ``(n_events,)``: word of each request for the sequence models, -1 for none.
        fresh: uint8 ``(n_events,)``: 1 where a session begins.
    """

    rows: Array
    features: npt.NDArray[np.float32]
    slots: npt.NDArray[np.int32]
    tokens: npt.NDArray[np.int32]
    fresh: npt.NDArray[np.uint8]


class TickState:
    """Traces of all entities and what the site has shown. Equal requests in equal order give equal
    rows, whatever the size of the blocks. Not thread-safe.
    """

    def __init__(self, state: FeatureState) -> None:
        self.state = state
        self.traces = {
            name: Paged(
                tick_record.TRACE, len(state.actors[name].records), state.settings.unpacked(name)
            )
            for name in KIND_NAMES
        }
        self.places = np.zeros(len(state.endpoints.records), tick_record.PLACE)
        self.hours = np.zeros(25, np.float32)
        self.grams = np.zeros(tick_record.NGRAM_CELLS, np.uint32)
        self.peers = np.zeros(
            (tick_record.PEER_GROUPS, len(catalogue.PEERS), tick_record.PEER_BINS + 1), np.float32
        )
        self.site = SiteState()
        self._matrix = np.zeros((0, len(catalogue.FEATURES)), np.float32)

    def update(
        self, batch: RequestBatch, events: Array, signals: Signals, marks: npt.NDArray[np.uint8]
    ) -> Ticks:
        """Counts a block of events in order.

        Args:
            batch: The requests, for the lengths of their parameters.
            events: `EVENT` rows after `FeatureState.update`.
            signals: What that update gave.
            marks: uint8 ``(n,)``, fields that the screen marked.
        """
        n = len(events)
        measures = np.empty((n, tick_record.MEASURES), np.float32)
        measure_events(
            events, batch.span("query"), batch.span("request_body"), signals.slots["endpoint"],
            self.places, self.hours, measures,
        )  # fmt: skip
        hits = np.zeros(n, np.uint8)
        raised = signals.actors
        np.bitwise_or.at(hits, raised["row"], np.left_shift(1, raised["kind"]).astype(np.uint8))
        steps, tokens = np.full(n, -1, np.float32), np.full(n, -1, np.int32)
        if len(self._matrix) < n:
            self._matrix = np.zeros((n, len(catalogue.FEATURES)), np.float32)
        rows = np.empty(n, tick_record.TICK)
        found, features = [], []
        for kind in ORDER:
            name = KIND_NAMES[kind]
            if kind >= Kind.USER and not events[name].any():
                continue
            traces = self.traces[name]
            traces.touch(signals.slots[name])
            count = update_traces(
                events, measures, marks, hits, int(kind), SHARED_AGENTS, signals.slots[name],
                signals.ordinals[name], traces.records, self.grams, self.peers, steps, tokens,
                rows, self._matrix,
            )  # fmt: skip
            found.append(rows[:count].copy())
            features.append(self._matrix[:count].copy())
        told = np.concatenate(found)
        order = np.lexsort((told["kind"], told["row"]))
        matrix, told = np.concatenate(features)[order], told[order]
        self.site.compare(told, matrix)
        matrix[:, OF_CLUSTERS] = np.nan
        fresh = (signals.ordinals["session"] == 1).astype(np.uint8)
        return Ticks(told, matrix, signals.slots["session"], tokens, fresh)

    def snapshot(self) -> dict[str, Kept]:
        """All state by name; `restore` of it continues as if nothing had happened."""
        out: dict[str, Kept] = {
            "hours": self.hours.copy(),
            "grams": self.grams.copy(),
            "peers": self.peers.copy(),
            "site.cells": self.site.cells.copy(),
            "site.usual": self.site.usual.copy(),
            "site.counts": self.site.counts.copy(),
            "places": self.places[: len(self.state.endpoints.used)].view(np.uint8).copy(),
            "shape": np.array(self._shape()),
        }
        for name, traces in self.traces.items():
            out[f"traces.{name}"] = traces.cut(size(self.state.actors[name]))
        return out

    def restore(self, arrays: Mapping[str, Any]) -> None:
        """Takes over a snapshot; the state of the entities is restored before.

        Raises:
            StateError: The snapshot was made by another version.
        """
        if arrays["shape"].tolist() != self._shape():
            raise StateError("snapshot of the ticks has another version than this program")
        self.hours[:] = arrays["hours"]
        self.grams[:] = arrays["grams"]
        self.peers[:] = arrays["peers"]
        self.site.cells[:] = arrays["site.cells"]
        self.site.usual[:] = arrays["site.usual"]
        self.site.counts[:] = arrays["site.counts"]
        used = arrays["places"].view(self.places.dtype)
        self.places[: len(used)] = used
        self.places[len(used) :] = 0
        for name, traces in self.traces.items():
            traces.restore(arrays[f"traces.{name}"])

    @staticmethod
    def _shape() -> list[int]:
        return [
            tick_record.VERSION, tick_record.TRACE.itemsize, tick_record.PLACE.itemsize,
            tick_record.NGRAM_CELLS, len(catalogue.PEERS), tick_record.PEER_BINS,
            SITE, SITE_BINS,
        ]  # fmt: skip
