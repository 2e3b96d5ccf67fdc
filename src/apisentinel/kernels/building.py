"""Makes machine code out of kernels. Imported only when something has to be compiled, since Numba
takes half a second to import.
"""

import inspect
from collections.abc import Callable, Sequence
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from apisentinel.kernels.compiler import Piece
from apisentinel.kernels.native import KernelError, Signature

OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": False,
    "_nrt": False,
}
"""How everything is compiled: without the interpreter lock, with strict floating point, so that the
result is the same bytes on every host, and without reference counting, since two atomic operations
for each array of each call cost more than most building blocks do.
"""

_DOUBLE = "exp exp2 log log2 log10 log1p expm1 pow floor ceil trunc rint fmod sqrt tanh ldexp frexp"
LIBRARY = frozenset(
    [
        *("memcpy", "memmove", "memset", "memcmp"),
        *(name + width for name in _DOUBLE.split() for width in ("", "f")),
    ]
)
"""Functions of the C library that machine code may call. LLVM ends the process over a name that it
cannot find.
"""

_WORD = ir.IntType(64)


class Built(NamedTuple):
    """An object file and the name of its entry point."""

    code: bytes
    symbol: str


def build(
    function: Callable[..., Any], signature: Signature, dtypes: Sequence[np.dtype[Any] | None]
) -> Built:
    """Compiles a kernel behind an entry point that takes the address of its arguments.

    Args:
        function: The kernel in Python.
        signature: What it takes and returns.
        dtypes: Element type of each array, None for numbers.

    Raises:
        KernelError: The code needs something that is not there without Numba, such as memory for
            an array of its own.
    """
    taken = tuple(
        getattr(types, parameter.name)
        if dtype is None
        else types.Array(numba.from_dtype(dtype), parameter.dimensions, "C")
        for parameter, dtype in zip(signature.parameters, dtypes, strict=True)
    )
    given = types.none if signature.result == "void" else getattr(types, signature.result)
    inner = numba.njit(given(*taken), **OPTIONS)(_usable(function))
    arguments = _unpacking(taken)

    def entry(block):
        return inner(*arguments(block))

    entry.__qualname__ = f"entry_{function.__qualname__}"
    options = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled = numba.njit(given(types.int64), **options)(entry).overloads[types.int64,]
    library, symbol = compiled.library, compiled.fndesc.llvm_func_name
    _check(library, symbol)
    library.get_pointer_to_function(symbol)
    return Built(library._get_compiled_object(), symbol)  # noqa: SLF001 (Numba's own way)


def _check(library: Any, symbol: str) -> None:
    """Refuses code that cannot run alone."""
    module = library._final_module  # noqa: SLF001 (Numba has no other way to it)
    outside = [
        item.name
        for item in (*module.functions, *module.global_variables)
        if item.is_declaration and not item.name.startswith("llvm.") and item.name not in LIBRARY
    ]
    if outside:
        raise KernelError(f"{symbol} needs {', '.join(outside)}")
    taken = [str(argument.type) for argument in library.get_function(symbol).arguments]
    if len(taken) != 3 or taken[2] != "i64":  # result, exception, block
        raise KernelError(f"this version of Numba calls functions in another way: {taken}")


def _unpacking(taken: tuple[Any, ...]) -> Any:
    """An intrinsic that makes all arguments from the address of their block of words."""

    @intrinsic
    def arguments(_typing: Any, _block: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            block = builder.inttoptr(args[0], _WORD.as_pointer())
            at = 0

            def word() -> Any:
                nonlocal at
                at += 1
                return builder.load(builder.gep(block, [_WORD(at - 1)]))

            values = []
            for kind in taken:
                if isinstance(kind, types.Array):
                    values.append(_array(context, builder, kind, word))
                elif kind is types.float64:
                    values.append(builder.bitcast(word(), ir.DoubleType()))
                else:
                    values.append(word())
            return context.make_tuple(builder, signature.return_type, values)

        return types.BaseTuple.from_types(taken)(types.int64), generate

    return arguments


def _array(context: Any, builder: Any, kind: Any, word: Callable[[], Any]) -> Any:
    """A contiguous array from its address and its dimensions."""
    array = context.make_array(kind)(context, builder)
    data = builder.inttoptr(word(), array.data.type)
    shape = [word() for _ in range(kind.ndim)]
    size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    stride = _WORD(size)
    strides: list[Any] = []
    for length in reversed(shape):
        strides.insert(0, stride)
        stride = builder.mul(stride, length)
    populate_array(array, data, shape, strides, _WORD(size), None)
    return array._getvalue()  # noqa: SLF001 (Numba's own way)


_ready: dict[Piece, Any] = {}


def dispatcher(piece: Piece) -> Any:
    """Numba's object for a building block, made once."""
    made = _ready.get(piece)
    if made is None:
        if piece.is_intrinsic:
            made = intrinsic(_with_tools(piece.function))
        else:
            made = numba.njit(**OPTIONS)(_usable(piece.function))
        _ready[piece] = made
    return made


def _with_tools(function: Callable[..., Any]) -> Callable[..., Any]:
    """An intrinsic as Numba wants it, from one that takes LLVM's and Numba's words."""

    def wanted(_typing: Any, *args: Any) -> Any:
        return function((ir, types), *args)

    wanted.__name__ = function.__name__
    wanted.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return wanted


def _usable(function: Callable[..., Any]) -> FunctionType:
    """A copy of a function that sees Numba's objects in place of building blocks."""
    if not isinstance(function, FunctionType):
        raise TypeError(f"{function!r} is no plain function")
    names = _names(function.__code__)
    scope = {
        name: dispatcher(value) if name in names and isinstance(value, Piece) else value
        for name, value in function.__globals__.items()
    }
    copy = FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__qualname__ = function.__qualname__
    copy.__module__ = function.__module__
    return copy


def _names(code: CodeType) -> set[str]:
    """Global names that a function and the functions inside it use."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names
