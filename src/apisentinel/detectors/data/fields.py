"""What the name of a JSON field says about its value."""

from dataclasses import dataclass
from functools import cache, lru_cache

from apisentinel.detectors.data import vocabulary
from apisentinel.detectors.data.credential import is_secret_field
from apisentinel.detectors.data.limits import MAX_NAME, NAME_CACHE
from apisentinel.detectors.data.person import is_address, is_birth_date, is_person_name


@dataclass(frozen=True, slots=True)
class FieldName:
    """A name as it is understood.

    Attributes:
        words: The name in lower case, cut into words.
        role: Class that a fitting value has by its name, or None.
        label: The words as bytes.
        shown: The name in a path; ``*`` when it is no identifier, as it may be personal data.
    """

    words: str
    role: str | None
    shown: str
    label: bytes = b""


MAX_DIGITS_SHOWN = 4
"""Digits of a name that is shown; longer ones may be an id or a number of somebody."""


@lru_cache(NAME_CACHE)
def field_name(name: str) -> FieldName:
    """The meaning of a field name.

    Example:
        >>> field_name("billingAddress").words, field_name("billingAddress").role
        ('billing address', 'address')
        >>> field_name("jane@example.com").shown
        '*'
    """
    short = name[:MAX_NAME]
    identifier = (
        short.replace("-", "_").replace("$", "_").isidentifier()
        and short.isascii()
        and name == short
    )
    if not identifier or sum(c.isdigit() for c in short) > MAX_DIGITS_SHOWN:
        return FieldName("", None, "*")
    words = " ".join(_words(short))
    return FieldName(words, _role(words), short, words.encode())


def _words(name: str) -> list[str]:
    cut = []
    for i, c in enumerate(name):
        if c in "_-$":
            cut.append(" ")
            continue
        lower_next = i + 1 < len(name) and name[i + 1].islower()
        if i and c.isupper() and (name[i - 1].islower() or name[i - 1].isdigit() or lower_next):
            cut.append(" ")
        cut.append(c.lower())
    return "".join(cut).split()


@cache
def _roles() -> tuple[tuple[str, frozenset[str], tuple[str, ...], frozenset[str]], ...]:
    return tuple(
        (
            entry["class"],
            frozenset(entry["names"] + entry["ends"]),
            tuple(f" {end}" for end in entry["ends"]),
            frozenset(entry["never"]),
        )
        for entry in vocabulary.load("fields")["role"]
    )


def _role(words: str) -> str | None:
    single = set(words.split())
    for role, names, ends, never in _roles():
        if (words in names or words.endswith(ends)) and not single & never:
            return role
    return None


@cache
def _people() -> tuple[frozenset[str], frozenset[str]]:
    person = vocabulary.load("fields")["person"]
    return frozenset(person["parents"]), frozenset(person["beside"])


def is_person(parent: str, members: dict[str, object]) -> bool:
    """True when an object is a person, by what it is called or by what else it holds."""
    parents, beside = _people()
    return parent in parents or any(
        field_name(key).words in beside for key in list(members)[:MAX_NAME]
    )


def fits(field: FieldName, role: str, value: bytes) -> bool:
    """True when a value is what the name of its field promises."""
    if role == "person_name":
        return is_person_name(value)
    if role == "address":
        return is_address(field.words, value)
    if role == "date_of_birth":
        return is_birth_date(value)
    return is_secret_field(field.words, value)
