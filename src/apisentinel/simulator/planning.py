"""Which campaigns run when: every type in every variant in turn, until their share is used up."""

import numpy as np

from apisentinel.simulator.campaign import Campaign
from apisentinel.simulator.crowd import HOUR
from apisentinel.simulator.randomness import stream
from apisentinel.simulator.settings import VARIANTS, Plan
from apisentinel.simulator.world import World

SECOND = 1_000_000

SIZES = {
    # fewest and most requests
    "burst": (25, 2500), "paced": (12, 160), "distributed": (40, 3000), "mimic": (4, 60),
}  # fmt: skip
LARGE = {"volume": 12, "scanning": 4, "scraping": 4, "crawling": 4, "credential_stuffing": 4}
"""Types that need more requests to be what they are: factor on both ends."""
SMALL = {"account_takeover": 0.4, "prompt_injection": 0.5, "mass_assignment": 0.4, "xxe": 0.5}
"""Types that need few."""

LARGE_BUDGET = 50_000
"""Attack requests from which on campaigns grow with their sum."""

NEEDS = {
    # endpoints that a site must have
    "graphql_abuse": ("graphql",),
    "prompt_injection": ("ask",),
    "xxe": ("import",),
    "ssrf": ("image_proxy",),
    "ldapi": ("directory",),
    "nosqli": ("login",),
}

OPENING = ("credential_stuffing", "sqli", "scanning")
"""What a demonstration begins with."""

MOST_CAMPAIGNS = 20_000
"""Campaigns of one simulation; they are planned at once. Past it, attacks are rarer than asked."""

MOST = 200_000
"""Attack requests of one campaign: it is made at once, so this bounds memory."""


def campaigns(plan: Plan, world: World, begin: int, end: int) -> list[Campaign]:
    """The campaigns of a simulation in order of their beginning; sizes are wishes."""
    if not plan.attacks:
        return []
    rng = stream(plan.seed, "campaigns")
    budget = plan.hours * 3600 * plan.rate * plan.density / max(1 - plan.density, 0.01)
    pairs = [(kind, variant) for kind in plan.attacks for variant in VARIANTS]
    # so many requests for each that every pair has its turn, when the share allows
    fair = max(20.0, 2.0 * budget / len(pairs))
    found: list[Campaign] = []
    used = 0.0
    while used < budget and len(found) < MOST_CAMPAIGNS:
        for place in rng.permutation(len(pairs)).tolist():
            kind, variant = pairs[place]
            size = _size(rng, kind, variant, fair, budget)
            if used and used + size > budget * 1.1:
                continue
            found.append(_campaign(rng, world, kind, variant, size, (begin, end)))
            used += size
            if used >= budget or len(found) >= MOST_CAMPAIGNS:
                break
        else:
            break_early = used >= budget * 0.85 or not found
            if break_early:
                break
    if plan.settings.opening:
        kind = OPENING[int(rng.integers(len(OPENING)))]
        kinds = [k for k in (kind, *OPENING) if k in plan.attacks] or list(plan.attacks)
        first = _campaign(rng, world, kinds[0], "burst", 240, (begin, end))
        first.start = begin + int(rng.integers(6, 15)) * SECOND
        found.append(first)
    found.sort(key=lambda campaign: (campaign.start, campaign.seed))
    for number, campaign in enumerate(found):
        campaign.number, campaign.id = number, f"c{number + 1:05d}"
    return found


def _size(rng: np.random.Generator, kind: str, variant: str, fair: float, budget: float) -> int:
    least, most = map(float, SIZES[variant])
    factor = (
        LARGE.get(kind, SMALL.get(kind, 1.0)) if variant != "mimic" or kind == "volume" else 1.0
    )
    least, most = max(3.0, least * factor), most * factor
    # larger sites have larger campaigns, not only more of them
    most *= max(1.0, (budget / LARGE_BUDGET) ** 0.5)
    least = min(least, max(3.0, budget / 4))
    most = max(least, min(most, fair * max(factor, 1.0), MOST))
    return int(np.exp(rng.uniform(np.log(least), np.log(most))))


def _campaign(
    rng: np.random.Generator,
    world: World,
    kind: str,
    variant: str,
    size: int,
    span: tuple[int, int],
) -> Campaign:
    sites = [s for s in world.sites if all(n in s.endpoint for n in _needs(kind))] or world.sites
    shares = np.array([1.0 for _ in sites])
    site = sites[int(rng.choice(len(sites), p=shares / shares.sum()))]
    begin, end = span
    length = end - begin
    latest = {"burst": 0.93, "paced": 0.35, "distributed": 0.7, "mimic": 0.6}[variant]
    start = begin + int(length * rng.uniform(0.03, latest))
    start = min(start, max(begin, end - 2 * HOUR // 60))
    return Campaign(-1, "", kind, variant, site.number, start, size, int(rng.integers(1 << 60)))


def _needs(kind: str) -> tuple[str, ...]:
    return NEEDS.get(kind, ())
