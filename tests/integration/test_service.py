"""The service as people run it: a process, keys from the command line, HTTP, signals, restarts."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.sync.client import connect

START_SECONDS = 60
"""A cold start compiles kernels; a warm one takes two seconds."""

COMMAND = [sys.executable, "-m", "apisentinel"]


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return probe.getsockname()[1]


def command(*arguments, **more):
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False, **more
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Running:
    """A service in a process of its own."""

    def __init__(self, data_dir, *arguments, verb="serve", **variables):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [*COMMAND, verb, "--data-dir", str(data_dir), "--port", str(self.port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"APISENTINEL_RUNTIME__CHECKPOINT_SECONDS": "1"} | variables,
        )

    def call(self, path, key=None, body=None, method=None, **headers):
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def wait(self, reached, what, seconds=START_SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.process.stderr.read()
            try:
                if reached():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds} s for: {what}")

    def wait_until_ready(self):
        self.wait(lambda: self.call("/readyz")[0] == 200, "readiness")

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@contextmanager
def running(data_dir, *arguments, **more):
    service = Running(data_dir, *arguments, **more)
    try:
        service.wait_until_ready()
        yield service
    finally:
        if service.process.poll() is None:
            service.process.kill()
        service.process.communicate()


def attack(begin, count):
    """NDJSON of a client that tries what a database makes of quotes."""
    return b"\n".join(
        json.dumps(
            {
                "event_id": f"e{number}",
                "ts": 1_700_000_000 + number,
                "method": "GET",
                "url": f"/items?id={number}%27%20UNION%20SELECT%20password%20FROM%20users--",
                "status": 200,
                "client_ip": "203.0.113.7",
            }
        ).encode()
        for number in range(begin, begin + count)
    )


def findings(service, key):
    """Alerts and incidents, as far as a restart must not change them."""
    alerts = service.call("/api/v1/alerts", key)[1]["items"]
    incidents = service.call("/api/v1/incidents", key)[1]["items"]
    return (
        sorted((each["id"], each["attack_type"], each["risk"]) for each in alerts),
        sorted((each["id"], each["risk"], tuple(each["attack_types"])) for each in incidents),
    )


@pytest.mark.slow
def test_from_the_first_key_to_the_same_alerts_after_a_restart(tmp_path):
    data_dir = tmp_path / "data"
    key = command(
        "keys", "create", "--data-dir", str(data_dir), "--name", "t", "--scopes", "ingest,read"
    ).strip()
    with running(data_dir) as service:
        body = attack(0, 50) + b"\nnonsense\n"
        status, receipt = service.call("/api/v1/events", key, body)
        assert (status, receipt["accepted"], receipt["deduplicated"]) == (202, 50, 0)
        assert receipt["rejected"][0]["line"] == 51
        again = service.call("/api/v1/events", key, attack(0, 50))[1]
        assert (again["accepted"], again["deduplicated"]) == (0, 50)
        service.wait(
            lambda: service.call("/api/v1/incidents", key)[1]["total"] > 0, "an incident", 20
        )
        overview = service.call("/api/v1/overview", key)[1]
        assert overview["counters"]["received"] == 101
        assert overview["conservation"] == 0
        first = findings(service, key)
        assert first[0]
        assert first[1]

        late = command(
            "keys", "create", "--data-dir", str(data_dir), "--name", "late", "--scopes", "read"
        ).strip()
        assert service.call("/api/v1/me", late)[0] == 200
        command("keys", "revoke", "--data-dir", str(data_dir), late)
        service.wait(lambda: service.call("/api/v1/me", late)[0] == 401, "the end of the key", 10)

        code, out, err = service.end()
        assert code == 0, err
        assert "Stopped." in err
        assert out.startswith(f"{service.url}/#token=")

    with running(data_dir) as service:
        assert findings(service, key) == first
        again = service.call("/api/v1/events", key, attack(0, 50))[1]
        assert (again["accepted"], again["deduplicated"]) == (0, 50)
        verdict = json.loads(json.dumps(service.call("/api/v1/health", key)[1]))
        assert verdict["status"] == "ok"
        code, _, err = service.end(signal.SIGINT)
        assert code == 130, err


@pytest.mark.slow
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_second_interrupt_is_not_waited_for_and_leaves_no_trace(tmp_path, first):
    with running(tmp_path / "data") as service:
        service.process.send_signal(first)
        for line in service.process.stderr:
            if "Stopping" in line:  # the first one has been noticed
                break
        code, _, err = service.end(signal.SIGINT)
    assert code in {-signal.SIGINT, 130, 0}, err  # it may have been done already
    assert "Traceback" not in err
    assert "granian" not in err.lower()


@pytest.mark.slow
def test_up_shows_an_incident_in_its_first_minute(tmp_path):
    with running(tmp_path / "data", verb="up") as service:
        url = service.process.stdout.readline().strip()
        token = url.partition("#token=")[2]
        status, me = service.call(
            "/api/v1/login",
            body=json.dumps({"token": token}).encode(),
            **{"Content-Type": "application/json"},
        )
        assert (status, me["role"]) == (200, "admin")
        key = command(
            "keys",
            "create",
            "--data-dir",
            str(tmp_path / "data"),
            "--name",
            "t",
            "--scopes",
            "read",
        ).strip()
        assert service.call("/api/v1/overview", key)[1]["demo"] is True
        with connect(
            f"ws://127.0.0.1:{service.port}/api/v1/stream?topics=incidents,alerts",
            additional_headers={"Authorization": f"Bearer {key}"},
        ) as socket_:
            topics = set()
            while "incidents" not in topics:
                topics.add(json.loads(socket_.recv(timeout=60))["topic"])
        assert service.call("/api/v1/incidents", key)[1]["total"] > 0
        assert service.end()[0] == 0


@pytest.mark.slow
def test_what_stands_in_the_way_is_told(tmp_path):
    data_dir = tmp_path / "data"
    with running(data_dir) as service:
        for arguments, words in (
            (["--data-dir", str(data_dir), "--port", "0"], "in use by another service"),
            (["--data-dir", str(tmp_path / "x"), "--port", str(service.port)], "in use"),
        ):
            done = subprocess.run(
                [*COMMAND, "serve", *arguments],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 2
            assert words in done.stderr
        with socket.create_connection(("127.0.0.1", service.port)) as stuck:
            stuck.sendall(b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\n")
            stuck.sendall(b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
            begin = time.monotonic()
            code, _, err = service.end()
            assert code == 0, err
            assert time.monotonic() - begin < 12


def certificate(folder):
    """Files of a certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, private


