"""Prices that the API itself gave for its products, and requests that state another one.

One pass over JSON finds the objects that hold an identifier and a price, in replies and in bodies
alike, without decoding: what an object means does not depend on how deep it lies.

References: OWASP API6:2023; CWE-472, CWE-602; CAPEC-162.
"""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.features.body_marks import AMOUNT, hash_of
from apisentinel.features.word_table import Table, kind_of, word_table
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import DEFAULT_KEY, mix, siphash
from apisentinel.kernels.slots import EVICTED, HAND, HEADER, Slots, acquire, find_row
from apisentinel.records.batch import TEXT_INDEX, RequestBatch

PRODUCTS = 1 << 14
"""Products whose price is remembered; 72 bytes each."""
MOST_BYTES = 16_384
"""Bytes of a body or reply that are searched; a page of fifty products is shorter."""
DEEPEST = 8
"""Objects inside each other that are told apart."""
GIVEN_TO = 2
"""Different principals that were given a price before it is the price: what one account was offered
is between it and the shop.
"""
PERIOD_US = 86_400_000_000
"""How long the price before the last change is honoured: a basket may be a day old."""
CENT = 0.011
"""Difference that rounding makes."""

_ID, _PLAIN_ID, _PRICE, _CENTS = 1, 2, 3, 4
_NAMES = {
    **dict.fromkeys(("productid", "product", "sku", "itemid", "variantid", "articleid", "planid",
                     "offerid"), _ID),
    "id": _PLAIN_ID,
    **dict.fromkeys(("price", "unitprice", "itemprice", "priceeach", "unitamount"), _PRICE),
    "pricecents": _CENTS, "unitpricecents": _CENTS,
}  # fmt: skip
"""Names in small letters without separators."""

PRICE = np.dtype(
    [*HEADER, ("price", "f8"), ("before", "f8"), ("changed", "i8"), ("who", "u8"),
     ("several", "u4"), ("replies", "u4"), ("changes", "u4"), ("spare", "u4")]
)  # fmt: skip
"""What the API gave as the price of one product."""

STATED = np.dtype(
    [("row", "i8"), ("stated", "f8"), ("given", "f8"), ("replies", "i8"), ("is_same", "u1")]
)
"""A request that states the price of a product whose price is known."""
MOST_STATED = 8
"""Products of one request that are compared."""

_BODY, _REPLY = TEXT_INDEX["request_body"], TEXT_INDEX["response_body"]
_U = np.uint64
_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def _table() -> Table:
    return word_table({hash_of(word): kind for word, kind in _NAMES.items()})


_WORDS, _KINDS = _table()


@inline
def _number(text, begin, end):
    """The number in a text, -1 for none and for what is longer than any price."""
    value, scale, digits = 0.0, 0.0, 0
    for at in range(begin, end):
        byte = text[at]
        if 48 <= byte <= 57:
            value = value * 10.0 + (np.int64(byte) - 48)
            scale *= 10.0
            digits += 1
        elif byte == 46 and scale == 0.0:
            scale = 1.0
        else:
            return -1.0
    if digits == 0 or digits > 15:
        return -1.0
    return value / scale if scale > 0.0 else value


@inline
def _pairs(text, begin, end, k0, k1, ids, ranks, prices, found, found_prices):
    """Fills identifier and price of each object that has both; returns how many.

    `ids`, `ranks` and `prices` are work space of `DEEPEST` places.
    """
    count, depth = 0, 0
    at = begin
    while at < end and count < found.shape[0]:
        byte = text[at]
        if byte == 123:
            depth += 1
            if depth < DEEPEST:
                ids[depth], ranks[depth], prices[depth] = _U(0), 0, -1.0
        elif byte == 125:
            if 0 < depth < DEEPEST and ids[depth] != _U(0) and prices[depth] >= 0.0:
                found[count], found_prices[count] = ids[depth], prices[depth]
                count += 1
            depth = max(depth - 1, 0)
        elif byte == 34:
            word = _BASIS
            stop = at + 1
            while stop < end and text[stop] != 34:
                byte = text[stop]
                if byte == 92:
                    stop += 1
                elif byte != 95 and byte != 45:
                    if 65 <= byte <= 90:
                        byte |= np.uint8(32)
                    word = (word ^ _U(byte)) * _PRIME
                stop += 1
            length = stop - at
            at = stop + 1
            while at < end and text[at] == 32:
                at += 1
            if at >= end or text[at] != 58 or length > 20 or not 0 < depth < DEEPEST:
                continue
            at += 1
            kind = kind_of(_WORDS, _KINDS, word)
            if kind == 0:
                continue
            while at < end and (text[at] == 32 or text[at] == 34):
                at += 1
            stop = at
            while stop < end and text[stop] != 34 and text[stop] != 44 and text[stop] != 125:
                stop += 1
            if stop > at and text[at] != 123 and text[at] != 91:
                if kind >= _PRICE:
                    value = _number(text, at, stop)
                    prices[depth] = value / 100.0 if kind == _CENTS else value
                elif kind == _ID or ranks[depth] == 0:
                    ids[depth] = siphash(text, at, stop, k0, k1)
                    ranks[depth] = 1
                at = stop
                if at < end and text[at] == 34:
                    at += 1
            continue
        at += 1
    return count


@inline
def _learn(r, price, who, ts):
    """Takes over a price that the API gave."""
    r.replies += 1
    if abs(price - r.price) > CENT:
        r.before, r.price, r.changed = r.price, price, ts
        r.changes += 1
        r.who, r.several = who, 1
    elif r.who != who:
        r.who = who
        r.several += 1
    r.last = max(r.last, ts)


