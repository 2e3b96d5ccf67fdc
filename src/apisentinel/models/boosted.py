"""What Random Forest, XGBoost, LightGBM and Gradient Boosting have in common once they are trained:
leaves are added up to the log-odds of an attack.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from apisentinel.models.arrays import pack_arrays, take, unpack_arrays
from apisentinel.models.base import Group, Parts, Scores, Table, part_of, quantised
from apisentinel.models.filling import row_major
from apisentinel.models.probability import probabilities
from apisentinel.models.trees import Forest, sort_keys


class BoostedTrees:
    """Trees that give the probability of an attack, kept as arrays."""

    name: ClassVar[str]
    group: Group = "supervised"

    def __init__(self, forest: Forest, base: float) -> None:
        """A model of trees.

        Args:
            forest: Log-odds at each leaf.
            base: Log-odds before the first tree.
        """
        self.forest, self.base = forest, base

    def score_many(self, table: Table) -> Scores:
        """Probabilities before calibration, ``(n_rows,)``; see `Model`."""
        return self.score_keys(sort_keys(row_major(table)))

    def score_keys(self, keys: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> Scores:
        """As `score_many`, of rows from `sort_keys`, which several models share."""
        out = self.forest.add_up(keys)
        probabilities(out, self.base, out)
        return quantised(out)

    def to_parts(self) -> Parts:
        """See `Model`."""
        arrays = self.forest.to_arrays()
        arrays["base"] = np.array([self.base])
        return {f"{self.name}.safetensors": pack_arrays(arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        arrays = unpack_arrays(part_of(parts, f"{cls.name}.safetensors"))
        base = float(take(arrays, "base", "float64", 1)[0])
        return cls(Forest.from_arrays(arrays), base)
