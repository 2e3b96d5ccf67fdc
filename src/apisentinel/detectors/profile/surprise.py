"""How surprising each observation is, from what its owner and those above it have shown.

The chance of a category that was never seen is the share of requests whose category was seen once
only (Good and Turing): a parameter that brings something new in every third request is not unusual
when it does so again, one that brought nothing new in a thousand requests is. The chance of a
category that was seen is that of all categories which are at most as frequent.

References: Good, "The population frequencies of species", Biometrika 1953; Kruegel, Vigna, "Anomaly
detection of web-based attacks", CCS 2003 (one model for each parameter).
"""

import numpy as np

from apisentinel.detectors.profile.counting import FEW_ACTORS, SINGLE, bin_of, bits_of, site_of
from apisentinel.detectors.profile.properties import CHILD, CONTEXT, VALUE
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import mix
from apisentinel.kernels.interning import locate

_U = np.uint64

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
PARENT_WORTH = 2.0
"""Requests that the habits of the parent are worth."""
SEEN_WORTH = 0.5
"""How much of the surprise counts when a category was seen, but rarely."""
LEAST_CHANCE = 1e-6
UNSEEN = 0.25
"""Weight up to which a category counts as not seen."""
HEADER_VALUE, HEADER_LOOKS = 0.25, 0.75
"""The same for a new value of a header, and for its looks: every new client program brings some."""


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
    alone = bits_of(cat_actors[at]) <= 1 and bits_of(owner_actors[row]) >= FEW_ACTORS
    left = count - weight
    if left <= UNSEEN or alone:
        m = np.float64(mass[row, what, SINGLE])
        own = weight if (alone or bin_of(count) == SINGLE) else 0.0
        return n, max(m - own, 0.0), False
    m = 0.0
    for b in range(bin_of(left) + 1):
        m += np.float64(mass[row, what, b])
    if bin_of(left) == bin_of(count):
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


@inline
def _surprise(owner, parent, category, what, weight, tables, anchors, worth, priors):
    """Surprise (-log10 of the chance) of one observation."""
    anchor = anchors[what]
    n, m, seen = _look(owner, category, what, anchor, weight, tables)
    if seen:
        chance = min(m / max(n, 1.0), 1.0)
        return np.float32(-np.log10(max(chance, LEAST_CHANCE)) * SEEN_WORTH * worth[what])
    # a parameter that brings new values all the time will bring new looks of values, too
    doubt = priors[what] if what != VALUE else VALUE_DOUBT
    if VALUE < what <= CONTEXT:
        vn, vm = _news(owner if n > FEW else parent, tables)
        doubt = max(doubt, OPEN_DOUBT * vm / max(vn, 1.0))
    pn = pm = 0.0
    parent_seen = False
    if parent != _U(0):
        # what the parent knows from others than this owner
        pn, pm, parent_seen = _look(parent, category, what, anchor, weight, tables)
        pn, pm = max(pn - n, 0.0), max(pm - (0.0 if parent_seen else m), 0.0)
        parent_seen = parent_seen and pm > UNSEEN
        site = site_of(what, parent)
        if site != _U(0) and not parent_seen:
            sn, sm, site_seen = _look(site, category, what, anchor, weight, tables)
            if n + pn < 1.0:
                # of a new parameter only what all parameters have in common is expected
                pn, pm = sn, sm
                parent_seen = site_seen
            elif not site_seen and sn > FEW:
                doubt *= NOWHERE
    if parent_seen:
        above = min(max(pm / max(pn, 1.0), doubt), 1.0)
        chance = (m + PARENT_WORTH * above) / (n + PARENT_WORTH)
    elif parent == _U(0):
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
    if parent == _U(0) and VALUE <= what <= CONTEXT:
        # headers tell clients apart more than attacks
        u *= HEADER_VALUE if what == VALUE else HEADER_LOOKS
    if what == CHILD and u > ENOUGH:
        u = ENOUGH + MORE * (u - ENOUGH)
    return np.float32(u)


@kernel(
    "void(uint64[::1], uint64[::1], uint64[::1], uint8[::1], int64[::1], float64[::1],"
    " uint64[::1], int32[::1], float32[:,::1], float32[:,:,::1], uint32[::1], uint64[::1],"
    " float32[::1], uint32[::1], int64[::1], float64[::1], float64[::1], uint64[:,::1],"
    " float32[::1], float32[::1])"
)
def surprise_each(
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
    asked,
    answers,
    out,
):
    """Surprise of each observation.

    Args:
        owners, parents, cats, kinds, first: Observations.
        weights: As for `Observer.observe`.
        owner_keys, owner_rows, ns, mass, owner_actors, cat_keys, counts, cat_actors: `Knowledge`.
        anchors, worth, priors: By property.
        asked: uint64 ``(2 ** k, 4)``: observations whose surprise was worked out before, or no
            rows; used without weights only.
        answers: float32 ``(2 ** k,)``: their surprise.
        out: float32, for each observation.
    """
    tables = (owner_keys, owner_rows, ns, mass, owner_actors, cat_keys, counts, cat_actors)
    mask = asked.shape[0] - 1
    remembers = mask > 0 and weights.shape[0] == 0
    for r in range(first.shape[0] - 1):
        weight = weights[r] if weights.shape[0] > 0 else 0.0
        for i in range(first[r], first[r + 1]):
            owner, parent, category, what = owners[i], parents[i], cats[i], np.int64(kinds[i])
            at = np.int64(0)
            if remembers:
                # most of what requests show was shown by those just before
                at = np.int64(mix(owner ^ (parent >> _U(1)), category) >> _U(32)) & mask
                if (
                    asked[at, 0] == owner
                    and asked[at, 1] == parent
                    and asked[at, 2] == category
                    and asked[at, 3] == _U(what + 1)
                ):
                    out[i] = answers[at]
                    continue
            u = _surprise(owner, parent, category, what, weight, tables, anchors, worth, priors)
            out[i] = u
            if remembers:
                asked[at, 0] = owner
                asked[at, 1] = parent
                asked[at, 2] = category
                asked[at, 3] = _U(what + 1)
                answers[at] = u
