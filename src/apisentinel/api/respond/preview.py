"""What a decision would have done: the requests of the last day that it is about."""

from ipaddress import ip_network
from typing import Any, Final

from apisentinel.api.query.moments import moment_text
from apisentinel.api.query.shapes import clip
from apisentinel.pipeline.service import Service
from apisentinel.records.taxonomy import BANDS, Severity
from apisentinel.storage.event_facets import Touched
from apisentinel.storage.query import Condition, Op

PERIOD_US: Final = 86_400_000_000
"""What a decision is tried on: a day has the night and the rush hour in it."""
SHOWN: Final = 20
"""Clients of a preview that are named."""
SUSPECT_RISK: Final = next(low for low, severity in BANDS if severity is Severity.MEDIUM)
"""A client with a request of this risk counts as alerted: its user or session may have been the one
that the alert names.
"""


def condition_of(scope: str, value: str) -> Condition:
    """The requests that a decision is about."""
    if scope == "network":
        return Condition("client", Op.CIDR, str(ip_network(value)))
    return Condition(scope, Op.EQ, value)


def tried(service: Service, scope: str, value: str, now: int) -> dict[str, Any]:
    """The preview of a decision.

    Args:
        service: With the stored events and alerts.
        scope: Kind of the value.
        value: Who it is about.
        now: µs since the epoch.

    Returns:
        ``from``, ``to``; ``requests`` that it is about, of ``total_requests``, and their ``share``;
        their ``clients``; of these, ``clients_without_alert`` with ``requests_without_alert`` and
        ``share_without_alert``; ``examples`` of both, the busiest first. ``complete`` is False when
        there are more clients than are counted; those beyond count as without an alert.

    Raises:
        RefusedError: 503, the question takes too long.
        StoreError: The stores cannot be read.
    """
    begin = now - PERIOD_US
    found = service.events.touched((condition_of(scope, value),), begin, now + 1)
    guilty = _guilty(service, found, begin)
    free = [(client, n) for client, n, _ in found.clients if client not in guilty]
    counted = sum(n for _, n, _ in found.clients)
    without = sum(n for _, n in free) + found.requests - counted
    total = max(found.total, 1)
    return {
        "from": moment_text(begin),
        "to": moment_text(now),
        "total_requests": found.total,
        "requests": found.requests,
        "share": round(found.requests / total, 6),
        "clients": len(found.clients),
        "clients_without_alert": len(free),
        "requests_without_alert": without,
        "share_without_alert": round(without / total, 6),
        "examples": [
            {"client": clip(client or ""), "requests": n, "alerted": client in guilty}
            for client, n, _ in found.clients[:SHOWN]
        ],
        "examples_without_alert": [
            {"client": clip(client or ""), "requests": n, "alerted": False}
            for client, n in free[:SHOWN]
        ],
        "complete": found.is_whole,
    }


def _guilty(service: Service, found: Touched, begin: int) -> set[str | None]:
    names = [client for client, _, _ in found.clients if client]
    alerted = service.control.alerted("client", names, begin) if names else set()
    return alerted | {client for client, _, risk in found.clients if risk >= SUSPECT_RISK}
