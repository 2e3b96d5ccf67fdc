"""What each user takes out in an hour and in a day (records, kilobytes, mail addresses), against
its own past and against its peers, the users of the same role at the same host.

Both sides are quantiles of log histograms, four bins an octave: bounded, mergeable, within 19 %. A
user speaks for its peers in its first 24 hours and 7 days only, and what was told becomes usual
only when it goes on, so that nobody makes a theft usual by stealing.

References: OWASP API1:2023, API3:2023; CWE-200; ATT&CK T1567, T1030, T1213.
"""

from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import mix
from apisentinel.kernels.sketches import LOG_EDGES, log_bin
from apisentinel.kernels.slots import EVICTED, HAND, HEADER, Slots, acquire
from apisentinel.records.batch import TEXT_INDEX, RequestBatch
from apisentinel.records.flags import PATH_ASSET, PATH_HEALTH
from apisentinel.records.signal import TakingSignal

USERS, PEERS = 1 << 13, 256
"""Users and groups of peers remembered; 660 and 1,980 bytes each."""
BINS = 80
"""Two million records, or two gigabytes."""
MEASURES = ("records", "kilobytes", "mail addresses")
WINDOWS = ("hour", "day")
WIDTH_US = (3_600_000_000, 86_400_000_000)
FLOORS = np.array([[200.0, 20_000.0, 60.0], [600.0, 60_000.0, 180.0]])
"""What is never too much in an hour and in a day: a few full pages, some pictures."""
QUANTILE = 0.99
OWN_FEWEST, PEER_FEWEST, PEER_USERS = (8, 3), (60, 30), 12
"""Own hours and days, those of all peers, and peers, from which on a quantile is known."""
BOTH_OWN, BOTH_PEERS, PEERS_ALONE, OWN_ALONE = 3.0, 2.0, 4.0, 5.0
"""Times of the own quantile and of the peers' when both are known, and of one when it is alone."""
VOICES = (24, 7)
"""Hours and days in which a user speaks for its peers."""
HABIT = 6
"""Told windows from which on they are the user's habit."""
AGAIN, ARMED = 1.5, 0.5
"""How much more is told again, and the share of what was told below which a window ends it."""
MOST_REPLY = 65_536
"""Bytes of a reply in which records are counted."""

TAKER = np.dtype(
    [*HEADER, ("window", "i8", (2,)), ("first", "i8", (2,)), ("taken", "f8", (2, 3)),
     ("told", "f8", (2, 3)), ("past", "u1", (2, 3, 80)), ("known", "u4", (2,)),
     ("strikes", "u4", (2,)), ("voices", "u4", (2,))]
)  # fmt: skip
PEER = np.dtype([*HEADER, ("past", "u4", (2, 3, 80)), ("known", "u4", (2,)), ("users", "u4", (2,))])
TAKEN = np.dtype(
    [("row", "i8"), ("window", "i8"), ("measure", "i8"), ("actual", "f8"), ("own", "f8"),
     ("peers", "f8"), ("limit", "f8"), ("known", "i8")]
)  # fmt: skip
_REPLY = TEXT_INDEX["response_body"]


@inline
def _records(buffer, begin, end):
    """Records of a reply in JSON: objects that follow each other, and the first."""
    count = np.int64(0)
    for at in range(begin, min(end, begin + MOST_REPLY) - 1):
        count += (buffer[at] == 125) & (buffer[at + 1] == 44)
    return count + (buffer[begin] == 123 or buffer[begin] == 91)


@inline
def _quantile(bins, total):
    """Upper edge of the bin that holds the quantile."""
    wanted = QUANTILE * total
    seen = 0.0
    for k in range(BINS - 1):
        seen += np.float64(bins[k])
        if seen >= wanted:
            return np.float64(LOG_EDGES[k + 1])
    return np.float64(LOG_EDGES[BINS - 1])


