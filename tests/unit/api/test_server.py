import socket

import pytest

from apisentinel.api.access.secret import FILE_NAME, load_secret
from apisentinel.api.server import check_address, check_tls
from apisentinel.errors import ConfigError, StoreError
from apisentinel.pipeline.server_settings import ServerSettings


def test_a_port_in_use_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="in use"):
            check_address(ServerSettings(port=port))


def test_port_zero_picks_one():
    assert check_address(ServerSettings(port=0)).port > 0


def test_an_address_of_somebody_else_is_told():
    with pytest.raises(ConfigError, match="cannot listen"):
        check_address(ServerSettings(host="192.0.2.1", port=0))
    with pytest.raises(ConfigError, match="no such address"):
        check_address(ServerSettings(host="no such name.invalid", port=0))


def test_files_for_tls_are_tried_before_the_start(tmp_path):
    missing = ServerSettings(tls_cert=tmp_path / "a.pem", tls_key=tmp_path / "b.pem")
    with pytest.raises(ConfigError, match=r"a\.pem: cannot be read"):
        check_tls(missing)
    for name in ("a.pem", "b.pem"):
        (tmp_path / name).write_text("nonsense")
    with pytest.raises(ConfigError, match="cannot be used for TLS"):
        check_tls(missing)


def test_tls_files_belong_together(tmp_path):
    with pytest.raises(ValueError, match="belong together"):
        ServerSettings(tls_cert=tmp_path / "a.pem")


def test_the_secret_is_made_once_and_private(tmp_path):
    one, other = load_secret(tmp_path), load_secret(tmp_path)
    assert one.digest("a", "x") == other.digest("a", "x")
    assert one.digest("a", "x") != one.digest("b", "x")
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [FILE_NAME]


def test_a_secret_that_others_can_read_or_that_is_cut_is_refused(tmp_path):
    load_secret(tmp_path)
    path = tmp_path / FILE_NAME
    path.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        load_secret(tmp_path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(StoreError, match="restore it"):
        load_secret(tmp_path)
