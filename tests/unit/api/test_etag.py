import pytest

from apisentinel.api.etag import etag, expected_version, is_fresh
from apisentinel.errors import RefusedError


def test_the_etag_of_the_last_read_names_the_version():
    assert expected_version(etag(3), 3) == 3


def test_any_version_will_do_with_a_star():
    assert expected_version("*", 3) is None


def test_one_of_a_list_is_enough():
    assert expected_version('"1", "3"', 3) == 3


@pytest.mark.parametrize("header", ['"2"', 'W/"3"', "3", "", '"3', "'3'"])
def test_another_version_is_refused(header):
    with pytest.raises(RefusedError) as refused:
        expected_version(header, 3)
    assert refused.value.status == 412


def test_no_header_is_refused():
    with pytest.raises(RefusedError) as refused:
        expected_version(None, 3)
    assert refused.value.status == 428


def test_a_copy_of_this_version_is_fresh():
    assert is_fresh('W/"3"', 3)
    assert is_fresh("*", 3)
    assert not is_fresh('"2"', 3)
    assert not is_fresh(None, 3)
