"""What only a process of its own shows: signals, terminals, live pipes, start-up."""

import json
import os
import pty
import select
import subprocess
import sys
from subprocess import PIPE

import pytest

COMMAND = [sys.executable, "-m", "tests.unit.cli.fake_pipeline"]


def environment(**more):
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("APISENTINEL_")
    }
    kept.pop("NO_COLOR", None)
    return kept | {"TERM": "xterm-256color", "COLUMNS": "100"} | more


def run(*arguments, **more):
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        env=environment(**more),
        timeout=120,
        check=False,
    )


def on_terminal(*arguments, **more):
    """What a command writes to a terminal, and its exit code."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=child, stderr=child, stdin=child, env=environment(**more)
    )
    os.close(child)
    seen = b""
    while True:
        try:
            piece = os.read(parent, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(parent)
    return process.wait(timeout=60), seen.decode()


def test_one_ctrl_c_gives_the_partial_report(tmp_path):
    target = tmp_path / "report.json"
    result = run("scan", "a.log", "--json", str(target), FAKE="interrupt1")
    assert result.returncode == 130
    assert json.loads(target.read_bytes())["interrupted"]
    assert b"Ctrl-C again ends at once" in result.stderr


def test_two_ctrl_c_end_at_once_and_leave_nothing_behind(tmp_path):
    result = run("scan", "a.log", "--json", str(tmp_path / "report.json"), FAKE="interrupt2")
    assert result.returncode == 130
    assert list(tmp_path.iterdir()) == []
    assert result.stdout == b""


def test_a_terminal_gets_colour_and_a_progress_bar():
    code, seen = on_terminal("scan", "a.log", FAKE="progress")
    assert code == 0
    assert "Scanning" in seen
    assert "\x1b[" in seen.partition("API Sentinel")[2]
    assert "CRITICAL" in seen


def test_no_color_is_honoured():
    _, seen = on_terminal("scan", "a.log", NO_COLOR="1")
    report = seen.partition("API Sentinel")[2]
    assert "CRITICAL" in report
    assert not [
        code for code in report.split("\x1b[")[1:] if code[:2] in {"38", "48", "31", "32", "33"}
    ]


def test_a_dumb_terminal_gets_no_progress_bar():
    _, seen = on_terminal("scan", "a.log", TERM="dumb", FAKE="progress")
    assert "Scanning" not in seen


def test_score_answers_each_line_at_once():
    """Its peer may wait for the verdict before it sends the next request."""
    arguments = [*COMMAND, "score"]
    with subprocess.Popen(arguments, stdin=PIPE, stdout=PIPE, env=environment()) as process:
        for number in range(3):
            process.stdin.write(b'{"method":"GET","url":"/","event_id":"%d"}\n' % number)
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], 60)
            assert ready, "no verdict although the line was complete"
            answer = os.read(process.stdout.fileno(), 65536)
            assert json.loads(answer)["event_id"] == str(number)
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_score_keeps_order_and_count_and_numbers_broken_lines():
    lines = b'{"event_id":"a"}\nnot json\n\n{"event_id":"b"}'
    result = subprocess.run(
        [*COMMAND, "score"],
        input=lines,
        capture_output=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 0
    assert [answer.get("event_id") for answer in answers] == ["a", None, None, "b"]
    assert answers[1] == {"line": 2, "error": "not valid JSON"}


def test_output_that_is_not_utf_8_is_still_written():
    result = run("scan", "a.log", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert b"CRITICAL" in result.stdout
    result.stdout.decode("ascii")


@pytest.mark.parametrize("arguments", [("--help",), ("scan", "--help"), ("score", "--help")])
def test_help_imports_nothing_heavy(arguments):
    program = (
        "import sys; sys.argv = ['apisentinel', *sys.argv[1:]]\n"
        "from apisentinel.cli import main\n"
        "try: main()\n"
        "finally: print(*sorted(sys.modules), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    heavy = {"numba", "numpy", "polars", "rich", "pydantic", "msgspec", "re2", "orjson"}
    assert not heavy & set(result.stderr.split())
    assert "Usage: apisentinel" in result.stdout


def test_the_module_runs_like_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "apisentinel", "--version"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert result.stdout.startswith(b"apisentinel ")
