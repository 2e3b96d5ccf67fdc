import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from apisentinel.errors import IncompatibleModelError, ModelError
from apisentinel.models.arrays import MAX_HEADER, pack_arrays, take, unpack_arrays

DTYPES = st.sampled_from(["uint8", "int16", "int32", "int64", "float16", "float32", "float64"])


@given(
    st.dictionaries(
        st.text("abcdefghijklmnop_.", min_size=1, max_size=12),
        DTYPES.flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(max_dims=3, min_side=0))),
        max_size=6,
    )
)
def test_arrays_come_back_as_they_were(arrays):
    back = unpack_arrays(pack_arrays(arrays))
    assert list(back) == sorted(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        assert back[name].shape == array.shape
        assert back[name].tobytes() == np.ascontiguousarray(array).tobytes()
        assert back[name].flags.writeable


def test_bytes_do_not_depend_on_the_order_of_names():
    a, b = np.arange(3), np.ones(2)
    assert pack_arrays({"a": a, "b": b}) == pack_arrays({"b": b, "a": a})


@given(st.binary(max_size=300))
def test_foreign_bytes_are_refused_with_one_kind_of_error(content):
    try:
        unpack_arrays(content)
    except IncompatibleModelError:
        return
    assert content[8:].lstrip().startswith(b"{")


@given(st.data())
def test_damage_is_refused_or_harmless(data):
    good = pack_arrays({"a": np.arange(10.0), "b": np.zeros((2, 3), np.int32)})
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]
    try:
        unpack_arrays(bad[: data.draw(st.integers(0, len(bad)))])
        unpack_arrays(bad)
    except IncompatibleModelError:
        pass


def test_a_huge_header_is_refused_before_it_is_read():
    with pytest.raises(IncompatibleModelError, match="names"):
        unpack_arrays((MAX_HEADER + 1).to_bytes(8, "little") + b"{}" + bytes(100))


def test_types_that_nothing_uses_are_refused():
    with pytest.raises(ModelError):
        pack_arrays({"a": np.zeros(2, np.complex128)})


def test_take_checks_type_and_shape():
    arrays = {"a": np.zeros((2, 3), np.float32)}
    assert take(arrays, "a", "float32", None, 3).shape == (2, 3)
    for wrong in [
        ("b", "float32", 2, 3),
        ("a", "float64", 2, 3),
        ("a", "float32", 2),
        ("a", "float32", 2, 4),
    ]:
        with pytest.raises(IncompatibleModelError):
            take(arrays, *wrong)
