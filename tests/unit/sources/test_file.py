"""What a source delivers: whole lines, whatever the chunk size and the packing."""

import gzip
import io

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.errors import SourceError
from apisentinel.kernels.bytes import PADDING
from apisentinel.sources import MAX_LINE, MIN_CHUNK, Chunk, FileSource

MARK = b"\xef\xbb\xbf"


def read(data: bytes, chunk_size: int = 1 << 20, peek: int = 0) -> tuple[list[Chunk], FileSource]:
    source = FileSource("log", chunk_size=chunk_size, stream=io.BytesIO(data))
    if peek:
        source.peek(peek)
    return list(source.chunks()), source


def text_of(chunks: list[Chunk]) -> bytes:
    return b"".join(chunk.buffer[: chunk.size].tobytes() for chunk in chunks)


def oracle(data: bytes) -> tuple[bytes, int]:
    """Lines that are delivered, and how many are too long."""
    *lines, last = data.removeprefix(MARK).split(b"\n")
    kept = b"".join(line + b"\n" for line in lines if len(line) <= MAX_LINE)
    skipped = sum(len(line) > MAX_LINE for line in (*lines, last))
    return kept + (last if len(last) <= MAX_LINE else b""), skipped


def zstd_frames(data: bytes) -> bytes:
    skippable = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
    return zstandard.compress(data[:9]) + skippable + zstandard.compress(data[9:])


def gzip_members(data: bytes) -> bytes:
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(data[half:]) + b"\0" * 512


PACKINGS = {"plain": bytes, "gzip": gzip_members, "zstd": zstd_frames}
LENGTHS = [0, 1, 100, MIN_CHUNK - 1, MIN_CHUNK, MIN_CHUNK + 1, MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE]
lines = st.lists(st.sampled_from(LENGTHS), max_size=5).map(
    lambda lengths: b"\n".join(b"x" * n for n in lengths)
)


@settings(max_examples=25)
@given(
    lines,
    st.sampled_from([b"", b"\n"]),
    st.sampled_from([b"", MARK]),
    st.sampled_from([MIN_CHUNK, 5_000, 1 << 20, 1 << 22]),
    st.sampled_from(sorted(PACKINGS)),
    st.sampled_from([0, 5, 70_000]),
)
def test_lines_are_delivered_whole_or_counted(body, end, mark, chunk_size, packing, peek):
    data = mark + body + end
    chunks, source = read(PACKINGS[packing](data), chunk_size, peek)
    assert (text_of(chunks), source.skipped) == oracle(data)
    assert source.problem == ""
    assert sum(chunk.skipped for chunk in chunks) == source.skipped


