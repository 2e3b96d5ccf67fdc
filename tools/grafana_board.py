"""The Grafana board of the service, as data: rows of panels over the product's own metrics."""

from typing import Any

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
BY_INSTANCE = 'instance=~"$instance"'

Panel = dict[str, Any]

ROWS: list[tuple[str, list[Panel]]] = [
    (
        "What is going on",
        [
            {
                "title": "Highest anomaly score by attack type",
                "type": "timeseries",
                "unit": "percentunit",
                "max": 1,
                "queries": {
                    "{{attack_type}}": "max by (attack_type) (apisentinel_anomaly_score{%s})"
                },
            },
            {
                "title": "Alerts by severity",
                "type": "timeseries",
                "unit": "short",
                "stack": True,
                "queries": {
                    "{{severity}}": "sum by (severity) (increase("
                    "apisentinel_alerts_total{%s}[$__rate_interval]))"
                },
            },
            {
                "title": "Open incidents",
                "type": "stat",
                "unit": "short",
                "queries": {"{{instance}}": "apisentinel_open_incidents{%s}"},
            },
            {
                "title": "Entities under suspicion",
                "type": "stat",
                "unit": "short",
                "queries": {"{{instance}}": "apisentinel_cases{%s}"},
            },
        ],
    ),
    (
        "Traffic",
        [
            {
                "title": "Requests by what became of them",
                "type": "timeseries",
                "unit": "reqps",
                "queries": {
                    "{{outcome}}": "sum by (outcome) (rate("
                    "apisentinel_events_total{%s}[$__rate_interval]))"
                },
            },
            {
                "title": "Requests by source",
                "type": "timeseries",
                "unit": "reqps",
                "stack": True,
                "queries": {
                    "{{source}}": "sum by (source) (rate(apisentinel_source_events_total"
                    '{outcome="accepted", %s}[$__rate_interval]))'
                },
            },
            {
                "title": "Received without an outcome (must be 0)",
                "type": "stat",
                "unit": "short",
                "red_from": 1,
                "queries": {"{{instance}}": "apisentinel_conservation{%s}"},
            },
            {
                "title": "Late, from the future, with secrets",
                "type": "timeseries",
                "unit": "reqps",
                "queries": {
                    "late": "sum(rate(apisentinel_late_total{%s}[$__rate_interval]))",
                    "{{what}}": "sum by (what) (rate("
                    "apisentinel_notes_total{%s}[$__rate_interval]))",
                },
            },
        ],
    ),
    (
        "How fast",
        [
            {
                "title": "Lag of judging",
                "type": "timeseries",
                "unit": "s",
                "red_from": 30,
                "queries": {"{{instance}}": "apisentinel_pipeline_lag_seconds{%s}"},
            },
            {
                "title": "From acceptance to the alert",
                "type": "timeseries",
                "unit": "s",
                "queries": {
                    "p50": "histogram_quantile(0.5, sum by (le) (rate("
                    "apisentinel_alert_delay_seconds_bucket{%s}[$__rate_interval])))",
                    "p99": "histogram_quantile(0.99, sum by (le) (rate("
                    "apisentinel_alert_delay_seconds_bucket{%s}[$__rate_interval])))",
                },
            },
            {
                "title": "Commit of the journal",
                "type": "timeseries",
                "unit": "s",
                "queries": {
                    "p50": "histogram_quantile(0.5, sum by (le) (rate("
                    "apisentinel_journal_commit_seconds_bucket{%s}[$__rate_interval])))",
                    "p99": "histogram_quantile(0.99, sum by (le) (rate("
                    "apisentinel_journal_commit_seconds_bucket{%s}[$__rate_interval])))",
                },
            },
            {
                "title": "CPU time by stage",
                "type": "timeseries",
                "unit": "percentunit",
                "stack": True,
                "queries": {
                    "{{stage}}": "sum by (stage) (rate("
                    "apisentinel_stage_cpu_seconds_total{%s}[$__rate_interval]))"
                },
            },
        ],
    ),
    (
        "How full",
        [
            {
                "title": "Degradation level",
                "type": "stat",
                "unit": "short",
                "red_from": 2,
                "queries": {"{{instance}}": "apisentinel_degradation_level{%s}"},
            },
            {
                "title": "Backlog",
                "type": "timeseries",
                "unit": "percentunit",
                "max": 1,
                "red_from": 0.9,
                "queries": {"{{instance}}": "apisentinel_backlog_ratio{%s}"},
            },
            {
                "title": "Entities remembered, share of what fits",
                "type": "timeseries",
                "unit": "percentunit",
                "max": 1,
                "queries": {
                    "{{kind}}": "max by (kind) (apisentinel_entities{%s}"
                    " / apisentinel_entities_limit{%s})"
                },
            },
            {
                "title": "Disk",
                "type": "timeseries",
                "unit": "bytes",
                "queries": {
                    "free": "min(apisentinel_disk_free_bytes{%s})",
                    "events": "max(apisentinel_events_bytes{%s})",
                    "journal": "max(apisentinel_journal_bytes{%s})",
                    "checkpoint": "max(apisentinel_checkpoint_bytes{%s})",
                },
            },
            {
                "title": "What was left out under load",
                "type": "timeseries",
                "unit": "reqps",
                "queries": {
                    "{{what}}": "sum by (what) (rate("
                    "apisentinel_shortcuts_total{%s}[$__rate_interval]))"
                },
            },
            {
                "title": "Age of the newest checkpoint",
                "type": "timeseries",
                "unit": "s",
                "queries": {"{{instance}}": "apisentinel_checkpoint_age_seconds{%s}"},
            },
        ],
    ),
]
"""Titles of rows with their panels; ``%s`` stands for the choice of instances."""


