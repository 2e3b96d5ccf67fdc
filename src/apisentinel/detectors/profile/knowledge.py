"""What is known of every owner: its categories, how often each came, and from how many clients."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.counting import (
    BINS,
    MOST_CATEGORIES,
    MOST_VALUES,
    NONE,
    SINGLE,
    count_up,
    settle_masses,
)
from apisentinel.detectors.profile.lookups import (
    category_weights,
    find_row,
    name_findings,
    owner_weights,
    place_keys,
    step_category,
)
from apisentinel.detectors.profile.observe import OPEN, VARIABLE, Observations
from apisentinel.detectors.profile.pooling import pool_values
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
from apisentinel.detectors.profile.surprise import surprise_each

LEAST_PRIOR, MOST_PRIOR = 0.005, 0.5
"""Bounds of the chance of something new for an owner of which nothing is known."""
KEPT = 5.0
"""Weight of a segment that keeps its own place below a place where segments name things."""

_ANCHOR = np.arange(PROPERTIES)
_ANCHOR[SIGN] = _ANCHOR[CONTEXT] = TYPE
_ANCHOR[NAME] = SET

WEIGHT = np.ones(PROPERTIES)
"""How much of the surprise of each property counts."""
WEIGHT[HEADER_SET] = WEIGHT[HEADER_ORDER] = 0.5


def _power_of_two(n: int) -> int:
    return 1 << max(10, (n - 1).bit_length())


class Answers:
    """Surprise of observations that come again and again, of one state of knowledge.

    Attributes:
        asked: uint64 ``(room, 4)``: owner, parent, category, and property plus 1.
        surprise: float32 ``(room,)``.
    """

    def __init__(self, room: int) -> None:
        self.asked = np.zeros((room, 4), np.uint64)
        self.surprise = np.zeros(room, np.float32)


NO_ANSWERS = Answers(0)


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
        count_up(
            seen.owner, seen.parent, seen.category, seen.property, seen.first, weights, actors,
            depth, self._owner_keys, self._owner_rows, self._ns, self._distinct,
            self._owner_actors, self._cat_keys, self._counts, self._cat_actors, self._cat_owner,
            self._cat_kind, self.used,
        )  # fmt: skip

    def settle(self) -> None:
        """Works out the weight of rare categories; needed after counting."""
        sums = np.zeros((len(self._ns), PROPERTIES), np.float32)
        settle_masses(
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
        self,
        seen: Observations,
        weights: npt.NDArray[np.float64],
        answers: Answers | None = None,
    ) -> npt.NDArray[np.float32]:
        """Surprise of each observation, -log10 of its chance.

        Args:
            seen: What requests show.
            weights: As for `Observer.observe`.
            answers: What was worked out before; nothing may have been counted since.
        """
        before = NO_ANSWERS if answers is None else answers
        out = np.empty(len(seen.owner), np.float32)
        surprise_each(
            seen.owner, seen.parent, seen.category, seen.property, seen.first, weights,
            self._owner_keys, self._owner_rows, self._ns, self._mass, self._owner_actors,
            self._cat_keys, self._counts, self._cat_actors, _ANCHOR, WEIGHT, self._prior,
            before.asked, before.surprise, out,
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
        pool_values(seen.first, seen.item, seen.property, surprise, out, worst, second)
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
            step_category(variable, category)
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
        place_keys(arrays["owner_keys"], made._owner_keys, made._owner_rows)
        made._ns[:n] = arrays["ns"]
        made._flags[:n] = arrays["flags"]
        made._distinct[:n, VALUE] = arrays["values"]
        made._owner_actors[:n] = arrays["owner_actors"]
        made._mass[:n] = arrays["mass"]
        made._prior[:] = arrays["prior"]
        places = np.zeros(len(made._cat_keys), np.int32)
        place_keys(arrays["cat_keys"], made._cat_keys, places)
        filled = made._cat_keys != 0
        made._counts[filled] = arrays["counts"][places[filled]]
        made._cat_actors[filled] = arrays["cat_actors"][places[filled]]
        made.used[:2] = n, categories
        return made

    def of_owner(self, owner: int) -> int:
        """Row of an owner, -1 when nothing is known of it."""
        at = np.zeros(1, np.int64)
        find_row(self._owner_keys, np.array([owner], np.uint64), self._owner_rows, at)
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
        owner_weights(
            self._owner_keys, self._owner_rows, self._ns, np.ascontiguousarray(owners), what, out
        )
        return out

    def shares_of(self, owner: int, what: int, most: int) -> list[float]:
        """Weights with which an owner has shown the categories from 1 to `most`."""
        out = np.zeros(most, np.float64)
        key = np.array([owner], np.uint64)
        category_weights(self._cat_keys, self._counts, key, what, out)
        return out.tolist()

    @staticmethod
    def names(
        seen: Observations, keys: npt.NDArray[np.uint64], worst: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.uint64]:
        """Names of what is surprising: endpoint, place and property, not the value."""
        out = np.zeros(len(worst), np.uint64)
        name_findings(seen.endpoint, seen.item, seen.property, keys, worst, out)
        return out
