"""The tables of the documentation."""

import pytest
from benchmarks.machine import machine
from benchmarks.table import BEGIN, END, PAGE, SECTIONS, render, write_page

SPEED = {
    "lines": 1_000_000,
    "wall_s": 2.0,
    "lines_per_s": 5e5,
    "cpu_ns_per_line": 2_900.0,
    "rss_mb": 450.4,
}
SCAN = {**SPEED, "clients": 37_000, "campaigns": 4, "campaigns_found": 3}
RESULTS = {
    "machine": {"processor": "P", "cores": "2", "memory": "8 GiB", "python": "3.11.9"},
    "command": "python -m benchmarks.run",
    "seed": 7,
    "runs": 3,
    "formats": [{"name": "combined", **SCAN}, {"name": "odd", "problem": "unknown"}],
    "stages": {"parse": 200.0, "rest": 600.0},
    "yardstick": {"polars": SPEED, "scan": SCAN, "cpu_ratio": 1.25},
    "sizes": [SCAN, {**SCAN, "cpu_ns_per_line": 3_190.0}],
    "clients": [{"pool": 1_000, **SCAN}],
    "crowd": SCAN,
    "kernels": {"ns_per_event": {"hash": 15.25}, "bytes_per_key": {"client": 812.0}},
    "start": {"help_s": 0.21, "scan_1000_s": 1.04},
}


def test_every_part_has_its_table():
    text = render(RESULTS)
    for title, _ in SECTIONS.values():
        assert f"### {title}\n" in text
    assert "| combined | 1,000,000 | 2.0 | 500,000 | 2,900 | 450 | 3 of 4 |" in text
    assert "Not measured: odd (unknown)." in text
    assert "| parse | 200 | 25 % |" in text
    assert "1.25 times" in text
    assert "+10 %" in text
    assert "Machine: P, 2 cores, 8 GiB memory, python 3.11.9." in text


def test_a_part_that_failed_says_so_and_one_left_out_is_not_there():
    text = render(
        {
            **{k: RESULTS[k] for k in ("machine", "command", "seed", "runs")},
            "crowd": {"problem": "no memory"},
        }
    )
    assert "Not measured: no memory" in text
    assert "### Formats" not in text


def test_the_table_replaces_what_is_between_the_markers(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n")
    write_page(page, RESULTS)
    once = page.read_text()
    write_page(page, RESULTS)
    assert page.read_text() == once
    assert once.startswith("before")
    assert once.endswith("after\n")
    assert "old" not in once


def test_a_page_without_markers_is_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("text")
    with pytest.raises(ValueError, match="markers"):
        write_page(page, RESULTS)
    assert page.read_text() == "text"


def test_the_page_has_the_markers():
    text = PAGE.read_text("utf-8")
    assert text.count(BEGIN) == text.count(END) == 1


def test_the_machine_has_no_name_of_a_host():
    assert set(machine()) == {
        "processor",
        "cores",
        "memory",
        "system",
        "python",
        "numpy",
        "numba",
        "polars",
    }
