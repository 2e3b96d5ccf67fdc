"""Every screen with something in it, as places of the page."""

import re
from base64 import urlsafe_b64encode

SETTINGS = ("sources", "keys", "users", "detectors", "retention", "audit", "look", "about")
"""Parts of the screen of settings."""


def coded(text):
    """An id as one step of a path, as ui/src/api/ids.ts writes it."""
    if re.fullmatch(r"[A-Za-z0-9._:@-]{1,120}", text) and text not in {".", ".."}:
        return text
    return "~" + urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def place(entity):
    return f"entities/{entity['kind']}/{coded(entity['id'])}"


def screens(service, *, details=1):
    """Name and place of every screen.

    Args:
        service: With traffic.
        details: How many of each kind of thing are shown one by one, the most at risk first.
    """
    incidents = service.get(f"incidents?limit={details}&sort=-risk")["items"]
    endpoints = service.get(f"endpoints?limit={details}&sort=-risk")["items"]
    found = {
        "overview": "",
        "incidents": "incidents",
        "incidents in groups": "incidents?group=entity",
        "alerts": "alerts",
        "explorer": "explorer",
        "endpoints": "endpoints",
        "models": "models",
        "start": "start",
    }
    for number, incident in enumerate(incidents):
        found[f"incident {number}"] = f"incidents/{incident['id']}"
    for kind in ("client", "user", "session", "credential"):
        found[f"entities {kind}"] = f"entities?kind={kind}"
        for number, entity in enumerate(
            service.get(f"entities?kind={kind}&limit={details}&sort=-score")["items"]
        ):
            found[f"{kind} {number}"] = place(entity)
    for number, endpoint in enumerate(endpoints):
        found[f"endpoint {number}"] = f"endpoints/{coded(endpoint['endpoint'])}"
    for part in SETTINGS:
        found[f"settings {part}"] = f"settings/{part}"
    return found
