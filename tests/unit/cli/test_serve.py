import http.client
from types import SimpleNamespace

import pytest

from apisentinel.api.access.secret import Secret
from apisentinel.api.app import create_app
from apisentinel.api.server import Place
from apisentinel.cli import demo as module
from apisentinel.cli.demo import Demo
from apisentinel.cli.serve import _greet, address, has_sources
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


def test_the_demo_never_waits_long(monkeypatch, sender):
    answers = Answers((429, {"Retry-After": "100000"}))
    monkeypatch.setattr(http.client, "HTTPConnection", answers.connection)
    assert sender._try(b"", "key") == module.LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize(("host", "is_told"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_who_serves_others_without_tls_is_told_at_the_start(tmp_path, capsys, host, is_told):
    settings = ServiceSettings(data_dir=tmp_path, server=ServerSettings(host=host))
    control = ControlStore(tmp_path, SystemClock())
    service = SimpleNamespace(settings=settings, control=control)
    app = create_app(service, secret=Secret(bytes(32)))
    _greet(app, settings, 8080, SystemClock())
    control.close()
    said = capsys.readouterr()
    assert said.out.startswith("http://127.0.0.1:8080/#token=")
    assert ("without TLS" in said.err) is is_told
