"""An endpoint where people sign in fails more than its people explain: attacks over many sources,
fast or over days.
"""

import math
from collections import Counter
from statistics import median

from apisentinel.detectors.identity.attempts import PAIRS_KEPT, SUCCEEDED, Attempt, Pair, Place
from apisentinel.detectors.identity.fading import DAY_US, HOUR_US, WINDOWS_US, room_for
from apisentinel.detectors.identity.places import STEPS, Purpose
from apisentinel.records.taxonomy import AttackType

PRIOR_SHARE, LEAST_SHARE, MOST_SHARE = 0.06, 0.02, 0.3
"""Share of first attempts that fail and stay failed, while little is known, and its bounds."""
STEPS_PRIOR, STEPS_MOST_SHARE = 0.25, 0.6
"""The same for vouchers, codes and resets: people try what they found, guess at which address they
registered with, and come too late.
"""
PRIOR_GOOD = 10.0
"""Successes that are added, so that a quiet night is no proof."""
HOURS_KEPT, HOURS_FEWEST, HOUR_FEWEST = 168, 4, 8
"""Hours of which the share is known: their median, so that attacks of some hours teach nothing;
hours that are needed, and attempts in one.
"""
VOICE, VOICE_EACH = 4, 4
"""Open failures of one source that count: many of one source are the source's own affair."""
OWNERS = 0.15
"""What an open failure counts from where the account signed in before."""
LEAST_EXCESS, LEAST_SOURCES, LEAST_Z = 8.0, 6, 3.5
"""Excess, sources and standard deviations from which on anything is said."""
FRESH_Z = 4.0
"""The same for what came since it was told last."""
LATELY, LATELY_FEWEST, LATELY_SHARE = 8, 3, 0.5
"""Part of a window that is its latest, sources that have to fail in it, and how much of its even
share of all failures it has to hold: an attack that is over is not told because of the next people
who mistype.
"""
NAMED_SHARE, NAMED_FEWEST = 0.8, 10
"""Share of the attempts of an endpoint that name an account from which on one that names none is no
attempt of a person, and attempts that are needed.
"""
BASE_LLR, STEP_LLR, MOST_LLR = 4.5, 1.4, 9.0
"""Nats at `LEAST_Z`, for each e-fold of it, and at most."""
CLUSTER, CLUSTER_SHARE, FEW = 5, 0.3, 3
"""Failures and share of all that make a kind of attack, and accounts or secrets that are few."""


def pair_key(client: int, account: int) -> int:
    """Key of a source and an account."""
    return (client ^ (account * 0x9E3779B97F4A7C15)) & 0xFFFFFFFFFFFFFFFF


