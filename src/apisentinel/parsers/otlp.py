"""OpenTelemetry traces over HTTP: spans of servers become requests.

Only spans of the kind SERVER that belong to HTTP are requests; all others are passed over. The
attributes are read under their stable names and under the old ones, which many instrumentations
still send. The event id is trace and span id, so that a batch that is sent again counts once.

JSON needs nothing; protobuf needs the package ``opentelemetry-proto``.

References: OpenTelemetry protocol 1.x; semantic conventions for HTTP spans 1.23 and before.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import orjson

from apisentinel.errors import RefusedError

JSON_TYPE, PROTOBUF_TYPE = "application/json", "application/x-protobuf"

SERVER_KINDS = frozenset({2, "2", "SPAN_KIND_SERVER"})

MAX_VALUE_DEPTH = 8
"""Nesting of attribute values that is read; those of HTTP have one level."""

INSTALL = (
    "OTLP as protobuf needs the package opentelemetry-proto, which is not installed:"
    " pip install 'apisentinel[otlp]', or let the exporter send JSON"
    " (OTEL_EXPORTER_OTLP_PROTOCOL=http/json)"
)

TEXTS = {
    "client_ip": ("client.address", "http.client_ip", "client.ip"),
    "peer_ip": (
        "network.peer.address", "net.sock.peer.addr", "net.peer.ip",
    ),
    "user_agent": ("user_agent.original", "http.user_agent"),
    "host": ("server.address", "http.host", "net.host.name", "http.server_name"),
    "scheme": ("url.scheme", "http.scheme"),
    "http_version": ("network.protocol.version", "http.flavor"),
    "user_id": ("user.id", "enduser.id", "user.name"),
    "session_id": ("session.id",),
}  # fmt: skip
"""Text fields of a request and the attributes that give them, the preferred one first."""

NUMBERS = {
    "status": ("http.response.status_code", "http.status_code"),
    "request_bytes": (
        "http.request.body.size", "http.request.size", "http.request_content_length",
    ),
    "response_bytes": (
        "http.response.body.size", "http.response.size", "http.response_content_length",
    ),
}  # fmt: skip

METHODS = ("http.request.method", "http.method")
URLS = ("http.target", "url.full", "http.url")
HEADERS = "http.request.header."
OTHER_METHOD = "_OTHER"


class OtlpRequests(NamedTuple):
    """What an export holds.

    Attributes:
        lines: Requests as NDJSON, one a line.
        requests: Number of lines.
        ignored: Spans that are no requests to an HTTP server.
        rejected: What is wrong with each span that should be a request and cannot be one.
    """

    lines: bytes
    requests: int
    ignored: int
    rejected: list[str]


class _Span(NamedTuple):
    """The part of a span that is read."""

    name: str
    kind: Any
    start: int
    end: int
    event_id: str
    attributes: dict[str, Any]


def parse_traces(body: bytes, content_type: str) -> OtlpRequests:
    """Reads the body of ``POST /v1/traces``.

    Args:
        body: Decompressed.
        content_type: ``application/json`` or ``application/x-protobuf``, parameters allowed.

    Raises:
        RefusedError: 400 no export, 415 another type, or protobuf without its package.
    """
    kind = media_type(content_type)
    spans = _json_spans(body) if kind == JSON_TYPE else _protobuf_spans(body)
    lines: list[bytes] = []
    rejected: list[str] = []
    ignored = 0
    for span in spans:
        request = _request(span)
        if request is None:
            ignored += 1
        elif isinstance(request, str):
            rejected.append(request)
        else:
            lines.append(orjson.dumps(request))
    return OtlpRequests(b"".join(line + b"\n" for line in lines), len(lines), ignored, rejected)


def media_type(content_type: str) -> str:
    """`JSON_TYPE` or `PROTOBUF_TYPE`.

    Raises:
        RefusedError: 415 for anything else.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in {JSON_TYPE, PROTOBUF_TYPE}:
        return kind
    raise RefusedError(
        415, f"OTLP is taken as {PROTOBUF_TYPE} or {JSON_TYPE}, not as {kind[:60] or 'nothing'!r}"
    )


def traces_answer(content_type: str, rejected: int = 0, message: str = "") -> bytes:
    """Body of the answer: ``ExportTraceServiceResponse``, empty unless spans were rejected.

    Args:
        content_type: Of the request; the answer has the same.
        rejected: Spans that should have been requests.
        message: What was wrong, for people.

    Example:
        >>> traces_answer("application/json", 2, "no method")
        b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no method"}}'
    """
    if media_type(content_type) == JSON_TYPE:
        if not rejected and not message:
            return b"{}"
        partial = {"rejectedSpans": str(rejected), "errorMessage": message}
        return orjson.dumps({"partialSuccess": partial})
    text = message.encode()
    partial_bytes = b"\x08" + _varint(rejected) if rejected else b""
    if text:
        partial_bytes += b"\x12" + _varint(len(text)) + text
    return b"\x0a" + _varint(len(partial_bytes)) + partial_bytes if partial_bytes else b""


