"""What no decision may do, whoever makes it."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from apisentinel.errors import RefusedError
from apisentinel.pipeline.response_settings import ResponseSettings

WIDEST: Final = {4: 16, 6: 32}
"""Shortest prefix of a network by version of IP: a wider one is never one attacker."""

PASSIVE: Final = frozenset({"watch"})
"""Actions that take nothing away from anybody."""

OF_LOGINS: Final = {"revoke_session": ("session", "user", "credential")}
"""Actions that only make sense for some scopes."""

Network = IPv4Network | IPv6Network


def canonical(scope: str, value: str) -> str:
    """The value as events have it.

    Example:
        >>> canonical("client", "2001:DB8::1"), canonical("network", "203.0.113.9/24")
        ('2001:db8::1', '203.0.113.0/24')

    Raises:
        RefusedError: 422, it is no address or network, or too wide.
    """
    if scope == "client":
        try:
            return str(ip_address(value))
        except ValueError:
            raise RefusedError(422, "value: a client is an IP address") from None
    if scope == "network":
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            raise RefusedError(422, "value: a network is written as 203.0.113.0/24") from None
        if network.prefixlen < WIDEST[network.version]:
            raise RefusedError(422, f"value: wider than /{WIDEST[network.version]}")
        return str(network)
    return value


def check_action(scope: str, action: str) -> None:
    """Makes sure that an action can be done to a scope.

    Raises:
        RefusedError: 422, it cannot.
    """
    scopes = OF_LOGINS.get(action)
    if scopes is not None and scope not in scopes:
        raise RefusedError(422, f"action: {action} is for {', '.join(scopes)}")


def _network(scope: str, value: str) -> Network | None:
    return ip_network(value) if scope in {"client", "network"} else None


def objections(
    *,
    scope: str,
    value: str,
    action: str,
    caller: str,
    preview: Mapping[str, Any],
    settings: ResponseSettings,
) -> list[dict[str, str]]:
    """Why a decision must not be made; empty when it may.

    Args:
        scope: Kind of the value.
        value: In canonical form.
        action: What is to be done.
        caller: Address of who asks.
        preview: What it would have done.
        settings: The guards.

    Returns:
        ``code`` and ``detail`` of each: ``allowed_range``, ``own_address``, ``share``.
    """
    if action in PASSIVE:
        return []
    found = []
    network = _network(scope, value)
    if network is not None:
        for text in settings.allow:
            if _overlap(network, ip_network(text)):
                detail = f"{text} is in response.allow: no decision may touch it"
                found.append({"code": "allowed_range", "detail": detail})
        own = _own(caller)
        if own is not None and _overlap(network, own):
            detail = f"you are asking from {own.network_address} yourself"
            found.append({"code": "own_address", "detail": detail})
    share = preview["share_without_alert"]
    if share > settings.max_share:
        detail = (
            f"{preview['requests_without_alert']:,} requests of the last day, {share:.1%} of all,"
            f" came from {preview['clients_without_alert']:,} clients without any alert;"
            f" response.max_share allows {settings.max_share:.1%}"
        )
        found.append({"code": "share", "detail": detail})
    return found


def _own(caller: str) -> Network | None:
    """The caller's address; of IPv6 the whole /64, which is one machine or household."""
    try:
        address = ip_address(caller)
    except ValueError:
        return None
    return ip_network(f"{address}/64" if address.version == 6 else str(address), strict=False)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
