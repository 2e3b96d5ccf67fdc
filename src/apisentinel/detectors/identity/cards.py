"""Payments that are declined one after the other: cards that somebody tries out.

References: OWASP OAT-001 (carding), OAT-010 (card cracking).
"""

from apisentinel.detectors.identity.attempts import SUCCEEDED, Attempt, Source

DECLINED, ACCEPTED, CREDIT = 1.67, -1.45, -6.0
"""Wald's test with p0 = .15 (people whose card is declined) and p1 = .8 (lists of cards), and how
far a source that pays a lot goes into credit: a till, a partner that pays for its customers.
"""
UNCLEAR_SHARE, REPEATED_SHARE = 0.4, 0.1
"""What a refusal counts that may be about the form, and the same request again."""
BODIES_EACH = 24
OFFSETS = (6.0, 6.4, 9.0, 14.0)
"""Offsets of the sums of ten minutes, an hour, a day and a week: a person tries two or three cards,
some of them twice. Seven declined in a row are an alert.
"""
PAYMENT_REQUIRED, UNPROCESSABLE = 402, 422
WORDS = (
    b"declin",
    b"do_not_honor",
    b"insufficient_funds",
    b"card_error",
    b"incorrect_cvc",
    b"invalid_cvc",
    b"expired_card",
    b"incorrect_number",
)
"""How replies say that a card was declined, whatever the status."""


def weight_of(attempt: Attempt, *, is_declined: bool) -> float:
    """How much of a declined card an answer is, 0 to 1; below 0 for a payment that went through.

    Args:
        attempt: The try to pay.
        is_declined: The reply says so in words.
    """
    if is_declined or attempt.status == PAYMENT_REQUIRED:
        return 1.0
    if attempt.outcome == SUCCEEDED:
        return -1.0
    return UNCLEAR_SHARE if attempt.status == UNPROCESSABLE else 0.0


def count(source: Source, attempt: Attempt, weight: float) -> float:
    """Adds a try to the memory of its source; gives what it says, nats."""
    if weight < 0:
        counts = source.walk.add(ACCEPTED, attempt.ts, lowest=CREDIT)
    else:
        if attempt.body and attempt.body in source.secrets:
            weight *= REPEATED_SHARE
        elif attempt.body:
            source.secrets = [*source.secrets, attempt.body][-BODIES_EACH:]
        counts = source.walk.add(DECLINED * weight, attempt.ts, lowest=CREDIT)
        source.guesses.add(weight, attempt.ts)
    return max(sum_ - offset for sum_, offset in zip(counts, OFFSETS, strict=True))
