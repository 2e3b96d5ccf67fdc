"""Requests are split where applications split them."""

import orjson

from apisentinel.detectors.payload.fields import (
    Value,
    body_values,
    is_xml,
    nested_values,
    pair_values,
    path_values,
)
from apisentinel.detectors.payload.headers import header_values, is_standard, referer_values
from apisentinel.detectors.payload.limits import MAX_VALUES


def texts(values):
    return {value.where: value.text for value in values}


def test_a_path_is_read_whole_and_by_odd_segments():
    found = texts(path_values(b"/api/v1/items/1'%20or%201=1"))
    assert found == {"path": b"/api/v1/items/1'%20or%201=1", "path segment": b"1'%20or%201=1"}


def test_pairs_give_values_and_odd_names():
    found = texts(pair_values(b"a=1&b=%27x&c[$ne]=1&flag&d=%3Cb%3E", "query"))
    assert found == {"query b": b"%27x", "query name": b"c[$ne]", "query d": b"%3Cb%3E"}


def test_a_payload_split_over_equal_names_is_joined():
    found = texts(pair_values(b"id=1/*&id=*/union select 2", "query"))
    assert found["query id joined"] == b"1/*,*/union select 2"


def test_pairs_beyond_the_limit_stay_one_value():
    values = list(pair_values(b"&".join(b"a%d='" % i for i in range(MAX_VALUES + 9)), "query"))
    assert len(values) == MAX_VALUES + 1
    assert values[-1].whole


def test_json_gives_each_string_with_its_path():
    body = orjson.dumps({"user": {"name": "x' or 1"}, "list": ["<b>", 3, None], "$where": "a"})
    found = texts(body_values(body, b"application/json"))
    assert found == {
        "body $.user.name": b"x' or 1",
        "body $.list[]": b"<b>",
        "body $ name": b"$where",
    }


def test_broken_json_gives_its_strings():
    found = [value.text for value in body_values(b'{"a": "x\' or 1", "b": ', b"json")]
    assert b"x' or 1" in found


def test_multipart_gives_names_file_names_and_contents():
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="../a.php"\r\n\r\n<?php 1;\r\n'
        b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\nhello world\r\n--x--\r\n'
    )
    found = texts(body_values(body, b"multipart/form-data"))
    assert found == {
        "body f filename": b"../a.php",
        "body f": b"<?php 1;",
        "body q": b"hello world",
    }


def test_xml_is_read_whole_and_by_texts_and_attributes():
    found = texts(body_values(b'<?xml version="1.0"?><a b="x y">1 or 1</a>', b"application/xml"))
    assert found["body text"] == b"1 or 1"
    assert found["body attribute"] == b"x y"


def test_xml_and_markup_are_told_apart():
    assert is_xml(b"<order><id>1</id></order>")
    assert not is_xml(b"<svg onload=alert(1)></svg>")
    assert not is_xml(b"<?xml version='1.0'?><a><script>x</script></a>")


def test_binary_bodies_give_their_runs_of_text():
    body = bytes(range(32)) * 4 + b"../../../../etc/passwd and more" + bytes(range(128, 256))
    assert [value.text for value in body_values(body, b"")] == [b"../../../../etc/passwd and more"]


def test_values_inside_values():
    value = Value("query q", b"x")
    inner = texts(nested_values(value, b'{"a": "b c"}'))
    assert inner == {"query q $.a": b"b c"}
    assert texts(nested_values(value, b"https://h/p?x=a%20b&y=1")) == {"query q x": b"a%20b"}
    assert texts(nested_values(value, b"no pairs = here")) == {}


def test_headers_are_split_by_their_grammar():
    cookie = texts(header_values(b"cookie", b'lang=en; pref="%27 or 1"; x=y'))
    assert cookie == {"cookie pref": b"%27 or 1"}
    assert is_standard(b"sec-ch-ua-anything-new")
    assert not is_standard(b"x-client-note")
    referer = texts(referer_values(b"https://h/a'b?q=%3Cb%3E&r=1#f%20g"))
    assert referer == {
        "header referer path": b"a'b",
        "header referer q": b"%3Cb%3E",
        "header referer fragment": b"f%20g",
    }
    assert texts(referer_values(b"'; drop")) == {"header referer": b"'; drop"}
