"""Settings of a run: command line before environment before file before default.

One schema for all commands. The keys of the service stand at the root of the file; those of the
detection stand in its table ``detection`` or, shorter, at the root, too. A scan takes the latter
and leaves the rest to the service.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from apisentinel.cli.messages import did_you_mean, nearest
from apisentinel.cli.toml_places import places
from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from apisentinel.pipeline import ScanSettings
    from apisentinel.pipeline.service_settings import ServiceSettings

Model = TypeVar("Model", bound=BaseModel)

PREFIX = "APISENTINEL_"
OWN_VARIABLES = frozenset({"APISENTINEL_DEBUG", "APISENTINEL_CACHE_DIR", "APISENTINEL_PROFILE"})
"""Variables that are no settings."""

AGENT_PREFIX = "APISENTINEL_AGENT_"
"""Variables of the middleware, which may run on the same machine."""

DETECTION = "detection"
MAX_CONFIG_BYTES = 1 << 20
"""A settings file is written by hand; a larger one is a mistake, such as a log file."""

WANTS_TEXT = frozenset({"string_type", "path_type"})


@dataclass
class Values:
    """Values from all sources, laid over each other, and where each came from."""

    tree: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Dotted name to source, such as ``settings.toml:3`` or ``environment: APISENTINEL_PORT``."""
    texts: dict[str, str] = field(default_factory=dict)
    """What the environment said literally, for settings that are texts."""
    faults: list[str] = field(default_factory=list)

    def lay(self, name: str, value: object, origin: str) -> None:
        """Sets one value; a table is laid over what is there, key by key."""
        if isinstance(value, Mapping):
            for key, inner in value.items():
                self.lay(f"{name}.{key}", inner, f"{origin}")
            if value:
                return
        steps = name.split(".")
        table = self.tree
        for step in steps[:-1]:
            if not isinstance(table.get(step), dict):
                table[step] = {}
            table = table[step]
        table[steps[-1]] = value
        self.origins[name] = origin

    def origin(self, loc: tuple[str | int, ...]) -> str:
        """Where the value at this place came from; the nearest place above it counts, too."""
        for depth in range(len(loc), 0, -1):
            found = self.origins.get(".".join(map(str, loc[:depth])))
            if found is not None:
                return found
        return "default"


