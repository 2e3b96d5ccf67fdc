"""What the ensemble may say of an entity: weighed by its standing, restrained, explained."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.detectors.anomaly import Anomaly, AnomalySettings, odd_llr
from apisentinel.detectors.anomaly.detector import FEW_MOST, LEAST_LLR, MOST_LLR, RESERVE
from apisentinel.detectors.anomaly.naming import fitting_type
from apisentinel.detectors.anomaly.standing import Standing
from apisentinel.errors import StateError
from apisentinel.features.catalogue import FEATURES, INDEX, NAMES
from apisentinel.features.tick_record import TICK
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import risk_of

CAPACITIES = (4_096, 1_024, 64, 64)


class Judgement(NamedTuple):
    log10_odds: Any
    consensus: Any
    groups: Any = None


class Contribution(NamedTuple):
    feature: int
    contribution: float
    actual: float
    usual: float


class Stub:
    """An ensemble whose odds are the first feature."""

    def __init__(self, told: tuple[tuple[str, float], ...] = ()) -> None:
        self.told = told
        self.explained = 0

    sequence = None

    def screen(
        self, table: np.ndarray, *, sequence_p: np.ndarray | None = None, in_full: bool = False
    ) -> Judgement:
        assert sequence_p is None
        assert not in_full
        odds = table[:, 0].astype(np.float64)
        return Judgement(odds, np.full(len(odds), 0.75))

    def explain(self, row: np.ndarray) -> list[Contribution]:
        self.explained += 1
        return [Contribution(INDEX[n], c, float(row[INDEX[n]]), 0.5) for n, c in self.told]


def rows_of(count: int, *, kind: int = 0, people: int = 1, start: int = 0) -> np.ndarray:
    rows = np.zeros(count, TICK)
    rows["row"] = np.arange(count)
    rows["kind"], rows["people"], rows["first"] = kind, people, 1
    rows["slot"] = start + np.arange(count)
    rows["key"] = 1_000 + start + np.arange(count)
    return rows


def table_of(odds: Any) -> np.ndarray:
    out = np.zeros((len(odds), len(NAMES)), np.float32)
    out[:, 0] = odds
    return out


def judge(anomaly: Anomaly, odds: list[float], start: int = 0) -> list[Any]:
    return anomaly.judge(rows_of(len(odds), start=start), table_of(odds)).suspicions


def new(told: tuple[tuple[str, float], ...] = ()) -> Anomaly:
    return Anomaly(Stub(told), FEATURES, CAPACITIES)  # type: ignore[arg-type]  # a stub


def test_one_among_many_is_told_with_all_that_the_models_say() -> None:
    anomaly = new()
    judge(anomaly, [-3.5] * 200)
    (found,) = judge(anomaly, [-0.5], start=500)
    assert found.llr == pytest.approx((2.5 - RESERVE) * np.log(10), rel=1e-3)
    assert found.share == 0.0


def test_models_that_find_half_of_a_site_odd_are_not_believed() -> None:
    anomaly = new()
    judge(anomaly, [-3.5, -0.4] * 100)
    assert judge(anomaly, [-0.5], start=500) == []


def test_before_peers_are_known_the_models_support_but_never_alert() -> None:
    anomaly = new()
    (found,) = judge(anomaly, [2.0])
    assert LEAST_LLR <= found.llr <= FEW_MOST
    assert risk_of(-3.0 + found.llr / np.log(10)) < 40


def test_models_alone_never_reach_high() -> None:
    anomaly = new()
    judge(anomaly, [-3.5] * 200)
    (found,) = judge(anomaly, [8.0], start=500)
    assert risk_of(-3.0 + found.llr / np.log(10)) < 60
    assert found.llr == pytest.approx(MOST_LLR)


def test_kinds_and_people_and_programs_are_apart() -> None:
    anomaly = new()
    anomaly.judge(rows_of(100, people=0), table_of([-0.4] * 100))
    judge(anomaly, [-3.5] * 100, start=200)
    assert judge(anomaly, [-0.5], start=500)  # people: one of a hundred


def test_what_was_told_is_told_again_only_when_it_grew() -> None:
    anomaly = new()
    judge(anomaly, [-3.5] * 200)
    rows = rows_of(1, start=500)
    told = []
    for odds in (-1.0, -1.1, -0.9, -0.5, -3.0, -1.0):
        told.append(len(anomaly.judge(rows, table_of([odds + RESERVE])).suspicions))
        rows["first"] = 0
    assert told == [1, 0, 0, 1, 0, 1]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(-5, 3, width=32), min_size=40, max_size=120),
    st.integers(1, 39),
    st.integers(0, 2**32),
)
def test_standing_does_not_depend_on_blocks(odds: list[float], cut: int, seed: int) -> None:
    whole, parts, draw = new(), new(), np.random.default_rng(seed)
    rows, table = rows_of(len(odds)), table_of(odds)
    rows["slot"] %= 50
    # places change hands, and entities come back, within a block too
    rows["key"] = 7 + rows["slot"] + 100 * draw.integers(0, 2, len(odds))
    rows["first"] = (np.arange(len(odds)) < 50) | (draw.random(len(odds)) < 0.2)
    expected = [s[3:] for s in whole.judge(rows, table).suspicions]
    found = []
    for part in (slice(0, cut), slice(cut, None)):
        found += [s[3:] for s in parts.judge(rows[part], table[part]).suspicions]
    np.testing.assert_equal(found, expected)
    for name, array in whole.standing.snapshot().items():
        assert array.tobytes() == parts.standing.snapshot()[name].tobytes()


def test_standing_is_kept_over_a_restart() -> None:
    anomaly, again = new(), new()
    judge(anomaly, [-3.5, -1.0, -0.2] * 60)
    again.standing.restore(anomaly.standing.snapshot())
    assert judge(anomaly, [-0.1], start=500) == judge(again, [-0.1], start=500)
    with pytest.raises(StateError, match="other bounds"):
        Standing((8, 8, 8, 8)).restore(anomaly.standing.snapshot())


def test_evidence_says_why_in_words_and_units() -> None:
    anomaly = new((("gap", 2.0), ("requests_10m_peers", 1.0), ("endpoints", -1.0)))
    judge(anomaly, [-3.5] * 200)
    table = table_of([0.5])
    table[0, INDEX["gap"]] = 5.0
    table[0, INDEX["requests_10m"]] = np.log1p(80)
    table[0, INDEX["requests_10m_peers"]] = 2.0
    judged = anomaly.judge(rows_of(1, start=500), table)
    evidence = anomaly.evidence(judged, judged.suspicions[0], 9, in_full=True)
    gap, pace, agreed, peers = evidence.factors
    assert (gap.name, gap.actual, gap.unit) == ("usual pause between requests", 32.0, "s")
    assert (pace.actual, pace.usual) == (80.0, "rarer than 1 in 100 peers")
    assert (agreed.actual, peers.actual) == ("75 %", "0 %")
    assert evidence.attack_type is AttackType.AUTOMATION
    assert evidence.seqs == (9,)


def test_what_is_counted_against_the_site_is_told_with_the_value_itself() -> None:
    anomaly = new((("gap_site", 2.0), ("gap_spread_site", 1.0)))
    judge(anomaly, [-3.5] * 200)
    table = table_of([0.5])
    table[0, INDEX["gap"]] = 5.0
    table[0, INDEX["gap_site"]] = -3.0
    table[0, INDEX["gap_spread"]] = np.nan
    judged = anomaly.judge(rows_of(1, start=500), table)
    evidence = anomaly.evidence(judged, judged.suspicions[0], 9, in_full=True)
    gap, agreed, _ = evidence.factors
    assert (gap.name, gap.actual, gap.unit) == ("usual pause between requests", 32.0, "s")
    assert gap.usual == "far below what is usual here"
    assert agreed.name == "models that agree"
    assert evidence.attack_type is AttackType.AUTOMATION


def test_reasons_are_worked_out_only_when_they_are_wanted() -> None:
    anomaly = new((("gap", 2.0),))
    judge(anomaly, [-3.5] * 200)
    judged = anomaly.judge(rows_of(1, start=500), table_of([0.5]))
    brief = anomaly.evidence(judged, judged.suspicions[0], 9, in_full=False)
    assert brief.attack_type is AttackType.ANOMALY
    assert anomaly.ensemble.explained == 0  # type: ignore[union-attr]  # a stub


def test_without_models_peers_still_rank() -> None:
    anomaly = Anomaly(None, FEATURES, CAPACITIES)
    table = table_of([0.0, 0.0])
    table[1, [INDEX[n] for n in ("rarity_peers", "endpoints_peers", "step_bits_peers")]] = 2.0
    table[1, INDEX["objects_peers"]] = np.nan
    assert anomaly.judge(rows_of(2), table).suspicions == []
    assert odd_llr(anomaly.standing.oddness(0, 2)).tolist() == pytest.approx([0.0, 1.8])


def test_one_rare_feature_is_chance_three_are_not() -> None:
    anomaly = Anomaly(None, FEATURES, CAPACITIES)
    table = table_of([0.0, 0.0])
    table[0, INDEX["rarity_peers"]] = 2.4
    table[1, [INDEX[n] for n in ("rarity_peers", "endpoints_peers", "step_bits_peers")]] = 2.0
    anomaly.judge(rows_of(2), table)
    one, three = odd_llr(anomaly.standing.oddness(0, 2)).tolist()
    assert one == 0.0 < three


def test_a_weight_scales_what_is_said() -> None:
    anomaly = Anomaly(Stub(), FEATURES, CAPACITIES, AnomalySettings(weight=0.5))  # type: ignore[arg-type]  # a stub
    judge(anomaly, [-3.5] * 200)
    judged = anomaly.judge(rows_of(1, start=500), table_of([-0.5]))
    evidence = anomaly.evidence(judged, judged.suspicions[0], 1, in_full=False)
    assert evidence.llr == pytest.approx(judged.suspicions[0].llr / 2)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ([("login_failed_share", 2.0), ("accounts", 1.0)], AttackType.CREDENTIAL_STUFFING),
        ([("walk_share", 2.0), ("gap_steady", 1.9)], AttackType.ANOMALY),
        ([("success_rate", 3.0)], AttackType.ANOMALY),
        ([("missed_share", 1.0), ("gap", -5.0)], AttackType.SCANNING),
        ([], AttackType.ANOMALY),
    ],
)
def test_a_clear_majority_names_the_attack(told: list[tuple[str, float]], kind: AttackType) -> None:
    assert fitting_type(told) is kind
