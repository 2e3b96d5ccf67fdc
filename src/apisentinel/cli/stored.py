"""What a service has stored, as traffic that commands can judge again."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from apisentinel.records.evidence import EntityRef

DAY_US = 86_400_000_000


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
