"""Patterns, field names and number plans of the data classifier, as TOML documents with test
vectors.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """One document of this folder, by its name without suffix."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text("utf-8"))
