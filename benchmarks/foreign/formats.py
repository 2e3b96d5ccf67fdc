"""The log that a site writes: own NDJSON, Combined Log, nginx JSON, Caddy, AWS load balancer."""

import json
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.foreign.core import Hit
from benchmarks.foreign.site import Site

SUFFIX = {
    "ndjson": ".ndjson",
    "combined": ".log",
    "nginx-json": ".json",
    "caddy": ".json",
    "aws-alb": ".log",
}


def write(site: Site, folder: Path) -> Path:
    """Writes the hits of a site by time; returns the file."""
    lines = {
        "ndjson": _ndjson,
        "combined": _combined,
        "nginx-json": _nginx,
        "caddy": _caddy,
        "aws-alb": _alb,
    }[site.format]
    path = folder / f"access{SUFFIX[site.format]}"
    site.w.hits.sort(key=lambda h: h.ts)
    with path.open("w", encoding="utf-8") as out:
        for i, h in enumerate(site.w.hits):
            out.write(lines(site, h, i) + "\n")
    return path


def _iso(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _target(h: Hit) -> str:
    return h.path + ("?" + h.query if h.query else "")


def _ndjson(site: Site, h: Hit, i: int) -> str:
    row: dict[str, object] = {
        "event_id": f"e{i}",
        "ts": _iso(h.ts),
        "method": h.method,
        "host": site.host,
        "path": h.path,
        "status": h.status,
        "response_bytes": h.size,
        "client_ip": h.ip,
        "user_agent": h.agent,
    }
    if h.query:
        row["query"] = h.query
    if h.referer:
        row["referer"] = h.referer
    if site.log_latency:
        row["duration_us"] = int(h.ms * 1000)
    if site.log_user and h.user:
        row["user_id"] = h.user
    if site.log_session and h.session:
        row["session_id"] = h.session
    if h.key:
        row["credential_id"] = h.key
    if site.log_body and h.body:
        row["request_body"] = h.body
        row["headers"] = {"Content-Type": h.ctype or "application/json"}
    return json.dumps(row, ensure_ascii=False)


def _combined(site: Site, h: Hit, i: int) -> str:
    when = datetime.fromtimestamp(h.ts, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    head = f'{h.ip} - - [{when}] "{h.method} {_target(h)} HTTP/1.1" {h.status} {h.size}'
    return f'{head} "{h.referer or "-"}" "{h.agent}"'


def _nginx(site: Site, h: Hit, i: int) -> str:
    row: dict[str, object] = {
        "time_iso8601": _iso(h.ts),
        "remote_addr": h.ip,
        "request_method": h.method,
        "request_uri": _target(h),
        "status": h.status,
        "body_bytes_sent": h.size,
        "request_time": round(h.ms / 1000, 3),
        "http_user_agent": h.agent,
        "http_host": site.host,
    }
    if site.log_user and h.user:
        row["remote_user"] = h.user
    if site.log_session and h.session:
        row["session_id"] = h.session
    return json.dumps(row)


def _caddy(site: Site, h: Hit, i: int) -> str:
    return json.dumps(
        {
            "level": "info",
            "ts": round(h.ts, 3),
            "logger": "http.log.access",
            "msg": "handled request",
            "request": {
                "remote_ip": h.ip,
                "remote_port": "40112",
                "client_ip": h.ip,
                "proto": "HTTP/2.0",
                "method": h.method,
                "host": site.host,
                "uri": _target(h),
                "headers": {"User-Agent": [h.agent], "Accept": ["*/*"]},
            },
            "bytes_read": 0,
            "user_id": "",
            "duration": h.ms / 1000,
            "size": h.size,
            "status": h.status,
        }
    )


def _alb(site: Site, h: Hit, i: int) -> str:
    ts, ip = f"{_iso(h.ts)[:-1]}000Z", h.ip if ":" not in h.ip else f"[{h.ip}]"
    group = "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/t/1"
    return (
        f"https {ts} app/parcel/50dc6c495c0c9188 {ip}:{30000 + i % 30000} 10.0.3.7:8080"
        f" 0.000 {h.ms / 1000:.3f} 0.000 {h.status} {h.status} 310 {h.size}"
        f' "{h.method} https://{site.host}:443{_target(h)} HTTP/2.0" "{h.agent}"'
        f' ECDHE-RSA-AES128-GCM-SHA256 TLSv1.3 {group} "Root=1-{i:08x}-0" "{site.host}" "-" 0 {ts}'
        ' "forward" "-" "-" "-" "-" "-" "-"'
    )
