"""The pipeline file of ``apisentinel run``: read, checked as a whole, with the place of each fault.

JSON and YAML mean the same. YAML is read by its safe loader, without anchors, which could make a
small file a huge one, and without keys that stand twice.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from apisentinel.cli.messages import did_you_mean, nearest
from apisentinel.errors import ConfigError

MAX_BYTES = 1 << 20
"""A pipeline file is written by hand; a larger one is a mistake, such as a log file."""

MAX_NODES = 10_000
"""Values in a file."""

Lines = dict[tuple[Any, ...], int]

SUFFIXES = (".json", ".yaml", ".yml")


def _listed(value: object) -> object:
    """One thing as a list of one."""
    return value if isinstance(value, list) else [value]


Paths = Annotated[
    list[Annotated[str, Field(min_length=1)]], BeforeValidator(_listed), Field(min_length=1)
]
Score = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LogInput(_Part):
    """Log files, read once or followed as they grow."""

    type: Literal["log", "file"]
    path: Paths
    format: str = "auto"
    log_format: str | None = None
    trusted_hops: int = Field(default=0, ge=0, le=16)
    follow: bool = False


class StdinInput(_Part):
    """Lines on standard input."""

    type: Literal["stdin"]
    format: str = "auto"
    log_format: str | None = None
    trusted_hops: int = Field(default=0, ge=0, le=16)


class SyslogInput(_Part):
    """A port that takes syslog messages."""

    type: Literal["syslog"]
    protocol: Literal["udp", "tcp", "tls"] = "udp"
    host: str = "127.0.0.1"
    port: int = Field(default=5514, ge=0, le=65535)
    format: str = "auto"
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_client_ca: str | None = None
    trusted_hops: int = Field(default=0, ge=0, le=16)


class AnomalyFilter(_Part):
    """Everything that the detectors find, from a score on."""

    type: Literal["anomaly_detection"]
    threshold: Score = 0.0
    model_uri: str | None = None


class AlertOutput(_Part):
    """One JSON object a line for each incident."""

    type: Literal["alert"]
    threshold: Score = 0.4
    path: str = "-"


class ReportOutput(_Part):
    """The report of a scan."""

    type: Literal["report"]
    format: Literal["json", "html"] = "json"
    path: str = "-"


Input = Annotated[LogInput | StdinInput | SyslogInput, Field(discriminator="type")]
Output = Annotated[AlertOutput | ReportOutput, Field(discriminator="type")]
Outputs = Annotated[list[Output], BeforeValidator(_listed), Field(min_length=1)]


class Stage(_Part):
    """One way from an input to outputs."""

    input: Input
    filter: AnomalyFilter = AnomalyFilter(type="anomaly_detection")
    output: Outputs

    @property
    def is_live(self) -> bool:
        """True when the input has no end."""
        return isinstance(self.input, SyslogInput) or (
            isinstance(self.input, LogInput) and self.input.follow
        )


class PipelineFile(_Part):
    """The whole file."""

    pipeline: Annotated[list[Stage], Field(min_length=1, max_length=64)]
    data_dir: str = Field(
        default="apisentinel-data", description="Folder of what a live input keeps."
    )


def read(path: str) -> PipelineFile:
    """Reads and checks a pipeline file.

    Raises:
        ConfigError: It cannot be read, or it has faults; all of them are named with their places.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_BYTES >> 20} MiB: it is no pipeline file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no UTF-8 text (byte {error.start})") from error
    document, lines = _document(path, text)
    faults: list[str] = []
    found: PipelineFile | None = None
    try:
        found = PipelineFile.model_validate(document)
    except ValidationError as error:
        faults = [_fault(document, lines, fault) for fault in error.errors()]
    faults += _further(document, lines)
    if faults or found is None:
        raise ConfigError(f"{path} cannot be used:\n" + "\n".join(f"  {fault}" for fault in faults))
    return found


