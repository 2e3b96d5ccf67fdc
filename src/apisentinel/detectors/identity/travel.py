"""Journeys that nobody makes: two sign-ins of one user too far apart for the time between.

Places of addresses are guesses, and people send their traffic through tunnels and carriers whose
gateways are elsewhere, so most distances say nothing. What is left out is said at `impossible`.
"""

import math

import msgspec

from apisentinel.records.origin import Origin

EARTH_KM = 6_371.0
LEAST_KM, MOST_KMH = 500.0, 1_000.0
"""Distance, beyond what the databases may be wrong by, and speed from which on a journey is
impossible: airliners fly 900 km/h, and nobody signs in aboard at both ends.
"""
SHORTEST_H = 1.0 / 60.0
"""Shortest time that is counted: clocks of servers differ."""
FIRST_VISITS = 3
"""Visits of a user that are needed before: with fewer nobody knows where it lives."""
MANY_COUNTRIES = 4
"""Countries of a user from which on it is an account of several, or of somebody with tunnels."""
SAME_PROGRAM_LLR, OTHER_PROGRAM_LLR = 1.5, 5.3
"""Nats with a program that the user has used before (rather a tunnel that was switched on), and
with one never seen of it: an alert at MEDIUM.
"""


class Journey(msgspec.Struct, frozen=True):
    """Two visits of a user, too far apart for the time between.

    Attributes:
        llr: Strength, nats.
        km: Distance beyond the reach of both places.
        hours: Time between.
        before, now: Where they came from.
        is_known_program: The user has used the program of the second before.
    """

    llr: float
    km: float
    hours: float
    before: Origin
    now: Origin
    is_known_program: bool

    @property
    def kmh(self) -> float:
        """Speed of the journey."""
        return self.km / max(self.hours, SHORTEST_H)


def distance_km(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Great-circle distance of two places less the reach of both, not below 0.

    Args:
        one, other: Latitude and longitude in degrees, radius in km.

    Example:
        >>> round(distance_km((52.5, 13.4, 20.0), (48.9, 2.3, 20.0)), -1)
        840.0
    """
    (lat, lon, reach), (lat2, lon2, reach2) = one, other
    a, b = math.radians(lat), math.radians(lat2)
    half = (
        math.sin((b - a) / 2) ** 2
        + math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon) / 2) ** 2
    )
    arc = 2.0 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
    return max(0.0, arc - reach - reach2)


def impossible(  # noqa: PLR0913 (what is known of two visits)
    before: Origin,
    now: Origin,
    microseconds: int,
    *,
    visits: int,
    countries: int,
    is_known_program: bool,
    is_known_country: bool,
) -> Journey | None:
    """The journey between two visits when nobody could make it.

    Nothing is said of the first visits of a user, of data centres, tunnels and carriers at either
    end, of two places of one operator, of countries that the user has come from before, and of
    users with many countries.

    Args:
        before, now: Where the visits came from.
        microseconds: Event time between them.
        visits: Visits of the user so far.
        countries: Countries it came from before.
        is_known_program, is_known_country: Seen of this user before.
    """
    if visits < FIRST_VISITS or countries >= MANY_COUNTRIES or is_known_country:
        return None
    if before.kind or now.kind or before.place is None or now.place is None:
        return None
    if before.asn == now.asn != 0:
        return None
    km, hours = distance_km(before.place, now.place), max(0, microseconds) / 3.6e9
    if km < LEAST_KM or km / max(hours, SHORTEST_H) < MOST_KMH:
        return None
    llr = SAME_PROGRAM_LLR if is_known_program else OTHER_PROGRAM_LLR
    return Journey(llr, km, hours, before, now, is_known_program)
