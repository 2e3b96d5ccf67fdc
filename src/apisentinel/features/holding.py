"""Who has what: the objects that each principal uses at each place, who owns them, which ids a
principal was given in replies, and what that makes of an object that it never used before.

An object is somebody's when that principal was given its id or came back to it; asking once claims
nothing, so nobody makes things theirs by walking through them. What is shared is learned per place
from the first requests of each principal. Five signs count against a principal that asks for a new
object at a place whose objects are private: it is somebody else's; its id was never in a reply to
this principal although ids here come from replies; it is refused; it lies beside the last one; or
everybody has one object here and this is another one.

References: OWASP API1:2023; CWE-639; Wald, "Sequential analysis", 1947.
"""

import numpy as np

from apisentinel.features.events import EVENT
from apisentinel.features.pair import principal
from apisentinel.features.references import (
    MOST,
    PERSONAL,
    PUBLIC,
    REFERENCE,
    SINGLE,
    STAFF,
)
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import mix, siphash
from apisentinel.kernels.sketches import bloom_add, decay_factor
from apisentinel.kernels.slots import HEADER, acquire, find_row

VERSION = 1

HELD = np.dtype(
    [
        *HEADER, ("main", "u8"), ("latest", "u8"), ("first", "i8"), ("number", "i8"),
        ("main_uses", "u4"), ("ids", "u4"), ("score", "f4"), ("told", "f4"), ("order", "f4"),
        ("single", "f4"), ("foreign", "u2"), ("unprovenanced", "u2"), ("refused", "u2"),
        ("ordered", "u2"), ("others", "u2"), ("voices", "u2"), ("returned", "u2"),
        ("own", "u2"), ("used", "u1", (64,)),
    ]
)  # fmt: skip
"""One principal at one place: the ids it used and what speaks against it."""

PLACE = np.dtype(
    [
        *HEADER, ("principals", "u4"), ("several", "u4"), ("known", "u4"), ("foreign", "u4"),
        ("given", "u4"), ("unprovenanced", "u4"), ("asked", "u4"), ("refused", "u4"),
        ("kind", "u4"), ("spare", "u4"),
    ]
)  # fmt: skip
"""One place (host, path up to the id): how its objects are used by all."""

OWNED = np.dtype(
    [*HEADER, ("owner", "u8"), ("second", "u8"), ("since", "i8"), ("uses", "u4"), ("again", "u4"),
     ("firm", "u4"), ("spare", "u4")]
)  # fmt: skip
"""One object: who came first, who came second, and how often each came back."""

GIVEN = np.dtype(
    [*HEADER, ("replies", "u4"), ("count", "u4"), ("young", "u1", (256,)), ("old", "u1", (256,))]
)
"""Ids in the replies to one principal: two generations of a Bloom filter, 220 ids each at most."""

HOME = np.dtype([*HEADER, ("place", "u8")])
"""Where the things of a noun are reached by their id."""

TOLD = np.dtype(
    [
        ("row", "i8"), ("llr", "f4"), ("foreign", "f4"), ("unprovenanced", "f4"),
        ("refused", "f4"), ("ordered", "f4"), ("others", "f4"), ("ids", "f4"), ("share", "f4"),
        ("known", "f4"),
    ]
)  # fmt: skip
"""What is told of a principal at a request."""

NO_PLACE, OPEN, PRIVATE, ROOM, SHARED = range(5)
"""What a request's place is: without an object, not known yet, private objects, a room of the
staff, objects that many come to.
"""