@kernel(
    "int64(uint8[::1], int32[:,:,::1], int64[::1], int16[::1], uint8[::1], uint64[::1],"
    " uint64[::1], uint64, uint64, uint64[::1], int64[::1], float64[::1], uint64[::1],"
    " float64[::1], uint64[::1], int32[::1], int64[::1], PRICE[::1], STATED[::1])",
    PRICE=PRICE,
    STATED=STATED,
)
def _follow(
    buffer, spans, times, statuses, marks, who, hosts, k0, k1, ids, ranks, prices, found,
    found_prices, keys, rows, meta, records, told,
):  # fmt: skip
    """Compares what bodies state and learns what replies give, in order; returns rows of `told`.

    Cost: 1-2 ns a byte of replies in JSON and of bodies that state amounts; nothing for others.
    """
    count = 0
    for i in range(spans.shape[1]):
        begin, end = np.int64(spans[_BODY, i, 0]), np.int64(spans[_BODY, i, 1])
        if marks[i] and begin >= 0 and end > begin:
            end = min(end, begin + MOST_BYTES)
            n = _pairs(buffer, begin, end, k0, k1, ids, ranks, prices, found, found_prices)
            for j in range(min(n, MOST_STATED)):
                row = find_row(keys, rows, mix(hosts[i], found[j]))
                if row < 0 or count >= told.shape[0]:
                    continue
                r = records[row]
                if r.several < GIVEN_TO or r.price <= 0.0 or 10 * r.changes > r.replies + 20:
                    continue
                same = abs(found_prices[j] - r.price) <= CENT
                if r.before > 0.0 and times[i] - r.changed < PERIOD_US:
                    same = same or abs(found_prices[j] - r.before) <= CENT
                t = told[count]
                t.row, t.stated, t.given = i, found_prices[j], r.price
                t.replies, t.is_same = np.int64(r.replies), np.uint8(same)
                count += 1
        begin, end = np.int64(spans[_REPLY, i, 0]), np.int64(spans[_REPLY, i, 1])
        # what a reply says after a request that stated a price may only repeat it
        if begin < 0 or end - begin < 16 or not 200 <= statuses[i] < 300 or marks[i]:
            continue
        if buffer[begin] != 123 and buffer[begin] != 91:
            continue
        end = min(end, begin + MOST_BYTES)
        n = _pairs(buffer, begin, end, k0, k1, ids, ranks, prices, found, found_prices)
        for j in range(n):
            key = mix(hosts[i], found[j])
            row, is_new = acquire(keys, rows, meta, records, key)
            r = records[row]
            if is_new:
                r.key = key
                r.last = times[i]
                r.risk = 0.0
                r.version = 1
                r.price = found_prices[j]
                r.before = 0.0
                r.changed = times[i]
                r.who = who[i]
                r.several = 1
                r.replies = 1
                r.changes = 0
                r.spare = 0
            else:
                _learn(r, found_prices[j], who[i], times[i])
    return count


@kernel("void(uint64[::1], int32[::1], int64[::1], PRICE[::1], PRICE[::1])", PRICE=PRICE)
def _restore(keys, rows, meta, records, kept):
    """Puts records back in the order of their rows."""
    for i in range(kept.shape[0]):
        row, _ = acquire(keys, rows, meta, records, kept[i].key)
        records[row] = kept[i]


class PriceMemory(msgspec.Struct, forbid_unknown_fields=True):
    """State of `PriceBook`, as it is kept."""

    records: bytes = b""
    hand: int = 0
    evicted: int = 0


class PriceBook:
    """Remembers prices. Deterministic in the order of the requests; not thread-safe."""

    def __init__(self) -> None:
        self._table = Slots(PRICE, PRODUCTS)
        self._ids, self._ranks = np.zeros(DEEPEST, np.uint64), np.zeros(DEEPEST, np.int64)
        self._prices = np.zeros(DEEPEST)
        self._found, self._found_prices = np.zeros(64, np.uint64), np.zeros(64)

    def update(
        self, batch: RequestBatch, events: npt.NDArray[Any], marks: npt.NDArray[np.uint8]
    ) -> npt.NDArray[Any]:
        """Compares and learns a block.

        Args:
            batch: The requests.
            events: Their `EVENT` rows after the state update.
            marks: Of `body_marks`.

        Returns:
            `STATED` rows in the order of the requests.
        """
        stating = np.ascontiguousarray(marks & AMOUNT)
        replies = batch.span("response_body")
        if not (stating.any() or (replies[:, 0] >= 0).any()):
            return np.empty(0, STATED)
        told = np.zeros(MOST_STATED * int(np.count_nonzero(stating)), STATED)
        who = np.where(events["user"] != 0, events["user"], events["session"])
        count = _follow(
            batch.buffer, np.ascontiguousarray(batch.spans), np.ascontiguousarray(events["ts"]),
            np.ascontiguousarray(events["status"]), stating, who,
            np.ascontiguousarray(batch.enriched["h_host"]), DEFAULT_KEY.k0, DEFAULT_KEY.k1,
            self._ids, self._ranks, self._prices, self._found, self._found_prices,
            self._table.keys, self._table.rows, self._table.meta, self._table.records, told,
        )  # fmt: skip
        return told[:count]

    def memory(self) -> PriceMemory:
        """What a successor has to know."""
        meta = self._table.meta
        return PriceMemory(self._table.used.tobytes(), int(meta[HAND]), int(meta[EVICTED]))

    def recall(self, memory: PriceMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._table = Slots(PRICE, PRODUCTS)
        kept = np.frombuffer(memory.records, PRICE)[:PRODUCTS].copy()
        table = self._table
        _restore(table.keys, table.rows, table.meta, table.records, kept)
        table.meta[HAND], table.meta[EVICTED] = memory.hand, memory.evicted
