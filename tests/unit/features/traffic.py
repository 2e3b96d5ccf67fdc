"""Hand-made events for the state kernels."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from apisentinel.features import EVENT, FeatureSettings, FeatureState
from apisentinel.kernels.hashing import hash_bytes
from apisentinel.records.batch import RequestBatch, empty_columns
from apisentinel.records.flags import PATH_ASSET, PATH_LOGIN
from apisentinel.records.signal import FACTS, Family

START = 1_700_000_000_000_000
SMALL = FeatureSettings(
    clients=256,
    sessions=256,
    users=256,
    credentials=64,
    endpoints=256,
    pairs=1024,
    networks=256,
    objects=1024,
    agents=256,
)


def h(text: str) -> int:
    return hash_bytes(text.encode())


@dataclass
class Traffic:
    """Collects events; times in seconds from the start."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, at: float, client: str, path: str, status: int = 200, **more: Any) -> "Traffic":
        method = more.pop("method", 1)
        endpoint = more.pop("endpoint", path)
        user = more.pop("user", "")
        row = {
            "ts": START + int(at * 1e6), "client": h(client), "session": h("s" + client),
            "network": h(client[:8]),
            "agent": h(more.pop("agent", "browser")), "path": h(path),
            "endpoint": h(f"{method} {endpoint}"), "status": status,
            "method": method, "object_id": -1, "response_bytes": 500, "duration_us": -1,
            "user": h(user) if user else 0,
            "agent_kind": 2, "session_given": 1,
        }  # fmt: skip
        self.rows.append(row | more)
        return self

    def login(self, at: float, client: str, status: int, user: str = "") -> "Traffic":
        return self.add(at, client, "/login", status, method=3, path_flags=PATH_LOGIN, user=user)

    def page_with_assets(self, at: float, client: str, path: str) -> "Traffic":
        self.add(at, client, path, referer=1)
        for k in range(3):
            self.add(at + 0.1, client, f"/static/{k}.css", path_flags=PATH_ASSET, referer=1)
        return self

    def events(self) -> np.ndarray:
        out = np.zeros(len(self.rows), EVENT)
        for i, row in enumerate(sorted(self.rows, key=lambda r: r["ts"])):
            for name, value in row.items():
                out[name][i] = value
        return out


def batch_of(n: int) -> RequestBatch:
    spans, numbers = empty_columns(n)
    return RequestBatch(np.zeros(64, np.uint8), spans, numbers)


def update(state: FeatureState, events: np.ndarray) -> list[dict[str, Any]]:
    """Signals of actors as dictionaries, in order."""
    signals = state.update(batch_of(len(events)), events)
    out = []
    for s in signals.actors:
        families = [f for f in Family if int(s["raised"]) >> f & 1]
        facts = dict(zip(FACTS, s["facts"].tolist(), strict=True))
        out.append(
            {
                "row": int(s["row"]),
                "kind": int(s["kind"]),
                "families": families,
                "llr": s["llr"].copy(),
                "facts": facts,
            }
        )
    return out


def peaks(state: FeatureState, client: str) -> dict[Family, float]:
    record = state.record(state.actors["client"], h(client))
    assert record is not None
    return {family: float(record["peak"][family]) for family in Family}
