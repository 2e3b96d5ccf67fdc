"""The files of a simulation as streams of bytes; writing them is the caller's."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import zstandard

from apisentinel.simulator.simulation import Block, Simulation
from apisentinel.simulator.times import moment_text

LEVEL = 3
"""Compression: the fastest level that still makes a tenth of the text."""


class Compressed:
    """A zstd stream: one frame, bytes in, bytes out."""

    def __init__(self) -> None:
        self._frame = zstandard.ZstdCompressor(level=LEVEL).compressobj()

    def add(self, data: bytes) -> bytes:
        """Compressed bytes that are ready, possibly none."""
        return self._frame.compress(data)

    def end(self) -> bytes:
        """The rest of the frame."""
        return self._frame.flush()


def truth_lines(simulation: Simulation, block: Block) -> bytes:
    """Ground truth of the attack requests of a block as NDJSON."""
    lines = []
    for row in np.flatnonzero(block.campaign >= 0).tolist():
        campaign = simulation.campaigns[int(block.campaign[row])]
        actor = campaign.actors[int(block.actor[row])]
        lines.append(
            msgspec.json.encode(
                {
                    "event_id": f"{int(block.ids[row]) & (2**64 - 1):016x}",
                    "campaign": campaign.id,
                    "attack_type": campaign.type,
                    "actor": actor[1],
                }
            )
        )
    return b"".join(line + b"\n" for line in lines)


def campaigns_document(simulation: Simulation) -> bytes:
    """``campaigns.json``: every campaign that sent at least one request."""
    campaigns = [c.document() for c in simulation.campaigns if c.requests]
    return msgspec.json.format(msgspec.json.encode({"campaigns": campaigns}), indent=1) + b"\n"


def manifest(simulation: Simulation, version: str, *, complete: bool) -> bytes:
    """``manifest.json``: what was asked for and what came out."""
    wanted = simulation.plan
    document: dict[str, Any] = {
        "version": 1,
        "generator": f"apisentinel {version}",
        "complete": complete,
        "seed": wanted.seed,
        "parameters": {
            "hours": wanted.hours,
            "rate": wanted.rate,
            "profile": wanted.profile,
            "attacks": list(wanted.attacks),
            "density": wanted.density,
            "domains": dict(wanted.settings.domains),
            "renderer": wanted.settings.layout,
        },
        "period": {"from": moment_text(simulation.begin), "to": moment_text(simulation.end)},
        "counts": {
            "requests": simulation.lines,
            "attack_requests": simulation.attacks,
            "campaigns": sum(1 for c in simulation.campaigns if c.requests),
            "by_type": by(simulation, "type"),
            "by_variant": by(simulation, "variant"),
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def by(simulation: Simulation, what: str) -> dict[str, int]:
    """Number of campaigns by a field."""
    found: dict[str, int] = {}
    for campaign in simulation.campaigns:
        if campaign.requests:
            key = str(getattr(campaign, what))
            found[key] = found.get(key, 0) + 1
    return dict(sorted(found.items()))


def blocks(simulation: Simulation) -> Iterator[tuple[bytes, bytes]]:
    """Request lines and their truth, block by block, not compressed."""
    for block in simulation.blocks():
        yield block.text, truth_lines(simulation, block)
