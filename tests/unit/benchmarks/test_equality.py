"""The check of equal output notices every difference that matters and none that does not."""

import gzip
import json
import sys
from pathlib import Path

import pytest
from benchmarks.equality import check, comparable, difference, variants
from benchmarks.measure import ChildFailedError, Usage, measured, median

REPORT = {
    "version": 1,
    "input": {"files": [{"path": "a"}], "lines": 3},
    "seconds": 0.5,
    "events_per_second": 6.0,
}
HONEST = """
import gzip, json, sys
words = sys.argv[1:]
names = [w for w in words[1:words.index("--quiet")]]
read = lambda n: gzip.open(n).read() if n.endswith(".gz") else open(n, "rb").read()
lines = sorted(b"".join(map(read, names)).splitlines())
out = {k: words[words.index(k) + 1] for k in ("--json", "--entities")}
report = {"input": {"files": names, "lines": len(lines)}, "seconds": len(words)}
with open(out["--json"], "w") as file:
    json.dump(report, file)
open(out["--entities"], "wb").write(b"\\n".join(lines))
"""
CARELESS = (
    HONEST
    + """
if len(names) > 1:
    open(out["--entities"], "ab").write(b"more")
"""
)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "whole.log"
    path.write_bytes(b"".join(b"line %03d\n" % k for k in range(25)))
    return path


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "work"
    path.mkdir()
    return path


def read(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def product(folder, text):
    script = folder / "product.py"
    script.write_text(text)
    return (sys.executable, str(script))


def test_every_variant_holds_the_same_lines(log, folder):
    for variant in variants(log, folder):
        parts = [read(Path(name)) for name in variant.inputs]
        assert sorted(b"".join(parts).splitlines()) == log.read_bytes().splitlines()


def test_a_careful_product_is_equal_in_all_variants(log, folder):
    results = list(check(log, folder, product(folder, HONEST)))
    assert len(results) == 10
    assert [name for name, problems in results if problems] == []


def test_a_difference_between_pieces_and_whole_is_found(log, folder):
    results = dict(check(log, folder, product(folder, CARELESS)))
    assert [name for name, problems in results.items() if problems] == [
        "10 pieces",
        "10 pieces, last first",
    ]
    assert "entities: line 25" in results["10 pieces"][0]


def test_durations_and_files_may_differ():
    other = {**REPORT, "seconds": 9.9, "events_per_second": 1.0, "input": {"files": [], "lines": 3}}
    assert comparable(json.dumps(REPORT).encode()) == comparable(json.dumps(other).encode())


@pytest.mark.parametrize("change", [{"version": 2}, {"input": {"lines": 4}}, {"incidents": []}])
def test_everything_else_may_not(change):
    assert comparable(json.dumps(REPORT).encode()) != comparable(
        json.dumps(REPORT | change).encode()
    )


def test_the_order_of_keys_counts():
    assert comparable(b'{"a": 1, "b": 2}') != comparable(b'{"b": 2, "a": 1}')


def test_the_first_differing_line_is_shown():
    assert difference(b"a\nb", b"a\nb") is None
    assert difference(b"a\nb", b"a\nc").startswith("line 2: expected b")
    assert "actual   (end)" in difference(b"a\nb", b"a")


def test_a_measured_command_has_a_duration_and_a_size():
    usage = measured([sys.executable, "-c", "sum(range(10))"])
    assert usage.wall_s > 0
    assert usage.rss_bytes > 1_000_000


def test_a_command_that_fails_shows_its_message():
    with pytest.raises(ChildFailedError, match="no such thing"):
        measured([sys.executable, "-c", "import sys; sys.exit('no such thing')"])


def test_the_median_is_taken_figure_by_figure():
    assert median([Usage(1, 9, 5), Usage(2, 8, 6), Usage(3, 7, 7)]) == Usage(2, 8, 6)


def test_the_reason_of_a_failure_is_the_line_with_the_error():
    error = ChildFailedError("scan ended with 1:\nError: no such format\nTry --help.\n")
    assert error.reason == "Error: no such format"
    assert ChildFailedError("run ended with 1:\nTraceback\nKeyError: 3\n").reason == "KeyError: 3"
