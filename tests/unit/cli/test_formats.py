"""``formats``: what can be read, for people and for programs."""

import json

import pytest
import typer

from apisentinel.cli.formats import check_name
from apisentinel.parsers import registry


def test_every_format_is_listed_with_meaning_and_sample(command):
    rows = json.loads(command("formats", "--json").out)
    assert [row["name"] for row in rows] == sorted(registry.load())
    assert all(row["description"] and row["sample"] for row in rows)


def test_the_text_form_lists_them_too(command):
    out = command("formats").out
    assert all(name in out for name in registry.load())


@pytest.mark.parametrize("name", ["auto", *registry.FORMATS])
def test_known_names_are_accepted(name):
    check_name(name)


def test_a_wrong_name_suggests_the_right_one():
    right = min(registry.load())
    with pytest.raises(typer.BadParameter, match=f"did you mean.*{right}"):
        check_name(right[:-1])


def test_the_file_of_a_mapping_is_a_format():
    check_name("json:mapping.toml")
