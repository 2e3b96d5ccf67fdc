"""A scan sets its process up before NumPy is there."""

import subprocess
import sys

PROGRAM = """
import sys
from apisentinel.cli import scan
assert "numpy" not in sys.modules
from apisentinel.cli.process import SWITCH_SECONDS, tune
tune()
import os
print(os.environ["OPENBLAS_NUM_THREADS"], abs(sys.getswitchinterval() - SWITCH_SECONDS) < 1e-6)
"""


def test_threads_and_the_interpreter_lock_are_set():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "True"]


SERVICE = """
import sys
from apisentinel.cli import serve
assert "numpy" not in sys.modules
serve.save_memory()
import os
print(os.environ["NUMPY_MADVISE_HUGEPAGE"])
"""


def test_a_service_is_prepared_before_numpy_is_there():
    done = subprocess.run(
        [sys.executable, "-c", SERVICE], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0"]
