"""Requests to observations: what was seen, of whom, in which category.

The owner of an observation is what has a habit: a parameter of an endpoint, a place in the tree of
paths, a header. Its parent is the next larger thing of the same kind, whose habits it is expected
to share as long as little is known of it.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.items import BODY_KIND as _ABOUT_BODY
from apisentinel.detectors.profile.items import HEADER_ORDER as _ABOUT_ORDER
from apisentinel.detectors.profile.items import HEADER_SET as _ABOUT_SET
from apisentinel.detectors.profile.items import K0, K1, Items, is_file
from apisentinel.detectors.profile.items import TYPE as _ABOUT_TYPE
from apisentinel.detectors.profile.places import (
    BODY,
    COOKIE,
    HEADER,
    JSON,
    MAX_ITEMS,
    MAX_SEGMENTS,
    SEGMENT,
)
from apisentinel.detectors.profile.properties import (
    BODY_KIND,
    CHILD,
    CLASS,
    CONTENT_TYPE,
    CONTEXT,
    DIGIT,
    EDGE,
    HEADER_ORDER,
    HEADER_SET,
    LETTER,
    MAGNITUDE,
    METHOD,
    MOST_SEVERAL,
    NAME,
    ORDER,
    PROPERTIES,
    SET,
    SHAPE,
    SIZE,
    SKELETON,
    STATUS,
    VALUE,
    WORD,
    categories,
    size_bin,
    value_category,
)
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import mix, siphash
from apisentinel.kernels.interning import locate

_U = np.uint64

ROOT = _U(0x7A3D_51C2_0E94_86BF)
ANYWHERE = _U(0x1B8F_60D7_35AE_C249)
"""Owner of what belongs to all requests, such as the set of headers."""
VARIABLE, OPEN = _U(0x5CE1_972B_0F48_A36D), np.uint8(1)
"""Stands for a segment that names a thing; flag of a place below which names are things."""
HERE = _U(0x33C0_8E5A_D1F7_4B29)
"""Stands for the end of a path."""
INSIDE_FILE = _U(0x6D12_F0A9_48C3_7BE5)
"""Category of a path that goes on behind the name of a file."""

KNOWN = 3.0
"""Weight from which on a value counts as seen: its other properties are not looked at."""
WHOLE = -1
"""Item of an observation about a request as a whole."""
ROOM = MAX_SEGMENTS + (MAX_ITEMS + 4) * (PROPERTIES + MOST_SEVERAL) + 16
"""Observations that one request may need."""
MOST_VALUE_OBSERVATIONS = 48
"""Observations of one value; 24 signs in context and 24 different signs are plenty."""

METHOD_ONLY, STATUS_COLUMN, SIZE_COLUMN = range(3)
"""Columns of the numbers of a request."""


class Observations(NamedTuple):
    """What some requests show, in order.

    Attributes:
        owner: uint64, whose habit.
        parent: uint64, 0 for none.
        category: uint64, hash over property and category.
        property: uint8.
        item: int32, index of the value, `WHOLE` for the request.
        first: int64 ``(rows + 1,)``: where those of each request begin.
        endpoint: uint64 ``(rows,)``: the place in the tree and the method; 0 for an unknown place.
    """

    owner: npt.NDArray[np.uint64]
    parent: npt.NDArray[np.uint64]
    category: npt.NDArray[np.uint64]
    property: npt.NDArray[np.uint8]
    item: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]
    endpoint: npt.NDArray[np.uint64]


@inline
def _say(lists, used, owner, parent, what, category, item):
    """Adds an observation."""
    owners, parents, cats, kinds, items = lists
    n = used[0]
    owners[n] = owner
    parents[n] = parent
    cats[n] = mix(category, _U(what + 1))
    kinds[n] = np.uint8(what)
    items[n] = np.int32(item)
    used[0] = n + 1


@inline
def count_of(owner, category, cat_keys, counts):
    """Weight with which an owner has shown a category."""
    at = locate(cat_keys, mix(owner, category))
    return np.float64(counts[at]) if cat_keys[at] != _U(0) else 0.0


@inline
def is_thing(text, begin, end):
    """True for a segment that names a thing by its look alone: numbers, hashes, long or odd
    texts.
    """
    digits = letters = others = np.int64(0)
    hexes = np.int64(0)
    for i in range(begin, end):
        kind = CLASS[text[i]]
        digits += kind == DIGIT
        letters += kind == LETTER
        hexes += kind == DIGIT or (kind == LETTER and (text[i] | 32) <= 102)
        others += (
            kind > LETTER
            and kind != DIGIT
            and not (text[i] == 45 or text[i] == 95 or text[i] == 46 or text[i] == 126)
        )
    length = end - begin
    if digits == length or length > 48:
        return True
    if others > 0:
        return others < length
    return hexes + 4 >= length and digits > 0 and length >= 8


@inline
def _ending(text, begin, end):
    """Hash of what stands after the first point of a file's name, with the sign at its end."""
    at = begin + 1
    while at < end and text[at] != 46:
        at += 1
    last = _U(text[end - 1]) if CLASS[text[end - 1]] > LETTER else _U(1)
    return mix(siphash(text, min(at, end), end, K0, K1), last)


