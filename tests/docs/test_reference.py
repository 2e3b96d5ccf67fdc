"""The reference says what the code says."""

import runpy
from pathlib import Path
from typing import Any

import pytest
import typer

from apisentinel.cli.app import app, main

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
WRITER = runpy.run_path(str(ROOT / "tools" / "write_reference.py"))


@pytest.mark.parametrize("page", sorted(WRITER["PAGES"]))
def test_generated_page_is_current(page):
    assert (REFERENCE / page).read_text("utf-8") == WRITER["PAGES"][page](), "run `make reference`"


def test_every_setting_says_what_it_means():
    rows = [row for row in WRITER["settings"]().splitlines() if row.startswith("| `")]
    assert rows
    assert [row for row in rows if row.endswith("|  |")] == []


@pytest.mark.parametrize("group", [(), ("keys",), ("users",), ("config",), ("dead-letters",)])
def test_lists_of_commands_are_not_cut_in_a_terminal_of_80_columns(group, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.argv", ["apisentinel", *group, "--help"])
    with pytest.raises(SystemExit):
        main()
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert listed
    assert "..." not in listed


def test_detector_cards_are_current():
    writer = runpy.run_path(str(ROOT / "tools" / "detector_cards.py"))
    assert writer["PAGE"].read_text("utf-8") == writer["page"](), "run `make reference`"


def commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(WRITER["commands"](group))


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_option_of_a_command_has_help(name):
    unexplained = [p.name for p in commands()[name].params if not getattr(p, "help", None)]
    assert unexplained == []


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_is_shown_outside_the_generated_page(name):
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    texts = [p.read_text("utf-8") for p in pages if p.name != "command-line.md"]
    assert any(f"apisentinel {name}" in text or f"`{name}`" in text for text in texts)