def count(place: Place, attempt: Attempt, *, at_home: bool) -> bool:
    """Counts the first outcome of a source on an account; True when an open failure is new.

    Args:
        place: Where.
        attempt: What.
        at_home: The account signed in from there before.
    """
    key, ts = pair_key(attempt.client, attempt.account), attempt.ts
    hour = place.hours.get(ts // HOUR_US)
    if hour is None:
        room_for(place.hours, HOURS_KEPT)
        hour = place.hours[ts // HOUR_US] = [0.0, 0.0]
    if attempt.outcome == SUCCEEDED:
        known = place.known.pop(key, 0)
        room_for(place.known, PAIRS_KEPT)
        place.known[key] = ts
        # many logs know the account only once somebody is signed in
        pair = place.pairs.pop(key, None) or place.pairs.pop(pair_key(attempt.client, 0), None)
        if pair is not None:
            _close(place, pair, ts)
        if pair is not None or ts - known > DAY_US:
            place.good.add(1.0, ts)
            place.fresh[1] += 1.0
            hour[1] += 1.0
        return False
    pair = place.pairs.get(key)
    if pair is not None and ts - pair.ts <= DAY_US:
        pair.tries += 1
        pair.secret = attempt.secret
        return False
    if place.voices.get(attempt.client, 0) >= VOICE_EACH:
        return False
    if pair is None and len(place.pairs) >= PAIRS_KEPT:
        oldest = next(iter(place.pairs))
        _forget_voice(place, place.pairs.pop(oldest))
    place.pairs.pop(key, None)
    weight = OWNERS if at_home or key in place.known else 1.0
    place.pairs[key] = Pair(
        ts, attempt.client, attempt.agent, attempt.account, attempt.secret, weight
    )
    if pair is None:
        place.voices[attempt.client] = place.voices.get(attempt.client, 0) + 1
    place.failed.add(weight, ts)
    place.fresh[0] += weight
    hour[0] += weight
    return True


def is_foreign(place: Place, attempt: Attempt) -> bool:
    """True for an attempt that names no account where others do: something else is tried there."""
    place.named[0] += attempt.account != 0
    place.named[1] += 1
    return not attempt.account and (
        place.named[1] >= NAMED_FEWEST and place.named[0] >= NAMED_SHARE * place.named[1]
    )


def _close(place: Place, pair: Pair, ts: int) -> None:
    """An open failure ended with a success: it was the owner."""
    _forget_voice(place, pair)
    age = ts - pair.ts
    counts = place.failed.at(ts)
    place.failed.counts = [
        max(0.0, value - pair.weight * math.exp(-age / window))
        for value, window in zip(counts, WINDOWS_US, strict=True)
    ]
    place.failed.ts = max(place.failed.ts, ts)
    place.fresh[0] = max(0.0, place.fresh[0] - pair.weight)
    hour = place.hours.get(pair.ts // HOUR_US)
    if hour is not None:
        hour[0] = max(0.0, hour[0] - pair.weight)


def _forget_voice(place: Place, pair: Pair) -> None:
    left = place.voices.get(pair.client, 1) - 1
    if left > 0:
        place.voices[pair.client] = left
    else:
        place.voices.pop(pair.client, None)


def usual_share(place: Place, ts: int) -> float:
    """Share of first attempts that fail here by themselves: the median of the hours before."""
    now = ts // HOUR_US
    shares = [
        bad / (bad + good) for hour, (bad, good) in place.hours.items()
        if hour < now - 1 and bad + good >= HOUR_FEWEST
    ]  # fmt: skip
    is_step = place.purpose in STEPS
    if len(shares) < HOURS_FEWEST:
        return STEPS_PRIOR if is_step else PRIOR_SHARE
    return min(max(median(shares), LEAST_SHARE), STEPS_MOST_SHARE if is_step else MOST_SHARE)


def excess(place: Place, ts: int) -> tuple[float, float, float, int]:
    """Failures beyond what people cause, in the shortest window in which they are too many.

    Returns:
        (standard deviations, failures, failures to expect, window in µs); zeros when in none.

    References: Herley, Schechter, "Distinguishing attacks from legitimate authentication traffic at
    scale", NDSS 2019.
    """
    share = usual_share(place, ts)
    ratio = share / (1.0 - share)
    bad, good = place.failed.at(ts), place.good.at(ts)
    for k in (1, 2, 3):
        expected = ratio * (good[k] + PRIOR_GOOD)
        # people come in waves: the variance grows with the square, too
        spread = math.sqrt(expected * (1.0 + ratio) + 0.01 * expected * expected + 1.0)
        z = (bad[k] - expected - 1.0) / spread
        if bad[k] - expected >= LEAST_EXCESS and z >= LEAST_Z:
            return z, bad[k], expected, WINDOWS_US[k]
    return 0.0, 0.0, 0.0, WINDOWS_US[1]


def is_fresh(place: Place, ts: int) -> bool:
    """True when what came since something was told is too much by itself: an attack that is over
    is not told again while it fades.
    """
    bad, good = place.fresh
    share = usual_share(place, ts)
    ratio = share / (1.0 - share)
    expected = ratio * (good + PRIOR_GOOD)
    spread = math.sqrt(expected * (1.0 + ratio) + 0.01 * expected * expected + 1.0)
    return bad >= LEAST_EXCESS and bad - expected - 1.0 >= FRESH_Z * spread


def strength(z: float) -> float:
    """Nats for so many standard deviations."""
    return min(BASE_LLR + STEP_LLR * math.log(z / LEAST_Z), MOST_LLR)


def open_pairs(place: Place, ts: int, window: int) -> list[Pair]:
    """The open failures of a window, newest last."""
    return [pair for pair in place.pairs.values() if ts - pair.ts <= window]


def goes_on(pairs: list[Pair], ts: int, window: int) -> bool:
    """True when open failures of several sources came lately, as far as the window goes, and not
    far fewer than before.
    """
    latest = [pair.client for pair in pairs if ts - pair.ts <= window // LATELY]
    is_even = len(latest) >= LATELY_SHARE * len(pairs) / LATELY
    return is_even and len(set(latest)) >= LATELY_FEWEST


def kinds(pairs: list[Pair], purpose: int) -> list[AttackType]:
    """What the open failures look like: guessing at few accounts, few passwords for many, pairs
    from lists, or the search for accounts and codes.
    """
    if purpose != Purpose.LOGIN:
        return [AttackType.ENUMERATION]
    accounts = Counter(pair.account for pair in pairs if pair.account)
    secrets = Counter(pair.secret for pair in pairs if pair.secret)
    if not accounts:
        return [AttackType.PASSWORD_SPRAYING]
    aimed = {account for account, n in accounts.most_common(FEW) if n >= CLUSTER}
    few = {secret for secret, n in secrets.most_common(FEW) if n >= CLUSTER}
    groups: Counter[AttackType] = Counter()
    for pair in pairs:
        if pair.account in aimed:
            groups[AttackType.BRUTE_FORCE] += 1
        elif pair.secret in few:
            groups[AttackType.PASSWORD_SPRAYING] += 1
        else:
            groups[AttackType.CREDENTIAL_STUFFING] += 1
    most = max(groups.values())
    return [
        kind for kind, n in sorted(groups.items(), key=lambda item: (-item[1], item[0]))
        if n == most or (n >= 2 * CLUSTER and n >= CLUSTER_SHARE * len(pairs))
    ]  # fmt: skip
