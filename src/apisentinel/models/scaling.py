"""Columns of any unit as spreads around their median, so that models compare like with like."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.kernels.compiler import kernel
from apisentinel.models.arrays import Arrays, take
from apisentinel.models.base import Table

LIMIT = 12.0
"""Spreads at which a value is cut; further out is not more unusual."""

HEAVY_SHARE = 0.005
"""Share of values beyond four robust spreads at which a column is read on a logarithmic scale; a
normal column has 0.00006.
"""
SKEWED = 0.25
"""Quantile skewness (Hinkley, 5 % and 95 %) at which it is, too."""

LARGEST = 1e30
"""Larger numbers, infinite ones too, are read as this, so that no sum overflows."""

SAMPLE_ROWS = 200_000
"""Quantiles of more rows than this are taken from evenly chosen ones."""


class Scaling(NamedTuple):
    """How the selected columns are scaled, all arrays ``(n_selected,)``.

    Attributes:
        columns: Index of the column in the full table.
        units: Where the logarithmic scale begins, 0 for a linear column.
        centres: Median, on that scale.
        spreads: Robust standard deviation, on that scale.
        n_columns: Columns of the full table.
    """

    columns: npt.NDArray[np.int64]
    units: npt.NDArray[np.float64]
    centres: npt.NDArray[np.float64]
    spreads: npt.NDArray[np.float64]
    n_columns: int

    def apply(self, table: Table) -> npt.NDArray[np.float32]:
        """The selected columns in spreads around the median, float32 ``(n_rows, n_selected)``;
        missing stays missing.

        Raises:
            IncompatibleModelError: The table has another number of columns.
        """
        if table.ndim != 2 or table.shape[1] != self.n_columns:
            raise IncompatibleModelError(
                f"the models know {self.n_columns} features, the table has shape {table.shape}"
            )
        out = np.empty((len(table), self.columns.size), np.float32)
        rows = np.require(table, np.float64, ["C", "W"])
        scale_rows(rows, self.columns, self.units, self.centres, self.spreads, LIMIT, out)
        return out

    def to_arrays(self) -> Arrays:
        """The scaling as arrays to keep."""
        return {
            "columns": self.columns,
            "units": self.units,
            "centres": self.centres,
            "spreads": self.spreads,
            "n_columns": np.array([self.n_columns], np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Scaling":
        """The scaling of `to_arrays`.

        Raises:
            IncompatibleModelError: It is damaged.
        """
        columns = take(arrays, "columns", "int64", None)
        made = cls(
            columns,
            take(arrays, "units", "float64", columns.size),
            take(arrays, "centres", "float64", columns.size),
            take(arrays, "spreads", "float64", columns.size),
            int(take(arrays, "n_columns", "int64", 1)[0]),
        )
        valid = (
            columns.size > 0
            and (columns >= 0).all()
            and (columns < made.n_columns).all()
            and (made.spreads > 0).all()
            and (made.units >= 0).all()
            and np.isfinite(made.centres).all()
        )
        if not valid:
            raise IncompatibleModelError("the scaling of the features is damaged")
        return made


def fit_scaling(table: Table, columns: Sequence[int] | None = None) -> Scaling:
    """Medians and spreads of a table's columns.

    A spread is the largest of three estimates, so that a column that is nearly always the same
    value does not turn every other value into an outlier.

    Args:
        table: ``(n_rows, n_columns)``, NaN allowed.
        columns: Those that are selected; all when None.
    """
    chosen = np.arange(table.shape[1]) if columns is None else np.asarray(columns, np.int64)
    step = -(-len(table) // SAMPLE_ROWS) or 1
    figures = [_scale_of(np.asarray(table[::step, column], np.float64)) for column in chosen]
    units, centres, spreads = (np.array(values) for values in zip(*figures, strict=True))
    return Scaling(chosen.astype(np.int64), units, centres, spreads, table.shape[1])


def _scale_of(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Unit, centre and spread of one column."""
    values = np.clip(values[~np.isnan(values)], -LARGEST, LARGEST)
    if values.size == 0:
        return 0.0, 0.0, 1.0
    unit = _unit(values)
    if unit > 0:
        values = np.arcsinh(values / unit)
    return unit, float(np.median(values)), _spread(values)


def _spread(values: npt.NDArray[np.float64]) -> float:
    low, lower, upper, high = np.percentile(values, [5, 25, 75, 95])
    spread = max((upper - lower) / 1.349, (high - low) / 3.29, float(values.std()) / 2)
    return spread if spread > 1e-9 * max(1.0, float(np.abs(values).max())) else 1.0


def _unit(values: npt.NDArray[np.float64]) -> float:
    """Where a logarithmic scale begins; 0 when the column needs none."""
    low, lower, middle, upper, high = np.percentile(values, [5, 25, 50, 75, 95])
    spread = max((upper - lower) / 1.349, (high - low) / 3.29)
    if spread > 0:
        far = np.abs(values - middle) > 4 * spread
        skew = abs(high + low - 2 * middle) / (high - low) if high > low else 0.0
        if far.mean() < HEAVY_SHARE and skew < SKEWED:
            return 0.0
    size = np.abs(values[values != 0])
    if size.size == 0 or np.unique(values).size <= 2:
        return 0.0
    return max(float(np.percentile(size, 10)), 1.0 / LARGEST)


@kernel(
    "void(float64[:,::1], int64[::1], float64[::1], float64[::1], float64[::1], float64,"
    " float32[:,::1])"
)
def scale_rows(table, columns, units, centres, spreads, limit, out):
    """``(t(x) - centre) / spread``, cut at ±limit, with t(x) = asinh(x / unit) where unit > 0."""
    for i in range(table.shape[0]):
        for j in range(columns.shape[0]):
            value = table[i, columns[j]]
            if value > 1e30:
                value = 1e30
            elif value < -1e30:
                value = -1e30
            unit = units[j]
            if unit > 0.0:
                size = abs(value) / unit
                size = np.log(size + np.sqrt(size * size + 1.0))
                value = -size if value < 0.0 else size
            value = (value - centres[j]) / spreads[j]
            if value > limit:
                value = limit
            elif value < -limit:
                value = -limit
            out[i, j] = np.float32(value)
