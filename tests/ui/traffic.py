"""Traffic for the page: what the simulator writes, moved to the present."""

import io
import json
from datetime import UTC, datetime, timedelta

import zstandard

from tests.integration.test_service import command

SEED = 7
HOURS = 0.5
RATE = 10
ENDS_AGO = timedelta(seconds=20)
"""The traffic ends this long before the present, so that nothing of it lies ahead."""


class Traffic:
    """Requests and their truth.

    Args:
        folder: What the simulator wrote.
    """

    def __init__(self, folder):
        self.campaigns = json.loads((folder / "campaigns.json").read_text("utf-8"))["campaigns"]
        with (folder / "requests.ndjson.zst").open("rb") as stream:
            reader = zstandard.ZstdDecompressor().stream_reader(stream)
            self._requests = [json.loads(line) for line in io.TextIOWrapper(reader, "utf-8")]

    def __len__(self):
        return len(self._requests)

    def lines(self):
        """The requests as NDJSON, the last of them a moment ago."""
        end = datetime.fromisoformat(self._requests[-1]["ts"])
        shift = datetime.now(UTC) - ENDS_AGO - end
        return [
            json.dumps(
                request | {"ts": (datetime.fromisoformat(request["ts"]) + shift).isoformat()}
            ).encode()
            for request in self._requests
        ]

    def campaign(self, kind, *, success=True):
        """The first campaign of a type that had, or had no, success."""
        return next(
            each for each in self.campaigns if each["type"] == kind and each["success"] is success
        )


def simulated(folder):
    """Half an hour of the demo profile."""
    target = folder / "traffic"
    command(
        "simulate",
        *("--hours", str(HOURS), "--rate", str(RATE), "--profile", "demo"),
        *("--seed", str(SEED), "--output", str(target), "--quiet"),
    )
    return Traffic(target)
