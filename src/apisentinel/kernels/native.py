"""Machine code of a kernel as a Python function, without Numba.

The code is an object file with one entry point that takes the address of a block of 8-byte words:
for each array its address and its dimensions, for each number itself. LLVM links it into the
process, which takes a millisecond; importing Numba takes half a second.
"""

import struct
from collections.abc import Sequence
from ctypes import (
    CFUNCTYPE,
    PYFUNCTYPE,
    addressof,
    byref,
    c_char,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_uint8,
    c_uint64,
    c_void_p,
)
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np
import numpy.typing as npt

from apisentinel.errors import ApiSentinelError

RESULTS: dict[str, Any] = {
    "void": c_int64,
    "int64": c_int64,
    "uint64": c_uint64,
    "float64": c_double,
    "float32": c_float,
    "boolean": c_uint8,
}
"""Types that a kernel may return."""

NUMBERS = {"int64": "q", "uint64": "Q", "float64": "d"}
"""Types of numbers that a kernel may take, with their sign in `struct`."""


class KernelError(ApiSentinelError):
    """A kernel gave up. Kernels raise nothing, so this is a fault of the program."""


class Parameter(NamedTuple):
    """One parameter of a kernel: an array when `dimensions` is not 0, else a number."""

    name: str
    dimensions: int


class Signature(NamedTuple):
    """What a kernel takes and returns, in Numba's words."""

    result: str
    parameters: tuple[Parameter, ...]

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """Reads a signature such as ``"int64(uint8[::1], int32[:,::1], int64)"``.

        Example:
            >>> Signature.parse("void(uint8[::1], int32[:,::1], int64)").parameters[1]
            Parameter(name='int32', dimensions=2)
        """
        result, _, rest = text.partition("(")
        parameters = []
        for part in rest.rstrip(")").replace(" ", "").replace(",:", ";:").split(","):
            name, bracket, shape = part.partition("[")
            parameters.append(Parameter(name, shape.count(";") + 1 if bracket else 0))
        return cls(result.strip(), tuple(parameters))


class Fixed:
    """An array that is handed to kernels again and again: its words, worked out once."""

    __slots__ = ("array", "dtype", "flags", "ndim", "words")

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self.array = array
        self.dtype, self.ndim, self.flags = array.dtype, array.ndim, array.flags
        self.words = _words(array)


def _words(array: Any) -> tuple[int, ...]:
    """Address and dimensions of an array."""
    if array.size:
        return (addressof(c_char.from_buffer(array)), *array.shape)
    return (0, *array.shape)


class Native:
    """A function in machine code, linked at its first call.

    Arrays must have exactly the type of the signature, be contiguous and writeable; anything else
    is a `TypeError`.
    """

    def __init__(
        self,
        signature: Signature,
        dtypes: Sequence[np.dtype[Any] | None],
        *,
        keeps_lock: bool = False,
    ) -> None:
        """Prepares a function.

        Args:
            signature: Its parameters.
            dtypes: Element type of each array parameter, None for numbers.
            keeps_lock: The interpreter lock is kept, which is right for calls of a few
                microseconds: handing it over takes longer.
        """
        self.signature = signature
        self.dtypes = tuple(dtypes)
        self.keeps_lock = keeps_lock
        self._linked: Linked | None = None
        self._void = signature.result == "void"
        self._boolean = signature.result == "boolean"
        self._result = RESULTS[signature.result]
        self._kinds = tuple(
            zip(self.dtypes, (p.dimensions for p in signature.parameters), strict=True)
        )
        words = "".join(
            "q" * (1 + parameter.dimensions) if parameter.dimensions else NUMBERS[parameter.name]
            for parameter in signature.parameters
        )
        self._pack = struct.Struct("=" + words).pack

    def code(self) -> tuple[bytes, str]:
        """An object file and the name of the entry point in it."""
        raise NotImplementedError

    def ready(self) -> "Linked":
        """Links the code when that has not been done."""
        if self._linked is None:
            self._linked = link(*self.code(), keeps_lock=self.keeps_lock)
        return self._linked

    def __call__(self, *args: Any) -> Any:
        """Runs the kernel.

        Raises:
            TypeError: An argument has another type than the signature says.
        """
        linked = self._linked or self.ready()
        if len(args) != len(self._kinds):
            raise TypeError(f"{len(self._kinds)} arguments are needed, not {len(args)}")
        words: list[Any] = []
        for (dtype, dimensions), arg in zip(self._kinds, args, strict=False):
            if dtype is None:
                words.append(arg)
                continue
            fixed = arg.__class__ is Fixed
            if (
                not (fixed or isinstance(arg, np.ndarray))
                or (arg.dtype is not dtype and arg.dtype != dtype)
                or arg.ndim != dimensions
                or not arg.flags.carray
            ):
                raise TypeError(_complaint(arg, dtype, dimensions))
            words += arg.words if fixed else _words(arg)
        try:
            block = self._pack(*words)
        except struct.error as problem:
            raise TypeError(f"a number has the wrong type: {problem}") from problem
        result = self._result()
        if linked.entry(byref(result), _NOWHERE, block):
            raise KernelError("a kernel failed; please report this")
        if self._void:
            return None
        return bool(result.value) if self._boolean else result.value


_NOWHERE = byref(c_void_p())
"""Where Numba's code may write a reference to an exception; never read."""


def _complaint(array: Any, dtype: np.dtype[Any], dimensions: int) -> str:
    """Why an argument would make a kernel read or write the wrong memory."""
    if not hasattr(array, "dtype"):
        return f"an array of {dtype} is needed, not {type(array).__name__}"
    if array.dtype != dtype or array.ndim != dimensions:
        return (
            f"an array of {dtype} with {dimensions} dimensions is needed,"
            f" not of {array.dtype} with {array.ndim}"
        )
    return "a contiguous, writeable array is needed"


class Linked(NamedTuple):
    """Machine code in memory; it lives as long as its engine."""

    entry: Any
    engine: Any


_ENTRY = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)
_ENTRY_WITH_LOCK = PYFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)
"""Where the result goes, where a reference to an exception goes, the block of arguments; not 0 is
an exception.
"""


def link(code: bytes, symbol: str, *, keeps_lock: bool = False) -> Linked:
    """Links an object file into the process.

    Raises:
        KernelError: It has no such symbol.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    address = engine.get_function_address(symbol)
    if not address:
        raise KernelError(f"machine code without {symbol}")
    return Linked((_ENTRY_WITH_LOCK if keeps_lock else _ENTRY)(address), engine)
