"""Reads the data files that describe domains, clients and texts."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from apisentinel.errors import ConfigError

DOMAINS = ("shop", "bank", "saas", "iot")
CARD_DOMAINS = frozenset(("shop", "saas"))
"""Domains in which people pay with cards."""
GROUPS = ("web", "mobile", "partner", "cron", "staff", "crawler", "health", "device", "tool")
"""Kinds of clients that walk the same way."""


@dataclass(frozen=True)
class Slot:
    """How a slot gets its value.

    Attributes:
        kind: public (popular ids), owned (ids of an account), text, word, small, price, hash.
        options: Numbers and names for that kind.
    """

    name: str
    kind: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """One operation of an API."""

    id: str
    method: str
    path: str
    query: str
    body: str
    reply: str
    ok: int = 200
    milliseconds: float = 20.0
    size: int = 300
    auth: bool = False
    partner: bool = False
    staff: bool = False
    asset: bool = False
    content_type: str = "application/json"


@dataclass(frozen=True)
class Domain:
    """A described API with the ways in which it is used."""

    name: str
    hosts: tuple[str, ...]
    user: str
    limit: int
    shares: dict[str, float]
    slots: tuple[Slot, ...]
    endpoints: tuple[Endpoint, ...]
    actions: dict[str, tuple[tuple[str, float], ...]]
    picks: dict[str, tuple[str, ...]]
    chains: dict[str, dict[str, dict[str, float]]]
    marks: dict[str, str] = field(default_factory=dict)


def _read(name: str) -> dict[str, Any]:
    text = resources.files("apisentinel.simulator").joinpath(name).read_text("utf-8")
    return tomllib.loads(text)


@cache
def clients() -> dict[str, Any]:
    """Words, kinds of clients and layouts of lines."""
    return _read("clients.toml")


@cache
def texts() -> dict[str, Any]:
    """Texts that people write, by pool."""
    return _read("texts.toml")


@cache
def payloads() -> dict[str, Any]:
    """Grammars of attack payloads, by type."""
    return _read("payloads.toml")


@cache
def domain(name: str) -> Domain:
    """One domain.

    Raises:
        ConfigError: There is no such domain.
    """
    if name not in DOMAINS:
        raise ConfigError(f"simulator: there is no domain '{name}'; there are {', '.join(DOMAINS)}")
    raw = _read(f"domains/{name}.toml")
    return Domain(
        name=name,
        hosts=tuple(raw["hosts"]),
        user=raw["user"],
        limit=int(raw["limit"]),
        shares={group: float(raw[group]) for group in GROUPS if group in raw},
        slots=tuple(
            Slot(slot, options["kind"], {k: v for k, v in options.items() if k != "kind"})
            for slot, options in raw["slots"].items()
        ),
        endpoints=tuple(
            _endpoint(entry, capture=bool(raw["capture"])) for entry in raw["endpoints"]
        ),
        actions={
            name: tuple(_call(call) for call in calls) for name, calls in raw["actions"].items()
        },
        picks={name: tuple(slots) for name, slots in raw["picks"].items()},
        chains=raw["chains"],
        marks=raw.get("marks", {}),
    )


def _endpoint(entry: dict[str, Any], *, capture: bool) -> Endpoint:
    method, _, target = entry["call"].partition(" ")
    path, _, query = target.partition("?")
    return Endpoint(
        id=entry["id"],
        method=method,
        path=path,
        query=query,
        body=entry.get("body", ""),
        reply=entry.get("reply", "") if capture else "",
        ok=int(entry.get("ok", 200)),
        milliseconds=float(entry.get("ms", 20)),
        size=int(entry.get("size", 300)),
        auth=bool(entry.get("auth")),
        partner=bool(entry.get("partner")),
        staff=bool(entry.get("staff")),
        asset=bool(entry.get("asset")),
        content_type=entry.get("ctype", "application/json"),
    )


def _call(text: str) -> tuple[str, float]:
    name, _, chance = text.partition("?")
    return name, float(chance or 1)
