"""``apisentinel dead-letters``: input that gave no request, shown and sent in again."""

import http.client
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apisentinel.cli import messages
from apisentinel.cli.outcome import Exit
from apisentinel.cli.visible import visible
from apisentinel.errors import ConfigError, RefusedError, StoreError

if TYPE_CHECKING:
    from apisentinel.pipeline.door.door import Door
    from apisentinel.pipeline.service_settings import ServiceSettings
    from apisentinel.storage.control import ControlStore
    from apisentinel.storage.dead_letters import DeadLetter

BLOCK = 500
"""Letters that are read and sent at a time."""

ANSWER_SECONDS = 60
"""How long the service may take to answer."""

MOST_SHOWN = 1 << 20
"""Bytes of a letter that are shown."""


@contextmanager
def _store(settings: "ServiceSettings") -> Iterator["ControlStore"]:
    """The control store of a data folder, while its service runs or not."""
    from apisentinel.clock import SystemClock
    from apisentinel.pipeline.installation import CONTROL_FOLDER
    from apisentinel.storage.control import ControlStore

    folder = settings.data_dir / CONTROL_FOLDER
    if not folder.exists():
        raise ConfigError(
            f"{settings.data_dir} is no data folder: name the one of the service with --data-dir"
        )
    store = ControlStore(folder, SystemClock(), settings.storage)
    try:
        yield store
    finally:
        store.close()


def _settings(config: str | None, data_dir: str | None) -> "ServiceSettings":
    from apisentinel.cli.configuration import load_service

    return load_service(config, {"data_dir": data_dir})


def listed(config: str | None, data_dir: str | None, *, limit: int, everything: bool) -> int:
    """Prints one line per letter, newest first: number, time, source, reason, place, beginning.

    Args:
        config: Settings file, or None.
        data_dir: Data folder, None for that of the settings.
        limit: Most letters.
        everything: Also those that were replayed.
    """
    from apisentinel.api.query.moments import moment_text
    from apisentinel.storage.query import Condition, Op, Page

    conditions = [] if everything else [Condition("replayed", Op.EQ, None)]
    with _store(_settings(config, data_dir)) as store:
        cursor, left, total = None, limit, 0
        while left > 0:
            page = store.list_dead_letters(
                conditions, Page("number", cursor=cursor, limit=min(left, BLOCK))
            )
            total = page.total
            for item in page.items:
                received = item["received"]
                when = received if isinstance(received, str) else moment_text(received)
                place = "" if item["position"] is None else str(item["position"])
                _print(
                    "\t".join(
                        visible(str(part))
                        for part in (
                            item["number"], when, item["source"], item["reason"], place,
                            item["head"],
                        )
                    )
                )  # fmt: skip
            left -= len(page.items)
            cursor = page.next
            if cursor is None:
                break
    if total > limit:
        messages.note(f"{total - limit:,} older ones are not shown; see --limit.")
    if not total:
        messages.note("There are no dead letters.")
    return Exit.DONE


def shown(config: str | None, data_dir: str | None, number: int) -> int:
    """Prints the content of a letter, on a terminal without anything that could move its cursor."""
    with _store(_settings(config, data_dir)) as store:
        letter = store.dead_letter(number)
    if letter is None:
        raise ConfigError(f"there is no dead letter {number}; see 'apisentinel dead-letters list'")
    messages.note(
        f"{letter.source}: {letter.reason}; {letter.size:,} bytes"
        + ("" if letter.position is None else f" at {letter.position:,}")
        + f"; SHA-256 {letter.digest.hex()}"
        + ("" if letter.whole else f"; only the first {len(letter.body):,} bytes were kept")
    )
    body = letter.body[:MOST_SHOWN]
    if sys.stdout.isatty():
        _print(visible(body.decode("utf-8", "replace")))
    else:
        sys.stdout.buffer.write(body + b"\n")
    return Exit.DONE


