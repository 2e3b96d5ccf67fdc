"""Versions of what can be changed: ``ETag`` out, ``If-Match`` in, so that nobody overwrites what
somebody else has just changed.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from apisentinel.errors import RefusedError

LONGEST = 200
"""Characters of an If-Match header that is worth reading."""


class Expected(NamedTuple):
    """What a change is meant for.

    Attributes:
        version: Of what people set; None when any will do.
        findings: Mark of what detection says; None when whatever it says now will do.
    """

    version: int | None
    findings: str | None


def etag(version: int, findings: str = "", content: bytes | None = None) -> str:
    """The strong validator of a version of what people set, of what detection says beside it, and
    of the content that was shown, which ``If-None-Match`` is about.

    Example:
        >>> etag(3), etag(3, "a1b2c3d4"), etag(3, "a1b2c3d4", b"{}")
        ('"3"', '"3-a1b2c3d4"', '"3-a1b2c3d4.d905e156"')
    """
    shown = "" if content is None else f".{blake2b(content, digest_size=4).hexdigest()}"
    return f'"{version}-{findings}{shown}"' if findings else f'"{version}{shown}"'


def _of_changes(tag: str) -> str:
    """A validator without what is only about reading."""
    head, dot, _ = tag.rpartition(".")
    return f'{head}"' if dot and tag.endswith('"') else tag


def expected(if_match: str | None, current: int, findings: str = "") -> Expected:
    """What a change is meant for.

    Args:
        if_match: The header: one validator or a list of them. One of the version alone, ``"3"``,
            says that new findings do not matter; ``*`` that nothing does.
        current: Version of the record now, to pick it from a list.
        findings: Mark of what detection says of it now.

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
        return Expected(None, None)
    named = [_of_changes(part.strip()) for part in if_match[:LONGEST].split(",")]
    if etag(current, findings) in named:
        return Expected(current, findings or None)
    if etag(current) in named:
        return Expected(current, None)
    raise RefusedError(412, stale(named, current, findings))


def stale(named: Iterable[str], current: int, findings: str = "") -> str:
    """What to tell somebody whose ETag is not of now: who has changed it, and what to do."""
    same_version = any(part.startswith(f'"{current}-') for part in named)
    who = "detection has found more" if same_version else "somebody has changed it"
    return (
        f"{who} since you read it: it is version {etag(current, findings)} now; "
        "read it again and repeat the change"
    )
