"""Bodies are undone in steps; bombs, cuts and damage are refused with the right status."""

import gzip
import itertools
import tracemalloc
import zlib

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.errors import RefusedError
from apisentinel.sources.body import MAX_BODY, MAX_RATIO, BodyDecoder, decompress


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACK = {
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def status(data, encoding, **kwargs):
    with pytest.raises(RefusedError) as caught:
        decompress(data, encoding, **kwargs)
    return caught.value.status


@pytest.mark.parametrize("encoding", PACK)
@given(data=st.binary(max_size=5000), cuts=st.lists(st.integers(0, 5000), max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_body_comes_back_however_it_is_cut(encoding, data, cuts):
    packed = PACK[encoding](data)
    decoder = BodyDecoder(encoding)
    edges = sorted({0, len(packed), *(cut % (len(packed) + 1) for cut in cuts)})
    for begin, end in itertools.pairwise(edges):
        decoder.feed(packed[begin:end])
    assert decoder.finish() == data


def test_raw_deflate_of_old_senders_is_understood():
    assert decompress(raw_deflate(b"hello " * 50), "deflate") == b"hello " * 50


@pytest.mark.parametrize("encoding", [None, "", " Identity ", "identity"])
def test_no_encoding(encoding):
    assert decompress(b"abc", encoding) == b"abc"
    assert decompress(b"", encoding) == b""


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_parts_one_after_the_other_are_one_body(encoding):
    pack = PACK[encoding]
    assert decompress(pack(b"a") + pack(b"") + pack(b"b" * 100), encoding) == b"a" + b"b" * 100


def test_padding_behind_gzip_is_no_damage():
    assert decompress(gzip.compress(b"a") + b"\0" * 600, "gzip") == b"a"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("cut", [1, 5, -1, -6])
def test_a_cut_body_is_refused(encoding, cut):
    packed = PACK[encoding](bytes(range(256)) * 40)
    assert status(packed[:cut], encoding) == 400


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_an_empty_body_is_no_packed_body(encoding):
    assert status(b"", encoding) == 400


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@given(data=st.binary(min_size=1, max_size=400))
@settings(max_examples=80, deadline=None)
def test_damage_never_gets_further_than_a_refusal(encoding, data):
    try:
        decompress(data, encoding)
    except RefusedError as refusal:
        assert refusal.status in {400, 413}  # noqa: PT017 (any other outcome is fine, too)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_bytes_behind_the_end_are_refused(encoding):
    assert status(PACK[encoding](b"abc") + b"junk", encoding) == 400


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip, zstd", "GZIP;q=1", "x" * 500])
def test_an_unknown_encoding_is_named(encoding):
    assert status(b"", encoding) == 415


@pytest.mark.parametrize("encoding", PACK)
def test_a_body_over_the_limit_is_refused(encoding):
    data = bytes(range(256)) * 8
    assert decompress(PACK[encoding](data), encoding, limit=2048) == data
    assert status(PACK[encoding](data), encoding, limit=2047) == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_bomb_is_stopped_before_it_costs_memory(encoding):
    bomb = PACK[encoding](bytes(256 << 20))
    tracemalloc.start()
    try:
        assert status(bomb, encoding) == 413
        assert tracemalloc.get_traced_memory()[1] < MAX_BODY + (20 << 20)
    finally:
        tracemalloc.stop()


def test_the_ratio_counts_beyond_the_first_mebibyte_only():
    assert len(decompress(gzip.compress(bytes(1 << 20)), "gzip")) == 1 << 20
    assert status(gzip.compress(bytes(2 << 20)), "gzip") == 413
    assert MAX_RATIO == 100


def test_a_frame_that_declares_a_huge_window_is_refused():
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packer.compress(b"x" * 1000) + packer.flush()
    assert status(packed, "zstd") == 400


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_thousands_of_tiny_parts_are_refused(encoding):
    part = PACK[encoding](b"")
    assert decompress(part * 4096, encoding) == b""
    assert status(part * 4097, encoding) == 400
