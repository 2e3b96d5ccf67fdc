"""The log of the service on stderr: one JSON object per line, or lines for people.

Text in a log may come from an attacker, through an error message. So nothing in it moves the cursor
or begins a line of its own, and what looks like a secret is masked, whoever logs it.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import orjson
import structlog

from apisentinel.cli.visible import clip, visible
from apisentinel.enrichment.redact import Redactor
from apisentinel.pipeline.log_settings import LogSettings

SECRET_ENDS = ("password", "secret", "token", "authorization", "cookie", "credential", "key")
"""Ends of names whose values are never logged, whatever they hold; ``key_id`` may be."""

MASK = "***"

MAX_TEXT = 4_000
"""Characters of one value: an error may quote what an attacker wrote."""

MAX_TRACE = 40_000
"""Characters of a traceback."""

MAX_DEPTH = 4
"""Levels of nested values that are looked into; deeper ones are left out."""

_REDACTOR = Redactor()


def configure_logs(settings: LogSettings | None = None, stream: TextIO | None = None) -> None:
    """Sends to a stream what parts of the product log, and warnings of other libraries.

    Args:
        settings: Form and level; the defaults when left out.
        stream: Where to; stderr when left out.
    """
    settings = settings or LogSettings()
    stream = stream or sys.stderr
    level = getattr(logging, settings.level.upper())
    is_console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    render = _console_line if is_console else _json_line
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            _harmless,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _harmless,
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))


def _harmless(_logger: Any, _method: str, event: Any) -> Any:
    """The event with its secrets masked and its text escaped."""
    return {
        visible(str(name)): _trace(value) if name == "exception" else _value(str(name), value, 0)
        for name, value in event.items()
    }


def _value(name: str, value: object, depth: int) -> Any:
    if name.lower().endswith(SECRET_ENDS) and value is not None:
        return MASK
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        return {visible(str(k)): _value(str(k), v, depth + 1) for k, v in value.items()}
    if depth < MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [_value("", inner, depth + 1) for inner in value]
    return _text(clip(str(value), MAX_TEXT))


def _text(text: str) -> str:
    return visible(_REDACTOR.text(text.encode("utf-8", "replace")))


def _trace(value: object) -> str:
    """A traceback, whose lines stay lines; those that an error message makes begin with a bar."""
    return "\n".join(f"| {_text(line)}" for line in clip(str(value), MAX_TRACE).split("\n"))


def _json_line(_logger: Any, _method: str, event: Any) -> str:
    return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS).decode()


def _console_line(_logger: Any, _method: str, event: Any) -> str:
    """Time, level, what happened, then the fields; a traceback on lines of its own."""
    rest = dict(event)
    moment = str(rest.pop("ts", ""))[11:19]
    level, what = rest.pop("level", ""), rest.pop("event", "")
    trace = rest.pop("exception", "")
    fields = " ".join(f"{name}={_shown(value)}" for name, value in rest.items())
    line = f"{moment} {level:<7} {what}" + (f"  {fields}" if fields else "")
    return f"{line}\n{trace}" if trace else line


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f'"{text}"' if " " in text or not text else text
