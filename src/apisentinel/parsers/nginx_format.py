"""Compiles an nginx ``log_format`` string to a parser."""

from dataclasses import dataclass

import re2

from apisentinel.errors import ConfigError
from apisentinel.parsers.base import Parser
from apisentinel.parsers.escapes import BACKSLASH, VERBATIM
from apisentinel.parsers.program import LISTED, MAY_END, Op, Step, compile_steps
from apisentinel.parsers.text import TextParser

LONGEST_FORMAT = 8192
"""Characters of a format string; nginx itself allows less per directive."""


@dataclass(frozen=True)
class Variable:
    """How the value of a variable is read.

    Attributes:
        spaced: The value may hold blanks, so a blank alone cannot end it.
        listed: The value is a list: blanks stand only behind a comma and around a colon, so a blank
            elsewhere ends it.
        rank: Of several variables for one column the one with the lowest rank is used.
    """

    op: Op = Op.TEXT
    column: str = ""
    value: int = 0
    spaced: bool = False
    listed: bool = False
    rank: int = 0


Item = tuple[str, Variable, int] | bytes
"""A variable (name, how it is read, position) or a literal of a format string."""

DELIMITED = {Op.TIME_CLF, Op.TIME_ISO, Op.TIME_SLASH, Op.TIME_EPOCH, Op.NUMBER, Op.DURATION}
"""Values that end by themselves."""

_SECONDS = 1_000_000_000
VARIABLES: dict[str, Variable] = {
    "remote_addr": Variable(Op.ADDRESS, "peer_ip", rank=1),
    "realip_remote_addr": Variable(Op.ADDRESS, "peer_ip"),
    "proxy_protocol_addr": Variable(Op.ADDRESS, "client_ip", rank=1),
    "remote_user": Variable(Op.TEXT, "user_id", spaced=True),
    "time_local": Variable(Op.TIME_CLF, "ts", rank=2),
    "time_iso8601": Variable(Op.TIME_ISO, "ts", rank=1),
    "msec": Variable(Op.TIME_EPOCH, "ts"),
    "request": Variable(Op.REQUEST, "request", spaced=True),
    "request_method": Variable(Op.TEXT, "method", rank=1),
    "request_uri": Variable(Op.TARGET, "target", spaced=True),
    "uri": Variable(Op.TEXT, "path", spaced=True, rank=1),
    "document_uri": Variable(Op.TEXT, "path", spaced=True, rank=2),
    "args": Variable(Op.TEXT, "query", spaced=True, rank=1),
    "query_string": Variable(Op.TEXT, "query", spaced=True, rank=2),
    "server_protocol": Variable(Op.VERSION, "http_version", rank=1),
    "scheme": Variable(Op.TEXT, "scheme", rank=1),
    "host": Variable(Op.ADDRESS, "host", rank=2),
    "http_host": Variable(Op.ADDRESS, "host", rank=1),
    "server_name": Variable(Op.ADDRESS, "host", rank=3),
    "status": Variable(Op.NUMBER, "status"),
    "body_bytes_sent": Variable(Op.NUMBER, "response_bytes", rank=1),
    "bytes_sent": Variable(Op.NUMBER, "response_bytes", rank=2),
    "request_length": Variable(Op.NUMBER, "request_bytes"),
    "request_time": Variable(Op.DURATION, "duration_us", _SECONDS),
    "http_referer": Variable(Op.TEXT, "referer", spaced=True),
    "http_user_agent": Variable(Op.TEXT, "user_agent", spaced=True),
    "request_id": Variable(Op.TEXT, "event_id"),
    "request_body": Variable(Op.TEXT, "request_body", spaced=True),
    "ssl_ja4": Variable(Op.TEXT, "tls_ja4"),
    "http_ssl_ja4": Variable(Op.TEXT, "tls_ja4", rank=1),
    "proxy_add_x_forwarded_for": Variable(Op.TEXT, "h:x-forwarded-for", spaced=True),
    "content_type": Variable(Op.TEXT, "h:content-type", spaced=True),
    "upstream_addr": Variable(listed=True),
    "upstream_status": Variable(listed=True),
    "upstream_response_time": Variable(listed=True),
    "upstream_connect_time": Variable(listed=True),
    "upstream_header_time": Variable(listed=True),
    "upstream_response_length": Variable(listed=True),
    "upstream_bytes_sent": Variable(listed=True),
    "upstream_bytes_received": Variable(listed=True),
    "upstream_cache_status": Variable(),
    "ssl_client_s_dn": Variable(spaced=True),
    "ssl_client_i_dn": Variable(spaced=True),
}
"""Variables by name. Every other one is read over; ``$http_NAME`` is a header."""

