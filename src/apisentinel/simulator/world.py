"""Everything that stands still during a simulation: tables for the writer and for the walks.

Constants (ids, hosts, prices of numbers, brands) are drawn from the seed, so that nothing learned
about one world holds in another.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from apisentinel.simulator import spec, writer
from apisentinel.simulator.programs import Programs
from apisentinel.simulator.randomness import stream
from apisentinel.simulator.rows import DOMAIN_SLOTS, FIRST_SLOT, SLOTS, mixed
from apisentinel.simulator.texts import Pool
from apisentinel.simulator.writing import compose

ITEMS = 8192
"""Ids drawn in proportion to their popularity; picks and lists index these, so both agree."""

BRANDS = (
    "northwind", "lumen", "harbor", "alder", "quanta", "vireo", "ember", "solace", "tundra", "kite",
    "mosaic", "fjord", "cobalt", "sequoia", "nimbus", "atlas", "juniper", "orbit", "pebble",
    "osier",
)  # fmt: skip

ERRORS = {
    "400": (
        '{"error":"validation_failed","detail":"one or more fields are invalid"}',
        "{n9(list)}",
    ),
    "401": ('{"error":"unauthorized","detail":"invalid or expired credentials"}', ""),
    "403": ('{"error":"forbidden"}', ""),
    "404": ('{"error":"not_found"}', ""),
    "409": ('{"error":"conflict"}', ""),
    "429": ('{"error":"rate_limited","retry_after":30}', ""),
    "5xx": ('{"error":"internal","request_id":"{salt:hex12}"}', ""),
    "4xx": ('{"error":"bad_request"}', ""),
}
VERSIONS = 14
"""Versions of a program that may appear: those in use at the start and those that come later."""


@dataclass
class Site:
    """One domain in one world.

    Attributes:
        first_endpoint: Number of its first endpoint in the tables of the world.
        endpoint: Number of each endpoint by id.
        column: Column of each slot by name.
        table: First place of each public slot's ids in the items of the world.
        first_account: Id of the first account; later ones follow.
        accounts: Number of accounts.
        owned: For each owned slot: objects per account, factor, offset, size, first id.
        pools: For each text slot: numbers for rows, popular ones first.
    """

    domain: spec.Domain
    number: int
    first_endpoint: int
    endpoint: dict[str, int]
    column: dict[str, int]
    table: dict[str, int]
    first_account: int
    accounts: int
    owned: dict[str, tuple[int, int, int, int, int]]
    pools: dict[str, Any]
    brand: str
    host: str
    ok: Any = None
    milliseconds: Any = None
    size: Any = None
    build: int = 0
    actions: list[str] = field(default_factory=list)

    def owned_id(self, slot: str, account: Any, number: Any) -> Any:
        """Ids of objects of accounts, the same as the writer lists."""
        each, factor, offset, size, first = self.owned[slot]
        place = (account - self.first_account) * each + number % each
        return first + (place % size * factor + offset) % size

    def mark(self, what: str) -> str:
        """Id of the endpoint or action that plays a part, such as `login`."""
        return self.domain.marks.get(what, what)


class World:
    """The compiled tables of all domains for one seed.

    Args:
        seed: Of all constants.
        domains: Names of domains.
        accounts: Accounts per domain.
        layout: ``a`` or ``b``: version of the renderer.
    """

    def __init__(
        self, seed: int, domains: tuple[str, ...], accounts: int, layout: str = "a"
    ) -> None:
        self.seed, self.layout = seed, layout
        self.rng = stream(seed, "world")
        self.pool = Pool()
        raw = spec.clients()
        tables = {name: self.pool.table(words) for name, words in raw["words"].items()}
        self.programs = Programs(self.pool, tables)
        self._items: list[Any] = []
        self._endpoints: list[list[int]] = []
        self._errors: list[list[int]] = []
        self.sites = [self._site(name, k, accounts) for k, name in enumerate(domains)]
        self._clients(raw)
        self.langs = [
            self.pool.ref(text)
            for text in ("de-DE,de;q=0.9,en;q=0.8", "en-GB,en;q=0.9", "fr-FR,fr;q=0.9,en;q=0.7",
                         "en-US,en;q=0.9", "es-ES,es;q=0.9", "pt-BR,pt;q=0.9,en;q=0.8")
        ]  # fmt: skip
        self.referers = [
            [self.pool.ref(f"https://www.{site.brand}.example{path}")
             for path in ("/", "/home", "/search", "/account")]
            for site in self.sites
        ]  # fmt: skip
        self.pool.freeze()
        self.endpoints = np.array(self._endpoints, np.int64)
        self.errors = np.array(self._errors, np.int64)
        self.items = np.concatenate(self._items) if self._items else np.zeros(1, np.int64)
        self.spans, self.ops, self.lists = self.programs.arrays()

    def _site(self, name: str, number: int, accounts: int) -> Site:
        domain = spec.domain(name)
        rng = self.rng
        brand = f"{BRANDS[int(rng.integers(len(BRANDS)))]}{int(rng.integers(10, 99))}"
        host = domain.hosts[int(rng.integers(len(domain.hosts)))].replace("{brand}", brand)
        names = [*SLOTS, *(slot.name for slot in domain.slots)]
        assert len(names) <= len(SLOTS) + DOMAIN_SLOTS  # noqa: S101 (our own data files)
        column = {slot: FIRST_SLOT + k for k, slot in enumerate(names)}
        site = Site(
            domain, number, len(self._endpoints), {}, column, {},
            int(rng.integers(10_000, 900_000)), accounts, {}, {}, brand, host,
            build=int(rng.integers(1 << 40)), actions=list(domain.actions),
        )  # fmt: skip
        for slot in domain.slots:
            self._slot(site, slot)
        # picked at any request: pictures or hooks to fetch
        source = "hooks" if name in {"saas", "iot", "bank"} else "images"
        site.pools["url"] = self._refs(compose(source, rng))
        self.programs.columns = column
        self.programs.list_of = lambda slot, count: self._list(site, slot, count)
        for endpoint in domain.endpoints:
            site.endpoint[endpoint.id] = len(self._endpoints)
            self._endpoint(site, endpoint)
        self._errors.append(
            [self.programs.add(text, writer.DEEP) if _recorded(domain) else -1
             for text, _ in ERRORS.values()]
        )  # fmt: skip
        site.ok = np.array([e.ok for e in domain.endpoints], np.int64)
        factor = np.exp(rng.normal(0, 0.25, len(domain.endpoints)))
        site.milliseconds = np.array([e.milliseconds for e in domain.endpoints]) * factor
        site.size = np.array([e.size for e in domain.endpoints], float)
        return site

    def _slot(self, site: Site, slot: spec.Slot) -> None:
        rng, options = self.rng, slot.options
        if slot.kind == "public":
            count = int(options["count"] * rng.uniform(0.7, 1.3))
            ranks = np.arange(1, count + 1, dtype=float) ** -(
                options["zipf"] + rng.uniform(-0.1, 0.1)
            )
            first = int(rng.integers(1000, 90_000))
            place = np.searchsorted(np.cumsum(ranks) / ranks.sum(), rng.random(ITEMS))
            site.table[slot.name] = ITEMS * len(self._items)
            self._items.append(first + rng.permutation(count)[np.minimum(place, count - 1)])
            site.pools[slot.name] = np.array([first, count], np.int64)
        elif slot.kind == "owned":
            each = int(options["each"])
            size = each * site.accounts
            factor = int(rng.integers(1, size)) | 1
            while np.gcd(factor, size) != 1:
                factor += 2
            first = int(rng.integers(100_000, 5_000_000))
            site.owned[slot.name] = each, factor % size, int(rng.integers(size)), size, first
        elif slot.kind in {"text", "word"}:
            site.pools[slot.name] = self._refs(compose(options["pool"], rng))

    def _refs(self, texts: list[str]) -> Any:
        """Numbers for rows."""
        return np.array([self.pool.ref(text) for text in texts], np.int64)

    def _list(self, site: Site, name: str, count: int) -> list[int]:
        if name == "account":
            return [count, 2, site.column["page"], site.first_account, site.accounts, 0, 0, 0, 0]
        if name in site.owned:
            each, factor, offset, size, first = site.owned[name]
            return [
                min(count, each), 1, site.column["owner"], site.first_account, each, factor, offset,
                size, first,
            ]  # fmt: skip
        return [count, 0, site.column["list"], site.table[name], ITEMS, 0, 0, 0, 0]

    def _endpoint(self, site: Site, endpoint: spec.Endpoint) -> None:
        programs, pool = self.programs, self.pool
        body = -1
        if endpoint.body:
            form = endpoint.content_type == "application/x-www-form-urlencoded"
            context = writer.FORM if form else writer.DEEP
            body = programs.add(endpoint.body, context)
        user = programs.add(site.domain.user, writer.JSON)
        self._endpoints.append([
            pool.index(endpoint.method),
            pool.index(site.host),
            programs.add(endpoint.path, writer.PERCENT),
            programs.add(endpoint.query, writer.PERCENT) if endpoint.query else -1,
            body,
            programs.add(endpoint.reply, writer.DEEP) if endpoint.reply else -1,
            pool.index(endpoint.content_type),
            site.number,
            0 if endpoint.asset else 1,
            user,
        ])  # fmt: skip

    def _clients(self, raw: dict[str, Any]) -> None:
        """Programs of the kinds of clients."""
        kinds = raw["kinds"]
        layout = self.programs.add(raw["layouts"][self.layout], writer.PLAIN)
        token = self.pool.table(
            ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", '{"sub":"', '","iat":', ',"exp":',
             f"{self.sites[0].brand[:3]}_live_", ""]
        )[0]  # fmt: skip
        self.kind: dict[str, int] = {}
        self.group_of: dict[str, str] = {}
        self.agents: list[Any] = []
        self.newest: list[int] = []
        self.age: list[int] = []
        rows: list[list[int]] = []
        for name, fields in kinds.items():
            source = kinds[fields["like"]] if "like" in fields else fields
            self.kind[name] = len(rows)
            self.group_of[name] = fields["group"]
            headers = self.programs.add(_headers(source["headers"]), writer.PLAIN)
            rows.append([headers, self.pool.index(fields["version"]), layout, token])
            self.newest.append(int(source["newest"]))
            self.age.append(int(source["age"]))
            self.agents.append(self._agents(source))
        self.kinds = np.array(rows, np.int64)

    def _agents(self, source: dict[str, Any]) -> Any:
        """(sites, texts, versions) numbers of user agents, oldest version first."""
        oldest = source["newest"] - source["age"]
        brands = [site.brand for site in self.sites]
        return np.array([
            [[self.pool.ref(_agent(text, brand, max(0, oldest + v))) for v in range(VERSIONS)]
             for text in source["agents"]]
            for brand in brands
        ], np.int64)  # fmt: skip

    def agent_refs(self, site: Site, kind: int, device: Any, weeks: int) -> Any:
        """User agents of devices; versions move on every four weeks, devices follow in time."""
        table = self.agents[kind][site.number]
        lag = mixed(device, 31) % (self.age[kind] + 1)
        version = np.clip(self.age[kind] - lag + weeks // 4, 0, VERSIONS - 1)
        return table[mixed(device, 32) % table.shape[0], version]


def _recorded(domain: spec.Domain) -> bool:
    return any(endpoint.reply for endpoint in domain.endpoints)


def _agent(text: str, brand: str, version: int) -> str:
    return (
        text.replace("{v}", str(version))
        .replace("{brand}", brand)
        .replace("{Brand}", brand.title())
    )


def _headers(entries: list[list[str]]) -> str:
    """One template of all headers; values are text of a JSON string inside the line."""
    pieces: list[str] = []
    for name, value, *condition in entries:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        piece = f'["{name}","{quoted}"]'
        if pieces:
            piece = f",{piece}"
        pieces.append(f"{{?{condition[0]}|{piece}}}" if condition else piece)
    return "".join(pieces) + "{?extra|,{@extra}}"
