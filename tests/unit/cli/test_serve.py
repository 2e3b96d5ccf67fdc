import http.client
from types import SimpleNamespace

import pytest

from apisentinel.api.access.secret import Secret
from apisentinel.api.app import create_app
from apisentinel.api.server import Place
from apisentinel.cli import demo as module
from apisentinel.cli.demo import Demo
from apisentinel.cli.serve import _greet, address, has_sources, log_settings
from apisentinel.clock import SystemClock
from apisentinel.pipeline.server_settings import ServerSettings
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.storage.control import ControlStore


def settings(**server):
    return ServiceSettings.model_validate({"server": server})


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ({}, "http://127.0.0.1:80/"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:80/"),
        ({"host": "::"}, "http://[::1]:80/"),
        ({"host": "sentinel.example", "root_path": "/x"}, "http://sentinel.example:80/x/"),
        ({"tls_cert": "a", "tls_key": "b"}, "https://127.0.0.1:80/"),
    ],
)
def test_the_address_is_one_that_a_browser_here_can_open(server, expected):
    assert address(settings(**server), 80) == expected


def test_configured_sources_are_noticed():
    assert not has_sources(ServiceSettings())
    wanted = {"sources": {"inputs": [{"type": "file", "path": "/var/log/x"}]}}
    assert has_sources(ServiceSettings.model_validate(wanted))


@pytest.mark.parametrize(
    ("wanted", "demo", "expected"),
    [
        ("auto", True, "console"),
        ("json", True, "json"),
        ("auto", False, "auto"),
        ("console", False, "console"),
    ],
)
def test_up_logs_lines_for_people_unless_told_otherwise(wanted, demo, expected):
    service = ServiceSettings.model_validate({"log": {"format": wanted}})
    assert log_settings(service, demo=demo).format == expected


class Answers:
    """Connections that answer as planned."""

    def __init__(self, *planned):
        self.planned = list(planned)
        self.bodies = []

    def connection(self, *_arguments, **_options):
        return self

    def request(self, _method, _path, body, _headers):
        self.bodies.append(body)

    def getresponse(self):
        planned = self.planned.pop(0)
        if isinstance(planned, Exception):
            raise planned
        status, headers = planned
        return SimpleNamespace(status=status, headers=headers, read=lambda: b"")

    def close(self):
        pass


@pytest.fixture
def sender():
    service = SimpleNamespace(settings=ServiceSettings(), clock=None)
    return Demo(service, None, Place("127.0.0.1", 1))


def test_the_demo_waits_as_it_is_told_and_loses_nothing(monkeypatch, sender):
    answers = Answers((429, {"Retry-After": "7"}), (503, {}), ConnectionResetError(), (202, {}))
    monkeypatch.setattr(http.client, "HTTPConnection", answers.connection)
    waits = []
    monkeypatch.setattr(sender._stop, "wait", waits.append)
    sender._send(b"body", "key")
    assert waits == [7, 1, 1]
    assert answers.bodies == [b"body"] * 4


def test_a_new_demo_begins_with_a_past_and_an_old_one_goes_on(monkeypatch):
    """All of the past at once, oldest first; then every line when it is due."""
    now = 1_000 * module.SECOND
    for stored, past in ((0, module.PAST_SECONDS), (5, 0)):
        events = SimpleNamespace(list_events=lambda *_, n=stored: SimpleNamespace(total=n))
        clock = SimpleNamespace(now=lambda: now, monotonic=lambda: 50.0)
        service = SimpleNamespace(settings=ServiceSettings(), clock=clock, events=events)
        keys = SimpleNamespace(own=lambda **_: "key")
        demo = Demo(service, keys, Place("127.0.0.1", 1))
        begun, sent, waits = [], [], []

        def stream(_seed, _speed, *, start, begun=begun):
            begun.append(start)
            return iter([(1.0, [b"a"]), (2.0, [b"b"]), (module.PAST_SECONDS + 9.0, [b"c"])])

        monkeypatch.setattr("apisentinel.simulator.demo_stream", stream)
        monkeypatch.setattr(demo, "_send", lambda body, _key, sent=sent: sent.append(body))
        monkeypatch.setattr(demo._stop, "wait", lambda seconds, waits=waits: waits.append(seconds))
        demo._run()
        assert begun == [now - past * module.SECOND]
        assert sent == ([b"a\nb", b"c"] if past else [b"a", b"b", b"c"])
        assert waits[-1] == module.PAST_SECONDS + 9.0 - past


def test_the_demo_never_waits_long(monkeypatch, sender):
    answers = Answers((429, {"Retry-After": "100000"}))
    monkeypatch.setattr(http.client, "HTTPConnection", answers.connection)
    assert sender._try(b"", "key") == module.LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize(("host", "is_told"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_who_serves_others_without_tls_is_told_at_the_start(tmp_path, capsys, host, is_told):
    settings = ServiceSettings(data_dir=tmp_path, server=ServerSettings(host=host))
    control = ControlStore(tmp_path, SystemClock())
    door = SimpleNamespace(check=lambda: None)
    service = SimpleNamespace(settings=settings, control=control, door=door)
    app = create_app(service, secret=Secret(bytes(32)))
    _greet(app, settings, 8080, SystemClock())
    control.close()
    said = capsys.readouterr()
    assert said.out.startswith("http://127.0.0.1:8080/#token=")
    assert ("without TLS" in said.err) is is_told
