"""What a slot table holds, as named arrays and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.errors import StateError
from apisentinel.kernels.slots import Slots


def index_of(name: str, table: Slots, version: int) -> dict[str, npt.NDArray[Any]]:
    """All but the records of a table, under names that begin with its own.

    Args:
        name: Of the table.
        table: The table.
        version: Of the layout of its records.
    """
    cells = np.flatnonzero(table.keys)
    return {
        f"{name}.meta": table.meta.copy(),
        f"{name}.keys": table.keys[cells],
        f"{name}.cells": cells,
        f"{name}.rows": table.rows[cells],
        f"{name}.shape": np.array(_shape(table, version)),
    }


def check(name: str, table: Slots, version: int, arrays: Mapping[str, Any]) -> None:
    """Takes only a snapshot that fits.

    Raises:
        StateError: The snapshot was made with other bounds or by another version.
    """
    shape = arrays.get(f"{name}.shape")
    if shape is None or shape.tolist() != _shape(table, version):
        raise StateError(
            f"snapshot of {name} has another version or other bounds than these settings"
        )


def restore_records(name: str, table: Slots, arrays: Mapping[str, Any]) -> None:
    """Takes over records; rows used since then are emptied, since a new record keeps what lies
    behind its label.
    """
    used = arrays[f"{name}.records"].view(table.records.dtype)
    table.records[len(used) : len(table.used)] = 0
    table.records[: len(used)] = used


def restore_index(name: str, table: Slots, arrays: Mapping[str, Any]) -> None:
    """Takes over all but the records; after them, since it tells how many are in use."""
    table.meta[:] = arrays[f"{name}.meta"]
    table.keys.fill(0)
    cells = arrays[f"{name}.cells"]
    table.keys[cells] = arrays[f"{name}.keys"]
    table.rows[cells] = arrays[f"{name}.rows"]


def _shape(table: Slots, version: int) -> list[int]:
    return [table.records.shape[0], table.records.itemsize, version]
