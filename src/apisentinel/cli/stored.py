"""What a service has stored, as traffic that commands can judge again."""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apisentinel.cli.document import STDOUT, check_destination
from apisentinel.cli.interrupt import Interrupt
from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from apisentinel.records.evidence import EntityRef

DAY_US = 86_400_000_000


class Traffic(NamedTuple):
    """Traffic that is there to be judged again.

    Attributes:
        paths: Its files.
        verdicts: What people said of incidents in it.
        stop: Set once the user wants the work to end.
    """

    paths: Sequence[str]
    verdicts: "dict[EntityRef, bool]"
    stop: threading.Event


def check_traffic(paths: Sequence[str], data_dir: str | None, report: str | None) -> None:
    """Refuses what cannot be used, before anything long begins.

    Args:
        paths: Files that the user named.
        data_dir: Folder of a service that the user named.
        report: Where the report goes, None for nowhere.

    Raises:
        ConfigError: Both are named, or none; the report cannot be written.
    """
    if bool(paths) == (data_dir is not None):
        raise ConfigError("name files, or a data folder with --data-dir")
    if "-" in paths:
        raise ConfigError("the traffic is read several times: name files, not standard input")
    if report is not None and report != STDOUT:
        check_destination("--json", report, list(paths))


@contextmanager
def traffic(
    paths: Sequence[str], data_dir: str | None, days: float, stopping: str
) -> Iterator[Traffic]:
    """The traffic of files, or of a service that does not run; `stopping` is said at Ctrl-C.

    Raises:
        ConfigError: There are no events.
        StoreError: The stored events cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="apisentinel-") as room, Interrupt(stopping) as ctrl_c:
        verdicts: dict[EntityRef, bool] = {}
        if data_dir is not None:
            paths, verdicts = stored_traffic(data_dir, days, Path(room))
        yield Traffic(paths, verdicts, ctrl_c.stop)


def stored_traffic(
    data_dir: str, days: float, room: Path
) -> tuple[list[str], "dict[EntityRef, bool]"]:
    """Stored events of a service that does not run, in a file, and what people said of incidents.

    Args:
        data_dir: Of the service.
        days: How far back.
        room: Folder for the file.

    Raises:
        ConfigError: There are no events.
        StoreError: The stored events cannot be read.
    """
    from apisentinel.cli.configuration import load_service
    from apisentinel.clock import SystemClock
    from apisentinel.pipeline.installation import CONTROL_FOLDER, EVENTS_FOLDER
    from apisentinel.pipeline.stored import MOST_EVENTS, request_lines, verdicts_of
    from apisentinel.storage.control import ControlStore
    from apisentinel.storage.events import EventStore

    settings = load_service(None, {"data_dir": data_dir})
    folder, clock = settings.data_dir, SystemClock()
    if not (folder / EVENTS_FOLDER).is_dir():
        raise ConfigError(f"{folder} is no data folder of a service: there are no events in it")
    since = clock.now() - round(days * DAY_US)
    target, rows = room / "events.ndjson", 0
    with (
        closing(EventStore(folder / EVENTS_FOLDER, settings.storage, clock)) as events,
        target.open("wb") as file,
    ):
        for block, count, _ in request_lines(events, since, MOST_EVENTS):
            file.write(block)
            rows += count
    if rows == 0:
        raise ConfigError(f"{folder} has no events of the last {days:g} days")
    with closing(ControlStore(folder / CONTROL_FOLDER, clock, settings.storage)) as control:
        return [str(target)], verdicts_of(control)
