"""The numbers of one request in one row, so that a state kernel touches one place in memory per
event.
"""

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.features.details import details
from apisentinel.records.batch import TEXT_INDEX, RequestBatch

HASHES = (
    "client", "network", "user", "credential", "session", "agent", "path", "query", "fingerprint",
    "object",
)  # fmt: skip

EVENT = np.dtype(
    [
        ("ts", "i8"), *((name, "u8") for name in HASHES), ("endpoint", "u8"), ("address_hi", "u8"),
        ("address_lo", "u8"),
        ("account", "u8"), ("secret", "u8"), ("body", "u8"), ("token", "u8"),
        ("object_id", "i8"), ("response_bytes", "i8"), ("duration_us", "i8"), ("route", "i4"),
        ("path_flags", "u4"),
        ("usual_misses", "f4"), ("usual_pages", "f4"), ("usual_requests", "f4"),
        ("usual_rush", "f4"), ("usual_hour", "f4"),
        ("status", "i2"), ("agent_flags", "u2"), ("method", "u1"), ("agent_kind", "u1"),
        ("referer", "u1"),
        ("login", "u1"), ("session_given", "u1"), ("client_agents", "u1"),
        ("token_flags", "u1"), ("sensitive", "u1"), ("object_new", "u1"), ("foreign", "u1"),
    ]
)  # fmt: skip
"""One request: hashes are keyed (0 = none), times in µs.

`account`, `secret`, `body` and `token` are hashes of what `details.py` finds in the request, 0
where there is none. `login` is filled by the endpoint kernel, `client_agents` (different user
agents of the client so far) and the `usual_` columns (what the site knew at this event) by the
client kernel, `object_new` (nobody asked for the object before) and `foreign` (it is another
user's) by the object kernel, so that later kernels of the same block see no more than it.
"""


class LOGIN(IntEnum):
    """Outcome of a request as a login attempt, the `login` field of `EVENT`."""

    NONE = 0
    FAILED = 1
    SUCCEEDED = 2
    UNCLEAR = 3


def make_events(batch: RequestBatch) -> npt.NDArray[Any]:
    """Gathers the columns that state kernels need.

    Args:
            batch: Enriched requests, in the order in which they are to be counted.

    Returns:
        Structured array ``(n_rows,)`` of `EVENT`; `login` is filled by the endpoint kernel.
    there is none. `login` is filled by the endpoint kernel.
    """
    events = np.zeros(len(batch), EVENT)
    events["ts"] = batch.ts
    for name in HASHES:
        events[name] = batch.enriched[f"h_{name}"]
    for name in (
        "endpoint",
        "address_hi",
        "address_lo",
        "object_id",
        "route",
        "path_flags",
        "agent_flags",
        "method",
    ):
        events[name] = batch.enriched[name]
    events["agent_kind"] = batch.enriched["agent_kind"]
    events["session_given"] = batch.enriched["session_given"]
    for name in ("response_bytes", "duration_us", "status"):
        events[name] = batch.numbers[name]
    referer = batch.spans[TEXT_INDEX["referer"]]
    events["referer"] = referer[:, 1] - referer[:, 0] > 1
    found, flags = details(batch)
    for place, name in enumerate(("account", "secret", "body", "token")):
        events[name] = found[:, place]
    events["token_flags"], events["sensitive"] = flags[:, 0], flags[:, 1]
    return events
