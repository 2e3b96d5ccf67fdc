"""Compiles an Apache ``LogFormat`` string to a parser."""

import re2

from apisentinel.errors import ConfigError
from apisentinel.parsers.base import Parser
from apisentinel.parsers.escapes import BACKSLASH
from apisentinel.parsers.nginx_format import (
    LONGEST_FORMAT,
    SESSION_COOKIES,
    Item,
    Variable,
    doubt,
    steps_of,
)
from apisentinel.parsers.program import Op, compile_steps
from apisentinel.parsers.text import TextParser

_MICRO, _MILLI, _SECOND = 1_000, 1_000_000, 1_000_000_000
DIRECTIVES: dict[str, Variable] = {
    "h": Variable(Op.ADDRESS, "peer_ip", rank=3),
    "a": Variable(Op.ADDRESS, "peer_ip", rank=2),
    "u": Variable(Op.TEXT, "user_id", spaced=True),
    "r": Variable(Op.REQUEST, "request", spaced=True),
    "m": Variable(Op.TEXT, "method", rank=1),
    "U": Variable(Op.TEXT, "path", spaced=True, rank=1),
    "q": Variable(Op.TEXT, "query", spaced=True, rank=1),
    "H": Variable(Op.VERSION, "http_version", rank=1),
    "v": Variable(Op.ADDRESS, "host", rank=2),
    "V": Variable(Op.ADDRESS, "host", rank=3),
    "s": Variable(Op.NUMBER, "status"),
    "B": Variable(Op.NUMBER, "response_bytes", rank=1),
    "b": Variable(Op.NUMBER, "response_bytes", rank=2),
    "O": Variable(Op.NUMBER, "response_bytes", rank=3),
    "I": Variable(Op.NUMBER, "request_bytes"),
    "D": Variable(Op.DURATION, "duration_us", _MICRO),
    "T": Variable(Op.DURATION, "duration_us", _SECOND, rank=2),
    "L": Variable(Op.TEXT, "event_id"),
    "f": Variable(spaced=True),
}
"""Directives by letter. Every other one is read over."""

_WITH_ARGUMENT = {
    ("a", "c"): Variable(Op.ADDRESS, "peer_ip"),
    ("T", "s"): Variable(Op.DURATION, "duration_us", _SECOND, rank=1),
    ("T", "ms"): Variable(Op.DURATION, "duration_us", _MILLI, rank=1),
    ("T", "us"): Variable(Op.DURATION, "duration_us", _MICRO, rank=1),
}
_SPACED = {"i", "o", "C", "e", "n", "x", "^TI", "^TO"}
"""Directives whose value is a text of somebody else, named by the argument."""

