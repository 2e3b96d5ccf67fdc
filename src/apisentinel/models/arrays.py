"""Arrays as bytes and back: safetensors, which holds names and numbers and can run nothing."""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from apisentinel.errors import IncompatibleModelError, ModelError

MAX_BYTES = 64 << 20
"""Of one part, as the bundle allows."""
MAX_HEADER = 256 << 10
"""Bytes of names and shapes; 256 arrays need less than 64 KiB."""
MAX_ARRAYS = 1024
MAX_DIMENSIONS = 4

Arrays = dict[str, npt.NDArray[Any]]

_TYPES = frozenset(
    np.dtype(name)
    for name in (
        *("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32"),
        *("uint64", "int64", "float16", "float32", "float64"),
    )
)


def pack_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Bytes of arrays by name: equal arrays, equal bytes.

    Raises:
        ModelError: There are too many, or one has a type that cannot be kept.
    """
    if len(arrays) > MAX_ARRAYS:
        raise ModelError(f"{len(arrays)} arrays are more than {MAX_ARRAYS} in one part")
    for name, array in arrays.items():
        if array.dtype not in _TYPES or array.ndim > MAX_DIMENSIONS:
            raise ModelError(f"array {name} of {array.dtype} and {array.ndim} axes cannot be kept")
    content = save({name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)})
    if len(content) > MAX_BYTES:
        raise ModelError(f"the arrays take {len(content)} bytes, more than {MAX_BYTES}")
    return content


def unpack_arrays(content: bytes) -> Arrays:
    """Arrays by name, writeable and contiguous.

    Raises:
        IncompatibleModelError: The bytes are damaged, too many, or of a type that nothing uses.
    """
    if len(content) < 8 or len(content) > MAX_BYTES:
        raise IncompatibleModelError(f"a part of {len(content)} bytes holds no arrays")
    if struct.unpack_from("<Q", content)[0] > MAX_HEADER:
        raise IncompatibleModelError(f"the names of the arrays take more than {MAX_HEADER} bytes")
    try:
        loaded = load(content)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise IncompatibleModelError(f"the arrays are damaged: {error}") from error
    if len(loaded) > MAX_ARRAYS:
        raise IncompatibleModelError(f"{len(loaded)} arrays are more than {MAX_ARRAYS}")
    for name, array in loaded.items():
        if array.dtype not in _TYPES or array.ndim > MAX_DIMENSIONS:
            raise IncompatibleModelError(f"array {name} has the type {array.dtype}")
    return {name: np.array(array, order="C") for name, array in sorted(loaded.items())}


def take(arrays: Arrays, name: str, dtype: str, *shape: int | None) -> npt.NDArray[Any]:
    """One array, after its type and shape were checked.

    Args:
        arrays: From `unpack_arrays`.
        name: Which one.
        dtype: What its elements must be.
        shape: Length of each axis, None for any.

    Raises:
        IncompatibleModelError: It is missing or something else.
    """
    array = arrays.get(name)
    if array is None:
        raise IncompatibleModelError(f"array {name} is missing")
    fits = array.dtype == np.dtype(dtype) and array.ndim == len(shape)
    if not fits or any(
        want not in {None, have} for want, have in zip(shape, array.shape, strict=True)
    ):
        raise IncompatibleModelError(
            f"array {name} is {array.dtype}{list(array.shape)}, not {dtype}{list(shape)}"
        )
    return array
