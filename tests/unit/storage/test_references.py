"""What lives as long as the process holds nothing of DuckDB, whose binding would call it a leak."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import apisentinel.storage


def functions_of(holder: Any, package: str) -> Iterator[Any]:
    for _, found in inspect.getmembers(holder):
        if getattr(found, "__module__", None) != package:
            continue
        if inspect.isfunction(found):
            yield found
        elif inspect.isclass(found) and found is not holder:
            yield from functions_of(found, package)


def test_no_function_holds_a_type_of_duckdb() -> None:
    named = set()
    seen = 0
    for module in pkgutil.iter_modules(apisentinel.storage.__path__, "apisentinel.storage."):
        loaded = importlib.import_module(module.name)
        for function in functions_of(loaded, module.name):
            seen += 1
            for kind in function.__annotations__.values():
                arguments = (kind, *getattr(kind, "__args__", ()))
                if any("duckdb" in str(getattr(one, "__module__", "")) for one in arguments):
                    named.add(f"{module.name}.{function.__qualname__}")
    assert seen > 100
    assert not named