@inline
def _close(u, p, w, window):
    """Ends a window of a user: it becomes part of its past, and of its peers' while it speaks."""
    was_told = False
    for m in range(3):
        level = u.told[w, m]
        was_told = was_told or (level > 0.0 and u.taken[w, m] >= ARMED * level)
    if was_told:
        u.strikes[w] += 1
    # the window of the first request was seen in part only, and says too little of what is usual
    if u.window[w] > u.first[w] and (not was_told or u.strikes[w] > HABIT):
        speaks = u.voices[w] < VOICES[w] and not was_told
        if speaks:
            p.users[w] += u.voices[w] == 0
            u.voices[w] += 1
            p.known[w] += 1
        u.known[w] += 1
        for m in range(3):
            k = log_bin(np.int64(u.taken[w, m]), BINS)
            if u.past[w, m, k] < 255:
                u.past[w, m, k] += 1
            if speaks:
                p.past[w, m, k] += 1
    for m in range(3):
        if u.taken[w, m] < ARMED * u.told[w, m]:
            u.told[w, m] = 0.0
        u.taken[w, m] = 0.0
    u.window[w] = window


@inline
def _total(bins):
    total = 0.0
    for k in range(BINS):
        total += np.float64(bins[k])
    return total


@kernel(
    "int64(uint8[::1], int32[:,::1], int64[::1], uint64[::1], uint64[::1], int64[::1], uint8[::1],"
    " uint64[::1], int32[::1], int64[::1], TAKER[::1],"
    " uint64[::1], int32[::1], int64[::1], PEER[::1], TAKEN[::1])",
    TAKER=TAKER,
    PEER=PEER,
    TAKEN=TAKEN,
)
def _follow(
    buffer, replies, times, who, groups, sizes, mails,
    keys, rows, meta, takers, peer_keys, peer_rows, peer_meta, peers, told,
):  # fmt: skip
    """Adds up what was taken, in order; returns the number of rows of `told`.

    Cost: 40 ns for a request of a user, 0.2 ns a byte of its reply; nothing without users.
    """
    count = 0
    for i in range(times.shape[0]):
        if who[i] == 0:
            continue
        key = mix(who[i], groups[i])
        row, is_new = acquire(keys, rows, meta, takers, key)
        u = takers[row]
        if is_new:
            u.key = key
            u.risk = 0.0
            u.version = 1
            u.last = times[i]
            for w in range(2):
                u.window[w] = times[i] // WIDTH_US[w]
                u.first[w] = u.window[w]
                u.known[w] = 0
                u.strikes[w] = 0
                u.voices[w] = 0
                for m in range(3):
                    u.taken[w, m] = 0.0
                    u.told[w, m] = 0.0
                    for k in range(BINS):
                        u.past[w, m, k] = 0
        at, is_first = acquire(peer_keys, peer_rows, peer_meta, peers, groups[i])
        p = peers[at]
        if is_first:
            p.key = groups[i]
            p.risk = 0.0
            p.version = 1
            for w in range(2):
                p.known[w] = 0
                p.users[w] = 0
                for m in range(3):
                    for k in range(BINS):
                        p.past[w, m, k] = 0
        p.last = times[i]
        u.last = max(u.last, times[i])
        begin, end = np.int64(replies[i, 0]), np.int64(replies[i, 1])
        records = np.int64(0)
        if begin >= 0 and end - begin > 1:
            records = _records(buffer, begin, end)
        for w in range(2):
            window = times[i] // WIDTH_US[w]
            if window > u.window[w]:
                _close(u, p, w, window)
            u.taken[w, 0] += records
            u.taken[w, 1] += max(sizes[i], np.int64(0)) / 1024.0
            u.taken[w, 2] += mails[i] if mails[i] < 255 else 0
            for m in range(3):
                value = u.taken[w, m]
                if value <= FLOORS[w, m] or value <= AGAIN * u.told[w, m]:
                    continue
                own, group = -1.0, -1.0
                if u.known[w] >= OWN_FEWEST[w]:
                    own = _quantile(u.past[w, m], _total(u.past[w, m]))
                if p.known[w] >= PEER_FEWEST[w] and p.users[w] >= PEER_USERS:
                    group = _quantile(p.past[w, m], np.float64(p.known[w]))
                if own >= 0.0 and group >= 0.0:
                    limit = max(BOTH_OWN * own, BOTH_PEERS * group)
                elif group >= 0.0:
                    limit = PEERS_ALONE * group
                elif own >= 0.0 and u.known[w] >= VOICES[w]:
                    limit = OWN_ALONE * own
                else:
                    continue
                limit = max(limit, FLOORS[w, m])
                if value <= limit or count >= told.shape[0]:
                    continue
                u.told[w, m] = value
                t = told[count]
                t.row, t.window, t.measure = i, w, m
                t.actual, t.own, t.peers, t.limit = value, own, group, limit
                t.known = np.int64(u.known[w])
                count += 1
    return count


