"""What was seen of an API as an OpenAPI document: a description to begin with, or to compare with.

Source: OpenAPI Specification 3.1.1.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import re2

from apisentinel.api.read.parameters import kind_of, parameters_of

Json = dict[str, Any]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""Methods that an OpenAPI document has words for."""

ALWAYS: Final = 0.99
"""Share of requests from which on a parameter counts as required: a few broken ones are normal."""
RARE_SHARE: Final = 0.01
RARE_REQUESTS: Final = 3
"""Parameters below both are what somebody has tried, and no part of the API."""
TYPICAL: Final = 0.95
"""Share of the values that must look alike for a type other than text."""

TYPES: Final[Mapping[str, Json]] = {
    "integer": {"type": "integer", "format": "int64"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
}

BOOLEANS: Final = frozenset({"true", "false"})

_PARAMETER = re2.compile(r"\{([^{}/]*)\}")
_PLAIN = re2.compile(r"[^A-Za-z0-9_.-]+")


class Seen(NamedTuple):
    """What is known of one endpoint.

    Attributes:
        method: As it was sent.
        host: Where it is.
        route: Path with parameters in braces.
        paths: Paths of stored requests, as received.
        queries: Their query strings.
        statuses: Statuses of its answers and how often each was given; None is no answer.
    """

    method: str
    host: str
    route: str
    paths: Sequence[str | None]
    queries: Sequence[str | None]
    statuses: Iterable[tuple[int | None, int]]


def learned_openapi(endpoints: Iterable[Seen], version: str, *, demo: bool = False) -> Json:
    """An OpenAPI 3.1 document of endpoints, from what was seen of each.

    Says nothing that was not seen: bodies are not stored, so none are described. Values of
    parameters are told as types and bounds only, never word by word: attackers write some of them.

    Args:
        endpoints: In the order in which they shall stand there.
        version: Of this product.
        demo: The traffic is made up, and the document says so.
    """
    paths: dict[str, Json] = {}
    hosts: dict[str, None] = {}
    left_out = 0
    for seen in endpoints:
        method = seen.method.lower()
        if method not in METHODS or not seen.route.startswith("/"):
            left_out += 1
            continue
        hosts[seen.host] = None
        route, names = _named(seen.route)
        item = paths.setdefault(route, {})
        if method in item:
            # the same path of another host
            item[method]["x-hosts"].append(seen.host)
            continue
        item[method] = _operation(seen, method, route, names)
    made_up = " The traffic is made up." if demo else ""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Learned from traffic",
            "version": "1",
            "description": f"What API Sentinel {version} has seen, not what was promised.{made_up}",
        },
        "servers": [{"url": f"https://{host}"} for host in hosts if host],
        "paths": paths,
        **({"x-left-out": left_out} if left_out else {}),
    }


def _operation(seen: Seen, method: str, route: str, names: Sequence[str]) -> Json:
    statuses = sorted(
        ((status, count) for status, count in seen.statuses if status is not None and count > 0),
    )
    parameters = [*_path_parameters(seen, names), *_query_parameters(seen.queries)]
    return {
        "operationId": _PLAIN.sub("_", f"{method}{route}").strip("_"),
        "x-hosts": [seen.host],
        **({"parameters": parameters} if parameters else {}),
        "responses": {
            str(status): {"description": f"seen {count} times"}
            for status, count in statuses
            if 100 <= status <= 599
        }
        or {"default": {"description": "no answer was seen"}},
    }


def _named(route: str) -> tuple[str, list[str]]:
    """A route whose parameters have names of their own, and the names.

    Example:
        >>> _named("/users/{id}/orders/{id}")
        ('/users/{id}/orders/{id2}', ['id', 'id2'])
    """
    names: list[str] = []

    def name(match: Any) -> str:
        plain = _PLAIN.sub("_", match.group(1)) or "value"
        wanted, number = plain, 1
        while wanted in names:
            number += 1
            wanted = f"{plain}{number}"
        names.append(wanted)
        return f"{{{wanted}}}"

    return _PARAMETER.sub(name, route), names


def _path_parameters(seen: Seen, names: Sequence[str]) -> list[Json]:
    kinds: list[Counter[str]] = [Counter() for _ in names]
    steps = seen.route.split("/")
    for path in seen.paths:
        values = (path or "").split("/")
        if len(values) != len(steps):
            continue
        at = 0
        for step, value in zip(steps, values, strict=True):
            inside = len(_PARAMETER.findall(step))
            # a step with more than its parameter, such as {id}.json, is text
            whole = inside == 1 and step[0] == "{" and step[-1] == "}"
            for number in range(at, at + inside):
                kinds[number][kind_of(value) if whole else "text"] += 1
            at += inside
    return [
        {"name": name, "in": "path", "required": True, "schema": schema_of(kind)}
        for name, kind in zip(names, kinds, strict=True)
    ]


def _query_parameters(queries: Sequence[str | None]) -> list[Json]:
    out = []
    for row in parameters_of(queries):
        if row["share"] < RARE_SHARE and row["requests"] < RARE_REQUESTS:
            continue
        bounds = row["range"]
        out.append(
            {
                "name": row["name"],
                "in": "query",
                "required": row["share"] >= ALWAYS,
                "schema": schema_of(row["kinds"], row["examples"]),
                "x-seen": {
                    "share": row["share"],
                    "length": row["length"],
                    **({"range": bounds} if bounds is not None else {}),
                },
            }
        )
    return out


def schema_of(kinds: Mapping[str, int], examples: Iterable[str] = ("true",)) -> Json:
    """The type that nearly all values have; text when there is none.

    Example:
        >>> schema_of({"integer": 99, "text": 1}), schema_of({"integer": 1, "text": 1})
        ({'type': 'integer', 'format': 'int64'}, {'type': 'string'})
    """
    total = sum(count for kind, count in kinds.items() if kind != "empty")
    for kind, schema in TYPES.items():
        if total and kinds.get(kind, 0) >= TYPICAL * total:
            # "yes" and "on" are flags, but no booleans of JSON
            said = {each.lower() for each in examples if kind_of(each) == "flag"}
            return {"type": "string"} if kind == "flag" and said - BOOLEANS else dict(schema)
    # whole numbers are numbers, too
    if total and kinds.get("integer", 0) + kinds.get("number", 0) >= TYPICAL * total:
        return dict(TYPES["number"])
    return {"type": "string"}
