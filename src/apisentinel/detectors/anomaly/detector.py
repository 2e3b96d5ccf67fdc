"""Ticks to evidence: all rows of a block are judged in one go, and what is news is told."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.anomaly.naming import fitting_type, looking_like
from apisentinel.detectors.anomaly.second import SUPPORT_LLR, Together, together
from apisentinel.detectors.anomaly.sequences import Sequences
from apisentinel.detectors.anomaly.settings import AnomalySettings
from apisentinel.detectors.anomaly.standing import Standing, rarest, stand, stand_out
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.feature import Feature
from apisentinel.records.taxonomy import AttackType as T

if TYPE_CHECKING:
    from apisentinel.models.clusters import Nearest
    from apisentinel.models.ensemble import Contribution, Ensemble
    from apisentinel.models.pool import Judgement

PRIOR_LOG10 = -3.0
"""log10 odds before any evidence; the models' odds start from it as well."""

RESERVE = 0.2
"""Decades by which the odds of the models are lowered before they are told: an entity has many
ticks, and the worst of them counts. With it none of 110,000 honest entities of simulated worlds
that were not learned from reaches an alert by models alone, without it three.
"""
LEAST_LLR = 4.2
"""Odds of 67 : 1; what is weaker is not told. One of 10,000 honest entities reaches it. From 10 : 1
on, which one of 200 reaches, the models lifted every third odd text of an honest person over the
edge of an alert and found no campaign more.
"""
FEW_MOST = 4.6
"""Most (nats) that the models say while few peers are known: it supports, it never alerts."""
JUDGED_ELSEWHERE = frozenset((T.BRUTE_FORCE, T.CREDENTIAL_STUFFING))
JUDGED_MOST = 3.9
"""What is judged attempt by attempt with its accounts, secrets and history, and the most that the
models say of it: less than a lead. Mistyped passwords look odd, and are everyday; what the models
see of them was counted already.
"""
MOST_LLR = 6.9
"""Odds of 1000 : 1. Alone it makes a risk of 50, so models alone never reach HIGH."""
FACTORS = 4

ODD_FREE, ODD_LLR, ODD_MOST = 0.8, 1.5, 3.0
"""Oddness among peers: decades that half of all entities have, nats per decade beyond them, and the
most that it says: it ranks and supports, it never alerts. On six unlike sites 1 % of the honest
entities reach 2.0 to 2.2 decades.
"""
NO_CLUSTER = -1
"""Of an entity that is in no group; `models.clusters` says the same."""
SESSION = 1
"""Number of the kind of sessions."""
PEER_SUFFIX = "_peers"
"""End of the names of the features that are rarities among peers."""
SITE_SUFFIX = "_site"
"""End of the names of the features that are counted in spreads from what is usual on the site."""


class Suspicion(NamedTuple):
    """An entity that the models find odd, at one request.

    Attributes:
        tick: Number of the tick in its block.
        row: Row of the request.
        kind, key: The entity: number of its kind, keyed hash.
        llr: Log-likelihood ratio, nats.
        share: Share of its peers that look as odd.
    """

    tick: int
    row: int
    kind: int
    key: int
    llr: float
    share: float


class Judged(NamedTuple):
    """What the models say of the ticks of a block.

    Attributes:
        judgement: None without trained models.
        features: float32 ``(n, features)``.
        suspicions: Entities that are odd, in the order of the ticks.
        told: What the features of each suspicion add, by its tick; see `Anomaly.explain`.
        product: What the models of the product say, where `judgement` is that of a bundle.
        both: What is said together, where there are two.
    """

    judgement: "Judgement | None"
    features: npt.NDArray[np.float32]
    suspicions: list[Suspicion]
    told: "Mapping[int, list[Contribution]]" = MappingProxyType({})
    product: "Judgement | None" = None
    both: Together | None = None

    def by_product(self, tick: int) -> bool:
        """The models of the product say more of a tick than the bundle."""
        return self.both is not None and bool(self.both.by_product[tick])


