"""Versions of what can be changed: ``ETag`` out, ``If-Match`` in, so that nobody overwrites what
somebody else has just changed.
"""

from apisentinel.errors import RefusedError

LONGEST = 200
"""Characters of an If-Match header that is worth reading."""


def etag(version: int) -> str:
    """The strong validator of a version.

    Example:
        >>> etag(3)
        '"3"'
    """
    return f'"{version}"'


def expected_version(if_match: str | None, current: int) -> int | None:
    """The version that a change is meant for; None when any will do (``If-Match: *``).

    Args:
        if_match: The header; one validator or a list of them.
        current: Version of the record now, to pick it from a list.

    Raises:
        RefusedError: 428 without a header, 412 when the header names other versions or is no list
            of validators. Weak validators never match, as RFC 9110 §13.1.1 says.
    """
    if if_match is None:
        raise RefusedError(
            428,
            "say which version you change: send the ETag of your last read as If-Match, "
            "or If-Match: * to change any",
        )
    if if_match.strip() == "*":
        return None
    named = [part.strip() for part in if_match[:LONGEST].split(",")]
    if etag(current) in named:
        return current
    raise RefusedError(
        412,
        f"somebody has changed it since you read it: it is version {etag(current)} now; "
        "read it again and repeat the change",
    )


def is_fresh(if_none_match: str | None, version: int) -> bool:
    """True when the client has this very version already and a 304 will do."""
    if if_none_match is None:
        return False
    named = [part.strip().removeprefix("W/") for part in if_none_match[:LONGEST].split(",")]
    return "*" in named or etag(version) in named
