"""Bundles come in proved, one judges, and the way back is kept."""

import msgspec
import pytest

from apisentinel.errors import ModelError, UntrustedModelError
from apisentinel.models.bundle import write_bundle
from apisentinel.models.trust import Signer, TrustStore
from apisentinel.pipeline import registry as registries
from apisentinel.pipeline.registry import Registry, differences


class Ticking:
    def __init__(self):
        self.time = 1_000_000

    def now(self):
        self.time += 1_000_000
        return self.time


@pytest.fixture
def made(tmp_path):
    signer = Signer.load(tmp_path / "keys")

    def make(name, **about):
        folder = tmp_path / name
        write_bundle(folder, {"x.json": name.encode()}, about, signer, "2026-01-01T00:00:00Z")
        return folder

    return make


@pytest.fixture
def tried():
    return []


@pytest.fixture
def registry(tmp_path, tried):
    def check(folder):
        tried.append(folder)
        if "bad" in folder.name:
            raise ModelError("cannot be used")

    keys = tmp_path / "keys"
    return Registry(tmp_path / "data" / "models", lambda: TrustStore.load(keys), Ticking(), check)


def states(registry):
    return {entry.id: entry.state for entry in registry.read().entries}


def test_nothing_is_there_at_first(registry):
    assert registry.read().entries == ()
    assert registry.active() is None
    assert registry.stamp() == (0, 0)
    with pytest.raises(ModelError, match="no bundle"):
        registry.entry("")
    with pytest.raises(ModelError, match="nothing to go back"):
        registry.rollback("me")


def test_a_bundle_comes_in_as_a_candidate_after_it_was_tried(registry, made, tried):
    source = made("one")
    entry = registry.add(source, "me")
    assert (entry.state, entry.added_by, entry.signed_by) == (
        "candidate",
        "me",
        "this installation",
    )
    assert tried == [source]
    assert registry.bundle(entry).parts == {"x.json": b"one"}
    assert registry.add(source, "you") == entry
    with pytest.raises(ModelError, match="cannot be used"):
        registry.add(made("bad"), "me")
    assert len(registry.read().entries) == 1


def test_one_judges_and_the_way_back_is_known(registry, made):
    one, two, three = (registry.add(made(name), "me").id for name in ("one", "two", "three"))
    registry.activate(one, "me", "first")
    registry.activate(two[:6], "me")
    registry.shadow(three, "me")
    assert states(registry) == {one: "retired", two: "active", three: "shadow"}
    assert registry.active().name == two
    assert registry.rollback("you").id == one
    assert states(registry) == {one: "active", two: "retired", three: "shadow"}
    assert registry.rollback("you").id == two
    registry.activate(three, "me")
    assert states(registry) == {one: "retired", two: "retired", three: "active"}
    assert [step.by for step in registry.read().history][:3] == ["me"] * 3
    assert registry.read().history[3].why == "first"


def test_behind_the_first_is_what_comes_with_the_product(registry, made):
    one = registry.add(made("one"), "me").id
    registry.activate(one, "me")
    assert registry.rollback("me") is None
    assert registry.active() is None


def test_a_new_shadow_makes_the_old_one_a_candidate_again(registry, made):
    one, two = (registry.add(made(name), "me").id for name in ("one", "two"))
    registry.shadow(one, "me")
    registry.shadow(two, "me")
    assert states(registry) == {one: "candidate", two: "shadow"}
    registry.activate(one, "me")
    with pytest.raises(ModelError, match="its own shadow"):
        registry.shadow(one, "me")


def test_what_judges_is_not_removed(registry, made):
    one = registry.add(made("one"), "me").id
    registry.activate(one, "me")
    with pytest.raises(ModelError, match="retire it first"):
        registry.remove(one, "me")
    registry.retire(one, "me")
    registry.remove(one, "me")
    assert not (registry.folder / one).exists()
    assert states(registry) == {}


def test_a_changed_bundle_no_longer_judges(registry, made):
    entry = registry.add(made("one"), "me")
    (registry.place(entry) / "x.json").write_bytes(b"two")
    with pytest.raises(UntrustedModelError):
        registry.bundle(entry)


def test_the_oldest_retired_bundle_gives_way(registry, made, monkeypatch):
    monkeypatch.setattr(registries, "MAX_BUNDLES", 3)
    names = [registry.add(made(name), "me").id for name in ("one", "two", "three")]
    registry.activate(names[0], "me")
    registry.activate(names[1], "me")
    four = registry.add(made("four"), "me").id
    assert states(registry).keys() == {names[1], names[2], four}
    assert not (registry.folder / names[0]).exists()


def test_a_damaged_state_says_what_to_do(registry, made):
    registry.add(made("one"), "me")
    before = registry.stamp()
    (registry.folder / "registry.json").write_bytes(b'{"version":')
    assert registry.stamp() != before
    with pytest.raises(ModelError, match="damaged"):
        registry.read()


def test_the_history_is_bounded(registry, made, monkeypatch):
    monkeypatch.setattr(registries, "MAX_HISTORY", 4)
    one = registry.add(made("one"), "me").id
    for _ in range(6):
        registry.activate(one, "me")
    assert len(registry.read().history) == 4
    assert registry.rollback("me") is None
    assert msgspec.json.decode((registry.folder / "registry.json").read_bytes())["version"] == 1


def test_differences_are_named_in_full(registry, made):
    one = registry.bundle(registry.add(made("one", seed=1, learned={"a": {"n": 1}}), "me"))
    two = registry.bundle(registry.add(made("two", seed=1, learned={"a": {"n": 2}, "b": 3}), "me"))
    assert differences(one, two) == {"learned.a.n": (1, 2), "learned.b": (None, 3)}
