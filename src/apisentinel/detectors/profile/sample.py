"""The requests from which a profile is learned: a bounded sample, taken as they pass by."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.profile.items import NAME_BEGIN, Items, Reader
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


MOST_BYTES = 1 << 30
"""Bytes of values that training keeps at most; ordinary requests take half a KiB."""


class Piece(NamedTuple):
    """Some requests that were kept.

    Attributes:
        items: Their values.
        numbers: Method, status and size of the answer, see `numbers_of`.
        actors: Hash of the client of each.
        endpoints: Hash of the endpoint of each.
        windows: Number of the time of each, see `gate.WINDOW_US`.
    """

    items: Items
    numbers: npt.NDArray[np.int64]
    actors: npt.NDArray[np.uint64]
    endpoints: npt.NDArray[np.uint64]
    windows: npt.NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Memory of the values."""
        return sum(part.nbytes for part in self.items)


class Sample:
    """Keeps the values of a bounded number of requests.

    Which requests are kept depends on their number and endpoint alone, so it is the same for equal
    traffic. Busy endpoints are thinned out, all keep at least `ALWAYS`.
    """

    def __init__(self, settings: ProfileSettings, most_bytes: int = MOST_BYTES) -> None:
        self.settings = settings
        self.most_bytes = most_bytes
        self.bytes = 0
        self._reader = Reader()
        self._endpoints: dict[int, int] = {}
        self._seen = 0
        self.kept = 0
        self.pieces: list[Piece] = []

    def add(
        self,
        batch: RequestBatch,
        endpoint: npt.NDArray[np.uint64],
        actor: npt.NDArray[np.uint64],
        usable: npt.NDArray[np.bool_],
        window: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """Looks at the next requests.

        Args:
            batch: The requests.
            endpoint: Hash of the endpoint of each.
            actor: Hash of the client of each, 0 when it is not known.
            usable: Which of them may be learned from.
            window: Number of the time of each; all 0 when it is not given.
        """
        windows = np.zeros(len(endpoint), np.int64) if window is None else window
        rows = np.flatnonzero(self._chosen(endpoint, usable)).astype(np.int64)
        at = 0
        while at < len(rows):
            done, items = self._reader.read(batch, rows[at:])
            some = rows[at : at + done]
            piece = Piece(
                _copied(items), numbers_of(batch, some), actor[some], endpoint[some], windows[some]
            )
            self._keep(piece)
            at += done

    def _chosen(
        self, endpoint: npt.NDArray[np.uint64], usable: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
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
        chosen: npt.NDArray[np.bool_] = usable & ((draw < share) | (place < ALWAYS))
        return chosen & (self.kept + np.cumsum(chosen) <= most)

    def _keep(self, piece: Piece) -> None:
        """Keeps requests until the first one for whose values there is no room."""
        sizes = np.diff(piece.items.first) * ITEM_BYTES + _text_bytes(piece.items)
        fits = int(np.count_nonzero(self.bytes + np.cumsum(sizes) <= self.most_bytes))
        self.bytes += int(sizes[:fits].sum())
        if fits < len(sizes):
            self.bytes = self.most_bytes
        self.kept += fits
        if fits:
            self.pieces.append(piece if fits == len(sizes) else _first(piece, fits))

    def whole(self) -> Piece:
        """All kept requests. Empties the sample."""
        pieces, self.pieces = self.pieces, []
        return joined_pieces(pieces)

    def counters(self) -> dict[str, npt.NDArray[Any]]:
        """What decides on the next requests."""
        keys = sorted(self._endpoints)
        return {
            "counts": np.array([self._seen, self.kept, self.bytes], np.int64),
            "known": np.array(keys, np.uint64),
            "seen": np.array([self._endpoints[key] for key in keys], np.int64),
        }

    def take_over(self, piece: Piece, counters: dict[str, npt.NDArray[Any]]) -> None:
        """Continues where another sample was."""
        self._seen, self.kept, self.bytes = counters["counts"].tolist()
        known, seen = counters["known"].tolist(), counters["seen"].tolist()
        self._endpoints = dict(zip(known, seen, strict=True))
        self.pieces = [piece] if self.kept else []


def joined_pieces(pieces: Sequence[Piece]) -> Piece:
    """Several, one after the other, with spare bytes after their text."""
    parts = [_without_spare(piece.items) for piece in pieces]
    texts = np.cumsum([0, *(len(items.text) for items in parts)])
    ends = np.cumsum([0, *(len(items.row) for items in parts)])
    spans = [items.span.copy() for items in parts]
    for span, offset in zip(spans, texts, strict=False):
        span[:, :2] += offset
    first = [items.first[:-1] + offset for items, offset in zip(parts, ends, strict=False)]
    first.append(np.array([ends[-1]], np.int64))
    whole = Items(
        np.zeros(int(ends[-1]), np.int32),
        _joined([x.place for x in parts], np.uint8), _joined([x.key for x in parts], np.uint64),
        _joined([x.name for x in parts], np.uint64),
        np.concatenate([*spans, np.empty((0, 4), np.int64)]),
        _joined([x.length for x in parts], np.int32),
        np.concatenate([*(x.text for x in parts), np.zeros(PADDING, np.uint8)]),
        np.concatenate(first),
        np.concatenate([*(x.about for x in parts), np.empty((0, 4), np.uint64)]),
    )  # fmt: skip
    return Piece(
        whole,
        np.concatenate([*(piece.numbers for piece in pieces), np.empty((0, 3), np.int64)]),
        _joined([piece.actors for piece in pieces], np.uint64),
        _joined([piece.endpoints for piece in pieces], np.uint64),
        _joined([piece.windows for piece in pieces], np.int64),
    )


ITEM_BYTES = 64
"""Bytes of a value beside its text."""


def _text_bytes(items: Items) -> npt.NDArray[np.int64]:
    """Bytes of the decoded values of each request."""
    ends = np.concatenate([[0], np.cumsum(items.span[:, 1] - items.span[:, 0])])
    return np.asarray(np.diff(ends[items.first]), np.int64)


def _first(piece: Piece, rows: int) -> Piece:
    """The first requests of a piece."""
    items = piece.items
    end = int(items.first[rows])
    some: list[Any] = [part[:end] for part in items[:6]]
    kept = _copied(Items._make([*some, items.text, items.first[: rows + 1], items.about[:rows]]))
    others: list[Any] = [part[:rows] for part in piece[1:]]
    return Piece(kept, *others)


def _without_spare(items: Items) -> Items:
    """The items with no byte after their last text."""
    end = int(items.span[:, 1].max()) if len(items.span) else 0
    return items._replace(text=items.text[:end])


def _joined(arrays: list[npt.NDArray[Any]], dtype: Any) -> npt.NDArray[Any]:
    return np.concatenate([*arrays, np.empty(0, dtype)])


def _copied(items: Items) -> Items:
    """Items that outlive the reader's work space and the batch that holds their names."""
    copies: list[Any] = [np.array(part) for part in _without_spare(items)]
    made = Items(*copies)
    made.span[:, NAME_BEGIN:] = 0
    return made