def replayed(
    config: str | None,
    data_dir: str | None,
    numbers: list[int],
    *,
    format_name: str,
    url: str | None,
    key: str | None,
) -> int:
    """Sends letters in again: to the running service, else straight into its journal.

    Args:
        config: Settings file, or None.
        data_dir: Data folder, None for that of the settings.
        numbers: Which ones; all that were not replayed when empty.
        format_name: Format of the lines, or ``auto``.
        url: Where the service runs, None when it does not.
        key: API key with the scope ``ingest``, for a running service.

    Raises:
        ConfigError: The service runs and `url` or `key` is missing, or it refuses.
    """
    from apisentinel.pipeline.door.dead_letters import replayable

    settings = _settings(config, data_dir)
    sent = still = cut = 0
    with _store(settings) as store, _way_in(settings, url, key) as send:
        for letters in _blocks(store, numbers):
            found = replayable(letters, format_name)
            if found.lines:
                send(b"".join(found.lines))
                store.mark_replayed(found.numbers)
            sent += len(found.numbers)
            cut += len(found.cut)
            still += len(found.dead)
            for number, reason in found.dead[:20]:
                messages.warn(f"letter {number} still gives no request: {reason}")
    messages.note(
        f"{sent:,} sent in again, {still:,} still give no request"
        + (f", {cut:,} are not kept whole" if cut else "")
        + "."
    )
    return Exit.DONE if not still and not cut else Exit.FAILED


def _blocks(store: "ControlStore", numbers: list[int]) -> "Iterator[list[DeadLetter]]":
    """The wanted letters, some at a time."""
    if numbers:
        letters = [store.dead_letter(number) for number in numbers]
        missing = [n for n, letter in zip(numbers, letters, strict=True) if letter is None]
        if missing:
            raise ConfigError(f"there is no dead letter {missing[0]}")
        yield [letter for letter in letters if letter is not None]
        return
    after = 0
    while letters_of := store.open_dead_letters(after, BLOCK):
        yield letters_of
        after = letters_of[-1].number


class _Sender:
    """Sends requests to a running service."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/") + "/api/v1/events"
        self._key = key

    def __call__(self, body: bytes) -> None:
        """Sends a block of requests; raises ConfigError when it is not taken."""
        from apisentinel.pipeline.door.dead_letters import read_answer

        request = urllib.request.Request(  # noqa: S310 (checked below)
            self._url,
            body,
            {"Authorization": f"Bearer {self._key}", "Content-Type": "application/x-ndjson"},
        )
        if not self._url.startswith(("http://", "https://")):
            raise ConfigError(f"{self._url!r} is no http or https address")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 (checked above)
                read_answer(answer.read(1 << 20))
        except urllib.error.HTTPError as error:
            raise ConfigError(
                f"{self._url} refuses with {error.code}: {error.read(500).decode(errors='replace')}"
            ) from error
        except (OSError, http.client.HTTPException, ssl.SSLError, ValueError) as error:
            raise ConfigError(f"{self._url} cannot be reached: {error}") from error


class _Journal:
    """Writes requests into the journal of a service that does not run."""

    def __init__(self, door: "Door") -> None:
        self._door = door

    def __call__(self, body: bytes) -> None:
        """Takes a block of requests; raises ConfigError when it is not taken."""
        from apisentinel.pipeline.door.dead_letters import REPLAY

        try:
            self._door.submit_requests(body, source=REPLAY)
        except (RefusedError, StoreError) as error:
            raise ConfigError(f"the journal cannot be written: {error}") from error


@contextmanager
def _way_in(
    settings: "ServiceSettings", url: str | None, key: str | None
) -> "Iterator[_Sender | _Journal]":
    """How requests get in."""
    if url is not None:
        if not key:
            raise ConfigError("a running service needs --key, or APISENTINEL_AGENT_KEY")
        yield _Sender(url, key)
        return
    from apisentinel.clock import SystemClock
    from apisentinel.pipeline.door.dead_letters import offline_door

    try:
        with offline_door(settings, SystemClock()) as door:
            yield _Journal(door)
    except ConfigError as error:
        if "in use" not in str(error):
            raise
        raise ConfigError(
            "the service runs: name it with --url (such as http://127.0.0.1:8080) and --key,"
            " or stop it first"
        ) from error


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
