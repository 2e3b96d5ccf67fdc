"""Commands that judge stored events again refuse damaged stores in words, and never crash."""

import json
import random
import shutil
from pathlib import Path

import pytest
from tests.unit.pipeline.live.live_traffic import requests

from apisentinel.cli.stored import traffic
from apisentinel.errors import ApiSentinelError
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.pipeline.settings import ScanSettings

ROWS = 300
DAMAGES = ("flip", "cut", "empty", "noise", "gone", "folder", "grown")
SEEDS = range(3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The data folder of a service that was stopped."""
    folder: Path = tmp_path_factory.mktemp("whole") / "data"
    service = Service(ServiceSettings(data_dir=folder, detection=ScanSettings(models=False)))
    service.start()
    lines = "".join(json.dumps(row) + "\n" for row in requests(ROWS))
    assert service.door.submit_requests(lines.encode(), source="http").accepted == ROWS
    assert service.runtime.drain(30)
    service.stop()
    return folder


def damage(path: Path, how: str, draw: random.Random) -> None:
    raw = bytearray(path.read_bytes())
    if how in {"gone", "folder"}:
        path.unlink()
        if how == "folder":
            path.mkdir()
        return
    if how == "flip" and raw:
        for _ in range(draw.randrange(1, 20)):
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
    elif how == "cut":
        del raw[draw.randrange(len(raw) + 1) :]
    elif how == "empty":
        raw.clear()
    elif how == "noise":
        raw[:] = draw.randbytes(len(raw))
    elif how == "grown":
        raw += draw.randbytes(draw.randrange(1, 5_000))
    path.write_bytes(raw)


def read(folder: Path) -> int:
    with traffic((), str(folder), 9_999.0, "stopping") as given:
        return sum(Path(path).read_bytes().count(b"\n") for path in given.paths)


def test_a_whole_store_is_read(whole: Path):
    assert read(whole) == ROWS


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_store_is_read_or_refused(whole: Path, tmp_path: Path, how: str, seed: int):
    draw = random.Random(f"{how}{seed}")
    folder = tmp_path / "data"
    shutil.copytree(whole, folder)
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] in {"events", "control"}
    )
    assert files
    damage(draw.choice(files), how, draw)
    try:
        rows = read(folder)
    except ApiSentinelError:
        return  # refused in words
    assert 0 <= rows <= ROWS
