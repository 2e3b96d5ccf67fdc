"""What poisoned training costs: models that learned from a week with bots in it, against models
that learned from the same week without.

    python -m benchmarks.poison [--days 7] [--rate 0.5] [--seeds 1,2] [--share 0.05] [result.json]

Each seed is a site. The bots are there during the whole week, `--share` of all requests; nobody
says which requests are theirs. Both bundles are then measured on a day of that site with attacks of
every kind, as ``apisentinel evaluate`` does, with the rules and without them.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from apisentinel.clock import SystemClock
from apisentinel.evaluation import Benchmark, evaluate
from apisentinel.pipeline.learning import TrainSettings, train
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.simulator import Simulation, plan
from benchmarks.machine import machine

BOTS = "automation,scraping,crawling"
WAYS = {"rules and models": True, "models alone": False}


def main() -> None:
    """Trains twice a seed, measures, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=float, default=7.0, help="days of training traffic")
    parser.add_argument("--rate", type=float, default=0.5, help="honest requests per second")
    parser.add_argument("--seeds", default="1,2", help="sites, with commas between")
    parser.add_argument("--share", type=float, default=0.05, help="share of the bots' requests")
    parser.add_argument("--trials", type=int, default=0, help="parameter sets tried in training")
    parser.add_argument("result", nargs="?", type=Path, help="file for the figures as JSON")
    options = parser.parse_args()
    print("| seed | judged by | learned from | campaigns | found | right type | false per M |")
    print("|---:|---|---|---:|---:|---:|---:|", flush=True)
    rows = []
    for seed in map(int, options.seeds.split(",")):
        with tempfile.TemporaryDirectory(prefix="apisentinel-") as name:
            for row in _site(seed, Path(name), options):
                rows.append(row)
                print("| " + " | ".join(str(value) for value in row.values()) + " |", flush=True)
    lost = {way: _loss(rows, way) for way in WAYS}
    for way, points in lost.items():
        print(f"{way}: {points:+.1f} points of recall by poisoning")
    if options.result:
        about = {"machine": machine(), "rows": rows, "points": lost}
        options.result.write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def _site(seed: int, room: Path, options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Both bundles of a site, measured in both ways: each row as soon as it is known, so that a
    run which is stopped has told something.
    """
    base = ScanSettings(trust=room / "trust")
    for learned, attacks in (("clean", "none"), ("poisoned", BOTS)):
        log = room / f"{learned}.ndjson"
        wanted = plan(
            options.days * 24, options.rate, attacks=attacks, seed=seed,
            density=options.share if attacks == BOTS else None,
        )  # fmt: skip
        with log.open("wb") as file:
            for block in Simulation(wanted).blocks():
                file.write(block.text)
        bundle = room / learned
        training = TrainSettings(trials=options.trials, seed=seed)
        train([str(log)], bundle, base, training, SystemClock())
        log.unlink()
        for way, has_rules in WAYS.items():
            settings = base.model_copy(update={"model": bundle, "rules": has_rules})
            board = evaluate(settings, Benchmark(seeds=(seed,), rate=options.rate))
            yield {
                "seed": seed, "judged by": way, "learned from": learned,
                "campaigns": board.total.campaigns, "found": board.total.found,
                "right type": board.total.right_type,
                "false per M": round(board.false_per_million, 1),
            }  # fmt: skip


def _loss(rows: list[dict[str, object]], way: str) -> float:
    """Points of recall lost by poisoning, all seeds together."""
    shares = []
    for learned in ("clean", "poisoned"):
        some = [r for r in rows if (r["judged by"], r["learned from"]) == (way, learned)]
        shares.append(
            sum(int(str(r["found"])) for r in some) / sum(int(str(r["campaigns"])) for r in some)
        )
    return round(100 * (shares[1] - shares[0]), 2)


if __name__ == "__main__":
    main()
