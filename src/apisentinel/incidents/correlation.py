"""Joins alerted cases into incidents: the same actor, or attributes too rare to be shared by
chance.
"""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from msgspec import structs
from pydantic import BaseModel, ConfigDict, Field

from apisentinel.incidents.common import traits
from apisentinel.incidents.wording import reason
from apisentinel.records.case import Case
from apisentinel.records.evidence import Evidence, Explanation, Factor, Incident, Sample
from apisentinel.records.taxonomy import AttackType, severity_of

LISTS = 4
"""Part of the window within which what is sent and where, without a common program or network,
makes a campaign: attackers share their lists. So long may be between what one actor does under two
names, too.
"""

TELLING_LLR = 2.0
"""Evidence (nats) from which on it gives an incident a name or a part of its sentence."""
MODELS = "ensemble"
"""Detector whose attack type is supposed from what is odd, not seen."""


class IncidentSettings(BaseModel):
    """What belongs together, and how much of it is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_minutes: int = Field(
        default=60,
        ge=1,
        description="Cases join into a campaign when they overlap within this time.",
    )
    rarity: float = Field(
        default=4.0,
        gt=0,
        description="Sum of -log10 of the shares of common attributes that two cases must have.",
    )
    explaining: int = Field(
        default=8,
        ge=1,
        description="Requests with evidence at an endpoint that explain what the endpoint shows.",
    )
    cluster: int = Field(default=5_000, ge=2, description="Most cases in one incident.")
    entities: int = Field(
        default=50, ge=1, description="Entities listed per incident; the rest is counted."
    )
    samples: int = Field(default=5, ge=1, description="Requests shown per incident.")
    factors: int = Field(default=8, ge=1, description="Factors shown per incident.")


class _Sets:
    """Union-find with a bound on the size of a set."""

    def __init__(self, size: int, bound: int) -> None:
        self.parent = list(range(size))
        self.size = [1] * size
        self.bound = bound

    def find(self, i: int) -> int:
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    def union(self, a: int, b: int) -> None:
        a, b = sorted((self.find(a), self.find(b)))
        if a != b and self.size[a] + self.size[b] <= self.bound:
            self.parent[b] = a
            self.size[a] += self.size[b]


def correlate(
    cases: Sequence[Case],
    attribute_share: Callable[[str, str], float],
    last_seen: Callable[[Case], tuple[int, int]],
    time_text: Callable[[int], str | None],
    settings: IncidentSettings | None = None,
    explain: Callable[[Case], Explanation] | None = None,
) -> list[Incident]:
    """Builds the incidents of all alerted cases, highest risk first.

    Args:
        cases: Cases with at least one alert.
        attribute_share: Kind and value of an attribute → share of all clients that have it.
        last_seen: Case → (event time of the entity's last request, its number of requests).
        time_text: Event time in µs → RFC 3339.
        settings: Bounds.
        explain: Says why a case has its highest risk.

    Cost: proportional to cases, plus shared attributes.
    """
    settings = settings or IncidentSettings()
    incidents = [
        describe(group, last_seen, time_text, settings, explain)
        for group in group_cases(cases, attribute_share, settings)
    ]
    return sorted(
        incidents, key=lambda incident: (-incident.risk, incident.alert_ts or "", incident.id)
    )


def group_cases(
    cases: Sequence[Case],
    attribute_share: Callable[[str, str], float],
    settings: IncidentSettings | None = None,
) -> list[list[Case]]:
    """The alerted cases of each incident, in the order of their first alerts' times."""
    settings = settings or IncidentSettings()
    ordered = sorted(cases, key=lambda case: (case.alert_ts, case.ref))
    sets = _Sets(len(ordered), settings.cluster)
    _join_actors(ordered, sets, settings)
    _join_campaigns(ordered, sets, attribute_share, settings)
    _join_endpoints(ordered, sets, settings)
    groups: dict[int, list[Case]] = defaultdict(list)
    for i, case in enumerate(ordered):
        groups[sets.find(i)].append(case)
    return list(groups.values())


def founder_of(group: Sequence[Case]) -> Case:
    """The case of a group that was alerted first: it names the incident while it grows."""
    return min(group, key=lambda case: (case.alert_seq, case.alert_ts, case.ref))


def incident_id(founder: Case) -> str:
    """Id of the incident that a case founds."""
    words = f"{founder.ref.kind}|{founder.ref.id}|{founder.alert_ts}|{founder.alert_ordinal}"
    return "i-" + hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _join_actors(cases: Sequence[Case], sets: _Sets, settings: IncidentSettings) -> None:
    """A session, user or credential joins the client it came from, when both were suspicious with
    the same program and about the same time: others may come from that address, too.
    """
    window = settings.window_minutes * 60_000_000
    clients = {case.key[1]: i for i, case in enumerate(cases) if case.key[0] == "client"}
    for i, case in enumerate(cases):
        at = clients.get(case.parent) if case.key[0] != "client" else None
        if at is None or case.agent != cases[at].agent:
            continue
        client = cases[at]
        if _meet(case, client, window):
            sets.union(at, i)


def _meet(one: Case, other: Case, window: int) -> bool:
    """Whether two stories overlap, or all but follow one another."""
    pause = window // LISTS
    begin, other_begin = _story_begin(one, window), _story_begin(other, window)
    return begin - other.last_ts <= pause and other_begin - one.last_ts <= pause


def _story_begin(case: Case, window: int) -> int:
    """When what a case was alerted for began, µs: weak signs long before are no part of it, which
    an address of many people has every day.
    """
    return max(case.first_ts, case.alert_ts - window)


def _join_endpoints(cases: Sequence[Case], sets: _Sets, settings: IncidentSettings) -> None:
    """What an endpoint shows joins those whose requests there explain it: the one of them with most
    evidence at that endpoint about that time, so that no endpoint makes one of several campaigns.
    """
    window = settings.window_minutes * 60_000_000
    busy: dict[str, list[int]] = defaultdict(list)
    for j, other in enumerate(cases):
        if other.key[0] != "endpoint":
            for label in other.endpoints:
                busy[label].append(j)
    for i, case in enumerate(cases):
        if case.key[0] != "endpoint":
            continue
        there = [
            (cases[j].endpoints[case.ref.id], -j)
            for j in busy.get(case.ref.id, ())
            if _meet(case, cases[j], window)
        ]
        if sum(count for count, _ in there) >= settings.explaining:
            sets.union(-max(there)[1], i)


def _join_campaigns(
    cases: Sequence[Case],
    sets: _Sets,
    share: Callable[[str, str], float],
    settings: IncidentSettings,
) -> None:
    """Cases with the same attack type whose alerts follow one another closely and that have rare
    attributes in common.
    """
    by_attribute: dict[tuple[str, str], dict[AttackType, list[int]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for i, case in enumerate(cases):
        for attribute in sorted(case.attributes.items()):
            shared = by_attribute[attribute]
            for attack in case.families:
                shared[attack].append(i)
    window = settings.window_minutes * 60_000_000
    weight: dict[int, float] = {}
    kinds: dict[int, int] = {}
    bits: dict[str, int] = {}
    count = len(cases)
    # the order of the cases makes that of the attributes, so sums are the same in every run
    for (kind, value), attacks in by_attribute.items():
        chains = [members for members in attacks.values() if len(members) > 1]
        if not chains:
            continue
        rarity = -math.log10(max(share(kind, value), 1e-9))
        bit = bits.setdefault(kind, 1 << len(bits))
        # neighbours in time are enough: union-find closes the chain
        for a, b in (near for members in chains for near in pairwise(members)):
            pair = a * count + b
            common = kinds.get(pair, 0)
            if not common & bit and cases[b].alert_ts - cases[a].alert_ts <= window:
                weight[pair] = weight.get(pair, 0.0) + rarity
                kinds[pair] = common | bit
    _join_pairs(cases, sets, settings, weight, kinds, bits)


def _join_pairs(
    cases: Sequence[Case],
    sets: _Sets,
    settings: IncidentSettings,
    weight: dict[int, float],
    kinds: dict[int, int],
    bits: dict[str, int],
) -> None:
    """Joins the pairs that have enough in common: of a pair's attributes, at least two, and the
    program or the network among them unless the alerts are close. A program that everybody can
    have (`tool`) is rare among honest clients and common among attackers, so it is no source.
    """
    close = settings.window_minutes * 60_000_000 // LISTS
    source = bits.get("agent", 0) | bits.get("network", 0)
    for pair, total in weight.items():
        if total < settings.rarity or kinds[pair].bit_count() < 2:
            continue
        a, b = divmod(pair, len(cases))
        # the same words at the same place are in everybody's lists
        if kinds[pair] & source or cases[b].alert_ts - cases[a].alert_ts <= close:
            sets.union(a, b)


def describe(
    group: Sequence[Case],
    last_seen: Callable[[Case], tuple[int, int]],
    time_text: Callable[[int], str | None],
    settings: IncidentSettings,
    explain: Callable[[Case], Explanation] | None = None,
) -> Incident:
    """The incident of one group; arguments as in `correlate`."""
    ranked = sorted(group, key=lambda case: (-case.peak, case.alert_ts, case.ref))
    lead = ranked[0]
    pieces: list[Evidence] = []
    totals: dict[AttackType, float] = defaultdict(float)
    for case in ranked:
        for kind, family in case.families.items():
            totals[kind] += max((piece.llr for piece in family.strongest.values()), default=0.0)
            pieces += family.strongest.values()
    pieces.sort(key=lambda piece: (-piece.llr, piece.attack_type, piece.detector))
    types = _named(totals, pieces)
    leading = [piece for piece in pieces if totals[piece.attack_type] >= TELLING_LLR] or pieces
    leading = sorted(leading, key=lambda piece: types.index(piece.attack_type))
    # the sentence has the numbers of the factors, which are those of the leading case
    said = [_of_lead(lead, piece) for piece in leading]
    endpoints: Counter[str] = Counter()
    for case in ranked:
        endpoints.update(case.endpoints)
    places = tuple(
        label for label, _ in sorted(endpoints.items(), key=lambda item: (-item[1], item[0]))[:10]
    )
    succeeded = _success(ranked, pieces)
    seen = [last_seen(case) for case in ranked]
    numbers = {id(case): number for case, (_, number) in zip(ranked, seen, strict=True)}
    clients = [case for case in ranked if case.key[0] == "client"] or ranked
    requests = sum(
        max(numbers[id(case)] - case.first_ordinal + 1, case.requests, 1) for case in clients
    )
    first = min(case.first_ts for case in ranked)
    alert = min(case.alert_ts for case in ranked)
    risk = round(lead.peak)
    common = traits(ranked)[: settings.factors - 1]
    # who used a session, a key or an account is named beside it
    refs = list(
        dict.fromkeys(
            [case.ref for case in ranked]
            + [ref for case in ranked for ref in case.clients.values()]
        )
    )
    why = None if explain is None else explain(lead)
    most = settings.factors - len(common)
    factors = _factors(leading, lead.peak, most)
    if why is not None and why.reasons:
        factors = _shown(why, most)
    return Incident(
        id=incident_id(founder_of(ranked)),
        risk=risk,
        severity=severity_of(risk),
        attack_types=types,
        entities=tuple(refs[: settings.entities]),
        first_ts=time_text(first),
        last_ts=time_text(max([ts for ts, _ in seen] + [case.last_ts for case in ranked])),
        alert_ts=time_text(alert),
        requests=requests,
        requests_before_alert=lead.alert_ordinal or 1,
        endpoints=places,
        reason=reason(ranked, said, places, succeeded=succeeded),
        factors=(*factors, *common),
        samples=_samples(ranked, settings.samples),
        succeeded=succeeded,
        entities_total=len(refs),
        explanation=why,
    )


def _named(
    totals: Mapping[AttackType, float], pieces: Iterable[Evidence]
) -> tuple[AttackType, ...]:
    """Attack types, the one to call it by first: the most evidence, and what a detector has seen
    before what models only suppose.
    """
    seen = {
        piece.attack_type
        for piece in pieces
        if piece.detector != MODELS and piece.llr >= TELLING_LLR
    }
    return tuple(sorted(totals, key=lambda kind: (kind not in seen, -totals[kind], kind)))


def _of_lead(lead: Case, piece: Evidence) -> Evidence:
    """What the leading case says of the same attack type, where it says anything."""
    family = lead.families.get(piece.attack_type)
    if family is None or not family.strongest:
        return piece
    return max(family.strongest.values(), key=lambda own: (own.llr, own.detector))


def _success(cases: Sequence[Case], pieces: Sequence[Evidence]) -> bool | None:
    """True when a response confirms it, False when all requests with evidence were refused, else
    unknown.
    """
    if any(piece.succeeded for piece in pieces):
        return True
    families = [family for case in cases for family in case.families.values()]
    refused, answered = sum(f.refused for f in families), sum(f.answered for f in families)
    return False if refused and not answered else None


def _factors(pieces: Sequence[Evidence], risk: float, most: int) -> tuple[Factor, ...]:
    """Factors of the strongest pieces; their contributions add up to the risk above the prior."""
    chosen: list[tuple[Evidence, Factor]] = []
    seen: set[str] = set()
    for piece in pieces:
        for factor in piece.factors:
            if factor.name not in seen and len(chosen) < most:
                seen.add(factor.name)
                chosen.append((piece, factor))
    parts: Counter[int] = Counter(id(piece) for piece, _ in chosen)
    total = sum(piece.llr / parts[id(piece)] for piece, _ in chosen) or 1.0
    above = max(risk - 12.5, 0.0)
    out = [
        Factor(
            f.name,
            f.actual,
            f.usual,
            f.unit,
            round(above * piece.llr / parts[id(piece)] / total, 1),
        )
        for piece, f in chosen
    ]
    return tuple(sorted(out, key=lambda factor: -factor.contribution))


def _shown(why: Explanation, most: int) -> tuple[Factor, ...]:
    """The strongest factors of an explanation, one of each name; what the others add is shared out,
    so that they still add up to the risk above the prior.
    """
    found: dict[str, Factor] = {}
    for reason_ in why.reasons:
        for factor in reason_.factors:
            known = found.get(factor.name)
            more = 0.0 if known is None else known.contribution
            found[factor.name] = structs.replace(
                known or factor, contribution=factor.contribution + more
            )
    ranked = sorted(found.values(), key=lambda factor: -factor.contribution)[:most]
    total = sum(factor.contribution for factor in ranked)
    scale = (why.risk - why.base) / total if total > 0 else 0.0
    return tuple(
        structs.replace(factor, contribution=round(scale * factor.contribution, 1))
        for factor in ranked
    )


def _samples(cases: Sequence[Case], most: int) -> tuple[Sample, ...]:
    """Samples of the leading cases in turn, without repeats."""
    out: dict[int, Sample] = {}
    for depth in range(most):
        for case in cases[:20]:
            if depth < len(case.samples) and len(out) < most:
                out.setdefault(case.samples[depth].seq, case.samples[depth])
    return tuple(sorted(out.values(), key=lambda sample: sample.seq))
