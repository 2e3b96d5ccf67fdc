"""The renderer: any string in any place is valid JSON that reads back as itself."""

import ipaddress
import json
from urllib.parse import parse_qs, unquote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.errors import ConfigError
from apisentinel.simulator import Simulation, plan, writer
from apisentinel.simulator.identity import _mix, address_text, session_text, user_text
from apisentinel.simulator.journeys import MOBILE, WEB, Requests
from apisentinel.simulator.programs import Programs
from apisentinel.simulator.rows import COL, WIDTH, blank, mixed
from apisentinel.simulator.texts import LONGEST, Pool

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@pytest.fixture(scope="module")
def shop():
    return Simulation(plan(1, 3, attacks="none", profile="default,domains=shop,calm"))


def line(simulation, endpoint, change, group=WEB):
    """One request of a visitor, changed by `change(rows, slots column, pool)`."""
    crowd = simulation.crowds[0]
    rng = np.random.default_rng(1)
    who = crowd.sessions(rng, group, np.array([simulation.begin]))
    number = crowd.site.endpoint[endpoint] - crowd.site.first_endpoint
    rows = crowd.walker.rows(
        rng,
        who,
        Requests(np.zeros(1, int), who.start, np.array([number]), crowd.walker.slots(rng, who),
                 np.ones(1, bool), np.zeros(1, int)),
    )  # fmt: skip
    simulation.servers[0].answer(rng, rows)
    rows[:, COL["status"]] = 200
    change(rows, crowd.site.column, simulation.world.pool)
    block = next(simulation._texts(rows))
    return json.loads(block.text), rows


@given(TEXT)
@settings(max_examples=60)
def test_text_in_a_query_is_percent_encoded_once(shop, text):
    def change(rows, column, pool):
        rows[:, column["q"]] = pool.ref(text)

    request, _ = line(shop, "search", change)
    assert parse_qs(request["query"], keep_blank_values=True)["q"] == [text]
    assert request["query"].isascii()


@given(TEXT)
@settings(max_examples=60)
def test_text_in_a_body_reads_back(shop, text):
    def change(rows, column, pool):
        rows[:, column["free"]] = pool.ref(text)

    request, _ = line(shop, "review", change)
    assert json.loads(request["request_body"])["text"] == text
    assert request["request_bytes"] == len(request["request_body"].encode())


@given(TEXT.filter(lambda text: text.isascii()))
@settings(max_examples=60)
def test_text_in_agent_path_and_whole_body_reads_back(shop, text):
    def change(rows, column, pool):
        rows[:, COL["agent"]] = pool.ref(text)
        rows[:, COL["path_s"]] = pool.ref("/" + text)
        rows[:, COL["body_s"]] = pool.ref(text)

    request, _ = line(shop, "review", change)
    assert dict(request["headers"])["user-agent"] == text
    assert request["path"] == "/" + text
    assert request["request_body"] == text


def test_encoded_text_is_left_as_it_is(shop):
    def change(rows, column, pool):
        rows[:, column["q"]] = pool.ref("%2527%20or", encoded=True)

    request, _ = line(shop, "search", change)
    assert request["query"].startswith("q=%2527%20or&")
    assert unquote("%2527") == "%27"


def test_negative_money_and_ids_are_numbers_of_the_object(shop):
    def change(rows, column, pool):
        rows[:, column["amount"]] = pool.ref("-50.00")

    request, _ = line(shop, "pay", change)
    assert json.loads(request["request_body"])["items"][0]["unit_price"] == -50.0


def test_more_fields_stand_behind_those_of_an_honest_body(shop):
    honest, _ = line(shop, "profile", lambda *_: None)

    def change(rows, column, pool):
        rows[:, COL["tail_s"]] = pool.ref(',"role":"admin"')

    request, _ = line(shop, "profile", change)
    body = json.loads(request["request_body"])
    assert body.pop("role") == "admin"
    assert body == json.loads(honest["request_body"])


