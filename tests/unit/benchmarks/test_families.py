"""Leaving one attack type out: its rules are forgotten, its values travel in honest requests."""

import numpy as np
import orjson
from benchmarks.families import COLUMNS, Forgets, carrying, table
from tests.unit.detectors.payload.requests import batch_of

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.simulator.randomness import stream

LINES = [
    orjson.dumps({"ts": 1, "method": "GET", "path": "/p", "query": "a=1&b=two"}),
    orjson.dumps({"ts": 2, "method": "GET", "path": "/q"}),
]


def types_of(detector):
    batch = batch_of({"path": b"/p", "query": b"q=1%27%20union%20select%201%2C2%20from%20users--"})
    return {found.attack_type.value for found in detector.inspect(batch, np.zeros(1, np.int32))[0]}


def test_the_rules_of_a_type_are_forgotten():
    assert "sqli" in types_of(PayloadDetector())
    assert "sqli" not in types_of(PayloadDetector(Forgets("sqli")))
    assert "sqli" in types_of(PayloadDetector(Forgets("xss")))


def test_values_stand_for_one_parameter_of_honest_requests():
    made = [orjson.loads(line) for line in carrying(LINES, [b"x' or 1&2", b"%3Cb"], stream(1, "t"))]
    assert [request["path"] for request in made] == ["/p", "/p"]
    for request, sent in zip(made, ("x'%20or%201%262", "%3Cb"), strict=True):
        pairs = dict(pair.split("=") for pair in request["query"].split("&"))
        assert set(pairs) == {"a", "b"}
        assert sent in pairs.values()


def test_the_table_ends_with_the_mean():
    row = dict.fromkeys(COLUMNS, 0.5) | {"values": 3.0}
    other = dict.fromkeys(COLUMNS, 1.0) | {"values": 3.0}
    assert table({"sqli": row, "xss": other}).splitlines()[-1] == "| mean | | 0.75 | 0.75 | 0.75 |"
