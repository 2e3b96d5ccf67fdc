"""Values to train the payload model on, as the model sees them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.payload import screen
from apisentinel.detectors.payload.features import (
    GRAMS_AT,
    N_RULES,
    N_SHAPE,
    NAMES,
    TYPES,
    Grams,
    grams_of,
    rule_features,
)
from apisentinel.detectors.payload.fields import Value, nested_values
from apisentinel.detectors.payload.judge import look
from apisentinel.detectors.payload.screen import flag_texts
from apisentinel.simulator.randomness import stream
from apisentinel.simulator.values import FAMILIES, samples

PACKAGES = (
    "numpy", "scikit-learn", "fastapi", "typer", "rich", "pydantic", "msgspec", "polars",
    "structlog", "starlette", "click", "hypothesis", "uvicorn", "jinja2", "scipy", "joblib",
)  # fmt: skip
"""Packages with BSD, MIT or Apache licences whose sources and read-me files are honest text. Those
that are not installed are left out; the digest tells.
"""
FILES_OF_PACKAGE, BYTES_OF_FILE = 160, 60_000
"""Most that one package and one file give, so that none of them is what honest text looks like."""

KNOWN_BITS = 16
LEAST_WORD = 6
"""Attacks with a word from which on the model knows it."""
NESTED = 4
"""Values inside a value that are taken along."""

OBVIOUS = 5.0
"""Texts of packages that the rules are sure of are code that would be an attack elsewhere."""

_BASIS, _PRIME, _WORD = 0xCBF29CE484222325, 0x100000001B3, 2**64 - 1


@dataclass(frozen=True)
class Recipe:
    """What to learn from.

    Attributes:
        seed: Of all draws.
        attacks: Hostile values from grammars.
        honest: Honest values from grammars.
        texts: Texts of packages.
        families: Attack types that take part.
        trees: Trees of the model.
        leaves: Leaves of each.
    """

    seed: int
    attacks: int
    honest: int
    texts: int
    families: tuple[str, ...] = tuple(FAMILIES)
    trees: int = 300
    leaves: int = 31

    def about(self) -> dict[str, Any]:
        """For the manifest."""
        return {key: value for key, value in asdict(self).items() if key != "families"}


class Examples(NamedTuple):
    """Values that pass the screen.

    Attributes:
        rows: float32 ``(n, len(NAMES))`` without the linear outputs.
        grams: N-grams of each.
        hostile: 1.0 for attacks.
        kind: Index in `TYPES`, -1 for honest values.
        group: Values of one group are in one fold: forms of a grammar, packages.
        raw: What the strongest rule says.
        known: Table of the words that the model knows.
    """

    rows: npt.NDArray[np.float32]
    grams: list[Grams]
    hostile: npt.NDArray[np.float64]
    kind: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    raw: npt.NDArray[np.float64]
    known: npt.NDArray[np.uint8]


def package_texts(recipe: Recipe) -> tuple[list[tuple[int, bytes]], str]:
    """Texts of packages with their group, and a digest of the versions that were read."""
    digest = hashlib.sha256()
    pool: list[tuple[int, bytes]] = []
    for number, name in enumerate(PACKAGES):
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        digest.update(f"{name} {found.version}\n".encode())
        chosen = sorted(
            str(path)
            for path in found.files or ()
            if path.suffix in {".py", ".md", ".rst", ".pyi"} or path.name == "METADATA"
        )
        dice = stream(recipe.seed, "packages", name)
        for at in dice.permutation(len(chosen))[:FILES_OF_PACKAGE].tolist():
            content = Path(str(found.locate_file(chosen[at]))).read_bytes()[:BYTES_OF_FILE]
            pool += [(number, piece) for piece in _pieces(content, dice)]
            pool.append((number, chosen[at].encode()))
    order = stream(recipe.seed, "texts").permutation(len(pool))[: recipe.texts]
    return [pool[at] for at in order.tolist()], digest.hexdigest()[:16]


def _pieces(content: bytes, dice: np.random.Generator) -> Iterator[bytes]:
    """Lines and runs of lines of a file."""
    lines = [line for line in content.split(b"\n") if line.strip()]
    at = 0
    while at < len(lines):
        size = int(dice.choice((1, 1, 1, 2, 4, 12)))
        piece = b"\n".join(lines[at : at + size])
        yield piece.strip() if dice.random() < 0.7 else piece
        at += size + int(dice.integers(6))


class _Gathering:
    """Rows as they come."""

    def __init__(self, known: npt.NDArray[np.uint8]) -> None:
        self.known = known
        self.rows: list[npt.NDArray[np.float32]] = []
        self.grams: list[Grams] = []
        self.said: list[tuple[float, int, int, float]] = []

    def add(self, text: bytes, kind: int, group: int, most: float = np.inf) -> None:
        """Takes the values of a text that the screen marks, unless the rules say more than
        `most`.
        """
        for sent in marked_values(text):
            value, _, looked = look(sent)
            raw = max((finding.raw_llr for finding in looked.findings), default=0.0)
            if not looked.plain or raw >= most:
                continue
            row = np.zeros(len(NAMES), np.float32)
            rule_features(value, looked, row)
            self.grams.append(grams_of(looked.plain, self.known, row[N_RULES + N_SHAPE : GRAMS_AT]))
            self.rows.append(row)
            self.said.append((float(kind >= 0), kind, group, raw))

    def examples(self) -> Examples:
        """All of them."""
        hostile, kind, group, raw = zip(*self.said, strict=True)
        return Examples(
            np.stack(self.rows), self.grams, np.array(hostile), np.array(kind), np.array(group),
            np.array(raw), self.known,
        )  # fmt: skip


def examples(recipe: Recipe, texts: Iterable[tuple[int, bytes]]) -> Examples:
    """All values that the screen marks, described."""
    made = _Gathering(known_words(recipe))
    names = [kind.value for kind in TYPES]
    for sample in samples(recipe.seed, recipe.attacks, recipe.honest, recipe.families):
        kind = names.index(sample.kind) if sample.hostile else -1
        made.add(sample.text, kind, _number(sample.kind) + sample.form)
    for group, text in texts:
        made.add(text, -1, -1 - group, OBVIOUS)
    return made.examples()


def _number(word: str) -> int:
    """A number of a word with room behind it, equal everywhere."""
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") * 1_000


def marked_values(text: bytes) -> Iterator[Value]:
    """A value and those inside it, as far as the screen marks them."""
    value = Value("query q", text)
    if not flag_texts([text], screen.QUERY)[0]:
        return
    yield value
    _, decoded, _ = look(value)
    inner = [found for found in nested_values(value, decoded.text) if found.text != text]
    marks = flag_texts([found.text for found in inner[:NESTED]], screen.QUERY)
    yield from (found for found, mark in zip(inner, marks, strict=False) if mark)


def known_words(recipe: Recipe) -> npt.NDArray[np.uint8]:
    """Table of the words that occur often enough in attacks to mean something."""
    counts: dict[int, int] = {}
    for sample in samples(recipe.seed + 1, recipe.attacks // 3, 0, recipe.families):
        _, _, looked = look(Value("query q", sample.text))
        for word in set(words_of(looked.plain)):
            counts[word] = counts.get(word, 0) + 1
    table = np.zeros(1 << KNOWN_BITS, np.uint8)
    for word, count in counts.items():
        if count >= LEAST_WORD:
            table[word & (len(table) - 1)] = 1
    return table


def words_of(plain: bytes) -> list[int]:
    """Hashes of the words of a canonical text, as `describe` takes them."""
    out: list[int] = []
    value = 0
    for c in plain + b" ":
        is_letter = 97 <= c <= 122 or c >= 128 or c == 95
        if is_letter or (value and 48 <= c <= 57):
            value = (((value or _BASIS) ^ c) * _PRIME) & _WORD
        elif value:
            mixed = ((value ^ (value >> 29)) * 0xBF58476D1CE4E5B9) & _WORD
            out.append(mixed ^ (mixed >> 32))
            value = 0
    return out
