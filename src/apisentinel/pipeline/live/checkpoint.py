"""The whole state of a live engine as named bytes, and back.

Arrays stand as they are in memory, records in slices of packed pages, everything else as
MessagePack with a schema; reading a checkpoint runs no code that it brings along.
"""

import gc
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel import __version__
from apisentinel.errors import ModelError, StateError
from apisentinel.features.paged import Cut
from apisentinel.incidents.budget import BudgetMemory
from apisentinel.pipeline.judge_memory import JudgeMemory
from apisentinel.pipeline.learned_requests import UnusualMemory
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.records.case import Case
from apisentinel.scoring import Cases

FORMAT = 7
"""Number of what a checkpoint holds. It is raised with every change of `Head`, of what that holds,
of cases and of the layout of records; a test keeps the two together.
"""
PACKED_AT_ONCE = 256
"""Cases, and sources of sign-ins, packed in one go before a capture."""
HEAD, CASES, ARRAY, PAGES = "head", "cases", "array/", "pages/"


class Origin(msgspec.Struct):
    """What can be read of the head of a checkpoint of any format.

    Attributes:
        written_by: Version of the product, empty of the formats before 3.
    """

    format: int
    written_by: str = ""


class Head(msgspec.Struct, forbid_unknown_fields=True):
    """Everything that is neither an array nor a case.

    Attributes:
        written_by: Version of the product.
        arrays: Name → type and shape of each array.
        pages: Name → number of slices of packed records.
        buckets: Buckets of the timeline in order of time: number, then its counts.
        unusual: What the learned profile found unusual, and who did it.
    """

    format: int
    written_by: str
    offset: int
    seq: int
    watermark: int
    sweep_index: int
    late: int
    expired: int
    poisoned: list[int]
    dropped: int
    suppressed: int
    unkept: int
    budget: BudgetMemory
    judge: JudgeMemory
    width: int
    first: int | None
    last: int | None
    buckets: list[tuple[int, list[int]]]
    arrays: dict[str, tuple[str, list[int]]]
    pages: dict[str, int]
    unusual: UnusualMemory = msgspec.field(default_factory=UnusualMemory)


class Parts(Mapping[str, bytes]):
    """The parts of a checkpoint, each made when it is asked for. Arrays are not copied: their parts
    are views of bytes.

    Attributes:
        bytes: Size of all parts that were asked for.
    """

    def __init__(self, captured: "Captured", *, once: bool) -> None:
        """Makes no part yet.

        Args:
            captured: The state.
            once: Each part is asked for once, and in their order, so that memory can go in between.
        """
        self._captured = captured
        self._once = once
        self._names = [HEAD, CASES, *(ARRAY + name for name in captured.arrays)]
        self._pages = {
            f"{PAGES}{name}/{number}": (cut, number)
            for name, cut in captured.pages.items()
            for number in range(len(cut))
        }
        self.bytes = 0

    def __len__(self) -> int:
        """Number of parts."""
        return len(self._names) + len(self._pages)

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        return chain(self._names, self._pages)

    def __getitem__(self, name: str) -> bytes:
        """A part; a view of bytes where that saves a copy."""
        part: Any
        if name in self._pages:
            cut, number = self._pages[name]
            part = cut.piece(number, is_last=self._once)
        elif name.startswith(ARRAY):
            array = self._captured.arrays[name.removeprefix(ARRAY)]
            part = memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8))  # type: ignore[arg-type]  # an array is a buffer
        else:
            part = {HEAD: self._captured.head, CASES: self._captured.cases}[name]
        self.bytes += len(part)
        found: bytes = part
        return found


@dataclass(frozen=True)
class Captured:
    """The state at one moment; turning it into bytes needs no lock any more."""

    offset: int
    head: bytes
    cases: bytes
    arrays: dict[str, npt.NDArray[Any]]
    pages: dict[str, Cut]

    def parts(self, *, once: bool = False) -> Parts:
        """The parts of a checkpoint; see `Parts`."""
        return Parts(self, once=once)

    def release(self) -> None:
        """Lets go of the records; nothing can be asked for any more."""
        for cut in self.pages.values():
            cut.release()

    def digest(self) -> str:
        """Equal for equal states, whatever way led to them."""
        state = hashlib.blake2b(digest_size=16)
        for name, part in sorted(self.parts().items()):
            state.update(f"{name}:{len(part)}:".encode())
            state.update(part)
        return state.hexdigest()


def pack_some(live: LiveEngine) -> bool:
    """Does a part of the work of `capture` that may be done before it; False when hardly any is
    left. Takes about 10 ms.
    """
    return live.engine.cases.pack_some(PACKED_AT_ONCE) > PACKED_AT_ONCE


def capture(live: LiveEngine, room: dict[str, npt.NDArray[Any]] | None = None) -> Captured:
    """See `_capture`. What a state is made of would set off a search for circles that finds none
    and takes as long as the rest.
    """
    searches = gc.isenabled()
    gc.disable()
    try:
        return _capture(live, room)
    finally:
        if searches:
            gc.enable()


