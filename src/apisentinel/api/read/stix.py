"""An incident in the words of other tools: a STIX 2.1 bundle.

Source: STIX Version 2.1, OASIS Standard of 10 June 2021: bundle (8), indicator (4.7),
observed-data (4.14), sighting (5.2), relationship (5.1), TLP markings (7.2.1.4), deterministic ids
of cyber-observables (2.9).
"""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from apisentinel.pipeline.explaining import references

Row = Mapping[str, Any]
Stix = dict[str, Any]

OBSERVABLES: Final = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace that the standard gives for ids of cyber-observables."""
OWN: Final = UUID("2c6f3a52-7c0e-5b5e-9a3e-6a1f2b9d4c11")
"""Namespace of ids of all else: the same incident gives the same bundle wherever it is exported."""

TLP: Final[Stix] = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    "created": "2017-01-20T00:00:00.000Z",
    "definition_type": "tlp",
    "name": "TLP:AMBER",
    "definition": {"tlp": "amber"},
}
"""Addresses and accounts of people: for the organisation and those who must act."""

MOST_COUNT: Final = 999_999_999
"""Largest number of observations that the standard takes."""
MOST_ENTITIES: Final = 200
HARMLESS: Final = frozenset({"false_positive", "benign"})
"""Verdicts after which nobody should be told to look for it."""


def stix_bundle(incident: Row, confidence: int, *, demo: bool = False) -> Stix:
    """A bundle: who did it as observables and indicators, seen when and how often, of which type.

    Args:
        incident: As lists show it; times as text.
        confidence: 0-100.
        demo: The traffic is made up; every object says so.

    Returns:
        A ``bundle`` whose objects refer to nothing outside of it. Without indicators when people
        have judged that it was no attack.
    """
    begin = _time(incident.get("first_ts"))
    end = max(begin, _time(incident.get("last_ts") or begin))
    made = _Maker(begin, end, ["demo", "made-up-traffic"] if demo else [])
    product = made.add("identity", "product", name="API Sentinel", identity_class="system")
    types = [str(each) for each in incident.get("attack_types") or ()]
    patterns = [_attack_pattern(made, each) for each in references(types)]
    entities = list(incident.get("entities") or ())[:MOST_ENTITIES]
    found: dict[str, Stix] = {}
    names: dict[str, str] = {}
    for entity in entities:
        seen = _observable(entity)
        if seen is not None and seen["id"] not in found:
            found[seen["id"]] = seen
            names[seen["id"]] = f"{entity['kind']} {entity['id']}"
    told = made.add(
        "incident",
        str(incident["id"]),
        name=f"{', '.join(types) or 'incident'} ({incident['id']})",
        description=str(incident.get("reason") or ""),
        created_by_ref=product,
        external_references=[{"source_name": "apisentinel", "external_id": str(incident["id"])}],
    )
    observed = None
    if found:
        observed = made.add(
            "observed-data",
            str(incident["id"]),
            created_by_ref=product,
            first_observed=begin,
            last_observed=end,
            number_observed=_count(incident.get("requests")),
            object_refs=list(found),
        )
    harmless = incident.get("verdict") in HARMLESS
    for observable in () if harmless else found.values():
        pattern = _pattern(observable)
        indicator = made.add(
            "indicator",
            f"{incident['id']} {pattern}",
            name=names[observable["id"]],
            created_by_ref=product,
            indicator_types=["malicious-activity"],
            pattern=pattern,
            pattern_type="stix",
            valid_from=begin,
            confidence=max(0, min(100, confidence)),
        )
        made.add(
            "sighting",
            f"{incident['id']} {pattern}",
            created_by_ref=product,
            first_seen=begin,
            last_seen=end,
            count=_count(incident.get("requests")),
            sighting_of_ref=indicator,
            observed_data_refs=[observed],
            where_sighted_refs=[product],
        )
        for target in patterns:
            made.relate(indicator, "indicates", target, product)
        made.relate(indicator, "related-to", told, product)
    return {
        "type": "bundle",
        "id": f"bundle--{uuid5(OWN, ' '.join(('bundle', str(incident['id']), end)))}",
        "objects": [TLP, *found.values(), *made.objects],
    }


class _Maker:
    """Objects with what all of them have in common."""

    def __init__(self, created: str, modified: str, labels: list[str]) -> None:
        self.objects: list[Stix] = []
        self._common = {"created": created, "modified": modified}
        self._labels = labels

    def add(self, kind: str, key: str, **members: Any) -> str:
        name = f"{kind}--{uuid5(OWN, f'{kind} {key}')}"
        self.objects.append(
            {
                "type": kind,
                "spec_version": "2.1",
                "id": name,
                **self._common,
                **members,
                **({"labels": self._labels} if self._labels else {}),
                "object_marking_refs": [TLP["id"]],
            }
        )
        return name

    def relate(self, source: str, how: str, target: str, by: str) -> None:
        self.add(
            "relationship",
            f"{source} {how} {target}",
            created_by_ref=by,
            relationship_type=how,
            source_ref=source,
            target_ref=target,
        )


def _attack_pattern(made: _Maker, known: Row) -> str:
    outside = [
        {"source_name": source, "external_id": each["id"], "url": each["url"]}
        for source, members in (
            ("capec", known["capec"]),
            ("mitre-attack", known["attack"]),
            ("cwe", known["cwe"]),
        )
        for each in members
    ]
    more = {"external_references": outside} if outside else {}
    return made.add("attack-pattern", known["attack_type"], name=known["title"], **more)


def _observable(entity: Row) -> Stix | None:
    """Who it was as a cyber-observable; None for what the standard has no word for."""
    kind, value = entity.get("kind"), str(entity.get("id"))
    if kind in {"client", "network"}:
        try:
            net = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return None
        return _sco(f"ipv{net.version}-addr", {"value": value})
    if kind == "user":
        return _sco("user-account", {"user_id": value})
    return None


def _sco(kind: str, members: Stix) -> Stix:
    # canonical JSON of one text member: what the standard wants an id to be made of
    key = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    name = f"{kind}--{uuid5(OBSERVABLES, key.encode('utf-8', 'replace').decode())}"
    marks = {"object_marking_refs": [TLP["id"]]}
    return {"type": kind, "spec_version": "2.1", "id": name, **members, **marks}


def _pattern(seen: Stix) -> str:
    r"""What to look for, in the pattern language of the standard.

    Example:
        >>> _pattern({"type": "user-account", "user_id": "o'neil"})
        "[user-account:user_id = 'o\\'neil']"
    """
    member = "user_id" if seen["type"] == "user-account" else "value"
    text = seen[member].replace("\\", "\\\\").replace("'", "\\'")
    return f"[{seen['type']}:{member} = '{text}']"


def _count(value: Any) -> int:
    return max(1, min(MOST_COUNT, int(value or 1)))


def _time(value: Any) -> str:
    """A moment with milliseconds, as the standard writes it.

    Example:
        >>> _time("2026-11-20T12:00:00.123456Z"), _time("2026-11-20T12:00:00Z")
        ('2026-11-20T12:00:00.123Z', '2026-11-20T12:00:00.000Z')
    """
    text = str(value or "1970-01-01T00:00:00Z").removesuffix("Z")
    whole, _, part = text.partition(".")
    return f"{whole}.{part[:3]:0<3}Z"


def file_name(incident_id: str, *, demo: bool) -> str:
    """Name of the file that a bundle is saved as."""
    return f"apisentinel-{'demo-' if demo else ''}{incident_id}.stix.json"
