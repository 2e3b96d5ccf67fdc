"""Settings of a run: command line before environment before file before default."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from apisentinel.cli.messages import did_you_mean, nearest
from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from apisentinel.pipeline import ScanSettings

PREFIX = "APISENTINEL_"
OWN_VARIABLES = frozenset({"APISENTINEL_DEBUG", "APISENTINEL_CACHE_DIR", "APISENTINEL_PROFILE"})
"""Variables that are not settings of a scan."""

MAX_CONFIG_BYTES = 1 << 20
"""A settings file is written by hand; a larger one is a mistake, such as a log file."""


def load(
    config: str | None, options: Mapping[str, object], environ: Mapping[str, str] = os.environ
) -> "ScanSettings":
    """Settings from all their sources.

    Args:
        config: Path of a TOML file, or None.
        options: Settings given on the command line; None means not given.
        environ: Environment; ``APISENTINEL_A__B=1`` sets ``b`` in the table ``a``.

    Returns:
        Checked settings.

    Raises:
        ConfigError: Something is wrong; the message lists every fault with its place.
    """
    from apisentinel.pipeline import ScanSettings

    origin: dict[str, str] = {}
    values: dict[str, Any] = {}
    if config is not None:
        _merge(values, _read_file(config), config, origin)
    known = set(ScanSettings.model_fields)
    _merge(values, _read_environment(environ, known), "environment", origin)
    _merge(
        values,
        {name: value for name, value in options.items() if value is not None},
        "command line",
        origin,
    )
    try:
        return ScanSettings.model_validate(values)
    except ValidationError as problem:
        faults = [
            _fault(ScanSettings, fault["loc"], fault["type"], fault["msg"], origin)
            for fault in problem.errors()
        ]
        raise ConfigError(
            "wrong settings:\n" + "\n".join(f"  {fault}" for fault in faults)
        ) from problem


def _read_file(config: str) -> dict[str, Any]:
    path = Path(config)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_CONFIG_BYTES + 1)
    except OSError as problem:
        raise ConfigError(
            f"{config}: cannot read the settings: {problem.strerror}; check --config"
        ) from problem
    if len(raw) > MAX_CONFIG_BYTES:
        raise ConfigError(
            f"{config}: larger than {MAX_CONFIG_BYTES >> 20} MiB, hardly settings; check --config"
        )
    try:
        return tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{config}: not valid TOML: {problem}") from problem


def _read_environment(environ: Mapping[str, str], known: set[str]) -> dict[str, Any]:
    """Settings among the variables; an unknown one under our prefix is a typing error."""
    found: dict[str, Any] = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in OWN_VARIABLES:
            continue
        steps = variable.removeprefix(PREFIX).lower().split("__")
        if steps[0] not in known:
            hint = did_you_mean(f"{PREFIX}{name.upper()}" for name in nearest(steps[0], known))
            raise ConfigError(f"environment: {variable} is no setting{hint}")
        table = found
        for step in steps[:-1]:
            table = table.setdefault(step, {})
        table[steps[-1]] = _value(environ[variable])
    return found


def _value(text: str) -> object:
    """A TOML value where the text is one (``3``, ``true``, ``["a"]``), else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _merge(
    values: dict[str, Any],
    more: Mapping[str, Any],
    origin: str,
    origins: dict[str, str],
    place: str = "",
) -> None:
    """Lays `more` over `values`, table by table, and notes where each value came from."""
    for name, value in more.items():
        where = f"{place}{name}"
        if isinstance(value, dict) and isinstance(values.get(name), dict):
            _merge(values[name], value, origin, origins, f"{where}.")
            continue
        values[name] = value
        origins[where] = origin


def _fault(
    model: type[BaseModel],
    loc: tuple[str | int, ...],
    kind: str,
    text: str,
    origins: dict[str, str],
) -> str:
    """One line about one wrong setting: where it was set, its name, what is wrong."""
    name = ".".join(map(str, loc))
    parents = (".".join(map(str, loc[:depth])) for depth in range(len(loc), 0, -1))
    origin = next((origins[parent] for parent in parents if parent in origins), "default")
    if kind == "extra_forbidden":
        hint = did_you_mean(nearest(str(loc[-1]), _names(model, loc[:-1])))
        return f"{origin}: {name}: there is no such setting{hint}"
    return f"{origin}: {name}: {text}"


def _names(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Names of the settings in the table at `loc`, as far as it can be told."""
    for step in loc:
        field = model.model_fields.get(str(step))
        kinds = [] if field is None else [field.annotation, *get_args(field.annotation)]
        inner = next(
            (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None
        )
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)
