"""Kernels that look up what is known of owners, and that give names to what is found."""

import numpy as np

from apisentinel.detectors.profile.observe import count_of
from apisentinel.detectors.profile.properties import CHILD
from apisentinel.kernels.compiler import kernel
from apisentinel.kernels.hashing import mix
from apisentinel.kernels.interning import locate

_U = np.uint64


@kernel("void(uint64[::1], uint64[::1], int32[::1])")
def place_keys(keys, table, rows):
    """Puts keys into an empty table, with their index."""
    for i in range(keys.shape[0]):
        if keys[i] != _U(0):
            at = locate(table, keys[i])
            table[at] = keys[i]
            rows[at] = np.int32(i)


@kernel("void(uint64[::1], uint64[::1], int32[::1], int64[::1])", keeps_lock=True)
def find_row(table, key, rows, out):
    """Row of a key, -1 without one."""
    at = locate(table, key[0])
    out[0] = np.int64(rows[at]) if table[at] != _U(0) else np.int64(-1)


@kernel("void(uint64[::1], int32[::1], float32[:,::1], uint64[::1], int64, float64[::1])")
def owner_weights(table, rows, ns, owners, what, out):
    """Weight of each owner, 0 for unknown ones."""
    for i in range(owners.shape[0]):
        at = locate(table, owners[i])
        is_known = owners[i] != _U(0) and table[at] != _U(0)
        out[i] = np.float64(ns[rows[at], what]) if is_known else 0.0


@kernel("void(uint64[::1], float32[::1], uint64[::1], int64, float64[::1])", keeps_lock=True)
def category_weights(cat_keys, counts, key, what, out):
    """Weights of the categories with the numbers from 1 on."""
    for k in range(out.shape[0]):
        out[k] = count_of(key[0], mix(_U(k + 1), _U(what + 1)), cat_keys, counts)


@kernel("void(uint64[::1], int32[::1], uint8[::1], uint64[::1], int32[::1], uint64[::1])")
def name_findings(endpoint, items, kinds, keys, worst, out):
    """Hash over endpoint, place and property of the observation that counts most."""
    for r in range(worst.shape[0]):
        i = worst[r]
        if i >= 0:
            place = keys[items[i]] if items[i] >= 0 else _U(1)
            if kinds[i] == CHILD:
                place = _U(2)
            out[r] = mix(mix(endpoint[r] + _U(1), place), _U(kinds[i] + 1))


@kernel("void(uint64[::1], uint64[::1])")
def step_category(segment, out):
    """Category of a step down the tree."""
    out[0] = mix(segment[0], _U(CHILD + 1))
