"""Kernels that count what owners show, and that sum up how often their categories come.

A category is a pair of an owner (a parameter, a place, an endpoint, or all of them) and something
that it has shown.
"""

import numpy as np

from apisentinel.detectors.profile.properties import CHILD, CONTEXT, VALUE
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
FEW_ACTORS = 8
"""Clients of an owner from which on one client alone cannot make a category usual."""

OWNERS_USED, CATEGORIES_USED, LOST = range(3)


@inline
def bits_of(x):
    """Number of bits that are set."""
    n = np.int64(0)
    y = np.int64(x)
    while y:
        y &= y - 1
        n += 1
    return n


@inline
def bin_of(count):
    """Bin of a frequency, see `BINS`."""
    b = np.int64(0)
    limit = 1.5
    while b < BINS - 1 and count > limit:
        limit = 2.0 * limit - 0.5
        b += 1
    return b


EVERYTHING = _U(0x2F9C_84A1_D35B_706E)
"""Owner of the values of all parameters."""


@inline
def site_of(what, parent):
    """Owner above a parent: all parameters together, for what values look like."""
    return EVERYTHING if parent != _U(0) and VALUE <= what <= CONTEXT else _U(0)


@kernel(
    "void(uint64[::1], uint64[::1], uint64[::1], uint8[::1], int64[::1], float64[::1],"
    " uint32[::1], int64, uint64[::1], int32[::1], float32[:,::1], int32[:,::1], uint32[::1],"
    " uint64[::1], float32[::1], uint32[::1], int32[::1], uint8[::1], int64[::1])"
)
def count_up(
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
                    owner, fresh = site_of(what, parents[i]), is_new_anywhere
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
def settle_masses(cat_keys, counts, cat_actors, cat_owner, cat_kind, owner_actors, mass, sums):
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
        b = bin_of(np.float64(counts[at]))
        if what == VALUE and b == 1:
            b = np.int64(SINGLE)  # values that came twice are often one visit
        voice = counts[at]
        if bits_of(cat_actors[at]) == 1 and bits_of(owner_actors[row]) >= FEW_ACTORS:
            # one client has one voice, however often it speaks
            b = np.int64(SINGLE)
            voice = min(voice, np.float32(1))
        mass[row, what, b] += voice
        sums[row, what] += counts[at]