GIVEN_MOST = 220
"""Ids of one generation; then 4 of 100 unknown ids look known."""
SHORTEST = 4
"""Characters of an id that tell where it came from; shorter numbers stand in every reply."""
FIRM_AFTER_US = 60_000_000
"""Time after which coming back to an object makes it the principal's."""
VOICES = 4
"""Objects of one principal that shape what is usual at a place."""
PRIOR_WEIGHT = 30.0
"""What the word of a place says counts like so many requests."""
PRIVATE_SHARE = 0.04
"""Share up to which a place is private: of the objects that somebody comes back to, those to which
somebody else comes.
"""
SHARED_SHARE = 0.2
"""The same from which on objects are everybody's."""
KNOWN_FEWEST = 15
"""Such objects before a place is private whose word says nothing."""
GIVEN_FEWEST, GIVEN_SHARE = 25, 0.85
"""Objects whose origin was looked for, and share of them that had been given, from which on ids
come from replies here.
"""
MEMORY_US = 86_400_000_000
"""Time in which evidence fades to a third: a slow walk takes a day."""
FOREIGN_STEP, ORIGIN_STEP = 2.4, 1.8
ORIGIN_FADES = 0.7
"""Each further id of unknown origin says so much of the one before: who brings one along, from
yesterday, from a list that the app keeps or from a reply that was not recorded, brings all of them.
"""
REFUSED_STEP, LET_IN_STEP, REFUSED_SHARE = 1.7, -0.3, 0.4
"""Most that a refusal says, least that an object that is let in says for the principal, and share
of refusals among the objects that an attacker asks for.
"""
ORDER_STEP, ORDER_MOST, NEAR = 0.8, 2.4, 2
SINGLE_EARLY, SINGLE_STEP, SINGLE_BESIDE, SINGLE_MOST = 1.2, 2.0, 2.8, 5.0
"""For another object where everybody has one: when the own one was used once, or more often, or
when the principal goes back and forth between its own and others; and the most of all. A new basket
after an order is one step and no way back.
"""
SINGLE_FEWEST, SINGLE_SHARE = 12, 0.1
"""Principals of a place from which on it is learned, not read from its word, whether everybody has
one object; share of them that may have several.
"""
GIVEN_BREAK = -0.8
"""For an object whose id the principal was given."""
ALERT, AGAIN, HIGHEST, MOST_SCORE = 5.4, 0.75, 8.0, 12.0
REFUSALS_MANY, REFUSALS_ONLY = 6.5, 9.0
"""Score from which on a refused object is told, as the fourth or later and before: nothing was
lost yet.
"""
CLAIMANT = 2.0
"""Score from which on a principal owns nothing new."""


@inline
def _remember(g, token):
    """Adds an id to those that were given."""
    if g.count >= GIVEN_MOST:
        for k in range(256):
            g.old[k] = g.young[k]
            g.young[k] = 0
        g.count = 0
    if bloom_add(g.young, token):
        g.count += 1


@inline
def _holds(bits, key):
    mask = np.uint64(bits.shape[0] * 8 - 1)
    a = np.int64(key & mask)
    b = np.int64((key >> np.uint64(32)) & mask)
    one = np.uint8(1)
    return (bits[a >> 3] & np.uint8(one << np.uint8(a & 7))) != 0 and (
        bits[b >> 3] & np.uint8(one << np.uint8(b & 7))
    ) != 0