def _varint(value: int) -> bytes:
    """A protobuf integer."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _request(span: _Span) -> dict[str, Any] | str | None:
    """A span as a request; what is wrong with it; None when it is no request."""
    if span.kind not in SERVER_KINDS:
        return None
    has = span.attributes
    if not any(key.startswith(("http.", "url.")) for key in has):
        return None
    first, _, rest = span.name.partition(" ")
    named = first.isupper() and bool(rest)
    method = _method(has) or (first if named else "")
    url = _url(has, rest.strip() if named else span.name)
    if not method or not url:
        lacking = "url.path" if method else "http.request.method"
        return f"span {span.event_id or span.name[:60]!r} has no {lacking}"
    return {"method": method, "url": url, **_times(span), **_fields(has)}


def _method(has: dict[str, Any]) -> str:
    """The method; a name that OpenTelemetry does not know stands in an attribute of its own."""
    method = _first(has, METHODS)
    if method == OTHER_METHOD:
        return _first(has, ("http.request.method_original",)) or method
    return method


def _times(span: _Span) -> dict[str, Any]:
    """Id, time and duration of a span, as far as it has them."""
    out: dict[str, Any] = {"event_id": span.event_id} if span.event_id else {}
    if span.start > 0:
        out["ts"] = span.start // 1000
        if span.end >= span.start:
            out["duration_us"] = (span.end - span.start) // 1000
    return out


def _fields(has: dict[str, Any]) -> dict[str, Any]:
    """Texts, numbers and headers that the attributes give."""
    out: dict[str, Any] = {}
    for name, keys in TEXTS.items():
        if text := _first(has, keys):
            out[name] = text
    for name, keys in NUMBERS.items():
        number = _number(has, keys)
        if number is not None:
            out[name] = number
    if headers := _headers(has):
        out["headers"] = headers
    return out


def _url(has: dict[str, Any], name: str) -> str:
    """The target: path with query, or a whole URL; the span's name as the last resort."""
    path = _first(has, ("url.path",))
    if path:
        query = _first(has, ("url.query",))
        return f"{path}?{query.removeprefix('?')}" if query else path
    return (
        _first(has, URLS) or (name if name.startswith("/") else "") or _first(has, ("http.route",))
    )


def _first(has: dict[str, Any], keys: Iterable[str]) -> str:
    """Text of the first attribute that is there, empty without one."""
    for key in keys:
        value = has.get(key)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return ""


def _number(has: dict[str, Any], keys: Iterable[str]) -> int | None:
    for key in keys:
        value = has.get(key)
        if isinstance(value, str) and value.isdecimal() and len(value) < 19:
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62:
            return value
    return None


def _headers(has: dict[str, Any]) -> list[tuple[str, str]]:
    """Captured request headers; old instrumentations write ``_`` for ``-``."""
    out = []
    for key, value in has.items():
        if key.startswith(HEADERS):
            name = key[len(HEADERS) :].replace("_", "-").lower()
            values = value if isinstance(value, list) else [value]
            out += [(name, item) for item in values if isinstance(item, str)]
    return out


def _json_spans(body: bytes) -> Iterator[_Span]:
    """Spans of the JSON form, in which ids are hexadecimal and 64-bit numbers are texts."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise RefusedError(400, f"the body is no JSON: {problem}") from problem
    if not isinstance(document, dict):
        raise RefusedError(400, "the body is no OTLP export: it must be an object")
    return _walk_json(document)


def _walk_json(document: dict[str, Any]) -> Iterator[_Span]:
    for resource in _objects(document, "resourceSpans"):
        for scope in (
            *_objects(resource, "scopeSpans"),
            *_objects(resource, "instrumentationLibrarySpans"),
        ):
            for span in _objects(scope, "spans"):
                trace, own = span.get("traceId"), span.get("spanId")
                known = isinstance(trace, str) and isinstance(own, str) and trace and own
                yield _Span(
                    str(span.get("name") or ""),
                    _hashable(span.get("kind")),
                    _nanoseconds(span.get("startTimeUnixNano")),
                    _nanoseconds(span.get("endTimeUnixNano")),
                    f"{trace}-{own}".lower() if known else "",
                    {
                        str(pair.get("key")): _json_value(pair.get("value"), 0)
                        for pair in _objects(span, "attributes")
                    },
                )


def _objects(node: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Objects of a list; anything else is none."""
    found = node.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _hashable(value: Any) -> Any:
    return value if isinstance(value, int | str) else None


def _nanoseconds(value: Any) -> int:
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        value = int(value)
    in_range = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63
    return value if in_range else 0


def _json_value(value: Any, depth: int) -> Any:
    """Text, number or list of an attribute value; None for what is not read."""
    if not isinstance(value, dict) or depth > MAX_VALUE_DEPTH:
        return None
    if "intValue" in value:
        number = value["intValue"]
        return int(number) if isinstance(number, str) and _is_integer(number) else number
    for key in ("stringValue", "doubleValue", "boolValue"):
        if key in value:
            return value[key]
    if isinstance(value.get("arrayValue"), dict):
        return [_json_value(item, depth + 1) for item in _objects(value["arrayValue"], "values")]
    return None


def _is_integer(text: str) -> bool:
    return len(text) < 20 and text.removeprefix("-").isdecimal()


def _protobuf_spans(body: bytes) -> Iterator[_Span]:
    """Spans of the protobuf form."""
    try:
        service = import_module("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
        message = import_module("google.protobuf.message")
    except ImportError as problem:
        raise RefusedError(415, INSTALL) from problem
    export = service.ExportTraceServiceRequest()
    try:
        export.ParseFromString(body)
    except (message.DecodeError, RecursionError) as problem:
        raise RefusedError(400, "the body is no OTLP export in protobuf") from problem
    return _walk_protobuf(export)


def _walk_protobuf(export: Any) -> Iterator[_Span]:
    for resource in export.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                known = span.trace_id and span.span_id
                yield _Span(
                    span.name,
                    span.kind,
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    f"{span.trace_id.hex()}-{span.span_id.hex()}" if known else "",
                    {pair.key: _protobuf_value(pair.value, 0) for pair in span.attributes},
                )


def _protobuf_value(value: Any, depth: int) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value" and depth < MAX_VALUE_DEPTH:
        return [_protobuf_value(item, depth + 1) for item in value.array_value.values]
    if kind in {"string_value", "int_value", "double_value", "bool_value"}:
        return getattr(value, kind)
    return None
