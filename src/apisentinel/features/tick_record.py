"""What is kept for ticks: a record beside each actor, one beside each endpoint, and what the whole
site has shown.
"""

import numpy as np

from apisentinel.features import catalogue

VERSION = 2
"""Schema of `TRACE` and `PLACE`."""

(
    T_REQUESTS, T_PAGES, T_ASSETS, T_API, T_FRESH, T_FRESH_ENDPOINTS, T_REPEATS, T_WRITES,
    T_REFERRED, T_ANSWERED, T_DENIED, T_MISSED, T_INVALID, T_ERRORS, T_LIMITED, T_REDIRECTED,
    T_BYTES, T_COST, T_TRIES, T_FAILED, T_MARKED, T_USER,
) = range(22)  # fmt: skip
TENS = 22
"""Counters that fade with a time constant of ten minutes."""

PLACES, MOVES = 16, 32
"""Buckets of the histograms of endpoints and of steps from endpoint to endpoint."""
SEEN_LIMIT = 150
"""Distinct paths after which the filter of paths starts anew."""

TRACE = np.dtype(
    [
        ("key", "u8"), ("first", "i8"), ("last", "i8"), ("last_endpoint", "u8"),
        ("before_last", "u8"), ("last_path", "u8"), ("object_id", "i8"), ("last_page", "i8"),
        ("second", "i8"), ("n", "u4"), ("ticked", "u4"), ("window", "i4"), ("hours", "u4"),
        ("minute", "f4"), ("ten", "f4", (TENS,)), ("sensitive", "f4"),
        ("gaps", "u4"), ("gap_mean", "f4"), ("gap_square", "f4"), ("gap_cross", "f4"),
        ("gap_last", "f4"), ("gap_steady", "f4"), ("gap_fast", "f4"), ("gap_longest", "f4"),
        ("steps", "u4"), ("walk", "f4"), ("jump", "f4"),
        ("moves_n", "u4"), ("step_bits", "f4"), ("step_high", "f4"), ("rarity", "f4"),
        ("status_bits", "f4"), ("sized", "u4"), ("size_z", "f4"), ("size_mean", "f4"),
        ("size_square", "f4"), ("timed", "u4"), ("time_z", "f4"), ("time_mean", "f4"),
        ("text_z", "f4"), ("seen_count", "u2"), ("agent_flags", "u2"),
        ("endpoints", "u1", (32,)), ("objects", "u1", (32,)), ("accounts", "u1", (16,)),
        ("agents", "u1", (16,)), ("seen", "u1", (64,)), ("places", "u1", (PLACES,)),
        ("moves", "u1", (MOVES,)), ("voiced", "u1", (len(catalogue.PEERS),)),
        ("spare", "u1", (4,)),
    ]
)  # fmt: skip
"""One actor's trace, half a KiB: with the record of the actor 1.5 KiB a client. Times in µs;
`voiced` is the bin of each peer histogram that holds this actor's voice. A whole number of words,
so that packed traces are compared word by word.
"""

PLACE = np.dtype(
    [
        ("key", "u8"), ("n", "f4"), ("sized", "f4"), ("size_mean", "f4"), ("size_var", "f4"),
        ("timed", "f4"), ("time_mean", "f4"), ("time_var", "f4"), ("text_mean", "f4"),
        ("text_var", "f4"), ("classes", "f4", (6,)),
    ]
)  # fmt: skip
"""What replies and requests of an endpoint look like: moving means and variances of logarithms."""

M_SIZE_Z, M_TIME_Z, M_STATUS_BITS, M_TEXT_Z, M_RARITY, M_HOUR_BITS = range(6)
MEASURES = 6
"""Columns of what one request shows against its endpoint and the site."""

NGRAM_CELLS = 1 << 17
"""Cells of the counts of endpoint sequences, for all three orders: half a MiB."""
NGRAM_MOST = 1 << 22
"""Steps counted after which all counts are halved, so that the site can change."""

PEER_BINS, PEER_GROUPS = 48, 8
PEER_MOST = np.float32(100_000.0)
"""Voices of a peer histogram after which all its bins are halved."""

TICK = np.dtype(
    [("row", "i4"), ("kind", "i4"), ("slot", "i4"), ("hit", "u4"), ("key", "u8"), ("ts", "i8"),
     ("n", "i8"), ("people", "i4"), ("first", "i4"), ("parent", "u8"), ("voice", "i8")]
)  # fmt: skip
"""A tick: row of the request in its block, kind and record of the entity, whether a detector asked
for it, key, time, requests so far, whether a browser or an app speaks, whether it is
the entity's first tick, the client behind it, and whether it is its first in ten minutes.
"""
