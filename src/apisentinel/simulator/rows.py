"""Requests before they are text: one row of int64 numbers each, the same for both sides.

A negative number `REF - k` in a text column or slot is string `k` of the pool; `NONE` is no text.
"""

from typing import Any

import numpy as np

NONE = -1
REF = -2

COLUMNS = (
    "ts", "salt", "endpoint", "kind", "addr_hi", "addr_lo", "status", "resp_bytes", "duration",
    "user", "session", "cred", "agent", "referer", "lang", "method_s", "path_s", "query_s",
    "body_s", "reply_s", "head_s", "auth_s", "flags", "campaign", "actor", "tail_s",
)  # fmt: skip
"""ts in µs; addresses as two halves, hi 0 for IPv4. `*_s` replace what the endpoint would say, but
`head_s` is header text in addition and `tail_s` fields behind those of a JSON body. Campaign and
actor are ground truth and never written.
"""

COL = {name: k for k, name in enumerate(COLUMNS)}

SLOTS = (
    "account", "owner", "secret", "list", "page", "url", "limit", "total", "day", "build",
)  # fmt: skip
"""Slots that every domain has, in front of its own."""

DOMAIN_SLOTS = 14
FIRST_SLOT = len(COLUMNS)
ITEM = FIRST_SLOT + len(SLOTS) + DOMAIN_SLOTS
"""Column of the id of the item that a list is writing."""

WIDTH = ITEM + 1

TEXT_COLUMNS = (
    *tuple(COL[name] for name in COLUMNS if name.endswith("_s")),
    COL["agent"],
    COL["referer"],
    COL["lang"],
    *range(FIRST_SLOT, ITEM),
)

NO_BODY = 1
"""Bit of `flags`: the request has no body although its endpoint has one."""

PLAIN_HEADERS = 2
"""Bit of `flags`: a navigation or asset, no call of a script."""


def blank(count: int) -> Any:
    """`count` rows, (count, WIDTH) int64, with nothing in them."""
    rows = np.zeros((count, WIDTH), np.int64)
    for name in ("user", "referer", "lang", "campaign", "actor"):
        rows[:, COL[name]] = NONE
    for name in COLUMNS:
        if name.endswith("_s"):
            rows[:, COL[name]] = NONE
    return rows


def mixed(values: Any, salt: Any) -> Any:
    """63-bit hashes of int64 numbers, the same function as in the writer.

    Example:
        >>> import numpy as np
        >>> int(mixed(np.array([1]), 2)[0]) == int(mixed(np.array([1]), 2)[0])
        True
    """
    state = np.atleast_1d(np.asarray(values, np.int64)).astype(np.uint64)
    turn = np.atleast_1d(np.asarray(salt, np.int64)).astype(np.uint64)
    state = state + turn * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state = state ^ (state >> np.uint64(31))
    return (state >> np.uint64(1)).astype(np.int64)
