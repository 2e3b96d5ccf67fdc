"""A JSON format of the user's own, described in TOML.

strict = false
required = [["url"], ["status"]]

[fields]
"request.path" = "url"
"client.address" = "peer_ip"
took = { column = "duration", unit = "ms" }
tenant_header = { column = "header", name = "x-tenant" }
"""

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apisentinel.errors import ConfigError
from apisentinel.parsers.json_lines import JsonLinesParser
from apisentinel.parsers.mapping import COLUMNS, JsonMapping, Target, compile_mapping

MAX_FIELDS = 512
"""Paths of one mapping; the tables of the kernel stay small."""


class StrictModel(BaseModel):
    """A setting that refuses unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldTarget(StrictModel):
    """The long form of a target.

    Attributes:
        column: What the value is.
        unit: Of a duration that is a bare number.
        name: Of a header.
        escape: ``percent`` for a percent-encoded text.
    """

    column: str
    unit: Literal["s", "ms", "us", "ns"] | None = None
    name: str | None = None
    escape: Literal["percent"] | None = None

    def short(self) -> str:
        """The same as `Target.parse` reads it."""
        return ":".join(filter(None, (self.column, self.unit, self.name, self.escape)))


class MappingFile(StrictModel):
    """A mapping as its file has it.

    Attributes:
        fields: Path → column, or its long form. Of several paths for one column the first with a
            value wins. Tables are nested objects, so ``[fields.request]`` with ``path = "url"`` is
            the path ``request.path``.
        required: A line is a request when it has one column of each list.
        strict: Accept exact JSON only.
    """

    fields: dict[str, Any] = Field(min_length=1)
    required: list[list[str]] = [["path", "url", "request_line"]]
    strict: bool = False


def _flatten(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Paths of nested tables; a table with ``column`` is a target."""
    out: dict[str, str] = {}
    for key, value in table.items():
        path = prefix + key
        if isinstance(value, str):
            out[path] = value
        elif isinstance(value, dict) and isinstance(value.get("column"), str):
            out[path] = FieldTarget.model_validate(value).short()
        elif isinstance(value, dict):
            out.update(_flatten(value, path + "."))
        else:
            raise ConfigError(f'{path!r} must name a column, such as "url", not {value!r}')
    return out


def parse_mapping(text: str, source: str) -> JsonMapping:
    """The mapping of a TOML text; `source` names it in errors, which tell all faults at once.

    Raises:
        ConfigError: The text is no TOML or no mapping.
    """
    try:
        model = MappingFile.model_validate(tomllib.loads(text))
        fields = _flatten(model.fields)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"mapping {source}: no valid TOML: {error}") from error
    except ValidationError as error:
        words = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"mapping {source}: " + "; ".join(words)) from error
    except ConfigError as error:
        raise ConfigError(f"mapping {source}: {error}") from error
    faults = [f"{path!r}: {fault}" for path, target in fields.items() if (fault := _fault(target))]
    faults += [
        f"required: unknown column {name!r}"
        for group in model.required
        for name in group
        if name not in COLUMNS
    ]
    if not fields:
        faults.append("no path is mapped")
    if len(fields) > MAX_FIELDS:
        faults.append(f"{len(fields)} paths are more than {MAX_FIELDS}")
    if faults:
        raise ConfigError(f"mapping {source}: " + "; ".join(faults))
    mapping = JsonMapping(
        f"json:{source}", fields, tuple(tuple(group) for group in model.required), model.strict
    )
    compile_mapping(mapping)
    return mapping


def mapping_parser(path: str | Path) -> JsonLinesParser:
    """A parser for the lines that a mapping file describes.

    Raises:
        ConfigError: The file cannot be read or is no mapping.
    """
    return JsonLinesParser(load_mapping(path))


def _fault(target: str) -> str:
    try:
        Target.parse(target)
    except ConfigError as error:
        return str(error)
    return ""


def load_mapping(path: str | Path) -> JsonMapping:
    """The mapping of a TOML file.

    Raises:
        ConfigError: The file cannot be read or is no mapping.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"mapping {path}: cannot be read: {error}") from error
    return parse_mapping(text, str(path))
