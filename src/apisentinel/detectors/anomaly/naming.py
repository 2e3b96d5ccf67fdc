"""Which attack type the dominating features speak for."""

from collections.abc import Callable, Iterable, Mapping

from apisentinel.records.taxonomy import AttackType as T

TYPES: Mapping[str, T] = {
    "requests_1m": T.VOLUME, "requests_10m": T.VOLUME, "burst": T.VOLUME,
    "bytes_10m": T.RESOURCE_ABUSE, "cost_10m": T.RESOURCE_ABUSE, "time_z": T.RESOURCE_ABUSE,
    "response_time": T.RESOURCE_ABUSE,
    "gap": T.AUTOMATION, "gap_spread": T.AUTOMATION, "gap_steady": T.AUTOMATION,
    "gap_rhythm": T.AUTOMATION, "gap_fast": T.AUTOMATION, "gap_longest": T.AUTOMATION,
    "asset_share": T.AUTOMATION, "referer_share": T.AUTOMATION, "agents": T.AUTOMATION,
    "is_program": T.AUTOMATION, "agent_odd": T.AUTOMATION,
    "fresh_share": T.CRAWLING, "fresh_10m": T.CRAWLING, "endpoint_fresh_share": T.CRAWLING,
    "endpoints": T.CRAWLING,
    "objects": T.SCRAPING, "object_share": T.SCRAPING, "walk_share": T.SCRAPING,
    "walk_jump": T.SCRAPING,
    "missed_share": T.SCANNING, "rarity": T.SCANNING,
    "login_10m": T.CREDENTIAL_STUFFING, "login_failed_share": T.CREDENTIAL_STUFFING,
    "accounts": T.CREDENTIAL_STUFFING,
    "denied_share": T.BFLA, "invalid_share": T.PARAMETER_TAMPERING,
    "parameter_anomaly": T.PARAMETER_TAMPERING, "marked_share": T.PARAMETER_TAMPERING,
    "step_bits": T.SEQUENCE_ABUSE, "step_bits_high": T.SEQUENCE_ABUSE,
    "sequence_entropy": T.SEQUENCE_ABUSE, "repeat_share": T.SEQUENCE_ABUSE,
    "sensitive_share": T.ACCOUNT_TAKEOVER,
}  # fmt: skip
"""What a feature far from its usual value is a sign of; features that may mean anything have no
entry.
"""

CLEAR = 0.6
"""Share of all that speaks for an attack which one type must have to give the evidence its name."""


def fitting_type(contributions: Iterable[tuple[str, float]]) -> T:
    """The attack type that most of the contributions are signs of, else `ANOMALY`.

    Args:
        contributions: Name of each feature and how much it raises the score; what lowers it is left
            out of account.

    Example:
        >>> fitting_type([("gap_steady", 2.0), ("gap_spread", 1.0), ("endpoints_peers", 0.5)]).value
        'automation'
    """
    by_type: dict[T, float] = {}
    total = 0.0
    for name, amount in contributions:
        if amount > 0:
            total += amount
            kind = TYPES.get(name.removesuffix("_peers").removesuffix("_site"), T.ANOMALY)
            by_type[kind] = by_type.get(kind, 0.0) + amount
    if not by_type:
        return T.ANOMALY
    best = max(by_type, key=lambda kind: (by_type[kind], kind))
    return best if by_type[best] >= CLEAR * total else T.ANOMALY


HUGE_Z, HUGE_BYTES = 2.5, 500_000.0
"""Deviations of the size or time of replies, and bytes of each, from which on they are the point.
"""
LONG_Z, LONG_US = 2.5, 500_000.0
"""The same for the time that the server takes."""
SLOW_Z, SLOW_US = 1.0, 2_000_000.0
"""The same for replies that take longer than people wait."""
BOTH_SIZE_Z, BOTH_TIME_Z = 1.0, 0.8
"""Deviations when replies are both huge and long: the attack itself widens what is usual."""
FAILED_SHARE, SEVERAL_ACCOUNTS = 0.5, 2.5
"""Share of failed logins that makes an anomaly one of logins, and accounts that make it a list."""
WRITES, READS = 0.5, 0.2
"""Share of requests that change something from which on it is about changes, and up to which about
reading.
"""
ONE_THING = 3.5
"""Different endpoints up to which somebody does one thing over and over."""
MANY_OBJECTS, EACH_ANOTHER = 4.0, 0.4
"""Different objects, and share of requests for another one, that make it about the objects."""
MANY_PLACES, ANOTHER_PLACE = 5.5, 0.6
"""Different endpoints from which on reading objects is looking at everything, and share of requests
to another endpoint that makes few requests a look around.
"""
SIGNED_IN = 0.5


def looking_like(shown: Callable[[str], float | None]) -> T:
    """What an odd entity does, by its snapshot alone, where its features speak for nothing clearly:
    an alert should say more than that somebody is odd.

    Args:
        shown: Name of a feature → its value as people read it, None when it is not known.

    Example:
        >>> looking_like({"write_share": 0.9, "endpoints": 1.0, "user_share": 1.0}.get).value
        'sequence_abuse'
        >>> looking_like({}.get).value
        'anomaly'
    """

    def value(name: str) -> float:
        found = shown(name)
        return 0.0 if found is None else found

    requests = max(value("requests_10m"), 1.0)
    is_large = value("size_z") >= HUGE_Z and value("bytes_10m") / requests >= HUGE_BYTES
    is_long = value("time_z") >= LONG_Z and value("response_time") >= LONG_US
    is_slow = value("time_z") >= SLOW_Z and value("response_time") >= SLOW_US
    is_both = (
        value("size_z") >= BOTH_SIZE_Z
        and value("time_z") >= BOTH_TIME_Z
        and value("bytes_10m") / requests >= HUGE_BYTES
        and value("response_time") >= LONG_US
    )
    if is_large or is_long or is_slow or is_both:
        return T.RESOURCE_ABUSE
    if value("login_failed_share") >= FAILED_SHARE:
        is_list = value("accounts") >= SEVERAL_ACCOUNTS
        return T.CREDENTIAL_STUFFING if is_list else T.BRUTE_FORCE
    return T.ANOMALY if shown("write_share") is None else _of_calls(value)


def _of_calls(value: Callable[[str], float]) -> T:
    """What an odd entity does, by what its calls change and read."""
    few = value("endpoints") <= ONE_THING
    if value("write_share") >= WRITES and few:
        return T.SEQUENCE_ABUSE if value("user_share") >= SIGNED_IN else T.AUTOMATION
    if value("write_share") <= READS:
        if value("objects") >= MANY_OBJECTS and value("object_share") >= EACH_ANOTHER:
            return T.SCRAPING if value("endpoints") < MANY_PLACES else T.CRAWLING
        around = value("endpoints") >= ANOTHER_PLACE * max(value("requests_10m"), 1.0)
        is_around = around and value("user_share") < SIGNED_IN
        if (not few or is_around) and value("fresh_share") >= WRITES:
            return T.CRAWLING
    return T.ANOMALY
