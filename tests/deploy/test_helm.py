"""The chart: its values fit its schema, and what it renders is locked in and can be read."""

import json
from pathlib import Path

import pytest
import yaml

from apisentinel.cli.configuration import load_service

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "apisentinel"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
EVERYTHING = (
    "ingress.enabled=true,metrics.serviceMonitor.enabled=true,metrics.keySecret=prometheus-key,"
    "metrics.prometheusRule.enabled=true,metrics.grafanaBoard.enabled=true,"
    "settings.trusted_hops=1,settings.storage.events.keep_days=14,"
    "settings.server.allowed_hosts={sentinel.lan}"
)


def unknown(value, schema, place=""):
    """Keys that the schema does not know, and tables that it leaves open without need."""
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    found = [f"{place}{key}" for key in value if key not in schema["properties"]]
    if schema.get("additionalProperties") is not False:
        found.append(f"{place} is open")
    for key, inner in value.items():
        found += unknown(inner, schema["properties"].get(key, {}), f"{place}{key}.")
    return found


def test_the_schema_knows_every_value():
    assert unknown(VALUES, SCHEMA) == []
    assert set(SCHEMA["properties"]) - set(VALUES) == {
        "global",
        "nameOverride",
        "fullnameOverride",
    }


def test_nothing_is_open_by_default():
    assert VALUES["networkPolicy"]["enabled"]
    assert not VALUES["metrics"]["open"]
    assert not VALUES["ingress"]["enabled"]
    assert VALUES["service"]["type"] == "ClusterIP"
    assert VALUES["resources"]["limits"]["memory"]


def test_the_program_variables_are_settings():
    text = (CHART / "templates" / "statefulset.yaml").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines() if "name: APISENTINEL_" in line]
    pairs = [line[len("- { name: ") : -len(" }")].split(", value: ") for line in lines]
    variables = {name: "false" if "{{" in value else value.strip('"') for name, value in pairs}
    settings = load_service(None, {}, variables)
    assert settings.server.port == 8080
    assert settings.server.metrics_open is False


@pytest.fixture
def render(helm, run):
    """The objects that the chart makes of some values."""

    def objects(values=""):
        command = [helm, "template", "r", CHART, "--kube-version", "1.31.0"]
        text = run(*command, *(["--set", values] if values else []))
        return {
            (made["kind"], made["metadata"]["name"]): made
            for made in yaml.safe_load_all(text)
            if made
        }

    return objects


def test_helm_accepts_the_chart(helm, run):
    run(helm, "lint", "--strict", CHART)


def test_the_pod_is_locked_in(render):
    spec = render()["StatefulSet", "r-apisentinel"]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["replicas"] == 1
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "privileged": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["image"] == "apisentinel:0.1.0"


def test_the_policy_lets_in_the_port_and_nothing_out(render):
    spec = render()["NetworkPolicy", "r-apisentinel"]["spec"]
    assert spec["egress"] == []
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    (rule,) = spec["ingress"]
    assert rule["ports"] == [{"port": "http", "protocol": "TCP"}]


def test_the_settings_file_is_one(render, tmp_path):
    made = render(EVERYTHING)["ConfigMap", "r-apisentinel"]
    file = tmp_path / "sentinel.toml"
    file.write_text(made["data"]["sentinel.toml"])
    settings = load_service(str(file), {}, {})
    assert settings.detection.trusted_hops == 1
    assert settings.storage.events.keep_days == 14
    hosts = settings.server.allowed_hosts
    assert {"sentinel.lan", "r-apisentinel", "sentinel.example.com"} <= set(hosts)


def test_rules_and_board_arrive_unchanged(render):
    made = render(EVERYTHING)
    alerts = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text("utf-8"))
    assert made["PrometheusRule", "r-apisentinel"]["spec"] == alerts
    board = json.loads(made["ConfigMap", "r-apisentinel-board"]["data"]["apisentinel.json"])
    assert board["uid"] == "apisentinel"


def test_prometheus_gets_a_key_or_is_refused(render, helm):
    monitor = render(EVERYTHING)["ServiceMonitor", "r-apisentinel"]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["authorization"]["credentials"]["name"] == "prometheus-key"
    with pytest.raises(AssertionError, match=r"needs metrics\.keySecret"):
        render("metrics.serviceMonitor.enabled=true")


@pytest.mark.parametrize("wrong", ["image.tag=latest", "replicas=2", "service.port=0"])
def test_values_that_cannot_be_are_refused(render, wrong):
    with pytest.raises(AssertionError, match="schema"):
        render(wrong)
