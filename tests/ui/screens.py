"""Every screen with something in it, as places of the page."""

from urllib.parse import quote

SETTINGS = ("sources", "keys", "users", "retention", "audit", "about")
"""Parts of the screen of settings."""


def place(entity):
    return f"entities/{entity['kind']}/{quote(entity['id'], safe='')}"


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
        "alerts": "alerts",
        "explorer": "explorer",
        "endpoints": "endpoints",
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
        found[f"endpoint {number}"] = f"endpoints/{quote(endpoint['endpoint'], safe='')}"
    for part in SETTINGS:
        found[f"settings {part}"] = f"settings/{part}"
    return found
