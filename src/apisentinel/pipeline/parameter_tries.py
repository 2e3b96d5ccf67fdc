"""Who tries names of parameters: remembers those that each endpoint was sent."""

from collections import OrderedDict
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.detectors.behaviour import ParameterDiscovery
from apisentinel.features.parameter_counts import parameter_counts
from apisentinel.pipeline.identities import Told
from apisentinel.records.batch import RequestBatch
from apisentinel.records.case import EntityKey

LEAST_NAMES, LONG_LIST = 8, 60
"""Names in one query from which on it is looked at, and from which on it counts twice."""
FRESH_SHARE = 0.7
"""Share of new names that makes a query a piece of a word list."""
KNOWN_TO = 3
"""Principals that make a name part of an endpoint."""
ENDPOINTS_KEPT, NAMES_KEPT, TRIES_KEPT = 1_000, 256, 500
"""Endpoints with long queries, names of each and of each principal there, and principals that are
remembered; who was quiet longest gives way.
"""
NAME_LENGTH = 32
PATIENCE_US = 86_400_000_000
"""Time after which earlier tries are forgotten."""
DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)


class Try(msgspec.Struct, forbid_unknown_fields=True):
    """What one principal sent to one endpoint.

    Attributes:
        names: Names without their numbers, in the order of the first request with each.
        level: The sum of `ParameterDiscovery`.
    """

    principal: int
    endpoint: int
    ts: int
    names: list[bytes] = []
    level: float = 0.0


class TriesMemory(msgspec.Struct, forbid_unknown_fields=True):
    """What a successor has to know, quiet ones first.

    Attributes:
        known: Endpoint → name and principals that sent it, `KNOWN_TO` at most.
    """

    known: list[tuple[int, list[tuple[bytes, list[int]]]]] = []
    tries: list[Try] = []


class ParameterTries:
    """Judges queries with many parameters, in the order of the requests. Bounded, deterministic."""

    def __init__(self, detector: ParameterDiscovery) -> None:
        self._detector = detector
        self._known: OrderedDict[int, dict[bytes, list[int]]] = OrderedDict()
        self._tries: OrderedDict[tuple[int, int], Try] = OrderedDict()

    def judge(self, batch: RequestBatch, events: npt.NDArray[Any]) -> dict[int, list[Told]]:
        """What the queries of a block say, by row."""
        found: dict[int, list[Told]] = {}
        for row in np.flatnonzero(parameter_counts(batch) >= LEAST_NAMES).tolist():
            event = events[row]
            key = _principal(event)
            if not key[1] or not event["endpoint"]:
                continue
            names = _names(batch.text("query", row) or b"")
            if len(names) < LEAST_NAMES:
                continue
            endpoint = int(event["endpoint"])
            told = self._count(key[1], endpoint, int(event["ts"]), names)
            evidence = self._detector.evidence(*told)
            if evidence is not None:
                signature = f"{self._detector.id}|{endpoint}"
                found.setdefault(row, []).append(Told(key, evidence, signature, None))
        return found

    def _count(
        self, principal: int, endpoint: int, ts: int, names: list[bytes]
    ) -> tuple[int, float]:
        """Names tried and the level after this query; level 0 when it says nothing."""
        tried = self._tries.pop((principal, endpoint), None)
        if tried is None or ts - tried.ts > PATIENCE_US:
            tried = Try(principal, endpoint, ts, [])
        if len(self._tries) >= TRIES_KEPT:
            self._tries.popitem(last=False)
        self._tries[principal, endpoint] = tried
        known = self._known.pop(endpoint, None)
        if known is None:
            known = {}
            if len(self._known) >= ENDPOINTS_KEPT:
                self._known.popitem(last=False)
        self._known[endpoint] = known
        own = set(tried.names)
        fresh = [name for name in names if name not in own and len(known.get(name, ())) < KNOWN_TO]
        is_list = len(fresh) >= FRESH_SHARE * len(names)
        step = 2.0 if len(fresh) >= LONG_LIST else 1.0
        tried.level = tried.level + step if is_list else max(0.0, tried.level - 1.0)
        tried.ts = max(ts, tried.ts)
        tried.names += fresh[: NAMES_KEPT - len(tried.names)]
        for name in names:
            who = known.get(name)
            if who is None and len(known) < NAMES_KEPT:
                known[name] = [principal]
            elif who is not None and len(who) < KNOWN_TO and principal not in who:
                who.append(principal)
        return len(tried.names), tried.level if is_list else 0.0

    def memory(self) -> TriesMemory:
        """What a successor has to know."""
        known = [(end, list(names.items())) for end, names in self._known.items()]
        return TriesMemory(known, list(self._tries.values()))

    def recall(self, memory: TriesMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._known = OrderedDict((end, dict(names)) for end, names in memory.known)
        self._tries = OrderedDict(((each.principal, each.endpoint), each) for each in memory.tries)


def _principal(event: Any) -> EntityKey:
    """As `View.principal_key`."""
    if event["user"]:
        return "user", int(event["user"])
    if event["session_given"] and event["session"]:
        return "session", int(event["session"])
    return "client", int(event["client"])


def _names(query: bytes) -> list[bytes]:
    """Different names of the parameters of a query, numbers in them made alike."""
    found = (part.partition(b"=")[0][:NAME_LENGTH] for part in query.split(b"&"))
    return list(dict.fromkeys(name.translate(DIGITS) for name in found if name))
