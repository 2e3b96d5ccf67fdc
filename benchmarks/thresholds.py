"""Compares the two schemes of access thresholds on simulated windows, with and without bots that
poison them: ``python -m benchmarks.thresholds`` prints the table of the quality page.

A week is learned, a week is measured. Each window of ten minutes has 500 clients whose requests are
log-normal around a level that follows the hour; some are heavy users. The bots are 40 clients that
each send 500 to 600 requests a window for a day. The scraper sends 200 in one window.
"""

import numpy as np

from apisentinel.features.access_threshold import Scheme, Threshold, ThresholdSettings

CLIENTS, WINDOWS, BOTS, SCRAPER = 500, 1_008, 40, 200


def window(rng: np.random.Generator, k: int) -> dict[int, int]:
    """Requests of each client in window k."""
    level = 0.9 + 0.4 * np.sin(2 * np.pi * k / 144)
    heavy = np.where(np.arange(CLIENTS) < 15, 1.5, 0.0)
    counts = np.ceil(np.exp(rng.normal(level + heavy, 0.75, CLIENTS))).astype(int)
    return dict(enumerate(counts.tolist()))


def measured(scheme: Scheme, *, poisoned: bool, seed: int) -> tuple[float, float, bool]:
    """Threshold at the end, false alarms per million requests, and whether the scraper is found."""
    rng = np.random.default_rng(seed)
    profile = Threshold(ThresholdSettings(scheme=scheme, floor=1))
    for k in range(WINDOWS):
        counts = window(rng, k)
        if poisoned and 500 <= k < 644:
            counts |= {
                9_000 + b: int(c) for b, c in enumerate(rng.integers(500, 600, BOTS))
            }  # fmt: skip
            limit = profile.limit()
            for who, count in counts.items():
                if limit is not None and count > limit:
                    profile.above[who] = 0
        profile.close(counts)
    limit = profile.limit() or 0.0
    alarms = requests = 0
    for k in range(WINDOWS):
        counts = window(rng, k)
        requests += sum(counts.values())
        alarms += sum(count > limit for count in counts.values())
    return limit, 1e6 * alarms / requests, limit < SCRAPER


def main() -> None:
    """Prints the table."""
    print("| scheme | bots while learning | threshold | false alarms per million | scraper found |")
    print("|---|---|---:|---:|---|")
    for scheme in Scheme:
        for poisoned in (False, True):
            runs = [measured(scheme, poisoned=poisoned, seed=seed) for seed in range(3)]
            limit = np.mean([run[0] for run in runs])
            alarms = np.mean([run[1] for run in runs])
            found = sum(run[2] for run in runs)
            print(
                f"| {scheme} | {'40 for a day' if poisoned else 'none'} | {limit:.0f} |"
                f" {alarms:.1f} | {found} of {len(runs)} |"
            )


if __name__ == "__main__":
    main()
