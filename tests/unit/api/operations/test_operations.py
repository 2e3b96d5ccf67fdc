import pytest
from prometheus_client.parser import text_string_to_metric_families

from apisentinel.pipeline.live.metrics import Metric, Sample


def test_probes_have_no_rate_and_need_no_right_key(client, app):
    app.state.limits.anonymous.change(1)
    for path in ("/livez", "/readyz"):
        codes = {client.get(path, headers={"X-Api-Key": "wrong"}).status_code for _ in range(5)}
        assert codes == {200}


def test_readiness_follows_the_checks(client, service, clock):
    assert client.get("/readyz").status_code == 200
    clock.advance(0.5)
    service.health = lambda: {"disk": {"ok": False, "detail": "99 % used"}}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "99" not in answer.text
    assert client.get("/livez").status_code == 200


def test_detail_of_health_is_for_those_who_may_read(client, service, key):
    assert client.get("/api/v1/health").json() == {"status": "ok"}
    assert client.get("/api/v1/health", headers=key("ingest")).json() == {"status": "ok"}
    told = client.get("/api/v1/health", headers=key("read")).json()
    assert told["checks"] == {"journal": {"ok": True, "detail": "well"}}
    assert told["lag_seconds"] == 0.5


def test_metrics_can_be_read_by_prometheus(client, service):
    nasty = 'a"b\\c\nd'
    service.metrics = lambda: [
        Metric("apisentinel_a_total", "counter", "What\nis it", (Sample("", {"x": nasty}, 3),)),
        Metric("apisentinel_b", "gauge", "More", (Sample("", {}, 0.25),)),
    ]
    text = client.get("/metrics").text
    found = {family.name: family for family in text_string_to_metric_families(text)}
    assert found["apisentinel_a"].samples[0].labels == {"x": nasty}
    assert found["apisentinel_b"].samples[0].value == 0.25


def test_the_description_is_for_those_who_may_read(client, key):
    assert client.get("/api/v1/openapi.json").status_code == 401
    document = client.get("/api/v1/openapi.json", headers=key("read")).json()
    ingest = document["paths"]["/api/v1/events"]["post"]
    assert ingest["x-permission"] == "ingest"
    assert "429" in ingest["responses"]
    assert "Problem" in document["components"]["schemas"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/debug", "/api/v1/debug"])
def test_there_is_nothing_else(client, path, key):
    assert client.get(path, headers=key("admin")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/livez", "/nowhere", "/api/v1/me", "/assets/gone.js"])
def test_every_answer_protects_the_browser(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "cache-control" in headers
