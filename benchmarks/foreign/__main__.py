"""How the product fares on traffic of another author: ``python -m benchmarks.foreign``.

Ten sites unlike those of the simulator, each quiet and attacked; every world is written in the log
format of its site and read by ``apisentinel scan``, as a user would. A campaign is found when an
incident names one of its sources, or one of its places with a fitting type; all other incidents
are false.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.foreign.attacks import attack
from benchmarks.foreign.b2b import B2b
from benchmarks.foreign.bank import Bank
from benchmarks.foreign.core import World
from benchmarks.foreign.formats import write
from benchmarks.foreign.game import Game
from benchmarks.foreign.hospital import Hospital
from benchmarks.foreign.logistics import Logistics
from benchmarks.foreign.matching import judge
from benchmarks.foreign.php_shop import Php
from benchmarks.foreign.recipes import GraphQL
from benchmarks.foreign.school import School
from benchmarks.foreign.sensors import Sensors
from benchmarks.foreign.site import Site
from benchmarks.foreign.tables import tables, write_page
from benchmarks.foreign.tickets import Tickets

SITES: dict[str, type[Site]] = {
    site.name: site
    for site in (Hospital, Game, Logistics, Tickets, GraphQL, Php, B2b, Bank, Sensors, School)
}
START = 1772409600.0
"""Monday, 2026-03-02."""
SEEDS = "11,12"
"""Nothing was decided with these."""
SHOWN = (
    "id", "risk", "severity", "attack_types", "entities", "first_ts", "last_ts", "alert_ts",
    "requests", "endpoints", "reason", "samples",
)  # fmt: skip
"""What is kept of a false incident, for those who look for its cause."""


def build(name: str, seed: int, requests: int, attacks: int) -> Site:
    """A site with its traffic."""
    cls = SITES[name]
    site = cls(World(seed * 1000 + sum(map(ord, name)), cls.days, START))
    site.honest(requests)
    if attacks:
        attack(site, attacks)
    return site


def run(
    name: str, seed: int, requests: int, attacks: int, command: list[str], keep: Path | None
) -> dict[str, Any]:
    """One world, scanned."""
    site = build(name, seed, requests, attacks)
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep / f"{name}-{seed}-{attacks}" if keep else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        log = write(site, folder)
        done = subprocess.run(
            [*command, "scan", str(log), "--json", str(folder / "report.json")],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode not in (0, 3):
            raise RuntimeError(done.stderr[-2000:])
        report = json.loads((folder / "report.json").read_text())
    incidents = [i for i in report["incidents"] if i["severity"] in {"MEDIUM", "HIGH", "CRITICAL"}]
    lines, used = [], set()
    for c in site.w.campaigns.values():
        if not c.requests:
            continue
        line, hits = judge(c, incidents)
        lines.append(line)
        used |= {i["id"] for i in hits}
    honest = sum(h.campaign is None for h in site.w.hits)
    false = [{key: i.get(key) for key in SHOWN} for i in incidents if i["id"] not in used]
    return {
        "site": name,
        "seed": seed,
        "attacks": attacks,
        "requests": len(site.w.hits),
        "honest": honest,
        "unparsed": report["input"]["unparsed"],
        "campaigns": lines,
        "false": false,
        "seconds": report["seconds"],
    }


def main() -> int:
    """Measures, writes the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.foreign")
    parser.add_argument("--sites", default=",".join(SITES))
    parser.add_argument("--seeds", default=SEEDS)
    parser.add_argument("--requests", type=int, default=60_000, help="honest ones, about")
    parser.add_argument("--attacks", type=int, default=24, help="campaigns in an attacked world")
    parser.add_argument("--which", choices=("quiet", "busy", "both"), default="both")
    parser.add_argument("--command", default=f"{sys.executable} -m apisentinel")
    parser.add_argument("--output", type=Path, help="JSON of all worlds")
    parser.add_argument("--keep", type=Path, help="folder for logs and reports")
    parser.add_argument("--page", type=Path, help="page whose tables are replaced")
    parser.add_argument("--jobs", type=int, default=2)
    o = parser.parse_args()
    unknown = set(o.sites.split(",")) - set(SITES)
    if unknown:
        parser.error(f"no such site: {', '.join(sorted(unknown))}; there are {', '.join(SITES)}")
    kinds = {"quiet": (0,), "busy": (o.attacks,), "both": (0, o.attacks)}[o.which]
    jobs = [(n, int(s), a) for n in o.sites.split(",") for s in o.seeds.split(",") for a in kinds]
    worlds = []
    with ThreadPoolExecutor(o.jobs) as pool:
        command = o.command.split()
        for world in pool.map(lambda j: run(j[0], j[1], o.requests, j[2], command, o.keep), jobs):
            worlds.append(world)
            found = sum(c["found"] for c in world["campaigns"])
            told = f"{world['site']} {world['seed']}: {len(world['false'])} false incidents"
            print(f"{told}, {found} of {len(world['campaigns'])} campaigns", file=sys.stderr)
    if o.output:
        o.output.write_text(json.dumps(worlds, indent=1))
    text = tables(worlds)
    if o.page:
        write_page(o.page, text)
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
