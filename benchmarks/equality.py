"""Checks that a scan gives equal bytes however its input is cut: ``python -m benchmarks.equality``.

One generated log is scanned as one file, as ten pieces, with small and large chunks, with one and
two threads, packed and plain, and twice. The reports may differ in the duration and in the list of
files only, the entities in nothing.
"""

import argparse
import gzip
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import PRODUCT, ROOT, measured

PIECES = 10
CHUNKS = {"1 k lines": "240KiB", "64 k lines": "16MiB", "1 M lines": "64MiB"}
"""Lines of the generated log have about 240 bytes; the last one is the largest that is allowed."""


class Variant(NamedTuple):
    """One way to scan the same lines."""

    name: str
    inputs: tuple[str, ...]
    options: tuple[str, ...] = ()


class Output(NamedTuple):
    """What must be equal."""

    report: bytes
    entities: bytes


def variants(log: Path, folder: Path) -> list[Variant]:
    """Writes pieces and a packed copy of a log; all ways to scan it, the first is the norm."""
    lines = log.read_bytes().splitlines(keepends=True)
    size = -(-len(lines) // PIECES)
    pieces = []
    for number, block in enumerate(_batched(lines, size)):
        piece = folder / f"piece-{number:02d}.log"
        piece.write_bytes(b"".join(block))
        pieces.append(str(piece))
    packed = folder / "packed.log.gz"
    packed.write_bytes(gzip.compress(log.read_bytes(), 1, mtime=0))
    whole = (str(log),)
    return [
        Variant("one file", whole),
        Variant("again", whole),
        Variant(f"{PIECES} pieces", tuple(pieces)),
        Variant(f"{PIECES} pieces, last first", tuple(reversed(pieces))),
        *(
            Variant(f"chunks of {name}", whole, ("--chunk-size", size))
            for name, size in CHUNKS.items()
        ),
        Variant("1 thread", whole, ("--threads", "1")),
        Variant("2 threads", whole, ("--threads", "2")),
        Variant("packed", (str(packed),)),
        Variant(
            "packed, 1 thread, small chunks",
            (str(packed),),
            ("--threads", "1", "--chunk-size", "64KiB"),
        ),
    ]


def _batched(lines: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    return (lines[k : k + size] for k in range(0, len(lines), size))


def scanned(variant: Variant, folder: Path, command: Sequence[str] = PRODUCT) -> Output:
    """Scans and reads both outputs.

    Raises:
        ChildFailedError: The scan failed.
    """
    report, entities = folder / "report.json", folder / "entities.ndjson"
    measured(
        [
            *command,
            "scan",
            *variant.inputs,
            "--quiet",
            *variant.options,
            "--json",
            str(report),
            "--entities",
            str(entities),
        ]
    )
    return Output(comparable(report.read_bytes()), entities.read_bytes())


def comparable(report: bytes) -> bytes:
    """The report without durations and the list of files; the order of keys stays."""
    document = json.loads(report)
    for name in ("seconds", "events_per_second"):
        document.pop(name, None)
    document.get("input", {}).pop("files", None)
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def difference(expected: bytes, actual: bytes) -> str | None:
    """The first line in which two documents differ, None when they are equal."""
    if expected == actual:
        return None
    pairs = itertools.zip_longest(expected.splitlines(), actual.splitlines(), fillvalue=b"(end)")
    number, (left, right) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    show = [text[:300].decode("utf-8", "replace") for text in (left, right)]
    return f"line {number}: expected {show[0]}\n{'':10}actual   {show[1]}"


def check(
    log: Path, folder: Path, command: Sequence[str] = PRODUCT
) -> Iterator[tuple[str, list[str]]]:
    """Scans all variants of a log.

    Yields:
        Name of a variant and what is unequal in it.
    """
    first, *others = variants(log, folder)
    norm = scanned(first, folder, command)
    for variant in others:
        found = scanned(variant, folder, command)
        problems = {
            name: difference(getattr(norm, name), getattr(found, name)) for name in Output._fields
        }
        yield variant.name, [f"{name}: {text}" for name, text in problems.items() if text]


def main(words: list[str] | None = None) -> int:
    """Prints a line for each variant; 1 when any is unequal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.equality", description=__doc__)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args(words)
    failed = False
    with tempfile.TemporaryDirectory(prefix="equality-") as name:
        folder = Path(name)
        log = folder / "whole.log"
        generate = [sys.executable, "-m", "benchmarks.generate", "--output", str(log)]
        subprocess.run(
            [*generate, "--lines", str(options.lines), "--seed", str(options.seed)],
            cwd=ROOT,
            check=True,
        )
        for variant, problems in check(log, folder):
            failed |= bool(problems)
            print(
                f"{'unequal' if problems else 'equal':8} {variant}",
                *problems,
                sep="\n         ",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
