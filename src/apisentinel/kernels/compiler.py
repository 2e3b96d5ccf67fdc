"""Compiles the Numba kernels and keeps their machine code in a cache that can be trusted.

Numba's own cache looks at the file of a kernel only, so an edit in an imported kernel file would
give back old machine code. The cache folder of a kernel therefore carries a digest of its file, of
all files of the package that it imports, directly or not, and of the versions that shape the code.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

PACKAGE = Path(__file__).resolve().parent.parent


_IMPORT = b"from apisentinel."
_digests: dict[Path, bytes] = {}


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
    temporary folder.
    """
    chosen = os.environ.get("APISENTINEL_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    owner = os.getuid() if hasattr(os, "getuid") else 0
    for base in filter(None, (chosen, home, os.path.join(tempfile.gettempdir(), f"cache-{owner}"))):
        folder = Path(base) / "apisentinel" / "kernels"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError:
            continue
        return folder
    return None


CACHE_FOLDER = _folder()
if CACHE_FOLDER is not None:
    os.environ["NUMBA_CACHE_DIR"] = str(CACHE_FOLDER)

import llvmlite  # noqa: E402
import numba  # noqa: E402  (the cache folder must be known before the first import)
import numpy as np  # noqa: E402

_VERSIONS = (
    f"{sys.version_info} {numba.__version__} {np.__version__} {llvmlite.__version__}".encode()
)

_ENTRY = "apisentinel/features/actor.py"


def is_warm() -> bool:
    """True when machine code of the largest kernel is at hand, so that (almost) nothing is
    compiled.
    """
    if CACHE_FOLDER is None:
        return False
    folder = _folder_of(PACKAGE.parent / _ENTRY)
    return folder is not None and any(folder.rglob("*.nbi"))


def _folder_of(path: Path) -> Path | None:
    """Where the machine code of the kernels of a file is kept."""
    return None if CACHE_FOLDER is None else CACHE_FOLDER / _digest(path).hex()[:16]


def kernel(signature: str) -> Callable[[Callable[..., Any]], Any]:
    """Compiles a function once for exactly this signature; no other variant can appear at run time.

    The function runs without the interpreter lock, without bounds checks and with strict floating
    point, so its result is the same bytes on every host.

    Args:
        signature: Numba signature such as ``"int64(uint8[::1], int64)"``.

    Returns:
        A decorator that gives the compiled function.

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

    def compiled(function: Callable[..., Any]) -> Any:
        path = Path(function.__code__.co_filename)
        folder = _folder_of(path) if path.exists() else None
        if folder is not None:
            # Numba reads the place when the function is decorated, so every file can have its own
            numba.config.CACHE_DIR = str(folder)
        options = {
            "nogil": True,
            "error_model": "numpy",
            "fastmath": False,
            "cache": folder is not None,
        }
        return numba.njit(signature, **options)(function)

    return compiled


def inline(function: Callable[..., Any]) -> Any:
    """A building block that only kernels call; LLVM places it into its callers.

    It must neither make nor return an array: its arguments are passed without reference counting,
    since two atomic operations for each array of each call cost more than most building blocks do.
    """
    return numba.njit(nogil=True, error_model="numpy", fastmath=False, _nrt=False)(function)
