"""What the agent can be told. Arguments come first, then the environment, then the default."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Callable, Optional
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "APISENTINEL_AGENT_"

BODY_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "application/graphql-response+json",
    "application/problem+json",
)
"""Types of bodies in which the agent finds secrets by their names; others are kept on request."""

SESSION_COOKIES = (
    "sessionid",
    "session",
    "session_id",
    "sid",
    "connect.sid",
    "phpsessid",
    "jsessionid",
)
"""Cookies that stand for a session, in lower case; the value leaves as a keyed hash only."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")

Reader = Optional[Callable[[Any], object]]
"""Reads an id from what the framework knows of a request: the ASGI scope, the WSGI environ, the
request of Flask or Django. Whatever it raises counts as "unknown"."""


@dataclass(frozen=True)
class Options:
    """Settings of an agent.

    Attributes:
        url: Where API Sentinel answers, such as ``https://sentinel.internal:8080``; empty switches
            the agent off.
        key: API key with the scope ``ingest``.
        service: Name of the application; the ``source`` of its events.
        enabled: False switches the agent off, whatever else is set.
        max_records: Requests that wait for being sent; further ones are dropped and counted.
        max_bytes: Memory of the requests that wait, estimated.
        batch_records: Requests of one batch.
        batch_bytes: Bytes of one batch before compression, roughly.
        interval_s: Longest time that a request waits for others of its batch.
        connect_timeout_s: Longest time for a connection.
        read_timeout_s: Longest silence of the collector.
        backoff_s: First pause after a failure; it doubles, with jitter.
        max_backoff_s: Longest pause.
        exit_timeout_s: Time at the end of the process to send what waits.
        headers: Send the headers of requests (secrets masked); those of proxies are always sent.
        max_headers: Headers of one request that are sent.
        max_text: Characters of one text, such as a path or a header; longer ones are cut.
        secret_names: Further names of parameters, fields and headers whose values are secrets.
        secrets: ``mask`` hides secrets, ``hash`` puts a keyed hash in their place.
        hash_users: Send keyed hashes in place of user ids.
        hash_key: Key of the hashes; without one it is derived from `key`.
        request_body_bytes: Bytes of each request body to send; 0 sends none.
        response_body_bytes: Bytes of each response body to send; 0 sends none.
        body_types: Media types whose bodies may be sent.
        session_cookies: Names of cookies that stand for a session.
        ignore_paths: Paths that are not reported, such as those of health checks.
        ca_file: File with the certificates to trust, where the system does not know them.
        plain_http: Allow ``http://`` to another machine: the key can be read on the way.
        client: Reads the address of the client.
        user: Reads the id of the user.
        session: Reads the id of the session; it leaves as a keyed hash only.
        route: Reads the template of the route.
    """

    url: str = ""
    key: str = ""
    service: str = ""
    enabled: bool = True
    max_records: int = 10_000
    max_bytes: int = 16 << 20
    batch_records: int = 500
    batch_bytes: int = 1 << 20
    interval_s: float = 0.5
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 10.0
    backoff_s: float = 0.5
    max_backoff_s: float = 60.0
    exit_timeout_s: float = 3.0
    headers: bool = True
    max_headers: int = 64
    max_text: int = 8192
    secret_names: tuple[str, ...] = ()
    secrets: str = "mask"
    hash_users: bool = False
    hash_key: str = ""
    request_body_bytes: int = 0
    response_body_bytes: int = 0
    body_types: tuple[str, ...] = BODY_TYPES
    session_cookies: tuple[str, ...] = SESSION_COOKIES
    ignore_paths: tuple[str, ...] = ()
    ca_file: str = ""
    plain_http: bool = False
    client: Reader = None
    user: Reader = None
    session: Reader = None
    route: Reader = None

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            ValueError: One cannot be used; this is noticed at set-up, never during a request.
        """
        if self.secrets not in {"mask", "hash"}:
            raise ValueError(f"secrets is 'mask' or 'hash', not {self.secrets!r}")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (int, float)) and value < 0:
                raise ValueError(f"{field.name} is at least 0, not {value!r}")
        for name in ("max_records", "batch_records", "max_bytes", "batch_bytes", "max_text"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1")
        if any(ord(sign) < 33 or ord(sign) > 126 for sign in self.key):
            raise ValueError("the key holds a character that no key has; was it cut or quoted?")
        if self.url:
            self._check_url()

    def _check_url(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"url is one such as https://sentinel.example:8080, not {self.url!r}")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("url holds scheme, host, port and perhaps a path, nothing else")
        _ = parts.port
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not self.plain_http:
            raise ValueError(
                f"{self.url} would send the key readable for all on the way: use https://, "
                "or say plain_http=True where the network is trusted"
            )

    @property
    def is_on(self) -> bool:
        """True when there is a collector to send to."""
        return self.enabled and bool(self.url) and bool(self.key)

    @classmethod
    def read(cls, given: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Options:
        """Options from arguments and, where they are silent, from the environment.

        Args:
            given: Arguments by name.
            environ: Variables such as ``APISENTINEL_AGENT_URL``; lists are separated by commas.

        Raises:
            TypeError: There is no such option.
            ValueError: An option cannot be used.
        """
        known = {field.name: field for field in fields(cls)}
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise TypeError(f"no such option of the agent: {', '.join(unknown)}")
        values = dict(given)
        for name, field in known.items():
            text = environ.get(f"{PREFIX}{name.upper()}")
            if text is None or name in values or field.default is None:
                continue
            try:
                values[name] = _value(text, field.default)
            except ValueError as problem:
                raise ValueError(f"{PREFIX}{name.upper()}: {problem}") from None
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = tuple(value)
        return cls(**values)


def _value(text: str, like: object) -> object:
    """A value of the type of `like`."""
    if isinstance(like, bool):
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"0", "false", "no", "off", ""}:
            return False
        raise ValueError(f"{text!r} is neither true nor false")
    if isinstance(like, int):
        return int(text)
    if isinstance(like, float):
        return float(text)
    if isinstance(like, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text