@inline
def _walk(
    items,
    text,
    begin,
    end,
    lists,
    used,
    owner_keys,
    owner_rows,
    flags,
    cat_keys,
    counts,
    weight,
):
    """Goes down the tree of paths.

    Returns:
        ``(node, depth)``: the place, 0 when the tree does not have it, and how many segments it
        went.
    """
    _, place, key, _, spans, _ = items
    node = ROOT
    i = begin
    while i < end and place[i] == SEGMENT:
        row = locate(owner_keys, node)
        is_open = owner_keys[row] != _U(0) and flags[owner_rows[row]] & OPEN != 0
        is_variable = is_thing(text, spans[i, 0], spans[i, 1])
        category = mix(key[i], _U(CHILD + 1))
        if not is_variable and is_open:
            is_variable = count_of(node, category, cat_keys, counts) - weight < KNOWN
        if is_variable:
            _say(lists, used, node, _U(0), CHILD, VARIABLE, i)
            known = count_of(node, mix(VARIABLE, _U(CHILD + 1)), cat_keys, counts) > weight
            below = mix(node, VARIABLE)
        else:
            _say(lists, used, node, _U(0), CHILD, key[i], i)
            known = count_of(node, category, cat_keys, counts) > weight
            below = mix(node, key[i])
        if not known and weight < 2.0:
            return _U(0), node, i - begin
        node = below
        i += 1
    if i > begin:  # every site has a first page
        _say(lists, used, node, _U(0), CHILD, HERE, WHOLE)
    return node, node, i - begin


@inline
def _value(
    text,
    begin,
    end,
    size,
    owner,
    parent,
    item,
    lists,
    used,
    cats,
    several,
    several_of,
    cat_keys,
    counts,
    weight,
):
    """Observations of one value."""
    value = value_category(text, begin, end, size)
    _say(lists, used, owner, parent, VALUE, value, item)
    if weight < 2.0:
        seen = count_of(owner, mix(value, _U(VALUE + 1)), cat_keys, counts)
        if parent != _U(0) and seen - weight < KNOWN:
            seen = count_of(parent, mix(value, _U(VALUE + 1)), cat_keys, counts)
        if seen - weight >= KNOWN:
            return
    found = categories(text, begin, end, size, cats, several, several_of)
    # headers have no parent: of those only what an attack would change is looked at
    is_header = parent == _U(0)
    for k in range(VALUE + 1, MAGNITUDE + 1):
        if cats[k] != _U(0) and not (is_header and (k == SHAPE or k == SKELETON or k == EDGE)):
            _say(lists, used, owner, parent, k, cats[k], item)
    for k in range(min(found, MOST_VALUE_OBSERVATIONS)):
        if is_header and several_of[k] == CONTEXT:
            continue
        _say(lists, used, owner, parent, several_of[k], several[k], item)


