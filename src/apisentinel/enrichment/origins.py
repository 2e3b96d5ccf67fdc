"""What local databases say of addresses: autonomous system, country, place, kind of network.

Looked up only where somebody asks, for a sign-in or an alert, never for every request.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from apisentinel.enrichment.countries import PLACES
from apisentinel.enrichment.mmdb import Database, DatabaseError
from apisentinel.enrichment.settings import GeoSettings
from apisentinel.records.origin import Origin, OriginKind

ADDRESSES_KEPT = 16_384
"""Addresses whose origin is remembered, 400 bytes each; a lookup takes some 50 µs."""
OPERATOR_LENGTH = 80
"""Characters of an operator's name that are kept."""
DEFAULT_RADIUS, LEAST_RADIUS = 100.0, 20.0
"""Radius in km where a database gives a place and no radius, and the least that is believed."""

_HOSTING = frozenset(
    ("hosting", "cloud", "datacenter", "datacentre", "colocation", "server", "servers", "vps",
     "amazon", "aws", "google", "microsoft", "azure", "digitalocean", "hetzner", "ovh", "linode",
     "akamai", "vultr", "contabo", "leaseweb", "scaleway", "alibaba", "tencent", "oracle",
     "cloudflare", "fastly", "m247", "datacamp", "choopa", "rackspace", "ionos")
)  # fmt: skip
_VPN = frozenset(("vpn", "proxy", "tor", "relay", "anonymizer", "zscaler", "netskope"))
_MOBILE = frozenset(
    ("mobile", "wireless", "cellular", "vodafone", "telefonica", "orange", "mtn", "airtel", "jio",
     "verizon", "cellco", "claro", "telcel", "movistar", "megafon", "beeline", "turkcell",
     "globe", "gsm", "lte")
)  # fmt: skip
"""Words of operators' names, where a database has no better field. They only excuse."""


class Origins:
    """The databases that are configured. Deterministic; remembers a bounded number of addresses.

    Attributes:
        broken: Lookups that met a broken record; they count as unknown.
    """

    def __init__(self, databases: tuple[Database, ...]) -> None:
        self._databases = databases
        self._known: OrderedDict[tuple[int, int], Origin | None] = OrderedDict()
        self.broken = 0

    @classmethod
    def opened(cls, settings: GeoSettings) -> "Origins | None":
        """The databases of the settings; None without one.

        Raises:
            ConfigError: A file cannot be used.
        """
        paths = [path for path in (settings.asn, settings.country) if path is not None]
        return cls(tuple(map(Database.open, paths))) if paths else None

    def of(self, high: int, low: int) -> Origin | None:
        """Where an address is, given its halves; None when nobody knows."""
        key = (high, low)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        facts: dict[str, Any] = {}
        for database in self._databases:
            try:
                facts.update(database.lookup(high, low) or {})
            except DatabaseError:
                self.broken += 1
        if len(self._known) >= ADDRESSES_KEPT:
            self._known.popitem(last=False)
        origin = self._known[key] = origin_of(facts) if facts else None
        return origin


def origin_of(facts: Mapping[str, Any]) -> Origin:
    """An origin from the fields of a record, in the words of MaxMind, DB-IP or IPinfo."""
    traits = _map(facts, "traits")
    asn = facts.get("autonomous_system_number") or traits.get("autonomous_system_number")
    if asn is None:
        text = str(facts.get("asn", "")).upper().removeprefix("AS")
        asn = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else 0
    operator = next(
        (
            str(value)[:OPERATOR_LENGTH]
            for value in (
                facts.get("autonomous_system_organization"), facts.get("as_name"),
                traits.get("autonomous_system_organization"), facts.get("isp"), traits.get("isp"),
            )
            if value
        ),
        "",
    )  # fmt: skip
    country = _country(facts)
    return Origin(
        asn if isinstance(asn, int) else 0,
        operator,
        country,
        _place(facts, country),
        _kind({**facts, **traits}, operator),
    )


def _map(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = facts.get(name)
    return value if isinstance(value, dict) else {}


def _country(facts: Mapping[str, Any]) -> str:
    value = facts.get("country_code") or facts.get("country")
    for name in ("country", "registered_country"):
        value = _map(facts, name).get("iso_code") or value
        if isinstance(value, str):
            break
    known = isinstance(value, str) and len(value) == 2 and value.isascii() and value.isalpha()
    return str(value).upper() if known else ""


def _place(facts: Mapping[str, Any], country: str) -> tuple[float, float, float] | None:
    at = _map(facts, "location")
    north, east = at.get("latitude"), at.get("longitude")
    if not isinstance(north, float) or not isinstance(east, float):
        return PLACES.get(country)
    if not (-90.0 <= north <= 90.0 and -180.0 <= east <= 180.0):
        return PLACES.get(country)
    radius = at.get("accuracy_radius")
    reach = float(radius) if isinstance(radius, int | float) else DEFAULT_RADIUS
    return north, east, max(reach, LEAST_RADIUS)


def _kind(traits: Mapping[str, Any], operator: str) -> OriginKind:
    """What kind of network it is: by fields, else by words of the operator's name."""
    words = frozenset("".join(c if c.isalnum() else " " for c in operator.lower()).split())
    hidden = ("is_anonymous", "is_anonymous_vpn", "is_public_proxy", "is_tor_exit_node", "vpn")
    if any(traits.get(name) is True for name in hidden) or words & _VPN:
        return "vpn"
    use = str(traits.get("user_type", "")).lower()
    link = str(traits.get("connection_type", "")).lower()
    if traits.get("is_hosting_provider") is True or use == "hosting" or words & _HOSTING:
        return "hosting"
    if use == "cellular" or link == "cellular" or words & _MOBILE:
        return "mobile"
    return ""
