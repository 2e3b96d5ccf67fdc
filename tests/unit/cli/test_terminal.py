"""The terminal report: golden pictures at several widths, and no harm from any text."""

import io
import os
from pathlib import Path

import pytest
from rich.cells import cell_len
from tests.unit.cli.report_samples import PAYLOADS, empty_report, hostile_report, site_report

from apisentinel.cli.console import MAX_WIDTH, MIN_WIDTH, console
from apisentinel.cli.terminal import show

GOLDEN = Path(__file__).parent / "golden"


def shown(report, *, width=100, top=10, encoding="utf-8"):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace")
    show(report, top=top, to=console(stream, width=width))
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_report_looks_as_before(width):
    """``UPDATE_GOLDEN=1`` writes the pictures anew; look at the difference before you keep it."""
    path = GOLDEN / f"terminal_{width}.txt"
    seen = shown(site_report(), width=width)
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen, encoding="utf-8")
    assert seen == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [20, 60, 77, 100, 163, 200, 500])
def test_no_line_is_wider_than_the_terminal(width):
    limit = min(max(width, MIN_WIDTH), MAX_WIDTH)
    for report in (site_report(), empty_report(), hostile_report("wide 日本語 " * 40)):
        assert max(map(cell_len, shown(report, width=width).splitlines())) <= limit


def test_severity_is_a_word_and_a_shape_not_only_a_colour():
    seen = shown(site_report())
    for words in ("◆\u00a0CRITICAL", "▲\u00a0HIGH", "■\u00a0MEDIUM", "●\u00a0LOW"):
        assert words in seen


def test_an_empty_report_says_so():
    assert "No requests were read." in shown(empty_report())


def test_clean_traffic_says_so():
    assert "No incidents found." in shown(site_report(incidents=()))


def test_a_partial_report_says_so_first():
    seen = shown(site_report(interrupted=True))
    assert seen.index("PARTIAL REPORT") < seen.index("Incidents")


def test_top_limits_the_lists_and_says_what_is_left():
    seen = shown(site_report(), top=2)
    assert "2 of 5" in seen
    assert "3 more incidents" in seen
    assert "Scraping" not in seen


@pytest.mark.parametrize("text", PAYLOADS)
def test_text_of_strangers_does_no_harm(text):
    seen = shown(hostile_report(text), width=80)
    assert not set(seen) & {"\x1b", "\x9b", "\x07", "\x00", "\r", "\u202e", "\u200b", "\u2028"}
    assert len(seen) < 20_000


def test_markup_in_data_is_printed_as_it_is():
    seen = shown(hostile_report("[bold red]x[/] :smile:"))
    assert "[bold red]x[/] :smile:" in seen


def test_ascii_terminals_get_signs_they_can_show():
    seen = shown(site_report(), encoding="ascii")
    assert "! CRITICAL" in seen
    assert "\\u" not in seen