@kernel(
    "int64(int64[::1], uint8[::1], uint64[::1], uint64[::1], int64[:,::1], int32[::1], uint8[::1],"
    " uint64[:,::1], int64[:,::1], int64, float64[::1], uint64[::1], int32[::1], uint8[::1],"
    " uint64[::1], float32[::1], uint64[::1], uint64[::1], uint64[::1], uint8[::1], int32[::1],"
    " int64[::1], uint64[::1], uint64[::1], uint64[::1], int64[::1], int64[::1])"
)
def _observe(
    first,
    place,
    key,
    name,
    spans,
    lengths,
    text,
    about,
    numbers,
    start,
    weights,
    owner_keys,
    owner_rows,
    flags,
    cat_keys,
    counts,
    owners,
    parents,
    cats_out,
    kinds,
    items_out,
    obs_first,
    endpoint,
    cats,
    several,
    several_of,
    used,
):
    """Observations of the requests from `start` on; stops before one for which there may be no
    room.
    """
    lists = (owners, parents, cats_out, kinds, items_out)
    items = (first, place, key, name, spans, lengths)
    used[0] = 0
    rows = first.shape[0] - 1
    r = start
    while r < rows:
        if used[0] + ROOM > owners.shape[0]:
            return r
        obs_first[r - start] = used[0]
        begin, end = first[r], first[r + 1]
        weight = weights[r] if weights.shape[0] > 0 else 0.0
        node, _, depth = _walk(
            items,
            text,
            begin,
            end,
            lists,
            used,
            owner_keys,
            owner_rows,
            flags,
            cat_keys,
            counts,
            weight,
        )
        method = _U(numbers[r, METHOD_ONLY] + 1)
        here = mix(node, method) if node != _U(0) else _U(0)
        endpoint[r - start] = here
        if here != _U(0):
            _say(lists, used, node, ANYWHERE, METHOD, method, WHOLE)
            like = mix(ANYWHERE, method)
            _say(lists, used, here, like, CONTENT_TYPE, about[r, _ABOUT_TYPE] + _U(1), WHOLE)
            _say(lists, used, here, like, BODY_KIND, about[r, _ABOUT_BODY] + _U(1), WHOLE)
        else:
            _say(lists, used, ANYWHERE, _U(0), METHOD, method, WHOLE)
        if about[r, _ABOUT_ORDER] != _U(0):
            _say(lists, used, ANYWHERE, _U(0), HEADER_SET, about[r, _ABOUT_SET], WHOLE)
            _say(lists, used, ANYWHERE, _U(0), HEADER_ORDER, about[r, _ABOUT_ORDER], WHOLE)
        # names of the parameters: each, their set, their order
        names, order = _U(7), _U(8)
        for i in range(begin, end):
            kind = place[i]
            if kind == SEGMENT or kind == HEADER or kind == COOKIE or kind == BODY:
                continue
            is_first = True
            if kind == JSON:
                # lists repeat their names
                for k in range(max(begin, i - 32), i):
                    if key[k] == key[i]:
                        is_first = False
                        break
            if is_first:
                names += mix(key[i], _U(9))
                order = mix(order, key[i])
                if here != _U(0):
                    _say(lists, used, here, _U(0), NAME, key[i], i)
        if here != _U(0):
            _say(lists, used, here, _U(0), SET, names, WHOLE)
            _say(lists, used, here, _U(0), ORDER, order, WHOLE)
            if numbers[r, STATUS_COLUMN] > 0:
                status = _U(numbers[r, STATUS_COLUMN])
                _say(lists, used, here, like, STATUS, status, WHOLE)
                if numbers[r, SIZE_COLUMN] >= 0:
                    size = _U(size_bin(numbers[r, SIZE_COLUMN]) + 1)
                    _say(lists, used, mix(here, status), _U(0), SIZE, size, WHOLE)
        last = begin
        while last < end and place[last] == SEGMENT:
            last += 1
        if last > begin and not is_thing(text, spans[last - 1, 0], spans[last - 1, 1]):
            ending = _ending(text, spans[last - 1, 0], spans[last - 1, 1])
            _say(lists, used, ANYWHERE, _U(0), WORD, ending, last - 1)
        for i in range(begin, last - 1):
            if is_file(text, spans[i, 0], spans[i, 1]):
                _say(lists, used, ANYWHERE, _U(0), WORD, INSIDE_FILE, i)
                break
        node = ROOT
        for i in range(begin, end):
            kind = place[i]
            owner, parent = _U(0), _U(0)
            if kind == SEGMENT:
                # only what names a thing has a value
                if i - begin > depth or (i - begin == depth and here != _U(0)):
                    continue
                row = locate(owner_keys, node)
                is_open = owner_keys[row] != _U(0) and flags[owner_rows[row]] & OPEN != 0
                is_variable = is_thing(text, spans[i, 0], spans[i, 1])
                if not is_variable and is_open:
                    seen = count_of(node, mix(key[i], _U(CHILD + 1)), cat_keys, counts)
                    is_variable = seen - weight < KNOWN
                owner = mix(node, VARIABLE)
                node = owner if is_variable else mix(node, key[i])
                if not is_variable:
                    continue
                parent = VARIABLE
            elif kind == HEADER or kind == COOKIE:
                owner = key[i]
                parent = _U(COOKIE + 1) if kind == COOKIE else _U(0)
            else:
                parent = mix(name[i], _U(11))
                owner = mix(here, key[i]) if here != _U(0) else _U(0)
            _value(
                text, spans[i, 0], spans[i, 1], np.int64(lengths[i]), owner, parent, i, lists,
                used, cats, several, several_of, cat_keys, counts, weight,
            )  # fmt: skip
        r += 1
    return r


