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


class ModelError(ApiSentinelError):
    """A model bundle cannot be read, written or used."""


class UntrustedModelError(ModelError):
    """A bundle was changed, is incomplete, or was signed by nobody we trust."""


class IncompatibleModelError(ModelError):
    """A bundle is genuine, but made for another version or for other features."""


class NotFittedError(ModelError):
    """A model was asked before it has learned anything."""


class MissingDependencyError(ApiSentinelError):
    """A library of an extra is needed and not installed.

    Attributes:
        extra: Name of the extra that brings it.
    """

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(
            f"{what} needs an extra that is not installed: pip install 'apisentinel[{extra}]'"
        )
        self.extra = extra


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


class BusyError(RefusedError):
    """A request is refused because too much is under way: counted, and no fault of the service."""
