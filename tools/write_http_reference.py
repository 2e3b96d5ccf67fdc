"""Writes docs/reference/http-api.md from the application itself: routes, parameters, shapes, the
fields of filters and the messages of the live stream.

A test compares the committed page with what this program writes.
"""

import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from apisentinel.api.access.secret import Secret
from apisentinel.api.app import create_app
from apisentinel.api.query.fields import RESOURCES
from apisentinel.api.query.filters import LONGEST_LIST, MOST_LISTED
from apisentinel.api.stream import hub, messages, socket
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.storage.query import LARGEST_LIMIT, LONGEST_PATTERN, LONGEST_VALUE, MOST_VALUES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "http-api.md"

NOTICE = "<!-- written by tools/write_http_reference.py; edit the code instead -->"

METHODS = ("get", "post", "put", "patch", "delete")

TITLES = {
    "ingest": "Sending traffic",
    "figures": "Overview and figures",
    "events": "Events",
    "alerts": "Alerts",
    "incidents": "Incidents",
    "entities": "Entities",
    "endpoints": "Endpoints",
    "views": "Saved views",
    "exports": "Exports",
}
"""Headings of tags, in order; other tags follow by name."""


ALWAYS = {
    "401": "no key and no session",
    "403": "the key or role does not allow this",
    "422": "a parameter or the body does not fit",
    "429": "too many requests; `Retry-After` says when to try again",
    "503": "busy, stopping, or a store is away; `Retry-After` says when to try again",
}
"""Answers that any route may give."""


def document() -> dict[str, Any]:
    """The OpenAPI document of an application that serves nothing."""
    control = SimpleNamespace(setting=lambda _: None)
    door = SimpleNamespace(check=None)
    service: Any = SimpleNamespace(settings=ServiceSettings(), control=control, door=door)
    accounts: Any = SimpleNamespace()
    app = create_app(service, accounts=accounts, secret=Secret(bytes(32)))
    return app.openapi()


def cell(text: str) -> str:
    """A text as one cell of a Markdown table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def title_of(name: str) -> str:
    """The name of a shape for people."""
    whole, _, part = name.strip("_").partition("_")
    return f"{whole} of {part}" if part else whole


def kind_of(schema: dict[str, Any]) -> str:
    """The type of a value in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{title_of(name)}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return " or ".join(dict.fromkeys(kind_of(each) for each in several))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def bounds_of(schema: dict[str, Any]) -> str:
    """Limits of a value in words."""
    words = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "maxLength": "at most {} characters",
        "minItems": "at least {}",
        "maxItems": "at most {}",
    }
    said = []
    for part in (schema, *schema.get("anyOf", ())):
        said += [text.format(part[name]) for name, text in words.items() if name in part]
    return ", ".join(dict.fromkeys(said))


def parameters(operation: dict[str, Any]) -> list[str]:
    """The table of parameters."""
    listed = operation.get("parameters", [])
    if not listed:
        return []
    lines = ["| parameter | in | type | meaning |", "|---|---|---|---|"]
    for parameter in listed:
        schema = parameter.get("schema", {})
        default = schema.get("default")
        notes = [parameter.get("description", ""), bounds_of(schema)]
        notes += ["required" if parameter.get("required") else ""]
        notes += [f"default `{default}`" if default not in {None, ""} else ""]
        text = "; ".join(note.rstrip(".") for note in notes if note)
        lines.append(
            f"| `{parameter['name']}` | {parameter['in']} | {cell(kind_of(schema))}"
            f" | {cell(text)} |"
        )
    return [*lines, ""]


def body(operation: dict[str, Any]) -> list[str]:
    """What is sent."""
    content = operation.get("requestBody", {}).get("content", {})
    return [
        line
        for media, described in content.items()
        for line in (f"Body `{media}`: {kind_of(described.get('schema', {}))}.", "")
    ]


def answers(operation: dict[str, Any]) -> list[str]:
    """The table of answers."""
    lines = ["| status | answer |", "|---|---|"]
    for status, answer in sorted(operation.get("responses", {}).items()):
        if status in ALWAYS:
            continue
        shapes = [
            kind_of(described["schema"])
            for media, described in answer.get("content", {}).items()
            if "schema" in described and media != "application/problem+json"
        ]
        shape = f": {' or '.join(dict.fromkeys(shapes))}" if shapes else ""
        said = answer.get("description", "").removeprefix("Successful Response") or "done"
        lines.append(f"| {status} | {cell(said)}{cell(shape)} |")
    return [*lines, ""]


