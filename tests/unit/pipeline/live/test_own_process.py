import os
import subprocess
import sys

import pytest

from apisentinel.errors import ModelError
from apisentinel.pipeline.live.own_process import OwnProcess, _watched, resident_mb


def child(code):
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems do not tell what a process needs"
)


def test_a_process_that_takes_too_much_memory_is_ended_with_a_way_out():
    process = child("held = bytearray(300 << 20); import time; time.sleep(60)")
    with pytest.raises(ModelError, match=r"more than 128 MB .*most_events"):
        _watched(process, "training", 1.0, 128)
    assert process.returncode == -9


def test_a_process_within_its_limits_ends_by_itself_and_is_heard():
    process = child("import sys; sys.stderr.write('a word')")
    assert _watched(process, "training", 1.0, 512) == b"a word"
    assert process.returncode == 0


def test_a_process_that_takes_too_long_is_ended():
    process = child("import time; time.sleep(60)")
    with pytest.raises(ModelError, match="longer than"):
        _watched(process, "training", 0.005, 512)
    assert process.returncode == -9


def test_memory_is_measured_of_who_lives():
    assert resident_mb(os.getpid()) > 10
    assert resident_mb(2**30) == 0.0


def test_a_stopped_runner_begins_nothing(tmp_path):
    process = OwnProcess(tmp_path)
    process.stop()
    process.run("training", ["no such command"], 1.0, 64)
