"""Where an address is in the net and in the world."""

from typing import Literal

import msgspec

OriginKind = Literal["", "hosting", "vpn", "mobile"]


class Origin(msgspec.Struct, frozen=True):
    """What databases say of an address; nothing of it is exact.

    Attributes:
        asn: Number of the autonomous system, 0 when unknown.
        operator: Its name.
        country: ISO 3166-1 code of two letters, empty when unknown.
        place: Latitude and longitude in degrees, and the radius in km within which it is; None when
            unknown.
        kind: ``hosting`` (data centres), ``vpn`` (anonymisers, relays), ``mobile`` (carriers, whose
            gateways stand far from their people), or empty.
    """

    asn: int = 0
    operator: str = ""
    country: str = ""
    place: tuple[float, float, float] | None = None
    kind: OriginKind = ""

    @property
    def country_number(self) -> int:
        """The country as a number, 0 when unknown.

        Example:
            >>> Origin(country="DE").country_number
            17477
        """
        return int.from_bytes(self.country.encode("ascii", "ignore")[:2], "big")
