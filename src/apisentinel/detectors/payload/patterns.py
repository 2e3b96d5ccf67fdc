"""Patterns over the readings of a value: sets of RE2 automata, each pattern with what it is worth.

The patterns live in ``data/patterns_*.toml`` with test vectors. RE2 runs in time linear in the
text; a set that runs out of memory is noticed (a pattern that always matches is missing from its
answer) and its patterns are then tried one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import re2

from apisentinel.detectors.payload import data
from apisentinel.detectors.payload.limits import PATTERN_MEMORY
from apisentinel.records.taxonomy import AttackType

SET_SIZE = 28
"""Patterns per set; larger sets make the automaton thrash (measured: 202 patterns cost 100 times as
much, and sets of 52 of the canonical text 50 times as much on noise that never repeats).
"""
SIMPLE_VIEWS, SIMPLE_SIZE = frozenset(("sql",)), 52
"""Readings whose patterns need few states together, so that one set does (measured: on noise, 28 µs
for 8 KB instead of 38).
"""

DOCUMENTS = (
    "patterns_sql",
    "patterns_markup",
    "patterns_command",
    "patterns_file",
    "patterns_other",
)
VIEWS = ("text", "sql", "shell", "path", "lookup", "exact", "raw", "bare", "quoted")
"""Readings that a pattern may ask for: canonical text, SQL, shell, file path, lookups, decoded as
it is, as sent, SQL token shape outside and inside quotes.
"""


@dataclass(frozen=True)
class Pattern:
    """One pattern.

    Attributes:
        id: Name in reports.
        type: Attack type it speaks for.
        kind: Patterns of one kind say the same thing; only the strongest counts.
        llr: Natural log of the likelihood ratio when it matches.
        view: Reading that it is matched on.
        regex: RE2 syntax.
        firm: True when it is as telling in a long document as in a short value.
        hit: Values that it must match, as sent.
        miss: Values that it must not match.
    """

    id: str
    type: AttackType
    kind: str
    llr: float
    view: str
    regex: str
    firm: bool = False
    hit: tuple[str, ...] = ()
    miss: tuple[str, ...] = ()

    @cached_property
    def family(self) -> str:
        """The attack type as a plain text, which is a faster key than a member."""
        return self.type.value

    @cached_property
    def compiled(self) -> Any:
        """The pattern alone, for showing what matched."""
        return re2.compile(self.regex.encode(), _options())


def _options() -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = PATTERN_MEMORY
    return options


_NONE: tuple[Pattern, ...] = ()


@dataclass
class PatternSet:
    """Some patterns of one view, matched together."""

    patterns: list[Pattern]
    automaton: Any = field(init=False)

    def __post_init__(self) -> None:
        options = _options()
        options.never_capture = True
        self.automaton = re2.Set.SearchSet(options)
        self.automaton.Add(b"")
        for pattern in self.patterns:
            self.automaton.Add(pattern.regex.encode())
        self.automaton.Compile()

    def match(self, text: bytes) -> Sequence[Pattern]:
        """Patterns that match somewhere in `text`."""
        found = self.automaton.Match(text)
        if len(found) == 1:
            return _NONE
        if not found:
            return [pattern for pattern in self.patterns if pattern.compiled.search(text)]
        return [self.patterns[i - 1] for i in found if i]


def _hidden_names() -> Pattern:
    """Class names inside base64 of binary data."""
    words = data.base64_words()
    return Pattern(
        id="deserial-base64-name",
        type=AttackType.DESERIALIZATION,
        kind="base64",
        llr=7.0,
        view="exact",
        regex="|".join(re2.escape(word) for word in words),
        firm=True,
        hit=(words[0], words[4]),
    )


@cache
def load_patterns() -> tuple[Pattern, ...]:
    """All patterns of the data files."""
    entries = [entry for name in DOCUMENTS for entry in data.load(name)["pattern"]]
    return (_hidden_names(), *map(_pattern, entries))


def _pattern(entry: dict[str, Any]) -> Pattern:
    return Pattern(
        id=entry["id"],
        type=AttackType(entry["type"]),
        kind=entry["kind"],
        llr=float(entry["llr"]),
        view=entry["view"],
        regex=entry["regex"],
        firm=entry.get("firm", False),
        hit=tuple(entry["hit"]),
        miss=tuple(entry.get("miss", ())),
    )


@cache
def pattern_sets() -> dict[str, list[PatternSet]]:
    """The sets of each view."""
    sets: dict[str, list[PatternSet]] = {}
    for view in VIEWS:
        chosen = [pattern for pattern in load_patterns() if pattern.view == view]
        size = SIMPLE_SIZE if view in SIMPLE_VIEWS else SET_SIZE
        # as few sets as possible, of equal size
        count = max(1, -(-len(chosen) // size))
        each = -(-len(chosen) // count)
        sets[view] = [PatternSet(chosen[i : i + each]) for i in range(0, len(chosen), each)]
    return sets