class Anomaly:
    """The ensemble of models over snapshots of entities.

    Catches: what nobody wrote a rule for, as far as it shows in pace, order, replies and content.
    Misses: single requests, and entities with fewer than four.
    Cost: about 3 µs a tick, 9 where all models are asked; 22 bytes an entity.
    """

    id = "ensemble"
    in_full = False  # asks all models of every tick, for those who want each vote

    def __init__(
        self,
        ensemble: "Ensemble | None",
        features: Sequence[Feature],
        capacities: tuple[int, ...],
        settings: AnomalySettings | None = None,
        product: "Ensemble | None" = None,
    ) -> None:
        """Begins with nothing known of the peers. Not thread-safe: it remembers how they look.

        Args:
            ensemble: What was trained; None leaves the comparison with peers.
            features: The columns of the ticks.
            capacities: Entities remembered of each kind.
            settings: Switch, weight and restraint.
            product: Models of the product beside an ensemble that knows one site alone.
        """
        self.ensemble = ensemble
        self.product = product
        self.features = features
        self.settings = settings or AnomalySettings()
        self.standing = Standing(capacities)
        model = ensemble.sequence if ensemble is not None and self.settings.sequence else None
        self.sequences = None if model is None else Sequences(model, capacities[SESSION])
        self._own = {item.name: place for place, item in enumerate(features)}
        self._peers = np.array(
            [place for name, place in self._own.items() if name.endswith(PEER_SUFFIX)], np.int64
        )

    def judge(
        self,
        rows: npt.NDArray[Any],
        features: npt.NDArray[np.float32],
        sequence_p: npt.NDArray[np.float64] | None = None,
    ) -> Judged:
        """Judges the ticks of a block, in order.

        Args:
            rows: Structured ``(n,)`` with `row, kind, slot, key, people, first`.
            features: float32 ``(n, features)``.
            sequence_p: float64 ``(n,)``, p-value of the session behind each tick, NaN for none.
        """
        n = len(rows)
        slots, kinds = (np.ascontiguousarray(rows[name]) for name in ("slot", "kind"))
        odd, llrs = np.empty(n, np.float32), np.empty(n, np.float32)
        fresh = np.empty(n, np.uint8)
        standing = self.standing
        rarest(features, self._peers, odd)
        stand_out(
            np.ascontiguousarray(rows["key"]), slots, kinds, rows["first"].astype(np.uint8), odd,
            standing.voices, standing.starts, fresh,
        )  # fmt: skip
        if self.ensemble is None or n == 0:
            return Judged(None, features, [])
        judgement = self.ensemble.screen(features, sequence_p=sequence_p, in_full=self.in_full)
        product = both = None
        log10_odds = judgement.log10_odds
        if self.product is not None:
            product = self.product.screen(features, sequence_p=None, in_full=False)
            both = together(log10_odds, product.log10_odds, PRIOR_LOG10 + RESERVE)
            log10_odds = both.log10_odds
        shares, told = np.empty(n, np.float32), np.empty(n, np.uint8)
        stand(
            slots, kinds, rows["people"].astype(np.uint8), fresh, log10_odds,
            self.settings.usual_share, float(self.settings.peers), FEW_MOST,
            PRIOR_LOG10 + RESERVE,
            standing.voices, standing.starts, standing.counts, llrs, shares, told,
        )  # fmt: skip
        news = np.flatnonzero((told != 0) & (llrs >= LEAST_LLR))
        some = rows[news]
        most = np.full(len(news), MOST_LLR)
        if both is not None:
            most[both.alone[news] & ~both.by_product[news]] = SUPPORT_LLR
        columns = (
            news, some["row"], some["kind"], some["key"], np.minimum(llrs[news], most),
            shares[news],
        )  # fmt: skip
        found = [Suspicion(*values) for values in zip(*(c.tolist() for c in columns), strict=True)]
        return Judged(judgement, features, found, product=product, both=both)

    def explain(self, judged: Judged) -> Judged:
        """The same with what each feature adds to each suspicion.

        A millisecond for each. Changes nothing, so it may run while others are judged.
        """
        if self.ensemble is None or not judged.suspicions:
            return judged
        told: dict[int, list[Contribution]] = {}
        for by_product, ensemble in ((False, self.ensemble), (True, self.product)):
            ticks = [s.tick for s in judged.suspicions if judged.by_product(s.tick) == by_product]
            if ensemble is not None and ticks:
                some = ensemble.explain_many(judged.features[ticks])
                told.update(zip(ticks, some, strict=True))
        return judged._replace(told=told)

    def evidence(
        self, judged: Judged, suspicion: Suspicion, seq: int, *, in_full: bool
    ) -> Evidence:
        """Evidence with its reasons.

        Args:
            judged: Of the block.
            suspicion: One of its suspicions.
            seq: Number of the request.
            in_full: Says what each feature adds, and which attack it speaks for; that takes a
                millisecond where `explain` has not been asked.
        """
        row = judged.features[suspicion.tick]
        attack = T.ANOMALY
        factors: list[Factor] = []
        by_product = judged.by_product(suspicion.tick)
        ensemble = self.product if by_product else self.ensemble
        if in_full and ensemble is not None:
            told = judged.told.get(suspicion.tick)
            attack, factors = self._reasons(row, ensemble.explain(row) if told is None else told)
        judgement = judged.product if by_product else judged.judgement
        if judgement is not None:
            consensus = float(judgement.consensus[suspicion.tick])
            factors.append(Factor("models that agree", f"{100 * consensus:.0f} %"))
            factors += group_factors(judgement.groups, suspicion.tick)
        factors.append(Factor("peers that look as odd", f"{100 * suspicion.share:.2g} %"))
        llr = suspicion.llr
        if attack in JUDGED_ELSEWHERE:
            llr = min(llr, JUDGED_MOST)
        llr *= self.settings.weight
        return Evidence(self.id, attack, llr, tuple(factors), (seq,))

    def _reasons(
        self, row: npt.NDArray[np.float32], told: "list[Contribution]"
    ) -> tuple[T, list[Factor]]:
        """The attack type that the contributions speak for, and the largest of them."""
        attack = fitting_type((self.features[it.feature].name, it.contribution) for it in told)
        if attack is T.ANOMALY:
            attack = looking_like(
                lambda name: self.features[self._own[name]].shown(float(row[self._own[name]]))
            )
        factors: list[Factor] = []
        named: set[str] = set()
        for item in told:
            if item.contribution <= 0 or len(factors) == FACTORS:
                break
            factor = self._factor(row, item)
            if factor is not None and factor.name not in named:
                named.add(factor.name)
                factors.append(factor)
        return attack, factors

    def _factor(self, row: npt.NDArray[np.float32], item: "Contribution") -> Factor | None:
        """What a contribution says, None when its value is not known."""
        about = self.features[item.feature]
        if about.name.endswith(SITE_SUFFIX):
            own = self.features[self._own[about.name.removesuffix(SITE_SUFFIX)]]
            actual = own.shown(float(row[self._own[own.name]]))
            if actual is None or math.isnan(item.actual):
                return None
            return Factor(own.words, actual, usual_here(item.actual), own.unit)
        if not about.name.endswith(PEER_SUFFIX):
            actual, usual = about.shown(item.actual), about.shown(item.usual)
            return None if actual is None else Factor(about.words, actual, usual, about.unit)
        place = self._own[about.name.removesuffix(PEER_SUFFIX)]
        own = self.features[place]
        actual = own.shown(float(row[place]))
        if actual is None or math.isnan(item.actual):
            return None
        peers = float(f"{10**item.actual:.2g}")
        return Factor(own.words, actual, f"rarer than 1 in {peers:,.0f} peers", own.unit)


