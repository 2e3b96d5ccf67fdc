"""The self-test: would an attack on *this* site be found? Attacks are planted in a copy of its own
traffic, and the copy is judged as a scan would.
"""

import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from apisentinel.errors import SourceError
from apisentinel.evaluation.benchmark import Group, group, told_of
from apisentinel.evaluation.matching import Outcome, Planted, Told, about, outcome_of
from apisentinel.evaluation.plants import PLANTS, Ground, Request
from apisentinel.evaluation.site import Site
from apisentinel.pipeline.scan import Progress, scan
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.batch import NO_TIME
from apisentinel.simulator.randomness import stream

WARM_UP = 0.25
"""Share of the period before the first attack: what a site does has to be seen first."""
BURST_US = 300_000_000
LEAST_PERIOD_US = 1_800_000_000
"""Half an hour; in less there is no room for attacks that take their time."""
PACED_SHARE = 0.35
"""Share of the period that a patient attack takes, six hours at most."""
PACED_US = 6 * 3_600_000_000


class SelfTest(msgspec.Struct, frozen=True):
    """What came of a self-test.

    Attributes:
        requests: Of the site.
        planted: Requests of the attacks.
        skipped: Attacks that the traffic has no place for, as ``type variant``.
        alarms: Incidents of MEDIUM or more in the traffic as it is.
        drawn_in: Further ones with the attacks in it that are about none of them, for all seeds.
    """

    seeds: tuple[int, ...]
    requests: int
    planted: int
    variants: tuple[Group, ...]
    types: tuple[Group, ...]
    total: Group
    skipped: tuple[str, ...]
    alarms: int
    drawn_in: int
    outcomes: tuple[Outcome, ...] = ()


def self_test(
    paths: Sequence[str],
    settings: ScanSettings,
    *,
    seeds: Sequence[int] = (1,),
    on_progress: Callable[[Progress], None] | None = None,
    on_step: Callable[[str, float], None] = lambda _name, _share: None,
    stop: threading.Event | None = None,
) -> SelfTest | None:
    """Plants attacks in a copy of the traffic and looks which of them are found.

    The traffic is read once, and once more for each seed; the attacks go into a file of their own
    that is merged with it by time, so nothing of it is changed. Equal traffic, settings and seeds
    give equal results.

    Args:
        paths: Files, folders, globs; not standard input.
        settings: How the traffic is judged.
        seeds: Of the attacks; each plants them elsewhere.
        on_progress: Called after each block of every pass.
        on_step: Called with the name of each step and the share that is done.
        stop: When set, nothing is measured.

    Returns:
        What was found, None when it was stopped.

    Raises:
        SourceError: An input cannot be read, or its requests have no times or too short a period.
        ModelError: The bundle of the settings cannot be used.
    """
    site = Site()
    on_step("as it is", 0.0)
    quiet = scan(list(paths), settings, on_progress=on_progress, watcher=site.watch, stop=stop)
    if stop is not None and stop.is_set():
        return None
    site.name(quiet.engine.enricher.label_of)
    if site.first == NO_TIME or site.last - site.first < LEAST_PERIOD_US:
        raise SourceError(
            "the requests span less than half an hour, or have no times: attacks cannot be planted"
            " among them; name more of the traffic"
        )
    before = list(told_of(quiet.report.incidents))
    known = {entity for item in before for entity in item.incident.entities}
    outcomes: list[Outcome] = []
    sent = drawn_in = 0
    skipped: list[str] = []
    for number, seed in enumerate(seeds, 1):
        on_step(f"with attacks, seed {seed}", number / (len(seeds) + 1))
        planted, requests, skipped = sown(site, seed)
        told = _attacked(paths, requests, settings, on_progress, stop)
        if stop is not None and stop.is_set():
            return None
        used: set[str] = set()
        for campaign in planted:
            matched = about(campaign, told)
            used |= {item.incident.id for item in matched}
            outcomes.append(outcome_of(campaign, matched, seed))
        sent += len(requests)
        drawn_in += sum(
            item.incident.id not in used and known.isdisjoint(item.incident.entities)
            for item in told
        )
    return SelfTest(
        seeds=tuple(seeds),
        requests=quiet.report.totals.requests,
        planted=sent,
        variants=_by(outcomes, "variant"),
        types=_by(outcomes, "type"),
        total=group("all", outcomes),
        skipped=tuple(skipped),
        alarms=len(before),
        drawn_in=drawn_in,
        outcomes=tuple(outcomes),
    )


def _attacked(
    paths: Sequence[str],
    requests: Sequence[Request],
    settings: ScanSettings,
    on_progress: Callable[[Progress], None] | None,
    stop: threading.Event | None,
) -> list[Told]:
    """Alarms of the traffic with the attacks in it."""
    with tempfile.TemporaryDirectory(prefix="apisentinel-") as room:
        file = Path(room) / "planted.ndjson"
        file.write_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in requests))
        done = scan([*paths, str(file)], settings, on_progress=on_progress, stop=stop)
    return list(told_of(done.report.incidents))


def sown(site: Site, seed: int) -> tuple[list[Planted], list[Request], list[str]]:
    """The attacks that this site has a place for.

    Returns:
        The attacks, their requests by time, and the names of those without a place.
    """
    planted: list[Planted] = []
    requests: list[Request] = []
    skipped = []
    for number, (kind, variant, build) in enumerate(PLANTS):
        rng = stream(seed, "plant", number)
        made = build(Ground(site, rng, number))
        if made is None:
            skipped.append(f"{kind.value} {variant}")
            continue
        times = _times(site, variant, len(made.requests), rng)
        for at, request in zip(times, made.requests, strict=True):
            requests.append({"ts": at, **request})
        planted.append(
            Planted(
                id=f"{kind.value}-{variant}",
                type=kind,
                variant=variant,
                actors=made.actors,
                endpoints=made.endpoints,
                moments=times,
            )
        )
    requests.sort(key=lambda request: request["ts"])
    return planted, requests, skipped


def _times(site: Site, variant: str, count: int, rng: np.random.Generator) -> list[int]:
    """Rising moments within the period, µs; gaps are exponential."""
    period = site.last - site.first
    length = min(BURST_US, period // 8)
    if variant != "burst":
        length = min(PACED_US, int(period * PACED_SHARE))
    earliest = site.first + int(period * WARM_UP)
    begin = earliest + int(rng.random() * (site.last - length - earliest))
    gaps = np.cumsum(rng.exponential(1.0, count))
    return [begin + int(x) for x in (gaps / gaps[-1] * length).tolist()]


def _by(outcomes: Sequence[Outcome], what: str) -> tuple[Group, ...]:
    names: dict[str, list[Outcome]] = {}
    for item in outcomes:
        names.setdefault(getattr(item, what), []).append(item)
    return tuple(group(name, some) for name, some in names.items())