@kernel("void(uint64[::1], int32[::1], int64[::1], TAKER[::1], TAKER[::1])", TAKER=TAKER)
def _restore_takers(keys, rows, meta, records, kept):
    for i in range(kept.shape[0]):
        row, _ = acquire(keys, rows, meta, records, kept[i].key)
        records[row] = kept[i]


@kernel("void(uint64[::1], int32[::1], int64[::1], PEER[::1], PEER[::1])", PEER=PEER)
def _restore_peers(keys, rows, meta, records, kept):
    for i in range(kept.shape[0]):
        row, _ = acquire(keys, rows, meta, records, kept[i].key)
        records[row] = kept[i]


class TakingMemory(msgspec.Struct, forbid_unknown_fields=True):
    """State of `Takings`, as it is kept: records, clock hand and evictions of both tables."""

    takers: bytes = b""
    peers: bytes = b""
    hands: tuple[int, int] = (0, 0)
    evicted: tuple[int, int] = (0, 0)


class Taking(NamedTuple):
    """A user that took more than it and its peers usually do, by row."""

    row: int
    signal: TakingSignal


class Takings:
    """Adds up what users take. Deterministic in the order of the requests; not thread-safe."""

    def __init__(self) -> None:
        self._takers, self._peers = Slots(TAKER, USERS), Slots(PEER, PEERS)

    def update(
        self,
        batch: RequestBatch,
        events: npt.NDArray[Any],
        roles: npt.NDArray[np.uint64],
        mails: npt.NDArray[np.uint8],
    ) -> list[Taking]:
        """Adds a block; users that took too much, by row.

        Args:
            batch: The requests.
            events: Their `EVENT` rows after the state update.
            roles: uint64 ``(n,)`` hash of the role, 0 where nobody says it.
            mails: Of `reply_marks`.
        """
        counted = (
            (events["user"] != 0) & (events["status"] >= 200) & (events["status"] < 300)
            & (events["path_flags"] & (PATH_ASSET | PATH_HEALTH) == 0)
        )  # fmt: skip
        rows = np.flatnonzero(counted)
        if not rows.size:
            return []
        some = events[rows]
        told = np.empty(6 * rows.size, TAKEN)
        hosts = batch.enriched["h_host"][rows]
        groups = (roles[rows] * np.uint64(0xC2B2AE3D27D4EB4F)) ^ hosts ^ np.uint64(1)
        takers, peers = self._takers, self._peers
        count = _follow(
            batch.buffer, np.ascontiguousarray(batch.spans[_REPLY][rows]),
            np.ascontiguousarray(some["ts"]), np.ascontiguousarray(some["user"]),
            np.where(groups == 0, np.uint64(1), groups),
            np.ascontiguousarray(some["response_bytes"]), np.ascontiguousarray(mails[rows]),
            takers.keys, takers.rows, takers.meta, takers.records,
            peers.keys, peers.rows, peers.meta, peers.records, told,
        )  # fmt: skip
        return [
            Taking(
                int(rows[item["row"]]),
                TakingSignal(
                    WINDOWS[item["window"]], MEASURES[item["measure"]], float(item["actual"]),
                    float(item["own"]), float(item["peers"]), float(item["limit"]),
                    int(item["known"]),
                ),
            )
            for item in told[:count]
        ]  # fmt: skip

    def memory(self) -> TakingMemory:
        """What a successor has to know."""
        both = (self._takers, self._peers)
        return TakingMemory(
            self._takers.used.tobytes(), self._peers.used.tobytes(),
            (int(both[0].meta[HAND]), int(both[1].meta[HAND])),
            (both[0].evicted, both[1].evicted),
        )  # fmt: skip

    def recall(self, memory: TakingMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._takers, self._peers = Slots(TAKER, USERS), Slots(PEER, PEERS)
        kept = np.frombuffer(memory.takers, TAKER)[:USERS].copy()
        table = self._takers
        _restore_takers(table.keys, table.rows, table.meta, table.records, kept)
        group = np.frombuffer(memory.peers, PEER)[:PEERS].copy()
        table = self._peers
        _restore_peers(table.keys, table.rows, table.meta, table.records, group)
        for place, one in enumerate((self._takers, self._peers)):
            one.meta[HAND], one.meta[EVICTED] = memory.hands[place], memory.evicted[place]
