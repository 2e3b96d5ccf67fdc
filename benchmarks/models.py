"""Cost of the models: ``python -m benchmarks.models [RESULT]``.

µs of CPU per row (one tick of one entity) and core, at blocks of 512 rows of 40 features, best of
many short runs in one thread. The models are trained on a seeded table first, which takes a minute.
The last rows are the models that come with the product on ticks of a simulated world with attacks,
in blocks of 4,096: all models of every tick, and in stages, as the product asks them.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from apisentinel.evaluation.worlds import World, ticks_of
from apisentinel.models.calibration import fit_tail
from apisentinel.models.ensemble import Ensemble
from apisentinel.models.lstm import UNITS, LstmModel
from apisentinel.models.ngram import count_tokens
from apisentinel.models.sequence import SequenceModel
from apisentinel.models.tokens import TokenSessions
from apisentinel.models.training.fit import FitSettings, TrainingData, fit_ensemble
from apisentinel.pipeline.learned import prior_ensemble
from apisentinel.pipeline.settings import ScanSettings
from benchmarks.machine import machine

ROWS, FEATURES, TOKENS = 512, 40, 128
TRAINED_ROWS = 6000
RUNS = 60
PRIOR_HOURS, PRIOR_SEED = 4.0, 9_801


def main() -> None:
    """Trains, measures, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", nargs="?", type=Path, help="file for the figures as JSON")
    options = parser.parse_args()
    ensemble, rows = _trained()
    figures = {**measure(ensemble, rows), **of_prior()}
    print("| model | µs per tick and core |\n|---|---:|")
    for name, value in figures.items():
        print(f"| {name} | {value:.2f} |")
    if options.result:
        about = {"machine": machine(), "us_per_tick": figures}
        options.result.write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def measure(ensemble: Ensemble, rows: Any) -> dict[str, float]:
    """µs per row of every part, of all together, and of one sequence step."""
    scaled = ensemble.scaling.apply(rows)
    figures = {"scaling": _best(lambda: ensemble.scaling.apply(rows))}
    for member in ensemble.members:
        figures[member.model.name] = _best(partial(member.model.score_many, scaled))
    sequence = _sequence()
    state, rng = sequence.new_state(ROWS), np.random.default_rng(5)
    slots = np.arange(ROWS, dtype=np.int32)
    tokens = rng.integers(1, TOKENS, ROWS).astype(np.int32)
    fresh = np.zeros(ROWS, np.uint8)
    figures["lstm"] = _best(lambda: sequence.lstm.step_many(state.lstm, slots, tokens, fresh))
    figures["ngram"] = _best(lambda: sequence.ngram.step_many(state.last, slots, tokens, fresh))
    judge = _best(lambda: ensemble.judge(rows))
    figures["judge: all of a tick, calibrated and pooled"] = judge
    figures["all ten models (judge and LSTM step)"] = judge + figures["lstm"]
    return figures


def of_prior() -> dict[str, float]:
    """µs per tick of the product's own models, asked in full and in stages."""
    prior = prior_ensemble(ScanSettings())
    if prior is None:
        return {}
    ticks = ticks_of(World("default", hours=PRIOR_HOURS), PRIOR_SEED).features
    rows, runs = len(ticks), 5
    return {
        "the prior: judge": _best(lambda: prior.judge(ticks), rows, runs),
        "the prior: in stages": _best(lambda: prior.screen(ticks), rows, runs),
    }


def _best(run: Callable[[], object], rows: int = ROWS, runs: int = RUNS) -> float:
    run()
    times = []
    for _ in range(runs):
        begin = time.thread_time()
        run()
        times.append(time.thread_time() - begin)
    return min(times) / rows * 1e6


def _trained() -> tuple[Ensemble, Any]:
    """An ensemble of all models, and rows to score."""
    rng = np.random.default_rng(11)
    mixing = rng.normal(0, 1, (8, FEATURES)) * (rng.random((8, FEATURES)) < 0.4)
    table = rng.normal(0, 1, (TRAINED_ROWS, 8)) @ mixing
    table = table + 0.5 * rng.normal(0, 1, table.shape)
    table[:, ::4] = np.exp(table[:, ::4])
    labels = (rng.random(TRAINED_ROWS) < 0.05).astype(float)
    table[labels == 1, :6] += rng.exponential(2.0, (int(labels.sum()), 6))
    table[rng.random(table.shape) < 0.05] = np.nan
    names = [f"f{i}" for i in range(FEATURES)]
    print("training …", file=sys.stderr)
    ensemble = fit_ensemble(TrainingData(table, names, labels), FitSettings(seed=1))
    return ensemble, np.ascontiguousarray(table[:ROWS], np.float32)


def _sequence() -> SequenceModel:
    """A sequence model of the right size; how well it knows is of no matter here."""
    rng = np.random.default_rng(3)
    shapes = ((TOKENS, 4 * UNITS), (UNITS, 4 * UNITS), (UNITS, TOKENS), (TOKENS,))
    lstm = LstmModel(*(rng.normal(0, 0.5, shape).astype(np.float32) for shape in shapes))
    tokens = rng.integers(1, TOKENS, 20_000).astype(np.int32)
    sessions = TokenSessions(tokens, np.arange(0, 20_001, 20, dtype=np.int64), TOKENS)
    return SequenceModel(lstm, count_tokens(sessions), fit_tail(rng.exponential(1, 100)))


if __name__ == "__main__":
    main()
