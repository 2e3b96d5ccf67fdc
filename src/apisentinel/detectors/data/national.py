"""National ids that can be verified: by check digits, or by the areas that were given out."""

from datetime import date

from apisentinel.detectors.data.candidate import Candidate, Span
from apisentinel.detectors.data.finance import luhn

SPECIMENS = frozenset({b"078051120", b"219099999", b"123456789", b"987654321"})
"""Social security numbers of advertisements and examples."""


def ssn(candidate: Candidate) -> Span | None:
    """A US social security number in groups; with blanks only after a word that says so.

    References:
        US Social Security Administration, "Social Security Number Randomization", 2011: there is no
        area 000, 666 or 900 to 999.
    """
    if not candidate.alone or not _is_ssn(candidate.digits):
        return None
    separators = candidate.value[3:4] + candidate.value[6:7]
    return (
        candidate.span
        if separators == b"--" or (separators == b"  " and candidate.says("ssn"))
        else None
    )


def ssn_bare(candidate: Candidate) -> Span | None:
    """Nine digits after a word that says social security number."""
    return (
        candidate.span
        if candidate.alone and _is_ssn(candidate.value) and candidate.says("ssn")
        else None
    )


def _is_ssn(digits: bytes) -> bool:
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    given = area not in (b"000", b"666") and area < b"900" and group != b"00" and serial != b"0000"
    return given and digits not in SPECIMENS and len(set(digits)) > 1


def _weighted(digits: bytes, weights: tuple[int, ...]) -> int:
    return sum((digit - 48) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _verhoeff_tables() -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    """Multiplication of the dihedral group D5, and the powers of Verhoeff's permutation."""
    times = tuple(
        tuple(
            (a + b) % 5
            if a < 5 and b < 5
            else (a + b - 5) % 5 + 5
            if a < 5
            else (a - 5 - b) % 5 + 5
            if b < 5
            else (a - b) % 5
            for b in range(10)
        )
        for a in range(10)
    )
    powers = [tuple(range(10)), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)]
    while len(powers) < 8:
        powers.append(tuple(powers[1][i] for i in powers[-1]))
    return times, tuple(powers)


_TIMES, _POWERS = _verhoeff_tables()


def verhoeff(digits: bytes) -> bool:
    """True when the last digit is the check digit of the others.

    Example:
        >>> verhoeff(b"2363"), verhoeff(b"2364")
        (True, False)

    References:
        J. Verhoeff, "Error Detecting Decimal Codes", 1969.
    """
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = _TIMES[state][_POWERS[place % 8][digit - 48]]
    return state == 0


def br_cpf(candidate: Candidate) -> Span | None:
    """Brazilian taxpayer number of a person: two digits modulo 11."""
    digits = candidate.digits
    first = _weighted(digits[:9], tuple(range(10, 1, -1))) * 10 % 11 % 10
    second = _weighted(digits[:10], tuple(range(11, 1, -1))) * 10 % 11 % 10
    right = digits[9:] == b"%d%d" % (first, second) and len(set(digits)) > 1
    return candidate.span if right and candidate.alone else None


def br_cnpj(candidate: Candidate) -> Span | None:
    """Brazilian taxpayer number of a company: two digits modulo 11."""
    digits = candidate.digits
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    first = _weighted(digits[:12], weights[1:]) % 11
    second = _weighted(digits[:13], weights) % 11
    right = digits[12:] == b"%d%d" % (
        0 if first < 2 else 11 - first,
        0 if second < 2 else 11 - second,
    )
    return candidate.span if right and candidate.alone and len(set(digits)) > 1 else None


def cn_id(candidate: Candidate) -> Span | None:
    """Chinese resident identity number: a day of birth and a character by ISO 7064 MOD 11-2."""
    value = candidate.value.upper()
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    right = value[17:] == b"10X98765432"[(i := _weighted(value[:17], weights) % 11) : i + 1]
    year = int(value[6:10])
    born = 1900 <= year < 2100 and _is_day(year, int(value[10:12]), int(value[12:14]))
    return candidate.span if right and born and candidate.alone else None


