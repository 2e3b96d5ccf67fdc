"""Unexpected errors for the log: what and where, without the values that were at hand, since those
are traffic.
"""

import traceback

LONGEST = 300
FRAMES = 6


def described(error: BaseException) -> dict[str, str]:
    """Fields for a log line: the error, cut, and the innermost places in the code."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    text = f"{type(error).__name__}: {error}"[:LONGEST]
    return {"problem": text.encode("unicode_escape").decode(), "at": places}