# ------------------------------------------------------------------------------------------ reading


def _document(path: str, text: str) -> tuple[Any, Lines]:
    """The document and the line of each of its values."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f"{path}: a pipeline file ends in {', '.join(SUFFIXES)}")
    try:
        if suffix != ".json":
            return _yaml(path, text)
        document = json.loads(text)
        try:
            return document, _yaml(path, text)[1]
        except _NoYamlError:
            return document, {}  # JSON that is no YAML, such as one with tabs, has no lines
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{path} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply") from None


class _NoYamlError(ConfigError):
    """A text is no YAML."""


def _yaml(path: str, text: str) -> tuple[Any, Lines]:
    """As `_document`, for YAML."""
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise ConfigError(
                    f"{path}{_mark(event.start_mark)}: anchors and aliases are not used here;"
                    " write the value out"
                )
        node = yaml.compose(text, yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        raise _NoYamlError(
            f"{path} is no YAML: {error.problem}{_mark(error.problem_mark)}"
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise _NoYamlError(f"{path} is no YAML: {error}") from error
    return document, _lines(path, node)


def _mark(mark: Any) -> str:
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""


def _lines(path: str, node: yaml.Node | None) -> Lines:
    """Line of each value.

    Raises:
        ConfigError: There are too many values, or a key stands twice.
    """
    lines: Lines = {}
    twice: list[str] = []
    if node is not None:
        for place, line in _walk(node, (), twice):
            lines.setdefault(place, line)
            if len(lines) > MAX_NODES:
                raise ConfigError(f"{path} has more than {MAX_NODES:,} values")
    if twice:
        raise ConfigError(f"{path} cannot be used:\n" + "\n".join(f"  {fault}" for fault in twice))
    return lines


def _walk(
    node: yaml.Node, place: tuple[Any, ...], twice: list[str]
) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Places of all values with their lines; keys that stand twice are noted."""
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            if name in seen:
                shown = _shown((*place, name))
                twice.append(f"{shown} (line {key.start_mark.line + 1}): stands twice")
            seen.add(name)
            yield from _walk(value, (*place, name), twice)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _walk(item, (*place, number), twice)


# ------------------------------------------------------------------------------------------- faults


def _further(document: Any, lines: Lines) -> list[str]:
    """Faults that the schema cannot tell: models, unusable combinations of parts."""
    stages = document.get("pipeline") if isinstance(document, dict) else None
    if not isinstance(stages, list):
        return []
    out: list[str] = []
    reports = 0
    for number, stage in enumerate(stages):
        if isinstance(stage, dict):
            out += _faults_of_stage(stage, ("pipeline", number), lines, alone=len(stages) == 1)
            reports += sum(
                output.get("type") == "report" and output.get("path", "-") == "-"
                for _, output in _outputs(stage)
            )
    if reports > 1:
        out.append(
            _at(lines, ("pipeline",)) + "two reports cannot both go to standard output: name paths"
        )
    return out


