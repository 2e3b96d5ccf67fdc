"""Known probe paths: files, panels and endpoints that scanners ask for."""

from functools import cache
from typing import NamedTuple

from apisentinel.detectors.payload import data
from apisentinel.detectors.payload.decode import decode
from apisentinel.detectors.payload.findings import CAP, Finding
from apisentinel.records.taxonomy import AttackType

MAX_SEGMENTS = 24
"""Segments of a path that are compared; longer paths are judged by their first ones."""

MAX_RUN = 8
"""Segments of the longest known path."""


class Probe(NamedTuple):
    """A known path.

    Attributes:
        category: What it is, in words.
        llr: Natural log of the likelihood ratio.
        firm: True when nobody asks for it but an attacker.
        path: The known part.
        exact: True when it counts only as the whole path.
    """

    category: str
    llr: float
    firm: bool
    path: str
    exact: bool = False


@cache
def _known() -> dict[bytes, Probe]:
    known = {}
    for group in data.load("probes")["group"]:
        firm, exact = bool(group.get("firm")), bool(group.get("exact"))
        for path in group["paths"]:
            known[path.encode().strip(b"/")] = Probe(
                group["category"], float(group["llr"]), firm, path, exact
            )
    return known


@cache
def _suffixes() -> dict[bytes, Probe]:
    return {
        suffix.encode(): Probe(group["category"], float(group["llr"]), firm=False, path=suffix)
        for group in data.load("probes").get("suffix", [])
        for suffix in group["endings"]
    }


@cache
def _firsts() -> frozenset[bytes]:
    """First segments of known paths: most segments of most paths are none of them."""
    return frozenset(path.partition(b"/")[0] for path in _known())


@cache
def _endings() -> tuple[bytes, ...]:
    return tuple(_suffixes())


def probe(path: bytes) -> Probe | None:
    """The strongest known probe path that `path` holds as a run of whole segments, None when there
    is none.
    """
    text = path[:2048].lower()
    if b"%" in text:
        text = decode(text).text
    segments = [
        segment
        for segment in text.replace(b"\\", b"/").replace(b"+", b" ").split(b"/")
        if segment and segment != b"."
    ][:MAX_SEGMENTS]
    known, best = _known(), None
    firsts = _firsts()
    length = sum(map(len, segments)) + len(segments) - 1
    for begin, first in enumerate(segments):
        if first not in firsts:
            continue
        run = b""
        for segment in segments[begin : begin + MAX_RUN]:
            run = run + b"/" + segment if run else segment
            found = known.get(run)
            if (
                found
                and (not found.exact or len(run) == length)
                and (best is None or found.llr > best.llr)
            ):
                best = found
    last = segments[-1] if segments else b""
    # "~" alone is somebody's home
    if last != b"~" and (best is None or not best.firm) and last.endswith(_endings()):
        for ending, found in _suffixes().items():
            if last.endswith(ending) and (best is None or found.llr > best.llr):
                best = found
    return best


def probe_finding(path: bytes) -> Finding | None:
    """The probe as a finding."""
    found = probe(path)
    if found is None:
        return None
    rule = f"probe:{found.category}"
    return Finding(
        AttackType.PROBING, min(found.llr, CAP), found.llr, (rule,), "path", found.path[:120], 0
    )
