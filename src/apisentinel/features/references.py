"""Which object a request names, and of what kind: the id in the path with the word before it, and
ids in the fields of a small body (``BasketId``, ``order_id``).

The word (noun) joins what paths and bodies say about the same things; the place (host and path up
to the id) keeps the orders of the customers apart from the same orders in the rooms of the staff.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.features.body_marks import hash_of
from apisentinel.features.word_table import Table, kind_of, word_table
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import DEFAULT_KEY, mix, siphash
from apisentinel.records.batch import TEXT_INDEX, RequestBatch
from apisentinel.records.flags import PATH_ADMIN

REFERENCE = np.dtype(
    [
        ("place", "u8"), ("noun", "u8"), ("thing", "u8"), ("number", "i8"), ("kind", "u1"),
        ("length", "u1"), ("is_body", "u1"), ("spare", "u1", (5,)),
    ]
)  # fmt: skip
"""One object that a request names.

`thing` is the hash of its id as written, 0 for none; `place` 0 for an id of a body (the place is
where the noun is at home); `number` -1 when the id is no number; `length` characters of the id.
"""

IN_PATH, IN_BODY = 0, 1
MOST = 3
"""Objects of one request: the last one of its path and two of its body."""

UNKNOWN, PERSONAL, SINGLE, PUBLIC, STAFF = range(5)
"""What the words of a path say about its objects before anything is learned: they belong to
somebody, everybody has exactly one, everybody may see them, the staff works with them.
"""

_PERSONAL = (
    "account", "order", "invoice", "payment", "card", "address", "message", "conversation",
    "document", "file", "subscription", "ticket", "booking", "reservation", "appointment",
    "prescription", "patient", "claim", "statement", "transaction", "transfer", "payee",
    "beneficiary", "device", "contract", "quote", "loan", "bill", "receipt", "refund", "return",
    "payout", "notification", "draft", "upload", "vault", "secret", "clip", "recording",
    "rechnung", "bestellung", "konto", "pedido", "factura", "commande", "facture", "ordine",
    "shipment", "sendung", "envio", "expedition",
)  # fmt: skip
_SINGLE = (
    "basket", "cart", "wallet", "mailbox", "checkout", "bag", "trolley", "warenkorb", "carrito",
    "panier", "carrello", "wishlist", "preference", "setting",
)  # fmt: skip
_PUBLIC = (
    "product", "item", "article", "category", "post", "page", "image", "photo", "media", "shop",
    "store", "review", "tag", "brand", "collection", "album", "song", "video", "movie", "show",
    "event", "news", "story", "offer", "template", "question", "answer", "forum", "topic",
    "thread", "city", "country", "language", "price", "stock", "symbol", "recipe", "book", "blog",
    "channel", "artist", "playlist", "catalog", "catalogue", "listing", "comment", "feed", "game",
    "artikel", "produkt", "producto", "produit", "prodotto", "station", "route", "repo", "package",
)  # fmt: skip
_STAFF = (
    "internal", "support", "staff", "backoffice", "ops", "operation", "management", "manage",
    "moderation", "employee", "helpdesk", "agent", "crm",
)  # fmt: skip
_OWNED_WORDS = frozenset((*_PERSONAL, *_SINGLE))
_VERSION_MOST = 3
"""Characters of ``v1``, which is no word."""
MOST_BODY = 2_048
"""Bytes of a body that are searched: forms that name an object are short."""
_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def names_personal(route: str) -> bool:
    """Whether the words of a route say that its objects belong to somebody: the last word, in the
    singular, without the ending of a script.

    Args:
        route: As endpoints are shown.

    Example:
        >>> [names_personal(route) for route in ("/v1/orders/{id}", "/rechnung.php", "/e/{slug}")]
        [True, True, False]
        >>> names_personal("/v1/products/{id}/offers/{id}")
        False
    """
    for part in reversed(route.lower().split("/")):
        word = part.partition(".")[0].replace("-", "").replace("_", "")
        if not word.isalpha() or len(word) < 2:
            continue
        ends = (word, word.removesuffix("s"), word.removesuffix("es"))
        return any(end in _OWNED_WORDS for end in (*ends, word.removesuffix("ies") + "y"))
    return False


def _table() -> Table:
    kinds: dict[int, int] = {}
    for kind, words in ((PERSONAL, _PERSONAL), (SINGLE, _SINGLE), (PUBLIC, _PUBLIC),
                        (STAFF, _STAFF)):  # fmt: skip
        kinds |= {hash_of(word): kind for word in words}
    return word_table(kinds)


_WORDS, _KINDS = _table()


@inline
def _lower(byte):
    return byte | np.uint8(32) if 65 <= byte <= 90 else byte


@inline
def _is_word(buffer, begin, end):
    """True for a segment of letters that may name a kind of thing."""
    if end - begin < 2:
        return False
    for at in range(begin, end):
        byte = _lower(buffer[at])
        if not (97 <= byte <= 122 or byte == 45 or byte == 95):
            return False
    return True


@inline
def _noun(buffer, begin, end):
    """Hash of a word in small letters without separators, in the singular."""
    if end - begin > 4 and _lower(buffer[end - 1]) == 115 and _lower(buffer[end - 2]) != 115:
        # baskets, addresses, categories
        end -= 1
        if _lower(buffer[end - 1]) == 101:
            last = _lower(buffer[end - 2])
            if last == 115 or last == 120 or last == 104:
                end -= 1
            elif last == 105:
                word = _BASIS
                for at in range(begin, end - 2):
                    byte = _lower(buffer[at])
                    if byte != 45 and byte != 95:
                        word = (word ^ np.uint64(byte)) * _PRIME
                return (word ^ np.uint64(121)) * _PRIME
    word = _BASIS
    for at in range(begin, end):
        byte = _lower(buffer[at])
        if byte != 45 and byte != 95:
            word = (word ^ np.uint64(byte)) * _PRIME
    return word


@inline
def _id_end(buffer, begin, end):
    """Where an id ends that fills this text up to an extension; `begin` when it is none."""
    digits, letters = 0, 0
    at = begin
    while at < end:
        byte = buffer[at]
        if 48 <= byte <= 57:
            digits += 1
        elif 97 <= _lower(byte) <= 122:
            letters += 1
        elif byte == 46 and at > begin and end - at <= 6 and digits > 0:
            break
        elif byte != 45 and byte != 95:
            return begin
        at += 1
    if digits == 0 or at - begin > 64:
        return begin
    if letters == 0:
        return at
    # v2, s3 and words with a digit are no ids
    return at if digits >= 3 or at - begin >= 16 else begin


@inline
def _number(buffer, begin, end):
    """A number of at most 18 digits, -1 for anything else."""
    if end - begin > 18:
        return np.int64(-1)
    value = np.int64(0)
    for at in range(begin, end):
        if not 48 <= buffer[at] <= 57:
            return np.int64(-1)
        value = value * 10 + np.int64(buffer[at] - 48)
    return value


@inline
def _of_path(buffer, begin, end, host, is_admin, k0, k1, out):
    """Fills in the last object of a path, and whether the path is one of the staff."""
    is_staff = is_admin
    word_begin, word_end = np.int64(0), np.int64(0)
    at = begin
    while at < end:
        if buffer[at] == 47:
            at += 1
            continue
        stop = at
        while stop < end and buffer[stop] != 47:
            stop += 1
        if _is_word(buffer, at, stop):
            word_begin, word_end = at, stop
            is_staff = is_staff or kind_of(_WORDS, _KINDS, _noun(buffer, at, stop)) == STAFF
        elif word_end > word_begin:
            last = _id_end(buffer, at, stop)
            if last > at:
                noun = _noun(buffer, word_begin, word_end)
                kind = kind_of(_WORDS, _KINDS, noun)
                out.noun = noun
                out.place = mix(mix(host, siphash(buffer, begin, word_end, k0, k1)), noun)
                out.thing = siphash(buffer, at, last, k0, k1)
                out.number = _number(buffer, at, last)
                out.length = np.uint8(last - at)
                out.kind = np.uint8(STAFF if is_staff else kind)
                # the word of an object further down is not this one's
                word_end = word_begin
        at = stop
    if is_staff:
        out.kind = np.uint8(STAFF)


@inline
def _of_body(buffer, begin, end, k0, k1, out):
    """Fills in ids from the fields of a JSON object or a form."""
    used = 1
    end = min(end, begin + MOST_BODY)
    at = begin
    while at < end and used < MOST:
        if not (97 <= _lower(buffer[at]) <= 122):
            at += 1
            continue
        start = at
        while at < end and (
            97 <= _lower(buffer[at]) <= 122 or buffer[at] == 95 or 48 <= buffer[at] <= 57
        ):
            at += 1
        # name ends in id: BasketId, basket_id
        if at - start < 4 or _lower(buffer[at - 1]) != 100 or _lower(buffer[at - 2]) != 105:
            continue
        if buffer[at - 2] != 73 and buffer[at - 3] != 95:
            continue
        stop = at
        while stop < end and (buffer[stop] == 34 or buffer[stop] == 32):
            stop += 1
        if stop >= end or (buffer[stop] != 58 and buffer[stop] != 61):
            continue
        stop += 1
        while stop < end and (buffer[stop] == 34 or buffer[stop] == 32):
            stop += 1
        last = stop
        while last < end and (
            48 <= buffer[last] <= 57 or 97 <= _lower(buffer[last]) <= 122 or buffer[last] == 45
            or buffer[last] == 95
        ):  # fmt: skip
            last += 1
        if last == stop or _id_end(buffer, stop, last) != last:
            at = last
            continue
        name_end = at - 3 if buffer[at - 3] == 95 else at - 2
        r = out[used]
        r.noun = _noun(buffer, start, name_end)
        r.place = 0
        r.thing = siphash(buffer, stop, last, k0, k1)
        r.number = _number(buffer, stop, last)
        r.length = np.uint8(min(last - stop, 255))
        r.kind = np.uint8(kind_of(_WORDS, _KINDS, r.noun))
        r.is_body = np.uint8(1)
        used += 1
        at = last


@kernel(
    "void(uint8[::1], int32[:,:,::1], uint64[::1], uint32[::1], uint8[::1], uint64, uint64,"
    " REFERENCE[:,::1])",
    REFERENCE=REFERENCE,
)
def find_references(buffer, spans, hosts, flags, methods, k0, k1, out):
    """Fills the objects that each row names; unused places have `thing` 0.

    Args:
        buffer, spans: Of the batch.
        hosts: uint64 ``(n,)`` hash of the host.
        flags, methods: Of the paths and requests.
        k0, k1: Key of the hashes of ids.
        out: `REFERENCE` ``(n, MOST)``, zeros.

    Cost: 30-60 ns a row with a path of four segments.
    """
    for i in range(spans.shape[1]):
        begin, end = np.int64(spans[_PATH, i, 0]), np.int64(spans[_PATH, i, 1])
        if begin >= 0:
            is_admin = flags[i] & PATH_ADMIN != 0
            _of_path(buffer, begin, end, hosts[i], is_admin, k0, k1, out[i, 0])
        if not 3 <= methods[i] <= 5:
            continue
        begin, end = np.int64(spans[_BODY, i, 0]), np.int64(spans[_BODY, i, 1])
        if begin >= 0 and end > begin:
            _of_body(buffer, begin, end, k0, k1, out[i])


_PATH, _BODY = TEXT_INDEX["path"], TEXT_INDEX["request_body"]


def references(batch: RequestBatch) -> npt.NDArray[Any]:
    """Objects that each row names, `REFERENCE` ``(n_rows, MOST)``."""
    out = np.zeros((len(batch), MOST), REFERENCE)
    find_references(
        batch.buffer, np.ascontiguousarray(batch.spans),
        np.ascontiguousarray(batch.enriched["h_host"]),
        np.ascontiguousarray(batch.enriched["path_flags"]),
        np.ascontiguousarray(batch.enriched["method"]), DEFAULT_KEY.k0, DEFAULT_KEY.k1, out,
    )  # fmt: skip
    return out