def test_names_of_actors_are_those_in_the_line(shop):
    request, rows = line(shop, "me", lambda *_: None)
    assert request["user_id"] == user_text(
        shop.world.sites[0].domain.user, int(rows[0, COL["user"]])
    )
    assert request["session_id"] == session_text(int(rows[0, COL["session"]]))
    assert request["client_ip"] == address_text(
        int(rows[0, COL["addr_hi"]]), int(rows[0, COL["addr_lo"]])
    )


@pytest.mark.parametrize("template", ["{user}", "CU{user:pad9}", "usr_{user:hex8}"])
def test_user_ids_follow_the_template(template):
    text = user_text(template, 123456)
    assert text in {"123456", "CU000123456"} or (text.startswith("usr_") and len(text) == 12)


@given(st.integers(1, 2**63 - 1), st.integers(0, 2**63 - 1))
@settings(max_examples=40)
def test_addresses_are_canonical(shop, high, low):
    high |= 0x0001000100010001
    low |= 0x0001000100010001

    def change(rows, column, pool):
        rows[:, COL["addr_hi"]], rows[:, COL["addr_lo"]] = high, low

    request, _ = line(shop, "home", change)
    assert (
        request["client_ip"]
        == str(ipaddress.ip_address(request["client_ip"]))
        == address_text(high, low)
    )


def test_lists_show_the_ids_that_visitors_pick(shop):
    crowd, site = shop.crowds[0], shop.world.sites[0]
    rng = np.random.default_rng(3)
    request, rows = line(shop, "search", lambda *_: None)
    listed = {item["id"] for item in json.loads(request["response_body"])["items"]}
    slots = np.repeat(
        rows[:, site.column["account"] : site.column["account"] + len(site.column)], 300, 0
    )
    picked = set(crowd.walker.draw(rng, "product", slots, np.arange(300)).tolist())
    assert listed <= picked
    assert len(picked) <= 8


def test_own_objects_are_those_that_the_list_of_orders_shows(shop):
    crowd, site = shop.crowds[0], shop.world.sites[0]
    request, rows = line(shop, "orders", lambda *_: None, MOBILE)
    listed = {entry["id"] for entry in json.loads(request["response_body"])["orders"]}
    account = int(rows[0, COL["user"]])
    own = {int(site.owned_id("order", account, np.array([k]))[0]) for k in range(6)}
    assert listed <= own
    slots = rows[:, site.column["account"] : site.column["account"] + len(site.column)]
    drawn = crowd.walker.draw(
        np.random.default_rng(1), "order", np.repeat(slots, 99, 0), np.arange(99)
    )
    assert set(drawn.tolist()) == own


def test_mixed_is_what_python_says():
    values = np.array([0, 1, 7, 2**40, 2**62])
    assert mixed(values, 9).tolist() == [_mix(v, 9) >> 1 for v in values.tolist()]


def test_pool_keeps_what_rows_name_and_forgets_the_rest():
    pool = Pool()
    fixed = pool.ref("fixed")
    pool.freeze()
    rows = blank(2)
    rows[0, COL["path_s"]], rows[1, COL["body_s"]] = pool.ref("kept"), fixed
    pool.ref("forgotten")
    pool.shrink(rows)
    assert pool.text(int(rows[0, COL["path_s"]])) == "kept"
    assert pool.text(int(rows[1, COL["body_s"]])) == "fixed"
    assert pool.arrays()[1].shape[0] == 2
    pool.shrink(rows[:0].reshape(0, WIDTH))
    assert pool.arrays()[1].shape[0] == 1
    assert len(pool.text(pool.ref("x" * 99_999))) == LONGEST


@pytest.mark.parametrize("template", ["{nosuch}", "{account:wrong3}", "{nosuch(account)}"])
def test_unknown_words_in_templates_are_told(template):
    programs = Programs(Pool(), {})
    programs.columns = {"account": 30}
    with pytest.raises(ConfigError, match="no "):
        programs.add(template, writer.PLAIN)
