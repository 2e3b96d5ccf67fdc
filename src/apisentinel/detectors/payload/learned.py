"""The learned part of the payload detector: trees over rules, form and n-grams of a value.

Where the rules are sure, nothing is asked; elsewhere the learned log likelihood ratio is pooled
with that of the rules (a logarithmic opinion pool, Genest and Zidek 1986), within bounds, so that
the model alone is no attack and takes no certainty away.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import structs

from apisentinel.detectors.payload.features import (
    COLUMN_OF,
    GRAMS_AT,
    N_RULES,
    N_SHAPE,
    NAMES,
    TYPES,
    Grams,
    RowSpace,
    clipped,
    gram_sums,
    grams_of,
    letters_of,
    rule_features,
    rules_of,
)
from apisentinel.detectors.payload.fields import Value
from apisentinel.detectors.payload.findings import CAP, FIRM, Finding
from apisentinel.detectors.payload.gram_kernel import N_STATS, margin_of
from apisentinel.detectors.payload.limits import MAX_MATCH
from apisentinel.detectors.payload.opinion import Looked
from apisentinel.detectors.payload.workspace import borrowed, give_back
from apisentinel.errors import IncompatibleModelError
from apisentinel.kernels.bytes import PADDING
from apisentinel.kernels.native import Fixed
from apisentinel.models.arrays import Arrays, pack_arrays, take, unpack_arrays
from apisentinel.models.base import part_of
from apisentinel.models.lightgbm import read_text
from apisentinel.models.trees import sort_keys
from apisentinel.records.taxonomy import AttackType

TREES_PART, ARRAYS_PART = "payload/trees.txt", "payload/grams.safetensors"
"""Parts of a bundle."""


WEIGHT = 0.4
"""Weight of the learned opinion in the pool; the rules have 1."""
MOST, LEAST = 0.0, -1.5
"""Nats that the learned opinion may add and take."""
LEAST_POOLED = 2.0
"""Nats below which a finding is too weak for any alert; asking would cost and change nothing."""
_SPARE = bytes(PADDING)
LEARNED = "learned"
"""Stands for a rule where no rule matched."""


class PayloadModel:
    """Gradient-boosted trees over `features.NAMES`, and linear weights of n-grams.

    Stateless and deterministic; equal values give equal answers.
    """

    def __init__(self, trees: bytes, arrays: Arrays) -> None:
        """Reads a model.

        Args:
            trees: LightGBM's text format.
            arrays: ``known`` uint8, ``chars`` and ``tokens`` float16, each a power of two long;
                ``families`` float16 ``(n, types)``; ``scale`` float64 ``(2,)``, offset and slope
                from log-odds to the log of a likelihood ratio.

        Raises:
            IncompatibleModelError: It is damaged, or of other columns.
        """
        self.trees, self.arrays = trees, arrays
        self.forest = read_text(trees)
        if self.forest.n_features != len(NAMES):
            raise IncompatibleModelError(
                f"the payload model has {self.forest.n_features} columns, not {len(NAMES)}: "
                "train it again"
            )
        self.known = take(arrays, "known", "uint8", None)
        self.chars = take(arrays, "chars", "float16", None).astype(np.float32)
        self.tokens = take(arrays, "tokens", "float16", None).astype(np.float32)
        self.families = take(arrays, "families", "float16", None, len(TYPES)).astype(np.float32)
        for table in (self.known, self.chars, self.tokens, self.families):
            if len(table) < 2 or len(table) & (len(table) - 1):
                raise IncompatibleModelError("a table of the payload model is no power of two long")
        self.offset, self.slope = take(arrays, "scale", "float64", 2).tolist()
        self._fixed = Fixed(self.known), Fixed(self.chars), Fixed(self.tokens)
        forest = self.forest
        self._trees = (
            Fixed(forest.nodes),
            Fixed(forest.roots),
            Fixed(forest.depths),
            Fixed(forest.values),
        )
        self._free: list[RowSpace] = []

    def row(self, value: Value, looked: Looked) -> npt.NDArray[np.float32]:
        """The columns of a value, float32 ``(len(NAMES),)``."""
        out = np.zeros(len(NAMES), np.float32)
        known, chars, tokens = self._fixed
        rule_features(value, looked, out)
        grams = grams_of(looked.plain, known, out[N_RULES + N_SHAPE : GRAMS_AT])
        gram_sums(grams, chars, tokens, out[GRAMS_AT:])
        return out

    def margin(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Log-odds of rows, float64 ``(n,)``, as the trees were trained."""
        return self.forest.add_up(sort_keys(rows))

    def llr(self, value: Value, looked: Looked) -> float:
        """Natural log of the likelihood ratio attack : honest value that the screen marks."""
        rules, letters = rules_of(value, looked), letters_of(looked.plain)
        text = clipped(looked.plain)
        try:  # taking from the end of a list is atomic: each thread has its own
            room = self._free.pop()
        except IndexError:
            room = RowSpace()
        room.put(rules)
        space = borrowed()
        space.put(text + _SPARE + letters)
        known, chars, tokens = self._fixed
        margin = margin_of(
            space.text,
            len(text),
            len(letters),
            COLUMN_OF,
            known,
            room.tokens,
            room.chars,
            room.ids,
            chars,
            tokens,
            room.row,
            room.bits,
            room.keys,
            N_RULES,
            *self._trees,
        )
        give_back(space)
        self._free.append(room)
        return float(self.offset + self.slope * margin)

    def family(self, plain: bytes) -> AttackType:
        """The attack type that a canonical text is most like."""
        grams = grams_of(plain, self._fixed[0], np.empty(N_STATS, np.float32))
        return TYPES[int(self.family_votes(grams).argmax())]

    def family_votes(self, grams: Grams) -> npt.NDArray[np.float32]:
        """Sums of the weights of each type, ``(types,)``."""
        ids = grams.tokens[grams.tokens >= 0] & (len(self.families) - 1)
        votes: npt.NDArray[np.float32] = self.families[ids].sum(axis=0)
        return votes

    def findings(self, value: Value, looked: Looked) -> list[Finding]:
        """See `Opinion`: the strongest finding of the rules, pooled with what was learned."""
        findings = list(looked.findings)
        best = max(findings, key=lambda finding: finding.raw_llr, default=None)
        if best is None or value.whole or best.raw_llr >= FIRM or best.raw_llr < LEAST_POOLED:
            return findings
        said = min(MOST, max(LEAST, WEIGHT * self.llr(value, looked)))
        raw = best.raw_llr + said
        findings[findings.index(best)] = structs.replace(best, llr=min(raw, CAP), raw_llr=raw)
        return findings

    def to_parts(self) -> dict[str, bytes]:
        """The parts of a bundle."""
        return {TREES_PART: self.trees, ARRAYS_PART: pack_arrays(self.arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> "PayloadModel":
        """The model of `to_parts`.

        Raises:
            IncompatibleModelError: A part is missing or damaged.
        """
        return cls(part_of(parts, TREES_PART), unpack_arrays(part_of(parts, ARRAYS_PART)))


class ModelAlone:
    """What the model is worth without the rules: for ablation."""

    def __init__(self, model: PayloadModel) -> None:
        self.model = model

    def findings(self, value: Value, looked: Looked) -> list[Finding]:
        """See `Opinion`: one finding of the most likely type, where an attack is likelier."""
        raw = self.model.llr(value, looked) if looked.plain and not value.whole else 0.0
        if raw <= 0.0:
            return []
        text = looked.plain[:MAX_MATCH].decode("utf-8", "replace")
        shown = "".join(c if c.isprintable() else "\ufffd" for c in text)
        kind = self.model.family(looked.plain)
        return [Finding(kind, min(raw, CAP), raw, (LEARNED,), value.where, shown, looked.layers)]
