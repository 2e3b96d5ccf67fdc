"""Payment card numbers and bank accounts: check digits, number plans and lengths."""

from functools import cache

from apisentinel.detectors.data import vocabulary
from apisentinel.detectors.data.candidate import Candidate, Span

BLANK = 0x20

MIN_BARE = 13
"""Digits of a number with neither groups nor a telling word; 12 are mostly something else."""

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: bytes) -> bool:
    """True when the last digit is the check digit of the others.

    Example:
        >>> luhn(b"4111111111111111"), luhn(b"4111111111111112")
        (True, False)

    References:
        ISO/IEC 7812-1, annex B.
    """
    total = sum(digits[-1::-2]) - 48 * len(digits[-1::-2])
    return (total + sum(_DOUBLED[digit - 48] for digit in digits[-2::-2])) % 10 == 0


@cache
def _issuers() -> dict[int, tuple[tuple[bytes, bytes], ...]]:
    """Ranges of first digits for each length."""
    plans: dict[int, list[tuple[bytes, bytes]]] = {}
    for issuer in vocabulary.load("plans")["issuer"]:
        for length in issuer["lengths"]:
            plans.setdefault(length, []).extend(
                (low.encode(), high.encode()) for low, high in issuer["ranges"]
            )
    return {length: tuple(ranges) for length, ranges in plans.items()}


def is_card(digits: bytes) -> bool:
    """True for a number that an issuer of payment cards could have given out."""
    ranges = _issuers().get(len(digits), ())
    known = any(low <= digits[: len(low)] <= high for low, high in ranges)
    return known and len(set(digits)) > 1 and luhn(digits)


def card(candidate: Candidate) -> Span | None:
    """A card number in one of its usual groupings, all with the same separator."""
    separators = set(candidate.value.translate(None, b"0123456789"))
    if len(separators) > 1 or not luhn(candidate.digits) or not _is_free(candidate):
        return None
    return candidate.span if _is_plausible(candidate, bare=not separators) else None


def _is_free(candidate: Candidate) -> bool:
    """True when nothing touches the number; a number before it has to be set off by a blank."""
    text, start = candidate.text, candidate.start
    if start - 1 > candidate.floor and text[start - 1] == BLANK:
        return candidate._replace(floor=start).alone
    return candidate.alone


def _is_plausible(found: Candidate, *, bare: bool) -> bool:
    """True unless the number is an id or time that passes the check digit by chance, as one in ten.

    After a word that says card the issuer may be unknown: there are more than any list has.
    """
    digits = found.digits
    if not is_card(digits):
        return len(set(digits)) > 1 and digits[:1] not in b"01" and found.says("card")
    long_enough = not bare or len(digits) >= MIN_BARE
    return found.says("card") or (long_enough and not (bare and found.says("identifier")))


@cache
def _account_lengths() -> dict[bytes, int]:
    return {
        country.encode(): length for country, length in vocabulary.load("plans")["iban"].items()
    }


def is_iban(account: bytes) -> bool:
    """True for an account number with the length of its country and right check digits.

    Example:
        >>> is_iban(b"GB82WEST12345698765432"), is_iban(b"GB82WEST12345698765433")
        (True, False)

    References:
        ISO 13616-1, ISO/IEC 7064 MOD 97-10.
    """
    account = account.upper()
    if len(account) != _account_lengths().get(account[:2]) or not account.isalnum():
        return False
    return int("".join(str(int(chr(c), 36)) for c in account[4:] + account[:4])) % 97 == 1


def iban(candidate: Candidate) -> Span | None:
    """The account number at the begin of a candidate, which may run on into the next words."""
    value = candidate.value
    length = _account_lengths().get(value[:2].upper())
    if length is None:
        return None
    seen = 0
    for at, byte in enumerate(value):
        seen += byte not in b" -"
        if seen == length:
            found = candidate._replace(end=candidate.start + at + 1)
            compact = found.value.translate(None, b" -")
            return found.span if found.alone and is_iban(compact) else None
    return None
