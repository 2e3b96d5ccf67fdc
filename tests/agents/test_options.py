"""What can be set, where it comes from, and what is refused at set-up."""

import logging

import pytest
from apisentinel_agent import Agent, Options

WHERE = {"url": "https://sentinel.example:8080", "key": "ak.1"}


def test_arguments_come_before_variables():
    environ = {
        "APISENTINEL_AGENT_URL": "https://a",
        "APISENTINEL_AGENT_SERVICE": "from-environment",
        "APISENTINEL_AGENT_MAX_RECORDS": "7",
        "APISENTINEL_AGENT_HEADERS": "off",
        "APISENTINEL_AGENT_IGNORE_PATHS": "/health, /ready",
        "APISENTINEL_AGENT_INTERVAL_S": "2.5",
    }
    options = Options.read({"service": "shop", **WHERE}, environ)
    assert (options.service, options.max_records, options.headers) == ("shop", 7, False)
    assert options.ignore_paths == ("/health", "/ready")
    assert options.interval_s == 2.5
    assert options.url == WHERE["url"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "sentinel:8080"}, "https://sentinel.example:8080"),
        ({"url": "http://sentinel.example"}, "plain_http"),
        ({"url": "https://u:p@x"}, "nothing else"),
        ({"url": "https://x?key=1"}, "nothing else"),
        ({"key": "two words"}, "character"),
        ({"secrets": "show"}, "mask"),
        ({"interval_s": -1.0}, "interval_s"),
        ({"max_records": 0}, "max_records"),
    ],
)
def test_what_cannot_work_is_refused_at_set_up(given, words):
    with pytest.raises(ValueError, match=words):
        Options.read({**WHERE, **given}, {})


def test_the_key_is_in_no_message():
    with pytest.raises(ValueError, match="key") as caught:
        Options.read({**WHERE, "key": "se cret"}, {})
    assert "se cret" not in str(caught.value)


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="colour"):
        Agent(colour="red")


def test_a_wrong_variable_is_named():
    with pytest.raises(ValueError, match="APISENTINEL_AGENT_MAX_RECORDS"):
        Options.read(WHERE, {"APISENTINEL_AGENT_MAX_RECORDS": "many"})


def test_plain_http_is_for_this_machine_or_on_request():
    assert Options.read({**WHERE, "url": "http://127.0.0.1:8080"}, {}).is_on
    assert Options.read({**WHERE, "url": "http://sentinel", "plain_http": True}, {}).is_on


def test_without_url_or_key_the_agent_is_off_and_says_so_once(caplog):
    with caplog.at_level(logging.WARNING, "apisentinel_agent"):
        agent = Agent()
    assert not agent.is_on
    assert not agent.wants("/")
    assert "APISENTINEL_AGENT_URL" in caplog.text
    assert not Agent(**WHERE, enabled=False).is_on
