"""Compiles the Numba kernels once and keeps their machine code in a cache that can be trusted.

With the code at hand, a process never imports Numba: `native` links it in a millisecond per kernel,
when the kernel is called for the first time. The cache folder of a kernel carries a digest of its
file, of all files of the package that it imports, directly or not, of the processor, and of the
versions that shape the code, so old code is never run.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import llvmlite.binding as llvm
import numpy as np

from apisentinel.kernels.native import Native, Signature

PACKAGE = Path(__file__).resolve().parent.parent
SUFFIX = ".kernel"
"""Ending of the files with machine code."""

_IMPORT = b"from apisentinel."
_digests: dict[Path, bytes] = {}


def _versions() -> bytes:
    """What shapes machine code beside the kernel's own files."""
    spec = find_spec("numba")
    numba_version = (
        Path(spec.origin).with_name("_version.py").read_bytes() if spec and spec.origin else b""
    )
    settings = sorted(
        item for item in os.environ.items() if item[0].startswith("NUMBA_") and item[0] not in _FREE
    )
    words = (
        sys.version_info,
        np.__version__,
        llvm.llvm_version_info,
        llvm.get_host_cpu_name(),
        sorted(llvm.get_host_cpu_features().items()),
        settings,
    )
    return (
        numba_version + repr(words).encode() + Path(__file__).with_name("building.py").read_bytes()
    )


_FREE = frozenset({"NUMBA_NUM_THREADS", "NUMBA_CACHE_DIR"})
"""Settings of Numba that do not shape code."""


def _digest(path: Path) -> bytes:
    """Digest of a source file and of every file of the package that it imports."""
    known = _digests.get(path)
    if known is not None:
        return known
    try:
        text = path.read_bytes()
    except OSError:
        return b""
    _digests[path] = text  # ends a circle of imports
    state = hashlib.sha256(_VERSIONS + text)
    for line in text.split(b"\n"):
        if line.startswith(_IMPORT):
            module = PACKAGE.joinpath(*line[len(_IMPORT) :].split(b" ", 1)[0].decode().split("."))
            state.update(
                _digest(
                    module.with_suffix(".py") if not module.is_dir() else module / "__init__.py"
                )
            )
    _digests[path] = state.digest()
    return _digests[path]


