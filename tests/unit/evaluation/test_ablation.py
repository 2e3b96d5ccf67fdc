"""Worlds give labelled ticks, and taking models away is measured on them."""

import numpy as np
import pytest

from apisentinel.evaluation.ablation import found_campaigns, strongest, variants, without, worth_of
from apisentinel.evaluation.worlds import (
    BEHAVIOUR,
    CONTENT_TYPES,
    KIND_BOUND,
    SITE_BOUND,
    World,
    WorldTicks,
    ticks_of,
    training_data,
)
from apisentinel.features.catalogue import INDEX, NAMES
from apisentinel.features.tick_record import TICK
from apisentinel.pipeline.learned import prior_ensemble
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.taxonomy import AttackType

SMALL = World("train", hours=0.5, rate=1.0)


@pytest.fixture(scope="module")
def small() -> WorldTicks:
    return ticks_of(SMALL, 31)


def test_a_world_is_of_its_seed_and_knows_who_attacks(small: WorldTicks) -> None:
    again = ticks_of(SMALL, 31)
    assert again.features.tobytes() == small.features.tobytes()
    assert (again.campaign == small.campaign).all()
    assert small.features.shape == (len(small.rows), len(NAMES))
    assert 0 < (small.campaign >= 0).sum() < len(small.rows)
    assert small.campaign.max() < len(small.types) == len(small.variants)


def test_a_stripped_world_has_no_users_and_no_durations(small: WorldTicks) -> None:
    bare = ticks_of(SMALL._replace(stripped=True), 31)
    assert set(np.unique(small.rows["kind"]).tolist()) > {1}
    assert np.isnan(bare.features[:, INDEX["response_time"]]).all()
    assert np.nanmax(bare.features[:, INDEX["user_share"]]) == 0.0


def test_what_is_learned_for_all_sites_is_not_bound_to_one() -> None:
    data, counts = training_data([SMALL, SMALL], 31)
    assert len(data.table) == sum(counts)
    assert np.isnan(data.table[:, INDEX["gap"]]).all()
    assert not np.isnan(data.table[:, INDEX["gap_longest"]]).all()
    for name in (*SITE_BOUND, *KIND_BOUND, "marked_share"):
        assert np.isnan(data.table[:, INDEX[name]]).all()
    against = data.table[:, INDEX["gap_spread_site"]]
    assert np.isnan(against).any()
    assert np.isfinite(against).any()
    assert data.groups is not None
    first, second = np.split(data.groups, [counts[0]])
    assert not set(first.tolist()) & set(second.tolist())
    assert data.sessions is not None
    assert data.sessions.offsets[-1] == len(data.sessions.tokens)


def test_contents_are_left_to_rules() -> None:
    assert AttackType.SQLI in CONTENT_TYPES
    assert AttackType.SCRAPING not in CONTENT_TYPES
    assert "scraping" in BEHAVIOUR.split(",")
    assert "sqli" not in BEHAVIOUR.split(",")


def test_a_campaign_is_found_when_one_tick_stands_out() -> None:
    rows = np.zeros(6, TICK)
    rows["key"] = [1, 1, 2, 7, 8, 8]
    campaign = np.array([-1, -1, -1, 0, 1, 1])
    world = WorldTicks(
        np.zeros((6, len(NAMES)), np.float32), rows, campaign,
        (AttackType.SCRAPING, AttackType.BOLA), ("burst", "mimic"), 50_000,
        np.zeros(0, np.int32), np.zeros(1, np.int64),
    )  # fmt: skip
    odds = np.array([-3.0, -1.0, -2.0, -1.5, -4.0, -0.5])
    assert list(found_campaigns(world, odds)) == [("burst", False), ("mimic", True)]
    more = world._replace(benign=100_000)  # one honest entity may be above
    assert list(found_campaigns(more, odds)) == [("burst", True), ("mimic", True)]
    assert strongest(rows["key"], odds, campaign < 0) == {1: -1.0, 2: -2.0}


def test_every_model_can_be_taken_away_from_the_prior(small: WorldTicks) -> None:
    prior = prior_ensemble(ScanSettings())
    assert prior is not None
    names = [member.model.name for member in prior.members]
    told = dict(variants(prior))
    assert {f"without {name}" for name in names} <= set(told)
    assert without(prior, names) is None
    whole = worth_of(prior, [small])
    alone = worth_of(told["the unsupervised group alone"], [small])
    assert whole.precision > alone.precision > 0
    assert 0 <= whole.error <= 1