def _outputs(stage: dict[str, Any]) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Outputs of a stage that are objects, with their places in it."""
    given = stage.get("output")
    placed: list[tuple[tuple[Any, ...], Any]]
    if isinstance(given, list):
        placed = [(("output", k), output) for k, output in enumerate(given)]
    else:
        placed = [(("output",), given)]
    return [(place, output) for place, output in placed if isinstance(output, dict)]


def _faults_of_stage(
    stage: dict[str, Any], place: tuple[Any, ...], lines: Lines, *, alone: bool
) -> list[str]:
    out: list[str] = []
    chosen = stage.get("filter")
    if isinstance(chosen, dict) and chosen.get("model_uri") is not None:
        out.append(
            _at(lines, (*place, "filter", "model_uri"))
            + "this version has no trained models: leave model_uri out, the detectors work"
            " without one"
        )
    source = stage.get("input")
    is_live = isinstance(source, dict) and (
        source.get("type") == "syslog" or source.get("follow") is True
    )
    if is_live:
        out += [
            _at(lines, (*place, *where)) + "an input without an end has no report: use alert"
            for where, output in _outputs(stage)
            if output.get("type") == "report"
        ]
        if not alone:
            out.append(
                _at(lines, (*place, "input"))
                + "an input without an end must be the only entry of the pipeline"
            )
    return out


def _fault(document: Any, lines: Lines, fault: Any) -> str:
    """One fault of the schema in words."""
    place = _place(document, fault["loc"])
    kind = fault["type"]
    text = str(fault["msg"])
    if kind == "extra_forbidden":
        known = _known(document, place[:-1])
        text = "is not known here" + did_you_mean(nearest(str(place[-1]), known))
    elif kind == "missing":
        text = "is missing"
    elif kind in {"too_short", "string_too_short"}:
        text = "is empty"
    elif kind in {"model_type", "model_attributes_type", "dict_type"}:
        text = "must be an object with keys"
    elif kind in {"union_tag_invalid", "union_tag_not_found"}:
        text = _type_fault(_at_place(document, place), place)
    return _at(lines, place) + text


def _type_fault(node: Any, place: tuple[Any, ...]) -> str:
    """What is wrong with the type of an input or output."""
    part = next(str(step) for step in reversed(place) if step in _PARTS)
    known = [
        str(name)
        for model in _PARTS[part]
        for name in getattr(model.model_fields["type"].annotation, "__args__", ())
    ]
    found = node.get("type") if isinstance(node, dict) else None
    if found == "http" and part == "input":
        return (
            "type http is the service itself: run 'apisentinel serve' and read its alerts at"
            " /api/v1/stream"
        )
    words = ", ".join(known)
    if found is None:
        return f"has no type; one of {words}"
    shown = str(found)[:40]
    return f"type '{shown}' is not one of {words}{did_you_mean(nearest(shown, known))}"


def _place(document: Any, loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """The place in the document: without the names that a choice between types puts into it."""
    place: list[Any] = []
    node = document
    for k, step in enumerate(loc):
        is_there = (isinstance(node, dict) and step in node) or (
            isinstance(node, list) and isinstance(step, int) and step < len(node)
        )
        if is_there:
            node = node[step]
        elif (
            k < len(loc) - 1
            or isinstance(step, int)
            or (isinstance(node, dict) and node.get("type") == step)
        ):
            continue
        place.append(step)
    return tuple(place)


def _at_place(document: Any, place: tuple[Any, ...]) -> Any:
    node = document
    for step in place:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return None
    return node


_PARTS: dict[str, tuple[type[BaseModel], ...]] = {
    "input": (LogInput, StdinInput, SyslogInput),
    "filter": (AnomalyFilter,),
    "output": (AlertOutput, ReportOutput),
}


def _known(document: Any, place: tuple[Any, ...]) -> list[str]:
    """Names that are known at a place."""
    if not place:
        return list(PipelineFile.model_fields)
    part = next((str(step) for step in reversed(place) if step in _PARTS), None)
    if part is None:
        return list(Stage.model_fields)
    node = _at_place(document, place)
    kind = node.get("type") if isinstance(node, dict) else None
    models = [
        model
        for model in _PARTS[part]
        if kind in getattr(model.model_fields["type"].annotation, "__args__", ())
    ]
    return sorted({name for model in models or _PARTS[part] for name in model.model_fields})


def _at(lines: Lines, place: tuple[Any, ...]) -> str:
    """A place in words, with its line when that is known."""
    for depth in range(len(place), -1, -1):
        line = lines.get(place[:depth])
        if line is not None:
            return f"{_shown(place)} (line {line}): "
    return f"{_shown(place)}: "


def _shown(place: tuple[Any, ...]) -> str:
    r"""A place such as ``pipeline[0].output.threshold``."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "the file"
