"""Which evidence counts: that of rules written by hand, that of what was learned, or both."""

LEARNED = frozenset({"ensemble", "payload_model", "profile", "sequence"})
"""Ids of the detectors that speak from trained models or from a learned profile."""


def counts(detector: str, *, rules: bool, models: bool) -> bool:
    """Whether evidence of a detector is taken into account.

    Args:
        detector: Its id.
        rules: What was written by hand counts.
        models: What was trained or learned counts.

    Example:
        >>> [counts(name, rules=True, models=False) for name in ("ensemble", "payload")]
        [False, True]
    """
    return models if detector in LEARNED else rules