@pytest.mark.parametrize("chunk_size", [MIN_CHUNK, 1 << 16])
def test_chunks_keep_their_promises(chunk_size):
    data = b"".join(b"%d %s\n" % (i, b"y" * (i % 700)) for i in range(400)) + b"no end"
    chunks, _ = read(data, chunk_size)
    assert [chunk.final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    for chunk in chunks:
        assert chunk.final or chunk.buffer[chunk.size - 1] == ord("\n")
        assert chunk.buffer.size >= chunk.size + PADDING
        assert chunk.buffer.flags.c_contiguous
        assert chunk.buffer.flags.writeable
        assert data[chunk.offset : chunk.offset + chunk.size] == text_of([chunk])


def test_kept_chunks_are_not_overwritten():
    data = b"".join(b"%06d\n" % i for i in range(20_000))
    chunks, _ = read(data, MIN_CHUNK)
    assert text_of(chunks) == data


def test_an_empty_input_is_one_empty_final_chunk():
    chunks, source = read(b"")
    assert [(chunk.size, chunk.final) for chunk in chunks] == [(0, True)]
    assert source.progress() == (0, None)


def test_binary_bytes_are_delivered_as_they_are():
    data = bytes(range(256)) * 40
    assert text_of(read(data, MIN_CHUNK)[0]) == data


def test_peek_does_not_consume():
    source = FileSource("log", stream=io.BytesIO(gzip.compress(b"one\ntwo\n")))
    assert source.peek(3) == b"one"
    assert source.peek(100) == b"one\ntwo\n"
    assert text_of(list(source.chunks())) == b"one\ntwo\n"


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_what_comes_before_the_cut_is_delivered(packing):
    data = b"".join(b"%d line\n" % (i * 7919) for i in range(200_000))
    packed = gzip.compress(data) if packing == "gzip" else zstandard.compress(data)
    chunks, source = read(packed[: len(packed) // 2])
    assert data.startswith(text_of(chunks))
    assert sum(chunk.size for chunk in chunks) > len(data) // 4
    assert "ends too early" in source.problem


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_what_comes_before_the_damage_is_delivered(packing):
    data = b"".join(b"%d line\n" % (i * 7919) for i in range(200_000))
    packed = bytearray(gzip.compress(data) if packing == "gzip" else zstandard.compress(data))
    packed[len(packed) // 2 :] = b"\xff" * 4_000
    chunks, source = read(bytes(packed))
    assert text_of(chunks)[: 1 << 16] == data[: 1 << 16]
    assert "damaged" in source.problem or "ends too early" in source.problem


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
@given(junk=st.binary(min_size=1, max_size=2_000), at=st.integers(4, 400))
def test_damage_never_raises_and_never_depends_on_the_chunk_size(packing, junk, at):
    data = b"".join(b"%d line\n" % i for i in range(3_000))
    packed = bytearray(gzip.compress(data) if packing == "gzip" else zstandard.compress(data))
    packed[at : at + len(junk)] = junk
    small, one = read(bytes(packed), MIN_CHUNK)
    large, other = read(bytes(packed), 1 << 20)
    assert text_of(small) == text_of(large)
    assert one.problem == other.problem


def test_bytes_after_a_gzip_stream_are_reported():
    chunks, source = read(gzip.compress(b"a\n") + b"plain text\n")
    assert text_of(chunks) == b"a\n"
    assert "no gzip" in source.problem


@pytest.mark.parametrize(
    ("head", "hint"),
    [
        (b"BZh91AY", "bzip2"),
        (b"PK\x03\x04....", "zip"),
        (b"\xfd7zXZ\x00..", "xz"),
        (b"\xff\xfea\x00", "UTF-16"),
    ],
)
def test_what_must_be_converted_first_says_so(head, hint):
    with pytest.raises(SourceError, match=hint):
        read(head)


def test_a_chunk_size_that_is_too_small_is_refused():
    with pytest.raises(SourceError, match=str(MIN_CHUNK)):
        FileSource("log", chunk_size=MIN_CHUNK - 1)


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(SourceError, match="check the path"):
        list(FileSource(str(tmp_path / "none.log")).chunks())


def test_progress_counts_stored_bytes(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(gzip.compress(b"line\n" * 1_000))
    source = FileSource(str(path))
    assert source.progress() == (0, None)
    list(source.chunks())
    assert source.progress() == (path.stat().st_size, path.stat().st_size)


def test_a_document_is_read_whole():
    data = MARK + b'{"log": [1]}'
    source = FileSource("har", stream=io.BytesIO(gzip.compress(data)))
    source.peek(5)
    assert source.read_all(1_000) == data.removeprefix(MARK)


def test_a_document_beyond_the_limit_is_refused():
    with pytest.raises(SourceError, match="longer than 10 bytes"):
        FileSource("har", stream=io.BytesIO(b"x" * 11)).read_all(10)
    assert FileSource("har", stream=io.BytesIO(b"x" * 10)).read_all(10) == b"x" * 10


class _Failing(io.RawIOBase):
    """A disk that fails after its first bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.left = [b"one\ntwo\n"]

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:
        if not self.left:
            raise OSError(5, "Input/output error")
        data = self.left.pop()
        target[: len(data)] = data
        return len(data)


def test_a_read_error_on_the_way_ends_the_input_with_a_problem():
    source = FileSource("log", stream=io.BufferedReader(_Failing(), 8))
    chunks = list(source.chunks())
    assert text_of(chunks) == b"one\ntwo\n"
    assert "reading stopped" in source.problem


@pytest.mark.parametrize("name", ["access.log.gz", "access.log.ZST", "a.gzip", "a.zstd"])
def test_a_packed_file_with_a_damaged_beginning_gives_no_lines(tmp_path, name) -> None:
    lines = b"".join(b"line %d\n" % (n * n) for n in range(2_000))
    packed = gzip.compress(lines) if "g" in name[-4:] else zstandard.compress(lines)
    path = tmp_path / name
    path.write_bytes(b"\0" + packed[1:])
    source = FileSource(str(path))
    assert text_of(list(source.chunks())) == b""
    assert "does not begin so: damaged" in source.problem


@pytest.mark.parametrize("data", [b"", b"GET /caf\xc3\xa9 200\n", b"\x1b[31mred\x1b[0m\tx\r\n"])
def test_text_is_read_whatever_its_name_says(tmp_path, data) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(data)
    source = FileSource(str(path))
    assert text_of(list(source.chunks())) == data
    assert not source.problem


def test_binary_data_without_such_a_name_is_delivered_as_it_is(tmp_path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(b"\0\1\2\n")
    assert text_of(list(FileSource(str(path)).chunks())) == b"\0\1\2\n"
