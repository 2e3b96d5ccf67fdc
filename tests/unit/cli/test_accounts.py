import io
import sys

import pytest

from apisentinel.cli import accounts
from apisentinel.cli.outcome import Exit
from apisentinel.clock import SystemClock
from apisentinel.errors import ConfigError
from apisentinel.storage.control import ControlStore

PASSWORD = "correct horse battery"


@pytest.fixture
def data(tmp_path):
    return str(tmp_path / "data")


@pytest.fixture
def typed(monkeypatch):
    """Puts lines on standard input."""

    def put(text):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text + "\n"))

    return put


def made(data, capsys, scopes="ingest,read", **more):
    assert accounts.create_key(data, "ci", scopes, more.get("expires_days")) == Exit.DONE
    return capsys.readouterr().out


def test_a_new_key_stands_alone_on_stdout(data, capsys):
    out = made(data, capsys)
    assert out.endswith("\n")
    assert out.count("\n") == 1
    assert out.startswith("aps_")


def test_keys_are_listed_without_themselves(data, capsys):
    secret = made(data, capsys).strip().partition(".")[2]
    accounts.list_keys(data)
    out = capsys.readouterr().out
    assert secret not in out
    assert out.split("\t")[1:4] == ["active", "ingest,read", "never used"]


def test_a_key_is_revoked_by_its_id_or_whole(data, capsys):
    first, second = made(data, capsys).strip(), made(data, capsys).strip()
    accounts.revoke_key(data, first)
    accounts.revoke_key(data, second.partition(".")[0])
    capsys.readouterr()
    accounts.list_keys(data)
    assert capsys.readouterr().out.count("revoked") == 2


def test_a_rotated_key_has_a_successor(data, capsys):
    old = made(data, capsys).strip()
    accounts.rotate_key(data, old, 0)
    new = capsys.readouterr().out.strip()
    accounts.list_keys(data)
    states = {
        line.split("\t")[0]: line.split("\t")[1]
        for line in capsys.readouterr().out.split("\n")
        if line
    }
    assert states == {old.partition(".")[0]: "expired", new.partition(".")[0]: "active"}


@pytest.mark.parametrize("scopes", ["", "everything", "read,,write"])
def test_scopes_that_cannot_be_are_told(data, scopes):
    with pytest.raises(ConfigError, match="scopes must be some of"):
        accounts.create_key(data, "ci", scopes, None)


def test_an_unknown_key_is_told(data):
    with pytest.raises(ConfigError, match="no key with this id"):
        accounts.revoke_key(data, "aps_0")


def test_users_come_and_go(data, capsys, typed):
    typed(PASSWORD)
    accounts.add_user(data, "ann", "admin")
    typed(PASSWORD)
    accounts.add_user(data, "bob", "viewer")
    accounts.disable_user(data, "bob")
    with pytest.raises(ConfigError, match="last admin"):
        accounts.disable_user(data, "ann")
    accounts.list_users(data)
    lines = [line.split("\t")[:3] for line in capsys.readouterr().out.splitlines()]
    assert lines == [["ann", "admin", "active"], ["bob", "viewer", "disabled"]]
    typed(PASSWORD + "!")
    accounts.reset_user(data, "bob")
    accounts.list_users(data)
    assert "disabled" not in capsys.readouterr().out


def test_a_weak_password_is_told(data, typed):
    typed("short")
    with pytest.raises(ConfigError, match="12 to 256"):
        accounts.add_user(data, "ann", "admin")


def test_every_change_is_in_the_audit(data, capsys, typed, tmp_path):
    key = made(data, capsys).strip()
    accounts.revoke_key(data, key)
    typed(PASSWORD)
    accounts.add_user(data, "ann", "admin")
    store = ControlStore(tmp_path / "data" / "control", SystemClock())
    actions = [row[0] for row in store.rows("SELECT action FROM audit ORDER BY number")]
    everything = str(store.rows("SELECT * FROM audit"))
    store.close()
    assert actions == ["key.create", "key.revoke", "user.add"]
    assert key.partition(".")[2] not in everything
    assert PASSWORD not in everything
