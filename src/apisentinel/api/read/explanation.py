"""Why: the sentence, factors that add up to the risk, detectors and how far they agree, and where
the field describes such attacks.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from apisentinel.api.query.shapes import clipped
from apisentinel.pipeline.explaining import (
    BASE_RISK,
    CERTAIN,
    FEW_REQUESTS,
    card_of,
    references,
)
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.taxonomy import PAYLOAD_TYPES
from apisentinel.scoring.fusion import PIECE_CAP, soften

Row = Mapping[str, Any]

DETECTORS: Final = frozenset(type(ScanSettings().detectors).model_fields)
"""Ids of the detectors of this version."""


def summed(risk: int, factors: Iterable[Row]) -> dict[str, Any]:
    """Base, factors and the rest: three figures that add up to the risk.

    The rest is what rounding and factors that are not shown come to; it is small, and shown.
    """
    listed = [dict(clipped(factor)) for factor in factors]
    told = round(sum(float(factor.get("contribution") or 0.0) for factor in listed), 1)
    return {
        "base": BASE_RISK,
        "factors": listed,
        "rest": round(risk - BASE_RISK - told, 1),
        "risk": risk,
    }


def detectors_of(alerts: Iterable[Row]) -> list[dict[str, Any]]:
    """Detectors that spoke, strongest first: how sure each was at its best, and of what."""
    found: dict[str, dict[str, Any]] = {}
    for alert in alerts:
        for piece in alert.get("evidence") or ():
            name = str(piece.get("detector"))
            entry = found.setdefault(
                name,
                {
                    "id": name,
                    "score": 0.0,
                    "attack_types": [],
                    "alerts": 0,
                    "succeeded": None,
                    "card": card_of(name),
                },
            )
            score = soften(float(piece.get("llr") or 0.0)) / PIECE_CAP
            entry["score"] = max(entry["score"], round(score, 4))
            entry["alerts"] += 1
            entry["succeeded"] = piece.get("succeeded") or entry["succeeded"]
            if piece.get("attack_type") not in entry["attack_types"]:
                entry["attack_types"].append(piece.get("attack_type"))
    return sorted(found.values(), key=lambda entry: (-entry["score"], entry["id"]))


def agreement(spoke: Iterable[Row], requests: int) -> dict[str, Any]:
    """How far the detectors agree, and how much there is to go by.

    Returns:
        ``consensus``: share of the detectors that found something, 0-1. ``confidence``: 0-100,
        certain for attacks that show in one request, growing with the requests otherwise.
    """
    names = {str(entry["id"]) for entry in spoke}
    certain = bool(names & CERTAIN)
    data = 1.0 if certain else requests / (requests + FEW_REQUESTS)
    return {
        # some evidence has a name of its own beside that of the detector's settings
        "consensus": round(len(names) / max(1, len(DETECTORS | names)), 3),
        "agree": sorted(names),
        "silent": sorted(DETECTORS - names),
        "confidence": round(100 * data),
        "requests": requests,
    }


def incident_explanation(incident: Row, alerts: Iterable[Row]) -> dict[str, Any]:
    """The explanation of an incident from what was detected and its alerts."""
    listed = list(alerts)
    spoke = detectors_of(listed)
    types = incident.get("attack_types") or []
    return {
        "id": incident["id"],
        "sentence": _sentence(incident),
        **summed(int(incident.get("risk") or 0), incident.get("factors") or ()),
        "severity": incident.get("severity"),
        "detectors": spoke,
        **agreement(spoke, int(incident.get("requests_before_alert") or 0)),
        "in_one_request": bool({str(name) for name in types} & _PAYLOAD_WORDS),
        "succeeded": incident.get("succeeded"),
        "samples": clipped(incident.get("samples") or []),
        "references": references(types),
        **_more(incident.get("explanation")),
    }


def alert_explanation(alert: Row) -> dict[str, Any]:
    """The explanation of one alert."""
    spoke = detectors_of([alert])
    why = alert.get("explanation") or {}
    risk = int(alert.get("risk") or 0)
    reasons = why.get("reasons") or ()
    factors = [factor for item in reasons for factor in item.get("factors") or ()]
    sentence = why.get("sentence") or alert.get("reason") or ""
    return {
        "id": alert["id"],
        "sentence": {"code": "alert", "params": {}, "text": clipped(sentence)},
        **summed(risk, factors or _factors(alert, risk)),
        "severity": alert.get("severity"),
        "detectors": spoke,
        **agreement(spoke, int(alert.get("requests_before") or 0)),
        "succeeded": alert.get("succeeded"),
        "references": references([str(alert.get("attack_type"))]),
        **_more(why),
    }


def _factors(alert: Row, risk: int) -> list[Row]:
    """Factors of an alert that was stored without an explanation."""
    pieces = [
        (factor, float(piece.get("llr") or 0.0))
        for piece in alert.get("evidence") or ()
        for factor in piece.get("factors") or ()
    ]
    total = sum(llr for _, llr in pieces) or 1.0
    return [
        {**factor, "contribution": round((risk - BASE_RISK) * llr / total, 1)}
        for factor, llr in pieces
    ]


def _more(why: Row | None) -> dict[str, Any]:
    """What an explanation that was kept says beyond its factors: reasons with their detectors and
    share of the log odds, matched parts, what would lower the risk, and how much there is to go
    by. Empty for what an earlier version stored.
    """
    if not why:
        return {}
    names = ("reasons", "evidence", "counterfactual", "log_odds", "data")
    return {name: clipped(why[name]) for name in names if name in why}


_PAYLOAD_WORDS = frozenset(kind.value for kind in PAYLOAD_TYPES)


def _sentence(incident: Row) -> dict[str, Any]:
    """The sentence, and its parts for those who put it into other words."""
    return {
        "code": "incident",
        "params": clipped(
            {
                "who": (incident.get("entities") or [None])[0],
                "others": max(0, int(incident.get("entities_total") or 0) - 1),
                "attack_types": incident.get("attack_types") or [],
                "where": incident.get("endpoints") or [],
                "succeeded": incident.get("succeeded"),
            }
        ),
        "text": clipped(incident.get("reason") or ""),
    }
