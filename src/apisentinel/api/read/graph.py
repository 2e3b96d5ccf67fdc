"""Who an incident is made of, as a small graph: entities, what belongs to them, what they asked
for.
"""

from collections.abc import Mapping
from typing import Any, Final

from apisentinel.api.query.moments import LATEST_US
from apisentinel.api.query.shapes import clip
from apisentinel.api.read.story import COLUMN_OF, moment_of
from apisentinel.pipeline.service import Service
from apisentinel.storage.query import Condition, Op

LEADING: Final = 8
"""Entities of an incident that the graph begins with."""
LINKS: Final = 5
"""Neighbours of one kind of each of them."""
NODES: Final = 50
"""Nodes at most: more is no picture."""
KINDS: Final = ("user", "session", "credential", "endpoint", "client")
"""Kinds of neighbours, by the requests that name both."""


def incident_graph(service: Service, document: Mapping[str, Any]) -> dict[str, Any]:
    """The graph of an incident.

    Returns:
        ``nodes``: ``kind``, ``id``, ``leading`` (part of the incident); ``edges``: ``from`` and
        ``to`` as numbers of nodes, and ``requests``; ``left_out``: neighbours beyond the bound.
    """
    nodes: dict[tuple[str, str], int] = {}
    shown: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    left_out = 0
    entities = list(document.get("entities") or ())[:LEADING]
    for entity in entities:
        nodes[entity["kind"], entity["id"]] = len(shown)
        shown.append({"kind": entity["kind"], "id": clip(entity["id"]), "leading": True})
    for entity in entities:
        start = nodes[entity["kind"], entity["id"]]
        for kind, name, requests in _neighbours(service, entity, document):
            end = nodes.get((kind, name))
            if end is None:
                if len(shown) >= NODES:
                    left_out += 1
                    continue
                end = nodes[kind, name] = len(shown)
                shown.append({"kind": kind, "id": clip(name), "leading": False})
            if end != start:
                edges.append({"from": start, "to": end, "requests": requests})
    return {"nodes": shown, "edges": edges, "left_out": left_out}


def _neighbours(
    service: Service, entity: Mapping[str, Any], document: Mapping[str, Any]
) -> list[tuple[str, str, int]]:
    """Kind, id and common requests of what belongs to an entity during an incident."""
    own = str(entity["kind"])
    wanted = (
        Condition(COLUMN_OF.get(own, "client"), Op.EQ, str(entity["id"])),
        Condition("ts", Op.GTE, moment_of(document.get("first_ts")) or 0),
        Condition("ts", Op.LTE, moment_of(document.get("last_ts")) or LATEST_US),
    )
    kinds = [kind for kind in KINDS if kind != own]
    found = service.events.facets(kinds, wanted, LINKS)
    return [
        (kind, str(value), count)
        for kind in kinds
        for value, count in found[kind]
        if value is not None
    ]
