import os
import subprocess
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
import pytest

from apisentinel.errors import IncompatibleModelError, NotFittedError
from apisentinel.models import AnomalyEnsemble
from apisentinel.models.ensemble import ASKED_FIRST, CLEAR_ODDS, Ensemble, Member
from apisentinel.models.pool import PoolSettings
from apisentinel.models.training.fit import FitSettings, TrainingData, fit_ensemble

pytest.importorskip("sklearn")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NAMES = tuple(f"f{i}" for i in range(8))


def traffic(seed, rows=500):
    """Counts that hang together, a constant, a category, missing values."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(3, 1, rows)
    made = np.column_stack(
        [
            size,
            size * rng.lognormal(0, 0.2, rows),
            rng.poisson(size / 10),
            rng.normal(0, 1, rows),
            np.full(rows, 4.0),
            rng.integers(0, 4, rows),
            rng.lognormal(-9, 1, rows),
            rng.random(rows),
        ]
    )
    made[rng.random(rows) < 0.2, 7] = np.nan
    return made


def attacks(seed, rows=60):
    """Each looks usual column by column, but for its relations or one extreme."""
    made = traffic(seed, rows)
    made[::3, 1] *= 40
    made[1::3, 2] = made[1::3, 0] * 5 + 50
    made[2::3, 4] = 9
    return made


@pytest.fixture(scope="module")
def labelled():
    rows = np.concatenate([traffic(1, 900), attacks(2, 120)])
    y = np.concatenate([np.zeros(900), np.ones(120)])
    data = TrainingData(rows, NAMES, y, monotone=np.array([1, 1, 1, 0, 0, 0, 0, 0], np.int8))
    return fit_ensemble(data, FitSettings(seed=3, networks=False))


@pytest.fixture(scope="module")
def unlabelled():
    return fit_ensemble(TrainingData(traffic(1), NAMES), FitSettings(seed=3))


def test_without_labels_there_are_the_unsupervised_models_alone(unlabelled):
    assert {m.model.group for m in unlabelled.members} == {"unsupervised"}
    assert len(unlabelled.members) == 4


def test_with_labels_the_trees_join(labelled):
    names = {m.model.name for m in labelled.members if m.model.group == "supervised"}
    assert names == {"random_forest", "xgboost", "lightgbm", "gradient_boosting"}
    assert labelled.about.trained_odds == pytest.approx(np.log10(120 / 900))
    assert labelled.about.metrics["xgboost_average_precision"] > 0.8


@pytest.mark.parametrize("kind", ["labelled", "unlabelled"])
def test_attacks_score_above_usual_rows(kind, request):
    ensemble = request.getfixturevalue(kind)
    usual, odd = ensemble.score_many(traffic(11)), ensemble.score_many(attacks(12))
    assert (odd > np.quantile(usual, 0.99)).mean() > 0.9
    assert ((usual >= 0) & (usual <= 1)).all()


def test_a_row_is_judged_alone(labelled):
    rows = attacks(5, 150)
    whole = labelled.judge(rows)
    for size in (1, 7, 64):
        parts = [labelled.judge(rows[i : i + size]) for i in range(0, 150, size)]
        for field in ("log10_odds", "consensus", "confidence"):
            joined = np.concatenate([getattr(part, field) for part in parts])
            assert joined.tobytes() == getattr(whole, field).tobytes()
    assert labelled.score_many(rows[:0]).shape == (0,)


def test_screening_changes_only_rows_in_which_the_first_models_see_nothing(labelled):
    rows = np.concatenate([traffic(21, 600), attacks(22, 200)])
    screened, judged = labelled.screen(rows), labelled.judge(rows)
    asked = ~np.isnan(screened.p["lof"])
    assert 150 < asked.sum() < 500
    for field in ("log10_odds", "consensus", "confidence"):
        assert (getattr(screened, field) == getattr(judged, field))[asked].all()
    for name, votes in judged.votes.items():
        known = ~np.isnan(screened.votes[name])
        assert (screened.votes[name] == votes)[known].all()
        assert known.all() if name in ASKED_FIRST else (known == asked).all()
    assert (screened.log10_odds[~asked] < CLEAR_ODDS).all()
    assert (judged.log10_odds[~asked] < -1.0).all()


def test_a_row_is_screened_alone_and_in_full_with_the_same_odds(labelled):
    rows = np.concatenate([traffic(23, 60), attacks(24, 40)])
    whole, full = labelled.screen(rows), labelled.screen(rows, in_full=True)
    assert whole.log10_odds.tobytes() == full.log10_odds.tobytes()
    assert not any(np.isnan(votes).any() for votes in full.votes.values())
    for size in (1, 7, 64):
        parts = [labelled.screen(rows[i : i + size]) for i in range(0, 100, size)]
        joined = np.concatenate([part.log10_odds for part in parts])
        assert joined.tobytes() == whole.log10_odds.tobytes()
    assert labelled.screen(rows[:0]).log10_odds.shape == (0,)


def test_surprising_sequences_are_not_screened_away(labelled):
    rows, p = traffic(8, 3), np.array([np.nan, 0.5, 1e-8])
    screened = labelled.screen(rows, sequence_p=p)
    assert not np.isnan(screened.p["lof"][2])
    full = labelled.judge(rows, sequence_p=p).log10_odds
    assert screened.log10_odds[2] == full[2]


def test_without_labels_no_single_model_clears_a_row(unlabelled):
    rows = traffic(25, 50)
    odds = unlabelled.screen(rows).log10_odds
    assert odds.tobytes() == unlabelled.log10_odds(rows).tobytes()


def test_rows_of_float32_are_read_like_those_of_float64(unlabelled):
    rows = traffic(4).astype(np.float32)
    same = unlabelled.score_many(rows.astype(np.float64))
    assert unlabelled.score_many(rows).tobytes() == same.tobytes()


def test_blocks_do_not_show(unlabelled):
    rows = traffic(4, 5000)
    whole = unlabelled.judge(rows)
    assert whole.log10_odds[4500:].tobytes() == unlabelled.log10_odds(rows[4500:]).tobytes()
    assert {p.size for p in whole.p.values()} == {5000}


def test_an_ensemble_is_kept_as_parts(labelled):
    parts = labelled.to_parts()
    assert all(name.startswith("ensemble/") for name in parts)
    again = Ensemble.from_parts(parts)
    rows = attacks(7)
    assert again.score_many(rows).tobytes() == labelled.score_many(rows).tobytes()
    assert again.to_parts() == parts
    assert again.schema_hash == labelled.schema_hash
    assert again.feature_names == NAMES


def test_equal_seeds_give_equal_parts():
    one, two = (
        fit_ensemble(TrainingData(traffic(1, 200), NAMES), FitSettings(seed=5)).to_parts()
        for _ in range(2)
    )
    assert one == two


def test_missing_and_damaged_parts_are_refused(labelled):
    parts = labelled.to_parts()
    for name in parts:
        with pytest.raises(IncompatibleModelError):
            Ensemble.from_parts({n: c for n, c in parts.items() if n != name})
        with pytest.raises(IncompatibleModelError):
            Ensemble.from_parts({**parts, name: parts[name][: len(parts[name]) // 3]})


def test_another_table_is_refused(unlabelled):
    with pytest.raises(IncompatibleModelError):
        unlabelled.score_many(traffic(1)[:, :5])


def test_explanations_name_what_was_changed(unlabelled):
    row = traffic(21, 1)[0]
    row[4] = 9.0
    first = unlabelled.explain(row)[0]
    assert (first.feature, first.actual, first.usual) == (4, 9.0, pytest.approx(4.0))
    assert first.contribution > 0.1
    assert len(unlabelled.explain(row)) == 8


def test_many_explanations_are_those_of_each_row(labelled):
    rows = attacks(22)[:5]
    # as texts, since an unknown value (NaN) does not equal itself
    assert repr(labelled.explain_many(rows)) == repr([labelled.explain(row) for row in rows])
    assert labelled.explain_many(rows[:0]) == []


def test_votes_are_on_the_scale_of_the_score(labelled):
    votes = labelled.votes(attacks(3))
    assert set(votes) == {m.model.name for m in labelled.members}
    assert all(((v >= 0) & (v <= 1)).all() for v in votes.values())


def test_surprising_sequences_raise_the_odds(labelled):
    rows = traffic(8, 3)
    p = np.array([np.nan, 0.5, 1e-8])
    with_p, without = labelled.judge(rows, sequence_p=p).log10_odds, labelled.log10_odds(rows)
    assert with_p[2] > without[2] + 0.3


def test_a_model_without_reliability_does_not_count(labelled):
    quiet = [
        m if m.model.group == "unsupervised" else Member(m.model, m.tail, m.labels, 0.0)
        for m in labelled.members
    ]
    muted = Ensemble(labelled.about, labelled.scaling, quiet)
    assert muted.log10_odds(attacks(3)).max() <= labelled.log10_odds(attacks(3)).max()


def test_pseudo_labels_that_models_contradict_are_left_out():
    rows = np.concatenate([traffic(1, 900), attacks(2, 150)])
    y = np.concatenate([np.zeros(900), np.full(150, 0.9)])
    y[:40] = 0.9  # wrong
    ensemble = fit_ensemble(TrainingData(rows, NAMES, y), FitSettings(seed=3, networks=False))
    assert 0.02 < ensemble.about.metrics["doubted"] < 0.2
    odd, usual = ensemble.score_many(attacks(9)), ensemble.score_many(traffic(10))
    assert np.median(odd) > np.quantile(usual, 0.99)


def test_poisoned_rows_cost_little():
    poison = traffic(30, 30)
    poison[:, 4] = 9
    rows = np.concatenate([traffic(1, 600), poison])
    ensemble = fit_ensemble(TrainingData(rows, NAMES), FitSettings(seed=3))
    assert ensemble.about.metrics["left_out"] > 0.03
    usual = ensemble.score_many(traffic(11))
    assert (ensemble.score_many(attacks(12)) > np.quantile(usual, 0.99)).mean() > 0.85


def test_memory_is_bounded_by_the_rows_that_are_learned_from():
    data = TrainingData(traffic(1, 2000), NAMES, np.r_[np.ones(50), np.zeros(1950)])
    settings = FitSettings(seed=3, max_rows=300, networks=False)
    ensemble = fit_ensemble(data, settings)
    assert ensemble.about.rows == 250


def test_anomaly_ensemble_fits_plain_tables():
    model = AnomalyEnsemble(seed=7)
    with pytest.raises(NotFittedError):
        model.score_many(traffic(1))
    model.fit(traffic(1).tolist())
    scores = model.score_many(attacks(2))
    assert scores.shape == (60,)
    assert set(model.votes(attacks(2))) >= {"isolation_forest", "one_class_svm", "lof"}
    assert model.explain(attacks(2)[2])[0].feature == 4
    again = AnomalyEnsemble(seed=7).fit(traffic(1)).score_many(attacks(2))
    assert again.tobytes() == scores.tobytes()


def test_anomaly_ensemble_refuses_what_it_cannot_learn_from():
    with pytest.raises(ValueError, match="too few"):
        AnomalyEnsemble().fit(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="columns"):
        AnomalyEnsemble().fit(np.zeros(30))
    with pytest.raises(ValueError, match="labels"):
        AnomalyEnsemble().fit(traffic(1), [1, 0])


@pytest.mark.parametrize("rows", [np.zeros((40, 3)), np.full((40, 2), np.nan), np.eye(30)])
def test_degenerate_tables_have_scores(rows):
    scores = AnomalyEnsemble(seed=1).fit(rows).score_many(rows + 1)
    assert np.isfinite(scores).all()


def test_few_alone_raise_few_alerts(unlabelled):
    given = Ensemble(
        unlabelled.about.__class__(
            feature_names=NAMES, rows=500, pool=PoolSettings(absent_at_prior=False)
        ),
        unlabelled.scaling,
        unlabelled.members,
    )
    assert (given.log10_odds(attacks(2)) >= unlabelled.log10_odds(attacks(2)) - 1e-9).all()


def test_scoring_imports_no_training_library(unlabelled, tmp_path):
    for name, content in unlabelled.to_parts().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    code = f"""
import sys, pathlib, numpy as np
from apisentinel.models.ensemble import Ensemble
root = pathlib.Path({str(tmp_path)!r})
parts = {{p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*.*")}}
Ensemble.from_parts(parts).score_many(np.ones((5, 8)))
bad = {{"sklearn", "scipy", "xgboost", "lightgbm", "keras", "jax", "optuna"}} & set(sys.modules)
sys.exit(str(sorted(bad)) if bad else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
