"""What a browser loads stays small: sums over the files of the build, compressed with gzip."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "src" / "apisentinel" / "_ui"

KB = 1_000
ENTRY_KB = 120
"""Code of the entry and of all that it imports before anything is drawn."""

STYLE_KB = 20
"""All style sheets together."""

ROUTE_KB = 40
SHARED_KB = 52
"""What most screens share is fetched once, parts and charts in one file: two files would be one
request more before the first chart.
"""
"""Code that a screen alone needs; also each piece that several share, such as charts and grids."""

FIRST_FILES = 6
"""Files before the first chart, the page itself among them: each is a round trip at worst."""

FONTS = (".woff", ".woff2", ".ttf", ".otf")


@pytest.fixture(scope="module")
def manifest():
    path = PAGE / ".vite" / "manifest.json"
    if not path.is_file():
        pytest.skip("the page is not built: make ui")
    return json.loads(path.read_text("utf-8"))


def size_kb(names):
    return sum(len(gzip.compress((PAGE / name).read_bytes(), 9)) for name in names) / KB


def with_imports(manifest, key):
    """A chunk and all that it imports at once."""
    found = {key}
    waiting = [key]
    while waiting:
        for name in manifest[waiting.pop()].get("imports", ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def entry(manifest):
    return next(key for key, chunk in manifest.items() if chunk.get("isEntry"))


def code(manifest, keys):
    return {manifest[key]["file"] for key in keys if manifest[key]["file"].endswith(".js")}


def routes(manifest):
    return [key for key, chunk in manifest.items() if chunk.get("isDynamicEntry")]


def test_the_entry_is_small(manifest):
    assert size_kb(code(manifest, with_imports(manifest, entry(manifest)))) <= ENTRY_KB


def test_style_is_small_and_there_are_no_fonts(manifest):
    names = [path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*") if path.is_file()]
    assert size_kb(name for name in names if name.endswith(".css")) <= STYLE_KB
    assert [name for name in names if name.endswith(FONTS)] == []


def test_every_screen_is_small(manifest):
    first = with_imports(manifest, entry(manifest))
    needed = {key: code(manifest, with_imports(manifest, key) - first) for key in routes(manifest)}
    times = Counter(name for names in needed.values() for name in names)
    sizes = {
        key: size_kb(name for name in names if times[name] == 1) for key, names in needed.items()
    }
    shared = {name: size_kb([name]) for name, count in times.items() if count > 1}
    assert {name: size for name, size in sizes.items() if size > ROUTE_KB} == {}
    assert {name: size for name, size in shared.items() if size > SHARED_KB} == {}
    assert len(needed) > 5


def test_all_that_the_manifest_names_is_there_and_compressed(manifest):
    for chunk in manifest.values():
        for name in (chunk["file"], *chunk.get("css", ()), *chunk.get("assets", ())):
            content = (PAGE / name).read_bytes()
            if len(content) > 2 * KB and name.endswith((".js", ".css")):
                assert (PAGE / f"{name}.br").stat().st_size < len(content)
                assert gzip.decompress((PAGE / f"{name}.gz").read_bytes()) == content


def test_licences_of_what_is_in_it_are_there():
    text = (PAGE / "third-party-notices.txt").read_text("utf-8")
    for name in (
        "react ",
        "react-dom ",
        "scheduler ",
        "uplot ",
        "wouter ",
        "@tanstack/query-core ",
    ):
        assert f"\n{name}" in text, name
