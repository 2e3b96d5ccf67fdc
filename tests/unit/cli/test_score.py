"""Batches of ``score``: whole lines, bounded, prompt."""

import os

import pytest

from apisentinel.cli import score
from apisentinel.cli.score import batches


class Pipe:
    """Standard input with something in it."""

    def __init__(self, content):
        self.reader, writer = os.pipe()
        os.write(writer, content)
        os.close(writer)

    def fileno(self):
        return self.reader


def split(content):
    pipe = Pipe(content)
    try:
        return list(batches(pipe))
    finally:
        os.close(pipe.reader)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", b""),
        (b"a\n", b"a\n"),
        (b"a\nb", b"a\nb\n"),
        (b"\n\n", b"\n\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\n"),
    ],
)
def test_every_line_comes_once_and_ends(content, expected):
    assert b"".join(split(content)) == expected


def test_pieces_of_any_size_give_the_same_lines(monkeypatch):
    content = b"".join(b"%d\n" % number for number in range(500))
    for length in (1, 2, 7, 4096):
        monkeypatch.setattr(score, "READ_BYTES", length)
        monkeypatch.setattr(score, "BATCH_BYTES", 3 * length)
        assert b"".join(split(content)) == content


@pytest.mark.parametrize("read", [3, 64, 4096])
def test_a_line_without_end_is_cut_and_counts_once(monkeypatch, read):
    monkeypatch.setattr(score, "MAX_LINE_BYTES", 10)
    monkeypatch.setattr(score, "READ_BYTES", read)
    monkeypatch.setattr(score, "BATCH_BYTES", read)
    blocks = split(b"short\n" + b"x" * 2_000 + b"\nlast\n")
    lines = b"".join(blocks).splitlines()
    assert [line[:4] for line in lines] == [b"shor", b"xxxx", b"last"]
    assert max(map(len, blocks)) <= read + 20


def test_an_endless_last_line_is_answered(monkeypatch):
    monkeypatch.setattr(score, "MAX_LINE_BYTES", 10)
    monkeypatch.setattr(score, "READ_BYTES", 8)
    monkeypatch.setattr(score, "BATCH_BYTES", 8)
    assert b"".join(split(b"y" * 100)) == b"y" * 10 + b"\n"