def _capture(live: LiveEngine, room: dict[str, npt.NDArray[Any]] | None) -> Captured:
    """The state of an engine between two blocks. The records of clients and the like are not copied
    but packed before they change, as long as the result is held.

    Args:
        live: The engine.
        room: Memory of an earlier capture that nobody needs any more; it is used again.
    """
    engine = live.engine
    kept = {f"state/{name}": part for name, part in engine.state.snapshot(room).items()}
    if engine.ticks is not None:
        kept |= {f"ticks/{name}": part for name, part in engine.ticks.snapshot().items()}
    pages = {name: part for name, part in kept.items() if isinstance(part, Cut)}
    arrays = {name: part for name, part in kept.items() if not isinstance(part, Cut)}
    arrays |= {f"routes/{name}": array for name, array in engine.enricher.snapshot().items()}
    arrays |= {f"holdings/{name}": array for name, array in engine.holdings.snapshot().items()}
    if engine.anomaly is not None:
        standing = engine.anomaly.standing.snapshot()
        arrays |= {f"standing/{name}": array for name, array in standing.items()}
        if engine.anomaly.sequences is not None:
            told = engine.anomaly.sequences.snapshot()
            arrays |= {f"sequences/{name}": array for name, array in told.items()}
    if engine.online is not None:
        learned = engine.online.snapshot()
        arrays |= {f"profile/{name}": array for name, array in learned.items()}
    ledger, policy, line = engine.cases.ledger, engine.cases.policy, engine.timeline
    head = Head(
        format=FORMAT,
        written_by=__version__,
        offset=live.offset,
        seq=engine.seq,
        watermark=live.watermark,
        sweep_index=live.sweep_index,
        late=live.late,
        expired=live.expired,
        poisoned=live.poisoned,
        dropped=ledger.dropped,
        suppressed=policy.suppressed,
        unkept=policy.unkept,
        budget=policy.budget.state,
        judge=engine.cases.memory(packed=True),
        width=line.width,
        first=line.first,
        last=line.last,
        buckets=[(number, counts.tolist()) for number, counts in sorted(line.buckets.items())],
        arrays={name: (array.dtype.str, list(array.shape)) for name, array in arrays.items()},
        unusual=UnusualMemory() if engine.unusual is None else engine.unusual.memory(),
        pages={name: len(cut) for name, cut in pages.items()},
    )
    return Captured(live.offset, msgspec.msgpack.encode(head), ledger.cases.pack(), arrays, pages)


def restore(live: LiveEngine, parts: Mapping[str, bytes]) -> None:
    """Takes over a checkpoint; the engine then continues as if it had never stopped.

    Args:
        live: An engine with the settings of the checkpoint; what it has seen is forgotten.
        parts: What `Captured.parts` gave.

    Raises:
        StateError: The checkpoint is damaged, or of another version or other bounds. The engine is
            then of no use.
    """
    try:
        origin = msgspec.msgpack.decode(parts[HEAD], type=Origin)
        if origin.format != FORMAT:
            raise StateError(_of_another_version(origin))
        head = msgspec.msgpack.decode(parts[HEAD], type=Head)
        cases = msgspec.msgpack.decode(parts[CASES], type=list[Case])
        arrays: dict[str, Any] = {
            name: np.frombuffer(parts[ARRAY + name], dtype=np.uint8).view(dtype).reshape(shape)
            for name, (dtype, shape) in head.arrays.items()
        }
        arrays |= {name: _slices(parts, name, count) for name, count in head.pages.items()}
        engine = live.engine
        engine.state.restore(_part(arrays, "state/"))
        engine.enricher.restore(_part(arrays, "routes/"))
        engine.holdings.restore(_part(arrays, "holdings/"))
        # models that were switched on since begin anew; those switched off are forgotten
        if engine.ticks is not None and (ticks := _part(arrays, "ticks/")):
            engine.ticks.restore(ticks)
        if engine.anomaly is not None and (standing := _part(arrays, "standing/")):
            engine.anomaly.standing.restore(standing)
            sequences = _part(arrays, "sequences/")
            if engine.anomaly.sequences is not None and sequences:
                engine.anomaly.sequences.restore(sequences)
        if engine.online is not None and (learned := _part(arrays, "profile/")):
            engine.online.restore(learned)
            engine.follow_online()
        engine.cases.recall(head.judge)
        if engine.unusual is not None:
            engine.unusual.recall(head.unusual)
    except (KeyError, ValueError, TypeError, ModelError, msgspec.MsgspecError) as error:
        raise StateError(f"the checkpoint does not fit: {error}") from error
    ledger, policy, line = engine.cases.ledger, engine.cases.policy, engine.timeline
    ledger.cases = Cases(cases)
    ledger.dropped = head.dropped
    policy.take()
    policy.suppressed, policy.unkept = head.suppressed, head.unkept
    policy.budget.state = head.budget
    line.width, line.first, line.last = head.width, head.first, head.last
    line.buckets = {number: np.array(counts, np.int64) for number, counts in head.buckets}
    engine.seq = head.seq
    live.offset = head.offset
    live.watermark = head.watermark
    live.sweep_index = head.sweep_index
    live.late, live.expired = head.late, head.expired
    live.poisoned = head.poisoned


def _of_another_version(origin: Origin) -> str:
    """Who wrote a checkpoint that cannot be taken over, and what that means."""
    writer = f"version {origin.written_by[:40]}" if origin.written_by else "an earlier version"
    return (
        f"the state was saved by {writer} in format {origin.format}, and version {__version__} has"
        f" format {FORMAT}: what was learned of clients, accounts and endpoints is lost and learned"
        " anew; events, alerts, incidents, models, people and settings are kept"
    )


def _slices(parts: Mapping[str, bytes], name: str, count: int) -> Iterator[bytes]:
    """The slices of some records, one after the other."""
    return (parts[f"{PAGES}{name}/{number}"] for number in range(count))


def _part(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
