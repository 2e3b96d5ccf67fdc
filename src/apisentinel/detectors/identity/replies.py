"""Whether the replies of an endpoint tell accounts that exist from those that do not."""

from apisentinel.detectors.identity.attempts import Attempt, Place
from apisentinel.detectors.identity.fading import room_for

LOOKS_KEPT = 32
"""Kinds of replies kept for an endpoint: status and size to 6 %."""
FEWEST, OWN_SHARE, OTHER_SHARE = 8, 0.8, 0.2
"""Replies to known and to unknown accounts that have to be seen, the share of one side that has to
look in ways that at most this share of the other side does.
"""
SPEED_BINS = 8
"""Bins of the time of a reply in an octave: hashing a password takes its time only where there is
one to compare with.
"""


def _bin(value: int, per_octave: int) -> int:
    """Bin on a logarithmic scale, 0 for nothing."""
    if value <= 0:
        return 0
    octave = value.bit_length() - 1
    return 1 + octave * per_octave + ((value * per_octave) >> octave) - per_octave


def learn(place: Place, attempt: Attempt, *, is_known: bool) -> None:
    """Counts how a reply looks.

    Args:
        place: Where.
        attempt: What; `size` and `duration` below 0 are unknown.
        is_known: The account signed in before.
    """
    for kind, value in enumerate(
        (attempt.status, _bin(attempt.size, 16), _bin(attempt.duration // 1000, SPEED_BINS))
    ):
        look = value * 4 + kind
        seen = place.looks.get(look)
        if seen is None:
            room_for(place.looks, LOOKS_KEPT)
            seen = place.looks[look] = [0, 0]
        seen[is_known] += 1


def tells_apart(place: Place) -> bool:
    """True when status, size or time tells known accounts from unknown ones (CWE-204, CWE-208)."""
    for kind in range(3):
        looks = [seen for look, seen in place.looks.items() if look % 4 == kind]
        unknown, known = sum(seen[0] for seen in looks), sum(seen[1] for seen in looks)
        if unknown < FEWEST or known < FEWEST:
            continue
        # ways in which mostly unknown accounts are answered
        own = [seen for seen in looks if seen[0] * known > seen[1] * unknown]
        own_share = sum(seen[0] for seen in own) / unknown
        if own_share >= OWN_SHARE and sum(seen[1] for seen in own) / known <= OTHER_SHARE:
            return True
    return False
