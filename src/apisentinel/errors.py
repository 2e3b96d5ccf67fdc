"""The errors of the product. Each says what went wrong, where, and what to do, and carries these as
fields.
"""


class ApiSentinelError(Exception):
    """Base of every error that the product raises on purpose."""


class ConfigError(ApiSentinelError):
    """A setting or option cannot be used."""


class SourceError(ApiSentinelError):
    """An input cannot be read."""


class ParseError(ApiSentinelError):
    """Input was read but is not what its format promises."""


class StateError(ApiSentinelError):
    """A snapshot does not fit this version of the product."""


class StoreError(ApiSentinelError):
    """A store cannot be read or written."""


class RefusedError(ApiSentinelError):
    """A request to the service is refused; `status` is the HTTP status that says so.

    Attributes:
        status: 400, 401, 403, 404, 409, 412, 413, 415, 422, 429 or 503.
        retry_after: Seconds after which it may be tried again, None when that is of no use.
    """

    def __init__(self, status: int, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after
