"""Pages can be reached, links lead somewhere, and short documents stay short."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FRONT = [ROOT / n for n in ("README.md", "AGENTS.md", "CONTRIBUTING.md", "SECURITY.md")]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def entries(node) -> list[str]:
    if isinstance(node, str):
        return [node]
    children = node.values() if isinstance(node, dict) else node
    return [entry for child in children for entry in entries(child)]


def test_every_page_is_in_the_navigation():
    nav = entries(tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"])
    assert sorted(nav) == sorted(p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md"))


def test_every_decision_is_in_the_list():
    listed = (DOCS / "adr" / "index.md").read_text("utf-8")
    records = [p.name for p in (DOCS / "adr").glob("[0-9]*.md")]
    assert [name for name in records if f"({name})" not in listed] == []


@pytest.mark.parametrize(
    "page", [*FRONT, *sorted(DOCS.rglob("*.md"))], ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_links_lead_to_files(page):
    targets = [t for t in LINK.findall(page.read_text("utf-8")) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


@pytest.mark.parametrize(("name", "limit"), [("README.md", 120), ("AGENTS.md", 80)])
def test_short_documents_stay_short(name, limit):
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= limit
