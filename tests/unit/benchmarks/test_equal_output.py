"""The product itself gives equal bytes however its input is cut."""

import pytest
from benchmarks.equality import check
from benchmarks.generate import LogPlan, write_log
from benchmarks.shop import SiteSize

LINES = 20_000


@pytest.mark.slow
def test_a_scan_gives_equal_bytes_however_the_log_is_cut(tmp_path):
    log, folder = tmp_path / "whole.log", tmp_path / "work"
    folder.mkdir()
    with log.open("wb") as stream:
        write_log(LogPlan(LINES, seed=5, size=SiteSize.for_lines(LINES)), "combined", stream)
    assert [found for found in check(log, folder) if found[1]] == []
