"""Alerts and incidents: when somebody is told, and what belongs together."""

from apisentinel.incidents.alerts import AlertPolicy, AlertSettings
from apisentinel.incidents.correlation import (
    IncidentSettings,
    correlate,
    describe,
    founder_of,
    group_cases,
    incident_id,
)

__all__ = [
    "AlertPolicy",
    "AlertSettings",
    "IncidentSettings",
    "correlate",
    "describe",
    "founder_of",
    "group_cases",
    "incident_id",
]
