"""Attacks of families that nobody wrote a rule for: leave one out.

    python -m benchmarks.families [--hours H] [--values N] [--seed S]

For each attack type with a grammar, the detector forgets every rule of that type; what is left are
the rules of the other types and the learned profile of an API that nobody attacked while it was
learned. Honest requests of a later time set the threshold, so that one in a thousand lies above;
then values of the forgotten type stand in for the value of a parameter in other honest requests.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import orjson

from apisentinel.clock import SystemClock
from apisentinel.detectors.anomaly.settings import AnomalySettings
from apisentinel.detectors.payload import Finding, PayloadDetector
from apisentinel.detectors.payload.fields import Value
from apisentinel.detectors.payload.opinion import Looked
from apisentinel.pipeline.learning import TrainSettings, learners_of, train
from apisentinel.pipeline.score import ScoreSession
from apisentinel.pipeline.settings import Detectors, ScanSettings
from apisentinel.simulator import Simulation, plan
from apisentinel.simulator.randomness import stream
from apisentinel.simulator.values import FAMILIES, samples

SEED = 31
CLAIMED = 0.001
"""Share of honest requests above the threshold."""
COLUMNS = ("rules left", "with profile", "alerts")
MEDIUM = 0.395
"""Score from which on a request is an alert."""
HONEST = 20_000
"""Honest requests that set it."""


class Forgets:
    """The rules without those of one attack type."""

    def __init__(self, family: str) -> None:
        self.family = family

    def findings(self, value: Value, looked: Looked) -> list[Finding]:  # noqa: ARG002 (Opinion)
        """See `Opinion`."""
        return [found for found in looked.findings if found.attack_type != self.family]


class Traffic(NamedTuple):
    """Honest requests of a site.

    Attributes:
        learned: NDJSON lines of the time that is learned from.
        later: Lines of the time after it.
    """

    learned: list[bytes]
    later: list[bytes]


def traffic(hours: float, seed: int) -> Traffic:
    """A quiet site; two thirds of its time are learned from."""
    lines: list[bytes] = []
    for block in Simulation(plan(hours, 2, attacks="none", seed=seed)).blocks():
        lines += block.text.splitlines()
    cut = len(lines) * 2 // 3
    return Traffic(lines[:cut], lines[cut:])


def learned_bundle(lines: list[bytes], folder: Path) -> ScanSettings:
    """Settings with a bundle that holds the profile of some requests."""
    source = folder / "learned.ndjson"
    source.write_bytes(b"\n".join(lines) + b"\n")
    reading = ScanSettings(
        trust=folder / "trust", detectors=Detectors(anomaly=AnomalySettings(enabled=False))
    )
    training = TrainSettings(trials=0)
    train(
        [str(source)], folder / "bundle", reading, training, SystemClock(),
        learners=learners_of(reading, training),
    )  # fmt: skip
    return reading.model_copy(update={"model": folder / "bundle"})


def carrying(lines: list[bytes], values: list[bytes], dice: np.random.Generator) -> list[bytes]:
    """Honest requests whose value of one parameter is another one."""
    carriers = [line for line in lines if b'"query":"' in line and b"=" in line]
    out = []
    for value in values:
        request = orjson.loads(carriers[int(dice.integers(len(carriers)))])
        pairs = request["query"].split("&")
        at = int(dice.integers(len(pairs)))
        pairs[at] = pairs[at].partition("=")[0] + "=" + quote(value, safe="%/:@()*!~'$,;")
        request["query"] = "&".join(pairs)
        out.append(orjson.dumps(request))
    return out


def scores(settings: ScanSettings, family: str, lines: list[bytes]) -> Any:
    """Scores of requests, each judged alone, without the rules of a family."""
    session = ScoreSession(settings, stateless=True)
    session.detector = PayloadDetector(Forgets(family))
    answers = session.score(b"\n".join(lines) + b"\n").splitlines()
    return np.array([orjson.loads(answer)["score"] for answer in answers])


def measure(hours: float, count: int, seed: int) -> dict[str, dict[str, float]]:
    """Share found of each family, by the rules that are left and with the profile."""
    with tempfile.TemporaryDirectory() as name:
        known = traffic(hours, seed)
        profiled = learned_bundle(known.learned, Path(name))
        plain = ScanSettings(models=False)
        out: dict[str, dict[str, float]] = {}
        for family in FAMILIES:
            values = [each.text for each in samples(seed, count, 0, (family,))]
            hostile = carrying(known.later, values, stream(seed, "carriers", family))
            figures = {"values": float(len(values))}
            for label, settings in (("rules left", plain), ("with profile", profiled)):
                honest = np.sort(scores(settings, family, known.later[:HONEST]))
                cut = honest[int(len(honest) * (1 - CLAIMED))]
                found = scores(settings, family, hostile)
                figures[label] = float((found > cut).mean())
                figures["alerts"] = float((found >= MEDIUM).mean())
            out[family] = figures
        return out


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures as Markdown."""
    lines = [
        "| forgotten | values | rules left | with profile | alerts |",
        "|---|---:|---:|---:|---:|",
    ]
    for family, row in found.items():
        shares = " | ".join(f"{row[key]:.2f}" for key in COLUMNS)
        lines.append(f"| `{family}` | {row['values']:.0f} | {shares} |")
    means = [np.mean([row[key] for row in found.values()]) for key in COLUMNS]
    lines.append("| mean | | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hours", type=float, default=6.0, help="simulated time")
    parser.add_argument("--values", type=int, default=200, help="values of each family")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    print(table(measure(arguments.hours, arguments.values, arguments.seed)))


if __name__ == "__main__":
    main()
