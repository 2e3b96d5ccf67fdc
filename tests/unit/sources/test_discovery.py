"""Which files paths stand for, in which order."""

import gzip
import os
from pathlib import Path

import pytest

from apisentinel.errors import SourceError
from apisentinel.sources import STDIN, discover


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a").mkdir()
    for name in ("b/2.log", "b/1.log", "a/x.log", "z.log"):
        (tmp_path / name).write_text("GET / HTTP/1.1\n")
    (tmp_path / "a" / "x.log.gz").write_bytes(gzip.compress(b"GET / HTTP/1.1\n"))
    (tmp_path / ".hidden.log").write_text("x")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (tmp_path / "old.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    return tmp_path


def names(found, base):
    return [os.path.relpath(source.name, base).replace(os.sep, "/") for source in found.sources]


def test_a_folder_is_read_in_order_without_hidden_and_binary_files(tree):
    found = discover([str(tree)])
    assert names(found, tree) == [
        "z.log", "a/x.log", "a/x.log.gz", "b/1.log", "b/2.log",
    ]  # fmt: skip
    reasons = {Path(path).name: reason for path, reason in found.left_out}
    assert reasons == {"picture.png": "binary file", "old.zip": "packed with zip"}


def test_arguments_keep_their_order_and_patterns_are_sorted(tree):
    found = discover([str(tree / "b" / "*.log"), str(tree / "a" / "x.log")])
    assert names(found, tree) == ["b/1.log", "b/2.log", "a/x.log"]


def test_a_pattern_with_two_stars_goes_down(tree):
    assert names(discover([str(tree / "**" / "x.log")]), tree) == ["a/x.log"]


def test_a_file_with_the_name_of_a_pattern_is_read(tmp_path):
    (tmp_path / "a[1].log").write_text("x\n")
    assert names(discover([str(tmp_path / "a[1].log")]), tmp_path) == ["a[1].log"]


def test_a_file_is_read_once(tree):
    (tree / "link.log").symlink_to(tree / "z.log")
    path = str(tree / "z.log")
    assert len(discover([path, path, str(tree / "link.log")]).sources) == 1


def test_links_to_folders_are_not_followed(tree):
    (tree / "a" / "loop").symlink_to(tree)
    assert len(discover([str(tree / "a")]).sources) == 2


def test_standard_input_is_named_by_a_dash():
    assert [source.name for source in discover([STDIN, STDIN]).sources] == [STDIN]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("none.log", "check the path"),
        ("*.nothing", "check the pattern"),
        ("empty", "holds no file"),
    ],
)
def test_nothing_to_read_says_what_to_do(tmp_path, path, hint):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=hint):
        discover([str(tmp_path / path)])


def test_no_path_at_all_is_an_error():
    with pytest.raises(SourceError, match="no input"):
        discover([])


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_impossible_paths_are_errors_of_ours(path):
    with pytest.raises(SourceError):
        discover([path])