_INPUT_HEADERS = {
    "referer": Variable(Op.TEXT, "referer", spaced=True),
    "user-agent": Variable(Op.TEXT, "user_agent", spaced=True),
    "host": Variable(Op.ADDRESS, "host", rank=1),
}
_DIRECTIVE = re2.compile(r"%[!0-9,]*[<>]?(?:\{([^}]*)\})?(\^[A-Z]{2}|[A-Za-z%])")
_TIMES = re2.compile(r"%\{[^}]*\}t(?:[ .,:TZ/-]{0,2}%\{[^}]*\}t)*")
_LINE = re2.compile(r"(?i)^\s*LogFormat\s+")
_SHORT = {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%e": "%d", "%h": "%b", "%R": "%H:%M"}
_FRACTION = r"(?:[.,](?:msec_frac|usec_frac))?"
_KNOWN_TIMES = (
    (re2.compile(rf"%d/%b/%Y[: ]%H:%M:%S{_FRACTION}(?: ?%[zZ])?"), Op.TIME_CLF),
    (re2.compile(rf"%Y-%m-%d[T ]%H:%M:%S{_FRACTION}(?: ?%[zZ]|Z)?"), Op.TIME_ISO),
    (re2.compile(rf"%Y/%m/%d[T ]%H:%M:%S{_FRACTION}(?: ?%[zZ]|Z)?"), Op.TIME_SLASH),
    (re2.compile(r"(?:sec|msec|usec|%s)(?:[.](?:msec_frac|usec_frac))?"), Op.TIME_EPOCH),
)


def plain_format(text: str) -> str:
    """The format string without the directive around it, its escapes undone."""
    body = text.strip()
    if _LINE.match(body):
        body = _LINE.sub("", body)
        body = body[1 : body.rfind('"')] if body.startswith('"') else body
    elif len(body) > 1 and body[0] == body[-1] == '"' and '\\"' in body:
        body = body[1:-1]
    return body.replace('\\"', '"').replace("\\t", "\t").replace("\\n", "").replace("\\\\", "\\")


def directive(argument: str | None, letter: str) -> Variable:
    """How a directive is read."""
    if argument is None:
        return DIRECTIVES.get(letter, Variable())
    name = argument.lower()
    if letter == "i":
        return _INPUT_HEADERS.get(name) or Variable(Op.TEXT, "h:" + name, spaced=True)
    if letter == "C" and any(part in name for part in SESSION_COOKIES):
        return Variable(Op.TEXT, "session_id")
    if letter in {"e", "n"} and name in {"unique_id", "request_id"}:
        return Variable(Op.TEXT, "event_id", rank=1)
    if letter in _SPACED:
        return Variable(spaced=True)
    return _WITH_ARGUMENT.get((letter, name)) or DIRECTIVES.get(letter, Variable())


def _time(text: str, body: str, at: int) -> Variable:
    """How a run of ``%{…}t`` is read.

    Raises:
        ConfigError: A time that is put together in an unknown way.
    """
    spec = re2.sub(r"%\{(?:begin:|end:)?([^}]*)\}t", r"\1", text)
    for short, long in _SHORT.items():
        spec = spec.replace(short, long)
    for pattern, op in _KNOWN_TIMES:
        if pattern.fullmatch(spec):
            return Variable(op, "ts", rank=1)
    raise doubt(
        text, body, at, "is a time that is not known here; use %t or %{%Y-%m-%dT%H:%M:%S%z}t"
    )


def _piece(body: str, at: int) -> tuple[list[Item], int]:
    """The items that begin at a place of a format string, and the place behind them."""
    run = _TIMES.match(body, at)
    if run:
        return [(run.group()[1:], _time(run.group(), body, at), at)], run.end()
    found = _DIRECTIVE.match(body, at)
    if not found:
        return [body[at].encode()], at + 1
    letter = found.group(2)
    if letter == "%":
        return [b"%"], found.end()
    if letter == "t":
        return [b"[", ("t", Variable(Op.TIME_CLF, "ts", rank=2), at), b"]"], found.end()
    if body.startswith("%U%q", at):
        return [("U%q", Variable(Op.TARGET, "target", spaced=True), at)], at + 4
    return [(found.group()[1:], directive(found.group(1), letter), at)], found.end()


def items_of(body: str) -> list[Item]:
    """Directives and literals of a format string; neighbouring literals are one."""
    out: list[Item] = []
    at = 0
    while at < len(body):
        items, at = _piece(body, at)
        for item in items:
            if out and isinstance(item, bytes) and isinstance(out[-1], bytes):
                out[-1] += item
            else:
                out.append(item)
    return out


def compile_apache(text: str) -> Parser:
    """A parser for lines that Apache writes with this ``LogFormat``.

    Args:
        text: The string, or the whole directive.

    Raises:
        ConfigError: The format names no request, or a value in it has no certain end; the message
            marks the place.
    """
    if len(text) > LONGEST_FORMAT:
        raise ConfigError(
            f"a log format of {len(text)} characters; at most {LONGEST_FORMAT} are read"
        )
    body = plain_format(text)
    return TextParser(
        "apache-custom",
        compile_steps(steps_of(items_of(body), body, "%", BACKSLASH), ("apache-custom",)),
    )
