"""Bodies of ingest requests: received with a cap, a budget and a patience, then handed to a thread.

Nothing here waits on the event loop: a slow sender costs a reservation of bytes, not a thread.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from starlette.requests import ClientDisconnect, Request

from apisentinel.api.http.limits import RETRY_BUSY_SECONDS, ByteBudget
from apisentinel.errors import BusyError, RefusedError
from apisentinel.pipeline.server_settings import LimitSettings
from apisentinel.sources.body import decompress

T = TypeVar("T")

STEP: Final = 1 << 18
"""Bytes reserved at a time for a body that does not say how long it is."""

QUEUE: Final = 32
"""Bodies per thread that may wait for their turn, however small they are."""

UNPACKED: Final = 8
"""Times that a compressed body counts: traffic compresses ten to forty times, and what a body costs
goes by its size unpacked.
"""


class Intake:
    """Receives bodies and does the blocking work on them in a few threads.

    Its coroutines belong to the event loop.
    """

    def __init__(
        self,
        limits: LimitSettings,
        budget: ByteBudget,
        body_bytes: int,
        refuse: Callable[[int], None],
        on_busy: Callable[[], None] = lambda: None,
    ) -> None:
        """Starts the threads.

        Args:
            limits: Threads, patience, bytes in work.
            budget: Bytes of all bodies.
            body_bytes: Largest body.
            refuse: Raises RefusedError for a body of so many bytes that would be refused whatever
                is in it; quick, since it is called on the event loop.
            on_busy: Counts a body that is refused because others wait already.
        """
        self.body_bytes = body_bytes
        self._refuse = refuse
        self._on_busy = on_busy
        self._budget = budget
        self.seconds = limits.body_seconds
        self._threads = limits.ingest_threads
        self._pool = ThreadPoolExecutor(limits.ingest_threads, "ingest")
        self._queue_bytes = limits.queue_bytes
        self._waiting = 0
        self._waiting_bytes = 0

    async def run(self, request: Request, work: Callable[[bytes], T]) -> T:
        """Receives the body of a request, undoes its encoding and calls `work` with it in a thread.

        Raises:
            RefusedError: 400 for a cut body, 408 for one that does not come, 413 for one that is
                too large, 415 for an unknown encoding, 429 when too much waits to be judged, 503
                when too much is under way.
        """
        encoding = request.headers.get("content-encoding")
        limit = self.body_bytes
        reservation = _Reservation(self._budget)
        try:
            # Whole, also when it will be refused: many senders do not look for an answer before.
            raw = await self._receive(request, reservation)
            # Before it waits for a thread: under load most bodies end here.
            self._refuse(len(raw))

            def both() -> T | RefusedError:
                try:
                    return work(decompress(raw, encoding, limit=limit))
                except RefusedError as refusal:
                    # A future that holds an error holds, in a circle, all that the error's frames
                    # hold: the body would stay until the next full collection.
                    return refusal.with_traceback(None)

            return await self._in_turn(both, len(raw) * (UNPACKED if encoding else 1))
        finally:
            reservation.release()

    def refuse_early(self, size: int) -> None:
        """Refuses a body that would be refused now whatever is in it; takes a microsecond.

        Args:
            size: Bytes that it has, as sent.

        Raises:
            RefusedError: 429, 503 as in `run`.
        """
        self._refuse(size)
        self._check_queue()

    def _check_queue(self) -> None:
        # A body's own size does not count, or large ones would never have a turn beside small ones.
        if self._waiting >= self._threads * QUEUE or self._waiting_bytes >= self._queue_bytes:
            self._on_busy()
            raise BusyError(
                503,
                f"{self._waiting} bodies are waiting already; send again in a moment",
                retry_after=RETRY_BUSY_SECONDS,
            )

    async def _in_turn(self, work: Callable[[], T | RefusedError], size: int) -> T:
        """Does work in a thread when its turn comes, and refuses it when that would take long."""
        self._check_queue()
        self._waiting += 1
        self._waiting_bytes += size
        try:
            done = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1
            self._waiting_bytes -= size
        if isinstance(done, RefusedError):
            raise done
        return done

    def close(self) -> None:
        """Lets the threads go when they have done what they were given."""
        self._pool.shutdown(wait=True)

    async def _receive(self, request: Request, reservation: "_Reservation") -> bytes:
        declared = request.headers.get("content-length", "")
        if declared.isdecimal():
            self._check(int(declared))
            reservation.grow(int(declared))
        now = asyncio.get_running_loop().time
        pieces: list[bytes] = []
        size = 0
        try:
            # One timer for the whole body: a task per piece costs more than the piece, and its
            # end holds the pieces in a circle.
            async with asyncio.timeout(self.seconds) as patience:
                async for piece in request.stream():
                    patience.reschedule(now() + self.seconds)
                    size += len(piece)
                    self._check(size)
                    reservation.grow(size)
                    pieces.append(piece)
        except TimeoutError:
            raise RefusedError(408, f"nothing of the body arrived for {self.seconds} s") from None
        except ClientDisconnect:
            raise RefusedError(400, "the body was cut off") from None
        return b"".join(pieces)

    def _check(self, size: int) -> None:
        if size > self.body_bytes:
            raise RefusedError(
                413, f"the body is larger than {self.body_bytes} bytes; send smaller batches"
            )


class _Reservation:
    """Room in the budget for one body, growing in steps."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._held = 0

    def grow(self, size: int) -> None:
        """Reserves room until there is enough for `size` bytes."""
        if size > self._held:
            step = max(size - self._held, min(STEP, self._budget.limit - self._held))
            self._budget.reserve(step)
            self._held += step

    def release(self) -> None:
        """Gives all of it back."""
        self._budget.release(self._held)
        self._held = 0
