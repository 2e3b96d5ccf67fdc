"""Machine code from the cache equals freshly compiled code, and only fitting arguments reach it."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from numba.core.errors import NumbaError

from apisentinel.kernels import compiler
from apisentinel.kernels.compiler import kernel
from apisentinel.kernels.native import Fixed, Parameter, Signature

PAIR = np.dtype([("a", "i4"), ("b", "f8")])


@kernel("float64(int64[::1], int32[:,::1], uint64, float64)")
def mixed(values, table, count, share):
    total = 0.0
    for i in range(values.shape[0]):
        total += values[i]
    table[1, 2] = 7
    return total * share + np.float64(count) + np.float64(table.shape[1])


@kernel("int64(PAIR[::1])", PAIR=PAIR)
def longest(pairs):
    best = np.int64(0)
    for i in range(pairs.shape[0]):
        if pairs[i].b > 1.5:
            best = max(best, np.int64(pairs[i].a))
    return best


@kernel("boolean(uint8[::1])")
def is_empty(text):
    return text.shape[0] == 0


@kernel("void(uint8[::1])")
def makes_an_array(text):
    text[0] = np.zeros(4, np.uint8)[1]


def test_a_signature_is_read():
    assert Signature.parse("void(uint8[::1], int32[:,:,::1],int64)") == Signature(
        "void", (Parameter("uint8", 1), Parameter("int32", 3), Parameter("int64", 0))
    )


def test_numbers_arrays_and_records_arrive():
    table = np.zeros((2, 3), np.int32)
    assert mixed(np.arange(5), table, 2**40, 0.5) == 5.0 + 2**40 + 3
    assert table[1, 2] == 7
    assert longest(np.array([(9, 1.0), (4, 2.0)], PAIR)) == 4
    assert is_empty(np.zeros(0, np.uint8)) is True
    assert is_empty(np.zeros(1, np.uint8)) is False


def test_a_fixed_array_is_as_good_as_itself():
    pairs = Fixed(np.array([(9, 1.0), (4, 2.0)], PAIR))
    assert longest(pairs) == 4
    with pytest.raises(TypeError):
        is_empty(pairs)


@pytest.mark.parametrize(
    "text",
    [
        b"abc",
        None,
        np.zeros(3, np.int8),
        np.zeros((3, 3), np.uint8),
        np.zeros(6, np.uint8)[::2],
        np.frombuffer(b"read-only", np.uint8),
    ],
)
def test_whatever_would_touch_the_wrong_memory_is_refused(text):
    with pytest.raises(TypeError):
        is_empty(text)


@pytest.mark.parametrize("args", [(), (np.zeros(1, np.uint8), 1)])
def test_the_number_of_arguments_counts(args):
    with pytest.raises(TypeError, match="1 arguments"):
        is_empty(*args)


def test_a_number_of_another_type_is_refused():
    with pytest.raises(TypeError, match="number"):
        mixed(np.arange(5), np.zeros((2, 3), np.int32), -1, 0.5)


def test_a_kernel_makes_no_arrays():
    with pytest.raises(NumbaError, match="zeros"):
        makes_an_array(np.zeros(1, np.uint8))


PROGRAM = """
import sys
import numpy as np
from apisentinel.kernels.automaton import build
from apisentinel.kernels.hashing import hash_bytes
print(hash_bytes(b"abc"), build([(b"he", 1), (b"she", 2)], bytes(range(256))).table.sum())
print("numba" in sys.modules, file=sys.stderr)
"""


def _run(folder):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        env={"APISENTINEL_CACHE_DIR": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr.strip()


def test_code_from_the_cache_is_the_same_and_needs_no_numba(tmp_path):
    cold, warm = _run(tmp_path), _run(tmp_path)
    assert cold[0] == warm[0]
    assert (cold[1], warm[1]) == ("True", "False")
    # damaged files are compiled again, not run
    for path in tmp_path.rglob(f"*{compiler.SUFFIX}"):
        path.write_bytes(path.read_bytes()[:-100])
    assert _run(tmp_path) == cold
    assert _run(tmp_path) == warm


def test_machine_code_for_another_file_is_not_found(tmp_path, monkeypatch):
    source = tmp_path / "kernels.py"
    source.write_text("from apisentinel.kernels.bytes import find\n")
    monkeypatch.setattr(compiler, "CACHE_FOLDER", tmp_path)
    before = compiler._path_of(source, "f")
    source.write_text("from apisentinel.kernels.bytes import find\n\n")
    compiler._digests.pop(source)
    assert compiler._path_of(source, "f") != before


def test_a_folder_that_others_can_write_to_holds_no_code(tmp_path, monkeypatch):
    folder = tmp_path / "apisentinel" / "kernels"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    monkeypatch.setenv("APISENTINEL_CACHE_DIR", str(tmp_path))
    assert compiler._folder() != folder
    folder.chmod(0o700)
    assert compiler._folder() == folder
