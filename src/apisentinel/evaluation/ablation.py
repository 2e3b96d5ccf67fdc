"""What each model is worth: ticks with the truth, judged with and without it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.evaluation.worlds import WorldTicks
from apisentinel.models.base import Scores
from apisentinel.models.ensemble import Ensemble
from apisentinel.models.pool import GROUPS
from apisentinel.models.training.tuning import average_precision
from apisentinel.models.training.weighing import calibration_error

FALSE_EACH = 100_000
"""Honest requests for which one honest entity may score higher than what counts as found."""


class Worth(NamedTuple):
    """How well ticks of some worlds are judged.

    Attributes:
        precision: Area under precision and recall of the ticks.
        error: Expected calibration error of their odds.
        found: Share of the campaigns of which a tick scores higher than all honest entities but one
            for each `FALSE_EACH` honest requests.
        mimic: The same of those that imitate ordinary users.
    """

    precision: float
    error: float
    found: float
    mimic: float


def without(ensemble: Ensemble, names: Sequence[str]) -> Ensemble | None:
    """The ensemble without some models; None when nothing is left."""
    members = [member for member in ensemble.members if member.model.name not in names]
    if not members:
        return None
    return Ensemble(ensemble.about, ensemble.scaling, members, ensemble.sequence, ensemble.clusters)


def variants(ensemble: Ensemble) -> Iterator[tuple[str, Ensemble]]:
    """The whole, each group and each model taken away, and each group alone."""
    yield "all models", ensemble
    names = {
        group: [m.model.name for m in ensemble.members if m.model.group == group]
        for group in GROUPS
    }
    everyone = [name for some in names.values() for name in some]
    for group, some in names.items():
        left = without(ensemble, some)
        if some and left is not None:
            yield f"without the {group} group", left
    for group, some in names.items():
        left = without(ensemble, [name for name in everyone if name not in some])
        if some and left is not None:
            yield f"the {group} group alone", left
    for name in everyone:
        left = without(ensemble, [name])
        if left is not None:
            yield f"without {name}", left


def worth_of(ensemble: Ensemble, worlds: Sequence[WorldTicks]) -> Worth:
    """How well an ensemble judges worlds that it has not learned from."""
    scores = [ensemble.log10_odds(world.features) for world in worlds]
    labels = np.concatenate([world.campaign >= 0 for world in worlds]).astype(np.int8)
    joined = np.concatenate(scores)
    found: list[bool] = []
    mimic: list[bool] = []
    for world, odds in zip(worlds, scores, strict=True):
        for variant, hit in found_campaigns(world, odds):
            found.append(hit)
            if variant == "mimic":
                mimic.append(hit)
    return Worth(
        round(average_precision(joined, labels), 4),
        round(calibration_error(joined, labels, ensemble.about.pool.prior), 4),
        round(float(np.mean(found)) if found else 0.0, 4),
        round(float(np.mean(mimic)) if mimic else 0.0, 4),
    )


def found_campaigns(world: WorldTicks, odds: Scores) -> Iterator[tuple[str, bool]]:
    """Variant of each campaign with ticks, and whether one of them stands out."""
    honest = strongest(world.rows["key"], odds, world.campaign < 0)
    allowed = world.benign // FALSE_EACH
    ordered = np.sort(np.array([*honest.values(), -np.inf]))[::-1]
    edge = ordered[min(allowed, ordered.size - 1)]
    best = strongest(world.campaign, odds, world.campaign >= 0)
    for campaign, highest in best.items():
        yield world.variants[campaign], highest > edge


def strongest(
    keys: npt.NDArray[np.integer], odds: Scores, rows: npt.NDArray[np.bool_]
) -> Mapping[int, float]:
    """Highest odds of each key among some rows."""
    some, found = np.unique(keys[rows], return_inverse=True)
    highest = np.full(some.size, -np.inf)
    np.maximum.at(highest, found, odds[rows])
    return dict(zip(some.tolist(), highest.tolist(), strict=True))
