"""Users at operations of other roles: which rows they are, what they add to cases."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from apisentinel.detectors import behaviour
from apisentinel.features import Signals
from apisentinel.features.role_matrix import MatrixMemory, RoleMatrix
from apisentinel.features.roles import Roles
from apisentinel.pipeline.identities import Told
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.settings import Detectors

if TYPE_CHECKING:
    from apisentinel.records.case import EntityKey


class RoleRights:
    """Feeds roles to their matrix and its strangers to the detector."""

    def __init__(self, chosen: Detectors) -> None:
        self._roles = Roles()
        self._matrix = RoleMatrix()
        self._detector = behaviour.ForeignFunctions(chosen.foreign_functions)

    def judge(
        self, block: Prepared, events: npt.NDArray[Any], signals: Signals
    ) -> dict[int, list[Told]]:
        """Evidence of a block by row.

        Args:
            block: The requests.
            events: Their `EVENT` rows after the state update.
            signals: What the state update reported.
        """
        batch = block.batch
        roles = self._roles.read(batch, events["token"])
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
