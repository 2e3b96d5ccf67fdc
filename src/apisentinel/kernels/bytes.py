"""Byte primitives: unaligned loads, 32-lane comparison, search, prefetch, 128-bit mixing.

Pure LLVM IR, so the code caches and lowers to SSE, AVX2 or NEON. Every buffer handed to these
functions must have `PADDING` readable bytes after its last valid byte.
"""

from typing import Any

import numpy as np

from apisentinel.kernels.compiler import inline, intrinsic

PADDING = 64
"""Spare bytes after the end of every text buffer; vector loads may read them, never use them."""


def padded(data: bytes | bytearray | memoryview) -> Any:
    """Copies bytes into a uint8 array with `PADDING` zero bytes after them.

    Returns:
        uint8 array of length ``len(data) + PADDING``.
    """
    out = np.zeros(len(data) + PADDING, np.uint8)
    out[: len(data)] = np.frombuffer(data, np.uint8)
    return out


def _pointer(
    byte: Any, context: Any, builder: Any, array_type: Any, array: Any, offset: Any
) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(builder.bitcast(data, byte.as_pointer()), [offset])


@intrinsic
def load64(tools: Any, buffer: Any, offset: Any) -> Any:
    """Eight bytes at `offset`, little-endian, any alignment."""
    ir, types = tools
    i64 = ir.IntType(64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _pointer(ir.IntType(8), context, builder, signature.args[0], args[0], args[1])
        return builder.load(builder.bitcast(address, i64.as_pointer()), align=1)

    return types.uint64(buffer, types.int64), generate


@intrinsic
def equal_mask(tools: Any, buffer: Any, offset: Any, byte: Any) -> Any:
    """Bit k is set where ``buffer[offset + k] == byte``, k < 32."""
    ir, types = tools
    i8, i32, i64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(i8, 32)
        address = _pointer(ir.IntType(8), context, builder, signature.args[0], args[0], args[1])
        lanes = builder.load(builder.bitcast(address, vector.as_pointer()), align=1)
        empty = ir.Constant(vector, ir.Undefined)
        splat = builder.shuffle_vector(
            builder.insert_element(empty, args[2], i32(0)),
            empty,
            ir.Constant(ir.VectorType(i32, 32), [0] * 32),
        )
        return builder.zext(builder.bitcast(builder.icmp_unsigned("==", lanes, splat), i32), i64)

    return types.uint64(buffer, types.int64, types.uint8), generate


@intrinsic
def high_mask(tools: Any, buffer: Any, offset: Any) -> Any:
    """Bit k is set where ``buffer[offset + k] >= 0x80``, k < 32."""
    ir, types = tools
    i8, i32, i64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(i8, 32)
        address = _pointer(ir.IntType(8), context, builder, signature.args[0], args[0], args[1])
        lanes = builder.load(builder.bitcast(address, vector.as_pointer()), align=1)
        negative = builder.icmp_signed("<", lanes, ir.Constant(vector, [0] * 32))
        return builder.zext(builder.bitcast(negative, i32), i64)

    return types.uint64(buffer, types.int64), generate


@intrinsic
def trailing_zeros(tools: Any, value: Any) -> Any:
    """Number of zero bits below the lowest set bit; 64 for zero."""
    ir, types = tools

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@intrinsic
def multiply_fold(tools: Any, left: Any, right: Any) -> Any:
    """Low half xor high half of the 128-bit product."""
    ir, types = tools
    i64 = ir.IntType(64)

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.xor(
            builder.trunc(product, i64), builder.trunc(builder.lshr(product, wide(64)), i64)
        )

    return types.uint64(types.uint64, types.uint64), generate


@intrinsic
def prefetch(tools: Any, array: Any, offset: Any) -> Any:
    """Asks for the cache line at byte `offset` of a contiguous array of any element type."""
    ir, types = tools
    i8, i32 = ir.IntType(8), ir.IntType(32)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _pointer(ir.IntType(8), context, builder, signature.args[0], args[0], args[1])
        kind = ir.FunctionType(ir.VoidType(), [i8.as_pointer(), i32, i32, i32])
        function = builder.module.declare_intrinsic("llvm.prefetch", [i8.as_pointer()], kind)
        builder.call(function, [address, i32(0), i32(3), i32(1)])
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
