"""Snapshots of the events for another process, which cannot open the database while it is in use.

A process that wants one puts a request into a folder of the store; the process that holds the
database answers it. Who may write there may read the database anyway.
"""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from apisentinel.storage.event_files import EventFiles
from apisentinel.storage.folder import sync_folder

FOLDER: Final = "snapshots"
REQUEST: Final = ".request"
DRAFT: Final = ".draft"
DONE: Final = ".done"


class Snapshots:
    """Answers requests for snapshots."""

    def __init__(self, path: Path, files: EventFiles) -> None:
        self._folder = path / FOLDER
        self._files = files
        if self._folder.exists():  # nobody waits for what an earlier life was asked for
            shutil.rmtree(self._folder)
        self._folder.mkdir(mode=0o700)

    def answer(self) -> int:
        """Answers all requests; gives how many."""
        answered = 0
        for request in sorted(self._folder.glob(f"*{REQUEST}")):
            name = request.name.removesuffix(REQUEST)
            request.unlink(missing_ok=True)
            draft = self._folder / (name + DRAFT)
            with suppress(FileNotFoundError):
                shutil.rmtree(draft)
            seq = self._files.copy_to(draft)
            (draft / "last_seq").write_text(str(seq))
            draft.rename(self._folder / (name + DONE))
            sync_folder(self._folder)
            answered += 1
        return answered
