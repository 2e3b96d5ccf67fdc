"""The log of the service: one JSON object per line on stderr."""

import logging
import sys
from typing import Any, TextIO

import orjson
import structlog

SECRET_NAMES = frozenset({"password", "token", "key", "secret", "authorization", "cookie"})
"""Names whose values are never logged, whatever they hold."""


def configure_logs(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Sends what parts of the product log to a stream, and nothing of other libraries below
    warnings.

    Control characters are escaped by JSON, so a line of the log is one line on every terminal.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            _without_secrets,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_dump),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=stream or sys.stderr, level=logging.WARNING)


def _without_secrets(_logger: Any, _method: str, event: Any) -> Any:
    for name in SECRET_NAMES & event.keys():
        event[name] = "********"
    return event


def _dump(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=str).decode()