SESSION_COOKIES = ("sess", "sid", "jsession", "auth", "token")
"""Parts of cookie names whose value stands for a session."""

_SAME = {
    "request": {"request", "target", "method", "path", "query", "http_version"},
    "target": {"target", "path", "query"},
}
_VARIABLE = re2.compile(r"\$(?:\{(\w+)\}|(\w+))")
_DIRECTIVE = re2.compile(r"^\s*log_format\s+\S+\s+(?:escape=(\w+)\s+)?")
_PIECE = re2.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_MERGED = re2.compile(r"\$(?:uri|document_uri)\$is_args\$(?:args|query_string)")


def variable(name: str) -> Variable:
    """How a variable of this name is read."""
    known = VARIABLES.get(name)
    if known is not None:
        return known
    if name.startswith("http_"):
        return Variable(Op.TEXT, "h:" + name[5:].replace("_", "-"), spaced=True)
    if name.startswith("cookie_") and any(part in name.lower() for part in SESSION_COOKIES):
        return Variable(Op.TEXT, "session_id")
    return Variable(
        spaced=name.startswith(("sent_http_", "arg_", "cookie_", "upstream_http_", "jwt_"))
    )


def plain_format(text: str) -> tuple[str, str]:
    """The format string without the directive around it, and how it escapes (``default``, ``json``,
    ``none``).
    """
    found = _DIRECTIVE.match(text)
    body = text[found.end() :] if found else text.strip()
    escape = (found and found.group(1)) or "default"
    if body.startswith("escape="):
        word, _, body = body.partition(" ")
        escape = word[7:]
        body = body.strip()
    if found or (body[:1] in "'\"" and body.rstrip("; \n")[-1:] == body[:1] and _PIECE.match(body)):
        pieces = _PIECE.findall(body)
        if pieces:
            body = "".join(single or double for single, double in pieces)
        body = (
            body.replace("\\'", "'").replace('\\"', '"').replace("\\t", "\t").replace("\\\\", "\\")
        )
    return body.rstrip("\n"), escape


@dataclass
class Token:
    """A variable or a literal of a format string, and where it stands."""

    text: str
    at: int
    is_variable: bool


def tokens(body: str) -> list[Token]:
    """Cuts a format string into variables and literals."""
    body = _MERGED.sub(lambda m: "$request_uri".ljust(len(m.group()), "\0"), body)
    out: list[Token] = []
    at = 0
    for found in _VARIABLE.finditer(body):
        if found.start() > at:
            out.append(Token(body[at : found.start()].replace("\0", ""), at, is_variable=False))
        out.append(Token(found.group(1) or found.group(2), found.start(), is_variable=True))
        at = found.end()
    if at < len(body):
        out.append(Token(body[at:].replace("\0", ""), at, is_variable=False))
    return [token for token in out if token.text]


def doubt(what: str, body: str, at: int, why: str) -> ConfigError:
    """The error for a format that cannot be read without doubt, with the place marked."""
    return ConfigError(
        f"the log format cannot be read without doubt: {what} at position {at + 1} "
        f"{why}\n  {body}\n  {' ' * at}^"
    )


