"""Hostile values from grammars, with mutations that keep their meaning."""

from functools import cache

import numpy as np

from apisentinel.simulator import spec

DEPTH = 6
"""Rules inside rules."""


def payload(kind: str, rng: np.random.Generator) -> tuple[str, bool]:
    """A value for a type of injection.

    Returns:
        The text, and whether it is percent-encoded already.
    """
    grammar = spec.payloads()[kind]
    text = expand(grammar["forms"][int(rng.integers(len(grammar["forms"])))], rng)
    if text[:1] == "@" and text[1:] in SHAPES:
        text = SHAPES[text[1:]](rng)
    mutation = grammar["mutate"][int(rng.integers(len(grammar["mutate"])))]
    return _mutated(text, mutation, rng), mutation in {"url", "double"} or "%" in text


@cache
def _rules() -> dict[str, list[str]]:
    return dict(spec.payloads()["rules"])


def expand(text: str, rng: np.random.Generator, depth: int = 0) -> str:
    """Replaces every ``<rule>`` by one of its texts."""
    if "<" not in text or depth > DEPTH:
        return text
    rules = _rules()
    pieces: list[str] = []
    at = 0
    while True:
        begin = text.find("<", at)
        end = text.find(">", begin)
        if begin < 0 or end < 0:
            return "".join((*pieces, text[at:]))
        name = text[begin + 1 : end]
        pieces.append(text[at:begin])
        if name in rules:
            chosen = rules[name][int(rng.integers(len(rules[name])))]
            pieces.append(expand(chosen, rng, depth + 1))
            at = end + 1
        else:
            pieces.append("<")
            at = begin + 1


def _mutated(text: str, how: str, rng: np.random.Generator) -> str:  # noqa: PLR0911 (one per way)
    if how == "case":
        flips = rng.random(len(text)) < 0.4
        return "".join(c.swapcase() if f else c for c, f in zip(text, flips, strict=True))
    if how == "space":
        blank = ("/**/", "\t", "  ", "\n", "${IFS}")[int(rng.integers(4))]
        return text.replace(" ", blank)
    if how == "comment":
        return text.replace(" ", f"/*{int(rng.integers(1000))}*/")
    if how == "entity":
        return "".join(f"&#{ord(c)};" if c.isalpha() and rng.random() < 0.2 else c for c in text)
    if how == "url":
        return percent(text)
    if how == "double":
        return percent(percent(text))
    return text


def percent(text: str) -> str:
    """Percent-encodes all but letters and digits."""
    return "".join(
        chr(b) if chr(b).isalnum() and b < 128 else f"%{b:02x}" for b in text.encode("utf-8")
    )


def _deep(rng: np.random.Generator) -> str:
    levels = int(rng.integers(14, 60))
    return "query D { boards { " + "owner { boards { " * levels + "id" + " } }" * levels + " } }"


def _aliases(rng: np.random.Generator) -> str:
    count = int(rng.integers(60, 300))
    calls = " ".join(f'a{k}: login(code: "{k:06d}") {{ token }}' for k in range(count))
    return f"mutation {{ {calls} }}"


def _batch(rng: np.random.Generator) -> str:
    count = int(rng.integers(40, 200))
    return "query " + " ".join(f"q{k}: board(id: {k}) {{ id name }}" for k in range(count)).join(
        "{}"
    )


SHAPES = {"deep": _deep, "aliases": _aliases, "batch": _batch}
"""Queries whose harm is in their shape."""