def es_dni(candidate: Candidate) -> Span | None:
    """Spanish identity number of a citizen (DNI) or foreigner (NIE): a letter modulo 23."""
    value = candidate.value.upper().replace(b"-", b"")
    number = value[:-1].translate(bytes.maketrans(b"XYZ", b"012"))
    right = value[-1:] == b"TRWAGMYFPDXBNJZSQVHLCKE"[(i := int(number) % 23) : i + 1]
    written = candidate.value[-1:].isupper() or candidate.says("national")
    return candidate.span if right and written and candidate.alone else None


_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
    2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
), strict=True))  # fmt: skip
"""Value of a character at an odd place: ministerial decree of 23 December 1976."""


def it_codice_fiscale(candidate: Candidate) -> Span | None:
    """Italian tax code: a letter modulo 26."""
    value = candidate.value.decode("ascii").upper()
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in value[1:15:2])
    right = chr(65 + (even + sum(_ODD[c] for c in value[0:15:2])) % 26) == value[15]
    return candidate.span if right and candidate.alone else None


def in_aadhaar(candidate: Candidate) -> Span | None:
    """Indian identity number (Verhoeff); without blanks only after a telling word."""
    value = candidate.value
    grouped = len(value) == 14 and value[4] == value[9]
    follows = candidate.text[candidate.end : candidate.end + 2]
    longer = follows[:1] in (b" ", b"-") and follows[1:].isdigit()
    fits = (grouped or len(value) == 12) and candidate.alone and not longer
    telling = (grouped and value[4:5] == b" ") or candidate.says("national")
    return candidate.span if fits and verhoeff(candidate.digits) and telling else None


def fr_nir(candidate: Candidate) -> Span | None:
    """French social security number: a key modulo 97."""
    value = candidate.value.replace(b" ", b"").upper()
    number = int(value[:13].replace(b"2A", b"19").replace(b"2B", b"18"))
    return candidate.span if candidate.alone and 97 - number % 97 == int(value[13:]) else None


def pl_pesel(candidate: Candidate) -> Span | None:
    """Polish identity number, in a field or after a word that says so."""
    digits = candidate.value
    right = (10 - _weighted(digits[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10 == digits[
        10
    ] - 48
    return candidate.span if right and candidate.alone and candidate.says("pesel") else None


def nl_bsn(candidate: Candidate) -> Span | None:
    """Dutch citizen number (test of eleven), in a field or after a word that says so."""
    right = _weighted(candidate.value, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0
    return candidate.span if right and candidate.alone and candidate.says("bsn") else None


def ca_sin(candidate: Candidate) -> Span | None:
    """Canadian social insurance number, in a field or after a word that says so."""
    digits = candidate.digits
    right = luhn(digits) and digits[:3] != b"000"
    return candidate.span if right and candidate.alone and candidate.says("sin") else None


def fi_hetu(candidate: Candidate) -> Span | None:
    """Finnish personal identity code: a day of birth and a character modulo 31."""
    value = candidate.value.upper()
    digits = value[:6] + value[7:10]
    right = value[10:] == b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(i := int(digits) % 31) : i + 1]
    born = _is_day(2000 + int(value[4:6]), int(value[2:4]), int(value[:2]))
    return candidate.span if right and born and candidate.alone else None


def se_personnummer(candidate: Candidate) -> Span | None:
    """Swedish personal identity number: a day of birth and Luhn's check digit."""
    digits = candidate.digits[-10:]
    born = _is_day(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    return candidate.span if born and luhn(digits) and candidate.alone else None


def be_nrn(candidate: Candidate) -> Span | None:
    """Belgian national number: a key modulo 97, before or since the year 2000."""
    digits = candidate.digits
    key = int(digits[9:])
    right = key in (97 - int(digits[:9]) % 97, 97 - int(b"2" + digits[:9]) % 97)
    return candidate.span if right and candidate.alone else None
