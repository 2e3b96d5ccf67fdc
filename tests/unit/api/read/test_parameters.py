"""What the parameters of an endpoint are like is read from its stored requests."""

from hypothesis import given
from hypothesis import strategies as st

from apisentinel.api.read.parameters import PARAMETERS, kind_of, parameters_of


def test_parameters_tell_kind_range_and_share():
    found = parameters_of(["page=2&q=a+b", "page=10", None, "page=&flag=true&flag=false"])
    page, *rest = found
    assert page["name"] == "page"
    assert page["share"] == 0.75
    assert page["kinds"] == {"integer": 2, "empty": 1}
    assert page["range"] == {"least": 2, "most": 10}
    assert page["distinct"] == 3
    flag, q = rest
    assert (flag["name"], flag["requests"], flag["kinds"]) == ("flag", 1, {"flag": 2})
    assert (q["examples"], q["length"]) == (["a b"], {"least": 3, "most": 3})


@given(st.lists(st.none() | st.text(max_size=60), max_size=20))
def test_no_query_breaks_it(queries):
    for row in parameters_of(queries):
        assert 0 < row["requests"] <= len(queries)
        assert row["distinct"] <= sum(row["kinds"].values())
        assert row["length"]["least"] <= row["length"]["most"]


def test_made_up_names_do_not_fill_memory():
    queries = ["&".join(f"a{k}-{n}=1" for n in range(150)) for k in range(40)]
    assert len(parameters_of([*queries, *["page=1"] * 3])) == PARAMETERS


@given(st.integers(-(10**17), 10**17))
def test_whole_numbers_are_integers(number):
    assert kind_of(str(number)) == "integer"


def test_the_endpoint_tells_parameters_and_callers(api):
    rows = api.get("endpoints", limit=50)["items"]
    name = rows[0]["endpoint"]
    found = api.get(f"endpoints/{name}/parameters")
    assert found["endpoint"] == name
    assert 0 < found["requests"] <= 2_000
    for by in ("client", "user_agent"):
        told = api.get(f"endpoints/{name}/callers", by=by, limit=500)
        counted = api.get("events", f=f"endpoint:eq:{name}")["total"]
        assert sum(each["requests"] for each in told["callers"]) == counted
    assert api.get("endpoints/GET /nowhere/parameters", 404)["status"] == 404
    assert api.get("endpoints/GET /nowhere/callers", 404)["status"] == 404
    assert api.get(f"endpoints/{name}")["endpoint"] == name
