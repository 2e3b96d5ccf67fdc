"""What every model is: scores of a table of features, and bytes to keep it."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError

Group = Literal["unsupervised", "supervised", "neural"]
"""Models that need no labels; trees that learn from labels; networks."""

Table = npt.NDArray[np.float32] | npt.NDArray[np.float64]
"""Features, ``(n_rows, n_features)``, C order; NaN is a missing value, which is not zero."""

Scores = npt.NDArray[np.float64]
Parts = dict[str, bytes]
"""Content of a bundle by relative name."""

QUANTUM = 2.0**-26
"""Step of every score that leaves a model. Processors and C libraries differ in the last digits of
a sum; after rounding to this step the same row has the same score, and the same side of a
threshold, everywhere.
"""


class Model(Protocol):
    """One trained model, ready to score. Scoring imports no training library.

    It neither blocks nor changes the model; threads may share it. A row's score depends on that
    row alone: bit for bit the same in whatever company, in whatever order.
    """

    @property
    def name(self) -> str:
        """Name of the model and of its parts."""
        ...

    @property
    def group(self) -> Group:
        """Which vote it has a share in."""
        ...

    def score_many(self, table: Table) -> Scores:
        """Scores, ``(n_rows,)``, high = more anomalous. Unsupervised models have a scale of their
        own; all others give a probability before calibration.

        Raises:
            IncompatibleModelError: The table has another number of columns.
        """
        ...

    def to_parts(self) -> Parts:
        """The model as parts of a bundle, each named after it."""
        ...

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """The model that `to_parts` has written.

        Raises:
            IncompatibleModelError: A part is missing or damaged.
        """
        ...


def part_of(parts: Mapping[str, bytes], name: str) -> bytes:
    """One part.

    Raises:
        IncompatibleModelError: It is missing.
    """
    content = parts.get(name)
    if content is None:
        raise IncompatibleModelError(f"part {name} is missing")
    return content


def quantised(scores: npt.NDArray[Any]) -> Scores:
    """Scores rounded to `QUANTUM`.

    Example:
        >>> bool(quantised(np.array([0.1]))[0] == quantised(np.array([0.1 + 1e-12]))[0])
        True
    """
    rounded: Scores = np.rint(scores / QUANTUM) * QUANTUM
    return rounded
