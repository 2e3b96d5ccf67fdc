"""What the judge remembers beside cases, in the form in which it is kept."""

import msgspec

from apisentinel.detectors.identity import AttemptMemory, TokenMemory, VisitMemory
from apisentinel.features.access_rates import RatesMemory
from apisentinel.features.prices import PriceMemory
from apisentinel.features.role_matrix import MatrixMemory
from apisentinel.features.takings import TakingMemory
from apisentinel.pipeline.bots import BotMemory
from apisentinel.pipeline.content_memory import ContentMemory
from apisentinel.pipeline.parameter_tries import TriesMemory
from apisentinel.pipeline.rhythms import Work
from apisentinel.pipeline.room_refusals import RoomUse
from apisentinel.pipeline.sightings import SightingMemory


class JudgeMemory(msgspec.Struct, forbid_unknown_fields=True):
    """Memory of a judge.

    Attributes:
        clients: Clients seen so far.
        phenomena: Attack type, place, rules and clients of each weak finding, oldest first; the
            clients in rising order.
        contents: Fields, numbers and queries of the endpoints.
        signs: Principal → attack type, signature, time and strength of its odd texts.
        rates: Requests of the running window, and the thresholds.
        staff: Users by network of endpoints that few networks use, and endpoints of everybody.
        attempts: What was tried where.
        purposes: Endpoints where people sign in or take a step beside it, and which.
        visits: Where users come from, and what they changed.
        rights: Which role performs which operation.
        rooms: Who came to which room of the staff.
        refusals: Who was refused there.
        takings: What users and their peers took out.
        bots: Which programs proved who they are.
        tokens: Who holds which token, and what those of an issuer have in common.
        prices: What the API gave as prices of its products.
        sightings: Scanning tools and names of crawlers that clients came with.
        tools: What older versions wrote in the place of `sightings`; not read.
        habits: Endpoint → hours and principals of haste there.
        rhythms: Principal and endpoint → what was remarkable, and when it began.
        parameters: Names of parameters that endpoints were sent, and who tried many.
    """

    clients: int
    phenomena: list[tuple[str, str, tuple[str, ...], list[int]]]
    contents: ContentMemory = msgspec.field(default_factory=ContentMemory)
    signs: list[tuple[int, list[tuple[str, str, int, float]]]] = []
    rates: RatesMemory = msgspec.field(default_factory=RatesMemory)
    staff: tuple[list[tuple[int, list[tuple[int, list[int]]]]], list[int]] = ([], [])
    attempts: AttemptMemory = msgspec.field(default_factory=AttemptMemory)
    purposes: list[tuple[int, int]] = []
    visits: VisitMemory = msgspec.field(default_factory=VisitMemory)
    rights: MatrixMemory = msgspec.field(default_factory=MatrixMemory)
    tokens: TokenMemory = msgspec.field(default_factory=TokenMemory)
    prices: PriceMemory = msgspec.field(default_factory=PriceMemory)
    takings: TakingMemory = msgspec.field(default_factory=TakingMemory)
    bots: BotMemory = msgspec.field(default_factory=BotMemory)
    parameters: TriesMemory = msgspec.field(default_factory=TriesMemory)
    rooms: list[tuple[int, list[int]]] = []
    refusals: list[RoomUse] = []
    sightings: SightingMemory = msgspec.field(default_factory=SightingMemory)
    tools: list[tuple[int, int]] = []
    habits: list[tuple[int, list[tuple[int, int]]]] = []
    rhythms: list[tuple[int, int, Work]] = []
