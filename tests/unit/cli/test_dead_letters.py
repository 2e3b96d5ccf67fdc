"""Dead letters are listed, shown without harm, and sent in again once."""

import sys

import pytest

from apisentinel.cli.app import main
from apisentinel.clock import ManualClock
from apisentinel.pipeline.door.door import Dead
from apisentinel.pipeline.installation import CONTROL_FOLDER, JOURNAL_FOLDER, FolderLock
from apisentinel.records.codec import decode_batch
from apisentinel.storage.control import ControlStore
from apisentinel.storage.journal import Journal
from apisentinel.storage.settings import StorageSettings

NGINX = b'203.0.113.9 - - [10/Oct/2023:13:55:36 +0000] "GET /a?n=1 HTTP/1.1" 200 12 "-" "c"'


@pytest.fixture
def data_dir(tmp_path):
    store = ControlStore(tmp_path / CONTROL_FOLDER, ManualClock(1_700_000_000_000_000))
    store.put_dead_letters(
        "syslog",
        [
            Dead(b"junk \x1b[2J no line of any log", "does not match the format", 17),
            Dead(NGINX, "cannot be judged: ValueError", 3),
            Dead(b'{"method":"GET","url":"/b","event_id":"own"}', "x", -1),
        ],
    )
    store.close()
    return tmp_path


@pytest.fixture
def command(data_dir, monkeypatch, capsysbinary):
    def run(*words):
        monkeypatch.setattr(
            sys, "argv", ["apisentinel", "dead-letters", *words, "--data-dir", str(data_dir)]
        )
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        return ended.value.code, out, err

    return run


def journal_rows(data_dir):
    journal = Journal(data_dir / JOURNAL_FOLDER, StorageSettings(), ManualClock())
    try:
        return [
            (entry.source, batch.text("event_id", row), batch.text("path", row))
            for _, _, entry in journal.read(0, 1 << 20)
            for batch in [decode_batch(entry.body)]
            for row in range(len(batch))
        ]
    finally:
        journal.close()


def test_letters_are_listed_newest_first_without_control_characters(command):
    code, out, _ = command("list")
    assert code == 0
    lines = out.decode().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["3", "2", "1"]
    assert lines[2].split("\t")[2:5] == ["syslog", "does not match the format", "17"]
    assert b"\x1b" not in out
    code, out, err = command("list", "--limit", "1")
    assert (len(out.splitlines()), b"2 older" in err) == (1, True)


def test_a_letter_is_shown_as_it_is_in_a_pipe(command):
    code, out, err = command("show", "1")
    assert (code, out) == (0, b"junk \x1b[2J no line of any log\n")
    assert b"does not match" in err
    code, _, err = command("show", "9")
    assert code == 2
    assert b"no dead letter 9" in err


def test_letters_are_sent_in_again_and_count_once(command, data_dir):
    code, _, err = command("replay")
    assert code == 1  # one still gives no request
    assert b"2 sent in again, 1 still" in err
    rows = journal_rows(data_dir)
    assert [(source, path) for source, _, path in rows] == [("replay", b"/a"), ("replay", b"/b")]
    assert rows[0][1].startswith(b"dead-letter-")
    assert rows[1][1] == b"own"
    assert command("replay", "2")[0] == 0
    assert journal_rows(data_dir) == rows
    _, out, _ = command("list")
    assert [line.split(b"\t")[0] for line in out.splitlines()] == [b"1"]
    _, out, _ = command("list", "--all")
    assert len(out.splitlines()) == 3


def test_a_running_service_has_to_be_named(command, data_dir):
    with FolderLock(data_dir):
        code, _, err = command("replay")
    assert code == 2
    assert b"--url" in err
    assert command("replay", "--url", "http://127.0.0.1:9")[0] == 2
    code, _, err = command("replay", "--url", "ftp://x", "--key", "k")
    assert code == 2
    assert b"no http" in err


def test_what_is_no_data_folder_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["apisentinel", "dead-letters", "list", "--data-dir", str(tmp_path / "none")]
    )
    with pytest.raises(SystemExit):
        main()
    assert "no data folder" in capsys.readouterr().err
