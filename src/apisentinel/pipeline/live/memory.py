"""Gives memory that is free back to the system, now and then."""

import sys
from collections.abc import Callable
from contextlib import suppress
from ctypes import CDLL


def _found() -> Callable[[int], int] | None:
    """`malloc_trim` of the C library, None where there is none."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # C libraries other than glibc do not have it
            trim: Callable[[int], int] = CDLL(None).malloc_trim
            return trim
    return None


_trim = _found()


def give_back() -> bool:
    """Returns the free pages of all heaps to the system; True when there were some.

    The C library does so by itself only at the end of a heap. Blocks of traffic come and go in all
    sizes, so free pages lie between used ones, and without this a service grows for hours. Takes
    some milliseconds per 100 MB; what is needed again costs a page fault each.
    """
    return bool(_trim(0)) if _trim is not None else False
