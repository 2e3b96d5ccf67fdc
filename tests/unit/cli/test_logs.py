"""The log: lines that programs can read, that nobody can forge, and that hold no secret."""

import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.cli.logs import configure_logs
from apisentinel.pipeline.log_settings import LogSettings

SECRET = "hunter2hunter2hunter2"


@pytest.fixture
def log():
    """Sets the log up; gives a logger and what was written."""
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level

    def configure(**settings):
        configure_logs(LogSettings(**settings), stream)
        return structlog.get_logger("test"), stream

    yield configure
    structlog.reset_defaults()
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object_with_time_and_level(log):
    logger, stream = log()
    logger.warning("disk_full", free=12, names=["a", "b"])
    (line,) = lines(stream)
    assert line["event"] == "disk_full"
    assert line["level"] == "warning"
    assert line["ts"].endswith("Z")
    assert (line["free"], line["names"]) == (12, ["a", "b"])


@pytest.mark.parametrize("form", ["json", "console"])
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_text_begins_a_line_or_moves_the_cursor(form, text):
    stream = io.StringIO()
    configure_logs(LogSettings(format=form), stream)
    structlog.get_logger("test").info("said", text=text, nested={"more": [text]})
    structlog.reset_defaults()
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert all(sign.isprintable() or sign == "\n" for sign in written)


def fails(text):
    raise ValueError(text)


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_error_message_cannot_forge_a_line(log, form):
    logger, stream = log(format=form)
    try:
        fails("x\n{}\n12:00:00 info    all_is_well\x1b[2J")
    except ValueError:
        logger.exception("failed")
    written = stream.getvalue()
    assert "\x1b" not in written
    shown = [lines(stream)[0]["exception"]] if form == "json" else written.split("\n", 1)[1:]
    assert all(line.startswith("| ") for part in shown for line in part.splitlines())


@pytest.mark.parametrize(
    "fields",
    [
        {"password": SECRET},
        {"api_key": SECRET},
        {"X-Auth-Token": SECRET},
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"problem": f"GET /x?token={SECRET}&a=1 failed"},
        {"problem": f"header was 'Authorization: Bearer {SECRET}'"},
        {"listed": [{"secret": SECRET}]},
    ],
)
@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_are_masked(log, fields, form):
    logger, stream = log(format=form)
    logger.info("event", **fields)
    assert SECRET not in stream.getvalue()
    assert "event" in stream.getvalue()


def test_the_id_of_a_key_is_no_secret(log):
    logger, stream = log()
    logger.info("revoked", key_id="ak1234")
    assert lines(stream)[0]["key_id"] == "ak1234"


def test_warnings_of_other_libraries_take_the_same_form(log):
    _, stream = log()
    logging.getLogger("some.library").warning("got\n%s", f"password={SECRET}")
    logging.getLogger("some.library").info("chatter")
    (line,) = lines(stream)
    assert line["logger"] == "some.library"
    assert "\\x0a" in line["event"]
    assert SECRET not in line["event"]


def test_only_what_is_important_enough_is_logged(log):
    logger, stream = log(level="warning")
    logger.info("no")
    logger.error("yes")
    assert [line["event"] for line in lines(stream)] == ["yes"]


def test_lines_for_people_have_the_fields_after_the_event(log):
    logger, stream = log(format="console")
    logger.info("started", port=8080, folder="a b")
    assert stream.getvalue().rstrip()[9:] == 'info    started  port=8080 folder="a b"'


def test_long_and_deep_values_are_cut(log):
    logger, stream = log()
    deep = value = {}
    for _ in range(50):
        value["in"] = {}
        value = value["in"]
    logger.info("long", text="x" * 100_000, deep=deep)
    assert len(stream.getvalue()) < 10_000


def test_a_stream_that_is_no_terminal_gets_json(log):
    logger, stream = log(format="auto")
    logger.info("event")
    assert lines(stream)
