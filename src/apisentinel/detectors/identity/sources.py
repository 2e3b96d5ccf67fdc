"""Guessing and lists of pairs from one source: what counts as a guess, and for whom it speaks."""

from apisentinel.detectors.identity.attempts import (
    ACCOUNTS_EACH,
    AGENTS_EACH,
    SECRETS_EACH,
    SUCCEEDED,
    UNCLEAR,
    Attempt,
    Source,
    Tried,
)
from apisentinel.detectors.identity.fading import DAY_US, HOUR_US, room_for
from apisentinel.detectors.identity.places import Purpose

OWN_ACCOUNT, REPEATED, UNCLEAR_FIRST = 0.35, 0.05, 0.6
"""What a failure counts on an account that signed in from here before, with a secret that was tried
on this account before (a password manager, a job), and as one of the first two that a form which
always answers alike leaves unclear.
"""
RAN_OUT = 0.2
"""The same for the first refusal of a session away from the login (401): sessions run out, guessed
ones are refused by the hundred. The same session or key, refused again, is no guess at all.
"""
PATIENT = 8.0
"""Different guesses on one account after which a success is no longer taken for its owner's."""
GUESS_STEPS = ((2.0, 1.38), (5.0, 0.7), (10.0, 0.5), (24.0, 0.4))
"""Guesses of ten minutes, an hour, a day and a week that people need themselves, and nats for each
further one: a cumulative sum with forgetting in each window.
"""
OWN_STEP = (4.5, 1.6)
"""The same within ten minutes for who may be a person and the owner: the eighth failure is told.
One person in some hundred needs six or seven tries, and nearly all find it within ten; whoever
guesses does not stop there. Strangers without a session get no such credit: many that guess at real
hosts stop after five to seven tries. After Brostoff and Sasse, "Ten strikes and you're out", 2003.
"""
_GUESS_FEW, _GUESS_HOUR, _GUESS_DAY, _GUESS_WEEK = GUESS_STEPS
FIRST_FAILED, FIRST_GOOD, CREDIT = 2.55, -2.23, -7.0
"""Wald's test over first outcomes per account with p0 = .07, p1 = .9, and how far a source behind
which many people sign in goes into credit.
"""
WALK_HOUR, WALK_DAY = 6.4, 9.0
"""Offsets of the sums of an hour and of a day: five accounts in a row, and six net of a day."""
SHARED_FROM, SHARED_DAYS = 3, 7
"""Accounts that signed in from a source within these days from which on it is an address of
several people: what is said about guessing then speaks about the account, not about the address.
"""
CONVICTED, FORGIVEN = 5.0, 0.3
"""Nats of guessing from which on a success is the guess that hit, and what is left of the failures
after one before.
"""
HIT_WITHIN_US = HOUR_US
"""A success is the hit of a list that failed this lately; later it is another person's, who shares
the address.
"""
SPRAY_SHARE = 0.6
"""Secrets per account below which the same few are tried on all."""
FLOOD, FLOOD_EVERY = 512, 64
"""Attempts of a source after which one in so many is looked at; it is long convicted by then."""


def is_other_visitor(source: Source, attempt: Attempt) -> bool:
    """True for the first try of another program on another account while nobody knows how this
    form refuses: behind the address of an office or a carrier people sign in one after the other,
    and where nobody has mistyped yet all of them are unclear.
    """
    is_first = attempt.account not in source.failed and attempt.account not in source.good
    is_unclear = attempt.outcome == UNCLEAR and attempt.account != 0
    return is_unclear and is_first and attempt.agent not in source.agents[-1:]


def guess_weight(source: Source, attempt: Attempt) -> float:
    """How much of a guess a failed attempt is, 0 to 1. Remembers it."""
    tried = source.failed.get(attempt.account)
    if tried is None:
        room_for(source.failed, ACCOUNTS_EACH)
        tried = source.failed[attempt.account] = Tried()
    is_same = attempt.secret != 0 and attempt.secret in tried.secrets
    weight = REPEATED if is_same else 1.0
    if attempt.purpose == Purpose.DENIED and attempt.secret:
        weight = 0.0 if is_same else RAN_OUT if attempt.secret == attempt.session else 1.0
    if attempt.secret and not is_same:
        is_denied = attempt.purpose == Purpose.DENIED
        kept = tried.secrets[1 - SECRETS_EACH :] if is_denied else tried.secrets
        if len(kept) < SECRETS_EACH:
            tried.secrets = [*kept, attempt.secret]
    if attempt.outcome == UNCLEAR and source.n <= 2:
        weight *= UNCLEAR_FIRST
    if attempt.account and attempt.account in source.good:
        weight *= OWN_ACCOUNT
    tried.n += not is_same
    tried.last = attempt.ts
    return weight


