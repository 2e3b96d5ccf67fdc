"""Every promise of the durability page names tests that exist."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "explanation" / "durability.md"


def test_the_tests_that_are_named_exist():
    words = PAGE.read_text("utf-8").split("`")[1::2]
    named = {word for word in words if word.startswith("test_")}
    source = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    assert len(named) > 15
    assert [name for name in sorted(named) if f"def {name}(" not in source] == []
