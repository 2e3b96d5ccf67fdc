"""Writes ui/src/api/types.gen.ts: the shapes of the HTTP interface for the page, of the application
itself.

A test compares the committed file with what this program writes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.write_http_reference import METHODS, document  # noqa: E402 (found through the line above)

FILE = ROOT / "ui" / "src" / "api" / "types.gen.ts"

HEAD = """\
// Written by tools/gen_ts_types.py; edit the code of the service instead.
"""

PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}

NAME_BREAKS = str.maketrans(dict.fromkeys("[]-.", "_"))


def name_of(name: str) -> str:
    """The name of a shape as a type.

    Example:
        >>> name_of("Listing_AlertRow_"), name_of("Problem")
        ('Listing_AlertRow', 'Problem')
    """
    return name.translate(NAME_BREAKS).strip("_")


def type_of(schema: dict[str, Any]) -> str:  # noqa: PLR0911 (one for each kind)
    """The type of a value in TypeScript.

    Example:
        >>> type_of({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]})
        'string[] | null'
        >>> type_of({"type": "object", "additionalProperties": {"type": "integer"}})
        '{ [key: string]: number }'
        >>> type_of({"enum": ["a", "b"]})
        '"a" | "b"'
    """
    if "$ref" in schema:
        return name_of(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(map(json.dumps, schema["enum"]))
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return " | ".join(dict.fromkeys(map(type_of, several)))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(PLAIN[each] for each in kind)
    if kind == "array":
        return array_of(schema)
    if kind == "object":
        return object_of(schema)
    return PLAIN.get(kind or "", "unknown")


def array_of(schema: dict[str, Any]) -> str:
    """The type of a list; a tuple when the schema names its items one by one."""
    if "prefixItems" in schema:
        return f"[{', '.join(map(type_of, schema['prefixItems']))}]"
    items = type_of(schema.get("items", {}))
    return f"({items})[]" if " " in items and not items.startswith("{") else f"{items}[]"


def object_of(schema: dict[str, Any]) -> str:
    """The type of an object that has no name of its own."""
    if schema.get("properties"):
        return f"{{ {'; '.join(member.strip(';') for member in members(schema))} }}"
    values = schema.get("additionalProperties", True)
    return f"{{ [key: string]: {type_of(values) if isinstance(values, dict) else 'unknown'} }}"


def members(schema: dict[str, Any], *, sent: bool = False) -> list[str]:
    """The members of an object.

    Args:
        schema: Of the object.
        sent: The page sends it, so it may leave out what has a default; an answer has all of that.
    """
    present = set(schema.get("required", ()))
    if not sent:
        # the document does not tell a default of null
        present |= {
            name
            for name, of in schema.get("properties", {}).items()
            if "default" in of or {"type": "null"} in of.get("anyOf", ())
        }
    return [
        f"{name if name.isidentifier() else json.dumps(name)}"
        f"{'' if name in present else '?'}: {type_of(of)};"
        for name, of in schema.get("properties", {}).items()
    ]


def references(schema: Any) -> Iterator[str]:
    """Names of all shapes that a piece of the document refers to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        for inner in schema.values():
            yield from references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from references(inner)


def sent_shapes(about: dict[str, Any]) -> set[str]:
    """Names of the shapes in the bodies that the page sends."""
    found: set[str] = set()
    waiting = {
        name
        for operations in about["paths"].values()
        for operation in operations.values()
        for name in references(operation.get("requestBody"))
    }
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= set(references(about["components"]["schemas"][name])) - found
    return found


def comment(text: str | None, indent: str = "") -> list[str]:
    """A text as a comment on one line; none for none."""
    words = " ".join((text or "").split()).replace("*/", "* /")
    return [f"{indent}/** {words} */"] if words else []


def shape(name: str, schema: dict[str, Any], *, sent: bool) -> list[str]:
    """The lines of one shape."""
    lines = comment(schema.get("description"))
    if "properties" not in schema:
        return [*lines, f"export type {name_of(name)} = {type_of(schema)};", ""]
    lines.append(f"export interface {name_of(name)} {{")
    for of, line in zip(schema["properties"].values(), members(schema, sent=sent), strict=True):
        lines += [*comment(of.get("description"), "  "), f"  {line}"]
    return [*lines, "}", ""]


def answer(operation: dict[str, Any]) -> str:
    """The type of the body of the answer when all went well."""
    for status, told in sorted(operation.get("responses", {}).items()):
        if status.startswith("2"):
            content = told.get("content", {}).get("application/json")
            return type_of(content.get("schema", {})) if content else "null"
    return "unknown"


def routes(paths: dict[str, Any]) -> list[str]:
    """Method and path of every route, with the type of its answer."""
    lines = ["/** What each route answers when all went well. */", "export interface Answers {"]
    for path, operations in sorted(paths.items()):
        for method in METHODS:
            if method in operations and path.startswith("/api/"):
                told = answer(operations[method])
                lines.append(f"  {json.dumps(f'{method.upper()} {path}')}: {told};")
    return [*lines, "}", ""]


def text() -> str:
    """The whole file."""
    about = document()
    sent = sent_shapes(about)
    lines = [HEAD]
    for name, schema in sorted(about["components"]["schemas"].items()):
        lines += shape(name, schema, sent=name in sent)
    return "\n".join([*lines, *routes(about["paths"])])


def main() -> int:
    """Writes the file."""
    FILE.write_text(text(), "utf-8")
    print(FILE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
