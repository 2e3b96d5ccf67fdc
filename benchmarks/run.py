"""Measures speed and memory of a scan: ``python -m benchmarks.run [--quick | --full]``.

Every scan is a child process with the default settings and all detectors on; wall time counts from
its start to the written JSON report. Figures are medians of several runs. Nothing is asserted: the
table in the documentation tells, and whoever reads it judges.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.logs import Log, LogShelf
from benchmarks.machine import machine
from benchmarks.measure import PRODUCT, ROOT, ChildFailedError, Usage, measured, median
from benchmarks.table import PAGE, render, write_page

LOG_FORMAT = (ROOT / "benchmarks" / "log_format.txt").read_text("ascii").strip()
MAPPING = str(ROOT / "benchmarks" / "mapping.toml")
MEDIUM = 40
"""Lowest risk of an incident that counts as a finding."""

Part = dict[str, Any]


class Benchmark:
    """All measurements of one run.

    Attributes:
        results: Part → figures; what could not be measured has ``problem`` instead.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.quick, self.full = bool(options.quick), bool(options.full)
        self.runs = 1 if self.quick else int(options.runs)
        self.lines = 100_000 if self.quick else 1_000_000
        self.folder = Path(options.folder)
        self.logs = LogShelf(self.folder / "logs", options.seed)
        self.results: dict[str, Any] = {
            "machine": machine(),
            "command": " ".join(["python -m benchmarks.run", *sys.argv[1:]]),
            "seed": options.seed,
            "runs": self.runs,
        }

    def parts(self) -> dict[str, Callable[[], Part | list[Part]]]:
        """Measurements by name, in the order of the table."""
        return {
            "formats": self.formats,
            "stages": self.stages,
            "yardstick": self.yardstick,
            "sizes": self.sizes,
            "clients": self.clients,
            "crowd": self.crowd,
            "kernels": self.kernels,
            "start": self.start,
        }

    def measure(self, chosen: list[str]) -> None:
        """Runs the chosen parts; one that fails does not stop the others."""
        for name, part in self.parts().items():
            if chosen and name not in chosen:
                continue
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                self.results[name] = part()
            except ChildFailedError as error:
                print(error, file=sys.stderr)
                self.results[name] = {"problem": error.reason}

    def scan(self, log: Log, *options: str, runs: int | None = None) -> Part:
        """Figures of scans of one log."""
        report = self.folder / "report.json"
        command = [*PRODUCT, "scan", str(log.path), "--quiet", "--json", str(report), *options]
        usage = median([measured(command) for _ in range(runs or self.runs)])
        return {**_figures(log, usage), **_findings(log, json.loads(report.read_text("utf-8")))}

    def formats(self) -> list[Part]:
        """The same traffic in each layout, and packed."""
        custom = ("--log-format", LOG_FORMAT)
        cases: list[tuple[str, Log, tuple[str, ...]]] = [
            ("combined", self.logs.get("combined", self.lines), ()),
            ("combined, gzip", self.logs.get("combined", self.lines, packed=True), ()),
            ("nginx log_format, given", self.logs.get("custom", self.lines), custom),
            ("NDJSON", self.logs.get("ndjson", self.lines), ()),
            (
                "other JSON, mapped",
                self.logs.get("mapped", self.lines),
                ("--format", f"json:{MAPPING}"),
            ),
        ]
        return [{"name": name, **self._try(log, *options)} for name, log, options in cases]

    def _try(self, log: Log, *options: str) -> Part:
        """Figures, or the problem: one format that cannot be read does not spoil the others."""
        try:
            return self.scan(log, *options)
        except ChildFailedError as error:
            print(error, file=sys.stderr)
            return {"problem": error.reason}

    def stages(self) -> Part:
        """CPU time of each stage, by the product's own watch."""
        log, profile = self.logs.get("combined", self.lines), self.folder / "profile.json"
        profile.unlink(missing_ok=True)
        command = [*PRODUCT, "scan", str(log.path), "--quiet", "--json", os.devnull]
        usage = measured(command, environment={"APISENTINEL_PROFILE": str(profile)})
        if not profile.exists():
            return {"problem": "the scan wrote no profile"}
        stages = json.loads(profile.read_text("utf-8"))["stages"]
        spent = {name: stage["cpu_ns"] / log.lines for name, stage in stages.items()}
        total = usage.cpu_s * 1e9 / log.lines
        return {**spent, "start, reading, report and the rest": total - sum(spent.values())}

    def yardstick(self) -> Part:
        """CPU of the plain Polars parse beside that of the whole scan of the same file."""
        log = self.logs.get("combined", self.lines)
        command = [sys.executable, "-m", "benchmarks.yardstick", str(log.path)]
        polars = median([measured(command) for _ in range(self.runs)])
        scan = self.scan(log)
        return {
            "polars": _figures(log, polars), "scan": scan,
            "cpu_ratio": scan["cpu_ns_per_line"] / _figures(log, polars)["cpu_ns_per_line"],
        }  # fmt: skip

    def sizes(self) -> list[Part]:
        """Cost per line against the size of the file."""
        counts = [30_000, 100_000] if self.quick else [1_000_000, 3_000_000]
        if self.full:
            counts.append(10_000_000)
        return [self.scan(self.logs.get("combined", lines), runs=1) for lines in counts]

    def clients(self) -> list[Part]:
        """Cost per line against the number of clients."""
        counts = [1_000, 10_000] if self.quick else [1_000, 10_000, 100_000, 1_000_000]
        lines = self.lines // 2 if self.quick else self.lines
        return [
            {"pool": count, **self.scan(self.logs.get("combined", lines, clients=count), runs=1)}
            for count in counts
        ]

    def crowd(self) -> Part:
        """Every benign line from a new client, one brute force among them."""
        lines = 10_000_000 if self.full else self.lines
        return self.scan(self.logs.get("combined", lines, crowd=True), runs=1)

    def kernels(self) -> Part:
        """Speed of single steps inside one process, and memory per key."""
        log, output = self.logs.get("combined", self.lines), self.folder / "kernels.json"
        command = [sys.executable, "-m", "benchmarks.kernel_speed", str(log.path), str(output)]
        measured(command)
        return dict(json.loads(output.read_text("utf-8")))

    def start(self) -> Part:
        """What a user waits for at least: the help, and a log of 1,000 lines."""
        log = self.logs.get("combined", 1_000)
        runs = 1 if self.quick else 5
        help_run = median([measured([*PRODUCT, "--help"]) for _ in range(runs)])
        scan_run = self.scan(log, runs=runs)
        return {"help_s": help_run.wall_s, "scan_1000_s": scan_run["wall_s"]}


