"""Totals that do not come from their items, and prices that nobody gave."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.content import Total, totals_of
from apisentinel.features import EVENT
from apisentinel.features.prices import PriceBook
from apisentinel.kernels.bytes import padded
from apisentinel.pipeline import ScanSettings, ScoreSession
from apisentinel.pipeline.settings import Detectors
from apisentinel.records.batch import TEXT_INDEX, RequestBatch, empty_columns

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
BUYERS = 20


def line(second: int, user: int, path: str, body: Any = None, reply: Any = None) -> str:
    ts = f"2026-11-02T{8 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
    fields = {"ts": ts, "method": "GET" if body is None else "POST", "path": path, "status": 200,
              "client_ip": f"192.0.2.{user}", "user_id": f"u{user}", "session_id": f"s{user}",
              "host": "api.shop.example", "user_agent": AGENT}  # fmt: skip
    if body is not None:
        fields["request_body"] = json.dumps(body)
    if reply is not None:
        fields["response_body"] = json.dumps(reply)
    return json.dumps(fields)


def price_of(product: int) -> float:
    return 10.0 + product % 7


def order(product: int, quantity: int, total: float | None = None, **more: Any) -> dict[str, Any]:
    price = more.pop("price", price_of(product))
    made = round(price * quantity * 1.19, 2) if total is None else total
    return {"items": [{"product_id": product, "price": price, "qty": quantity}], "total": made,
            **more}  # fmt: skip


def buying(rounds: int) -> list[str]:
    lines = []
    for k in range(rounds):
        user, product = k % BUYERS, 100 + k % 10
        shown = {"items": [{"id": product, "name": "Lamp", "price": price_of(product)}]}
        lines += [
            line(40 * k, user, f"/v1/products/{product}", reply=shown),
            line(40 * k + 20, user, "/v1/orders", order(product, 1 + k % 3)),
        ]
    return lines


def verdicts(lines: list[str], settings: ScanSettings | None = None, size: int = 0) -> list[dict]:
    session = ScoreSession(settings or ScanSettings())
    parts = [lines[k : k + size] for k in range(0, len(lines), size)] if size else [lines]
    return [
        json.loads(one)
        for part in parts
        for one in session.score("\n".join(part).encode()).splitlines()
    ]


ROUNDS = 150
END = 40 * ROUNDS


def told(*bodies: dict[str, Any], rounds: int = ROUNDS) -> list[float]:
    more = [line(END + 60 * k, k, "/v1/orders", body) for k, body in enumerate(bodies)]
    found = verdicts([*buying(rounds), *more])[-len(more) :]
    return [verdict["detectors"].get("totals", 0.0) for verdict in found]


@pytest.fixture(scope="module")
def honest() -> list[dict]:
    return verdicts(buying(ROUNDS))


def test_orders_with_tax_in_their_total_are_honest(honest: list[dict]):
    assert not any(verdict["detectors"].get("totals") for verdict in honest)


def test_a_total_that_its_items_do_not_make_is_told():
    assert told(order(100, 3, 1.0)) > [0.6]


def test_a_price_that_the_api_never_gave_is_told():
    assert told(order(101, 2, price=0.5)) > [0.6]


def test_what_the_body_explains_or_the_client_loses_is_not_told():
    full = 3 * price_of(100)
    assert told(
        order(100, 3, full - 20, discount=20),
        order(100, 3, full + 9.9, shipping=9.9),
        order(100, 3, 0.7 * full, coupon="SUMMER"),
        order(100, 3, full * 5),
        order(999, 3, price=0.5),
    ) == [0.0] * 5  # fmt: skip


def test_nothing_is_told_before_the_endpoint_is_known():
    assert told(order(100, 3, 1.0), rounds=12) == [0.0]


def test_a_price_that_changes_is_learned_and_the_one_before_honoured():
    shown = {"items": [{"id": 100, "price": 5.0}]}
    offers = [line(END + k, k, "/v1/products/100", reply=shown) for k in range(6)]
    orders = [
        line(END + 60, 9, "/v1/orders", order(100, 1, price=5.0)),
        line(END + 80, 8, "/v1/orders", order(100, 1)),
    ]
    found = verdicts([*buying(ROUNDS), *offers, *orders])[-2:]
    assert not any(verdict["detectors"].get("totals") for verdict in found)


def test_it_can_be_switched_off():
    off = ScanSettings(detectors=Detectors(totals=DetectorSettings(enabled=False)))
    found = verdicts([*buying(ROUNDS), line(END, 1, "/v1/orders", order(100, 3, 1.0))], off)
    assert not found[-1]["detectors"].get("totals")


def test_the_size_of_a_block_changes_nothing(honest: list[dict]):
    lines = [*buying(ROUNDS), line(END, 1, "/v1/orders", order(100, 3, 1.0, price=0.3))]
    whole = verdicts(lines)
    assert whole[:-1] == honest
    assert verdicts(lines, size=7) == whole


def test_totals_are_found_beside_their_items():
    body = {"cart": {"lines": [{"unit_price": "2.50", "quantity": 2}, {"unitPrice": 1}],
                     "shipping": 4, "discount": 1, "total": 9}}  # fmt: skip
    assert totals_of(json.dumps(body).encode()) == [Total(9.0, 6.0, 3.0)]
    assert totals_of(json.dumps(body).encode())[0].adds_up
    assert totals_of(b'{"items":[{"qty":2}],"total":9}') == []


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
       lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
           ["items", "price", "qty", "total", "tax", "discount", "id", "x"]), inner, max_size=4),
       max_leaves=12), st.integers(0, 40))  # fmt: skip
def test_any_body_and_any_reply_are_read(value: Any, cut: int):
    raw = json.dumps(value).encode()
    assert all(np.isfinite(total.items) for total in totals_of(raw))
    spans, numbers = empty_columns(2)
    buffer = padded(raw + raw[:cut])
    spans[TEXT_INDEX["response_body"], :] = (0, len(raw) + min(cut, len(raw)))
    spans[TEXT_INDEX["request_body"], 1] = (0, len(raw))
    batch = RequestBatch(buffer, spans, numbers)
    batch.enriched["h_host"] = np.ones(2, np.uint64)
    events = np.zeros(2, EVENT)
    events["status"] = 200
    book, again = PriceBook(), PriceBook()
    marks = np.array([0, 2], np.uint8)
    book.update(batch, events, marks)
    again.recall(book.memory())
    assert again.memory() == book.memory()
    assert again.update(batch, events, marks).tolist() == book.update(batch, events, marks).tolist()