@inline
def _alnum(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 45 or byte == 95


@inline
def _learn_reply(buffer, begin, end, g, k0, k1):
    """Adds everything that looks like an id in a reply. Cost: 1-2 ns a byte."""
    at = begin
    found = 0
    while at < end:
        if not _alnum(buffer[at]):
            at += 1
            continue
        start = at
        digits = 0
        while at < end and _alnum(buffer[at]):
            digits += 48 <= buffer[at] <= 57
            at += 1
        length = at - start
        if length < SHORTEST or length > 64 or digits < 3:
            continue
        if digits < length and digits * 4 < length and length < 16:
            continue
        if at < end and buffer[at] == 46 and at + 1 < end and 48 <= buffer[at + 1] <= 57:
            # a price
            continue
        if start > begin and buffer[start - 1] == 46:
            continue
        _remember(g, siphash(buffer, start, at, k0, k1))
        found += 1
    return found


@inline
def _prior(kind):
    """Share of objects of others that the word of a place lets expect."""
    if kind == PERSONAL or kind == SINGLE:
        return 0.01
    if kind == PUBLIC:
        return 0.6
    return 0.5 if kind == STAFF else 0.08


@inline
def _share(r, own):
    """Share of the objects of a place that others come to, without `own` voices of the one who
    asks.
    """
    return (r.foreign - own + PRIOR_WEIGHT * _prior(r.kind)) / (r.known - own + PRIOR_WEIGHT)


@inline
def _kind(r, own):
    """What a place is by now."""
    if r.kind == STAFF:
        return ROOM
    share = _share(r, own)
    if share >= SHARED_SHARE:
        return SHARED
    if r.kind != PERSONAL and r.kind != SINGLE and r.known - own < KNOWN_FEWEST:
        return OPEN
    return PRIVATE if share <= PRIVATE_SHARE else OPEN


@inline
def _new_held(h, key, ts):
    h.key = key
    h.risk = 0.0
    h.version = VERSION
    h.last = ts
    h.main = 0
    h.latest = 0
    h.first = ts
    h.number = -1
    h.main_uses = 0
    h.ids = 0
    h.score = 0.0
    h.told = 0.0
    h.order = 0.0
    h.single = 0.0
    h.foreign = 0
    h.unprovenanced = 0
    h.refused = 0
    h.ordered = 0
    h.others = 0
    h.voices = 0
    h.returned = 0
    h.own = 0
    for k in range(64):
        h.used[k] = 0


@inline
def _claim(o, who, ts, given, suspect):
    """Counts a request that was let in for the ownership of an object."""
    if o.owner == 0:
        if not suspect:
            o.owner = who
            o.since = ts
            o.uses = 1
            o.firm = np.uint32(given)
    elif o.owner == who:
        o.uses += 1
        if given or ts - o.since >= FIRM_AFTER_US:
            o.firm = 1
    elif o.firm == 0 and not suspect:
        if o.second != who:
            o.second = who
            o.again = 1
            o.since = ts
        else:
            o.again += 1
        if given or (o.again >= 2 and ts - o.since >= FIRM_AFTER_US):
            o.owner = who
            o.firm = 1
            o.uses = o.again


@kernel(
    "int64(EVENT[::1], REFERENCE[:,::1], uint8[::1], int32[:,::1], uint64, uint64, uint64[::1],"
    " uint64[::1], int32[::1], int64[::1], HELD[::1],"
    " uint64[::1], int32[::1], int64[::1], PLACE[::1],"
    " uint64[::1], int32[::1], int64[::1], OWNED[::1],"
    " uint64[::1], int32[::1], int64[::1], GIVEN[::1],"
    " uint64[::1], int32[::1], int64[::1], HOME[::1], uint8[::1], TOLD[::1])",
    EVENT=EVENT,
    REFERENCE=REFERENCE,
    HELD=HELD,
    PLACE=PLACE,
    OWNED=OWNED,
    GIVEN=GIVEN,
    HOME=HOME,
    TOLD=TOLD,
)
def update_holdings(
    events, named, buffer, replies, k0, k1, hosts,
    held_keys, held_rows, held_meta, held,
    place_keys, place_rows, place_meta, places,
    owned_keys, owned_rows, owned_meta, owned,
    given_keys, given_rows, given_meta, givens,
    home_keys, home_rows, home_meta, homes, kinds, told,
):  # fmt: skip
    """Counts the objects that requests name, in order.

    Args:
        events: `EVENT` ``(n,)`` after the endpoint kernel.
        named: `REFERENCE` ``(n, MOST)``.
        buffer, replies: Of the batch; spans of the replies.
        k0, k1: Key of the hashes of ids.
        hosts: uint64 ``(n,)`` hash of the host.
        held_keys … homes: Tables of `HELD`, `PLACE`, `OWNED`, `GIVEN` and `HOME`.
        kinds: Out: uint8 ``(n,)``, what the place of each request is.
        told: Out: `TOLD` ``(n,)``, at most one per request.

    Returns:
        Number of rows of `told`.

    Cost: 30 ns for a request without user, 150-300 ns for one with user and object; replies 1-2 ns
    a byte.
    """
    count = 0
    for i in range(events.shape[0]):
        e = events[i]
        kinds[i] = ROOM if named[i, 0].kind == STAFF else NO_PLACE
        if e.user == 0 and e.session_given == 0:
            continue
        who = principal(e)
        # -1: nothing is known of the replies to this principal
        given_row = find_row(given_keys, given_rows, who)
        let_in = 200 <= e.status < 300
        refused = e.status == 401 or e.status == 403 or e.status == 404 or e.status == 410
        failed = e.status >= 500
        best = np.float32(0.0)
        best_row = np.int64(-1)
        best_place = np.int64(-1)
        for j in range(MOST):
            ref = named[i, j]
            if ref.thing == 0:
                continue
            home = mix(hosts[i], ref.noun)
            if ref.is_body:
                at = find_row(home_keys, home_rows, home)
                if at < 0:
                    continue
                place_key = homes[at].place
            else:
                place_key = ref.place
                if ref.kind != STAFF and let_in:
                    at, is_new = acquire(home_keys, home_rows, home_meta, homes, home)
                    homes[at].key = home
                    homes[at].risk = 0.0
                    homes[at].version = VERSION
                    homes[at].last = e.ts
                    homes[at].place = place_key
            row, is_new = acquire(place_keys, place_rows, place_meta, places, place_key)
            r = places[row]
            if is_new:
                r.key = place_key
                r.risk = 0.0
                r.version = VERSION
                r.principals = 0
                r.several = 0
                r.known = 0
                r.foreign = 0
                r.given = 0
                r.unprovenanced = 0
                r.asked = 0
                r.refused = 0
                r.kind = ref.kind
            r.last = max(r.last, e.ts)
            pair = mix(who, place_key)
            mine, fresh_pair = acquire(held_keys, held_rows, held_meta, held, pair)
            h = held[mine]
            if fresh_pair:
                _new_held(h, pair, e.ts)
            if not ref.is_body:
                kinds[i] = np.uint8(_kind(r, np.int64(h.own)))
            factor = decay_factor(h.last, e.ts, MEMORY_US)
            h.score *= factor
            h.told *= factor
            h.order *= factor
            h.single *= factor
            h.last = max(h.last, e.ts)
            given = False
            traced = given_row >= 0 and ref.length >= SHORTEST
            if traced:
                g = givens[given_row]
                given = _holds(g.young, ref.thing) or _holds(g.old, ref.thing)
                traced = g.replies >= 3
            thing = mix(place_key, ref.thing)
            own_row = find_row(owned_keys, owned_rows, thing)
            if h.ids >= 200:
                # the filter is full: nothing can be said of new objects any more
                fresh = False
            else:
                fresh = bloom_add(h.used, thing)
            if fresh:
                h.ids += 1
                if h.ids == 1:
                    r.principals += 1
                elif h.ids == 2:
                    r.several += 1
                share = _share(r, np.int64(h.own))
                kind = _kind(r, np.int64(h.own))
                step = 0.0
                sign = False
                foreign = (
                    own_row >= 0 and owned[own_row].owner != who and owned[own_row].owner != 0
                    and owned[own_row].firm != 0
                )  # fmt: skip
                if (
                    own_row >= 0 and owned[own_row].owner != who and owned[own_row].owner != 0
                    and h.voices < VOICES
                ):  # fmt: skip
                    h.voices += 1
                    h.own += 1
                    r.known += 1
                    r.foreign += 1
                if traced and 1 < h.ids <= VOICES + 1 and not ref.is_body:
                    r.given += given
                    r.unprovenanced += not given
                if h.ids <= 3 and not ref.is_body:
                    # one refusal of each principal, so that a hunt does not make them usual
                    r.asked += 1
                    r.refused += refused and h.refused == 0
                if kind == PRIVATE and h.ids > 1:
                    if given:
                        step += GIVEN_BREAK
                    else:
                        if foreign:
                            step += min(FOREIGN_STEP, -0.75 * np.log(share))
                            h.foreign += 1
                            sign = True
                        looked = r.given + r.unprovenanced
                        if traced and not ref.is_body and looked >= GIVEN_FEWEST:
                            origin = (r.given + 1.0) / (looked + 2.0)
                            if origin >= GIVEN_SHARE:
                                most = min(ORIGIN_STEP, np.log(0.8 / (1.0 - origin)))
                                step += most * ORIGIN_FADES ** min(h.unprovenanced, 8)
                                h.unprovenanced += 1
                                sign = True
                        base = min((r.refused + 1.0) / (r.asked + 40.0), 0.3)
                        if refused or failed:
                            weight = 0.5 if failed else 1.0
                            most = min(REFUSED_STEP, np.log(REFUSED_SHARE / base))
                            step += weight * max(most, 0.0)
                            h.refused += 1
                            sign = True
                        if ref.number >= 0 and h.number >= 0 and h.order < ORDER_MOST:
                            gap = abs(ref.number - h.number)
                            if 0 < gap <= NEAR:
                                step += ORDER_STEP
                                h.order += np.float32(ORDER_STEP)
                                h.ordered += 1
                        # one of those with several is this principal
                        one_each = r.kind == SINGLE and r.several <= 0.3 * r.principals + 1.7
                        if r.principals >= SINGLE_FEWEST:
                            one_each = r.several <= SINGLE_SHARE * r.principals + 1.0
                        if one_each and h.main_uses >= 1 and h.single < SINGLE_MOST:
                            most = SINGLE_STEP if h.main_uses >= 2 else SINGLE_EARLY
                            if h.returned:
                                most = SINGLE_BESIDE
                            step += most
                            h.single += np.float32(most)
                            h.others += 1
                            sign = True
                        if let_in and not sign:
                            step += max(LET_IN_STEP, np.log((1.0 - REFUSED_SHARE) / (1.0 - base)))
                    h.score = np.float32(min(max(h.score + step, 0.0), MOST_SCORE))
                    alert = ALERT
                    if not let_in:
                        alert = REFUSALS_MANY if h.refused >= 4 else REFUSALS_ONLY
                    if sign and not failed and h.score >= alert and h.score >= h.told + AGAIN:
                        if h.score > best:
                            best = h.score
                            best_row = mine
                            best_place = row
                h.number = ref.number if ref.number >= 0 else h.number
            if h.main == 0 or h.main == thing:
                h.returned = np.uint16(h.returned or h.latest != h.main)
                h.main = thing
                h.main_uses += np.uint32(let_in)
            h.latest = thing
            if let_in:
                suspect = h.score >= CLAIMANT
                if own_row < 0:
                    if not suspect:
                        at, is_new = acquire(owned_keys, owned_rows, owned_meta, owned, thing)
                        o = owned[at]
                        o.key = thing
                        o.risk = 0.0
                        o.version = VERSION
                        o.last = e.ts
                        o.owner = 0
                        o.second = 0
                        o.firm = 0
                        o.again = 0
                        _claim(o, who, e.ts, given, False)
                else:
                    o = owned[own_row]
                    o.last = max(o.last, e.ts)
                    if not fresh and o.owner == who and o.uses == 1 and h.voices < VOICES:
                        # somebody comes back to an object that nobody else came to
                        h.voices += 1
                        r.known += 1
                    _claim(o, who, e.ts, given, suspect)
        if best_row >= 0:
            h = held[best_row]
            h.told = h.score
            h.risk = np.float32(60.0)
            r = places[best_place]
            out = told[count]
            out.row = i
            out.llr = min(h.score, np.float32(HIGHEST))
            out.foreign = h.foreign
            out.unprovenanced = h.unprovenanced
            out.refused = h.refused
            out.ordered = h.ordered
            out.others = h.others
            out.ids = h.ids
            out.share = np.float32(_share(r, np.int64(h.own)))
            out.known = np.float32(r.known)
            count += 1
        begin, end = np.int64(replies[i, 0]), np.int64(replies[i, 1])
        if begin >= 0 and end > begin and let_in:
            if given_row < 0:
                given_row, is_new = acquire(given_keys, given_rows, given_meta, givens, who)
                g = givens[given_row]
                g.key = who
                g.risk = 0.0
                g.version = VERSION
                g.replies = 0
                g.count = 0
                for k in range(256):
                    g.young[k] = 0
                    g.old[k] = 0
            g = givens[given_row]
            g.last = e.ts
            if _learn_reply(buffer, begin, end, g, k0, k1):
                g.replies += 1
    return count
