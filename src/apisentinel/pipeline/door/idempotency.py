"""Same key, same answer: repeated submissions are answered from memory or from the journal."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from apisentinel.errors import RefusedError
from apisentinel.pipeline.door.parse import Rejected

DIGEST_BYTES = 16
BUSY_RETRY = 5
"""Seconds after which a sender is asked to try again whose key is in use."""

MAX_KEY_BYTES = 255
"""Longest Idempotency-Key; UUIDs have 36 bytes."""

REMEMBERED = 1024
"""Answers to submissions that wrote nothing (all known or all broken), kept in memory only: asked
again they give the same answer anyway, but another body under the same key is noticed.
"""


class Answer(msgspec.Struct, frozen=True):
    """What a submission was answered.

    Attributes:
        body: Digest of its body, hexadecimal.
        accepted: Rows written.
        deduplicated: Rows known before.
        rejected: Broken records, as listed.
        broken: Number of all broken records.
    """

    body: str
    accepted: int
    deduplicated: int
    rejected: tuple[Rejected, ...]
    broken: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Answer)


def body_digest(body: bytes) -> str:
    """Digest by which bodies are compared."""
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES).hexdigest()


def key_digest(source: str, sender: str, key: str) -> bytes:
    """Digest of a key; the same key of another source or sender is another key.

    Raises:
        RefusedError: 400, empty or longer than `MAX_KEY_BYTES`.
    """
    raw = key.encode("utf-8", "surrogatepass")
    if not raw or len(raw) > MAX_KEY_BYTES:
        raise RefusedError(400, f"an Idempotency-Key has 1 to {MAX_KEY_BYTES} bytes")
    return hashlib.blake2b(
        b"\0".join((source.encode(), sender.encode(), raw)), digest_size=DIGEST_BYTES
    ).digest()


class Hold:
    """A key that is in use.

    Attributes:
        kept: True when the submission is not done yet although its sender has been refused; it
            calls `release` when it is.
    """

    __slots__ = ("_digest", "_owner", "kept")

    def __init__(self, owner: "Idempotency", digest: bytes) -> None:
        self._owner = owner
        self._digest = digest
        self.kept = False

    def release(self) -> None:
        """Lets the next submission with this key go on."""
        self._owner.release(self._digest)


class Idempotency:
    """Answers of earlier submissions by key. Thread-safe.

    Args:
        lookup: Gives the stored answer of a digest, None when there is none.
    """

    def __init__(self, lookup: Callable[[bytes], bytes | None]) -> None:
        self._lookup = lookup
        self._changed = threading.Condition()
        self._busy: set[bytes] = set()
        self._unwritten: OrderedDict[bytes, Answer] = OrderedDict()

    @contextmanager
    def hold(self, digest: bytes, timeout: float) -> Iterator["Hold"]:
        """Keeps other submissions with this key waiting until this one is done.

        Raises:
            RefusedError: 503, another one with this key was not done after `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: digest not in self._busy, timeout):
                raise RefusedError(
                    503,
                    "a submission with this Idempotency-Key is still being written",
                    retry_after=BUSY_RETRY,
                )
            self._busy.add(digest)
        held = Hold(self, digest)
        try:
            yield held
        finally:
            if not held.kept:
                self.release(digest)

    def release(self, digest: bytes) -> None:
        """Lets the next submission with this key go on."""
        with self._changed:
            self._busy.discard(digest)
            self._changed.notify_all()

    def answered(self, digest: bytes, body: str) -> Answer | None:
        """The answer that was given to this key and body, None when the key is new.

        Raises:
            RefusedError: 422, the key was used with another body.
        """
        with self._changed:
            known = self._unwritten.get(digest)
        if known is None:
            stored = self._lookup(digest)
            if stored is None:
                return None
            try:
                known = _decoder.decode(stored)
            except msgspec.MsgspecError:
                return None
        if known.body != body:
            raise RefusedError(
                422,
                "this Idempotency-Key was used with another body:"
                " use a new key for every new batch",
            )
        return known

    def remember(self, digest: bytes, answer: Answer) -> None:
        """Keeps an answer that is not in the journal."""
        with self._changed:
            self._unwritten[digest] = answer
            while len(self._unwritten) > REMEMBERED:
                self._unwritten.popitem(last=False)


def encode_answer(answer: Answer) -> bytes:
    """The answer as the journal keeps it."""
    return _encoder.encode(answer)
