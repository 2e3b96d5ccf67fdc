"""Names, postal addresses and days of birth."""

from datetime import date

from apisentinel.detectors.data.candidate import Candidate, Span, compiled
from apisentinel.detectors.data.credential import is_placeholder

FIRST_YEAR, LAST_YEAR = 1900, 2099
"""Years in which a living person can be born."""

MAX_PERSON_NAME, MAX_PERSON_WORDS = 60, 6
"""Characters and words of a name."""

MAX_ADDRESS = 300
"""Characters of a postal address; longer values are texts."""

NO_NAMES = frozenset(
    (
        b"status error unknown test report service server api product ok success failed order "
        b"item default admin system department company invalid file data new the this that not"
    ).split()
)
"""Words that begin titles of things, not names."""

STATES = frozenset(
    (
        b"AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV "
        b"NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR"
    ).split()
)
"""Postal abbreviations of the United States."""

_NO_NAME = b"0123456789@/\\{}<>[]=:;_|"
_LETTERS = bytes(byte for byte in range(256) if byte >= 0x80 or chr(byte).isalpha())
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PIECES = compiled(r"\d+|[A-Za-z]+")
_NO_STREET = compiled(
    r"(?i)^\d{1,3}(?:\.\d{1,3}){3}|@|://|^0x|^[0-9a-f:]{12,}$|^(?:[0-9a-f]{2}[:-]){5}"
)
_ADJECTIVE = compiled(r"([a-z]+)[ _-]*$")
_OWN = frozenset(
    (
        b"my your his her their our user customer patient contact full first last given family "
        b"and or"
    ).split()
)


def is_birth_date(value: bytes) -> bool:
    """True for a day in the calendar, written in any usual order.

    Example:
        >>> is_birth_date(b"31.12.1980"), is_birth_date(b"1980-13-45")
        (True, False)
    """
    pieces = [match.group().decode("ascii").lower() for match in _PIECES.finditer(value[:24])][:3]
    if len(pieces) == 1 and len(pieces[0]) == 8 and pieces[0].isdigit():
        pieces = [pieces[0][:4], pieces[0][4:6], pieces[0][6:]]
    if len(pieces) < 3:
        return False
    named = [piece for piece in pieces if piece[:3] in _MONTHS]
    numbers = [int(piece) for piece in pieces if piece.isdigit() and len(piece) <= 4]
    if len(named) == 1 and len(numbers) == 2:
        numbers = [_MONTHS.index(named[0][:3]) + 1, *sorted(numbers)]
        orders = [(numbers[2], numbers[0], numbers[1])]
    elif len(numbers) == 3:
        a, b, c = numbers
        orders = [(a, b, c)] if a > 31 else [(c, b, a), (c, a, b)]
    else:
        return False
    return any(_is_day(*order) for order in orders)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        return FIRST_YEAR <= date(year, month, day).year <= LAST_YEAR
    except ValueError:
        return False


def birth_date(candidate: Candidate) -> Span | None:
    """A day after words that say birth."""
    return candidate.span if is_birth_date(candidate.value) else None


def is_person_name(value: bytes) -> bool:
    """True for a value that a field for names of people would hold.

    Example:
        >>> is_person_name("Zoë O'Neil".encode()), is_person_name(b"user-17")
        (True, False)
    """
    if (
        len(value) > MAX_PERSON_NAME
        or len(value.translate(None, _NO_NAME)) < len(value)
        or _letters(value) < 2
    ):
        return False
    words = value.split()
    return (
        len(words) <= MAX_PERSON_WORDS
        and not is_placeholder(value)
        and words[0].lower() not in NO_NAMES
    )


def _letters(value: bytes) -> int:
    """Letters of a value; every byte outside ASCII counts as one."""
    return len(value) - len(value.translate(None, _LETTERS))


def person(candidate: Candidate) -> Span | None:
    """A name after a word that says name, unless another word says that a thing is named."""
    if not is_person_name(candidate.value) or any(
        word.lower() in NO_NAMES for word in candidate.value.split()
    ):
        return None
    label, _, mark = candidate.before.rpartition(b"name")
    adjective = _ADJECTIVE.search(label.rpartition(b"\n")[2])
    if adjective is None:
        return (
            None if mark[:1] in (b'"', b"'") else candidate.span
        )  # the name of anything, in JSON that cannot be read
    return candidate.span if adjective.group(1) in _OWN else None


def is_address(name: str, value: bytes) -> bool:
    """True for a value that a field for postal addresses would hold."""
    digits = len(value.translate(None, b"0123456789")) < len(value)
    if name.endswith(("code", "zip", "postcode", "zipcode")):
        return 3 <= len(value) <= 12 and digits
    if not 5 <= len(value) <= MAX_ADDRESS or is_placeholder(value) or _NO_STREET.search(value):
        return False
    return _letters(value) >= 3 and (digits or b" " in value)


def street(candidate: Candidate) -> Span | None:
    """A street with a house number; no word may run into it."""
    before = (
        candidate.text[candidate.start - 1 : candidate.start]
        if candidate.start > candidate.floor
        else b""
    )
    return None if before.isalnum() or before in (b"-", b"/", b".") else candidate.span


def us_city(candidate: Candidate) -> Span | None:
    """The abbreviation of a state of the United States, between a city and a ZIP code."""
    return candidate.span if candidate.value in STATES else None
