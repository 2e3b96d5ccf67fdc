"""The payload model: our inference equals LightGBM's, parts come back, damage is refused."""

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.detectors.payload.features import (
    GRAM_NAMES,
    GRAMS_AT,
    N_RULES,
    N_SHAPE,
    NAMES,
    gram_sums,
    grams_of,
)
from apisentinel.detectors.payload.fields import Value
from apisentinel.detectors.payload.findings import FIRM, Finding
from apisentinel.detectors.payload.gram_kernel import N_STATS
from apisentinel.detectors.payload.judge import look
from apisentinel.detectors.payload.learned import LEAST, MOST, TREES_PART, ModelAlone, PayloadModel
from apisentinel.detectors.payload.opinion import Looked
from apisentinel.errors import IncompatibleModelError, UntrustedModelError
from apisentinel.evaluation.payload_examples import Recipe, examples, words_of
from apisentinel.evaluation.payload_training import fit
from apisentinel.models.bundle import read_bundle, write_bundle
from apisentinel.models.training.libraries import library
from apisentinel.models.trust import Signer, TrustStore, write_public
from apisentinel.records.taxonomy import AttackType

pytest.importorskip("lightgbm")

SMALL = Recipe(seed=7, attacks=900, honest=900, texts=0, trees=24, leaves=7)


@pytest.fixture(scope="module")
def data():
    return examples(SMALL, [(0, b"please order by the red lamp or a chair"), (0, b"<b>it's</b>")])


@pytest.fixture(scope="module")
def model(data):
    return fit(data, SMALL)[0]


def test_columns_are_where_their_names_say():
    assert len(NAMES) == len(set(NAMES))
    assert N_RULES + N_SHAPE + N_STATS == GRAMS_AT == len(NAMES) - len(GRAM_NAMES)


def test_trees_give_what_lightgbm_gives(data, model):
    lightgbm = library("lightgbm")
    rows = data.rows[:400].copy()
    rows[:, GRAMS_AT:] = np.random.default_rng(1).normal(size=(400, len(GRAM_NAMES)))
    theirs = lightgbm.Booster(model_str=model.trees.decode()).predict(rows, raw_score=True)
    assert np.abs(model.margin(rows) - theirs).max() <= 1e-6


def test_equal_recipes_give_equal_models(data, model):
    again = fit(data, SMALL)[0]
    assert again.to_parts() == model.to_parts()


def test_parts_come_back(model):
    again = PayloadModel.from_parts(model.to_parts())
    for text in (b"1' or sleep(5)--", b"it's a table", b"<svg onload=x>"):
        value, _, looked = look(Value("query q", text))
        assert again.llr(value, looked) == model.llr(value, looked)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=900), st.text(max_size=300).map(str.encode)))
def test_one_value_has_the_odds_of_its_row(model, text):
    value, _, looked = look(Value("query q", text))
    row = model.row(value, looked)[None, :]
    assert model.llr(value, looked) == model.offset + model.slope * float(model.margin(row)[0])


def test_attacks_are_likelier_than_honest_values(model):
    told = {}
    for text in (b"zz' rlike (select 1 from users)-- ", b"the lamp's light is 'new' or old"):
        value, _, looked = look(Value("query q", text))
        told[text] = model.llr(value, Looked(looked.plain, (), 0, 0))
    hostile, honest = told.values()
    assert hostile > honest


def test_the_pool_stays_in_its_bounds_and_leaves_firm_findings(model):
    value = Value("query q", b"x")
    for raw in (0.5, 3.0, 5.0, FIRM, 12.0):
        found = Finding(AttackType.SQLI, raw, raw, ("rule",), "query q", "x", 0)
        (left,) = model.findings(value, Looked(b"select a chair from the list", (found,), 0, 0))
        assert raw + LEAST <= left.raw_llr <= raw + MOST
        if raw >= FIRM:
            assert left == found
    assert model.findings(value, Looked(b"x", (), 0, 0)) == []


def test_the_model_alone_names_a_type(model):
    detector = ModelAlone(model)
    value, _, looked = look(Value("query q", b"1' union select password from users where '1'='1"))
    (found,) = detector.findings(value, looked)
    assert found.attack_type in set(AttackType)
    assert PayloadDetector(detector) is not None


def test_ngrams_are_those_of_the_text():
    stats = np.empty(N_STATS, np.float32)
    known = np.zeros(1 << 16, np.uint8)
    for word in words_of(b"union select"):
        known[word & 0xFFFF] = 1
    grams = grams_of(b"union select 1", known, stats)
    assert grams.token_places == 3
    same = grams_of(b"union select 2", known, np.empty(N_STATS, np.float32))
    assert (grams.tokens == same.tokens).all()  # numbers are one token
    assert (grams.chars != same.chars).any()
    other = grams_of(b"union zelect 1", known, np.empty(N_STATS, np.float32))
    assert (grams.tokens != other.tokens).any()


@pytest.mark.parametrize("window", ["one stretch", "everything"])
def test_sums_equal_a_plain_computation(window):
    dice = np.random.default_rng(3)
    chars = dice.normal(size=1 << 10).astype(np.float32)
    tokens = dice.normal(size=1 << 10).astype(np.float32)
    text = b"1' or sleep(5)--" * (1 if window == "everything" else 8)
    grams = grams_of(text, np.ones(2, np.uint8), np.empty(N_STATS, np.float32))
    out = np.zeros(4, np.float32)
    gram_sums(grams, chars, tokens, out)
    ids = grams.chars[grams.chars >= 0] & 1023
    assert out[0] == pytest.approx(chars[ids].sum() / np.sqrt(ids.size), rel=1e-3, abs=1e-3)
    places = grams.chars.reshape(-1, 3)
    sums = np.where(places >= 0, chars[places & 1023], 0.0).sum(axis=1)
    wide = min(24, len(sums))
    best = max(sums[i : i + wide].sum() for i in range(len(sums) - wide + 1))
    assert out[1] == pytest.approx(best / np.sqrt(3 * wide), rel=1e-3, abs=1e-3)


def test_a_changed_bundle_is_refused(tmp_path, model):
    signer = Signer(Ed25519PrivateKey.generate())
    folder = tmp_path / "payload"
    write_bundle(folder, model.to_parts(), {}, signer, "2026-01-01T00:00:00+00:00")
    write_public(tmp_path / "payload.pub", signer.public)
    trust = TrustStore.load(tmp_path)
    assert PayloadModel.from_parts(read_bundle(folder, trust).parts).trees == model.trees
    part = folder / TREES_PART
    part.write_bytes(part.read_bytes().replace(b"leaf_value=", b"leaf_value=9 ", 1))
    with pytest.raises(UntrustedModelError):
        read_bundle(folder, trust)


@pytest.mark.parametrize("harm", ["columns", "table", "missing"])
def test_a_model_that_does_not_fit_is_refused(model, harm):
    arrays = dict(model.arrays)
    trees = model.trees
    if harm == "columns":
        last = f"max_feature_idx={len(NAMES) - 1}".encode()
        trees = trees.replace(last, f"max_feature_idx={len(NAMES)}".encode())
    elif harm == "table":
        arrays["chars"] = arrays["chars"][:-1]
    else:
        del arrays["families"]
    with pytest.raises(IncompatibleModelError):
        PayloadModel(trees, arrays)