def _figures(log: Log, usage: Usage) -> Part:
    return {
        "lines": log.lines,
        "bytes": log.size,
        "wall_s": usage.wall_s,
        "lines_per_s": log.lines / usage.wall_s,
        "cpu_ns_per_line": usage.cpu_s * 1e9 / log.lines,
        "rss_mb": usage.rss_bytes / 1e6,
    }


def _findings(log: Log, report: dict[str, Any]) -> Part:
    """What the report says about the planted campaigns."""
    found = [
        incident
        for incident in report["incidents"]
        if incident["risk"] >= MEDIUM
    ]  # fmt: skip
    named = {entity["id"] for incident in found for entity in incident["entities"]}
    return {
        "parsed": report["input"]["parsed"],
        "clients": report["totals"]["clients"],
        "incidents": len(found),
        "campaigns": len(log.campaigns),
        "campaigns_found": sum(not named.isdisjoint(c["clients"]) for c in log.campaigns),
    }


def main(words: list[str] | None = None) -> int:
    """Measures, writes results and table; 1 when a part could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument(
        "--quick", action="store_true", help="small logs, one run: does it work at all?"
    )
    extent.add_argument(
        "--full", action="store_true", help="also 10 M lines (5 GB of logs, minutes)"
    )
    parser.add_argument("--parts", nargs="*", default=[], help="only these parts, page unchanged")
    parser.add_argument("--runs", type=int, default=3, help="runs per figure (default 3)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--folder", default=str(ROOT / "bench-results"), help="for logs and results"
    )
    options = parser.parse_args(words)
    benchmark = Benchmark(options)
    unknown = set(options.parts) - set(benchmark.parts())
    if unknown:
        parser.error(
            f"no such part: {', '.join(unknown)}; there are {', '.join(benchmark.parts())}"
        )
    benchmark.measure(options.parts)
    results = benchmark.folder / "results.json"
    results.write_text(json.dumps(benchmark.results, indent=1) + "\n", "utf-8")
    print(render(benchmark.results))
    print(f"figures: {results}", file=sys.stderr)
    if not (options.quick or options.parts):
        write_page(PAGE, benchmark.results)
        print(f"table: {PAGE}", file=sys.stderr)
    broken = [v for v in benchmark.results.values() if isinstance(v, dict) and "problem" in v]
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
