"""Missing values for models that measure distances: as unusual as missing has been in training."""

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.base import Table
from apisentinel.models.probability import fill_missing

LARGEST_FILL = 4.0
"""In spreads; a value that was never missing in training is as odd as four spreads when it is."""


def fills(table: Table) -> npt.NDArray[np.float32]:
    """What stands for a missing value of each scaled column, float32 ``(n_features,)``.

    ``-log10(share of missing values)``: 0 where values are always missing, 1 for one in ten, never
    the number that it would be easy to hide behind.
    """
    share = (np.isnan(table).sum(axis=0) + 1e-9) / max(len(table), 1)
    made: npt.NDArray[np.float32] = np.clip(-np.log10(share), 0.0, LARGEST_FILL).astype(np.float32)
    return made


def row_major(table: Table) -> npt.NDArray[np.float32]:
    """The table as kernels take it: float32, C order, writeable; a copy only when it is not."""
    return np.require(table, np.float32, ["C", "W"])


def filled(table: Table, fill: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The table as float64 without missing values.

    Raises:
        IncompatibleModelError: It has another number of columns.
    """
    if table.ndim != 2 or table.shape[1] != fill.size:
        raise IncompatibleModelError(
            f"the model knows {fill.size} features, the table has shape {table.shape}"
        )
    dense = np.empty(table.shape, np.float64)
    fill_missing(row_major(table), fill, dense)
    return dense
