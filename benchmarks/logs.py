"""Generated logs on disk, made when they are needed and kept for the next run."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measure import ROOT

SUFFIXES = {"combined": ".log", "custom": ".txt", "ndjson": ".ndjson", "mapped": ".jsonl"}

GENERATOR = (
    "agents.py",
    "campaigns.py",
    "generate.py",
    "layouts.py",
    "log_format.txt",
    "payloads.py",
    "payloads.toml",
    "queries.py",
    "rows.py",
    "shop.py",
    "visits.py",
    "words.py",
)
"""Files that shape a generated log."""


class Log(NamedTuple):
    """A generated log."""

    path: Path
    lines: int
    campaigns: list[dict[str, Any]]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size


class LogShelf:
    """Logs by their parameters in one folder; those of an older generator are removed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        folder.mkdir(parents=True, exist_ok=True)
        self._digest = _generator_digest()
        for old in folder.iterdir():
            if self._digest not in old.name:
                old.unlink()

    def get(
        self,
        layout: str,
        lines: int,
        *,
        clients: int | None = None,
        crowd: bool = False,
        packed: bool = False,
    ) -> Log:
        """The log with these parameters; see `benchmarks.generate`."""
        kind = "crowd" if crowd else layout
        stem = f"{kind}-{lines}-{clients or 'all'}-{self.seed}-{self._digest}"
        path = self.folder / f"{stem}{SUFFIXES[layout]}{'.gz' if packed else ''}"
        truth = self.folder / f"{stem}.json"
        if not (path.exists() and truth.exists()):
            self._generate(path, truth, layout, lines, clients, crowd=crowd)
        return Log(path, lines, json.loads(truth.read_text("utf-8")))

    def _generate(
        self, path: Path, truth: Path, layout: str, lines: int, clients: int | None, *, crowd: bool
    ) -> None:
        # Written under another name first: an interrupted run leaves no short log behind.
        draft = path.with_name("draft-" + path.name)
        options: list[object] = ["--lines", lines, "--seed", self.seed, "--format", layout]
        options += ["--output", draft, "--truth", truth, *(["--distinct-clients"] if crowd else [])]
        options += ["--clients", clients] if clients is not None else []
        command = [sys.executable, "-m", "benchmarks.generate", *map(str, options)]
        subprocess.run(command, cwd=ROOT, check=True)
        draft.rename(path)


def _generator_digest() -> str:
    state = hashlib.sha256()
    for name in GENERATOR:
        state.update((Path(__file__).parent / name).read_bytes())
    return state.hexdigest()[:8]
