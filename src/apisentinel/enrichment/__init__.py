"""Who sends a request, with which program, and to which route."""

from apisentinel.enrichment.address import canonical_address, canonical_network
from apisentinel.enrichment.enricher import Enricher
from apisentinel.enrichment.origins import Origins
from apisentinel.enrichment.settings import EnrichmentSettings

__all__ = [
    "Enricher", "EnrichmentSettings", "Origins", "canonical_address", "canonical_network",
]  # fmt: skip