def load(
    config: str | None, options: Mapping[str, object], environ: Mapping[str, str] = os.environ
) -> "ScanSettings":
    """Settings of a scan from all their sources.

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

    keys = frozenset(ScanSettings.model_fields)
    given = {f"{DETECTION}.{name}": value for name, value in options.items()}
    values = gather(config, given, environ, keys)
    return checked(ScanSettings, values, DETECTION)


def load_service(
    config: str | None, options: Mapping[str, object], environ: Mapping[str, str] = os.environ
) -> "ServiceSettings":
    """Settings of the service from all their sources.

    Args:
        config: Path of a TOML file, or None.
        options: Settings given on the command line by dotted name, such as ``server.port``; None
            means not given.
        environ: Environment; ``APISENTINEL_A__B=1`` sets ``b`` in the table ``a``.

    Returns:
        Checked settings.

    Raises:
        ConfigError: Something is wrong; the message lists every fault with its place.
    """
    from apisentinel.pipeline.service_settings import ServiceSettings

    return checked(ServiceSettings, service_values(config, options, environ))


def service_values(
    config: str | None, options: Mapping[str, object], environ: Mapping[str, str] = os.environ
) -> Values:
    """Unchecked values for the service, with their sources.

    Raises:
        ConfigError: The file cannot be read.
    """
    from apisentinel.pipeline.settings import ScanSettings

    return gather(config, options, environ, frozenset(ScanSettings.model_fields))


def gather(
    config: str | None,
    options: Mapping[str, object],
    environ: Mapping[str, str],
    detection_keys: frozenset[str],
) -> Values:
    """Values from all sources; keys of the detection at the root move into their table.

    Raises:
        ConfigError: The file cannot be read.
    """
    values = Values()
    if config is not None:
        _lay_file(values, config, detection_keys)
    _lay_environment(values, environ, detection_keys)
    for name, value in options.items():
        if value is not None:
            values.lay(name, value, "command line")
    return values


def checked(model: type[Model], values: Values, table: str = "") -> Model:
    """Settings of one model.

    Args:
        model: What the values have to be.
        values: Values of all models.
        table: Name of the table that holds those of this model; empty for all.

    Raises:
        ConfigError: Something is wrong; the message lists every fault with its place.
    """
    tree = values.tree.get(table, {}) if table else values.tree
    base: tuple[str | int, ...] = (table,) if table else ()
    try:
        settings = model.model_validate(tree)
    except ValidationError as problem:
        if _take_texts(values, [(*base, *fault["loc"]) for fault in _wanting_text(problem)]):
            return checked(model, values, table)
        faults = values.faults + [
            _fault(
                model,
                fault["loc"],
                fault["type"],
                fault["msg"],
                values.origin((*base, *fault["loc"])),
            )
            for fault in problem.errors()
        ]
        raise ConfigError(_listed(faults)) from problem
    if values.faults:
        raise ConfigError(_listed(values.faults))
    return settings


def _listed(faults: list[str]) -> str:
    return "wrong settings:\n" + "\n".join(f"  {fault}" for fault in faults)


def _wanting_text(problem: ValidationError) -> Iterator[Any]:
    return (fault for fault in problem.errors() if fault["type"] in WANTS_TEXT)


def _take_texts(values: Values, locs: list[tuple[str | int, ...]]) -> bool:
    """Puts in the literal text of variables whose settings are texts; True if there was one."""
    names = [name for name in (".".join(map(str, loc)) for loc in locs) if name in values.texts]
    for name in names:
        values.lay(name, values.texts.pop(name), values.origins[name])
    return bool(names)


def _lay_file(values: Values, config: str, detection_keys: frozenset[str]) -> None:
    text = _read_file(config)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{config}: not valid TOML: {problem}") from problem
    lines = {".".join(map(str, path)): line for path, line in places(text).items()}
    unknown: set[str] = set()
    known = _known(tree, detection_keys)
    for path, value in _leaves(tree):
        origin = f"{config}:{lines.get(path, 1)}"
        root = path.partition(".")[0]
        if root not in known:
            if root not in unknown:
                unknown.add(root)
                hint = did_you_mean(nearest(root, known))
                values.faults.append(f"{origin}: {root}: there is no such setting{hint}")
            continue
        name = _home(path, detection_keys)
        if name in values.origins:
            values.faults.append(f"{origin}: {path} is set twice, also at {values.origins[name]}")
        values.lay(name, value, origin)
    # Tables and elements of lists, for faults inside of them.
    for path, line in lines.items():
        values.origins.setdefault(_home(path, detection_keys), f"{config}:{line}")


def _home(path: str, detection_keys: frozenset[str]) -> str:
    """The full name of a setting that may be written without its table."""
    return f"{DETECTION}.{path}" if path.partition(".")[0] in detection_keys else path


def _known(roots: Iterable[str], detection_keys: frozenset[str]) -> frozenset[str]:
    """Names that may stand at the root. Those of the service are looked up only when needed."""
    known = detection_keys | {DETECTION}
    if known.issuperset(roots):
        return known
    from apisentinel.pipeline.service_settings import ServiceSettings

    return known | ServiceSettings.model_fields.keys()


def _leaves(tree: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values of all settings in a document, tables first."""
    for name, value in sorted(tree.items(), key=lambda item: not isinstance(item[1], dict)):
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{place}{name}.")
        else:
            yield f"{place}{name}", value


def _read_file(config: str) -> str:
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
        return raw.decode()
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{config}: not valid TOML: {problem}") from problem


def _lay_environment(
    values: Values, environ: Mapping[str, str], detection_keys: frozenset[str]
) -> None:
    """Settings among the variables; an unknown one under our prefix is a typing error."""
    ours = {
        variable: variable.removeprefix(PREFIX).lower().split("__")
        for variable in sorted(environ)
        if variable.startswith(PREFIX)
        and variable not in OWN_VARIABLES
        and not variable.startswith(AGENT_PREFIX)
    }
    known = _known((steps[0] for steps in ours.values()), detection_keys)
    for variable, steps in ours.items():
        if steps[0] not in known:
            hint = did_you_mean(f"{PREFIX}{name.upper()}" for name in nearest(steps[0], known))
            values.faults.append(f"environment: {variable} is no setting{hint}")
            continue
        name = _home(".".join(steps), detection_keys)
        values.lay(name, _value(environ[variable]), f"environment: {variable}")
        values.texts[name] = environ[variable]


def _value(text: str) -> object:
    """A TOML value where the text is one (``3``, ``true``, ``["a"]``), else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _fault(
    model: type[BaseModel], loc: tuple[str | int, ...], kind: str, text: str, origin: str
) -> str:
    """One line about one wrong setting: where it was set, its name, what is wrong."""
    name = ".".join(map(str, loc))
    place = f"{origin}: {name}" if name else origin
    if kind == "extra_forbidden":
        hint = did_you_mean(nearest(str(loc[-1]), _names(model, loc[:-1])))
        return f"{place}: there is no such setting{hint}"
    return f"{place}: {text.removeprefix('Value error, ')}"


def _names(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Names of the settings in the table at `loc`, as far as it can be told."""
    for step in loc:
        known = model.model_fields.get(str(step))
        kinds = [] if known is None else [known.annotation, *get_args(known.annotation)]
        inner = next(
            (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None
        )
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)
