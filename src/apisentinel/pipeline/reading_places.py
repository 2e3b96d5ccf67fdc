"""What reading much is called where it happens."""

from typing import TYPE_CHECKING

from msgspec import structs

from apisentinel.features import FeatureState
from apisentinel.features.holding import PRIVATE, ROOM, SHARED
from apisentinel.features.state import size
from apisentinel.kernels.sketches import estimate_distinct
from apisentinel.pipeline.judge_rows import REFUSED
from apisentinel.pipeline.view import View
from apisentinel.records.evidence import Evidence
from apisentinel.records.taxonomy import AttackType

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

READING = frozenset(
    (AttackType.SCRAPING, AttackType.CRAWLING, AttackType.BOLA, AttackType.RESOURCE_ABUSE,
     AttackType.DATA_EXPOSURE, AttackType.ANOMALY)
)  # fmt: skip
"""What reading too much, or oddly, is called elsewhere than in a room of the staff."""
ROOM_CLIENTS, ROOM_SHARE = 25.0, 0.05
"""Clients, and share of all clients, that a room of the staff has at most; `support` is also a word
of places for customers.
"""


class ReadingPlaces:
    """The places of the block that is being judged.

    Attributes:
        kinds: uint8 ``(n_rows,)``, the kind of place of each request; None when nobody tells.
    """

    def __init__(self, state: FeatureState) -> None:
        self.kinds: npt.NDArray[np.uint8] | None = None
        self._state = state

    def named(self, view: View, evidence: Evidence) -> Evidence:
        """The evidence under the name that reading much has where it happens: what a user reads in
        a room of the staff is misuse by an insider, what it reads of private objects is not
        scraping, and what everybody may read belongs to nobody.
        """
        if self.kinds is None or not view.event["user"]:
            return evidence
        kind = int(self.kinds[view.row])
        if kind == ROOM and evidence.attack_type in READING and self._is_room(view):
            return structs.replace(evidence, attack_type=AttackType.INSIDER_MISUSE)
        if kind == PRIVATE and evidence.attack_type is AttackType.SCRAPING:
            return structs.replace(evidence, attack_type=AttackType.BOLA)
        if kind == SHARED and evidence.attack_type is AttackType.BOLA:
            return structs.replace(evidence, attack_type=AttackType.SCRAPING)
        return evidence

    def _is_room(self, view: View) -> bool:
        """True when few clients come to an endpoint whose path says that it is the staff's."""
        record = self._state.record(self._state.endpoints, view.event["endpoint"])
        if record is None or view.event["status"] >= REFUSED:
            return False
        here = float(estimate_distinct(record["clients"]))
        return here <= max(ROOM_CLIENTS, ROOM_SHARE * size(self._state.actors["client"]))
