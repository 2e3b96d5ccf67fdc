"""What is free goes back to the system."""

import subprocess
import sys

import pytest

PROGRAM = """
from pathlib import Path
from apisentinel.pipeline.live.memory import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

blocks = [bytes([n % 251]) * 40_000 for n in range(4_000)]
kept = blocks[::100]  # so that the heap cannot shrink at its end
full = resident()
del blocks
give_back()
print(full - resident() > 100_000_000, len(kept))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library must be glibc")
def test_free_pages_between_used_ones_are_returned():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "40"]
