"""Users that take out more than usual: which rows they are, and what they add to cases."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from msgspec import structs

from apisentinel.detectors import behaviour
from apisentinel.features.pair import TAIL_HUGE_BYTES
from apisentinel.features.takings import MEASURES, TakingMemory, Takings
from apisentinel.pipeline.identities import Told
from apisentinel.pipeline.settings import Detectors
from apisentinel.records.batch import RequestBatch
from apisentinel.records.taxonomy import AttackType

if TYPE_CHECKING:
    from apisentinel.records.case import EntityKey

KILOBYTES = MEASURES[1]
COST_LLR = 0.5
"""What huge replies say of the load besides: a second name for one phenomenon, hardly any more
risk.
"""


class DataTakings:
    """Feeds what users take to its sums and their signals to the detector."""

    def __init__(self, chosen: Detectors) -> None:
        self._takings = Takings()
        self._detector = behaviour.DataTaking(chosen.data_taking)

    def judge(
        self,
        batch: RequestBatch,
        events: npt.NDArray[Any],
        roles: npt.NDArray[np.uint64],
        mails: npt.NDArray[np.uint8],
    ) -> dict[int, list[Told]]:
        """Evidence of a block by row.

        Args:
            batch: The requests.
            events: Their `EVENT` rows after the state update.
            roles: Hash of the role of each row.
            mails: Of `reply_marks`.
        """
        out: dict[int, list[Told]] = {}
        for row, signal in self._takings.update(batch, events, roles, mails):
            evidence = self._detector.evidence(signal)
            if evidence is not None:
                key: EntityKey = ("user", int(events["user"][row]))
                signature = f"{evidence.detector}|{signal.measure}|{signal.window}"
                out.setdefault(row, []).append(Told(key, evidence, signature, None))
                size = int(events["response_bytes"][row])
                if signal.measure == KILOBYTES and size > TAIL_HUGE_BYTES:
                    # few huge replies cost the server besides
                    cost = structs.replace(
                        evidence, attack_type=AttackType.RESOURCE_ABUSE,
                        llr=min(COST_LLR, evidence.llr),
                    )  # fmt: skip
                    out[row].append(Told(key, cost, f"{signature}|cost", None))
        return out

    def memory(self) -> TakingMemory:
        """What a successor has to know."""
        return self._takings.memory()

    def recall(self, memory: TakingMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._takings.recall(memory)
