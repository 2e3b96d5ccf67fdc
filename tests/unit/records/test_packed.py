"""Entries that are kept packed are written as if all of them were packed anew."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.records.packed import Packed

STEPS = st.lists(
    st.tuples(st.sampled_from(("put", "drop", "some", "array")), st.integers(0, 6)), max_size=60
)


@given(STEPS)
def test_entries_are_written_as_they_are_whatever_was_packed_before(
    steps: list[tuple[str, int]],
) -> None:
    entries: dict[int, list[int]] = {}
    packed: Packed[int, list[int]] = Packed(lambda key, entry: (key, *entry))
    for number, (what, key) in enumerate(steps):
        if what == "put":
            entries.setdefault(key, []).append(number)
            packed.touched.add(key)
        elif what == "drop":
            entries.pop(key, None)
        elif what == "some":
            before = len(packed.touched)
            assert packed.some(entries, key) == max(0, before - key)
        else:
            whole = [(key, *entry) for key, entry in entries.items()]
            assert msgspec.msgpack.decode(packed.array(entries)) == [list(e) for e in whole]
            assert packed.packed.keys() == entries.keys()
            assert not packed.touched


def test_what_has_not_changed_is_not_packed_again() -> None:
    asked: list[str] = []

    def form(key: str, entry: int) -> int:
        asked.append(key)
        return entry

    packed = Packed(form)
    entries = {"a": 1, "b": 2}
    packed.touched.update(entries)
    packed.array(entries)
    entries["b"] = 3
    packed.touched.add("b")
    assert msgspec.msgpack.decode(packed.array(entries)) == [1, 3]
    assert sorted(asked) == ["a", "b", "b"]
