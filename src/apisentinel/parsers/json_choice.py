"""Tells which JSON format a line has, from the keys that it holds: a function of the line alone."""

from functools import cache

from apisentinel.parsers.json_formats import CADDY, ENVOY, KONG, NDJSON, NGINX, TRAEFIK
from apisentinel.parsers.json_formats_cloud import (
    API_GATEWAY,
    AWS_WAF,
    AZURE,
    CLOUDFLARE,
    CLOUDFRONT,
    GCP,
)
from apisentinel.parsers.json_formats_records import APPLICATION, ECS, HAR, MODSECURITY, OTEL
from apisentinel.parsers.mapping import JsonMapping, Tables, compile_marks

Clause = tuple[str, ...]

OWN = ("event_id", "peer_ip", "duration_us", "credential_id", "request_body_base64", "tls_ja4")
"""Fields that only our own format has."""

FOREIGN = (
    "remote_ip",
    "remote_addr",
    "ip",
    "time",
    "@timestamp",
    "timestamp",
    "level",
    "duration_s",
    "duration_ms",
    "duration",
    "latency",
    "ua",
    "userAgent",
    "remoteAddress",
    "clientIp",
    "msg",
    "message",
    "controller",
    "bytes",
    "size",
    "user",
    "username",
    "request_uri",
    "status_code",
    "statusCode",
    "hostname",
    "response_code",
    "http_user_agent",
    "request_time",
)
"""Fields that speak for an application's own format where method and path alone would fit ours."""

CHOICES: tuple[tuple[JsonMapping, tuple[Clause, ...]], ...] = (
    (
        CADDY,
        (
            ("request.uri",),
            ("request.remote_ip", "request.remote_addr", "request.client_ip", "request.proto"),
        ),
    ),
    (KONG, (("request.uri", "request.url", "request.querystring"), ("started_at", "latencies"))),
    (MODSECURITY, (("transaction",), ("transaction.request", "request.request_line"))),
    (HAR, (("startedDateTime",), ("request.url",))),
    (GCP, (("httpRequest.requestUrl",),)),
    (AWS_WAF, (("httpRequest.uri",), ("httpRequest.clientIp",))),
    (
        AZURE,
        (
            (
                "properties.requestUri",
                "properties.RequestUri",
                "properties.originalRequestUriWithArgs",
                "properties.url",
                "properties.Url",
            ),
        ),
    ),
    (
        AZURE,
        (
            ("RequestUri", "OriginalRequestUriWithArgs", "Url"),
            ("ClientIp", "HttpStatus", "HttpMethod", "CallerIpAddress", "ResponseCode"),
        ),
    ),
    (TRAEFIK, (("RequestPath",), ("DownstreamStatus", "OriginStatus", "RequestMethod"))),
    (CLOUDFLARE, (("ClientRequestURI", "ClientRequestPath"),)),
    (CLOUDFRONT, (("cs-uri-stem",),)),
    (
        ENVOY,
        (
            ("response_code",),
            (
                "path",
                ":path",
                "x_envoy_original_path",
                "x-envoy-original-path",
                "x-envoy-origin-path",
            ),
        ),
    ),
    (
        ECS,
        (
            ("url.original", "url.path", "url.full"),
            (
                "source.ip",
                "client.ip",
                "ecs",
                "ecs.version",
                "url.original",
                "event.duration",
                "event",
            ),
        ),
    ),
    (OTEL, (("url.full", "http.target", "http.url", "url.path"),)),
    (
        OTEL,
        (
            (
                "attributes.url.full",
                "attributes.http.target",
                "attributes.http.url",
                "attributes.url.path",
            ),
        ),
    ),
    (ECS, (("http.request.method",), ("url",))),
    (API_GATEWAY, (("requestId",), ("httpMethod", "routeKey", "resourcePath"))),
    (
        NGINX,
        (
            ("request_uri", "request", "uri"),
            (
                "remote_addr",
                "http_user_agent",
                "body_bytes_sent",
                "request_time",
                "time_local",
                "time_iso8601",
            ),
        ),
    ),
)
"""Formats in the order of trial; a line is of a format when it holds one path of each clause."""

NDJSON_FIELDS = (("method",), ("path", "url"))
"""What a request in our own format has at least."""
APPLICATION_FIELDS = (
    (
        "method",
        "http_method",
        "httpMethod",
        "request_method",
        "requestMethod",
        "verb",
        "req.method",
        "request.method",
        "status",
        "status_code",
        "statusCode",
        "res.statusCode",
        "request",
        "request_line",
    ),
    (
        "path",
        "url",
        "uri",
        "request_uri",
        "requestUri",
        "originalUrl",
        "original_url",
        "req.url",
        "request.url",
        "request.uri",
        "request.path",
        "request_path",
        "requestPath",
        "target",
        "http_path",
        "request",
        "request_line",
    ),
)
"""What a request in some application's format has at least."""
WRAPPER_FIELDS = (
    (
        "log",
        "message",
        "MESSAGE",
        "line",
        "textPayload",
        "jsonPayload",
        "_raw",
        "_source",
        "result",
        "log_processed",
        "msg",
        "event",
        "raw",
    ),
)
"""Where another line is carried."""

MAPPINGS: tuple[JsonMapping, ...] = (
    NDJSON,
    NGINX,
    CADDY,
    TRAEFIK,
    ENVOY,
    KONG,
    API_GATEWAY,
    GCP,
    AZURE,
    CLOUDFRONT,
    CLOUDFLARE,
    AWS_WAF,
    MODSECURITY,
    HAR,
    ECS,
    OTEL,
    APPLICATION,
)
"""All formats by name, in the order of their codes."""

WRAPPED = len(MAPPINGS)
"""Code of a line that carries another line."""

_clauses = list(
    dict.fromkeys(
        [
            OWN,
            FOREIGN,
            *NDJSON_FIELDS,
            *APPLICATION_FIELDS,
            *WRAPPER_FIELDS,
            *(c for _, needs in CHOICES for c in needs),
        ]
    )
)
_BIT = {clause: 1 << k for k, clause in enumerate(_clauses)}


def _mask(clauses: tuple[Clause, ...]) -> int:
    return sum(_BIT[clause] for clause in set(clauses))


_RULES = tuple((MAPPINGS.index(mapping), _mask(clauses)) for mapping, clauses in CHOICES)
_NDJSON, _APPLICATION, _WRAPPER = (
    _mask(NDJSON_FIELDS),
    _mask(APPLICATION_FIELDS),
    _mask(WRAPPER_FIELDS),
)


def mark_tables() -> Tables:
    """Tables with which the kernel tells the clauses that a line fulfils."""
    marks: dict[str, int] = {}
    for clause, bit in _BIT.items():
        for path in clause:
            marks[path] = marks.get(path, 0) | bit
    return compile_marks(marks)


@cache
def choose(bits: int) -> int:
    """Code of the format of a line that fulfils these clauses.

    An index into `MAPPINGS`, or `WRAPPED`.
    """
    for code, mask in _RULES:
        if bits & mask == mask:
            return code
    if bits & _NDJSON == _NDJSON and (bits & _BIT[OWN] or not bits & _BIT[FOREIGN]):
        return MAPPINGS.index(NDJSON)
    if bits & _APPLICATION != _APPLICATION and bits & _WRAPPER == _WRAPPER:
        return WRAPPED
    return MAPPINGS.index(APPLICATION)
