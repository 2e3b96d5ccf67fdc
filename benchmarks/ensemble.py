"""What the models are worth: ``python -m benchmarks.ensemble [--page PAGE] [--seeds 9501,9502]``.

Three measures, all on simulated worlds whose seeds no model was trained or tuned with:

- the product with rules alone, with rules and the prior, and with the sequence model as well;
- the prior without each model and each group, on single ticks;
- an ensemble of two domains on the other two, and on new sites of its own two.

With ``--page`` the tables replace those between their marks on a page; ``--only`` names some of
them.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

from apisentinel.evaluation import Benchmark, Scoreboard, evaluate
from apisentinel.evaluation.ablation import Worth, variants, worth_of
from apisentinel.evaluation.worlds import (
    World,
    WorldTicks,
    ticks_of,
    training_data,
)
from apisentinel.models.ensemble import Ensemble
from apisentinel.models.training.fit import FitSettings, fit_ensemble
from apisentinel.models.training.supervised import TreeSettings
from apisentinel.pipeline.learned import prior_ensemble
from apisentinel.pipeline.settings import Detectors, ScanSettings

SEEDS = (9_501, 9_502)
"""Seeds of the report; nothing was decided with them."""
TRAINING_SEED = 9_600
ROUNDS = 3
"""Times that each world of two kinds is simulated, each time as another site."""
PAIRS = (("shop", "bank"), ("saas", "iot"))


def main() -> None:
    """Measures and prints or writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    parser.add_argument("--hours", type=float, default=24.0, help="simulated time of each world")
    parser.add_argument("--only", default=",".join(MEASURES), help="measures, with commas between")
    parser.add_argument("--page", type=Path, help="page whose tables are replaced")
    options = parser.parse_args()
    seeds = tuple(int(seed) for seed in options.seeds.split(","))
    for name in options.only.split(","):
        lines = [*MEASURES[name](seeds, options.hours), "", _how(seeds, options.hours)]
        if options.page is None:
            print("\n".join(lines), flush=True)
        else:
            _replace(options.page, name, "\n".join(lines))


def _how(seeds: Sequence[int], hours: float) -> str:
    return f"Seeds {', '.join(map(str, seeds))}, {hours:g} simulated hours each."


def _replace(page: Path, name: str, text: str) -> None:
    """Puts a table between its marks."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, rest = page.read_text("utf-8").split(begin)
    page.write_text(f"{head}{begin}\n{text}\n{end}{rest.split(end)[1]}", "utf-8")


def _told(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _product(seeds: tuple[int, ...], hours: float) -> list[str]:
    """The product as a whole, attacked and in peace."""
    lines = [
        (
            "| product | all campaigns | burst | paced | distributed | mimic | false incidents |"
            " per million requests |"
        ),
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    ways = {
        "rules and statistics alone": {"prior": False},
        "… and the prior": {"prior": True},
        "… and its sequence model": {"prior": True, "sequence": True},
    }
    for name, anomaly in ways.items():
        _told(name)
        settings = ScanSettings(detectors=Detectors.model_validate({"anomaly": anomaly}))
        board = evaluate(settings, Benchmark(seeds=seeds, hours=hours))
        lines.append(_row(name, board))
    return lines


def _row(name: str, board: Scoreboard) -> str:
    by_variant = {group.name: group for group in board.variants}
    cells = [f"{board.total.found} of {board.total.campaigns}"]
    for variant in ("burst", "paced", "distributed", "mimic"):
        group = by_variant[variant]
        cells.append(f"{group.found} of {group.campaigns}")
    false = board.false_incidents + board.quiet_incidents
    return f"| {name} | {' | '.join(cells)} | {false} | {board.false_per_million:.1f} |"


def _ablation(seeds: Sequence[int], hours: float) -> list[str]:
    """The prior without each of its parts."""
    prior = prior_ensemble(ScanSettings())
    if prior is None:
        raise SystemExit("there is no prior: run tools/train_prior.py")
    _told("worlds for the ablation")
    worlds = [
        ticks_of(World(profile, hours=hours), seed + 100)
        for profile, seed in zip(("default", "default,renderer=b,noise=2"), seeds, strict=False)
    ]
    lines = [
        (
            "| models of the prior | area under precision and recall |"
            " found at equal false alarms | imitating | calibration error |"
        ),
        "|---|---:|---:|---:|---:|",
    ]
    for name, ensemble in variants(prior):
        _told(name)
        worth = worth_of(ensemble, worlds)
        lines.append(f"| {name} | {' | '.join(_cells(worth))} |")
    return lines


def _cells(worth: Worth) -> tuple[str, ...]:
    return (
        f"{worth.precision:.3f}", f"{worth.found:.1%}", f"{worth.mimic:.1%}", f"{worth.error:.3f}"
    )  # fmt: skip


def _transfer(seeds: Sequence[int], hours: float) -> list[str]:
    """Ensembles of two domains, on new sites of the same two and of the other two."""
    lines = [
        (
            "| learned from | measured on | area under precision and recall |"
            " found at equal false alarms | imitating | calibration error |"
        ),
        "|---|---|---:|---:|---:|---:|",
    ]
    worlds = {pair: _worlds(pair, seeds[0] + 200, hours) for pair in PAIRS}
    for number, pair in enumerate(PAIRS):
        _told(f"learning from {' and '.join(pair)}")
        ensemble = _learned(pair, TRAINING_SEED + 100 * number)
        for other in (pair, *(some for some in PAIRS if some != pair)):
            worth = worth_of(ensemble, worlds[other])
            names = f"{' and '.join(pair)} | {' and '.join(other)}"
            lines.append(f"| {names} | {' | '.join(_cells(worth))} |")
    return lines


def _worlds(pair: tuple[str, ...], seed: int, hours: float) -> list[WorldTicks]:
    make: Callable[[str], World] = lambda extra: World(  # noqa: E731 (one line, used twice)
        f"default,domains={'+'.join(pair)}{extra}", hours=hours
    )
    return [ticks_of(make(""), seed), ticks_of(make(",renderer=b"), seed + 1)]


def _learned(pair: tuple[str, ...], seed: int) -> Ensemble:
    names = "+".join(pair)
    worlds = [
        World(f"train,domains={names}{extra}", attacks)
        for extra, attacks in (
            ("", None), (",renderer=b", None), (",noise=2", None), (",renderer=b,noise=3", None),
            (",noise=4", "none"),
        )
    ]  # fmt: skip
    data, _ = training_data(worlds * ROUNDS, seed)
    wanted = FitSettings(
        seed=seed, max_rows=30_000 * ROUNDS, clean=False, features=80,
        trees=TreeSettings(rate=0.15, depth=6),
    )  # fmt: skip
    return fit_ensemble(data._replace(sessions=None), wanted)


MEASURES: dict[str, Callable[[tuple[int, ...], float], list[str]]] = {
    "product": _product,
    "ablation": _ablation,
    "transfer": _transfer,
}


if __name__ == "__main__":
    main()
