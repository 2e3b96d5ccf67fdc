"""Dead letters that can be read now, as requests that can be sent in again.

A line gave no request because its format was not known, because it was broken, or because a fault
of the product kept it from being judged. After an update or a changed setting it may give one. The
request gets an id that is made from the number of its letter, so that replaying twice counts once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from apisentinel.clock import Clock
from apisentinel.parsers.line_batches import LineReader
from apisentinel.parsers.registry import make
from apisentinel.parsers.router import LineRouter
from apisentinel.pipeline.door.counters import Counters
from apisentinel.pipeline.door.door import Door
from apisentinel.pipeline.door.redaction import door_redactor
from apisentinel.pipeline.door.sources import give_ids
from apisentinel.pipeline.installation import JOURNAL_FOLDER, FolderLock, hash_key
from apisentinel.pipeline.live.poison import request_line
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.storage.dead_letters import DeadLetter
from apisentinel.storage.dedup import DedupTable
from apisentinel.storage.journal import Journal

REPLAY = "replay"
"""Name of the source of replayed requests."""


class Replayable(NamedTuple):
    """What letters give.

    Attributes:
        numbers: Letters that give a request.
        lines: Those requests as NDJSON, in the same order, each with its line end.
        dead: Number and reason of letters that still give none.
        cut: Letters of which only the beginning is kept.
    """

    numbers: list[int]
    lines: list[bytes]
    dead: list[tuple[int, str]]
    cut: list[int]


def replayable(letters: Sequence[DeadLetter], format_name: str = "auto") -> Replayable:
    """Reads letters again.

    Args:
        letters: Any.
        format_name: Format of the lines, or ``auto``.

    Raises:
        ConfigError: The format is not known.
    """
    if format_name != "auto":
        make(format_name)
    out = Replayable([], [], [], [])
    for letter in letters:
        if not letter.whole:
            out.cut.append(letter.number)
            continue
        router = None if format_name == "auto" else LineRouter(make(format_name), format_name)
        line = letter.body.replace(b"\n", b" ") + b"\n"
        got = LineReader(router).read(line)
        if not len(got.batch):
            reason = got.dead[0].reason if got.dead else "empty line"
            out.dead.append((letter.number, reason))
            continue
        give_ids(got.batch, f"dead-letter-{letter.digest.hex()[:8]}", [letter.number])
        out.numbers.append(letter.number)
        out.lines.append(request_line(got.batch, 0) + b"\n")
    return out


@contextmanager
def offline_door(settings: ServiceSettings, clock: Clock) -> Iterator[Door]:
    """The door of a data folder whose service does not run.

    What it takes is judged when the service starts.

    Raises:
        ConfigError: The service runs, or the folder cannot be used.
        StoreError: The journal cannot be opened.
    """
    with FolderLock(settings.data_dir):
        key = hash_key(settings.data_dir)
        journal = Journal(settings.data_dir / JOURNAL_FOLDER, settings.storage, clock)
        try:
            door = Door(
                settings.door,
                journal,
                DedupTable(settings.door.dedup_ids),
                Counters(),
                door_redactor(settings.door, key),
                None,
                clock,
                key=key,
            )
            door.remember()
            yield door
        finally:
            journal.close()


class Answer(msgspec.Struct):
    """What the service answers to replayed requests."""

    accepted: int
    deduplicated: int


def read_answer(body: bytes) -> Answer:
    """The answer of ``POST /api/v1/events``.

    Raises:
        msgspec.MsgspecError: It is none.
    """
    return msgspec.json.decode(body, type=Answer)