def _folder() -> Path | None:
    """The first writable place for machine code: chosen by the user, the user's cache, the
    temporary folder. A folder that others can write to is none: they could plant code in it.
    """
    chosen = os.environ.get("APISENTINEL_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    owner = os.getuid() if hasattr(os, "getuid") else 0
    for base in filter(None, (chosen, home, os.path.join(tempfile.gettempdir(), f"cache-{owner}"))):
        folder = Path(base) / "apisentinel" / "kernels"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            about = folder.stat()
            if hasattr(os, "getuid") and (about.st_uid != owner or about.st_mode & 0o022):
                continue
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError:
            continue
        return folder
    return None


CACHE_FOLDER = _folder()
_VERSIONS = _versions()
_ENTRY = ("apisentinel/features/actor.py", "update_actors")


def is_warm() -> bool:
    """True when machine code of the largest kernel is at hand, so that (almost) nothing is
    compiled.
    """
    path = _path_of(PACKAGE.parent / _ENTRY[0], _ENTRY[1])
    return path is not None and path.exists()


def _path_of(source: Path, name: str) -> Path | None:
    """Where the machine code of a kernel of a file is kept; None for kernels without a file."""
    if CACHE_FOLDER is None or not source.exists():
        return None
    return CACHE_FOLDER / _digest(source).hex()[:16] / f"{name}{SUFFIX}"


_HEAD = b"apisentinel kernel 1"


def _read(path: Path) -> tuple[bytes, str] | None:
    """Machine code and the name of its entry point; None when it is missing or damaged."""
    try:
        head, symbol, digest, code = path.read_bytes().split(b"\n", 3)
    except (OSError, ValueError):
        return None
    if head != _HEAD or digest != _checksum(code):
        return None
    return code, symbol.decode()


def _write(path: Path, code: bytes, symbol: str) -> None:
    """Keeps machine code; whoever writes last wins, nobody reads a half file."""
    unfinished = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        unfinished.write_bytes(b"\n".join((_HEAD, symbol.encode(), _checksum(code), code)))
        unfinished.replace(path)


def _checksum(code: bytes) -> bytes:
    return hashlib.sha256(code).hexdigest().encode()


class Piece:
    """A building block of kernels: plain Python until a kernel that uses it is compiled."""

    def __init__(self, function: FunctionType, *, is_intrinsic: bool) -> None:
        self.function = function
        self.is_intrinsic = is_intrinsic
        self.__doc__ = function.__doc__

    def __call__(self, *args: Any) -> Any:
        """Compiles and runs the piece by itself, for tests."""
        from apisentinel.kernels.building import dispatcher  # noqa: PLC0415 (imports Numba)

        return dispatcher(self)(*args)


class Kernel(Native):
    """A compiled function; see `kernel`."""

    def __init__(
        self,
        function: FunctionType,
        text: str,
        records: dict[str, np.dtype[Any]],
        *,
        keeps_lock: bool,
    ) -> None:
        signature = Signature.parse(text)
        self.function = function
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        dtypes = [
            (records.get(name) or np.dtype(name)) if dimensions else None
            for name, dimensions in signature.parameters
        ]
        super().__init__(signature, dtypes, keeps_lock=keeps_lock)

    def code(self) -> tuple[bytes, str]:
        """Machine code and the name of its entry point, from the cache or freshly compiled."""
        source = Path(self.function.__code__.co_filename)
        path = _path_of(source, self.function.__qualname__)
        known = None if path is None else _read(path)
        if known is not None:
            return known
        from apisentinel.kernels.building import build  # noqa: PLC0415 (imports Numba)

        built = build(self.function, self.signature, self.dtypes)
        if path is not None:
            _write(path, *built)
        return built


_defined: dict[str, list[Kernel]] = {}


def kernels_of(module: str) -> tuple[Kernel, ...]:
    """The kernels that an imported module has defined."""
    return tuple(_defined.get(module, ()))


def kernel(
    signature: str, *, keeps_lock: bool = False, **records: np.dtype[Any]
) -> Callable[[Callable[..., Any]], Kernel]:
    """Compiles a function once for exactly this signature; no other variant can appear at run time.

    The function runs without the interpreter lock, unless it asks to keep it, without bounds checks
    and with strict floating point, so its result is the same bytes on every host. It makes no
    arrays: what it needs to work with is handed in.

    Args:
        signature: Numba signature such as ``"int64(uint8[::1], int64)"``. Numbers are int64, uint64
            or float64, arrays contiguous.
        keeps_lock: For calls of a few microseconds, since handing the lock over takes longer.
        records: Types of structured arrays by the name that the signature uses.

    Returns:
        A decorator that gives the compiled function. Machine code is loaded, or made, at its first
        call.

    Example:
        >>> import numpy as np
        >>> @kernel("int64(int64[::1])")
        ... def total(values):
        ...     s = 0
        ...     for i in range(values.shape[0]):
        ...         s += values[i]
        ...     return s
        >>> total(np.arange(4))
        6
    """

    def defined(function: Any) -> Kernel:
        made = Kernel(function, signature, records, keeps_lock=keeps_lock)
        _defined.setdefault(function.__module__, []).append(made)
        return made

    return defined


def inline(function: Callable[..., Any]) -> Any:
    """A building block that only kernels call; LLVM places it into its callers.

    It must neither make nor return an array.
    """
    return Piece(function, is_intrinsic=False)  # type: ignore[arg-type]


def intrinsic(function: Callable[..., Any]) -> Any:
    """A building block that writes LLVM code by itself.

    As Numba's decorator of this name has it, but the first argument is the modules
    ``llvmlite.ir`` and ``numba.types``, so that only compiling imports them.
    """
    return Piece(function, is_intrinsic=True)  # type: ignore[arg-type]
