"""Apache's error log."""

from apisentinel.parsers.program import Op, Program, Step, compile_steps
from apisentinel.parsers.registry import Format, Shape, register
from apisentinel.parsers.text import TextParser

ERROR_STATUS = (
    (b"Invalid URI in request", 400),
    (b"File does not exist", 404),
    (b"not found or unable to stat", 404),
    (b"client denied by server configuration", 403),
    (b"Access denied with code 403", 403),
    (b"Access denied with code", 403),
    (b"Password Mismatch", 401),
    (b"password mismatch", 401),
    (b"wrong authentication scheme", 401),
    (b"authorization failure", 403),
    (b"Authorization of user", 403),
    (b"authentication failure", 401),
    (b" not found: ", 401),
)
"""Words of a message and the status with which Apache answers in that case."""

FILE_MESSAGES = (
    b"File does not exist: ",
    b"script not found or unable to stat: ",
    b"client denied by server configuration: ",
    b"client used wrong authentication scheme: ",
)
"""Words in front of the file that a request was mapped to."""


def apache_error_program() -> Program:
    """``[time] [module:level] [pid n:tid n] [client IP:port] message``.

    The path is what the message names: a request line, an URL path, or the file that was looked
    for.
    """
    steps: list[Step | str] = [
        Step(Op.LITERAL, until=b"["),
        Step(Op.TIME_C, "ts", b"] ", otherwise="logged"),
        "logged",
        Step(Op.FIRST, until=b"[client ", otherwise="remote"),
        "peer",
        Step(Op.ADDRESS, "peer_ip", b"] "),
        Step(Op.MARK),
        Step(Op.MESSAGE),
        Step(Op.FIRST, until=b"Invalid URI in request ", otherwise="script"),
        Step(Op.REQUEST_BARE),
        Step(Op.END),
        "script",
        Step(Op.FIRST, until=b"script '", otherwise="security"),
        Step(Op.TEXT, "path", b"' not found", otherwise="refuse"),
        Step(Op.END),
        "security",
        Step(Op.FIRST, until=b'[hostname "', otherwise="file"),
        Step(Op.ADDRESS, "host", b'"', otherwise="refuse"),
        Step(Op.FIRST, until=b'[uri "', otherwise="refuse"),
        Step(Op.TEXT, "path", b'"', otherwise="refuse"),
        Step(Op.END),
    ]
    for n, words in enumerate(FILE_MESSAGES):
        steps += [
            "file" if n == 0 else f"file {n}",
            Step(Op.FIRST, until=words, otherwise=f"file {n + 1}"),
            Step(Op.JUMP, otherwise="path"),
        ]
    steps += [
        f"file {len(FILE_MESSAGES)}",
        Step(Op.FIRST, until=b"user ", otherwise="refuse"),
        Step(Op.TEXT, "user_id", b" not found: ", otherwise="failed"),
        Step(Op.JUMP, otherwise="path"),
        "failed",
        Step(Op.TEXT, "user_id", b': authentication failure for "', otherwise="forbidden"),
        Step(Op.TEXT, "path", b'"', otherwise="refuse"),
        Step(Op.END),
        "forbidden",
        Step(Op.TEXT, "user_id", b': authorization failure for "', otherwise="mismatch"),
        Step(Op.TEXT, "path", b'"', otherwise="refuse"),
        Step(Op.END),
        "mismatch",
        Step(Op.TEXT, "user_id", b": password mismatch: ", otherwise="access"),
        Step(Op.JUMP, otherwise="path"),
        "access",
        Step(Op.TEXT, "user_id", b" to access ", otherwise="refuse"),
        Step(Op.TEXT, "path", b" failed, reason: ", otherwise="refuse"),
        Step(Op.END),
        "path",
        Step(Op.TEXT, "path", b", referer: ", otherwise="rest"),
        Step(Op.TEXT, "referer"),
        Step(Op.END),
        "rest",
        Step(Op.TEXT, "path"),
        Step(Op.END),
        "remote",
        Step(Op.FIRST, until=b"[remote ", otherwise="refuse"),
        Step(Op.JUMP, otherwise="peer"),
        "refuse",
        Step(Op.REFUSE),
    ]
    return compile_steps(steps, ("apache-error",), ERROR_STATUS)


def apache_error_parser() -> TextParser:
    """A parser of the error log."""
    return TextParser("apache-error", apache_error_program())


register(
    Format(
        name="apache-error",
        title="Apache error log; the lines that tell a client and what it asked for",
        sample="[Thu Oct 10 13:55:36.203277 2024] [core:error] [pid 7005:tid "
        "140667133085440] [client 203.0.113.7:44730] AH00126:"
        " Invalid URI in request GET /cgi-bin/.%2e/.%2e/etc/passwd HTTP/1.1",
        make=apache_error_parser,
        shapes=(Shape.BRACKET,),
        rank=20,
    )
)
