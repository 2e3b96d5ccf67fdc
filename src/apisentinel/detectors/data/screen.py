"""The cheap look before the patterns: which of them can find anything in a text at all."""

from functools import cache
from typing import Any

import re2

from apisentinel.detectors.data.candidate import compiled, options
from apisentinel.detectors.data.patterns import Pattern, load_patterns

_SHAPE = bytes(
    48 if 48 <= byte <= 57 else 65 if byte < 128 and chr(byte).isalpha() else byte
    for byte in range(256)
)
"""Letters to A, digits to 0."""


def is_worth(body: bytes) -> bool:
    """False for bodies without anything that some class needs; most short answers end here."""
    return _worth().search(body) is not None


def patterns_for(text: bytes) -> tuple[Pattern, ...]:
    """The patterns that may find something, in their order."""
    needed = _needs().match(text)
    shaped = _shapes().match(text.translate(_SHAPE))
    return tuple(
        pattern for i, pattern in enumerate(load_patterns()) if i in needed and i in shaped
    )


class _Texts:
    """Fixed texts, each with the number of the pattern that needs it, looked for in one pass."""

    def __init__(self, wanted: list[tuple[bytes, ...]]) -> None:
        self.always = frozenset(i for i, texts in enumerate(wanted) if not texts)
        self.all = frozenset(range(len(wanted)))
        self.owners = [i for i, texts in enumerate(wanted) for _ in texts]
        self.automaton: Any = re2.Set.SearchSet(options())
        for texts in wanted:
            for text in texts:
                self.automaton.Add(re2.escape(text))
        self.automaton.Add(b"")
        self.automaton.Compile()

    def match(self, text: bytes) -> frozenset[int]:
        """Patterns whose need is met; all of them when the automaton ran out of memory."""
        found = self.automaton.Match(text)
        return (
            self.always.union(self.owners[i] for i in found if i < len(self.owners))
            if found
            else self.all
        )


@cache
def _needs() -> _Texts:
    return _Texts([pattern.needs for pattern in load_patterns()])


@cache
def _shapes() -> _Texts:
    return _Texts([pattern.shapes for pattern in load_patterns()])


@cache
def _worth() -> Any:
    return compiled(
        r"(?i)@|%40|://|www\.|(?:\d[ ().\-/]{0,3}){6}|\d\.\d+\.\d+\.\d|::|(?:[0-9a-f]{1,4}:){5}"
        r"|eyj|private key|\$2|\$argon|\$[56y]\$|pbkdf2"
        r"|name|address|street|zip|post|birth|born|dob|bday|pass|pwd|secret|token|key|authorization|\bcv[cv]|otp|\bpin|\bm(?:rs?|s|iss)\b"
        r"|\bdr\b|\bprof\b|box|apt\.|suite|stra|patient|holder|passenger"
        r"|beneficiary|nombre|apellid|prenom|cognome|rue |via |rua |calle"
        r"|[a-z]{2}\d{2}[0-9a-z ]{11}|[a-z_-]{3,}\d|akia|asia|gh[opusr]_|glpat|xox|npm_"
        r"|pypi|sg\.|sk-|hf_|\d,? [a-z]|[a-z.] \d|addr|line ?1"
        r"|\b[a-z]{2} \d{5}"
    )
