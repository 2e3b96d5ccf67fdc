"""A bundle of one's own beside the models of the product: it leads with their second alone."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.detectors.anomaly.test_anomaly import (
    CAPACITIES,
    Contribution,
    Judgement,
    rows_of,
)

from apisentinel.detectors.anomaly import Anomaly
from apisentinel.detectors.anomaly.detector import LEAST_LLR, MOST_LLR
from apisentinel.detectors.anomaly.second import SECOND, SUPPORT, SUPPORT_LLR, together
from apisentinel.features.catalogue import FEATURES, INDEX, NAMES
from apisentinel.incidents.leads import LEAD_LLR

NOTHING = -2.8
odds = st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=50)


class Column:
    """An ensemble whose odds are one feature."""

    sequence = None

    def __init__(self, column: int, says: str, consensus: float) -> None:
        self.column, self.says, self.consensus = column, says, consensus

    def screen(self, table: np.ndarray, **_: Any) -> Judgement:
        return Judgement(
            table[:, self.column].astype(np.float64), np.full(len(table), self.consensus)
        )

    def explain_many(self, rows: np.ndarray) -> list[list[Contribution]]:
        return [[Contribution(INDEX[self.says], 1.0, 0.5, 0.1)] for _ in rows]


def new() -> Anomaly:
    own, product = Column(0, "missed_share", 0.25), Column(1, "write_share", 0.75)
    return Anomaly(own, FEATURES, CAPACITIES, product=product)  # type: ignore[arg-type]  # stubs


def judge(anomaly: Anomaly, own: float, product: float) -> Any:
    usual = np.zeros((200, len(NAMES)), np.float32)
    usual[:, :2] = -3.5
    anomaly.judge(rows_of(200), usual)
    table = np.full((1, len(NAMES)), 0.5, np.float32)
    table[0, :2] = own, product
    return anomaly.explain(anomaly.judge(rows_of(1, start=500), table))


@given(odds)
def test_a_bundle_never_takes_away_and_adds_little_alone(pairs: list[tuple[float, float]]) -> None:
    own, product = np.array(pairs).T
    said = together(own, product, NOTHING)
    assert (said.log10_odds >= product).all()
    assert (said.log10_odds <= np.maximum(own, product)).all()
    unseconded = product < NOTHING + SECOND
    assert (said.log10_odds[unseconded] <= NOTHING + SUPPORT).all()
    assert np.array_equal(said.log10_odds[~unseconded], np.maximum(own, product)[~unseconded])
    assert not (said.alone & said.by_product).any()


def test_alone_a_bundle_supports_and_does_not_lead() -> None:
    assert SUPPORT_LLR < LEAD_LLR < LEAST_LLR <= SUPPORT * np.log(10)
    (found,) = judge(new(), 2.0, -3.0).suspicions
    assert found.llr == SUPPORT_LLR


def test_with_a_second_a_bundle_says_all_that_it_knows() -> None:
    (found,) = judge(new(), 2.0, NOTHING + SECOND + 0.01).suspicions
    assert found.llr == pytest.approx(MOST_LLR)


def test_what_the_product_finds_is_told_however_usual_the_bundle_finds_it() -> None:
    (found,) = judge(new(), -3.5, 2.0).suspicions
    assert found.llr == pytest.approx(MOST_LLR)


@pytest.mark.parametrize(("own", "product", "agree"), [(2.0, -3.0, "25 %"), (-3.0, 2.0, "75 %")])
def test_reasons_are_those_of_the_models_that_say_most(
    own: float, product: float, agree: str
) -> None:
    anomaly = new()
    judged = judge(anomaly, own, product)
    evidence = anomaly.evidence(judged, judged.suspicions[0], 7, in_full=True)
    told = {factor.name: factor.actual for factor in evidence.factors}
    assert told["models that agree"] == agree
    words = FEATURES[INDEX["missed_share" if own > product else "write_share"]].words
    assert words in told
