"""Who sends a request, with which program, and to which route."""

from apisentinel.enrichment.address import canonical_address, canonical_network
from apisentinel.enrichment.bots import BotProofs
from apisentinel.enrichment.enricher import Enricher
from apisentinel.enrichment.origins import Origins
from apisentinel.enrichment.settings import EnrichmentSettings
from apisentinel.enrichment.web_bot_auth import Request as SignedRequest

__all__ = [
    "BotProofs", "Enricher", "EnrichmentSettings", "Origins", "SignedRequest", "canonical_address",
    "canonical_network",
]  # fmt: skip