def board() -> dict[str, Any]:
    """The board as Grafana imports it."""
    panels: list[Panel] = []
    top = 0
    for title, row in ROWS:
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1},
                "panels": [],
            }
        )
        top += 1
        left = 0
        for panel in row:
            width = 4 if panel["type"] == "stat" else 8
            if left + width > WIDTH:
                left, top = 0, top + 8
            panels.append(_panel(panel, len(panels) + 1, (left, top, width)))
            left += width
        top += 8
    return {
        "__inputs": [],
        "uid": "apisentinel",
        "title": "API Sentinel",
        "tags": ["apisentinel", "security"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "graphTooltip": 1,
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                    "hide": 0,
                },
                {
                    "name": "instance",
                    "label": "Instance",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": "label_values(apisentinel_uptime_seconds, instance)",
                    "refresh": 2,
                    "includeAll": True,
                    "multi": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "annotations": {"list": []},
        "panels": panels,
    }


def _panel(panel: Panel, number: int, place: tuple[int, int, int]) -> Panel:
    left, top, width = place
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if "red_from" in panel:
        steps.append({"color": "red", "value": panel["red_from"]})
    stacking = {"mode": "normal" if panel.get("stack") else "none", "group": "A"}
    defaults: dict[str, Any] = {
        "unit": panel["unit"],
        "min": 0,
        "color": {"mode": "thresholds" if panel["type"] == "stat" else "palette-classic"},
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": {"fillOpacity": 20 if panel.get("stack") else 0, "stacking": stacking},
    }
    if "max" in panel:
        defaults["max"] = panel["max"]
    if panel["type"] == "stat":
        del defaults["custom"]
    return {
        "id": number,
        "type": panel["type"],
        "title": panel["title"],
        "datasource": SOURCE,
        "gridPos": {"x": left, "y": top, "w": width, "h": 8},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": query.replace("%s", BY_INSTANCE),
                "legendFormat": legend,
            }
            for index, (legend, query) in enumerate(panel["queries"].items())
        ],
    }
