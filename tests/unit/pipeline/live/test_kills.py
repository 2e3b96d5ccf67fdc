"""Real processes killed under load: nothing acknowledged is lost, no alert is lost or doubled.

``KILLS`` sets how often each run kills: a few here, 50 in CI, 500 at night.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.live.kill_child import settings

from apisentinel.pipeline.installation import hash_key
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.summary import Summary

KILLS = int(os.environ.get("KILLS", "4"))
ROWS = 1_500 + 450 * KILLS
STEP = 25
PAUSE_S = 0.01
"""Pause of a child between batches, so that it does not come to its end before it is killed."""
LONGEST_LIFE = 12
"""Batches after which a child is killed at the latest."""


def spawn(data_dir: Path, *, is_slow: bool, rows: int = ROWS) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "tests.unit.pipeline.live.kill_child",
        str(data_dir),
        str(rows),
    ]
    return subprocess.Popen(
        [*command, str(STEP), str(PAUSE_S if is_slow else 0)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[4],
    )


def live(data_dir: Path, *, acks: int | None, pause: float) -> str:
    """Runs a child until so many batches are acknowledged and kills it, or to its end."""
    child = spawn(data_dir, is_slow=acks is not None)
    last = ""
    assert child.stdout is not None
    if acks == 0:  # at any moment, also while it starts or replays
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
    for line in child.stdout:
        last = line.strip()
        if last.startswith("ack"):
            (data_dir / "acks").write_text(last.split()[1])
            if acks:
                acks -= 1
                if acks == 0:
                    time.sleep(pause)
                    child.send_signal(signal.SIGKILL)
                    break
    # what it said before it died counts as acknowledged
    for line in child.stdout:
        if line.startswith("ack") and line.endswith("\n"):
            (data_dir / "acks").write_text(line.split()[1])
    assert child.stderr is not None
    problem = child.stderr.read()
    child.wait()
    child.stdout.close()
    child.stderr.close()
    assert child.returncode == (-signal.SIGKILL if acks is not None else 0), problem[-2000:]
    return last


def outcome(data_dir: Path) -> dict[str, Any]:
    """Everything that a run has left behind."""
    service = Service(settings(data_dir))
    service.start()
    try:
        control, events = service.control, service.events
        with events.database.cursor() as cursor:
            stored = cursor.execute(
                "SELECT seq, event_id, risk, reason, attack_types FROM e.hot ORDER BY seq"
            ).fetchall()
        incidents = control.rows(
            "SELECT id, document FROM incident WHERE merged_into IS NULL ORDER BY id"
        )
        return {
            "rows": service.journal.last_seq,
            "alerts": control.rows("SELECT document FROM alert ORDER BY ts, id"),
            "incidents": incidents,
            "state": _state(service),
            "report": service.view(lambda engine: Summary(engine).incidents()),
            "events": stored,
        }
    finally:
        assert service.stop(60)


def _state(service: Service) -> str:
    """Digest of the state, leaving out the place in the journal: batches may be cut anew."""
    captured = service.runtime.view(checkpoint.capture)
    other = LiveEngine(
        service.settings.detection, service.settings.runtime, hash_key(service.settings.data_dir)
    )
    checkpoint.restore(other, captured.parts())
    other.offset = 0
    return checkpoint.capture(other).digest()


@pytest.mark.slow
@pytest.mark.timeout(60 + 10 * KILLS)
def test_killed_runs_end_like_one_that_was_not_killed(tmp_path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    hash_key(whole)
    (killed / "hash.key").write_bytes((whole / "hash.key").read_bytes())
    assert live(whole, acks=None, pause=0) == "done"
    expected = outcome(whole)
    assert expected["rows"] == ROWS
    assert len(expected["alerts"]) > 20

    draw = random.Random(int(os.environ.get("KILLS_SEED", "5")))
    for kill in range(KILLS):
        if kill % 3 == 2:
            live(killed, acks=0, pause=draw.uniform(0.2, 2.0))
        else:
            live(killed, acks=draw.randint(1, LONGEST_LIFE), pause=draw.random() * 0.05)
    assert live(killed, acks=None, pause=0) == "done"
    found = outcome(killed)
    for name, value in expected.items():
        assert found[name] == value, name
    assert [row[0] for row in found["events"]] == list(range(1, ROWS + 1))
