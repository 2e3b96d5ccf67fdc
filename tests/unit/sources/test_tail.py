"""Followed files: growth, both kinds of rotation, restarts. Nothing is lost or cut."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sources.live_fakes import FakeSink

from apisentinel.sources.base import MAX_LINE
from apisentinel.sources.positions import Position, Positions
from apisentinel.sources.settings import TailSettings
from apisentinel.sources.tail import ROTATION_LOOKS, TailSource


class Looks(threading.Event):
    """Lets a source look a number of times, then stops it."""

    def __init__(self, looks):
        super().__init__()
        self.left = looks

    def wait(self, timeout=None):
        del timeout
        self.left -= 1
        if self.left <= 0:
            self.set()
        return self.is_set()


def follow(path, sink, positions=None, *, looks=2, start="beginning"):
    source = TailSource(TailSettings(path=str(path), start=start), positions or Positions(None))
    source.run(sink, Looks(looks))
    return source


def keys(sink):
    """Ids that the lines would get."""
    return [
        (piece.generation, piece.offset + sum(len(line) + 1 for line in lines[:k]))
        for piece in sink.pieces
        for lines in [piece.data.split(b"\n")[:-1]]
        for k in range(len(lines))
        if piece.generation
    ]


def test_a_growing_file_is_read_line_by_line(tmp_path):
    path, sink, positions = tmp_path / "a.log", FakeSink(), Positions(None)
    path.write_bytes(b"one\ntwo\nthr")
    follow(path, sink, positions)
    assert sink.lines == [b"one", b"two"]
    with path.open("ab") as file:
        file.write(b"ee\nfour\n")
    follow(path, sink, positions)
    assert sink.lines == [b"one", b"two", b"three", b"four"]
    assert [piece.offset for piece in sink.pieces] == [0, 8]


def test_the_beginning_or_the_end_is_chosen_for_unknown_files_only(tmp_path):
    path, sink, positions = tmp_path / "a.log", FakeSink(), Positions(None)
    path.write_bytes(b"old\nhalf")
    follow(path, sink, positions, start="end")
    assert sink.lines == []
    with path.open("ab") as file:
        file.write(b" line\nnew\n")
    follow(path, sink, positions, start="end")
    assert sink.lines == [b"half line", b"new"]


def test_a_file_that_appears_later_is_read_from_its_start(tmp_path):
    sink, positions = FakeSink(), Positions(None)
    source = TailSource(TailSettings(path=str(tmp_path / "*.log"), start="end"), positions)
    (tmp_path / "a.log").write_bytes(b"old\n")

    class Stop(Looks):
        def wait(self, timeout=None):
            if self.left == 3:
                (tmp_path / "b.log").write_bytes(b"new\n")
            return super().wait(timeout)

    source.run(sink, Stop(3))
    assert sink.lines == [b"new"]


def test_rotation_by_renaming_loses_nothing(tmp_path):
    path, sink, positions = tmp_path / "a.log", FakeSink(), Positions(None)
    path.write_bytes(b"1\n2\n")

    class Stop(Looks):
        def wait(self, timeout=None):
            if self.left == 60:
                path.rename(tmp_path / "a.log.1")
            if self.left == 58:
                path.write_bytes(b"4\n")
            if self.left == 57:
                with (tmp_path / "a.log.1").open("ab") as file:
                    file.write(b"3\nno end")
            return super().wait(timeout)

    TailSource(TailSettings(path=str(path), start="beginning"), positions).run(sink, Stop(60))
    assert sorted(sink.lines) == [b"1", b"2", b"3", b"4", b"no end"]
    assert sink.lines.index(b"1") < sink.lines.index(b"2") < sink.lines.index(b"3")
    assert len(set(keys(sink))) == 5
    assert positions.beginning_with("") == [str(path)]
    assert ROTATION_LOOKS < 50


def test_the_new_file_is_read_at_once_and_may_be_rotated_soon(tmp_path):
    path, sink, positions = tmp_path / "a.log", FakeSink(), Positions(None)
    path.write_bytes(b"1\n")

    class Stop(Looks):
        def wait(self, timeout=None):
            if self.left in {12, 9, 6}:
                path.rename(tmp_path / f"a.log.{self.left}")
                path.write_bytes(b"%d\n" % self.left)
            if self.left == 4:
                with (tmp_path / "a.log.12").open("ab") as file:
                    file.write(b"late\n")
            return super().wait(timeout)

    TailSource(TailSettings(path=str(path), start="beginning"), positions).run(sink, Stop(15))
    assert sink.lines == [b"1", b"12", b"9", b"6", b"late"]


@pytest.mark.parametrize("restart", [False, True])
def test_a_new_name_that_the_glob_matches_too_is_not_read_twice(tmp_path, restart):
    path, sink, place = tmp_path / "a.log", FakeSink(), tmp_path / "p.json"
    path.write_bytes(b"1\n2\n")
    settings = TailSettings(path=str(tmp_path / "a*.log"), start="beginning")

    def rotate():
        path.rename(tmp_path / "a-1.log")
        path.write_bytes(b"4\n")
        with (tmp_path / "a-1.log").open("ab") as file:
            file.write(b"3\n")

    class Stop(Looks):
        def wait(self, timeout=None):
            if self.left == 10 and not restart:
                rotate()
            return super().wait(timeout)

    TailSource(settings, Positions(place)).run(sink, Stop(40))
    if restart:
        rotate()
        TailSource(settings, Positions(place)).run(sink, Stop(40))
    assert sorted(sink.lines) == [b"1", b"2", b"3", b"4"]
    TailSource(settings, Positions(place)).run(sink, Looks(40))
    assert len(sink.lines) == 4


def test_lines_added_to_a_renamed_file_are_read_after_a_restart(tmp_path):
    path, sink, place = tmp_path / "a.log", FakeSink(), tmp_path / "p.json"
    path.write_bytes(b"1\n")

    class Stop(Looks):
        def wait(self, timeout=None):
            if self.left == 6:
                path.rename(tmp_path / "a.log.1")
                path.write_bytes(b"2\n")
            return super().wait(timeout)

    TailSource(TailSettings(path=str(path), start="beginning"), Positions(place)).run(sink, Stop(8))
    with (tmp_path / "a.log.1").open("ab") as file:
        file.write(b"late\n")
    positions = Positions(place)
    follow(path, sink, positions, looks=40)
    assert sink.lines == [b"1", b"2", b"late"]
    assert len(set(keys(sink))) == 3
    assert positions.beginning_with("") == [str(path)]


def test_rotation_while_nobody_looked_is_found_by_the_inode(tmp_path):
    path, sink, positions = tmp_path / "a.log", FakeSink(), Positions(None)
    path.write_bytes(b"1\n")
    follow(path, sink, positions)
    with path.open("ab") as file:
        file.write(b"2\n")
    path.rename(tmp_path / "a.log.1")
    path.write_bytes(b"3\n")
    follow(path, sink, positions, looks=60)
    assert sink.lines == [b"1", b"2", b"3"]


@pytest.mark.parametrize("new", [b"x\n", b"x\ny\nz\nmore and more\n"])
def test_a_truncated_file_is_read_anew_with_new_ids(tmp_path, new):
    path, sink, positions = tmp_path / "a.log", FakeSink(), Positions(None)
    path.write_bytes(b"one\ntwo\n")
    follow(path, sink, positions)
    with path.open("r+b") as file:
        file.truncate()
        file.write(new)
    follow(path, sink, positions, looks=4)
    assert sink.text == b"one\ntwo\n" + new
    assert len(set(keys(sink))) == len(sink.lines)
    assert sink.pieces[-1].restarted


def test_truncation_while_it_is_followed(tmp_path):
    path, sink = tmp_path / "a.log", FakeSink()
    path.write_bytes(b"one\ntwo\n")

    class Stop(Looks):
        def wait(self, timeout=None):
            if self.left == 5:
                with path.open("r+b") as file:
                    file.truncate()
            if self.left == 4:
                path.write_bytes(b"three\n")
            return super().wait(timeout)

    TailSource(TailSettings(path=str(path), start="beginning"), Positions(None)).run(sink, Stop(8))
    assert sink.lines == [b"one", b"two", b"three"]


def test_what_was_not_taken_comes_again_with_the_same_ids(tmp_path):
    path, positions = tmp_path / "a.log", Positions(tmp_path / "p.json")
    path.write_bytes(b"1\n2\n")
    first = FakeSink()
    first.fail_after = 0
    follow(path, first, positions)
    assert first.pieces == []
    second, again = FakeSink(), FakeSink()
    follow(path, second, Positions(tmp_path / "p.json"))
    follow(path, again, Positions(None))  # as if the position had been lost
    assert second.lines == [b"1", b"2"]
    assert keys(second) == keys(again)


def test_positions_survive_and_damage_means_reading_again(tmp_path):
    place = tmp_path / "state" / "p.json"
    positions = Positions(place)
    positions.set("/a", Position(1, 2, 3, 4))
    positions.save()
    assert Positions(place).get("/a") == Position(1, 2, 3, 4)
    place.write_bytes(b"{")
    damaged = Positions(place)
    assert damaged.get("/a") is None
    assert "cannot be read" in damaged.problem


def test_positions_that_cannot_be_written_are_a_problem_and_no_end(tmp_path):
    place = tmp_path / "file" / "p.json"
    (tmp_path / "file").write_bytes(b"")
    positions = Positions(place)
    positions.set("/a", Position(1, 2, 3, 4))
    positions.save()
    assert positions.problem


def test_an_endless_line_is_set_aside_and_the_next_one_is_read(tmp_path):
    path, sink = tmp_path / "a.log", FakeSink()
    path.write_bytes(b"a\n" + b"x" * (3 * MAX_LINE) + b"\nb\n")
    follow(path, sink, looks=10)
    assert sink.lines == [b"a", b"b"]
    assert [(buried[1][:2], buried[3]) for buried in sink.buried] == [(b"xx", 2)]


def test_field_names_at_the_start_are_told_to_a_reader_that_begins_later(tmp_path):
    path, sink, positions = tmp_path / "a.log", FakeSink(), Positions(None)
    path.write_bytes(b"#Fields: date time\n1 1\n")
    follow(path, sink, positions)
    with path.open("ab") as file:
        file.write(b"2 2\n")
    again = FakeSink()
    follow(path, again, positions)
    assert again.lines == [b"#Fields: date time", b"2 2"]
    assert again.pieces[0].restarted
    assert not again.pieces[1].restarted


def test_a_file_that_cannot_be_read_is_a_problem_and_no_end(tmp_path):
    path = tmp_path / "folder.log"
    path.mkdir()
    source = follow(path, FakeSink())
    assert "folder.log" in source.problem
    assert follow(tmp_path / "none.log", FakeSink()).problem == ""


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.lists(st.binary(max_size=6), min_size=1, max_size=4)),
        st.tuples(st.just("rename"), st.none()),
        st.tuples(st.just("restart"), st.booleans()),
        st.tuples(st.just("look"), st.none()),
    ),
    max_size=14,
)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_every_written_line_arrives_once_whatever_happens(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("tail")
    path, place = folder / "a.log", folder / "p.json"
    sink, expected, rotations = FakeSink(), [], 0
    positions = Positions(place)
    number = 0
    for kind, value in steps:
        if kind == "write":
            with path.open("ab") as file:
                for text in value:
                    line = b"%d:" % number + text.replace(b"\n", b" ")
                    number += 1
                    file.write(line + b"\n")
                    expected.append(line)
        elif kind == "rename" and path.exists():
            follow(path, sink, positions, looks=3)  # a rotation is seen before the next one
            rotations += 1
            path.rename(folder / f"a.log.{rotations}")
        elif kind == "restart":
            if value:
                positions.save()
            positions = Positions(place)
        else:
            follow(path, sink, positions, looks=30)
    follow(path, sink, positions, looks=60)
    seen = dict(zip(keys(sink), sink.lines, strict=True))  # equal ids count once
    assert sorted(seen.values()) == sorted(expected)
