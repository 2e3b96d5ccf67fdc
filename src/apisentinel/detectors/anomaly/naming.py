"""Which attack type the dominating features speak for."""

from collections.abc import Iterable, Mapping

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
            kind = TYPES.get(name.removesuffix("_peers"), T.ANOMALY)
            by_type[kind] = by_type.get(kind, 0.0) + amount
    if not by_type:
        return T.ANOMALY
    best = max(by_type, key=lambda kind: (by_type[kind], kind))
    return best if by_type[best] >= CLEAR * total else T.ANOMALY
