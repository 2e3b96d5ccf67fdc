"""``apisentinel series``: row for row, whatever the rows are like."""

import csv
import gzip
import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from apisentinel.cli.outcome import Exit
from apisentinel.cli.series import run
from apisentinel.errors import ConfigError, SourceError


def sheet(values, start=1_700_000_000):
    rows = [f"{start + 60 * i},{value}" for i, value in enumerate(values)]
    return "timestamp,value\n" + "\n".join(rows) + "\n"


def scored(tmp_path, text):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert run(str(source), target=str(target), quiet=True) == Exit.DONE
    return list(csv.DictReader(io.StringIO(target.read_text())))


@pytest.fixture
def noisy():
    values = np.random.default_rng(4).normal(size=300).round(3)
    values[250] = 40
    return values


def test_every_row_comes_back_with_its_score(tmp_path, noisy):
    rows = scored(tmp_path, sheet(noisy))
    assert [float(row["value"]) for row in rows] == noisy.tolist()
    scores = [float(row["anomaly_score"]) for row in rows]
    assert all(0 <= score <= 1 for score in scores)
    assert int(np.argmax(scores)) == 250


@pytest.mark.parametrize(
    "form", ["{:%Y-%m-%d %H:%M:%S}", "{:%Y-%m-%dT%H:%M:%SZ}", "{0.timestamp:.0f}000"]
)
def test_times_in_every_spelling_give_the_same_scores(tmp_path, noisy, form):
    begin = datetime.fromtimestamp(1_700_000_000, UTC)
    times = [begin + timedelta(minutes=i) for i in range(len(noisy))]
    if "timestamp" in form:
        shown = [f"{time.timestamp():.0f}000" for time in times]
    else:
        shown = [form.format(time) for time in times]
    text = "timestamp,value\n" + "".join(f"{t},{v}\n" for t, v in zip(shown, noisy, strict=True))
    assert [row["anomaly_score"] for row in scored(tmp_path, text)] == [
        row["anomaly_score"] for row in scored(tmp_path, sheet(noisy))
    ]


def test_a_broken_row_scores_nothing_and_is_told_of(tmp_path, noisy, capsys):
    lines = sheet(noisy).splitlines()
    lines[100:100] = ["yesterday,5", "1700000000", "1700000000,many", '"\x00', "1700000000,nan"]
    rows = scored(tmp_path, "\r\n".join(lines))
    assert len(rows) == len(noisy) + 5
    assert "4 of 305 rows" in capsys.readouterr().err
    kept = [row["anomaly_score"] for i, row in enumerate(rows) if not 99 <= i < 104]
    assert kept == [row["anomaly_score"] for row in scored(tmp_path, sheet(noisy))]


def test_other_columns_no_heading_and_packed_files_are_read(tmp_path, noisy):
    plain = [row["anomaly_score"] for row in scored(tmp_path, sheet(noisy))]
    bare = sheet(noisy).split("\n", 1)[1]
    assert [row["anomaly_score"] for row in scored(tmp_path, bare)] == plain
    more = "host,Value,unit,TIMESTAMP\n" + "".join(
        f"a,{v},ms,{1_700_000_000 + 60 * i}\n" for i, v in enumerate(noisy)
    )
    assert [row["anomaly_score"] for row in scored(tmp_path, more)] == plain
    packed = gzip.compress(sheet(noisy).encode(), mtime=0)
    assert [row["anomaly_score"] for row in scored(tmp_path, packed)] == plain


@pytest.mark.parametrize("text", ["", "\n\n", "hello\nworld\n", "GET / HTTP/1.1\n"])
def test_what_is_no_series_is_refused(tmp_path, text):
    with pytest.raises(SourceError, match="timestamp"):
        scored(tmp_path, text)


def test_the_input_is_not_overwritten(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(sheet([1, 2, 3]))
    with pytest.raises(ConfigError, match="one of the inputs"):
        run(str(source), target=str(source), quiet=True)
    with pytest.raises(SourceError):
        run(str(tmp_path / "missing.csv"), target="-", quiet=True)
