"""Trains the ensemble that comes with the product, on simulated traffic alone.

    python tools/train_prior.py [--hours H] [--trials N] [--output DIR]

Sites of four domains, each seed another one, both renderers, every campaign type and variant, with
and without sessions, users and durations in the records, and quiet traffic. Nothing measured or
recorded elsewhere takes part. Equal arguments give equal models; the signature differs, since its
key is made for it and thrown away.
"""

import argparse
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apisentinel import __version__
from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.features import catalogue
from apisentinel.features.tick_trace import TOKENS
from apisentinel.models.bundle import write_bundle
from apisentinel.models.tokens import TokenSessions
from apisentinel.models.training.fit import FitSettings, TrainingData, fit_ensemble
from apisentinel.models.trust import Signer, write_public
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.learned import PRIOR
from apisentinel.pipeline.prepare import prepare
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.tick_learner import monotone
from apisentinel.pipeline.tick_samples import Sample, TickSampler
from apisentinel.records.batch import MISSING, TEXT_INDEX
from apisentinel.simulator import Simulation, plan

FIRST_SEED = 7_000
"""Seeds of the prior; no test and no measure uses them."""

STRIPPED = (
    "user_id", "session_id", "credential_id", "headers", "request_body", "response_body", "tls_ja4",
)  # fmt: skip
"""What access logs do not have."""

SITE_BOUND = (
    "requests", "age", "hour_bits", "active_hours", "active_hours_peers", "bytes_10m", "cost_10m",
    "response_time",
)  # fmt: skip
"""Features whose absolute size belongs to a site; the prior does without them."""


class World(NamedTuple):
    """One simulation to learn from."""

    profile: str
    attacks: str | None
    stripped: bool


WORLDS = (
    World("train", None, stripped=False),
    World("train,renderer=b", None, stripped=False),
    World("train", None, stripped=True),
    World("train,renderer=b,noise=2", None, stripped=True),
    World("default,noise=2", "none", stripped=False),
    World("default,noise=2", "none", stripped=True),
    World("default,noise=4", "none", stripped=False),
    World("train,domains=shop", None, stripped=True),
    World("train,domains=bank", None, stripped=False),
    World("train,domains=saas", None, stripped=False),
    World("train,domains=iot", None, stripped=False),
)


def samples(hours: float, seed: int) -> Iterator[tuple[Sample, TickSampler]]:
    """Ticks of each world with their true labels."""
    settings = ScanSettings()
    detector, watch = PayloadDetector(), Stopwatch()
    for number, world in enumerate(WORLDS):
        sampler = TickSampler(seed, most=60_000, most_tokens=60_000)
        enricher = Enricher(settings.enrichment)
        engine = Engine(settings, enricher, detector, watch)
        wanted = plan(hours, 2, profile=world.profile, attacks=world.attacks, seed=seed + number)
        for block in Simulation(wanted).blocks():
            parsed = parse_requests(block.text)
            batch = parsed.batch
            if world.stripped:
                for name in STRIPPED:
                    batch.spans[TEXT_INDEX[name]] = -1
                batch.numbers["duration_us"][:] = MISSING
                batch.numbers["request_bytes"][:] = MISSING
            counted = engine.count(prepare(batch, enricher, detector, watch))
            if counted.ticks is None:
                continue
            hostile = block.campaign[parsed.row >= 0] >= 0
            labels = hostile[counted.ticks.rows["row"]].astype(np.float64)
            sampler.add(
                counted.ticks, labels, np.ascontiguousarray(counted.events["session"]),
                np.ascontiguousarray(counted.events["client"]),
            )  # fmt: skip
        sample = sampler.sample()
        print(world, len(sample.labels), int(sample.labels.sum()), flush=True)
        yield sample, sampler


def data_of(hours: float, seed: int) -> TrainingData:
    """Everything to learn from."""
    made, tokens, offsets = [], [], [np.zeros(1, np.int64)]
    for number, (sample, sampler) in enumerate(samples(hours, seed)):
        rows = sample.rows.copy()
        rows["key"] ^= np.uint64(number * 0x9E3779B97F4A7C15 & (2**64 - 1))
        made.append(sample._replace(rows=rows))
        bad = frozenset(sample.rows["key"][sample.labels > 0].tolist())
        words, ends = sampler.sessions(bad)
        tokens.append(words + np.int32(1))
        offsets.append(ends[1:] + offsets[-1][-1])
    features = np.concatenate([sample.features for sample in made])
    for name in SITE_BOUND:
        features[:, catalogue.INDEX[name]] = np.nan
    rows = np.concatenate([sample.rows for sample in made])
    return TrainingData(
        table=features,
        feature_names=catalogue.NAMES,
        labels=np.concatenate([sample.labels for sample in made]),
        groups=rows["key"].astype(np.int64),
        monotone=monotone(),
        sessions=TokenSessions(np.concatenate(tokens), np.concatenate(offsets), TOKENS + 1),
    )


def main() -> None:
    """Trains and writes the prior."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hours", type=float, default=10.0, help="simulated time of each world")
    parser.add_argument("--trials", type=int, default=0, help="parameter sets tried")
    parser.add_argument("--rows", type=int, default=120_000, help="ticks learned from")
    parser.add_argument("--output", type=Path, default=PRIOR)
    arguments = parser.parse_args()
    data = data_of(arguments.hours, FIRST_SEED)
    wanted = FitSettings(
        seed=FIRST_SEED, trials=arguments.trials, max_rows=arguments.rows, clean=False
    )
    ensemble = fit_ensemble(data, wanted, lambda step, share: print(f"{share:4.0%} {step}"))
    parts = ensemble.to_parts()
    about = {
        "product": __version__,
        "learned": {"ensemble": {"source": "simulator", "schema": catalogue.schema_hash()}},
        "requests": 0,
        "seed": FIRST_SEED,
        "hours": arguments.hours,
        "rows": len(data.labels) if data.labels is not None else 0,
    }
    parts["about.json"] = json.dumps(about, sort_keys=True).encode()
    signer = Signer(Ed25519PrivateKey.generate())
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    name = write_bundle(arguments.output, parts, about, signer, moment)
    write_public(arguments.output.parent / "prior.pub", signer.public)
    total = sum(map(len, parts.values()))
    print(name, f"{total / 1e6:.2f} MB", {k: len(v) for k, v in parts.items()})


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    main()
