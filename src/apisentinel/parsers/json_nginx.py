"""Compiles an nginx ``log_format … escape=json`` string into a mapping."""

from collections.abc import Iterator
from typing import Any

import orjson

from apisentinel.errors import ConfigError
from apisentinel.parsers.mapping import JsonMapping, fields
from apisentinel.parsers.nginx_format import plain_format, tokens

VARIABLES = fields(
    """
    ts                      time_iso8601 msec time_local
    peer_ip                 remote_addr realip_remote_addr
    user_id                 remote_user
    method                  request_method
    url                     request_uri uri document_uri
    query                   args query_string
    request_line            request
    status                  status
    response_bytes          body_bytes_sent bytes_sent
    request_bytes           request_length
    duration:s              request_time
    user_agent              http_user_agent
    referer                 http_referer
    host                    http_host host server_name
    http_version            server_protocol
    scheme                  scheme
    event_id                request_id
    request_body            request_body
    header:content-type     content_type
    header:x-forwarded-for  proxy_add_x_forwarded_for
    tls_ja4                 ssl_ja4 http_ssl_ja4
    """
)
"""nginx variable → target; of several variables of one column the first here wins."""

_RANK = {name: rank for rank, name in enumerate(VARIABLES)}


def _as_json(text: str) -> str:
    """The format with bare variables put in quotes, so that it is JSON."""
    out, inside = [], False
    for token in tokens(text):
        if token.is_variable:
            out.append(f"${{{token.text}}}" if inside else f'"${{{token.text}}}"')
        else:
            out.append(token.text)
            inside ^= bool(token.text.replace("\\\\", "").replace('\\"', "").count('"') % 2)
    return "".join(out)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and template of every text in the format."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, str):
        yield path, value


def _of_variable(name: str) -> str:
    """Target of the value of one variable, empty when it is no part of a request."""
    if name in VARIABLES:
        return VARIABLES[name]
    if name.startswith("cookie_") and "sess" in name:
        return "session_id"
    return "header:" + name[5:].replace("_", "-") if name.startswith("http_") else ""


def _target(template: str) -> tuple[int, str]:
    """Rank and target of a value template; the target is empty when it is no part of a request."""
    parts = tokens(template)
    names = [token.text for token in parts if token.is_variable]
    if len(parts) == 1 and names:
        return _RANK.get(names[0], len(_RANK)), _of_variable(names[0])
    kinds = [VARIABLES.get(name, "") for name in names]
    if kinds[:1] == ["scheme"] and "://" in template:
        return 0, "url"
    if kinds[:2] == ["method", "url"]:
        return 0, "request_line"
    return 0, "url" if kinds[:1] == ["url"] and "?" in template else ""


def from_nginx_json(log_format: str, *, name: str = "nginx-json") -> JsonMapping:
    """The mapping of a JSON ``log_format``.

    Args:
        log_format: The format itself or the whole ``log_format name escape=json '…' '…';``.
        name: Name of the mapping.

    Raises:
        ConfigError: The format is no JSON object, or holds no request.

    Example:
        >>> from_nginx_json('{"t":"$time_iso8601","u":"$request_uri","s":$status}').fields
        {'t': 'ts', 'u': 'url', 's': 'status'}
    """
    text = _as_json(plain_format(log_format)[0])
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ConfigError(
            f"the nginx log_format is no JSON object: {error}; it reads {text[:200]!r}"
        ) from error
    if not isinstance(value, dict):
        raise ConfigError(f"the nginx log_format is no JSON object; it reads {text[:200]!r}")
    found = [(*_target(template), path) for path, template in _leaves(value)]
    named = {path: target for _, target, path in sorted(found, key=lambda item: item[0]) if target}
    if not {"url", "request_line"} & set(named.values()):
        raise ConfigError(
            "the nginx log_format holds no request: add $request_uri (and $request_method) or"
            " $request"
        )
    return JsonMapping(name, named)
