"""Structured fields of HTTP, as far as message signatures need them.

References: RFC 9651 (structured fields); RFC 9421, sections 2 and 4 (message signatures).
"""

from typing import NamedTuple

LONGEST_FIELD, MOST_MEMBERS = 4_096, 32
"""Characters of a field, and members of a list, that are read; real ones have a few hundred."""


class Covered(NamedTuple):
    """A component that a signature covers: its name, and its parameters as written."""

    name: str
    parameters: str


class SignatureInput(NamedTuple):
    """One member of ``Signature-Input``; `raw` is its value as written."""

    covered: tuple[Covered, ...]
    parameters: dict[str, str]
    raw: str


def split_outside(text: str, mark: str) -> list[str]:
    """Splits at a mark outside of quotes and parentheses.

    Example:
        >>> split_outside('a=("x;y" "z");b=1', ";")
        ['a=("x;y" "z")', 'b=1']
    """
    parts, begin, depth, quoted, skip = [], 0, 0, False, False
    for i, char in enumerate(text):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == mark and depth == 0:
            parts.append(text[begin:i])
            begin = i + 1
    return [*parts, text[begin:]]


def dictionary(text: str) -> dict[str, str]:
    """Members of a dictionary with their values as written; empty when there are too many."""
    if len(text) > LONGEST_FIELD:
        return {}
    members = split_outside(text, ",")
    if len(members) > MOST_MEMBERS:
        return {}
    pairs = (member.strip().partition("=") for member in members)
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def bare(value: str) -> str:
    """The text of a string, token or number, without its parameters.

    Example:
        >>> bare('"https://bot.example";v=1'), bare("ed25519")
        ('https://bot.example', 'ed25519')
    """
    value = split_outside(value.strip(), ";")[0].strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return value


def signature_input(value: str) -> SignatureInput | None:
    """A member of ``Signature-Input``, None when it is no list of components."""
    head, *rest = split_outside(value, ";")
    head = head.strip()
    if not (head.startswith("(") and head.endswith(")")):
        return None
    covered = []
    for item in _items(head[1:-1]):
        name, *parameters = split_outside(item, ";")
        if not (len(name) > 2 and name[0] == name[-1] == '"'):
            return None
        covered.append(Covered(name[1:-1], "".join(f";{part}" for part in parameters)))
    if len(covered) > MOST_MEMBERS:
        return None
    pairs = (part.strip().partition("=") for part in rest)
    return SignatureInput(tuple(covered), {name: bare(text) for name, _, text in pairs}, value)


def _items(text: str) -> list[str]:
    return [item for item in split_outside(text, " ") if item]
