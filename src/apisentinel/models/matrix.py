"""Products of a few rows with a kept matrix, in vector registers.

Every sum runs over the inner dimension in order, one lane per column, without fused operations. So
a row's product is the same bits alone or among thousands, on every processor, which a tuned BLAS
does not promise.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import inline, intrinsic

BLOCK = 32
"""Columns of a kept matrix are padded to a multiple of this with zeros."""


def padded_columns(matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A copy with columns up to a multiple of `BLOCK`."""
    rows, columns = matrix.shape
    wide = np.zeros((rows, -(-max(columns, 1) // BLOCK) * BLOCK), matrix.dtype)
    wide[:, :columns] = matrix
    return wide


def _tile(rows: int, lanes: int, vectors: int) -> Any:
    """A product of `rows` rows with ``lanes * vectors`` columns, written to `out`.

    The piece takes ``(left, matrix, out, row, column, out_row)``: rows of `left` from `row` on,
    columns of `matrix` from `column` on, rows of `out` from `out_row` on.
    """

    def piece(
        tools: Any, left: Any, matrix: Any, out: Any, row: Any, column: Any, out_row: Any
    ) -> Any:
        ir, types = tools
        i64, i32 = ir.IntType(64), ir.IntType(32)
        scalar = ir.FloatType() if matrix.dtype is types.float32 else ir.DoubleType()
        vector = ir.VectorType(scalar, lanes)
        size = 4 if matrix.dtype is types.float32 else 8

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            arrays = [
                context.make_array(kind)(context, builder, value)
                for kind, value in zip(signature.args[:3], args[:3], strict=True)
            ]
            a, b, o = (array.data for array in arrays)
            inner = builder.extract_value(arrays[0].shape, 1)
            columns = builder.extract_value(arrays[1].shape, 1)
            out_columns = builder.extract_value(arrays[2].shape, 1)

            def at(pointer: Any, index: Any) -> Any:
                return builder.gep(pointer, [index])

            def vector_at(pointer: Any, index: Any) -> Any:
                return builder.bitcast(at(pointer, index), vector.as_pointer())

            starts = [at(a, builder.mul(builder.add(args[3], i64(r)), inner)) for r in range(rows)]
            before = builder.block
            loop = builder.append_basic_block("tile.loop")
            done = builder.append_basic_block("tile.done")
            builder.branch(loop)
            builder.position_at_end(loop)
            k = builder.phi(i64)
            k.add_incoming(i64(0), before)
            sums = [[builder.phi(vector) for _ in range(vectors)] for _ in range(rows)]
            zero = ir.Constant(vector, [0.0] * lanes)
            begin = builder.add(builder.mul(k, columns), args[4])
            cells = [
                builder.load(vector_at(b, builder.add(begin, i64(v * lanes))), align=size)
                for v in range(vectors)
            ]
            empty, same = ir.Constant(vector, ir.Undefined), ir.VectorType(i32, lanes)
            for r in range(rows):
                number = builder.load(at(starts[r], k))
                splat = builder.shuffle_vector(
                    builder.insert_element(empty, number, i32(0)),
                    empty,
                    ir.Constant(same, [0] * lanes),
                )
                for v in range(vectors):
                    new = builder.fadd(sums[r][v], builder.fmul(splat, cells[v]))
                    sums[r][v].add_incoming(zero, before)
                    sums[r][v].add_incoming(new, loop)
                    sums[r][v] = new
            following = builder.add(k, i64(1))
            k.add_incoming(following, loop)
            builder.cbranch(builder.icmp_signed("<", following, inner), loop, done)
            builder.position_at_end(done)
            for r in range(rows):
                begin = builder.add(builder.mul(builder.add(args[5], i64(r)), out_columns), args[4])
                for v in range(vectors):
                    place = vector_at(o, builder.add(begin, i64(v * lanes)))
                    builder.store(sums[r][v], place, align=size)
            return context.get_dummy_value()

        return types.void(left, matrix, out, *[types.int64] * 3), generate

    return intrinsic(piece)


_four_doubles = _tile(4, 8, 2)
_one_double = _tile(1, 8, 2)
_four_floats = _tile(4, 16, 2)
_one_float = _tile(1, 16, 2)
_one_float_wide = _tile(1, 16, 8)


@inline
def multiply64(left, row, count, matrix, out):
    """``out[:count] = left[row:row + count] @ matrix`` in float64; `matrix` is padded, the inner
    dimension is not 0.
    """
    i = 0
    while i + 4 <= count:
        for j in range(0, matrix.shape[1], 16):
            _four_doubles(left, matrix, out, row + i, j, i)
        i += 4
    while i < count:
        for j in range(0, matrix.shape[1], 16):
            _one_double(left, matrix, out, row + i, j, i)
        i += 1


@inline
def multiply32(left, row, count, matrix, out):
    """``out[:count] = left[row:row + count] @ matrix`` in float32; `matrix` is padded, the inner
    dimension is not 0.
    """
    i = 0
    while i + 4 <= count:
        for j in range(0, matrix.shape[1], 32):
            _four_floats(left, matrix, out, row + i, j, i)
        i += 4
    while i < count:
        for j in range(0, matrix.shape[1], 32):
            _one_float(left, matrix, out, row + i, j, i)
        i += 1


@inline
def multiply_one32(left, matrix, out):
    """``out[0] = left[0] @ matrix`` in float32 for a single row: more columns side by side, since
    each sum waits for its last addition.
    """
    j = 0
    while j + 128 <= matrix.shape[1]:
        _one_float_wide(left, matrix, out, 0, j, 0)
        j += 128
    while j < matrix.shape[1]:
        _one_float(left, matrix, out, 0, j, 0)
        j += 32
