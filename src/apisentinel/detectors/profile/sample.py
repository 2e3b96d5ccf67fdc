"""The requests from which a profile is learned: a bounded sample, taken as they pass by."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.items import Items, Reader
from apisentinel.detectors.profile.profile import numbers_of
from apisentinel.detectors.profile.settings import ProfileSettings
from apisentinel.kernels.bytes import PADDING
from apisentinel.records.batch import RequestBatch

ALWAYS = 200
"""Requests of an endpoint that are always kept."""
STEEPNESS = 1.5
"""How fast the share of kept requests falls when there is no more room; above 1, so that the sum
has a bound.
"""


class Sample:
    """Keeps the values of a bounded number of requests.

    Which requests are kept depends on their number and endpoint alone, so it is the same for equal
    traffic. Busy endpoints are thinned out, all keep at least `ALWAYS`.
    """

    def __init__(self, settings: ProfileSettings) -> None:
        self.settings = settings
        self._reader = Reader()
        self._endpoints: dict[int, int] = {}
        self._seen = 0
        self.kept = 0
        self._pieces: list[tuple[Items, npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]] = []

    def add(
        self,
        batch: RequestBatch,
        endpoint: npt.NDArray[np.uint64],
        actor: npt.NDArray[np.uint64],
        usable: npt.NDArray[np.bool_],
    ) -> None:
        """Looks at the next requests.

        Args:
            batch: The requests.
            endpoint: Hash of the endpoint of each.
            actor: Hash of the client of each, 0 when it is not known.
            usable: Which of them may be learned from.
        """
        rows = np.flatnonzero(self._chosen(endpoint) & usable).astype(np.int64)
        at = 0
        while at < len(rows):
            done, items = self._reader.read(batch, rows[at:])
            some = rows[at : at + done]
            self._pieces.append(
                (_copied(items), numbers_of(batch, some), actor[some], endpoint[some])
            )
            self.kept += done
            at += done

    def _chosen(self, endpoint: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        n = len(endpoint)
        order = np.arange(self._seen, self._seen + n, dtype=np.uint64)
        self._seen += n
        draw = ((order + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)) / 2.0**24
        unique, inverse = np.unique(endpoint, return_inverse=True)
        before = np.array([self._endpoints.get(key, 0) for key in unique.tolist()], np.int64)
        counts = np.bincount(inverse, minlength=len(unique))
        for key, total in zip(unique.tolist(), (before + counts).tolist(), strict=True):
            if key in self._endpoints or len(self._endpoints) < self.settings.sample_requests:
                self._endpoints[key] = total
        # the how-manieth request of its endpoint each is
        by = np.argsort(inverse, kind="stable")
        starts = np.cumsum(counts) - counts
        place = np.empty(n, np.int64)
        place[by] = np.arange(n) - np.repeat(starts, counts)
        place += before[inverse]
        half = self.settings.endpoint_requests / 2
        share = np.minimum(1.0, (half / (place + 1)) ** STEEPNESS)
        room = self.settings.sample_requests / 2
        share *= np.minimum(1.0, (room / (order.astype(np.float64) + 1)) ** STEEPNESS)
        most = 2 * self.settings.sample_requests
        chosen: npt.NDArray[np.bool_] = (draw < share) | (place < ALWAYS)
        return chosen & (self.kept + np.cumsum(chosen) <= most)

    def whole(self) -> tuple[Items, npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        """All kept requests: items, numbers, actors and endpoints. Empties the sample."""
        pieces, self._pieces = self._pieces, []
        texts = np.cumsum([0, *(len(piece[0].text) for piece in pieces)])
        items = np.cumsum([0, *(len(piece[0].row) for piece in pieces)])
        spans = [piece[0].span.copy() for piece in pieces]
        for span, offset in zip(spans, texts, strict=False):
            span[:, :2] += offset
        first = [piece[0].first[:-1] + offset for piece, offset in zip(pieces, items, strict=False)]
        first.append(np.array([items[-1]], np.int64))
        lists = [piece[0] for piece in pieces]
        whole = Items(
            np.zeros(int(items[-1]), np.int32),
            _joined([x.place for x in lists], np.uint8), _joined([x.key for x in lists], np.uint64),
            _joined([x.name for x in lists], np.uint64),
            np.concatenate([*spans, np.empty((0, 4), np.int64)]),
            _joined([x.length for x in lists], np.int32),
            np.concatenate([*(x.text for x in lists), np.zeros(PADDING, np.uint8)]),
            np.concatenate(first),
            np.concatenate([*(x.about for x in lists), np.empty((0, 4), np.uint64)]),
        )  # fmt: skip
        return (
            whole,
            np.concatenate([*(piece[1] for piece in pieces), np.empty((0, 3), np.int64)]),
            _joined([piece[2] for piece in pieces], np.uint64),
            _joined([piece[3] for piece in pieces], np.uint64),
        )


def _joined(arrays: list[npt.NDArray[Any]], dtype: Any) -> npt.NDArray[Any]:
    return np.concatenate([*arrays, np.empty(0, dtype)])


def _copied(items: Items) -> Items:
    """Items that outlive the reader's work space."""
    end = int(items.span[:, 1].max()) if len(items.span) else 0
    copies: list[Any] = [np.array(part) for part in items._replace(text=items.text[:end])]
    return Items(*copies)