def steps_of(items: list[Item], body: str, sign: str, escape: int) -> list[Step]:
    """Steps for a list of variables (name, how, position) and literals.

    Raises:
        ConfigError: A value has no certain end, or no variable tells what was requested.
    """
    best: dict[str, int] = {}
    for item in items:
        if not isinstance(item, bytes) and item[1].column:
            column = item[1].column
            best[column] = min(best.get(column, 99), item[1].rank)
    covered = (
        set().union(*(_SAME[column] - {column} for column in best if column in _SAME))
        if best
        else set()
    )
    if not ({"request", "target", "path", "h:x-original-uri"} & best.keys()):
        names = "$request or $request_uri" if sign == "$" else "%r or %U"
        raise ConfigError(
            f"the log format names no request (such as {names}), so nothing can be judged\n  {body}"
        )
    steps: list[Step] = []
    used: set[str] = set()
    for n, item in enumerate(items):
        if isinstance(item, bytes):
            if n == 0:
                steps.append(Step(Op.LITERAL, until=item))
            continue
        name, how, at = item
        follow = items[n + 1] if n + 1 < len(items) else b""
        column = how.column
        keep = (
            bool(column)
            and column not in covered
            and column not in used
            and how.rank == best[column]
        )
        if column.startswith("h:") or keep:
            used.add(column)
        op = how.op
        if not keep and not column.startswith("h:"):
            op, column = Op.TEXT, ""
        is_last = n + 1 >= len(items)
        steps.append(
            _step((f"{sign}{name}", how, at), (op, column), follow, (body, escape), is_last=is_last)
        )
    return [*steps, Step(Op.AT_END), Step(Op.END)]


def _step(
    item: tuple[str, Variable, int],
    target: tuple[Op, str],
    follow: Item,
    source: tuple[str, int],
    *,
    is_last: bool,
) -> Step:
    """The step of one variable: (shown name, how, position), (op, column), what follows, (format
    string, escape).
    """
    shown, how, at = item
    op, column = target
    body, escape = source
    column = "" if column in {"request", "target"} else column
    if not isinstance(follow, bytes):
        if how.column == "host" and follow[1].column in {"target", "path"}:
            return Step(Op.UNTIL_SLASH, column, escape=escape)
        raise doubt(
            shown,
            body,
            at,
            f"is followed directly by {shown[0]}{follow[0]}; put a separator between them",
        )
    if how.spaced and follow and not follow.strip(b" ") and not is_last and op not in DELIMITED:
        raise doubt(
            shown,
            body,
            at,
            f'may hold blanks and is followed by a blank only; put it in quotes: "{shown}"',
        )
    if follow.startswith(b'"') and op is Op.TEXT and escape == BACKSLASH:
        op = Op.QUOTED
    flags = (MAY_END if is_last else 0) | (LISTED if how.listed and follow[:1] == b" " else 0)
    return Step(op, column, follow, value=how.value, flags=flags, escape=escape)


def compile_nginx(text: str) -> Parser:
    """A parser for lines that nginx writes with this ``log_format``.

    Args:
        text: The string, or the whole directive with its name, ``escape=`` and quotes.

    Raises:
        ConfigError: The format names no request, or a value in it has no certain end; the message
            marks the place.
    """
    if len(text) > LONGEST_FORMAT:
        raise ConfigError(
            f"a log format of {len(text)} characters; at most {LONGEST_FORMAT} are read"
        )
    body, escape = plain_format(text)
    if body.lstrip().startswith("{"):
        from apisentinel.parsers.json_lines import json_parser  # noqa: PLC0415 (JSON is loaded only when asked for)
        from apisentinel.parsers.json_nginx import from_nginx_json  # noqa: PLC0415 (same)

        return json_parser(from_nginx_json(body))
    items: list[Item] = [
        (token.text, variable(token.text), token.at) if token.is_variable else token.text.encode()
        for token in tokens(body)
    ]
    steps = steps_of(items, body, "$", VERBATIM if escape == "none" else BACKSLASH)
    return TextParser("nginx-custom", compile_steps(steps, ("nginx-custom",)))
