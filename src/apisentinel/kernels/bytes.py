"""Byte primitives: unaligned loads, 32-lane comparison, search, prefetch, 128-bit mixing.

Pure LLVM IR, so the code caches and lowers to SSE, AVX2 or NEON. Every buffer handed to these
functions must have `PADDING` readable bytes after its last valid byte.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from apisentinel.kernels.compiler import inline

PADDING = 64
"""Spare bytes after the end of every text buffer; vector loads may read them, never use them."""

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


def padded(data: bytes | bytearray | memoryview) -> Any:
    """Copies bytes into a uint8 array with `PADDING` zero bytes after them.

    Returns:
        uint8 array of length ``len(data) + PADDING``.
    """
    out = np.zeros(len(data) + PADDING, np.uint8)
    out[: len(data)] = np.frombuffer(data, np.uint8)
    return out


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, offset: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(builder.bitcast(data, _I8.as_pointer()), [offset])


@intrinsic
def load64(_typing: Any, buffer: Any, offset: Any) -> Any:
    """Eight bytes at `offset`, little-endian, any alignment."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _pointer(context, builder, signature.args[0], args[0], args[1])
        return builder.load(builder.bitcast(address, _I64.as_pointer()), align=1)

    return types.uint64(buffer, types.int64), generate


@intrinsic
def equal_mask(_typing: Any, buffer: Any, offset: Any, byte: Any) -> Any:
    """Bit k is set where ``buffer[offset + k] == byte``, k < 32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(_I8, 32)
        address = _pointer(context, builder, signature.args[0], args[0], args[1])
        lanes = builder.load(builder.bitcast(address, vector.as_pointer()), align=1)
        empty = ir.Constant(vector, ir.Undefined)
        splat = builder.shuffle_vector(
            builder.insert_element(empty, args[2], _I32(0)),
            empty,
            ir.Constant(ir.VectorType(_I32, 32), [0] * 32),
        )
        return builder.zext(builder.bitcast(builder.icmp_unsigned("==", lanes, splat), _I32), _I64)

    return types.uint64(buffer, types.int64, types.uint8), generate


@intrinsic
def high_mask(_typing: Any, buffer: Any, offset: Any) -> Any:
    """Bit k is set where ``buffer[offset + k] >= 0x80``, k < 32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(_I8, 32)
        address = _pointer(context, builder, signature.args[0], args[0], args[1])
        lanes = builder.load(builder.bitcast(address, vector.as_pointer()), align=1)
        negative = builder.icmp_signed("<", lanes, ir.Constant(vector, [0] * 32))
        return builder.zext(builder.bitcast(negative, _I32), _I64)

    return types.uint64(buffer, types.int64), generate


@intrinsic
def trailing_zeros(_typing: Any, value: Any) -> Any:
    """Number of zero bits below the lowest set bit; 64 for zero."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@intrinsic
def multiply_fold(_typing: Any, left: Any, right: Any) -> Any:
    """Low half xor high half of the 128-bit product."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.xor(
            builder.trunc(product, _I64), builder.trunc(builder.lshr(product, wide(64)), _I64)
        )

    return types.uint64(types.uint64, types.uint64), generate


@intrinsic
def prefetch(_typing: Any, array: Any, offset: Any) -> Any:
    """Asks for the cache line at byte `offset` of a contiguous array of any element type."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _pointer(context, builder, signature.args[0], args[0], args[1])
        kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
        function = builder.module.declare_intrinsic("llvm.prefetch", [_I8.as_pointer()], kind)
        builder.call(function, [address, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@inline
def find(buffer, begin, end, byte):
    """First index in [begin, end) that holds `byte`, else `end`."""
    i = begin
    while i < end:
        mask = equal_mask(buffer, i, byte)
        if mask != 0:
            j = i + np.int64(trailing_zeros(mask))
            return min(j, end)
        i += 32
    return end


@inline
def matches(buffer, begin, end, literal, at, length):
    """True when ``buffer[begin:begin + length]`` lies inside [begin, end) and equals
    ``literal[at:at + length]``.
    """
    if begin + length > end:
        return False
    for k in range(length):
        if buffer[begin + k] != literal[at + k]:
            return False
    return True
