"""Reads ids through callables of the application, whatever these do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apisentinel_agent.agent import Agent
    from apisentinel_agent.options import Reader


def as_text(value: object) -> str | None:
    """The text of an id: a string, a number, or what has a short text (UUID); else None."""
    if value is None or value is False or value is True:
        return None
    if isinstance(value, str):
        # Half of a surrogate pair is no text anywhere else.
        return value.encode("utf-8", "replace").decode() or None
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    text = str(value)
    return text if 0 < len(text) <= 128 and not text.startswith("<") else None


def read(reader: Reader, subject: Any, agent: Agent) -> str | None:
    """What the callable says about the subject; None when it says nothing or raises."""
    if reader is None:
        return None
    try:
        return as_text(reader(subject))
    except Exception:
        agent.fault("a callable of the application failed")
        return None
