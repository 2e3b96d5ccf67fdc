"""GraphQL abuse: queries made to cost or to tell too much."""

from typing import NamedTuple

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

LEAST_DEPTH, LEAST_ALIASES, LEAST_BATCH = 8, 10, 10
"""Nesting, aliases and queries of one request that are never abuse below these; tools and pages
stay far below.
"""
TIMES = 2.0
"""How many times what others send a query has to nest, alias or batch."""
DEEP_LLR, ALIASES_LLR, BATCH_LLR, SCHEMA_LLR = 5.6, 5.6, 5.4, 3.6
"""Introspection is what developers do, too: it takes more than one sign."""
MOST_CHARACTERS = 65_536


class Shape(NamedTuple):
    """What a query asks for.

    Attributes:
        depth: Levels of selections.
        aliases: Fields under another name.
        batch: Queries in one request.
        schema: It asks for the schema, 2 for all types.
    """

    depth: int
    aliases: int
    batch: int
    schema: int


def shape_of(text: str, batch: int = 1) -> Shape:
    """The shape of a GraphQL document; strings and arguments are left out.

    Example:
        >>> shape_of('query { a: user(id: "}}{") { id } b: user(id: 2) { name { first } } }')
        Shape(depth=3, aliases=2, batch=1, schema=0)
    """
    depth = most = aliases = parens = 0
    for part in _outside_strings(text[:MOST_CHARACTERS]):
        for sign in part:
            if sign in "()":
                parens = max(parens + (1 if sign == "(" else -1), 0)
            elif parens == 0 and sign in "{}":
                depth = max(depth + (1 if sign == "{" else -1), 0)
                most = max(most, depth)
            elif parens == 0 and sign == ":" and depth:
                aliases += 1
    schema = 2 if "__schema" in text else int("__type" in text and "__typename" not in text)
    return Shape(most, aliases, batch, schema)


def _outside_strings(text: str) -> list[str]:
    """The parts of a document that are no strings."""
    return text.replace("\\\\", "").replace('\\"', "").split('"')[::2]


class GraphQL:
    """A query nests, repeats or batches far more than those of others, or asks for the schema.

    Catches: deep nesting, alias floods, batches, introspection.
    Misses: few fields that are dear to resolve; fragments that refer to each other.
    Cost: 20-100 µs for a query that was not seen before.

    References: OWASP API4:2023; CWE-770; CAPEC-197.
    """

    id = "graphql"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, shape: Shape, usual: Shape) -> list[tuple[str, Evidence]]:
        """Signs of abuse with their names.

        Args:
            shape: The query.
            usual: The most that others asked for here.
        """
        if not self.settings.enabled:
            return []
        out = []
        for name, actual, normal, least, llr in (
            ("levels of nesting", shape.depth, usual.depth, LEAST_DEPTH, DEEP_LLR),
            ("fields under other names", shape.aliases, usual.aliases, LEAST_ALIASES, ALIASES_LLR),
            ("queries in one request", shape.batch, usual.batch, LEAST_BATCH, BATCH_LLR),
        ):
            if actual >= max(least, TIMES * normal):
                out.append((name, self._made(name, actual, normal or None, llr)))
        if shape.schema > usual.schema:
            name = "asks for the schema" if shape.schema > 1 else "asks for a type"
            out.append((name, self._made(name, "__schema" if shape.schema > 1 else "__type",
                                         None, SCHEMA_LLR)))  # fmt: skip
        return out

    def _made(self, name: str, actual: int | str, usual: int | None, llr: float) -> Evidence:
        return Evidence(
            self.id, AttackType.GRAPHQL_ABUSE, llr * self.settings.weight,
            (Factor(name, actual, usual),),
        )  # fmt: skip
