import pytest

from apisentinel.api.http.etag import Expected, etag, expected
from apisentinel.errors import RefusedError


def test_the_etag_of_the_last_read_names_the_version():
    assert expected(etag(3), 3) == Expected(3, None)
    assert expected(etag(3, "ab"), 3, "ab") == Expected(3, "ab")


def test_what_was_shown_does_not_matter_for_a_change():
    assert etag(3, "ab", b"x") != etag(3, "ab", b"y")
    assert expected(etag(3, "ab", b"x"), 3, "ab") == Expected(3, "ab")
    assert expected(etag(3, "", b"x"), 3) == Expected(3, None)


def test_any_version_will_do_with_a_star():
    assert expected("*", 3, "ab") == Expected(None, None)


def test_one_of_a_list_is_enough():
    assert expected('"1", "3-ab"', 3, "ab") == Expected(3, "ab")


def test_the_version_alone_says_that_new_findings_do_not_matter():
    assert expected('"3"', 3, "ab") == Expected(3, None)


def test_who_has_changed_it_is_told():
    with pytest.raises(RefusedError, match="detection has found more") as refused:
        expected(etag(3, "ab"), 3, "cd")
    assert (refused.value.status, '"3-cd"' in str(refused.value)) == (412, True)
    with pytest.raises(RefusedError, match="somebody has changed it"):
        expected(etag(2, "ab"), 3, "ab")


@pytest.mark.parametrize("header", ['"2"', 'W/"3"', "3", "", '"3', "'3'"])
def test_another_version_is_refused(header):
    with pytest.raises(RefusedError) as refused:
        expected(header, 3)
    assert refused.value.status == 412


def test_no_header_is_refused():
    with pytest.raises(RefusedError) as refused:
        expected(None, 3)
    assert refused.value.status == 428
