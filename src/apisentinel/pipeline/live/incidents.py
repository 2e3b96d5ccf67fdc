"""Incidents of a running service: which are open, what changed, which have become one."""

from typing import Any

import msgspec

from apisentinel.incidents import describe, founder_of, group_cases, incident_id
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.explaining import explained
from apisentinel.pipeline.samples import time_text
from apisentinel.records.case import Case, EntityKey

IncidentDocument = dict[str, Any]
"""An incident as plain data: the fields of `Incident`, ``merged_into`` (id or None) and ``closed``
(no further evidence is expected).
"""

SLACK = 1_000
"""Incidents that are not open any more whose last form is remembered."""

KNOWN_KEPT = 100_000
"""Ids remembered for telling that an incident has become part of another; the oldest give way."""


class IncidentBook:
    """Finds what changed since the last look.

    What is open is worked out from the cases at every look, so it depends on the requests alone;
    the book only remembers what it has told already, to say less.

    Attributes:
        open: Open incidents at the last look.
    """

    def __init__(self) -> None:
        self.open = 0
        self._live: set[str] = set()
        self._told: dict[str, tuple[Any, ...]] = {}
        self._merged: dict[str, str] = {}

    def learn(self, ids: list[str]) -> None:
        """Takes over ids that were stored in an earlier life, so that merging them is told."""
        for name in ids:
            self._told.setdefault(name, ())
            self._live.add(name)

    def look(
        self, engine: Engine, most: int | None = None, *, is_complete: bool = True
    ) -> list[IncidentDocument]:
        """Documents of the incidents that are new or changed since the last look.

        Incidents all of whose cases had to give way to others in a full ledger, or were forgotten
        with an earlier state, are told as ``{"id": …, "closed": True}``.

        Args:
            engine: Whose cases they are made of.
            most: Documents after which the rest is left for the next look; None gives all.
            is_complete: False while a replay may still bring cases back: nothing ends then.
        """
        groups = _groups(engine)
        self.open = len(groups)
        names = [incident_id(founder_of(group)) for group in groups]
        self._forget(names)
        out = self._ended(groups, set(names)) if is_complete else []
        for group in groups:
            if most is not None and len(out) >= most:
                break
            founder = founder_of(group)
            name = incident_id(founder)
            mark = _mark(engine, group)
            if self._told.get(name) != mark:
                out.append(_document(engine, group))
                self._told[name] = mark
                self._live.add(name)
                self._merged.pop(name, None)
                out += self._merges(group, founder, name)
        return out

    def _ended(self, groups: list[list[Case]], current: set[str]) -> list[IncidentDocument]:
        """Notes on incidents that were told as open and have no case any more."""
        gone = self._live - current
        if gone:
            gone -= {incident_id(case) for group in groups if len(group) > 1 for case in group}
        for name in gone:
            self._told[name] = ()
        self._live -= gone
        return [{"id": name, "closed": True} for name in sorted(gone)]

    def _merges(self, group: list[Case], founder: Case, into: str) -> list[IncidentDocument]:
        """Documents of incidents that were told apart earlier and are part of this one now."""
        out = []
        for case in group:
            name = incident_id(case)
            if case is not founder and name in self._told and self._merged.get(name) != into:
                self._merged[name] = into
                self._told[name] = ()
                self._live.discard(name)
                out.append({"id": name, "merged_into": into})
        return out

    def close(self, engine: Engine, before: int) -> tuple[list[EntityKey], list[IncidentDocument]]:
        """Ends the incidents without evidence at or after a time.

        Returns:
            Keys of their cases, and their final documents.
        """
        gone: list[EntityKey] = []
        out = []
        for group in _groups(engine):
            if max(case.last_ts for case in group) < before:
                gone += [case.key for case in group]
                document = _document(engine, group)
                document["closed"] = True
                out.append(document)
                self._told.pop(document["id"], None)
                self._live.discard(document["id"])
        return gone, out

    def _forget(self, current: list[str]) -> None:
        """Lets go of what was told about incidents that are not open, but not of their ids."""
        if len(self._told) > 2 * len(current) + SLACK:
            kept = set(current)
            for name in self._told:
                if name not in kept:
                    self._told[name] = ()
        while len(self._told) > KNOWN_KEPT:
            gone = next(iter(self._told))
            del self._told[gone]
            self._merged.pop(gone, None)
            self._live.discard(gone)


def _groups(engine: Engine) -> list[list[Case]]:
    alerted = [c for c in engine.cases.ledger.cases.values() if c.alert_ordinal is not None]
    return group_cases(alerted, engine.cases.attribute_share, engine.settings.incidents)


def _mark(engine: Engine, group: list[Case]) -> tuple[Any, ...]:
    """Changes when the incident of a group changes."""
    return tuple(
        (case.key, case.peak, case.last_ts, case.ordinal, case.requests, *last_seen(engine, case))
        for case in group
    )


def _document(engine: Engine, group: list[Case]) -> IncidentDocument:
    incident = describe(
        group, lambda case: last_seen(engine, case), time_text, engine.settings.incidents,
        explained,
    )  # fmt: skip
    document: IncidentDocument = msgspec.to_builtins(incident)
    document["merged_into"] = None
    document["closed"] = False
    return document


def last_seen(engine: Engine, case: Case) -> tuple[int, int]:
    """Event time of the last request of a case's entity, and its number of requests."""
    kind, key = case.key
    table = engine.state.actors.get(kind)
    record = None if table is None else engine.state.record(table, key)
    if record is None:
        return case.last_ts, case.ordinal
    return int(record["last"]), int(record["n"])
