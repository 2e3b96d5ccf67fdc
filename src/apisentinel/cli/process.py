"""How a process that moves much data sets itself up: memory, threads, the interpreter lock.

Only `scan` does. In the service and in `score` none of it was to be told from the noise: 29 to
32 µs of CPU per request and 60 to 90 ms from the answer to the alert with and without, 15 to 16 s
of CPU for 160,000 lines (two to three runs each, `benchmarks/ingest.py`). Memory that is kept would
then only be in the way of others.
"""

import os
import sys
from contextlib import suppress

SWITCH_SECONDS = 0.0002
"""How long a thread keeps the interpreter lock while others wait. The threads beside the judging
one need it for microseconds between two kernels; with Python's 5 ms they wait a thousand times
longer than they work.
"""

KEPT_BYTES = 256 << 20
"""Blocks of memory up to this size are used again instead of being given back to the system, which
would have to clear their pages for every chunk that is read.
"""
FREE_BYTES = 1 << 30
"""Unused memory at the end of the heap that is kept."""

SERVICE_ARENAS = 2
"""Heaps of the C library in a service. With its default of eight per core each thread has one of
its own, and what is free in one is of no use to the others; allocations here happen under the
interpreter lock, so two are enough.
"""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def tune() -> None:
    """Prepares this process; call it before NumPy is imported."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its idle threads cost a core at the start
    sys.setswitchinterval(SWITCH_SECONDS)
    if sys.platform == "linux":
        from ctypes import CDLL

        with suppress(OSError, AttributeError):  # C libraries other than glibc have no mallopt
            library = CDLL(None)
            library.mallopt(_M_MMAP_THRESHOLD, KEPT_BYTES)
            library.mallopt(_M_TRIM_THRESHOLD, FREE_BYTES)


def save_memory() -> None:
    """Prepares the process of a service, whose tables are sparse and whose threads are many.

    Call it before NumPy is imported and before the threads begin. Without huge pages a table takes
    the memory of the records in it and not 2 MiB around each: a fifth less in all.
    """
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
    if sys.platform == "linux":
        from ctypes import CDLL

        with suppress(OSError, AttributeError):  # C libraries other than glibc have no mallopt
            CDLL(None).mallopt(_M_ARENA_MAX, SERVICE_ARENAS)
