"""The page is built when it has to be, whole or not at all, and a failure says why."""

import os
import stat

import hatch_build
import pytest
from hatch_build import Page, PageError, PageHook

NODE = """#!/bin/sh
shift
echo "$@" >> "{log}"
case "$1" in
    ci) mkdir -p node_modules ;;
    run)
        if [ -e broken ]; then seq 1 100; echo 'src/main.tsx: it does not compile'; exit 2; fi
        mkdir -p "$5/assets"
        echo '<head></head>' > "$5/index.html" ;;
esac
"""
"""Takes the part of Node: does what npm would do with our scripts."""


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    (root / "ui" / "src").mkdir(parents=True)
    (root / "src" / "apisentinel").mkdir(parents=True)
    (root / "ui" / "package.json").write_text("{}", "utf-8")
    (root / "ui" / "package-lock.json").write_text("{}", "utf-8")
    (root / "ui" / "src" / "main.tsx").write_text("main", "utf-8")
    return root


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def page(project, tmp_path, log):
    node = tmp_path / "node" / "bin" / "node"
    npm = tmp_path / "node" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for file in (node, npm):
        file.parent.mkdir(parents=True)
        file.write_text(NODE.format(log=log), "utf-8")
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    return Page(project, os.environ | {"APISENTINEL_NODE": str(node)})


def calls(log):
    return [line.split()[0] for line in log.read_text("utf-8").splitlines()]


def test_a_page_is_built_once_and_again_when_a_source_changes(page, project, log):
    assert page.is_stale()
    page.build()
    assert not page.is_stale()
    page.build()
    assert calls(log) == ["ci", "run"]
    (project / "ui" / "src" / "main.tsx").write_text("other", "utf-8")
    assert page.is_stale()
    page.build()
    assert calls(log) == ["ci", "run", "run"]  # the same lock is not installed again
    (project / "ui" / "package-lock.json").write_text('{"other": 1}', "utf-8")
    page.build()
    assert calls(log)[3:] == ["ci", "run"]


def test_a_name_counts_as_much_as_a_content(page, project):
    before = page.digest()
    (project / "ui" / "src" / "main.tsx").rename(project / "ui" / "src" / "maim.tsx")
    assert page.digest() != before


def test_what_builds_leave_behind_makes_nothing_stale(page, project):
    page.build()
    for folder in ("node_modules/react", "coverage"):
        (project / "ui" / folder).mkdir(parents=True)
        (project / "ui" / folder / "file").write_text("x", "utf-8")
    assert not page.is_stale()


def test_a_failure_tells_the_last_lines_and_leaves_the_old_page(page, project):
    page.build()
    (project / "ui" / "broken").touch()
    with pytest.raises(PageError, match=r"it does not compile") as caught:
        page.build()
    assert "npm run build" in str(caught.value)
    assert "\n60\n" not in str(caught.value)
    assert (page.assets / "index.html").is_file()
    assert page.is_stale()
    assert list(page.assets.parent.glob("_ui.*.new")) == []


def test_without_sources_a_built_page_is_good_and_none_is_told(tmp_path):
    (tmp_path / "src" / "apisentinel" / "_ui").mkdir(parents=True)
    page = Page(tmp_path, {})
    assert page.is_stale()
    with pytest.raises(PageError, match="sources"):
        page.build()
    (page.assets / "index.html").touch()
    assert not page.is_stale()


def test_a_node_that_is_none_is_told(project):
    page = Page(project, {"APISENTINEL_NODE": "/nowhere/node"})
    with pytest.raises(PageError, match="no Node"):
        page.build()


@pytest.fixture
def hook(project, monkeypatch):
    for name in ("APISENTINEL_NODE", "APISENTINEL_SKIP_UI"):
        monkeypatch.delenv(name, raising=False)
    return PageHook(str(project), {}, None, None, str(project), "wheel")


def test_node_is_asked_for_only_when_there_is_something_to_build(hook, page, monkeypatch):
    assert hook.dependencies() == [hatch_build.NODE_WHEEL]
    page.build()
    assert hook.dependencies() == []
    (page.assets / ".stamp").unlink()
    monkeypatch.setenv("APISENTINEL_SKIP_UI", "1")
    assert hook.dependencies() == []
    hook.initialize("standard", {})
    assert page.is_stale()


def test_a_package_without_its_page_is_not_built(hook, monkeypatch):
    monkeypatch.setenv("APISENTINEL_NODE", "/nowhere/node")
    with pytest.raises(PageError):
        hook.initialize("standard", {})
