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
