"""The WSGI middleware hands everything on as it was, and reports it."""

import io
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest
from apisentinel_agent import Agent
from apisentinel_agent.wsgi import SentinelMiddleware


@pytest.fixture
def agent():
    made = Agent(url="http://127.0.0.1:9", key="k", exit_timeout_s=0.0, request_body_bytes=10)
    made.seen = []
    made.record = made.seen.append
    return made


def environ(**more):
    made = {"PATH_INFO": "/caf\xc3\xa9", "QUERY_STRING": "q=1", **more}
    setup_testing_defaults(made)
    return made


def call(app, agent, made=None):
    started = []

    def start(status, headers, exc_info=None):
        started.append((status, headers, exc_info))
        return lambda piece: None

    return SentinelMiddleware(app, agent)(made or environ(), start), started


def simple(environ, start_response):
    start_response("201 Created", [("Content-Type", "text/plain")])
    return [b"abc", b"de"]


def test_a_list_is_handed_on_so_that_the_server_finds_its_length(agent):
    answer, started = call(simple, agent)
    assert answer == [b"abc", b"de"]
    assert started == [("201 Created", [("Content-Type", "text/plain")], None)]
    (exchange,) = agent.seen
    assert (exchange.status, exchange.response_bytes, exchange.path) == (201, 5, "/caf%C3%A9")


def test_a_generator_is_counted_as_it_is_taken_and_reported_once(agent):
    closed = []

    def app(environ, start_response):
        start_response("200 OK", [])
        try:
            yield b"abc"
            yield b"de"
        finally:
            closed.append(True)

    answer, _ = call(app, agent)
    assert next(answer) == b"abc"
    assert agent.seen == []
    answer.close()
    answer.close()
    assert closed == [True]
    assert [e.response_bytes for e in agent.seen] == [3]


def test_exceptions_pass_and_are_a_500(agent):
    def early(environ, start_response):
        raise KeyError("mine")

    def late(environ, start_response):
        start_response("200 OK", [])
        yield b"a"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        call(early, agent)
    answer, _ = call(late, agent)
    with pytest.raises(KeyError, match="mine"):
        list(answer)
    assert [e.status for e in agent.seen] == [500, 500]


def test_a_file_goes_to_the_server_as_it_is(agent):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "3")])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"abc"))

    answer, _ = call(app, agent, environ(**{"wsgi.file_wrapper": FileWrapper}))
    assert isinstance(answer, FileWrapper)
    assert agent.seen[0].response_bytes == 3


def test_a_body_is_sampled_as_the_application_reads_it(agent):
    def app(environ, start_response):
        stream = environ["wsgi.input"]
        assert stream.readline() == b'{"a":\n'
        assert stream.read(2) == b"12"
        assert list(stream) == [b"34567890}"]
        return simple(environ, start_response)

    body = b'{"a":\n1234567890}'
    made = environ(CONTENT_TYPE="application/json; charset=utf-8", CONTENT_LENGTH=str(len(body)))
    made["wsgi.input"] = io.BytesIO(body)
    call(app, agent, made)
    (exchange,) = agent.seen
    assert exchange.request_body.content() == body[:10]
    assert exchange.request_bytes == len(body)


@pytest.mark.parametrize(
    "more",
    [
        {"CONTENT_TYPE": "image/png"},
        {"CONTENT_TYPE": "application/json", "HTTP_CONTENT_ENCODING": "gzip"},
        {},
    ],
)
def test_only_bodies_of_known_types_are_sampled(agent, more):
    call(simple, agent, environ(**more))
    assert agent.seen[0].request_body is None


def test_what_was_received_is_told_where_the_server_knows_it(agent):
    call(simple, agent, environ(RAW_URI="/a%2Fb?q=%27"))
    assert (agent.seen[0].path, agent.seen[0].query) == ("/a%2Fb", "q=%27")


def test_the_middleware_keeps_to_the_protocol(agent):
    app = validator(SentinelMiddleware(validator(simple), agent))
    made = environ(PATH_INFO="/x", SCRIPT_NAME="")
    answer = app(made, lambda *_: lambda _piece: None)
    assert b"".join(answer) == b"abcde"
    answer.close()
    assert len(agent.seen) == 1
