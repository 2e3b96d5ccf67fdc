"""Moments as text."""

import numpy as np


def moment_text(micros: int) -> str:
    """RFC 3339 of µs since the epoch.

    Example:
        >>> moment_text(0)
        '1970-01-01T00:00:00.000000Z'
    """
    return f"{np.datetime64(micros, 'us')}Z"
