"""What is known of every owner: which categories it has shown, how often, and by how many clients.

The chance of a category that was never seen is the share of requests whose category was seen once
only (Good and Turing): a parameter that brings something new in every third request is not unusual
when it does so again, one that brought nothing new in a thousand requests is. The chance of a
category that was seen is that of all categories which are at most as frequent.

References: Good, "The population frequencies of species", Biometrika 1953; Kruegel, Vigna, "Anomaly
detection of web-based attacks", CCS 2003 (one model for each parameter).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.observe import OPEN, VARIABLE, Observations, count_of
from apisentinel.detectors.profile.properties import (
    CHILD,
    CONTEXT,
    HEADER_ORDER,
    HEADER_SET,
    NAME,
    PROPERTIES,
    SET,
    SIGN,
    TYPE,
    VALUE,
)
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import mix
from apisentinel.kernels.interning import locate

_U = np.uint64

BINS = 8
"""Bins of the frequency of a category: once, up to 2, 4, … 64, more."""
SINGLE = 0
MOST_CATEGORIES = 1024
"""Categories kept of one property of one owner; an owner with more is free in it."""
MOST_VALUES = 8192
"""The same of values, by which repeats are told."""
NONE = 0.01
"""Weight below which nothing is left of a category; sums of weights are not exact."""
ENOUGH_ALONE = 50.0
"""Requests from which on an owner is judged by its own habits, even where others are stricter."""
FEW = 20.0
"""Requests up to which an owner is judged by the news of its parent."""
VALUE_DOUBT = 0.05
"""Chance of a new value for a parameter of which nothing is known but that it has few."""
FEW_VALUES = 4.0
"""Requests from which on new values of a parameter are told from its first ones."""
NOWHERE = 0.7
"""Factor on the doubt for looks that no parameter of the site has."""
ENOUGH, MORE = 3.5, 0.3
"""Surprise of a new place from which on more counts less: every new version brings some."""
OPEN_DOUBT = 0.5
"""How much news of values are news of their looks."""
LEAST_PRIOR, MOST_PRIOR = 0.005, 0.5
"""Bounds of the chance of something new for an owner of which nothing is known."""
PARENT_WORTH = 2.0
"""Requests that the habits of the parent are worth."""
SEEN_WORTH = 0.5
"""How much of the surprise counts when a category was seen, but rarely."""
FEW_ACTORS = 8
"""Clients of an owner from which on one client alone cannot make a category usual."""
LEAST_CHANCE = 1e-6
UNSEEN = 0.25
"""Weight up to which a category counts as not seen."""

_ANCHOR = np.arange(PROPERTIES)
_ANCHOR[SIGN] = _ANCHOR[CONTEXT] = TYPE
_ANCHOR[NAME] = SET

WEIGHT = np.ones(PROPERTIES)
"""How much of the surprise of each property counts."""
WEIGHT[HEADER_SET] = WEIGHT[HEADER_ORDER] = 0.5
HEADER_VALUE, HEADER_LOOKS = 0.25, 0.75
"""The same for a new value of a header, and for its looks: every new client program brings some."""

OWNERS_USED, CATEGORIES_USED, LOST = range(3)

LEFT_FIRST, LEFT_SECOND = 0.5, 0.25
"""Share with which the second and third value of a request count."""
AGAIN, MOST_AGAIN = 0.2, 8.0
"""The same of further signs of a value that are unusual, too, and most of their surprise."""
LOOKS = np.array([0.8, 0.4, 0.2, 0.1])
"""Share with which the most unusual looks of a value count: looks that agree say more than one."""


@inline
def _bits(x):
    n = np.int64(0)
    y = np.int64(x)
    while y:
        y &= y - 1
        n += 1
    return n


@inline
def _bin(count):
    b = np.int64(0)
    limit = 1.5
    while b < BINS - 1 and count > limit:
        limit = 2.0 * limit - 0.5
        b += 1
    return b


EVERYTHING = _U(0x2F9C_84A1_D35B_706E)
"""Owner of the values of all parameters."""


@inline
def _site(what, parent):
    """Owner above a parent: all parameters together, for what values look like."""
    return EVERYTHING if parent != _U(0) and VALUE <= what <= CONTEXT else _U(0)


@kernel(
    "void(uint64[::1], uint64[::1], uint64[::1], uint8[::1], int64[::1], float64[::1],"
    " uint32[::1], int64, uint64[::1], int32[::1], float32[:,::1], int32[:,::1], uint32[::1],"
    " uint64[::1], float32[::1], uint32[::1], int32[::1], uint8[::1], int64[::1])"
)
def _count(
    owners,
    parents,
    cats,
    kinds,
    first,
    weights,
    actors,
    depth,
    owner_keys,
    owner_rows,
    ns,
    distinct,
    owner_actors,
    cat_keys,
    counts,
    cat_actors,
    cat_owner,
    cat_kind,
    used,
):
    """Adds observations; with `depth` from 0 on only those of this step down the tree, with -1 all
    but those.
    """
    for r in range(first.shape[0] - 1):
        weight = weights[r]
        if weight == 0.0:
            continue
        step = np.int64(-1)
        is_new = is_new_above = is_new_anywhere = True
        for i in range(first[r], first[r + 1]):
            what = np.int64(kinds[i])
            if what == CHILD:
                step += 1
            if (what == CHILD) != (depth >= 0) or (depth >= 0 and step != depth):
                continue
            for level in range(3):
                owner = owners[i]
                fresh = is_new
                if level == 1:
                    owner, fresh = parents[i], is_new_above
                elif level == 2:
                    owner, fresh = _site(what, parents[i]), is_new_anywhere
                # a value that comes again says nothing new about the looks of values
                if owner == _U(0) or (VALUE < what <= CONTEXT and not fresh):
                    continue
                at = locate(owner_keys, owner)
                if owner_keys[at] == _U(0):
                    if used[OWNERS_USED] >= ns.shape[0]:
                        used[LOST] += 1
                        continue
                    owner_keys[at] = owner
                    owner_rows[at] = np.int32(used[OWNERS_USED])
                    used[OWNERS_USED] += 1
                row = np.int64(owner_rows[at])
                ns[row, what] += np.float32(weight)
                owner_actors[row] |= actors[r]
                key = mix(owner, cats[i])
                at = locate(cat_keys, key)
                before = np.float64(counts[at]) if cat_keys[at] != _U(0) else 0.0
                if what == VALUE:
                    fresh = before <= NONE if weight > 0.0 else before + weight <= NONE
                    if level == 0:
                        is_new = fresh
                    elif level == 1:
                        is_new_above = fresh
                    else:
                        is_new_anywhere = fresh
                if cat_keys[at] == _U(0):
                    if weight <= 0.0:
                        continue
                    most = MOST_VALUES if what == VALUE else MOST_CATEGORIES
                    if (
                        used[CATEGORIES_USED] * 3 >= cat_keys.shape[0] * 2
                        or distinct[row, what] >= most
                    ):
                        used[LOST] += 1
                        continue
                    used[CATEGORIES_USED] += 1
                    cat_keys[at] = key
                    cat_owner[at] = np.int32(row)
                    cat_kind[at] = np.uint8(what)
                    distinct[row, what] += 1
                counts[at] += np.float32(weight)
                cat_actors[at] |= actors[r]


@kernel(
    "void(uint64[::1], float32[::1], uint32[::1], int32[::1], uint8[::1], uint32[::1],"
    " float32[:,:,::1], float32[:,::1])"
)
def _settle(cat_keys, counts, cat_actors, cat_owner, cat_kind, owner_actors, mass, sums):
    """Weight of the categories of each frequency, for each property of each owner."""
    for i in range(mass.shape[0]):
        for k in range(mass.shape[1]):
            sums[i, k] = np.float32(0)
            for b in range(mass.shape[2]):
                mass[i, k, b] = np.float32(0)
    for at in range(cat_keys.shape[0]):
        if cat_keys[at] == _U(0) or counts[at] <= NONE:
            continue
        row, what = np.int64(cat_owner[at]), np.int64(cat_kind[at])
        b = _bin(np.float64(counts[at]))
        if what == VALUE and b == 1:
            b = np.int64(SINGLE)  # values that came twice are often one visit
        voice = counts[at]
        if _bits(cat_actors[at]) == 1 and _bits(owner_actors[row]) >= FEW_ACTORS:
            # one client has one voice, however often it speaks
            b = np.int64(SINGLE)
            voice = min(voice, np.float32(1))
        mass[row, what, b] += voice
        sums[row, what] += counts[at]


@inline
def _look(owner, category, what, anchor, weight, tables):
    """``(n, m, is_seen)``: weight of the owner, weight of what is at most as frequent."""
    owner_keys, owner_rows, ns, mass, owner_actors, cat_keys, counts, cat_actors = tables
    at = locate(owner_keys, owner)
    if owner == _U(0) or owner_keys[at] == _U(0):
        return 0.0, 0.0, False
    row = np.int64(owner_rows[at])
    n = max(np.float64(ns[row, anchor]) - weight, 0.0)
    at = locate(cat_keys, mix(owner, category))
    if cat_keys[at] == _U(0):
        # the first one is always new and says nothing about the next
        return n, np.float64(mass[row, what, SINGLE]) if n > 1.5 else 0.0, False
    count = np.float64(counts[at])
    alone = _bits(cat_actors[at]) <= 1 and _bits(owner_actors[row]) >= FEW_ACTORS
    left = count - weight
    if left <= UNSEEN or alone:
        m = np.float64(mass[row, what, SINGLE])
        own = weight if (alone or _bin(count) == SINGLE) else 0.0
        return n, max(m - own, 0.0), False
    m = 0.0
    for b in range(_bin(left) + 1):
        m += np.float64(mass[row, what, b])
    if _bin(left) == _bin(count):
        m -= weight
    return n, max(m, left), True


@inline
def _news(owner, tables):
    """``(n, m)``: requests of an owner, and those that brought a new value."""
    owner_keys, owner_rows, ns, mass, _, _, _, _ = tables
    at = locate(owner_keys, owner)
    if owner == _U(0) or owner_keys[at] == _U(0):
        return 0.0, 0.0
    row = np.int64(owner_rows[at])
    return np.float64(ns[row, VALUE]), np.float64(mass[row, VALUE, SINGLE])


@kernel(
    "void(uint64[::1], uint64[::1], uint64[::1], uint8[::1], int64[::1], float64[::1],"
    " uint64[::1], int32[::1], float32[:,::1], float32[:,:,::1], uint32[::1], uint64[::1],"
    " float32[::1], uint32[::1], int64[::1], float64[::1], float64[::1], float32[::1])"
)
def _surprise(
    owners,
    parents,
    cats,
    kinds,
    first,
    weights,
    owner_keys,
    owner_rows,
    ns,
    mass,
    owner_actors,
    cat_keys,
    counts,
    cat_actors,
    anchors,
    worth,
    priors,
    out,
):
    """Surprise (-log10 of the chance) of each observation."""
    tables = (owner_keys, owner_rows, ns, mass, owner_actors, cat_keys, counts, cat_actors)
    for r in range(first.shape[0] - 1):
        weight = weights[r] if weights.shape[0] > 0 else 0.0
        for i in range(first[r], first[r + 1]):
            what = np.int64(kinds[i])
            anchor = anchors[what]
            n, m, seen = _look(owners[i], cats[i], what, anchor, weight, tables)
            if seen:
                chance = min(m / max(n, 1.0), 1.0)
                out[i] = np.float32(-np.log10(max(chance, LEAST_CHANCE)) * SEEN_WORTH * worth[what])
                continue
            # a parameter that brings new values all the time will bring new looks of values, too
            doubt = priors[what] if what != VALUE else VALUE_DOUBT
            if VALUE < what <= CONTEXT:
                vn, vm = _news(owners[i] if n > FEW else parents[i], tables)
                doubt = max(doubt, OPEN_DOUBT * vm / max(vn, 1.0))
            pn = pm = 0.0
            parent_seen = False
            if parents[i] != _U(0):
                # what the parent knows from others than this owner
                pn, pm, parent_seen = _look(parents[i], cats[i], what, anchor, weight, tables)
                pn, pm = max(pn - n, 0.0), max(pm - (0.0 if parent_seen else m), 0.0)
                parent_seen = parent_seen and pm > UNSEEN
                site = _site(what, parents[i])
                if site != _U(0) and not parent_seen:
                    sn, sm, site_seen = _look(site, cats[i], what, anchor, weight, tables)
                    if n + pn < 1.0:
                        # of a new parameter only what all parameters have in common is expected
                        pn, pm = sn, sm
                        parent_seen = site_seen
                    elif not site_seen and sn > FEW:
                        doubt *= NOWHERE
            if parent_seen:
                above = min(max(pm / max(pn, 1.0), doubt), 1.0)
                chance = (m + PARENT_WORTH * above) / (n + PARENT_WORTH)
            elif parents[i] == _U(0):
                chance = (m + doubt) / (n + doubt)
            else:
                above = doubt
                if pn >= 1.0:
                    above = min(max((pm + doubt) / (pn + doubt), doubt), 1.0)
                chance = (m + PARENT_WORTH * above) / (n + PARENT_WORTH)
                if n < ENOUGH_ALONE:
                    chance = min(chance, (m + pm + doubt) / (n + pn + doubt))
            u = -np.log10(min(max(chance, LEAST_CHANCE), 1.0)) * worth[what]
            if what == VALUE:
                # what others send in a parameter of this name binds a new endpoint only loosely
                u *= (n + 1.0) / (n + 1.0 + FEW_VALUES)
            if parents[i] == _U(0) and VALUE <= what <= CONTEXT:
                # headers tell clients apart more than attacks
                u *= HEADER_VALUE if what == VALUE else HEADER_LOOKS
            if what == CHILD and u > ENOUGH:
                u = ENOUGH + MORE * (u - ENOUGH)
            out[i] = np.float32(u)


@kernel(
    "void(int64[::1], int32[::1], uint8[::1], float32[::1], float64[::1], int32[::1], int32[::1])"
)
def _pool(first, items, kinds, surprise, out, worst, second):
    """Surprise of each request from those of its observations; `worst` and `second` are the
    observations that count most.
    """
    for r in range(first.shape[0] - 1):
        a = b = c = 0.0
        at_a = at_b = np.int64(-1)
        i = first[r]
        while i < first[r + 1]:
            # observations of one value say much the same; those of the request are each by itself
            group = items[i]
            best = other = third = fourth = new = 0.0
            at = at_value = i
            has_value = False
            what = np.int64(-1)
            top = more = 0.0
            while True:
                # of each property the rarest counts
                u = np.float64(surprise[i])
                if kinds[i] != what:
                    what = np.int64(kinds[i])
                    top = 0.0
                more += min(u, top)
                if what == VALUE:
                    new = u
                    at_value = i
                    has_value = True
                elif u > top:
                    if top > 0.0:
                        # the same property was worth less before: take that away again
                        if best == top:
                            best, other, third, fourth = other, third, fourth, 0.0
                        elif other == top:
                            other, third, fourth = third, fourth, 0.0
                        elif third == top:
                            third, fourth = fourth, 0.0
                    top = u
                    if u > best:
                        best, other, third, fourth = u, best, other, third
                        at = i
                    elif u > other:
                        other, third, fourth = u, other, third
                    elif u > third:
                        third, fourth = u, third
                    elif u > fourth:
                        fourth = u
                i += 1
                if i >= first[r + 1] or items[i] != group or group < 0:
                    break
            share = LOOKS[0] if has_value else 1.0
            total = new + share * best + LOOKS[1] * other + LOOKS[2] * third + LOOKS[3] * fourth
            total += AGAIN * min(more, MOST_AGAIN)
            if new > best:
                at = at_value
            if total > a:
                a, b, c = total, a, b
                at_a, at_b = at, at_a
            elif total > b:
                b, c = total, b
                at_b = at
            elif total > c:
                c = total
        out[r] = a + LEFT_FIRST * b + LEFT_SECOND * c
        worst[r] = np.int32(at_a)
        second[r] = np.int32(at_b)


def _power_of_two(n: int) -> int:
    return 1 << max(10, (n - 1).bit_length())


class Knowledge:
    """Habits of all owners.

    Attributes:
        used: int64 ``(3,)``: owners, categories, observations that found no room.
        words: Habits of owners in words, worked out when they were first needed.
    """

    def __init__(self, categories: int, owners: int) -> None:
        self._owner_keys = np.zeros(2 * _power_of_two(owners), np.uint64)
        self._owner_rows = np.zeros(len(self._owner_keys), np.int32)
        self._ns = np.zeros((owners, PROPERTIES), np.float32)
        self._distinct = np.zeros((owners, PROPERTIES), np.int32)
        self._mass = np.zeros((owners, PROPERTIES, BINS), np.float32)
        self._flags = np.zeros(owners, np.uint8)
        self._owner_actors = np.zeros(owners, np.uint32)
        size = _power_of_two(categories)
        self._cat_keys = np.zeros(size, np.uint64)
        self._counts = np.zeros(size, np.float32)
        self._cat_actors = np.zeros(size, np.uint32)
        self._cat_owner = np.zeros(size, np.int32)
        self._cat_kind = np.zeros(size, np.uint8)
        self.words: dict[int, str | None] = {}
        self._prior = np.full(PROPERTIES, MOST_PRIOR)
        self.used = np.zeros(3, np.int64)

    def tree(self) -> tuple[npt.NDArray[Any], ...]:
        """What the walk down the tree of paths needs."""
        return (self._owner_keys, self._owner_rows, self._flags, self._cat_keys, self._counts)

    def count(
        self,
        seen: Observations,
        weights: npt.NDArray[np.float64],
        actors: npt.NDArray[np.uint32],
        depth: int = -1,
    ) -> None:
        """Adds observations.

        Args:
            seen: What requests show.
            weights: float64 ``(rows,)``; negative takes away.
            actors: uint32 ``(rows,)``: one bit of each client; 0 where it is not known.
            depth: From 0 on: only the step down the tree of paths with this number; -1: all but
                these steps.
        """
        _count(
            seen.owner, seen.parent, seen.category, seen.property, seen.first, weights, actors,
            depth, self._owner_keys, self._owner_rows, self._ns, self._distinct,
            self._owner_actors, self._cat_keys, self._counts, self._cat_actors, self._cat_owner,
            self._cat_kind, self.used,
        )  # fmt: skip

    def settle(self) -> None:
        """Works out the weight of rare categories; needed after counting."""
        sums = np.zeros((len(self._ns), PROPERTIES), np.float32)
        _settle(
            self._cat_keys, self._counts, self._cat_actors, self._cat_owner, self._cat_kind,
            self._owner_actors, self._mass, sums,
        )  # fmt: skip
        # what found no room among too many categories was seen once
        anchored = self._ns[:, _ANCHOR]
        most = np.full(PROPERTIES, MOST_CATEGORIES)
        most[VALUE] = MOST_VALUES
        lost = np.where(self._distinct >= most, np.maximum(anchored - sums, 0), 0)
        self._mass[:, :, SINGLE] += lost
        n = int(self.used[0])
        total = anchored[:n].sum(axis=0, dtype=np.float64)
        single = self._mass[:n, :, SINGLE].sum(axis=0, dtype=np.float64)
        self._prior[:] = np.clip((single + 0.5) / (total + 1.0), LEAST_PRIOR, MOST_PRIOR)

    def surprise(
        self, seen: Observations, weights: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float32]:
        """Surprise of each observation, -log10 of its chance.

        Args:
            seen: What requests show.
            weights: As for `Observer.observe`.
        """
        out = np.empty(len(seen.owner), np.float32)
        _surprise(
            seen.owner, seen.parent, seen.category, seen.property, seen.first, weights,
            self._owner_keys, self._owner_rows, self._ns, self._mass, self._owner_actors,
            self._cat_keys, self._counts, self._cat_actors, _ANCHOR, WEIGHT, self._prior, out,
        )  # fmt: skip
        return out

    @staticmethod
    def pool(
        seen: Observations, surprise: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Surprise of each request, and the two observations that count most in it, -1 for none."""
        rows = len(seen.first) - 1
        out = np.empty(rows, np.float64)
        worst, second = np.empty(rows, np.int32), np.empty(rows, np.int32)
        _pool(seen.first, seen.item, seen.property, surprise, out, worst, second)
        return out, worst, second

    # ------------------------------------------------------------------------------- tree of paths

    def open_places(self, least: int, share: float, most: int) -> None:
        """Finds the places of the tree below which segments name things, and merges those.

        Args:
            least: Different segments that such a place has at least.
            share: Share of its requests whose segment came once.
            most: Different segments from which on a place is open in any case.
        """
        n = int(self.used[0])
        self.settle()
        total = np.maximum(self._ns[:n, CHILD], 1e-6)
        distinct = self._distinct[:n, CHILD]
        single = self._mass[:n, CHILD, SINGLE] / total
        is_open = (distinct >= least) & (single >= share) | (distinct >= most)
        fresh = is_open & (self._flags[:n] & OPEN == 0)
        if not fresh.any():
            return
        self._flags[:n][fresh] |= OPEN
        filled = np.flatnonzero(self._owner_keys)
        filled = filled[fresh[self._owner_rows[filled]]]
        keys = dict(
            zip(self._owner_rows[filled].tolist(), self._owner_keys[filled].tolist(), strict=True)
        )
        rare = (
            (self._cat_keys != 0)
            & (self._cat_kind == CHILD)
            & np.isin(self._cat_owner, np.flatnonzero(fresh))
            & (self._counts < KEPT)
        )
        lost = np.bincount(self._cat_owner[rare], self._counts[rare], minlength=n)
        self._counts[rare] = 0
        variable = np.array([VARIABLE], np.uint64)
        for row, key in keys.items():
            merged = float(lost[row])
            category = np.empty(1, np.uint64)
            _step(variable, category)
            seen = Observations(
                np.array([key], np.uint64), np.zeros(1, np.uint64), category,
                np.array([CHILD], np.uint8), np.zeros(1, np.int32), np.array([0, 1], np.int64),
                np.zeros(1, np.uint64),
            )  # fmt: skip
            before = float(self._ns[row, CHILD])
            self.count(seen, np.array([merged]), np.full(1, 0xFFFFFFFF, np.uint32), 0)
            self._ns[row, CHILD] = before

    # ---------------------------------------------------------------------------------- as arrays

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All that is known, for a bundle: equal knowledge gives equal arrays."""
        n = int(self.used[0])
        owners = np.flatnonzero(self._owner_keys)
        owners = owners[np.argsort(self._owner_rows[owners], kind="stable")]
        live = np.flatnonzero((self._cat_keys != 0) & (self._counts > NONE))
        live = live[np.argsort(self._cat_keys[live], kind="stable")]
        return {
            "owner_keys": self._owner_keys[owners], "ns": self._ns[:n], "flags": self._flags[:n],
            "values": self._distinct[:n, VALUE].copy(),
            "owner_actors": self._owner_actors[:n], "mass": self._mass[:n],
            "cat_keys": self._cat_keys[live], "counts": self._counts[live],
            "cat_actors": self._cat_actors[live], "prior": self._prior,
        }  # fmt: skip

    @classmethod
    def of(cls, arrays: dict[str, npt.NDArray[Any]]) -> "Knowledge":
        """Knowledge from its arrays; their types and shapes have been checked."""
        n, categories = len(arrays["owner_keys"]), len(arrays["cat_keys"])
        made = cls(2 * categories + 16, n + 1)
        _place(arrays["owner_keys"], made._owner_keys, made._owner_rows)
        made._ns[:n] = arrays["ns"]
        made._flags[:n] = arrays["flags"]
        made._distinct[:n, VALUE] = arrays["values"]
        made._owner_actors[:n] = arrays["owner_actors"]
        made._mass[:n] = arrays["mass"]
        made._prior[:] = arrays["prior"]
        places = np.zeros(len(made._cat_keys), np.int32)
        _place(arrays["cat_keys"], made._cat_keys, places)
        filled = made._cat_keys != 0
        made._counts[filled] = arrays["counts"][places[filled]]
        made._cat_actors[filled] = arrays["cat_actors"][places[filled]]
        made.used[:2] = n, categories
        return made

    def of_owner(self, owner: int) -> int:
        """Row of an owner, -1 when nothing is known of it."""
        at = np.zeros(1, np.int64)
        _find(self._owner_keys, np.array([owner], np.uint64), self._owner_rows, at)
        return int(at[0])

    def weight_of(self, owner: int, what: int) -> float:
        """Requests, or different values, from which a property of an owner is known."""
        row = self.of_owner(owner)
        return float(self._ns[row, _ANCHOR[what]]) if row >= 0 else 0.0

    def values_of(self, owner: int) -> int:
        """Different values that a parameter has had."""
        row = self.of_owner(owner)
        return int(self._distinct[row, VALUE]) if row >= 0 else 0

    def weights_of(self, owners: npt.NDArray[np.uint64], what: int) -> npt.NDArray[np.float64]:
        """Requests from which a property of some owners is known."""
        out = np.empty(len(owners), np.float64)
        _weights(
            self._owner_keys, self._owner_rows, self._ns, np.ascontiguousarray(owners), what, out
        )
        return out

    def shares_of(self, owner: int, what: int, most: int) -> list[float]:
        """Weights with which an owner has shown the categories from 1 to `most`."""
        out = np.zeros(most, np.float64)
        key = np.array([owner], np.uint64)
        _shares(self._cat_keys, self._counts, key, what, out)
        return out.tolist()

    @staticmethod
    def names(
        seen: Observations, keys: npt.NDArray[np.uint64], worst: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.uint64]:
        """Names of what is surprising: endpoint, place and property, not the value."""
        out = np.zeros(len(worst), np.uint64)
        _names(seen.endpoint, seen.item, seen.property, keys, worst, out)
        return out


KEPT = 5.0
"""Weight of a segment that keeps its own place below a place where segments name things."""


@kernel("void(uint64[::1], uint64[::1], int32[::1])")
def _place(keys, table, rows):
    """Puts keys into an empty table, with their index."""
    for i in range(keys.shape[0]):
        if keys[i] != _U(0):
            at = locate(table, keys[i])
            table[at] = keys[i]
            rows[at] = np.int32(i)


@kernel("void(uint64[::1], uint64[::1], int32[::1], int64[::1])")
def _find(table, key, rows, out):
    """Row of a key, -1 without one."""
    at = locate(table, key[0])
    out[0] = np.int64(rows[at]) if table[at] != _U(0) else np.int64(-1)


@kernel("void(uint64[::1], int32[::1], float32[:,::1], uint64[::1], int64, float64[::1])")
def _weights(table, rows, ns, owners, what, out):
    """Weight of each owner, 0 for unknown ones."""
    for i in range(owners.shape[0]):
        at = locate(table, owners[i])
        is_known = owners[i] != _U(0) and table[at] != _U(0)
        out[i] = np.float64(ns[rows[at], what]) if is_known else 0.0


@kernel("void(uint64[::1], float32[::1], uint64[::1], int64, float64[::1])")
def _shares(cat_keys, counts, key, what, out):
    """Weights of the categories with the numbers from 1 on."""
    for k in range(out.shape[0]):
        out[k] = count_of(key[0], mix(_U(k + 1), _U(what + 1)), cat_keys, counts)


@kernel("void(uint64[::1], int32[::1], uint8[::1], uint64[::1], int32[::1], uint64[::1])")
def _names(endpoint, items, kinds, keys, worst, out):
    """Hash over endpoint, place and property of the observation that counts most."""
    for r in range(worst.shape[0]):
        i = worst[r]
        if i >= 0:
            place = keys[items[i]] if items[i] >= 0 else _U(1)
            if kinds[i] == CHILD:
                place = _U(2)
            out[r] = mix(mix(endpoint[r] + _U(1), place), _U(kinds[i] + 1))


@kernel("void(uint64[::1], uint64[::1])")
def _step(segment, out):
    """Category of a step down the tree."""
    out[0] = mix(segment[0], _U(CHILD + 1))
