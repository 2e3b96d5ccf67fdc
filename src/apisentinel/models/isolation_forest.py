"""Isolation Forest: how few random cuts part a row from all others."""

from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from apisentinel.models.arrays import pack_arrays, take, unpack_arrays
from apisentinel.models.base import Group, Parts, Scores, Table, part_of, quantised
from apisentinel.models.filling import filled
from apisentinel.models.probability import halvings
from apisentinel.models.trees import Forest, sort_keys


class IsolationForestModel:
    """A trained Isolation Forest.

    References:
        Liu, Ting, Zhou: Isolation Forest, ICDM 2008, equation 2.
    """

    name = "isolation_forest"
    group: Group = "unsupervised"

    def __init__(self, forest: Forest, unit: float, fill: npt.NDArray[np.float32]) -> None:
        """A model of trees whose leaves hold path lengths.

        Args:
            forest: Path length at each leaf, the expected rest of it included.
            unit: Trees times the expected path length; a sum of this scores 0.5.
            fill: What stands for a missing value, ``(n_features,)``.
        """
        self.forest, self.unit, self.fill = forest, unit, fill

    def score_many(self, table: Table) -> Scores:
        """Scores in (0, 1), ``(n_rows,)``; see `Model`."""
        keys = sort_keys(filled(table, self.fill).astype(np.float32))
        sums = self.forest.add_up(keys)
        halvings(sums, self.unit, sums)
        return quantised(sums)

    def to_parts(self) -> Parts:
        """See `Model`."""
        arrays = self.forest.to_arrays()
        arrays["unit"] = np.array([self.unit])
        arrays["fill"] = self.fill
        return {f"{self.name}.safetensors": pack_arrays(arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        arrays = unpack_arrays(part_of(parts, f"{cls.name}.safetensors"))
        forest = Forest.from_arrays(arrays)
        unit = float(take(arrays, "unit", "float64", 1)[0])
        return cls(forest, unit, take(arrays, "fill", "float32", forest.n_features))