def failed(source: Source, attempt: Attempt) -> float:
    """Counts a failure of a source; gives how much of a guess it was."""
    is_first = attempt.account not in source.failed and attempt.account not in source.good
    is_other = is_other_visitor(source, attempt)
    weight = guess_weight(source, attempt)
    if is_other:
        weight = min(weight, REPEATED)
    source.guesses.add(weight, attempt.ts)
    if attempt.account and is_first and (is_other or weight > RAN_OUT):
        if not is_other:
            source.walk.add(FIRST_FAILED, attempt.ts, lowest=CREDIT)
        agents = [agent for agent in source.agents if agent != attempt.agent]
        source.agents = [*agents, attempt.agent][-AGENTS_EACH:]
    elif not attempt.account:
        agents = [agent for agent in source.agents if agent != attempt.agent]
        source.agents = [*agents, attempt.agent][-AGENTS_EACH:]
    if attempt.secret and attempt.secret not in source.secrets:
        source.secrets = [*source.secrets, attempt.secret][-ACCOUNTS_EACH:]
    return weight


def succeeded(source: Source, attempt: Attempt) -> bool:
    """Counts a success of a source; True when it is the guess that hit."""
    account, ts = attempt.account, attempt.ts
    if not account:
        # nobody knows whose: a success after few failures is a person
        hit = guessing(source, ts, is_own=bool(source.good)) >= CONVICTED
        if not hit:
            _forgive(source, ts)
        return hit
    if 0 in source.failed and ts - source.good.get(account, 0) > HIT_WITHIN_US:
        # logs that know the account only once it is signed in; who signs in to an own account
        # between guesses is forgiven once an hour
        if guessing(source, ts) < CONVICTED:
            _forgive(source, ts)
        elif not is_shared(source, ts) and ts - source.failed[0].last <= HIT_WITHIN_US:
            source.good[account] = ts
            return True
    tried = source.failed.get(account)
    # a pair that works at once, from the program that tried the others
    hit = (
        listing(source, ts) >= 5.0
        and account not in source.good
        and attempt.agent in source.agents
        and any(ts - other.last <= HIT_WITHIN_US for other in source.failed.values())
        if tried is None
        else tried.n > PATIENT
    )
    if tried is not None and not hit:
        del source.failed[account]
        source.guesses.add(-float(tried.n), ts)
        source.walk.add(-FIRST_FAILED, ts, lowest=CREDIT)
    if account not in source.good:
        source.walk.add(FIRST_GOOD, ts, lowest=CREDIT)
    source.good.pop(account, None)
    room_for(source.good, ACCOUNTS_EACH)
    source.good[account] = ts
    return hit


def _forgive(source: Source, ts: int) -> None:
    """Somebody found the own password: what failed before was mostly that."""
    source.guesses.counts = [FORGIVEN * count for count in source.guesses.at(ts)]
    source.guesses.ts = max(ts, source.guesses.ts)


def guessing(source: Source, ts: int, *, is_own: bool = False) -> float:
    """Nats for guessing: the strongest of the windows.

    Args:
        source: Who guesses.
        ts: Event time, µs.
        is_own: It may be somebody's own secret, forgotten and typed.

    Where nobody knows the accounts, each program that failed stands for a person, up to
    `AGENTS_EACH`: six phones behind one address mistype six times as often as one.
    """
    few, hour, day, week = source.guesses.at(ts)
    people = max(len(source.agents), 1) if 0 in source.failed else 1
    free, step = OWN_STEP if is_own else _GUESS_FEW
    return max(
        step * (few - free - (people - 1) * _GUESS_FEW[0]),
        _GUESS_HOUR[1] * (hour - people * _GUESS_HOUR[0]),
        _GUESS_DAY[1] * (day - people * _GUESS_DAY[0]),
        _GUESS_WEEK[1] * (week - people * _GUESS_WEEK[0]),
    )


def listing(source: Source, ts: int) -> float:
    """Nats for trying pairs of a list: the stronger of an hour and a day."""
    walk = source.walk.at(ts)
    return max(walk[1] - WALK_HOUR, walk[2] - WALK_DAY)


def is_shared(source: Source, ts: int) -> bool:
    """True for a source from which several people sign in, more than it fails to."""
    recent = sum(ts - last <= SHARED_DAYS * DAY_US for last in source.good.values())
    open_accounts = sum(
        1 for account, tried in source.failed.items()
        if account not in source.good and ts - tried.last <= DAY_US
    )  # fmt: skip
    return recent >= SHARED_FROM and recent > open_accounts


def most_tried(source: Source, ts: int) -> int:
    """The account at which a source guessed most within an hour, 0 when nobody knows."""
    recent = [
        (tried.n, account) for account, tried in source.failed.items() if ts - tried.last <= HOUR_US
    ]
    return max(recent)[1] if recent else 0


def facts_of(source: Source, ts: int) -> dict[str, float]:
    """Numbers that explain the ratios of a source, by the names of actors' facts."""
    counts = source.guesses.at(ts)
    open_accounts = [account for account in source.failed if account]
    return {
        "failed_10m": counts[0], "failed_1h": counts[1], "failed_1d": counts[2],
        "failed_7d": counts[3], "accounts": float(len(open_accounts)),
        "secrets": float(len(source.secrets)), "signed_in": float(len(source.good)),
    }  # fmt: skip


__all__ = [
    "FLOOD", "FLOOD_EVERY", "SPRAY_SHARE", "SUCCEEDED", "facts_of", "failed", "guessing",
    "is_shared", "listing", "most_tried", "succeeded",
]  # fmt: skip
