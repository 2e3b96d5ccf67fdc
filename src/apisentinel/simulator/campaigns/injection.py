"""Hostile values in parameters, bodies and headers."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from apisentinel.simulator.attack import Attack
from apisentinel.simulator.payloads import expand, payload, percent
from apisentinel.simulator.rows import COL

TEXT_SLOTS = ("q", "free", "comment", "name", "people", "staffq", "code", "coupon")
"""Slots that take text."""

DATABASE_ERRORS = (
    "You have an error in your SQL syntax near '<q>' at line 1",
    "ERROR: unterminated quoted string at or near '<q>'",
    "SQLSTATE[42000]: Syntax error or access violation: 1064",
    "ORA-01756: quoted string not properly terminated",
    "near '<word>': syntax error (SQLite)",
)


def _places(attack: Attack, kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    """(endpoint, slot) pairs of the site where a text slot is written."""
    found = []
    for endpoint in attack.site.domain.endpoints:
        whole = f"{endpoint.path}?{endpoint.query} {endpoint.body}"
        staff = endpoint.staff and attack.variant != "mimic"
        found += [
            (endpoint.id, slot)
            for slot in kinds
            if f"{{{slot}}}" in whole and slot in attack.site.column and not staff
        ]
    return found


def _ids(attack: Attack) -> list[tuple[str, str]]:
    """(endpoint, slot) pairs where an id stands in the path."""
    names = [s.name for s in attack.site.domain.slots if s.kind in {"public", "owned"}]
    return [
        (endpoint.id, slot)
        for endpoint in attack.site.domain.endpoints
        for slot in names
        if f"{{{slot}}}" in endpoint.path and not endpoint.staff and not endpoint.partner
    ]


def _answers(attack: Attack, rows: Any, refused: dict[int, float], caught: float = 0.0) -> None:
    """Statuses of hostile requests; on success later ones are answered like honest ones."""
    count = rows.shape[0]
    attack.campaign.success = bool(attack.rng.random() < 0.35)
    rows[:, COL["status"]] = attack.statuses(count, refused)
    if attack.campaign.success:
        late = np.arange(count) >= count * attack.rng.uniform(0.5, 0.9)
        rows[late, COL["status"]] = 0
    if caught:
        blocked = attack.rng.random(count) < caught
        rows[blocked, COL["status"]] = 403


def _inject(
    kind: str, places: Callable[[Attack], list[tuple[str, str]]], refused: dict[int, float]
) -> Callable[[Attack], Any]:
    """A campaign that puts payloads of a type into slots of endpoints."""

    def build(attack: Attack) -> Any:
        rng = attack.rng
        all_places = places(attack)
        needed = any(
            e.auth for e in attack.site.domain.endpoints if e.id in {p[0] for p in all_places}
        )
        attack.actors(kind, known=needed and bool(rng.random() < 0.8), per=5)
        # a tool works on a few parameters; the first slots are those that people search in
        few = int(rng.integers(1, 4))
        chosen = [all_places[k] for k in rng.permutation(len(all_places))[:few].tolist()]
        session, time = attack.schedule()
        which = rng.integers(0, len(chosen), session.size).tolist()
        slots = attack.slots(session)
        for k, place in enumerate(which):
            text, encoded = payload(kind, rng)
            slots[k, attack.column(chosen[place][1])] = attack.text(text, encoded=encoded)
        rows = attack.rows(session, time, [chosen[p][0] for p in which], slots)
        _answers(attack, rows, refused)
        if kind == "sqli":
            _databases(attack, rows)
        return attack.finish(rows)

    return build


def _databases(attack: Attack, rows: Any) -> None:
    """Database errors in replies, and sleeping queries in durations."""
    rng = attack.rng
    for k in np.flatnonzero(rows[:, COL["status"]] == 500).tolist():
        if rng.random() < 0.4:
            error = expand(DATABASE_ERRORS[int(rng.integers(len(DATABASE_ERRORS)))], rng)
            rows[k, COL["reply_s"]] = attack.text(
                json.dumps({"error": error}, separators=(",", ":"))
            )
    if attack.campaign.success:
        slow = rng.random(rows.shape[0]) < 0.08
        rows[slow, COL["duration"]] = 5_000_000 + rng.integers(0, 80_000, int(slow.sum()))
        big = (rows[:, COL["status"]] == 0) & (rng.random(rows.shape[0]) < 0.2)
        rows[big, COL["resp_bytes"]] = rng.integers(80_000, 900_000, int(big.sum()))


def _search(attack: Attack) -> list[tuple[str, str]]:
    return _places(attack, TEXT_SLOTS)


def _search_and_ids(attack: Attack) -> list[tuple[str, str]]:
    return _places(attack, TEXT_SLOTS) + _ids(attack)


def _urls(attack: Attack) -> list[tuple[str, str]]:
    return _places(attack, ("url",))


def _headers(kind: str, names: tuple[str, ...], *, extra: bool) -> Callable[[Attack], Any]:
    """A campaign that puts payloads into headers, and some into values."""

    def build(attack: Attack) -> Any:
        rng = attack.rng
        attack.actors(kind, per=4)
        session, time = attack.schedule()
        pages = [
            e.id for e in attack.site.domain.endpoints if not e.auth and not e.staff and not e.body
        ]
        some = [pages[k] for k in rng.permutation(len(pages))[: int(rng.integers(1, 4))].tolist()]
        chosen = [some[k] for k in rng.integers(0, len(some), session.size).tolist()]
        rows = attack.rows(session, time, chosen)
        for k in range(session.size):
            text, encoded = payload(kind, rng)
            luck = rng.random()
            if luck < 0.25:
                rows[k, COL["agent"]] = attack.text(text)
            elif luck < 0.35:
                rows[k, COL["referer"]] = attack.text(text)
                rows[k, COL["head_s"]] = attack.header("Referer", text)
            elif luck < 0.75 or not extra:
                name = names[int(rng.integers(len(names)))]
                rows[k, COL["head_s"]] = attack.header(name, text)
            else:
                value = text if encoded else _percent(text)
                rows[k, COL["query_s"]] = attack.text(f"id={value}")
        _answers(attack, rows, {0: 0.7, 400: 0.2, 404: 0.1})
        return attack.finish(rows)

    return build


def _percent(text: str) -> str:
    return percent(text)


def _operators(template: str, rng: np.random.Generator) -> str:
    """The body of a login with operators in place of one value, or of both."""
    both = rng.random() < 0.5
    if not template.startswith("{"):
        fields = [pair.partition("=")[::2] for pair in template.split("&")]
        chosen = int(rng.integers(1, len(fields)))
        return "&".join(
            f"{name}[{_WORDS[int(rng.integers(len(_WORDS)))]}]="
            if both or k == chosen
            else f"{name}={_value(value, rng)}"
            for k, (name, value) in enumerate(fields)
        )
    body: dict[str, Any] = json.loads(template)
    names = list(body)[:2]
    chosen = int(rng.integers(2))
    for k, name in enumerate(body):
        if name in names and (both or k == chosen):
            body[name] = json.loads(payload("nosqli", rng)[0])
        else:
            body[name] = _value(str(body[name]), rng)
    return json.dumps(body, separators=(",", ":"))


_WORDS = ("$ne", "$gt", "$regex", "$exists", "$nin")


def _value(template: str, rng: np.random.Generator) -> str:
    """A plain value for a field of a template."""
    if "{" not in template:
        return template
    number = int(rng.integers(1000, 99_999_999))
    return f"user{number}@mail.example" if "email" in template else f"{number:09d}"


def nosqli(attack: Attack) -> Any:
    """Operators where a string belongs: in the login body and in query parameters."""
    rng = attack.rng
    attack.actors("nosqli", per=4)
    session, time = attack.schedule()
    login = attack.site.mark("login")
    rows = attack.rows(session, time, login)
    template = next(e.body for e in attack.site.domain.endpoints if e.id == login)
    for k in range(session.size):
        rows[k, COL["body_s"]] = attack.text(_operators(template, rng))
    _answers(attack, rows, {401: 0.6, 400: 0.25, 500: 0.15})
    return attack.finish(rows)


def xxe(attack: Attack) -> Any:
    """Documents with entities where XML is taken, or where it may be taken."""
    rng = attack.rng
    attack.actors("xxe", known=True, per=4)
    session, time = attack.schedule()
    rows = attack.rows(session, time, "import")
    for k in range(session.size):
        rows[k, COL["body_s"]] = attack.text(payload("xxe", rng)[0])
    _answers(attack, rows, {400: 0.5, 500: 0.25, 0: 0.25})
    return attack.finish(rows)


def traversal(attack: Attack) -> Any:
    """Climbs out of folders: in paths and in names of files."""
    rng = attack.rng
    attack.actors("scanning", per=5)
    session, time = attack.schedule()
    places = _places(attack, ("name", "q"))
    pages = [e for e in attack.site.domain.endpoints if not e.auth and not e.staff and not e.body]
    slots = attack.slots(session)
    endpoints: list[str] = []
    paths: list[int] = []
    for k in range(session.size):
        text, encoded = payload("traversal", rng)
        if places and rng.random() < 0.5:
            endpoint, slot = places[int(rng.integers(len(places)))]
            slots[k, attack.column(slot)] = attack.text(text, encoded=encoded)
            endpoints.append(endpoint)
            paths.append(0)
        else:
            page = pages[int(rng.integers(len(pages)))]
            endpoints.append(page.id)
            folder = page.path.split("{")[0].rstrip("/")
            paths.append(
                attack.text(f"{folder}/{text.lstrip('/')}".replace(" ", "%20"), encoded=True)
            )
    rows = attack.rows(session, time, endpoints, slots)
    moved = np.array(paths) < 0
    rows[moved, COL["path_s"]] = np.array(paths)[moved]
    _answers(attack, rows, {404: 0.6, 400: 0.3, 403: 0.1})
    return attack.finish(rows)


def crlf(attack: Attack) -> Any:
    """Line ends that would split headers, percent-encoded in parameters."""
    rng = attack.rng
    attack.actors("crlf", per=4)
    session, time = attack.schedule()
    pages = [
        e.id for e in attack.site.domain.endpoints if not e.auth and not e.staff and not e.body
    ]
    some = [pages[k] for k in rng.permutation(len(pages))[:3].tolist()]
    rows = attack.rows(session, time, [some[k] for k in rng.integers(0, len(some), session.size)])
    names = ("lang", "next", "redirect", "page", "return", "ref", "callback")
    for k in range(session.size):
        name = names[int(rng.integers(len(names)))]
        rows[k, COL["query_s"]] = attack.text(f"{name}={payload('crlf', rng)[0]}")
    _answers(attack, rows, {0: 0.6, 400: 0.4})
    return attack.finish(rows)


def rfi(attack: Attack) -> Any:
    """Addresses of scripts elsewhere in parameters that name files."""
    rng = attack.rng
    attack.actors("scanning", per=4)
    session, time = attack.schedule()
    pages = [
        e.id for e in attack.site.domain.endpoints if not e.auth and not e.staff and not e.body
    ]
    some = [pages[k] for k in rng.permutation(len(pages))[:3].tolist()]
    rows = attack.rows(session, time, [some[k] for k in rng.integers(0, len(some), session.size)])
    names = ("page", "file", "template", "include", "path", "lang", "module", "theme")
    for k in range(session.size):
        text, _ = payload("rfi", rng)
        value = text if rng.random() < 0.6 else _percent(text)
        rows[k, COL["query_s"]] = attack.text(f"{names[int(rng.integers(len(names)))]}={value}")
    _answers(attack, rows, {0: 0.5, 404: 0.3, 400: 0.2})
    return attack.finish(rows)


def deserialization(attack: Attack) -> Any:
    """Serialised objects in cookies, headers and bodies."""
    rng = attack.rng
    attack.actors("deserialization", known=True, per=3)
    session, time = attack.schedule()
    taking = [e.id for e in attack.site.domain.endpoints if e.body and not e.staff and not e.partner
              and "json" in e.content_type]  # fmt: skip
    some = [taking[k] for k in rng.permutation(len(taking))[:2].tolist()]
    rows = attack.rows(session, time, [some[k] for k in rng.integers(0, len(some), session.size)])
    for k in range(session.size):
        text, _ = payload("deserialization", rng)
        luck = rng.random()
        if luck < 0.35:
            rows[k, COL["head_s"]] = attack.header("Cookie", f"state={text}")
        elif luck < 0.5:
            rows[k, COL["head_s"]] = attack.header("X-Session-State", text)
        elif luck < 0.75 and text.startswith("{"):
            rows[k, COL["body_s"]] = attack.text(text)
        else:
            rows[k, COL["body_s"]] = attack.text(
                json.dumps({"data": text, "v": 1}, separators=(",", ":"))
            )
    _answers(attack, rows, {400: 0.5, 500: 0.4, 0: 0.1})
    return attack.finish(rows)


def graphql_abuse(attack: Attack) -> Any:
    """Introspection, nesting, aliases and batches."""
    rng = attack.rng
    attack.actors("library", known=True, per=3)
    session, time = attack.schedule()
    here = attack.has("graphql")
    rows = attack.rows(session, time, "graphql" if here else attack.site.mark("login"))
    path = attack.text("/graphql")
    for k in range(session.size):
        text = payload("graphql_abuse", rng)[0]
        body: dict[str, Any] = {"operationName": None, "variables": {}, "query": text}
        rows[k, COL["body_s"]] = attack.text(json.dumps(body, separators=(",", ":")))
        if not here:
            rows[k, COL["path_s"]] = path
    if here:
        attack.campaign.success = bool(rng.random() < 0.5)
        rows[:, COL["duration"]] = rng.integers(200_000, 9_000_000, session.size)
        rows[:, COL["resp_bytes"]] = rng.integers(20_000, 600_000, session.size)
    else:
        rows[:, COL["status"]] = 404
    return attack.finish(rows)


def protocol(attack: Attack) -> Any:
    """Requests that break the rules of HTTP, or use them against a proxy."""
    rng = attack.rng
    attack.actors("scanning", per=4)
    session, time = attack.schedule()
    pages = [e.id for e in attack.site.domain.endpoints if not e.auth and not e.staff]
    some = [pages[k] for k in rng.permutation(len(pages))[:3].tolist()]
    rows = attack.rows(session, time, [some[k] for k in rng.integers(0, len(some), session.size)])
    smuggled = "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: localhost\r\nX: x"
    for k in range(session.size):
        luck = int(rng.integers(7))
        if luck == 0:
            words = ("TRACE", "TRACK", "DEBUG", "CONNECT", "JEFF", "PROPFIND", "MOVE")
            rows[k, COL["method_s"]] = attack.text(words[int(rng.integers(len(words)))])
        elif luck == 1:
            rows[k, COL["head_s"]] = attack.header("Transfer-Encoding", "chunked")
            rows[k, COL["body_s"]] = attack.text(smuggled)
        elif luck == 2:
            rows[k, COL["head_s"]] = attack.header("Transfer-Encoding", "xchunked, identity")
            rows[k, COL["body_s"]] = attack.text(smuggled)
        elif luck == 3:
            rows[k, COL["head_s"]] = attack.header("Host", "127.0.0.1")
        elif luck == 4:
            rows[k, COL["head_s"]] = attack.header("X-Original-URL", "/admin")
        elif luck == 5:
            rows[k, COL["head_s"]] = attack.header("X-Forwarded-For", ", ".join(["127.0.0.1"] * 40))
        else:
            rows[k, COL["head_s"]] = attack.header("Content-Length", "-1")
    _answers(attack, rows, {400: 0.6, 405: 0.25, 501: 0.15})
    return attack.finish(rows)


def prompt_injection(attack: Attack) -> Any:
    """Instructions to a language model in texts that reach one."""
    rng = attack.rng
    places = _places(attack, ("comment", "free"))
    places = [place for place in places if place[0] == "ask"][:1] or places
    attack.actors("library", known=True, per=3)
    session, time = attack.schedule(fastest=4.0)
    which = rng.integers(0, len(places), session.size).tolist()
    slots = attack.slots(session)
    for k, place in enumerate(which):
        slots[k, attack.column(places[place][1])] = attack.text(payload("prompt_injection", rng)[0])
    rows = attack.rows(session, time, [places[p][0] for p in which], slots)
    attack.campaign.success = bool(rng.random() < 0.3)
    return attack.finish(rows)


_REFUSED = {0: 0.5, 400: 0.25, 500: 0.2, 404: 0.05}

INJECTION: dict[str, Callable[[Attack], Any]] = {
    "sqli": _inject("sqli", _search_and_ids, _REFUSED),
    "nosqli": nosqli,
    "xss": _inject("xss", _search, {0: 0.8, 400: 0.2}),
    "cmdi": _inject("cmdi", _search_and_ids, _REFUSED),
    "traversal": traversal,
    "ssti": _inject("ssti", _search, {0: 0.6, 400: 0.2, 500: 0.2}),
    "ssrf": _inject("ssrf", _urls, {0: 0.4, 400: 0.4, 502: 0.2}),
    "xxe": xxe,
    "ldapi": _inject("ldapi", _search, {0: 0.5, 400: 0.3, 500: 0.2}),
    "crlf": crlf,
    "log4shell": _headers(
        "log4shell",
        ("X-Api-Version", "X-Forwarded-For", "X-Client-Id", "Cookie", "X-Requested-With"),
        extra=True,
    ),
    "deserialization": deserialization,
    "rfi": rfi,
    "graphql_abuse": graphql_abuse,
    "prompt_injection": prompt_injection,
    "protocol": protocol,
}
