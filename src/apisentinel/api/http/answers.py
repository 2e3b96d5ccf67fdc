"""Answers as JSON, and the slots that keep queries from taking all threads."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import orjson
from starlette.responses import Response

from apisentinel.errors import RefusedError

QUERIES: Final = 6
"""Queries of the stores that run at one time; more wait their turn. Two cores answer no more."""
PATIENCE_S: Final = 10.0
"""How long a query waits for its turn before the caller is told to come again."""

_slots = threading.BoundedSemaphore(QUERIES)


class Json(Response):
    """A document that was made ready to be shown."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """JSON in UTF-8; numbers that JSON has none for are null."""
        return dumps(content)


def dumps(content: Any) -> bytes:
    """JSON of a value, whatever is in it."""
    try:
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return orjson.dumps(plain(content), option=orjson.OPT_NON_STR_KEYS)


def plain(value: Any) -> Any:
    """A value that JSON can carry: lone surrogates become question marks, giant numbers text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, int) and abs(value) >> 63:
        return str(value)
    return value if value is None or isinstance(value, int | float) else str(value)


@contextmanager
def turn() -> Iterator[None]:
    """Waits for a slot and holds it.

    Raises:
        RefusedError: 503 when none became free in time.
    """
    if not _slots.acquire(timeout=PATIENCE_S):
        raise RefusedError(503, "too many queries are running; try again", retry_after=2)
    try:
        yield
    finally:
        _slots.release()
