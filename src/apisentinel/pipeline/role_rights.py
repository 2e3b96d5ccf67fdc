"""Users at operations of other roles: which rows they are, what they add to cases."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors import behaviour
from apisentinel.features import Signals
from apisentinel.features.role_matrix import MatrixMemory, RoleMatrix
from apisentinel.features.roles import Roles
from apisentinel.pipeline.identities import Told
from apisentinel.pipeline.settings import Detectors
from apisentinel.records.batch import RequestBatch

if TYPE_CHECKING:
    from apisentinel.records.case import EntityKey


class RoleRights:
    """Feeds roles to their matrix and its strangers to the detector."""

    def __init__(self, chosen: Detectors) -> None:
        self._roles = Roles()
        self._matrix = RoleMatrix()
        self._detector = behaviour.ForeignFunctions(chosen.foreign_functions)

    def roles(self, batch: RequestBatch, events: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
        """Hash of the role of each row, 0 where nobody says it."""
        return self._roles.read(batch, events["token"])

    def judge(
        self,
        batch: RequestBatch,
        events: npt.NDArray[Any],
        signals: Signals,
        roles: npt.NDArray[np.uint64],
    ) -> dict[int, list[Told]]:
        """Evidence of a block by row.

        Args:
            batch: The requests.
            events: Their `EVENT` rows after the state update.
            signals: What the state update reported.
            roles: Of `roles`.
        """
        if not (events["user"].any() or roles.any()):
            return {}
        found = self._matrix.update(
            events, batch.enriched["h_host"], roles, signals.ordinals["user"],
            partial(self._roles.name, batch),
        )  # fmt: skip
        out: dict[int, list[Told]] = {}
        for row, signal in found:
            evidence = self._detector.evidence(signal)
            if evidence is None:
                continue
            user = int(events["user"][row])
            key: EntityKey = ("user", user) if user else ("client", int(events["client"][row]))
            signature = f"{evidence.detector}|{int(events['endpoint'][row])}"
            out.setdefault(row, []).append(Told(key, evidence, signature, None))
        return out

    def memory(self) -> MatrixMemory:
        """What a successor has to know."""
        return self._matrix.memory()

    def recall(self, memory: MatrixMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._matrix.recall(memory)
