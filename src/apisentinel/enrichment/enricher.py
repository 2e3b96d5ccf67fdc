"""The stage as a whole: what needs no order, and what does."""

import math
from typing import Any

import numpy.typing as npt

from apisentinel.enrichment.agents import AgentTable
from apisentinel.enrichment.bots import BotProofs
from apisentinel.enrichment.identity import add_identity
from apisentinel.enrichment.origins import Origins
from apisentinel.enrichment.routes import RouteTable
from apisentinel.enrichment.settings import EnrichmentSettings
from apisentinel.kernels.hashing import DEFAULT_KEY, HashKey
from apisentinel.records.batch import RequestBatch


class Enricher:
    """Adds to each request who sent it, with which program, and to which route.

    `pure` depends on nothing but the request and may run in any thread. `ordered` learns routes:
    one call at a time, batches in event order.

    Attributes:
        origins: What databases say of addresses, None where none is configured.
        bots: Proofs of programs that come under their own name.

    Raises:
        ConfigError: A database or another file cannot be used.
    """

    def __init__(
        self,
        settings: EnrichmentSettings | None = None,
        key: HashKey = DEFAULT_KEY,
        *,
        trusted_hops: int = 0,
    ) -> None:
        self.trusted_hops = trusted_hops
        self.settings = settings or EnrichmentSettings()
        self.key = key
        self.agents = AgentTable(self.settings.agents)
        self.routes = RouteTable(key)
        self.origins = Origins.opened(self.settings.geo)
        self.bots = BotProofs(self.settings.bots)

    def pure(self, batch: RequestBatch) -> None:
        """Adds client, network, user, session, fingerprint and the hashes of the texts."""
        add_identity(batch, self.key, trusted_hops=self.trusted_hops)

    def ordered(self, batch: RequestBatch) -> None:
        """Adds the kind of agent, route, endpoint, path flags and object."""
        self.agents.add(batch)
        self.routes.add(batch)

    def endpoint_label(self, batch: RequestBatch, row: int) -> str:
        """``METHOD host route`` of a request."""
        return self.routes.label_of(int(batch.enriched["endpoint"][row]))

    def label_of(self, endpoint: int) -> str:
        """``METHOD host route`` of an endpoint hash."""
        return self.routes.label_of(endpoint)

    def route_label(self, batch: RequestBatch, row: int) -> str:
        """Template of the path of a request."""
        return self.routes.route_text_of(int(batch.enriched["route"][row]))

    @staticmethod
    def agent_score(batch: RequestBatch, row: int) -> float:
        """How much the user agent alone speaks for automation, 0-1."""
        return 1.0 / (1.0 + math.exp(3.0 - float(batch.enriched["agent_llr"][row])))

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """What was learned about routes; agents are told from their text at any time."""
        return self.routes.snapshot()

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Takes over a snapshot.

        Raises:
            StateError: It has other bounds.
        """
        self.routes.restore(arrays)
