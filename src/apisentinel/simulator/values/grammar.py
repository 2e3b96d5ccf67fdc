"""Texts from grammars: alternatives, one of which is drawn, with references to other rules."""

import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from apisentinel.simulator.values.dice import Dice

OPEN, CLOSE = "\N{MATHEMATICAL LEFT ANGLE BRACKET}", "\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
"""Stand around the name of a rule; no payload needs these characters."""

MAX_DEPTH = 14
MAX_PIECES = 160
"""Rules inside rules, and pieces of a text, from which on only alternatives without rules are
drawn: a grammar that calls itself more than once may grow without end.
"""

MAX_TEXT = 1_500
"""Characters of a text; a value of a request is seldom longer."""

BUILT_IN = {"empty": ("",), "one": (" ",), "tab": ("\t",), "newline": ("\n",)}


@dataclass(frozen=True)
class Grammar:
    """Rules of a document.

    Attributes:
        families: Forms of each family.
        rules: Alternatives of each rule.
    """

    families: dict[str, tuple[str, ...]]
    rules: dict[str, tuple[str, ...]]

    def text(self, family: str, form: int, dice: Dice) -> str:
        """A text of one form of a family."""
        made: list[str] = []
        self._expand(self.families[family][form], dice, made, 0)
        return "".join(made)[:MAX_TEXT]

    def _expand(self, form: str, dice: Dice, made: list[str], depth: int) -> None:
        head, *parts = form.split(OPEN)
        made.append(head)
        for part in parts:
            name, _, rest = part.partition(CLOSE)
            choices = self.rules[name]
            if depth >= MAX_DEPTH or len(made) > MAX_PIECES:
                choices = self.plain[name]
            self._expand(dice.pick(choices), dice, made, depth + 1)
            made.append(rest)

    @cached_property
    def plain(self) -> dict[str, tuple[str, ...]]:
        """The alternatives of each rule that ask for no other rule."""
        return {
            name: tuple(text for text in choices if OPEN not in text) or ("",)
            for name, choices in self.rules.items()
        }


@cache
def load_grammar(*names: str) -> Grammar:
    """The grammar of some documents of the folder ``data`` and of the shared rules.

    Raises:
        KeyError: A rule is asked for that no document has.
    """
    families: dict[str, tuple[str, ...]] = {}
    rules: dict[str, tuple[str, ...]] = dict(BUILT_IN)
    for name in ("shared", *names):
        text = files(__package__).joinpath("data", f"{name}.toml").read_text("utf-8")
        document = tomllib.loads(text)
        families |= {key: _lines(forms) for key, forms in document.get("families", {}).items()}
        rules |= {key: _lines(forms) for key, forms in document["rules"].items()}
    grammar = Grammar(families, rules)
    for form in (form for forms in (*families.values(), *rules.values()) for form in forms):
        for part in form.split(OPEN)[1:]:
            if part.partition(CLOSE)[0] not in rules:
                raise KeyError(f"no rule for {part.partition(CLOSE)[0]!r} in {form!r}")
    return grammar


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.split("\n") if line)
