"""Writes the pages of docs/reference that repeat what the code says: commands, settings, log
formats, attack types and features.

A test compares the committed pages with what this program writes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from apisentinel.cli.app import app
from apisentinel.cli.config import json_schema
from apisentinel.features.catalogue import FEATURES
from apisentinel.parsers import registry
from apisentinel.pipeline import ScanSettings
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.records.taxonomy import REFERENCES

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"

NOTICE = "<!-- written by tools/write_reference.py; edit the code instead -->"


LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
"""Bounds of a setting in words."""


def cell(text: str) -> str:
    """A text as one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """A text as code, whatever backticks it holds."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


def commands(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with its full name; those of a group in place of the group."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


def command_line() -> str:
    """The page of all commands with arguments and options."""
    group: Any = typer.main.get_command(app)
    lines = [NOTICE, "", "# Command line", "", cell(group.epilog or ""), ""]
    for name, command in commands(group):
        lines += [f"## `apisentinel {name}`", "", cell(command.help or ""), ""]
        if command.params:
            lines += ["| argument or option | meaning |", "|---|---|"]
        for parameter in command.params:
            names = ", ".join(parameter.opts) if parameter.opts[0].startswith("-") else ""
            value = "" if getattr(parameter, "is_flag", False) else parameter.metavar or ""
            label = " ".join(part for part in (names, value) if part)
            lines.append(f"| {cell(code(label))} | {cell(parameter.help or '')} |")
        lines.append("")
    return "\n".join(lines)


def settings_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Rows of the settings of a model; each model in it follows as rows of its own."""
    rows: list[str] = []
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            rows += settings_of(type(default), f"{key}.")
            continue
        limits = ", ".join(
            f"{words} {getattr(limit, sign)}"
            for limit in field.metadata
            for sign, words in LIMITS.items()
            if hasattr(limit, sign)
        )
        shown = "none" if default is None else str(default)
        shown = shown.lower() if isinstance(default, bool) else shown
        text = f"{field.description or ''} {f'({limits})' if limits else ''}"
        rows.append(f"| `{key}` | {code(shown)} | {cell(text)} |")
    return rows


def settings() -> str:
    """The page of all settings."""
    lines = [NOTICE, "", "# Settings", ""]
    lines += [
        "Keys of the TOML file that `--config` names; a dot stands for a table.",
        "`APISENTINEL_A__B=1` in the environment sets `b` in the table `a`.",
        "The command line comes first, then the environment, then the file, then the default.",
        "An unknown key or variable is an error.",
        "`apisentinel config check FILE` finds them.",
        "`apisentinel config show` says what is in effect, and why.",
        "",
        "## Detection",
        "",
        "For `scan`, `score` and the service.",
        "The keys may also stand in the table `detection`.",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
        *settings_of(ScanSettings),
        "",
        "## Service",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
        *(row for row in settings_of(ServiceSettings) if not row.startswith("| `detection.")),
        "",
    ]
    return "\n".join(lines)


def log_formats() -> str:
    """The page of all known log formats."""
    lines = [NOTICE, "", "# Log formats", ""]
    lines += ["What `--format` takes.", "Without it, `auto` finds the format of each file.", ""]
    for entry in sorted(registry.load().values(), key=lambda known: known.name):
        lines += [f"## `{entry.name}`", "", entry.title, "", "```", entry.sample, "```", ""]
    return "\n".join(lines)


def attack_types() -> str:
    """The page of all attack types with their ids in the catalogues of the field."""
    lines = [NOTICE, "", "# Attack types", ""]
    lines += ["The words of `attack_types`, a closed list.", ""]
    lines += ["| type | name | OWASP | CWE | CAPEC | ATT&CK |", "|---|---|---|---|---|---|"]
    for kind, known in REFERENCES.items():
        cwe, capec = (", ".join(str(number) for number in ids) for ids in (known.cwe, known.capec))
        techniques = ", ".join(known.attack)
        lines.append(
            f"| `{kind.value}` | {known.title} | {known.owasp} | {cwe} | {capec} | {techniques} |"
        )
    return "\n".join([*lines, ""])


def settings_schema() -> str:
    """The JSON Schema of a settings file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def features() -> str:
    """The page of the features of a tick."""
    lines = [
        NOTICE, "", "# Features of a tick", "",
        "What the models are told of a client, session, user or credential.",
        "[The ensemble](../explanation/ensemble.md) says how the rows are made and judged.",
        (
            "Windows: `1 min`, `10 min` and `1 h` are counters that fade with that time constant,"
            " `16 events` are moving averages, `life` counts since the entity was first seen."
        ),
        "A value that is not known is missing, never zero.", "",
        "| feature | what it is | unit | window | made of |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for item in FEATURES:
        words = cell(item.words) + (" (more is never less suspicious)" if item.higher else "")
        unit = item.unit or ("share" if item.name.endswith("share") else "")
        lines.append(f"| `{item.name}` | {words} | {unit} | {item.window} | {cell(item.source)} |")
    return "\n".join([*lines, ""])


PAGES = {
    "command-line.md": command_line,
    "settings.md": settings,
    "settings.schema.json": settings_schema,
    "log-formats.md": log_formats,
    "attack-types.md": attack_types,
    "features.md": features,
}
"""File to its writer."""


def main() -> int:
    """Writes all pages."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")
        print(f"docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
