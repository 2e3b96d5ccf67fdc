"""The record of an actor, and what is reported of it: one layout for clients, sessions, users and
credentials.
"""

from enum import IntEnum

import numpy as np

from apisentinel.kernels.slots import HEADER
from apisentinel.records.signal import FACTS, Family

VERSION = 3
"""Schema of `ACTOR`; a snapshot of another version is refused or migrated."""


class Kind(IntEnum):
    """Which entity a table of actors is about."""

    CLIENT = 0
    SESSION = 1
    USER = 2
    CREDENTIAL = 3


FAMILIES = len(Family)

HIGHEST = np.float32(14.0)
"""Bound of every cumulative sum, so that an old attack can be forgotten in reasonable time."""

TAU_US = (60_000_000, 600_000_000, 3_600_000_000)
"""Time constants of the decayed counters: 1 minute, 10 minutes, 1 hour."""

(
    N_REQUESTS, N_FRESH, N_MISSED, N_DENIED, N_ERRORS, N_FAILED, N_TRIES, N_WRITES, N_ASSETS,
    N_BYTES, N_COST, N_REFERRED,
) = range(12)  # fmt: skip
COUNTERS = 12

LABEL_BYTES = 64
"""Bytes kept of an entity's text id; longer ids are cut, the key still tells them apart."""

ACTOR = np.dtype(
    [
        *HEADER,
        ("first", "i8"), ("n", "i8"), ("address_hi", "u8"), ("address_lo", "u8"), ("parent", "u8"),
        ("minute", "i8"),
        ("object_id", "i8"), ("last_agent", "u8"), ("last_endpoint", "u8"), ("last_page", "i8"),
        ("counts", "f4", (3, COUNTERS)), ("llr", "f4", (FAMILIES,)), ("peak", "f4", (FAMILIES,)),
        ("reported", "f4", (FAMILIES,)), ("minute_requests", "f4"), ("minute_pages", "f4"),
        ("gap_mean", "f4"),
        ("gap_square", "f4"), ("accounts_failed", "f4"), ("walk", "f4"), ("walk_missed", "f4"),
        ("step", "f4"),
        ("usual", "f4"),
        ("longest_gap", "f4"), ("page_path", "u8"),
        ("agents_fresh", "f4"), ("fresh_logins", "f4"), ("gaps", "u4"),
        ("alerted_at", "u4"),
        ("secrets", "u1", (32,)), ("tokens", "u1", (16,)), ("places", "u8", (4,)),
        ("devices", "u8", (4,)), ("strange", "i8"), ("home", "u8"),
        ("agents", "u1", (32,)), ("accounts", "u1", (64,)), ("endpoints", "u1", (32,)),
        ("objects", "u1", (32,)),
        ("seen", "u1", (128,)), ("seen_count", "u2"), ("agents_count", "u2"),
        ("steps", "u8"), ("rush", "f4"), ("rush_high", "f4"), ("beat", "f4"), ("beat_square", "f4"),
        ("skipped", "f4"), ("page_at", "i8"), ("shown_path", "u8"),
        ("beats", "u2"), ("loads", "u2"), ("late", "u2"),
        ("opened", "u2"), ("again", "u2"), ("rendered", "u1"), ("spare", "u1"),
        ("label_length", "u1"), ("agent_kind", "u1"),
        ("agent_flags", "u2"), ("label", "u1", (LABEL_BYTES,)),
    ]
)  # fmt: skip
"""One actor, packed, 1 KiB. Sets are HyperLogLogs (`agents`, `accounts`, `endpoints`,
`objects`) and one Bloom filter of the last few hundred distinct paths (`seen`).
"""

SEEN_LIMIT = 300
"""Distinct paths after which `seen` starts anew; beyond it too many new paths would look known."""

SIGNAL = np.dtype(
    [("row", "i4"), ("slot", "i4"), ("kind", "i4"), ("raised", "u4"), ("login", "u4"),
    ("llr", "f4", (FAMILIES,)),
     ("facts", "f4", (len(FACTS),))]
)  # fmt: skip
"""An actor at the event that raised one of its ratios; `raised` has a bit for each family that
rose.
"""
