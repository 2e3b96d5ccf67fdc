"""``apisentinel config``: checks settings, shows the effective ones and where each came from."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from apisentinel.cli import messages
from apisentinel.cli.configuration import DETECTION, Values, checked, service_values
from apisentinel.cli.outcome import Exit
from apisentinel.pipeline.service_settings import ServiceDetection, ServiceSettings

SECRET_WORDS = ("password", "secret", "token")
"""A text under a name that holds one of these is not shown."""

MASK = "***"


def check(config: str | None) -> int:
    """Checks the file and the environment; every fault comes with its place.

    Raises:
        ConfigError: Something is wrong.
    """
    values = service_values(config, {})
    settings = checked(ServiceSettings, values)
    given = sum(origin != "default" for _, _, origin in effective(settings, values))
    noun = "setting" if given == 1 else "settings"
    messages.note(f"{config or 'environment'}: {given} {noun} given, nothing wrong")
    return Exit.DONE


def show(config: str | None, *, changed: bool, as_json: bool) -> int:
    """Prints the effective settings, as TOML with comments or as JSON.

    Raises:
        ConfigError: Something is wrong.
    """
    values = service_values(config, {})
    rows = list(effective(checked(ServiceSettings, values), values))
    if changed:
        rows = [row for row in rows if row[2] != "default"]
    if as_json:
        known = {name: {"value": value, "from": origin} for name, value, origin in rows}
        sys.stdout.write(json.dumps(known, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in as_toml(rows))
    return Exit.DONE


def schema() -> int:
    """Prints the JSON Schema of a settings file."""
    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
    return Exit.DONE


def effective(settings: BaseModel, values: Values) -> Iterator[tuple[str, Any, str]]:
    """Every setting with its value as plain data and its origin, secrets masked.

    Those at the root come first, so that the rows can be written as TOML.
    """
    rows = [(name, value, values.origins.get(name, "default")) for name, value in _leaves(settings)]
    yield from sorted(rows, key=lambda row: "." in row[0])


def _leaves(model: BaseModel, place: str = "") -> Iterator[tuple[str, Any]]:
    """Settings of a model by dotted name; its own before those of its tables."""
    inner = []
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            inner.append((name, value))
        else:
            yield f"{place}{name}", plain(name, value)
    for name, value in inner:
        yield from _leaves(value, f"{place}{name}.")


def plain(name: str, value: object) -> Any:
    """A value as JSON knows it; a secret as a mask."""
    is_secret = isinstance(value, str) and any(word in name for word in SECRET_WORDS)
    if isinstance(value, SecretStr | SecretBytes) or (is_secret and value):
        return MASK
    if isinstance(value, BaseModel):
        return {key: plain(key, getattr(value, key)) for key in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): plain(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain("", inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def as_toml(rows: list[tuple[str, Any, str]]) -> Iterator[str]:
    """Lines of a settings file that sets what is in effect, each with its origin as a comment.

    TOML has no word for "none", so that settings without a value are comments.
    """
    table = ""
    for name, value, origin in rows:
        home, _, key = name.rpartition(".")
        if home != table:
            table = home
            yield ""
            yield f"[{home}]"
        if value is None:
            yield f"# {key} is not set  # {origin}"
        else:
            yield f"{key} = {toml(value)}  # {origin}"


def toml(value: object) -> str:
    """A value as TOML.

    Example:
        >>> toml({"a": [1, True, "x"]})
        '{a = [1, true, "x"]}'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {toml(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return repr(value)


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if is_bare else _quoted(name)


def _quoted(text: str) -> str:
    """A basic string; TOML allows all that JSON does, but no half of a pair and no DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def json_schema() -> dict[str, Any]:
    """The schema of a settings file; keys of the detection may stand at its root, too."""
    made = ServiceSettings.model_json_schema()
    detection = made["$defs"][ServiceDetection.__name__]
    properties = made["properties"] | {
        name: known for name, known in detection["properties"].items() if name != DETECTION
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of API Sentinel",
        "description": "A TOML file for --config. Keys of the table 'detection' may also stand at"
        " the root.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": made["$defs"],
    }
