"""Syslog over UDP, TCP and TLS on real sockets; framing by length and by line end."""

import contextlib
import datetime as dt
import itertools
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sources.live_fakes import FakeSink

from apisentinel.clock import ManualClock
from apisentinel.errors import SourceError
from apisentinel.sources.settings import SyslogSettings
from apisentinel.sources.syslog import SyslogSource
from apisentinel.sources.syslog_framing import Framing


@contextlib.contextmanager
def running(sink, clock=None, **more):
    source = SyslogSource(SyslogSettings(port=0, **more), clock or ManualClock())
    source.open()
    stop = threading.Event()
    thread = threading.Thread(target=source.run, args=(sink, stop))
    thread.start()
    try:
        yield source
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def connect(source):
    return socket.create_connection(("127.0.0.1", source.port), 10)


def test_datagrams_become_lines():
    sink = FakeSink()
    with running(sink, protocol="udp") as source, socket.socket(type=socket.SOCK_DGRAM) as client:
        for text in (b"<14>one\n", b"<14>two\nlines\x00", b""):
            client.sendto(text, ("127.0.0.1", source.port))
        sink.wait_for(lambda: len(sink.lines) == 2)
    assert sink.lines == [b"<14>one", b"<14>two lines"]


def test_datagrams_that_do_not_fit_are_shed_and_counted():
    sink = FakeSink()
    sink.gate = threading.Event()
    with (
        running(sink, protocol="udp", queue_bytes=1 << 16) as source,
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        for _ in range(20):
            client.sendto(b"x" * 9000, ("127.0.0.1", source.port))
        sink.wait_for(lambda: sink.dropped > 0)
        sink.gate.set()
        sink.wait_for(lambda: len(sink.lines) + sink.dropped == 20)


def test_a_stopped_sink_counts_what_is_left():
    sink = FakeSink()
    sink.fail_after = 0
    with running(sink, protocol="udp") as source, socket.socket(type=socket.SOCK_DGRAM) as client:
        client.sendto(b"a", ("127.0.0.1", source.port))
        sink.wait_for(lambda: sink.dropped == 1)


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_messages_of_both_framings_arrive_in_order(step):
    sink = FakeSink()
    data = b"5 <14>a<14>b\n8 <14>c\nd\n<14>e\r\n\n7 <14>f g<14>last"
    with running(sink, protocol="tcp") as source, connect(source) as client:
        for at in range(0, len(data), step):
            client.sendall(data[at : at + step])
        client.close()
        sink.wait_for(lambda: len(sink.lines) == 6)
    assert sink.lines == [b"<14>a", b"<14>b", b"<14>c d", b"<14>e", b"<14>f g", b"<14>last"]


def test_an_over_long_message_is_set_aside_and_the_next_one_is_read():
    sink = FakeSink()
    with running(sink, protocol="tcp", max_message_bytes=480) as source, connect(source) as client:
        client.sendall(b"<1>" + b"x" * 2000 + b"\n<1>a\n1000 <1>" + b"y" * 997 + b"<1>b\n")
        sink.wait_for(lambda: len(sink.lines) == 2 and len(sink.buried) == 2)
    assert sink.lines == [b"<1>a", b"<1>b"]
    assert {len(buried[1]) for buried in sink.buried} == {480}


def test_silent_and_half_open_clients_are_closed():
    clock, sink = ManualClock(), FakeSink()
    with (
        running(sink, clock, protocol="tcp", idle_seconds=60, partial_seconds=10) as source,
        connect(source) as quiet,
        connect(source) as half,
    ):
        quiet.sendall(b"<14>a\n")
        half.sendall(b"<14>b\n<14>half")
        sink.wait_for(lambda: len(sink.lines) == 2)
        clock.advance(30)
        half.settimeout(10)
        assert half.recv(1) == b""
        sink.wait_for(lambda: b"<14>half" in sink.lines)
        quiet.sendall(b"<14>c\n")
        sink.wait_for(lambda: b"<14>c" in sink.lines)
        clock.advance(61)
        quiet.settimeout(10)
        assert quiet.recv(1) == b""


def test_too_many_clients_are_closed():
    sink = FakeSink()
    with running(sink, protocol="tcp", max_connections=1) as source, connect(source) as first:
        first.sendall(b"<14>a\n")
        sink.wait_for(lambda: len(sink.lines) == 1)
        with connect(source) as second:
            second.settimeout(10)
            assert second.recv(1) == b""
        first.sendall(b"<14>b\n")
        sink.wait_for(lambda: len(sink.lines) == 2)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(begin).not_valid_after(begin.replace(year=2090))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


def test_messages_over_tls(certificate):
    sink, clock = FakeSink(), ManualClock()
    cert, key = certificate
    context = ssl.create_default_context(cafile=cert)
    with running(sink, clock, protocol="tls", tls_cert=cert, tls_key=key) as source:
        with connect(source) as stuck:  # never begins its handshake
            with connect(source) as raw, context.wrap_socket(raw, server_hostname="localhost") as c:
                c.sendall(b"<14>x\n" * 20_000)
                sink.wait_for(lambda: len(sink.lines) == 20_000)
            clock.advance(31)
            stuck.settimeout(10)
            assert stuck.recv(1) == b""
        with connect(source) as plain:
            plain.sendall(b"<14>not encrypted\n")
            plain.settimeout(10)
            with contextlib.suppress(ConnectionError):
                while plain.recv(1000):
                    pass
    assert b"<14>not encrypted" not in sink.lines


def test_a_port_that_is_taken_is_an_error_in_words(certificate):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SourceError, match=f"port {port}"):
            SyslogSource(SyslogSettings(protocol="tcp", port=port), ManualClock()).open()
    with pytest.raises(SourceError):
        SyslogSource(
            SyslogSettings(protocol="tls", port=0, tls_cert="/none", tls_key="/none"), ManualClock()
        ).open()


MESSAGES = st.lists(
    st.tuples(
        st.booleans(),
        st.binary(max_size=30).map(lambda text: b"<1>" + text.strip(b"\r\n\0").replace(b"\n", b"")),
    ),
    max_size=8,
)


@given(MESSAGES, st.lists(st.integers(0, 300), max_size=6))
@settings(max_examples=200, deadline=None)
def test_framing_does_not_depend_on_how_the_bytes_arrive(messages, cuts):
    data = b"".join(
        b"%d " % len(text) + text if counted else text + b"\n" for counted, text in messages
    )
    framing, got = Framing(480), []
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for begin, end in itertools.pairwise(edges):
        got += framing.feed(data[begin:end])
    assert [message.text for message in got] == [text.replace(b"\r", b" ") for _, text in messages]
    assert not framing.is_open


@given(st.lists(st.binary(max_size=300), max_size=10))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_bounded_messages(pieces):
    framing = Framing(480)
    for piece in pieces:
        for message in framing.feed(piece):
            assert len(message.text) <= 480
            assert b"\n" not in message.text
        assert len(framing._held) <= 480 + 300 + 9
    for message in framing.finish():
        assert len(message.text) <= 480
