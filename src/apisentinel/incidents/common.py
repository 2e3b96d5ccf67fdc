"""What the cases of an incident have in common: the trait by which a campaign was found."""

from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from apisentinel.records.case import Case
from apisentinel.records.evidence import Factor

COMMON_SHARE = 0.8
"""Share of the cases from which on something is common to them."""
PREFIX = {4: 24, 6: 48}
"""Bits of an address that make a network."""
TRAIT_LENGTH = 120


def traits(cases: Sequence[Case]) -> tuple[Factor, ...]:
    """What most of several cases share, as factors without a contribution; none for one case.

    Args:
        cases: The cases of an incident, the leading one first.
    """
    if len(cases) < 2:
        return ()
    found = []
    for name, values in (
        ("same user agent", [_agent(case) for case in cases]),
        ("same network", [_network(case) for case in cases]),
        ("same endpoint", [max(case.endpoints, key=case.endpoints.__getitem__, default="")
                           for case in cases]),
        ("same content", [case.attributes.get("payload", "").partition("|")[2] for case in cases]),
    ):  # fmt: skip
        value, count = Counter(values).most_common(1)[0]
        if value and count >= max(2, COMMON_SHARE * len(cases)):
            shown = value[:TRAIT_LENGTH]
            of = f"of {count}"
            found.append(Factor(f"in common: {name}", shown, None, of, window="this incident"))
    return tuple(found)


def _agent(case: Case) -> str:
    return case.samples[0].user_agent if case.samples else ""


def _network(case: Case) -> str:
    text = case.samples[0].client if case.samples else ""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    return str(ip_network((address, PREFIX[address.version]), strict=False))
