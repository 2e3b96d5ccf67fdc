"""Tables of who has what, with their bounds."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.features import holding
from apisentinel.features.references import references
from apisentinel.features.table_snapshot import check, index_of, restore_index, restore_records
from apisentinel.kernels.hashing import DEFAULT_KEY
from apisentinel.kernels.slots import Slots
from apisentinel.records.batch import RequestBatch

Array = npt.NDArray[Any]


class Holdings(NamedTuple):
    """What an update says.

    Attributes:
        kinds: uint8 ``(n_events,)``: `holding.NO_PLACE`, `OPEN`, `PRIVATE`, `ROOM` or
            `SHARED`.
        told: `holding.TOLD`, in the order of the requests.
    """

    kinds: npt.NDArray[np.uint8]
    told: Array


class HoldingState:
    """Who has what. Equal requests in equal order give equal bytes, whatever the size of the
    blocks. Not thread-safe.

    Args:
        holdings: Pairs of principal and place remembered; 160 bytes each.
        objects: Objects with an owner remembered; 64 bytes each.
        principals: Principals whose replies are remembered; 544 bytes each.
        places: Places remembered; 64 bytes each.
    """

    def __init__(self, holdings: int, objects: int, principals: int, places: int) -> None:
        self.tables = {
            "held": Slots(holding.HELD, holdings),
            "place": Slots(holding.PLACE, places),
            "owned": Slots(holding.OWNED, objects),
            "given": Slots(holding.GIVEN, principals),
            "home": Slots(holding.HOME, places),
        }

    def update(self, batch: RequestBatch, events: Array) -> Holdings:
        """Counts a block of events in order.

        Args:
            batch: The requests, for what they name and what their replies hold.
            events: `EVENT` rows after `FeatureState.update`.
        """
        n = len(events)
        kinds = np.zeros(n, np.uint8)
        if not (events["user"].any() or events["session_given"].any()):
            return Holdings(kinds, np.empty(0, holding.TOLD))
        told = np.zeros(n, holding.TOLD)
        parts = [
            part
            for table in self.tables.values()
            for part in (table.keys, table.rows, table.meta, table.records)
        ]
        count = holding.update_holdings(
            events, references(batch), batch.buffer,
            np.ascontiguousarray(batch.span("response_body")), DEFAULT_KEY.k0, DEFAULT_KEY.k1,
            np.ascontiguousarray(batch.enriched["h_host"]), *parts, kinds, told,
        )  # fmt: skip
        return Holdings(kinds, told[:count])

    def snapshot(self) -> dict[str, Array]:
        """All state as named arrays; `restore` of them continues as if nothing had happened."""
        out: dict[str, Array] = {}
        for name, table in self.tables.items():
            out[f"{name}.records"] = table.used.view(np.uint8).copy()
            out |= index_of(name, table, holding.VERSION)
        return out

    def restore(self, arrays: dict[str, Array]) -> None:
        """Takes over a snapshot.

        Raises:
            StateError: The snapshot was made with other bounds or by another version.
        """
        for name, table in self.tables.items():
            check(name, table, holding.VERSION, arrays)
            restore_records(name, table, arrays)
            restore_index(name, table, arrays)
