"""The models that come with the product: genuine, small, of this version's features, on unless they
are switched off."""

import numpy as np
import pytest
from tests.unit.pipeline.live.live_traffic import SMALL, batch_of, requests

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.errors import UntrustedModelError
from apisentinel.evaluation.worlds import CONTENT_BOUND, SITE_BOUND
from apisentinel.features.catalogue import INDEX, NAMES
from apisentinel.kernels.hashing import HashKey
from apisentinel.models.bundle import read_bundle
from apisentinel.models.trust import TrustStore
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.learned import PRIOR, learned_for, learned_of
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.prepare import prepare
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import Detectors, ScanSettings

ON = ScanSettings(
    state=SMALL.state, detectors=Detectors.model_validate({"anomaly": {"prior": True}})
)


def test_the_prior_is_signed_small_and_judges_unless_it_is_switched_off() -> None:
    bundle = read_bundle(PRIOR, TrustStore.load(PRIOR.parent))
    assert sum(map(len, bundle.parts.values())) <= 5_000_000
    with pytest.raises(UntrustedModelError):
        read_bundle(PRIOR, TrustStore({}))
    by_default = learned_for(ScanSettings(state=SMALL.state))
    assert by_default is not None
    assert by_default.is_prior
    off = Detectors.model_validate({"anomaly": {"prior": False}})
    assert learned_for(ScanSettings(state=SMALL.state, detectors=off)) is None
    assert learned_for(ON.model_copy(update={"models": False})) is None


def test_the_prior_knows_the_features_and_none_that_belong_to_a_site() -> None:
    learned = learned_for(ON)
    assert learned is not None
    assert learned.ensemble is not None
    assert learned.is_prior
    assert learned.ensemble.feature_names == NAMES
    bound = {INDEX[name] for name in (*SITE_BOUND, *CONTENT_BOUND)}
    assert not bound & set(learned.ensemble.selected)
    assert INDEX["cluster_distance"] in learned.ensemble.selected
    assert learned.ensemble.clusters is not None
    assert learned_for(ON).ensemble is learned.ensemble  # type: ignore[union-attr]  # it is there


def judged_by(blocks: list[int]) -> list[tuple[object, ...]]:
    """Cases after some traffic in blocks of these sizes."""
    detector, enricher = PayloadDetector(), Enricher(ON.enrichment)
    engine = Engine(ON, enricher, detector, learned=learned_for(ON))
    rows, at = requests(1_200), 0
    for size in blocks:
        block = prepare(batch_of(rows[at : at + size]), enricher, detector, Stopwatch())
        engine.advance(block)
        at += size
    cases = engine.cases.ledger.cases
    return sorted(
        (key, case.risk, case.alerts, sorted(case.families)) for key, case in cases.items()
    )


def test_what_the_models_find_does_not_depend_on_blocks() -> None:
    whole = judged_by([1_200])
    assert judged_by([1, 199, 700, 300]) == whole
    assert whole


def test_a_service_with_models_continues_after_a_restart() -> None:
    rows = requests(1_000)
    whole, cut = (LiveEngine(ON, RuntimeSettings(), HashKey(1, 2)) for _ in range(2))
    whole.advance(whole.prepare(batch_of(rows[:600])), 1)
    cut.advance(cut.prepare(batch_of(rows[:600])), 1)
    stored = {name: bytes(part) for name, part in checkpoint.capture(cut).parts().items()}
    assert "array/standing/counts" in stored
    again = LiveEngine(ON, RuntimeSettings(), HashKey(1, 2))
    checkpoint.restore(again, stored)
    for live in (whole, again):
        live.advance(live.prepare(batch_of(rows[600:])), 601)
    assert checkpoint.capture(whole).digest() == checkpoint.capture(again).digest()


def test_models_judge_what_rules_have_not_marked() -> None:
    learned = learned_for(ON)
    assert learned is not None
    assert learned.ensemble is not None
    quiet = np.full((1, len(NAMES)), np.nan, np.float32)
    odds = learned.ensemble.log10_odds(quiet)
    assert odds.shape == (1,)
    assert -6.0 < float(odds[0]) < 6.0


def test_a_bundle_of_ones_own_has_the_models_of_the_product_beside_it() -> None:
    parts = read_bundle(PRIOR, TrustStore.load(PRIOR.parent))
    learned = learned_of(parts, ON)
    assert not learned.is_prior
    assert learned.ensemble is not None
    assert learned.product is learned_for(ON).ensemble  # type: ignore[union-attr]  # it is there
    engine = Engine(ON, Enricher(ON.enrichment), PayloadDetector(), learned=learned)
    assert engine.anomaly is not None
    assert engine.anomaly.product is learned.product
    live = LiveEngine(ON, RuntimeSettings(), HashKey(1, 2))
    live.use(ON, learned)
    assert live.engine.anomaly is not None
    assert live.engine.anomaly.product is learned.product
    live.use(ON, learned_for(ON))
    assert live.engine.anomaly.product is None


def test_switched_off_the_models_of_the_product_have_no_say_beside_a_bundle() -> None:
    off = Detectors.model_validate({"anomaly": {"prior": False}})
    bundle = read_bundle(PRIOR, TrustStore.load(PRIOR.parent))
    learned = learned_of(bundle, ON.model_copy(update={"detectors": off}))
    assert learned.ensemble is not None
    assert learned.product is None
