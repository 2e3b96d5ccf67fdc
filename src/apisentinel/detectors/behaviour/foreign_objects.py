"""Foreign objects: what belongs to somebody else."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import HoldingSignal
from apisentinel.records.taxonomy import AttackType


class ForeignObjects:
    """A user asks for objects that are not its own, at a place whose objects are private.

    Objects belong to who was given their ids in replies or comes back to them; asking once claims
    nothing. A place is private when almost nobody comes to the objects of others; until that is
    learned its word says it (`basket`, `invoice`; not `product`). Against the user count objects of
    others, ids that no reply to it ever held (where ids come from replies; each further one says
    less, since apps bring whole lists along), refusals among new
    objects against what is usual here, ids next to the one before, and other objects where
    everybody has one. Ids in small bodies (``BasketId``) count like those in paths.

    Catches: reading and changing objects of others by their ids, from the second or third on, fast
    or over a day, with or without recorded bodies.
    Misses: traffic without user and session ids; places that many users share; the first object.
    Cost: 0.2 µs for a request with user and object, 1-2 ns a byte of recorded replies.

    References: OWASP API1:2023; CWE-639; CAPEC-122; Wald, "Sequential analysis", 1947.
    """

    id = "foreign_objects"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: HoldingSignal) -> Evidence | None:
        """Evidence about the user that asks."""
        if not self.settings.enabled:
            return None
        listed = (
            ("objects of somebody else", signal.foreign, 0.0),
            ("objects beside its own one", signal.others, 0.0),
            ("objects whose ids no reply to it held", signal.unprovenanced, 0.0),
            ("objects that it did not get", signal.refused, 0.0),
            ("objects with the number next to the one before", signal.ordered, 0.0),
        )
        factors = [Factor(name, n, usual, "objects") for name, n, usual in listed if n > 0]
        factors.append(
            Factor("different objects of this kind in a day", signal.ids, None, "objects")
        )
        return Evidence(self.id, AttackType.BOLA, signal.llr * self.settings.weight, tuple(factors))
