"""Alert rules and board speak of metrics that the product has, and each rule is tested."""

import ast
import json
import runpy
from pathlib import Path

import pytest
import re2
import yaml

from apisentinel.pipeline.door.counters import OUTCOMES
from apisentinel.records.taxonomy import Severity

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
WRITER = runpy.run_path(str(ROOT / "tools" / "write_deploy.py"))
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
RULES = [
    rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]
]
BOARD = json.loads((DEPLOY / "grafana" / "apisentinel.json").read_text("utf-8"))
NAME = re2.compile(r"\bapisentinel_[a-z_]+")
LABEL = re2.compile(r'\b([a-z_]+)(?:=|!=|=~|!~)"')
GROUPED = re2.compile(r"\b(?:by|on) \(([a-z_, ]+)\)")
TARGET_LABELS = {"instance", "job", "le"}


def constants(node):
    """Texts in a piece of code."""
    return [
        inner.value
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    ]


def families():
    """Names of the product's metrics and, for each, the names of its labels."""
    source = ROOT / "src" / "apisentinel" / "pipeline" / "live" / "metrics.py"
    found = {}
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        first = node.args[0]
        if not (isinstance(first, ast.Constant) and str(first.value).startswith("apisentinel_")):
            continue
        keys = {
            key.value
            for inner in ast.walk(node)
            if isinstance(inner, ast.Dict)
            for key in inner.keys
            if isinstance(key, ast.Constant)
        }
        if isinstance(node.func, ast.Name) and node.func.id == "_many":
            keys = {"kind"}
        found[first.value] = keys
        if "histogram" in constants(node):
            found |= {f"{first.value}{s}": {"le"} for s in ("_bucket", "_sum", "_count")}
    return found


FAMILIES = families()


def queries():
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    for panel in BOARD["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel.get("targets", ()))


def test_the_promised_metrics_are_there():
    promised = {
        "apisentinel_events_total",
        "apisentinel_alerts_total",
        "apisentinel_anomaly_score",
        "apisentinel_pipeline_lag_seconds",
    }
    assert promised <= set(FAMILIES)
    assert len(FAMILIES) > 30


@pytest.mark.parametrize(("title", "query"), list(queries()))
def test_a_query_uses_metrics_and_labels_that_exist(title, query):
    names = set(NAME.findall(query))
    assert names <= set(FAMILIES)
    labels = set(LABEL.findall(query))
    labels |= {label.strip() for group in GROUPED.findall(query) for label in group.split(",")}
    known = TARGET_LABELS | {label for name in names for label in FAMILIES[name]}
    assert labels <= known


@pytest.mark.parametrize(("title", "query"), list(queries()))
def test_a_query_compares_with_values_that_exist(title, query):
    for label, values in (("outcome", {*OUTCOMES, "received"}), ("severity", set(Severity))):
        for part in query.split(f'{label}="')[1:]:
            assert part.partition('"')[0] in {str(value) for value in values} | {"stored", "failed"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_how_bad_it_is_and_what_to_do(rule):
    assert rule["labels"]["severity"] in {"none", "warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "description"}
    assert rule["alert"].startswith("ApiSentinel")


def test_every_rule_has_a_test():
    text = (DEPLOY / "prometheus" / "alerts_test.yaml").read_text("utf-8")
    expected = text.replace("ApiSentinel.*Silent", "ApiSentinelSilent ApiSentinelSourceSilent")
    assert [rule["alert"] for rule in RULES if rule["alert"] not in expected] == []


def test_the_dead_man_fires_whatever_there_is():
    (rule,) = [rule for rule in RULES if rule["alert"] == "ApiSentinelDeadMan"]
    assert rule["expr"] == "vector(1)"
    assert "for" not in rule


def test_promtool_accepts_the_rules_and_their_tests(promtool, run):
    run(promtool, "check", "rules", ALERTS)
    run(promtool, "test", "rules", "alerts_test.yaml", cwd=ALERTS.parent)


def test_the_board_has_a_place_for_every_panel():
    taken = set()
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken
        taken |= cells


def test_the_board_asks_for_its_data_source():
    sources = {t["datasource"]["uid"] for p in BOARD["panels"] for t in p.get("targets", ())}
    assert sources == {"${datasource}"}


@pytest.mark.parametrize("path", WRITER["FILES"], ids=lambda path: path.name)
def test_a_written_file_is_current(path):
    assert path.read_text("utf-8") == WRITER["FILES"][path](), "run `make reference`"