FAR = 2.0
"""Spreads from the median of the site that are far: about 1 in 20 entities is."""


def usual_here(spreads: float) -> str:
    """A value against this site, in words.

    Example:
        >>> usual_here(7.2), usual_here(-0.5)
        ('far above what is usual here', 'somewhat below what is usual here')
    """
    how = "far" if abs(spreads) >= FAR else "somewhat"
    return f"{how} {'above' if spreads > 0 else 'below'} what is usual here"


def group_factors(groups: "Nearest | None", tick: int) -> list[Factor]:
    """Where an entity stands among the groups of those that behave alike: nothing inside of one,
    for that is how most look, else how far it is from the nearest.
    """
    if groups is None or groups.cluster[tick] != NO_CLUSTER:
        return []
    distance = float(f"{groups.distance[tick]:.3g}")
    return [Factor("unlike its peers: distance to the nearest group", distance, "1 at most", "×")]


def odd_llr(oddness: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What oddness among peers says, nats.

    Example:
        >>> [round(float(v), 2) for v in odd_llr(np.array([0.5, 1.8, 9.0], np.float32))]
        [0.0, 1.5, 3.0]
    """
    llrs: npt.NDArray[np.float32] = np.clip(ODD_LLR * (oddness - ODD_FREE), 0.0, ODD_MOST).astype(
        np.float32
    )
    return llrs
