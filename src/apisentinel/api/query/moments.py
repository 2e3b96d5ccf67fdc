"""Points in time as people and programs write them in a URL: RFC 3339, epoch, ``now-15m``."""

from datetime import UTC, datetime, timedelta

LONGEST = 40
"""Characters of the longest time that anybody writes."""

UNITS_US = {
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 7 * 86_400_000_000,
}
"""Units of ``now-15m``, µs."""

_SECONDS_BELOW, _MILLISECONDS_BELOW = 10**11, 10**14
"""Epoch numbers are told apart by size: seconds reach 10^11 in the year 5138, milliseconds reach
10^14 in the same year, and neither was that small as the next finer unit since 1973.
"""

LATEST_US = 253_402_300_799_999_999
"""The last microsecond of the year 9999, beyond which no calendar goes."""

EXPECTED = "write RFC 3339 such as 2026-11-21T10:00:00Z, an epoch, now, or now-15m (ms s m h d w)"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse_moment(text: str, now: int) -> int:
    """A point in time, µs since the epoch.

    Args:
        text: RFC 3339 (UTC when it names no zone), seconds, milliseconds or microseconds since the
            epoch, ``now``, or ``now`` with an offset in ms, s, m, h, d or w.
        now: What ``now`` means, µs since the epoch.

    Raises:
        ValueError: The text is none of these, or outside the years 1970-9999.

    Example:
        >>> parse_moment("now-15m", 1_000_000_000)
        100000000
        >>> parse_moment("1970-01-01T00:00:01Z", 0), parse_moment("1700000000", 0)
        (1000000, 1700000000000000)
    """
    if not text or len(text) > LONGEST or not text.isascii():
        raise ValueError(EXPECTED)
    if text.startswith("now"):
        moment = now + _offset(text[3:])
    elif text.replace(".", "", 1).isdigit():
        moment = _epoch(text)
    else:
        moment = _calendar(text)
    if not 0 <= moment <= LATEST_US:
        raise ValueError(f"the time is outside the years 1970-9999; {EXPECTED}")
    return moment


def _offset(text: str) -> int:
    """µs of an offset such as ``-15m``; 0 for none."""
    if not text:
        return 0
    digits = text[1:].rstrip("msdhw")
    unit = UNITS_US.get(text[1 + len(digits) :])
    if text[0] not in "+-" or not digits.isdigit() or len(digits) > 9 or unit is None:
        raise ValueError(EXPECTED)
    return int(digits) * unit * (1 if text[0] == "+" else -1)


def _epoch(text: str) -> int:
    whole, _, fraction = text.partition(".")
    if not whole or len(whole) > 18:
        raise ValueError(EXPECTED)
    number = int(whole)
    unit = 1_000_000 if number < _SECONDS_BELOW else 1_000 if number < _MILLISECONDS_BELOW else 1
    rest = int((fraction[:6] or "0").ljust(6, "0")) * unit // 1_000_000
    return number * unit + rest


def _calendar(text: str) -> int:
    # a plus sign that was not encoded in a URL arrives as a space
    if " " in text[11:]:
        text = text[:11] + text[11:].replace(" ", "+")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise ValueError(EXPECTED) from None


def moment_text(ts: int) -> str:
    """RFC 3339 in UTC of µs since the epoch; the inverse of `parse_moment`.

    Example:
        >>> moment_text(1_000_000)
        '1970-01-01T00:00:01Z'
    """
    return (_EPOCH + ts * _MICROSECOND).isoformat().replace("+00:00", "Z")
