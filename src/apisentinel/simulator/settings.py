"""What a simulation is asked for, and the profiles that fill in the rest."""

import difflib
import math
from dataclasses import dataclass, replace

from apisentinel.errors import ConfigError
from apisentinel.records.taxonomy import AttackType
from apisentinel.simulator.spec import DOMAINS

MAX_HOURS = 24 * 366
"""A year; longer runs are a mistyped number."""

MAX_RATE = 100_000.0
"""Requests per second; more is no site that one machine watches."""

MAX_SEED = 2**63 - 1

UNTOLD = frozenset({AttackType.ANOMALY})
"""Types of the closed list that are no attack by themselves: what an alert says when nothing else
fits. Nobody runs a campaign of it.
"""

ATTACKS = tuple(kind.value for kind in AttackType if kind not in UNTOLD)
VARIANTS = ("burst", "paced", "distributed", "mimic")


@dataclass(frozen=True)
class Profile:
    """A kind of simulation.

    Attributes:
        density: Share of attack requests among all.
        domains: Site by site: name and share of the rate.
        noise: How much odd honest traffic there is; 1 is usual.
        calm: No deploys and outages.
        layout: Version of the renderer.
        opening: Begins with a campaign within the first seconds.
    """

    density: float = 0.05
    domains: tuple[tuple[str, float], ...] = (
        ("shop", 0.4), ("bank", 0.2), ("saas", 0.25), ("iot", 0.15)
    )  # fmt: skip
    noise: float = 1.0
    calm: bool = False
    layout: str = "a"
    opening: bool = False


PROFILES = {
    "default": Profile(),
    "demo": Profile(density=0.06, noise=1.5, opening=True),
    "week": Profile(density=0.0),
    "train": Profile(density=0.1),
}


@dataclass(frozen=True)
class Plan:
    """One simulation, checked.

    Attributes:
        rate: Mean requests per second of honest traffic.
        attacks: Types of campaigns; empty for none.
    """

    hours: float
    rate: float
    profile: str
    seed: int
    attacks: tuple[str, ...]
    density: float
    settings: Profile


def plan(
    hours: float,
    rate: float,
    *,
    profile: str = "default",
    attacks: str | None = None,
    density: float | None = None,
    seed: int = 1,
) -> Plan:
    """Checks what was asked for.

    Args:
        hours: Simulated time.
        rate: Mean requests per second of honest traffic.
        profile: Name, with settings of its own behind commas, such as
            ``train,domains=shop+bank,renderer=b``.
        attacks: Types with commas between, ``none``, or None for those of the profile.
        density: Share of attack requests, 0 to 0.5, or None for that of the profile.
        seed: Equal seeds give equal bytes.

    Raises:
        ConfigError: Something cannot be done; says what would.
    """
    if not (math.isfinite(hours) and 0 < hours <= MAX_HOURS):
        raise ConfigError(f"--hours: {hours:g} is outside 0 … {MAX_HOURS} (a year)")
    if not (math.isfinite(rate) and 0 < rate <= MAX_RATE):
        raise ConfigError(f"--rate: {rate:g} requests per second is outside 0 … {MAX_RATE:g}")
    if not 0 <= seed <= MAX_SEED:
        raise ConfigError(f"--seed: {seed} is outside 0 … {MAX_SEED}")
    chosen = _profile(profile)
    share = chosen.density if density is None else density
    if not 0 <= share <= 0.5:
        raise ConfigError(f"--density: {share:g} is outside 0 … 0.5, the share of attack requests")
    types = _attacks(attacks)
    if attacks not in (None, "none") and density is None and share == 0:
        share = PROFILES["default"].density
    if share == 0:
        types = ()
    return Plan(hours, rate, profile, seed, types, share if types else 0.0, chosen)


def _profile(text: str) -> Profile:
    name, *options = text.split(",")
    if name not in PROFILES:
        raise ConfigError(f"--profile: there is no profile '{name}'{_suggest(name, PROFILES)}")
    chosen = PROFILES[name]
    for option in options:
        key, _, value = option.partition("=")
        if key == "domains":
            chosen = replace(chosen, domains=_domains(value, chosen))
        elif key == "renderer" and value in {"a", "b"}:
            chosen = replace(chosen, layout=value)
        elif key == "noise" and value.replace(".", "", 1).isdigit():
            chosen = replace(chosen, noise=min(float(value), 10.0))
        elif key == "calm":
            chosen = replace(chosen, calm=True)
        else:
            raise ConfigError(
                f"--profile: cannot use '{option}'; there are domains=NAME+NAME, renderer=a|b,"
                " noise=NUMBER, calm"
            )
    return chosen


def _domains(text: str, chosen: Profile) -> tuple[tuple[str, float], ...]:
    shares = dict(chosen.domains)
    names = text.split("+")
    for name in names:
        if name not in DOMAINS:
            raise ConfigError(f"--profile: there is no domain '{name}'{_suggest(name, DOMAINS)}")
    total = sum(shares.get(name, 0.25) for name in names)
    return tuple((name, shares.get(name, 0.25) / total) for name in names)


def _attacks(text: str | None) -> tuple[str, ...]:
    if text is None or text == "all":
        return ATTACKS
    if text == "none":
        return ()
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise ConfigError("--attacks: name types with commas between, or 'none'")
    for name in names:
        if name not in ATTACKS:
            raise ConfigError(
                f"--attacks: there is no attack type '{name}' to simulate{_suggest(name, ATTACKS)}"
            )
    return names


def _suggest(name: str, known: "tuple[str, ...] | dict[str, Profile]") -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean '{near[0]}'?" if near else f"; there are {', '.join(known)}"
