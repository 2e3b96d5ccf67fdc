"""Detectors of what the fields of one request claim, measured on what others send to the same
endpoint.
"""

from apisentinel.detectors.content.amounts import Amounts
from apisentinel.detectors.content.exposure import Exposure
from apisentinel.detectors.content.graphql import GraphQL, Shape, shape_of
from apisentinel.detectors.content.instructions import Instructions
from apisentinel.detectors.content.privileges import Privileges
from apisentinel.detectors.content.totals import Total, Totals, totals_of
from apisentinel.detectors.content.values import Named, fields_of

__all__ = [
    "Amounts", "Exposure", "GraphQL", "Instructions", "Named", "Privileges", "Shape", "Total",
    "Totals", "fields_of", "shape_of", "totals_of",
]  # fmt: skip
