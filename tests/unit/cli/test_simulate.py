"""The command: four files, whole or marked, and errors that help."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import zstandard

from apisentinel.cli import simulate as command
from apisentinel.cli.outcome import Exit
from apisentinel.errors import ConfigError
from apisentinel.parsers.json_requests import parse_lines
from apisentinel.parsers.registry import make

NAMES = {"requests.ndjson.zst", "truth.ndjson.zst", "campaigns.json", "manifest.json"}


def wanted(folder, **options):
    values = {
        "hours": 0.5,
        "rate": 3.0,
        "profile": "default",
        "attacks": None,
        "density": 0.2,
        "seed": 3,
    }
    return command.Wanted(str(folder), **(values | options), quiet=True)


def unpacked(path):
    return zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())


def test_four_files_that_fit_together(tmp_path):
    assert command.run(wanted(tmp_path / "out")) == Exit.DONE
    folder = tmp_path / "out"
    assert {path.name for path in folder.iterdir()} == NAMES
    requests = unpacked(folder / "requests.ndjson.zst").splitlines()
    truth = [json.loads(line) for line in unpacked(folder / "truth.ndjson.zst").splitlines()]
    campaigns = json.loads((folder / "campaigns.json").read_bytes())["campaigns"]
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["counts"]["requests"] == len(requests)
    assert (
        sum(c["requests"] for c in campaigns) == len(truth) == manifest["counts"]["attack_requests"]
    )
    for campaign in campaigns:
        assert campaign["variant"] in {"burst", "paced", "distributed", "mimic"}
        assert {"id", "type", "variant", "actors", "from", "to", "requests", "success"} <= set(
            campaign
        )


def test_two_runs_write_equal_bytes(tmp_path):
    for name in ("a", "b"):
        command.run(wanted(tmp_path / name))
    for name in NAMES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_product_reads_every_line(tmp_path):
    for layout in "ab":
        command.run(wanted(tmp_path / layout, profile=f"default,renderer={layout}"))
        lines = unpacked(tmp_path / layout / "requests.ndjson.zst")
        parsed = parse_lines(lines, make("ndjson"))
        assert parsed.reason.size == lines.count(b"\n")
        assert not parsed.reason.any()


def test_a_file_or_a_closed_folder_is_no_output(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="is a file"):
        command.run(wanted(tmp_path / "file"))
    with pytest.raises(ConfigError, match="cannot make"):
        command.run(wanted(tmp_path / "file" / "below"))
    if os.geteuid():
        (tmp_path / "closed").mkdir(mode=0o500)
        with pytest.raises(ConfigError, match="not writable"):
            command.run(wanted(tmp_path / "closed"))


def test_nothing_is_touched_when_an_option_is_wrong(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'sqli'"):
        command.run(wanted(tmp_path / "out", attacks="sqlli"))
    assert not (tmp_path / "out").exists()


def test_what_a_run_before_left_does_not_stay(tmp_path):
    command.run(wanted(tmp_path, seed=1))
    before = (tmp_path / "campaigns.json").read_bytes()
    command.run(wanted(tmp_path, seed=2))
    assert (tmp_path / "campaigns.json").read_bytes() != before
    assert {path.name for path in tmp_path.iterdir()} == NAMES


def test_interrupted_leaves_marked_files_only(tmp_path):
    folder = tmp_path / "out"
    arguments = ["simulate", "--output", folder, "--hours", "2000", "--rate", "50"]
    process = subprocess.Popen(
        [sys.executable, "-m", "apisentinel", *map(str, arguments)], stderr=subprocess.PIPE
    )
    part = folder / "requests.ndjson.zst.part"
    while process.poll() is None and not (part.exists() and part.stat().st_size > 0):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == Exit.INTERRUPTED, said
    assert not NAMES & {path.name for path in folder.iterdir()}
    manifest = json.loads((folder / "manifest.json.part").read_bytes())
    assert manifest["complete"] is False
    # the stream itself ends well, so that what was written can be read
    assert unpacked(part).count(b"\n") == manifest["counts"]["requests"]
