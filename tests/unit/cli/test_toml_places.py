"""Lines of keys: checked against documents whose lines are known, and against `tomllib`."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.cli.config import toml
from apisentinel.cli.toml_places import places

DOCUMENT = '''\
# a = 0
title = "x # = [y]"  # comment = 1

[server]
host = 'C:\\n'
"odd key" = 1
limits.body = 3
text = """
port = 1 \\"""
[door]"""" # the end
list = [
  1, # [x]
  ["]", 2],
]
port = 2

[[files]]
path = "a"

[[files]]
path = "b"
inner = {one = 1, two.three = [{four = 4}]}

[files.more]
deep = 1
'''


def test_every_key_has_its_line():
    found = places(DOCUMENT)
    tomllib.loads(DOCUMENT)
    assert found == {
        ("title",): 2,
        ("server",): 4,
        ("server", "host"): 5,
        ("server", "odd key"): 6,
        ("server", "limits"): 7,
        ("server", "limits", "body"): 7,
        ("server", "text"): 8,
        ("server", "list"): 11,
        ("server", "port"): 15,
        ("files",): 17,
        ("files", 0): 17,
        ("files", 0, "path"): 18,
        ("files", 1): 20,
        ("files", 1, "path"): 21,
        ("files", 1, "inner"): 22,
        ("files", 1, "inner", "one"): 22,
        ("files", 1, "inner", "two"): 22,
        ("files", 1, "inner", "two", "three"): 22,
        ("files", 1, "more"): 24,
        ("files", 1, "more", "deep"): 25,
    }


@pytest.mark.parametrize("text", ["", "\n", "# only", "a=1", "a = 1\r\nb = 2\r\n", "[t]", "a.b=''"])
def test_small_documents(text):
    assert set(places(text)) == paths(tomllib.loads(text))


def paths(value, place=()):
    """Paths of all keys, as far as arrays of values do not hide them."""
    found = set()
    for key, inner in value.items():
        found.add((*place, key))
        if isinstance(inner, dict):
            found |= paths(inner, (*place, key))
    return found


TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=12)
SCALARS = st.booleans() | st.integers(-9, 9) | TEXT
TREES = st.recursive(
    st.dictionaries(TEXT, SCALARS | st.lists(SCALARS, max_size=3), max_size=3),
    lambda inner: st.dictionaries(TEXT, inner | SCALARS, max_size=3),
    max_leaves=10,
)


def quoted(name):
    return toml(name)


def document(tree, place=()):
    """Lines of a document with a table for every other level, inline tables below."""
    lines, tables = [], []
    for key, value in tree.items():
        if isinstance(value, dict) and len(place) < 2:
            tables.append("[" + ".".join(map(quoted, (*place, key))) + "]")
            tables += document(value, (*place, key))
        else:
            lines.append(f"{quoted(key)} = {toml(value)} # = '")
    return lines + tables


@given(TREES)
def test_the_keys_found_are_those_that_tomllib_finds(tree):
    text = "\n".join(document(tree))
    assert tomllib.loads(text) == tree
    found = places(text)
    assert set(found) == paths(tree)
    lines = text.split("\n")
    assert all(quoted(str(path[-1]))[1:-1] in lines[line - 1] for path, line in found.items())
