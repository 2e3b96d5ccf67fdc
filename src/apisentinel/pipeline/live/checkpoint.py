"""The whole state of a live engine as named bytes, and back.

Arrays stand as they are in memory, everything else as MessagePack with a schema; reading a
checkpoint runs no code that it brings along.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.errors import StateError
from apisentinel.pipeline.judge_memory import JudgeMemory
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.records.case import Case

FORMAT = 1
HEAD, CASES, ARRAY = "head", "cases", "array/"


class Head(msgspec.Struct, forbid_unknown_fields=True):
    """Everything that is neither an array nor a case.

    Attributes:
        arrays: Name → type and shape of each array.
        buckets: Buckets of the timeline in order of time: number, then its counts.
        unusual: What the learned profile found unusual, and the clients that did it.
    """

    format: int
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
    judge: JudgeMemory
    width: int
    first: int | None
    last: int | None
    buckets: list[tuple[int, list[int]]]
    arrays: dict[str, tuple[str, list[int]]]
    unusual: list[tuple[int, list[int]]] = []


@dataclass(frozen=True)
class Captured:
    """A copy of the state at one moment; turning it into bytes needs no lock any more."""

    offset: int
    head: bytes
    cases: bytes
    arrays: dict[str, npt.NDArray[Any]]

    def parts(self) -> dict[str, bytes]:
        """The parts of a checkpoint. Arrays are not copied: the values are views of bytes."""
        out: dict[str, Any] = {HEAD: self.head, CASES: self.cases}
        for name, array in self.arrays.items():
            flat: Any = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            out[ARRAY + name] = memoryview(flat)
        return out

    def digest(self) -> str:
        """Equal for equal states, whatever way led to them."""
        state = hashlib.blake2b(digest_size=16)
        for name, part in sorted(self.parts().items()):
            state.update(f"{name}:{len(part)}:".encode())
            state.update(part)
        return state.hexdigest()


def capture(live: LiveEngine, room: dict[str, npt.NDArray[Any]] | None = None) -> Captured:
    """Copies the state of an engine between two blocks.

    Args:
        live: The engine.
        room: Memory of an earlier capture that nobody needs any more; it is used again.
    """
    engine = live.engine
    arrays = {f"state/{name}": array for name, array in engine.state.snapshot(room).items()}
    arrays |= {f"routes/{name}": array for name, array in engine.enricher.snapshot().items()}
    arrays |= {f"holdings/{name}": array for name, array in engine.holdings.snapshot().items()}
    if engine.ticks is not None:
        arrays |= {f"ticks/{name}": array for name, array in engine.ticks.snapshot().items()}
    if engine.anomaly is not None:
        standing = engine.anomaly.standing.snapshot()
        arrays |= {f"standing/{name}": array for name, array in standing.items()}
        if engine.anomaly.sequences is not None:
            told = engine.anomaly.sequences.snapshot()
            arrays |= {f"sequences/{name}": array for name, array in told.items()}
    ledger, policy, line = engine.cases.ledger, engine.cases.policy, engine.timeline
    head = Head(
        format=FORMAT,
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
        judge=engine.cases.memory(),
        width=line.width,
        first=line.first,
        last=line.last,
        buckets=[(number, counts.tolist()) for number, counts in sorted(line.buckets.items())],
        arrays={name: (array.dtype.str, list(array.shape)) for name, array in arrays.items()},
        unusual=[] if engine.unusual is None else engine.unusual.memory(),
    )
    cases = msgspec.msgpack.encode(list(ledger.cases.values()))
    return Captured(live.offset, msgspec.msgpack.encode(head), cases, arrays)


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
        head = msgspec.msgpack.decode(parts[HEAD], type=Head)
        if head.format != FORMAT:
            raise StateError(f"the checkpoint has format {head.format}, this version has {FORMAT}")
        cases = msgspec.msgpack.decode(parts[CASES], type=list[Case])
        arrays = {
            name: np.frombuffer(parts[ARRAY + name], dtype=np.uint8).view(dtype).reshape(shape)
            for name, (dtype, shape) in head.arrays.items()
        }
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
    except (KeyError, ValueError, TypeError, msgspec.MsgspecError) as error:
        raise StateError(f"the checkpoint does not fit: {error}") from error
    ledger, policy, line = engine.cases.ledger, engine.cases.policy, engine.timeline
    ledger.cases = {case.key: case for case in cases}
    ledger.dropped = head.dropped
    policy.take()
    policy.suppressed, policy.unkept = head.suppressed, head.unkept
    engine.cases.recall(head.judge)
    if engine.unusual is not None:
        engine.unusual.recall(head.unusual)
    line.width, line.first, line.last = head.width, head.first, head.last
    line.buckets = {number: np.array(counts, np.int64) for number, counts in head.buckets}
    engine.seq = head.seq
    live.offset = head.offset
    live.watermark = head.watermark
    live.sweep_index = head.sweep_index
    live.late, live.expired = head.late, head.expired
    live.poisoned = head.poisoned


def _part(arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> dict[str, npt.NDArray[Any]]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
