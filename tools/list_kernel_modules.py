"""Writes the two lists of modules with kernels in `pyproject.toml`, for ruff and for mypy.

Numba types a kernel by its signature, and a kernel is long because a call costs compile time; the
linters have to know where such functions are. `make fmt` runs this, a test compares.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
CONFIG = ROOT / "pyproject.toml"

MARKS = {"kernel", "inline", "intrinsic"}
"""Decorators of kernels and their pieces."""

RULES = '["ANN", "ARG001", "C901", "PLR", "PLW3301", "SIM"]'
"""Ruff: annotations, arguments of intrinsics, size, number of arguments, shorter ways to say it."""


def decorators(tree: ast.Module) -> set[str]:
    """Names of all decorators of functions."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    marks = [mark for function in functions for mark in function.decorator_list]
    names = [mark.func if isinstance(mark, ast.Call) else mark for mark in marks]
    return {name.id for name in names if isinstance(name, ast.Name)}


def kernel_modules() -> list[str]:
    """Modules that hold kernels, as paths below `src`."""
    paths = sorted(SOURCE.rglob("*.py"))
    found = [path for path in paths if decorators(ast.parse(path.read_text("utf-8"))) & MARKS]
    return [path.relative_to(SOURCE).as_posix() for path in found]


def listed(config: str) -> str:
    """The configuration with both lists as they have to be."""
    modules = kernel_modules()
    for_ruff = "".join(f'"src/{name}" = {RULES}\n' for name in modules)
    names = [name.removesuffix(".py").replace("/", ".") for name in modules]
    for_mypy = "".join(f'    "{name}",\n' for name in names)
    for name, text in (("ruff", for_ruff), ("mypy", for_mypy)):
        pattern = rf"(# kernels for {name}\n).*?( *# end\n)"
        config = re.sub(pattern, rf"\g<1>{text}\g<2>", config, count=1, flags=re.DOTALL)
    return config


def main() -> int:
    """Writes the lists."""
    CONFIG.write_text(listed(CONFIG.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
