"""When repeating is a flood and when it is a script's work."""

from apisentinel.records.signal import EndpointSignal

FLOOD = 300.0
"""Calls in an hour from which on repeating is called a flood."""
FLOOD_OF_SAME = 40.0
"""The same for calls that always ask for the same and come from nobody who is signed in."""


def is_flood(signal: EndpointSignal) -> bool:
    """True when calls that change something are meant to be many rather than to do something: the
    same again and again without an account, or more than any script needs.
    """
    is_same = signal.secrets <= 0 and not signal.has_user
    return signal.actual >= (FLOOD_OF_SAME if is_same else FLOOD)
