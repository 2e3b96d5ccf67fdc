"""The lists in pyproject.toml are true: modules with kernels, and the libraries that the code
imports.
"""

import ast
import runpy
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MODULES = sorted(SOURCE.rglob("*.py"))
LISTS = runpy.run_path(str(ROOT / "tools" / "list_kernel_modules.py"))


def test_the_linters_know_the_modules_with_kernels():
    config = (ROOT / "pyproject.toml").read_text("utf-8")
    assert config == LISTS["listed"](config), "run `make fmt`"


def imported() -> set[str]:
    found: set[str] = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"apisentinel"}


def declared() -> set[str]:
    names = [d.partition(">")[0].partition("[")[0] for d in PROJECT["project"]["dependencies"]]
    return {name.strip() for name in names}


ALONG = {"llvmlite"}
"""Imported, but versioned by a declared package that cannot do without it (numba)."""


OPTIONAL = {
    name.partition(">")[0].strip()
    for extra in PROJECT["project"]["optional-dependencies"].values()
    for name in extra
}
"""Libraries of the extras; imported where they are needed, so they may be missing."""


def test_imported_libraries_are_declared_and_declared_ones_imported():
    owners = packages_distributions()
    needed = {owners[module][0].lower().replace("_", "-") for module in imported()}
    assert needed - ALONG - OPTIONAL == declared()
