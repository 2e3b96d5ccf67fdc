import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.models.pool import Opinion, PoolSettings, pool
from apisentinel.models.voting import VotingEnsemble, VotingSettings

UNSUPERVISED = ("isolation_forest", "one_class_svm", "lof", "mahalanobis")
SUPERVISED = ("random_forest", "xgboost", "lightgbm", "gradient_boosting")
P = st.floats(1e-8, 1.0)
ODDS = st.floats(-6, 4)


def opinions(p, odds=None, network=None, reliability=1.0):
    made = [
        Opinion(name, "unsupervised", np.array([value]), None)
        for name, value in zip(UNSUPERVISED, p, strict=True)
    ]
    if odds is not None:
        made += [
            Opinion(name, "supervised", np.array([0.5]), np.array([value]), reliability)
            for name, value in zip(SUPERVISED, odds, strict=True)
        ]
    if network is not None:
        made.append(Opinion("dnn", "neural", np.array([0.5]), np.array([network])))
    return made


def odds_of(*args, **kwargs):
    return float(pool(opinions(*args, **kwargs), PoolSettings()).log10_odds[0])


def test_usual_rows_stay_below_medium():
    rng = np.random.default_rng(3)
    made = [Opinion(name, "unsupervised", rng.random(100_000), None) for name in UNSUPERVISED]
    risk = 50 + 12.5 * pool(made, PoolSettings()).log10_odds
    assert (risk >= 40).mean() <= 1e-5


def test_one_model_alone_is_worth_a_look_and_no_alert():
    risk = 50 + 12.5 * odds_of([1e-8, 0.3, 0.4, 0.5], [-3] * 4, -3)
    assert 20 < risk < 40


def test_what_two_models_are_sure_of_is_not_outvoted():
    quiet = [-3.5] * 4
    alone = -3 + 0.9 * 6
    assert odds_of([1e-8] * 4) == pytest.approx(alone - 0.7, abs=0.1)
    assert odds_of([1e-8] * 4, quiet, -3.5) == pytest.approx(alone - 0.7, abs=0.1)
    assert odds_of([1e-8, 0.5, 0.5, 0.5], quiet, -3.5) < alone - 1.5


def test_a_reliable_known_attack_is_not_outvoted():
    assert odds_of([0.005, 0.5, 0.5, 0.5], [2.0] * 4, -4.0) >= 2.0 - 0.7 - 1e-9
    assert odds_of([0.5] * 4, [2.0] * 4, -4.0) < 1.0
    assert odds_of([0.005, 0.5, 0.5, 0.5], [2.0] * 4, -4.0, reliability=0.5) < 1.3


@given(st.lists(P, min_size=4, max_size=4), st.lists(ODDS, min_size=4, max_size=4), ODDS)
def test_more_evidence_never_lowers_the_odds(p, odds, network):
    before = odds_of(p, odds, network)
    stronger = [max(p[0] / 10, 1e-8), *p[1:]]
    assert odds_of(stronger, odds, network) >= before - 1e-9
    assert odds_of(p, [odds[0] + 1, *odds[1:]], network) >= before - 1e-9
    assert odds_of(p, odds, network + 1) >= before - 1e-9


def test_a_model_without_reliability_says_nothing():
    quiet = odds_of([1e-3] * 4, [3.0] * 4, reliability=0.0)
    assert quiet == pytest.approx(odds_of([1e-3] * 4))


def test_absent_groups_count_as_quiet_ones_unless_their_share_is_given_away():
    made = opinions([1e-3] * 4)
    kept = pool(made, PoolSettings()).log10_odds[0]
    given = pool(made, PoolSettings(absent_at_prior=False)).log10_odds[0]
    assert kept == pytest.approx(0.35 * given + 0.65 * -3)


def test_consensus_is_the_share_of_models_that_find_a_row_unusual():
    judged = pool(opinions([1e-3, 1e-4, 0.5, 0.5]), PoolSettings())
    assert judged.consensus.tolist() == [0.5]


def test_confidence_falls_with_missing_groups_little_knowledge_and_discord():
    def confidence(made, known=np.inf):
        return float(pool(made, PoolSettings(), known=known).confidence[0])

    full = confidence(opinions([0.5] * 4, [-3] * 4, -3))
    assert full > 90
    assert confidence(opinions([0.5] * 4)) == pytest.approx(35, abs=2)
    assert confidence(opinions([0.5] * 4, [-3] * 4, -3), known=200) == pytest.approx(full / 2)
    assert confidence(opinions([1e-8, 0.5, 1e-8, 0.5], [-3] * 4, 2)) < full / 2


def test_nobody_has_no_opinion():
    with pytest.raises(ValueError, match="no opinions"):
        pool([], PoolSettings())


GROUPS = {"lof": "unsupervised", "xgboost": "supervised", "dnn": "neural"}


def test_a_vote_is_weighted_by_group_and_has_a_band():
    voting = VotingEnsemble(GROUPS)
    votes = {
        "lof": np.array([1.0, 0.0]),
        "xgboost": np.array([1.0, 0.9]),
        "dnn": np.array([1.0, 0]),
    }
    vote = voting.vote(votes)
    np.testing.assert_allclose(vote.percent, [100, 45])
    assert vote.band.tolist() == [3, 1]


def test_bands_begin_at_40_60_and_80():
    scores = np.array([0.39, 0.40, 0.59, 0.60, 0.79, 0.80])
    assert VotingEnsemble(GROUPS).vote({"lof": scores}).band.tolist() == [0, 1, 1, 2, 2, 3]


def test_shares_and_bands_are_settings():
    voting = VotingEnsemble(
        GROUPS, VotingSettings(unsupervised=1, supervised=0, neural=0, medium=10)
    )
    vote = voting.vote({"lof": np.array([0.2]), "xgboost": np.array([1.0])})
    assert (vote.percent[0], vote.band[0]) == (pytest.approx(20), 1)
    with pytest.raises(ValueError, match="share"):
        voting.vote({"xgboost": np.array([1.0])})
    for wrong in ({"unsupervised": -1}, {"medium": 70}):
        with pytest.raises(ValueError, match="vote"):
            VotingSettings(**wrong)
