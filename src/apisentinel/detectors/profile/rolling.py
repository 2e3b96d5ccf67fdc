"""A sample that follows the traffic: two generations, of which the older one is forgotten."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.items import Items
from apisentinel.detectors.profile.sample import Piece, Sample, joined_pieces
from apisentinel.detectors.profile.settings import ProfileSettings
from apisentinel.records.batch import RequestBatch

GENERATION_BYTES = 16 << 20
"""Bytes of values that one generation keeps at most: checkpoints hold them."""

Arrays = dict[str, npt.NDArray[Any]]


class RollingSample:
    """Keeps a bounded sample of the recent requests, each endpoint of which has a part.

    Which requests are kept depends on their number and endpoint alone.
    """

    def __init__(self, settings: ProfileSettings) -> None:
        half = max(settings.online_requests // 2, 1)
        self._settings = settings.model_copy(
            update={"sample_requests": half, "endpoint_requests": half}
        )
        self._old, self._young = self._empty(), self._empty()
        self._whole: Piece | None = None

    def _empty(self) -> Sample:
        return Sample(self._settings, GENERATION_BYTES)

    @property
    def kept(self) -> int:
        """Requests in the sample."""
        return self._old.kept + self._young.kept

    def add(
        self,
        batch: RequestBatch,
        endpoint: npt.NDArray[np.uint64],
        actor: npt.NDArray[np.uint64],
        usable: npt.NDArray[np.bool_],
        window: npt.NDArray[np.int64],
    ) -> None:
        """Looks at the next requests; see `Sample.add`."""
        self._young.add(batch, endpoint, actor, usable, window)

    def turn(self) -> list[Piece]:
        """Everything kept, for learning; the younger generation becomes the older one."""
        pieces = [*self._old.pieces, *self._young.pieces]
        self._old, self._young = self._young, self._empty()
        return pieces

    def snapshot(self) -> Arrays:
        """All state as named arrays; equal for equal requests, however they came in blocks."""
        out: Arrays = {}
        for name, sample in (("old", self._old), ("young", self._young)):
            piece = self._whole_of(sample)
            out |= {f"{name}.{field}": part for field, part in piece.items._asdict().items()}
            out |= {
                f"{name}.numbers": piece.numbers, f"{name}.actors": piece.actors,
                f"{name}.endpoints": piece.endpoints, f"{name}.windows": piece.windows,
            }  # fmt: skip
            out |= {f"{name}.{field}": part for field, part in sample.counters().items()}
        return out

    def _whole_of(self, sample: Sample) -> Piece:
        """What a sample holds. The older one does not change any more and is joined once."""
        if len(sample.pieces) == 1 and sample.pieces[0] is self._whole:
            return sample.pieces[0]
        piece = joined_pieces(sample.pieces)
        if sample is self._old:
            self._whole, sample.pieces = piece, [piece]
        return piece

    def restore(self, arrays: Arrays) -> None:
        """Takes over a snapshot.

        Raises:
            KeyError: A part of it is missing.
        """
        found = []
        for name in ("old", "young"):
            items = Items(*(_writable(arrays[f"{name}.{field}"]) for field in Items._fields))
            others = (arrays[f"{name}.{field}"] for field in Piece._fields[1:])
            sample = self._empty()
            sample.take_over(
                Piece(items, *map(_writable, others)),
                {field: arrays[f"{name}.{field}"] for field in sample.counters()},
            )
            found.append(sample)
        self._old, self._young = found


def _writable(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Kernels refuse what cannot be written to."""
    return np.array(array)