def operation_lines(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    """The section of one route."""
    permission = operation.get("x-permission") or "public"
    lines = [f"### `{method.upper()} {path}`", ""]
    summary = operation.get("summary", "")
    lines += [f"{summary}. Needs `{permission}`.", ""]
    if operation.get("description"):
        lines += [" ".join(operation["description"].split()), ""]
    return [*lines, *parameters(operation), *body(operation), *answers(operation)]


def shape_lines(name: str, schema: dict[str, Any]) -> list[str]:
    """The table of one shape."""
    lines = [f"### {name}", ""]
    if schema.get("description"):
        lines += [" ".join(schema["description"].split()), ""]
    members = schema.get("properties", {})
    if not members:
        return lines
    lines += ["| member | type | meaning |", "|---|---|---|"]
    for member, described in members.items():
        notes = [described.get("description", ""), bounds_of(described)]
        text = "; ".join(note.rstrip(".") for note in notes if note)
        lines.append(f"| `{member}` | {cell(kind_of(described))} | {cell(text)} |")
    return [*lines, ""]


def grammar() -> list[str]:
    """The section about filters."""
    lines = [
        "## Filters",
        "",
        "Lists, figures, exports and the live stream take the same parameters.",
        "",
        "| parameter | meaning |",
        "|---|---|",
        (
            "| `from`, `to` | period: RFC 3339, epoch in seconds, milliseconds or microseconds,"
            " `now`, or `now-15m` (ms s m h d w); `to` is not part of it |"
        ),
        "| `f=field:op:value` | a condition; may be repeated, all must hold |",
        "| `sort` | field to sort by, `-` before it for the highest first |",
        "| `cols` | members of a row that are wanted, parted by commas |",
        f"| `limit` | rows of a page, at most {LARGEST_LIMIT} |",
        "| `cursor` | `next` of the page before; it keeps the period of the first page |",
        "",
        (
            "The value of a condition is everything after the second colon and needs no escapes,"
            " save those of an address."
        ),
        "",
        "| op | passes when the field |",
        "|---|---|",
        (
            "| `eq`, `ne` | is, or is not, the value; an empty value means that the field is"
            " missing;"
            " on a list: holds it, or does not |"
        ),
        (
            "| `in` | is one of several values, parted by commas;"
            " `\\,` and `\\\\` stand for a comma and a backslash in a value |"
        ),
        "| `gte`, `lte` | is at least, or at most, the value |",
        "| `has` | contains the text, or the list holds the value |",
        "| `prefix` | begins with the text |",
        "| `re` | matches a pattern of RE2 somewhere; `(?i)` before it ignores case |",
        "| `cidr` | is an address of the network |",
        "",
        (
            f"At most {MOST_LISTED} conditions, {LONGEST_VALUE:,} characters in a value,"
            f" {MOST_VALUES} values and {LONGEST_LIST:,} characters in an `in`,"
            f" {LONGEST_PATTERN} characters in a pattern."
        ),
        (
            "A condition that cannot be used is answered with 400, the names that can be used,"
            " and the nearest one."
        ),
        "",
    ]
    for resource in RESOURCES.values():
        time = f"; `from` and `to` are about `{resource.time}`" if resource.time else ""
        lines += [
            f"### Fields of {resource.name}",
            "",
            f"Sorted by `{resource.sort}` when nothing else is asked for{time}.",
            "",
            "| field | holds | ops | sort | facets |",
            "|---|---|---|---|---|",
        ]
        for field in resource.fields.values():
            values = field.kind.value
            if field.choices:
                values = "list of words" if values == "list" else "word"
            ops = " ".join(f"`{op.value}`" for op in field.ops)
            marks = ("yes" if field.sortable else "", "yes" if field.groupable else "")
            lines.append(f"| `{field.name}` | {values} | {ops} | {marks[0]} | {marks[1]} |")
        lines.append("")
    return lines


def live() -> list[str]:
    """The section about the stream."""
    kib = 1 << 10
    return [
        "## Live stream",
        "",
        "### `WS /api/v1/stream`",
        "",
        "Needs `read`: a key in a header, a session from a page of the service, or `?ticket=`.",
        "Whoever may not is refused before the handshake is accepted.",
        "",
        "| parameter | meaning |",
        "|---|---|",
        (
            f"| `topics` | of {', '.join(f'`{topic}`' for topic in messages.TOPICS)},"
            " parted by commas |"
        ),
        (
            "| `f` | conditions for the topics that can be filtered:"
            f" {', '.join(f'`{topic}`' for topic in socket.FILTERED)} |"
        ),
        "| `resume` | the last cursor that was seen |",
        "",
        "Messages are JSON objects with a `topic`.",
        "",
        "| message of the service | meaning |",
        "|---|---|",
        (
            '| `{"topic": "hello", "epoch", "seq", "cursor", "server_time", "version", "demo",'
            ' "topics", "subs"}` | the first one |'
        ),
        (
            '| `{"topic", "cursor", "items", "rest", "sub"?}` | rows as the lists have them; `rest`'
            " counts those that were left out |"
        ),
        (
            '| `{"topic": "gap", "from", "to"}` | rows between two cursors are lost here: read the'
            " list |"
        ),
        (
            '| `{"topic": "ping", "cursor", "server_time"}`'
            f" | every {socket.PING_S:g} s; its cursor is good for `resume` |"
        ),
        (
            '| `{"topic": "bye", "cursor"}` | the last one before a stop of the service, which'
            f" closes with {socket.GOING_AWAY}; come back in a moment |"
        ),
        (
            '| `{"topic": "ok", "cursor", "subs"}`, `{"topic": "error", "detail"}` | the'
            " answer to a message of the client |"
        ),
        "",
        "| message of the client | meaning |",
        "|---|---|",
        '| `{"op": "sub", "topic", "f": [..], "id"?}` | hear a topic, or replace its filter |',
        '| `{"op": "unsub", "topic" or "id"}` | hear it no more |',
        '| `{"op": "pong"}` | welcome, not needed |',
        "",
        (
            f"A topic has a frame every {hub.TICK_S:g} s at most, with up to"
            f" {messages.ROWS} rows and {messages.FRAME_BYTES // kib} KiB:"
            " the highest risks, of metrics and health the newest."
        ),
        "Of an alert or incident a frame has the newest state only.",
        "Rows may come twice around a reconnect; they have ids.",
        "",
        "| limit | value | what happens |",
        "|---|---|---|",
        (
            f"| frames that wait for a client | {hub.QUEUE_FRAMES} or"
            f" {hub.QUEUE_BYTES // kib} KiB | they give way to a gap |"
        ),
        (
            f"| message of a client | {messages.MESSAGE_BYTES // kib} KiB"
            f" | closed with {socket.TOO_MUCH} |"
        ),
        (
            f"| messages of a client between two pings | {socket.CLIENT_MESSAGES}"
            f" | closed with {socket.NOT_ALLOWED} |"
        ),
        f"| subscriptions of a client | {messages.SUBSCRIPTIONS} | refused |",
        (
            f"| clients, and of one key or user | {socket.CONNECTIONS},"
            f" {socket.CONNECTIONS_EACH} | 503 before the handshake |"
        ),
        f"| a client that takes nothing | {socket.STALL_S / 60:g} min | closed |",
        f"| a key or session that ends | the next ping | closed with {socket.NOT_ALLOWED} |",
        "",
    ]


def page() -> str:
    """The whole page."""
    described = document()
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, operations in sorted(described["paths"].items()):
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                tag = (operation.get("tags") or ["service"])[0]
                by_tag[tag] += operation_lines(path, method, operation)
    lines = [NOTICE, "", "# HTTP interface", ""]
    lines += [
        (
            "Paths are below the address of the service; `GET /api/v1/openapi.json` describes the"
            " same for programs."
        ),
        "Send a key as `Authorization: Bearer KEY` or `X-Api-Key: KEY`.",
        "Times in answers are RFC 3339 in UTC.",
        "Errors are `application/problem+json` with `status`, `title`, `detail` and `request_id`.",
        f"Any route may answer {'; '.join(f'{n} ({text})' for n, text in ALWAYS.items())}.",
        "Texts in answers may have been written by an attacker: show them as text.",
        "",
    ]
    lines += grammar()
    ordered = [*TITLES, *sorted(set(by_tag) - set(TITLES))]
    for tag in ordered:
        if tag in by_tag:
            lines += [f"## {TITLES.get(tag, tag.capitalize())}", "", *by_tag[tag]]
    lines += live()
    lines += ["## Shapes", ""]
    for name, schema in sorted(described["components"]["schemas"].items()):
        lines += shape_lines(name, schema)
    return "\n".join(lines)


def main() -> int:
    """Writes the page."""
    PAGE.write_text(page(), "utf-8")
    print(f"docs/reference/{PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
