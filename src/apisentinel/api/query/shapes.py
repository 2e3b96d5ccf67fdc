"""Rows as lists, streams and exports show them: the words of the contracts, times as RFC 3339,
texts of bounded length.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from apisentinel.api.query.moments import LATEST_US, moment_text
from apisentinel.incidents.phrases import phrase
from apisentinel.incidents.wording import named
from apisentinel.records.evidence import Evidence
from apisentinel.records.taxonomy import severity_of

Row = dict[str, Any]

LONGEST_TEXT: Final = 8192
"""Characters of one text in a row; pages froze on longer ones."""

TIMES: Final = frozenset(
    {
        "ts",
        "first_ts",
        "last_ts",
        "alert_ts",
        "created_ts",
        "updated_ts",
        "at",
        "created",
        "updated",
        "expires",
        "ends",
    }
)
"""Members that are times: µs inside, RFC 3339 outside."""


UNTOUCHED: Final = {
    "status": "open",
    "verdict": None,
    "assignee": None,
    "version": 1,
    "comment_count": 0,
}
"""State of an incident on which nobody has worked."""


def clip(text: str) -> str:
    """A text of bounded length that says how much was left out.

    Example:
        >>> clip("short")
        'short'
        >>> len(clip("x" * 10_000))
        8202
    """
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}… (+{len(text) - LONGEST_TEXT:,})"


def clipped(value: Any) -> Any:
    """The same with every text in it clipped."""
    if isinstance(value, str):
        return clip(value) if len(value) > LONGEST_TEXT else value
    if isinstance(value, Mapping):
        return {name: clipped(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [clipped(each) for each in value]
    return value


def time_of(value: Any) -> Any:
    """RFC 3339 of µs; None for a time that is unknown; text as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return moment_text(value) if 0 < value <= LATEST_US else None
    return value


def row(document: Mapping[str, Any]) -> Row:
    """A document as a row: texts clipped, times as text."""
    out: Row = {}
    for name, value in document.items():
        out[name] = time_of(value) if name in TIMES else clipped(value)
    return out


def alert_row(document: Mapping[str, Any]) -> Row:
    """An alert: its evidence said in words, with the detectors that found it."""
    out = row(document)
    evidence = out.get("evidence") or []
    out.setdefault("severity", severity_of(out.get("risk") or 0).value)
    if not out.get("detectors"):
        out["detectors"] = sorted({piece["detector"] for piece in evidence})
    if not out.get("reason"):
        entity = out.get("entity")
        who = str(entity or "")
        if isinstance(entity, Mapping):
            who = named(entity.get("kind", "client"), entity.get("id", ""))
        out["reason"] = clip(f"{who} {_said(evidence)}".strip())
    if "succeeded" not in out:
        known = {piece.get("succeeded") for piece in evidence} - {None}
        out["succeeded"] = True in known if known else None
    out.setdefault("incident", None)
    return out


def _said(evidence: list[dict[str, Any]]) -> str:
    try:
        return phrase(msgspec.convert(evidence[0], Evidence)) if evidence else ""
    except (msgspec.ValidationError, KeyError):
        return ""


def incident_row(document: Mapping[str, Any]) -> Row:
    """An incident with its place in the work of people."""
    out = row(document)
    if "risk" not in out:  # the note that it has become part of another one
        return out
    out.setdefault("severity", severity_of(out["risk"]).value)
    for name, value in UNTOUCHED.items():
        out.setdefault(name, value)
    return out


def event_row(document: Mapping[str, Any]) -> Row:
    """A judged request."""
    return row(document)


_BY_TOPIC: Final[dict[str, Callable[[Mapping[str, Any]], Row]]] = {
    "alerts": alert_row,
    "incidents": incident_row,
    "events": event_row,
}


def stream_row(topic: str, item: Mapping[str, Any]) -> Row:
    """An item of the bus as the row that the lists show."""
    return _BY_TOPIC.get(topic, row)(item)