@pytest.mark.slow
def test_over_tls_under_a_path_on_ipv6(tmp_path):
    cert, key = certificate(tmp_path)
    config = tmp_path / "sentinel.toml"
    config.write_text(
        f"[server]\nhost = 'localhost'\nroot_path = '/sentinel'\n"
        f"tls_cert = '{cert}'\ntls_key = '{key}'\n"
    )
    context = ssl.create_default_context(cafile=str(cert))
    service = Running(tmp_path / "data", "--config", str(config))
    try:
        url = service.process.stdout.readline().strip()
        assert url.startswith(f"https://localhost:{service.port}/sentinel/#token=")
        for path in ("/sentinel/livez", "/livez"):
            with urllib.request.urlopen(
                f"https://localhost:{service.port}{path}", context=context
            ) as answer:
                assert answer.status == 200
                assert "strict-transport-security" in answer.headers
        login = urllib.request.Request(
            f"https://localhost:{service.port}/sentinel/api/v1/login",
            json.dumps({"token": url.partition("#token=")[2]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(login, context=context) as answer:
            assert answer.headers["set-cookie"].startswith("__Host-apisentinel=")
        code, _, err = service.end()
        assert code == 0, err
    finally:
        if service.process.poll() is None:
            service.process.kill()
            service.process.communicate()


@pytest.mark.slow
def test_stuck_connections_and_bombs_cost_little(tmp_path):
    data_dir = tmp_path / "data"
    key = command(
        "keys", "create", "--data-dir", str(data_dir), "--name", "t", "--scopes", "ingest"
    ).strip()
    quick = {
        "APISENTINEL_SERVER__LIMITS__HEADER_SECONDS": "1",
        "APISENTINEL_SERVER__LIMITS__BODY_SECONDS": "1",
    }
    starts = {
        "silent": b"",
        "half a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ",
        "half a login": b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        "half a batch": b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\n"
        b"X-Api-Key: " + key.encode() + b"\r\nContent-Length: 9\r\n\r\n{",
    }
    with running(data_dir, **quick) as service:
        stuck = {}
        for name, start in starts.items():
            stuck[name] = socket.create_connection(("127.0.0.1", service.port))
            stuck[name].sendall(start)
        with socket.create_connection(("127.0.0.1", service.port)) as giant:
            giant.sendall(b"GET / HTTP/1.1\r\n")
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                giant.sendall(b"X-A: " + b"a" * 60_000_000)
        bomb = zlib.compressobj(wbits=31)
        body = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(256)) + bomb.flush()
        answer = service.call("/api/v1/events", key, body, **{"Content-Encoding": "gzip"})
        assert answer[0] == 413
        for name, connection in stuck.items():
            with connection:
                connection.settimeout(20)
                said = connection.recv(100)
            assert said == b"" or b" 408 " in said, name
        assert service.call("/livez")[0] == 200
        assert peak_mib(service.process.pid) < 1024


def peak_mib(pid):
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM"))
