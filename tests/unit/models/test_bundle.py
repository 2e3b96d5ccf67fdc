"""A bundle is read as it was written, or refused."""

import random
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apisentinel.errors import IncompatibleModelError, ModelError, UntrustedModelError
from apisentinel.models import bundle as bundles
from apisentinel.models.bundle import read_bundle, write_bundle
from apisentinel.models.trust import OWN, Signer, TrustStore, write_public

WHEN = "2026-01-01T00:00:00Z"
PARTS = {"profile/endpoints.safetensors": b"\x01\x02" * 300, "about.json": b"{}", "empty.txt": b""}
ABOUT = {"trained_on": 12, "metrics": {"auc": 0.5}}


@pytest.fixture
def signer(tmp_path):
    return Signer.load(tmp_path / "keys")


@pytest.fixture
def trust(tmp_path, signer):
    return TrustStore.load(tmp_path / "keys")


@pytest.fixture
def folder(tmp_path, signer):
    place = tmp_path / "bundle"
    write_bundle(place, PARTS, ABOUT, signer, WHEN)
    return place


def test_it_comes_back_as_it_was_written(folder, trust):
    bundle = read_bundle(folder, trust)
    assert bundle.parts == PARTS
    assert bundle.manifest.about == ABOUT
    assert (bundle.signed_by, bundle.signed_at) == (OWN, WHEN)


def test_equal_content_gives_equal_bytes_apart_from_the_signature(folder, tmp_path, signer, trust):
    other = tmp_path / "other"
    turned = dict(reversed(PARTS.items()))
    assert write_bundle(other, turned, ABOUT, signer, "2027-05-05T05:05:05Z") == (
        read_bundle(folder, trust).id
    )
    for path in folder.rglob("*"):
        if path.is_file() and path.name != bundles.SIGNATURE:
            assert path.read_bytes() == (other / path.relative_to(folder)).read_bytes()


def test_a_bundle_replaces_an_older_one_and_nothing_else(folder, signer, trust, tmp_path):
    write_bundle(folder, {"new.json": b"[]"}, {}, signer, WHEN)
    assert read_bundle(folder, trust).parts == {"new.json": b"[]"}
    assert not (folder / "about.json").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "keys"]
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    with pytest.raises(ModelError, match="no bundle"):
        write_bundle(precious, PARTS, ABOUT, signer, WHEN)
    assert (precious / "thesis.txt").read_text() == "years of work"


def mutate(folder: Path, rng: random.Random) -> None:
    """Changes, cuts, lengthens or removes one file, or swaps two."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = rng.choice(files)
    data = bytearray(path.read_bytes())
    match rng.randrange(5):
        case 0 if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            path.write_bytes(data)
        case 1 if data:
            path.write_bytes(data[: rng.randrange(len(data))])
        case 2:
            path.write_bytes(data + rng.randbytes(rng.randrange(1, 9)))
        case 3:
            path.unlink()
        case _:
            other = rng.choice([item for item in files if item.read_bytes() != bytes(data)])
            path.write_bytes(other.read_bytes())
            other.write_bytes(data)


def test_every_one_of_a_thousand_mutations_is_refused(folder, trust, tmp_path):
    rng = random.Random(7)
    place = tmp_path / "mutant"
    for _ in range(1_000):
        shutil.copytree(folder, place)
        mutate(place, rng)
        with pytest.raises(ModelError):
            read_bundle(place, trust)
        shutil.rmtree(place)


def test_a_foreign_bundle_is_refused_until_its_key_is_trusted(folder, tmp_path):
    other = tmp_path / "elsewhere"
    signer = Signer.load(other)
    place = tmp_path / "foreign"
    write_bundle(place, PARTS, ABOUT, signer, WHEN)
    with pytest.raises(UntrustedModelError, match="not trusted"):
        read_bundle(place, TrustStore.load(tmp_path / "keys"))
    write_public(tmp_path / "keys" / "colleague.pub", signer.public)
    assert read_bundle(place, TrustStore.load(tmp_path / "keys")).signed_by == "colleague"


def test_a_stolen_key_in_the_signature_does_not_help(folder, tmp_path, trust, signer):
    """Claiming a trusted key without being able to sign with it."""
    forger = Signer(Ed25519PrivateKey.generate())
    forger.public = signer.public
    place = tmp_path / "forged"
    write_bundle(place, PARTS, ABOUT, forger, WHEN)
    with pytest.raises(UntrustedModelError, match="changed"):
        read_bundle(place, trust)


@pytest.mark.parametrize(
    "name", ["", "../x", "/x", "a//b", "a/../b", ".x", "a/.x", "A", "a b", "manifest.json", "x\n"]
)
def test_names_stay_inside_the_folder(tmp_path, signer, name):
    with pytest.raises(ModelError, match="no name"):
        write_bundle(tmp_path / "bad", {name: b""}, {}, signer, WHEN)
    assert not (tmp_path / "bad").exists()


def test_links_and_large_files_are_not_read(folder, trust, tmp_path):
    part = folder / "about.json"
    part.unlink()
    part.symlink_to("/dev/zero")
    with pytest.raises(UntrustedModelError):
        read_bundle(folder, trust)
    (folder / bundles.MANIFEST).unlink()
    (folder / bundles.MANIFEST).symlink_to("/dev/zero")
    with pytest.raises(UntrustedModelError):
        read_bundle(folder, trust)


def test_even_a_trusted_signer_may_not_ask_for_everything(tmp_path, signer, trust, monkeypatch):
    place = tmp_path / "greedy"
    write_bundle(place, PARTS, ABOUT, signer, WHEN)
    monkeypatch.setattr(bundles, "MAX_PART", 100)
    with pytest.raises(UntrustedModelError, match="larger parts"):
        read_bundle(place, trust)
    with pytest.raises(ModelError, match="more than"):
        write_bundle(tmp_path / "again", PARTS, ABOUT, signer, WHEN)


def test_another_layout_says_what_to_do(tmp_path, signer, trust, monkeypatch):
    place = tmp_path / "old"
    monkeypatch.setattr(bundles, "FORMAT", 0)
    write_bundle(place, PARTS, ABOUT, signer, WHEN)
    monkeypatch.undo()
    with pytest.raises(IncompatibleModelError, match="train it again"):
        read_bundle(place, trust)


def test_the_private_key_is_the_owner_s_alone(tmp_path):
    folder = tmp_path / "keys"
    first = Signer.load(folder)
    key = folder / "signing.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert Signer.load(folder).public == first.public
    key.chmod(0o644)
    with pytest.raises(ModelError, match="others may read"):
        Signer.load(folder)
    key.chmod(0o600)
    key.write_text("bm8ga2V5\n")
    with pytest.raises(ModelError, match="no Ed25519 key"):
        Signer.load(folder)