AT_ONCE = 1 << 17


class Observer:
    """Turns items into observations, with work space of its own. One thread at a time."""

    def __init__(self) -> None:
        room = max(AT_ONCE, 2 * ROOM)
        self._owner, self._parent, self._category = (np.empty(room, np.uint64) for _ in range(3))
        self._property = np.empty(room, np.uint8)
        self._item = np.empty(room, np.int32)
        self._cats = np.zeros(PROPERTIES, np.uint64)
        self._several = np.zeros(MOST_SEVERAL, np.uint64)
        self._several_of = np.zeros(MOST_SEVERAL, np.int64)
        self._used = np.zeros(1, np.int64)

    def observe(
        self,
        items: Items,
        numbers: npt.NDArray[np.int64],
        start: int,
        weights: npt.NDArray[np.float64],
        knowledge: Any,
    ) -> tuple[int, Observations]:
        """Observations of the requests from `start` on.

        Args:
            items: Values of the requests.
            numbers: int64 ``(rows, 3)``: method, status, size of the answer; -1 for unknown.
            start: First request.
            weights: ``(rows,)`` with which each request is part of what is known, to be left out;
                2 or more: nothing is known yet; empty: none is part of it.
            knowledge: `Knowledge`.

        Returns:
            First request that was not looked at, and the observations, valid until the next call.
        """
        rows = len(items.first) - 1
        first, endpoint = np.empty(rows - start + 1, np.int64), np.zeros(rows - start, np.uint64)
        done = int(
            _observe(
                items.first, items.place, items.key, items.name, items.span, items.length,
                items.text, items.about, numbers, start, weights, *knowledge.tree(), self._owner,
                self._parent, self._category, self._property, self._item, first, endpoint,
                self._cats, self._several, self._several_of, self._used,
            )
        )  # fmt: skip
        n = int(self._used[0])
        first[done - start] = n
        return done, Observations(
            self._owner[:n], self._parent[:n], self._category[:n], self._property[:n],
            self._item[:n], first[: done - start + 1], endpoint[: done - start],
        )  # fmt: skip
