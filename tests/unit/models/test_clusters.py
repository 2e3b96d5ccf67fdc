"""Groups of entities: our inference is DBSCAN's, whatever rows stand beside a row."""

import numpy as np
import pytest

from apisentinel.detectors.anomaly.detector import NO_CLUSTER as SAID_NO_CLUSTER
from apisentinel.detectors.anomaly.detector import group_factors
from apisentinel.errors import IncompatibleModelError
from apisentinel.features import catalogue
from apisentinel.models.arrays import pack_arrays, unpack_arrays
from apisentinel.models.clusters import (
    CLUSTER_FEATURE,
    NO_CLUSTER,
    BehaviourClusters,
    Nearest,
)
from apisentinel.models.ensemble import Ensemble
from apisentinel.models.training import clusters as training
from apisentinel.models.training.clusters import fit_clusters
from apisentinel.models.training.fit import FitSettings, TrainingData, fit_ensemble

pytest.importorskip("sklearn")

CENTRES = np.array([[0, 0, 0, 0], [8, 8, 0, 0], [0, 0, -8, 8]], np.float64)


def three_groups(seed: int = 1, each: int = 120) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = np.concatenate([centre + rng.normal(0, 0.5, (each, 4)) for centre in CENTRES])
    rows[rng.random(rows.shape) < 0.02] = np.nan
    return np.ascontiguousarray(rows, np.float32)


def fitted(rows: np.ndarray) -> BehaviourClusters:
    made = fit_clusters(rows, np.arange(len(rows)), seed=3)
    assert made is not None
    return made


def test_groups_are_found_and_what_is_far_from_all_is_in_none() -> None:
    made = fitted(three_groups())
    assert made.count == 3
    found = made.nearest(np.ascontiguousarray(CENTRES, np.float32))
    assert len(set(found.cluster.tolist())) == 3
    assert (found.distance < 1).all()
    alone = made.nearest(np.full((1, 4), 30, np.float32))
    assert alone.cluster.tolist() == [NO_CLUSTER]
    assert alone.distance[0] > 3


def test_core_points_are_in_the_group_that_the_library_gave_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "POINTS", 1_000)
    cluster = pytest.importorskip("sklearn.cluster")
    rows = np.nan_to_num(three_groups())
    made = fitted(rows)
    library = cluster.DBSCAN(eps=made.reach, min_samples=training.NEIGHBOURS).fit(rows)
    core = library.core_sample_indices_
    found = made.nearest(rows)
    assert (found.cluster[core] == library.labels_[core]).all()
    assert (found.distance[core] == 0).all()
    noise = library.labels_ == -1
    assert (found.cluster[noise] == NO_CLUSTER).all()


def test_distances_equal_those_of_a_naive_search() -> None:
    made = fitted(three_groups())
    rows = np.nan_to_num(three_groups(seed=5))
    gaps = np.linalg.norm(rows[:, None].astype(np.float64) - made.points[None], axis=2)
    assert made.nearest(rows).distance == pytest.approx(gaps.min(axis=1) / made.reach, abs=1e-6)


def test_a_row_stands_where_it_stands_whoever_is_beside_it() -> None:
    made, rows = fitted(three_groups()), three_groups(seed=7)
    whole = made.nearest(rows)
    for i in (0, 5, 200):
        one = made.nearest(rows[i : i + 1])
        assert one.distance.tobytes() == whole.distance[i : i + 1].tobytes()
        assert one.cluster[0] == whole.cluster[i]
    assert made.nearest(rows[:0]).cluster.size == 0


def test_groups_are_kept_and_damaged_ones_refused() -> None:
    made, rows = fitted(three_groups()), three_groups(seed=7)
    parts = made.to_parts()
    again = BehaviourClusters.from_parts(parts)
    assert again.nearest(rows).distance.tobytes() == made.nearest(rows).distance.tobytes()
    ((name, content),) = parts.items()
    for key, value in (("reach", np.array([0.0])), ("clusters", made.clusters - np.int32(5))):
        broken = unpack_arrays(content) | {key: value}
        with pytest.raises(IncompatibleModelError):
            BehaviourClusters.from_parts({name: pack_arrays(broken)})


def test_a_few_rows_make_no_groups_and_nobody_makes_one_alone() -> None:
    assert fit_clusters(three_groups(each=5), np.arange(15), seed=1) is None
    rows = np.concatenate([three_groups(), np.tile(CENTRES[:1] + 40, (training.ROWS, 1))])
    groups = np.concatenate([np.arange(360), np.full(training.ROWS, 999)])
    made = fit_clusters(np.ascontiguousarray(rows, np.float32), groups, seed=1)
    assert made is not None
    assert made.count >= 3


def ensemble_of(seed: int = 1) -> tuple[Ensemble, np.ndarray]:
    rows = np.nan_to_num(three_groups(seed, 200)).astype(np.float64)
    table = np.column_stack([rows, np.full(len(rows), np.nan)])
    names = ("a", "b", "c", "d", CLUSTER_FEATURE)
    return fit_ensemble(TrainingData(table, names), FitSettings(seed=1, networks=False)), table


def test_the_distance_is_a_feature_that_the_ensemble_fills_in_itself() -> None:
    ensemble, table = ensemble_of()
    assert CLUSTER_FEATURE in {ensemble.feature_names[i] for i in ensemble.selected}
    assert ensemble.about.selection[CLUSTER_FEATURE] > 0
    judged = ensemble.judge(table)
    assert judged.groups is not None
    forged = table.copy()
    forged[:, 4] = 0.0  # what the caller says of it does not count
    assert ensemble.log10_odds(forged).tobytes() == judged.log10_odds.tobytes()
    again = Ensemble.from_parts(ensemble.to_parts())
    assert again.log10_odds(table).tobytes() == judged.log10_odds.tobytes()
    between = np.array([[30.0, -30.0, 30.0, -30.0, np.nan]])
    assert ensemble.judge(between).groups.cluster[0] == NO_CLUSTER  # type: ignore[union-attr]  # groups are on
    assert ensemble.log10_odds(between)[0] > np.quantile(judged.log10_odds, 0.99)


def test_equal_rows_and_seed_give_equal_bytes() -> None:
    assert ensemble_of()[0].to_parts() == ensemble_of()[0].to_parts()
    assert ensemble_of()[0].to_parts() != ensemble_of(seed=2)[0].to_parts()


def test_an_explanation_says_unlike_its_peers_only_of_those_who_are() -> None:
    groups = Nearest(np.array([0, NO_CLUSTER], np.int32), np.array([0.4, 2.5]))
    assert group_factors(groups, 0) == []
    (factor,) = group_factors(groups, 1)
    assert "unlike its peers" in factor.name
    assert factor.actual == 2.5
    assert group_factors(None, 0) == []


def test_names_agree() -> None:
    assert SAID_NO_CLUSTER == NO_CLUSTER
    assert CLUSTER_FEATURE in catalogue.NAMES
    assert len(catalogue.EIGHT) == 8
    assert set(catalogue.EIGHT) <= set(catalogue.NAMES)
