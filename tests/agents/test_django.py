"""Django's user is taken when it is there, and never fetched for a report."""

from types import SimpleNamespace

import pytest
from apisentinel_agent import django as adapter
from django.utils.functional import SimpleLazyObject


class User:
    def __init__(self, pk, *, is_authenticated=True):
        self.pk = pk
        self.is_authenticated = is_authenticated

    def __str__(self):
        return "a user"


def lazy(pk, *, loaded):
    fetched = []

    def fetch():
        fetched.append(pk)
        return User(pk)

    made = SimpleLazyObject(fetch)
    if loaded:
        assert made.pk == pk
        fetched.clear()
    return made, fetched


@pytest.mark.parametrize("loaded", [True, False])
def test_a_lazy_user_is_read_and_not_loaded(loaded):
    user, fetched = lazy(7, loaded=loaded)
    assert adapter._user(SimpleNamespace(user=user)) == ("7" if loaded else None)
    assert fetched == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"user": User(7)}, "7"),
        ({"user": User(None)}, "a user"),
        ({"user": User(7, is_authenticated=False)}, None),
        ({"_cached_user": User(8)}, "8"),
        ({"_acached_user": User(9)}, "9"),
        ({}, None),
    ],
)
def test_the_user_is_found_wherever_it_was_left(fields, expected):
    assert adapter._user(SimpleNamespace(**fields)) == expected
