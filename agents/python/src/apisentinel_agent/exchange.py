"""One request and its answer as the framework gave them: raw, not yet masked, cheap to make.

The thread of the request fills it; the thread of the sender masks and writes it. It never leaves
the process in this form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FIXED_BYTES = 1200
"""Memory of an exchange beside its texts: object, list, tuples, numbers."""

HEADER_BYTES = 160
"""Memory of one header beside its text: a tuple and two objects."""


class Exchange:
    """What is known of one request. Texts are `str`; bytes of the wire are latin-1."""

    __slots__ = (
        "client",
        "duration_us",
        "event_id",
        "extra",
        "headers",
        "host",
        "http_version",
        "method",
        "path",
        "peer",
        "query",
        "request_body",
        "request_bytes",
        "response_body",
        "response_bytes",
        "route",
        "scheme",
        "session",
        "started_us",
        "status",
        "user",
    )

    def __init__(self, started_us: int) -> None:
        self.started_us = started_us
        """Begin of the request, µs since the epoch."""
        self.event_id = ""
        self.method = ""
        self.scheme = ""
        self.host = ""
        self.path = ""
        self.query = ""
        self.http_version = ""
        self.status = 0
        self.request_bytes = 0
        self.response_bytes = 0
        self.duration_us = 0
        self.peer = ""
        self.client: str | None = None
        self.user: str | None = None
        self.session: str | None = None
        self.route: str | None = None
        self.headers: Iterable[tuple[bytes | str, bytes | str]] = ()
        self.request_body: Sample | None = None
        self.response_body: Sample | None = None
        self.extra: dict[str, object] | None = None

    def memory(self) -> int:
        """Bytes of memory, estimated from above."""
        size = FIXED_BYTES + len(self.path) + len(self.query)
        for name, value in self.headers:
            size += HEADER_BYTES + len(name) + len(value)
        if self.request_body is not None:
            size += self.request_body.kept
        if self.response_body is not None:
            size += self.response_body.kept
        return size


class Sample:
    """The beginning of a body, up to a limit; what comes after is only counted."""

    __slots__ = ("_limit", "_parts", "kept", "media_type", "seen")

    def __init__(self, limit: int, media_type: str) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self.media_type = media_type
        """Type without parameters, in lower case."""
        self.kept = 0
        """Bytes kept."""
        self.seen = 0
        """Bytes seen."""

    def add(self, part: bytes) -> None:
        """Takes the next piece of the body."""
        self.seen += len(part)
        room = self._limit - self.kept
        if room > 0 and part:
            part = bytes(part[:room])
            self._parts.append(part)
            self.kept += len(part)

    def content(self) -> bytes:
        """The bytes kept."""
        return b"".join(self._parts)


def media_type(content_type: str) -> str:
    """The type of a ``Content-Type`` header without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def sample(limit: int, content_type: str, allowed: tuple[str, ...], encoding: str) -> Sample | None:
    """A sample when bodies of this type may be kept, else None; compressed ones are not kept."""
    if not limit or encoding.lower() not in {"", "identity"}:
        return None
    kind = media_type(content_type)
    if kind in allowed or (kind.endswith("+json") and "application/json" in allowed):
        return Sample(limit, kind)
    return None
