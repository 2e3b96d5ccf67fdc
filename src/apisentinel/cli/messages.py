"""Messages for people, on stderr: what happened, where, what to do."""

import difflib
import os
import sys
from collections.abc import Iterable

from typer.exceptions import TyperException

from apisentinel.cli.visible import visible

MAX_MESSAGE = 2_000
"""Characters of one message: an error may quote what an attacker wrote."""

MIN_LIKENESS = 0.6
"""Likeness from which a name is worth proposing; a swapped pair in a word of five gives 0.8."""


def coloured() -> bool:
    """True when stderr is a terminal that wants colour (https://no-color.org)."""
    return (
        sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def _write(label: str, style: str, text: str) -> None:
    shown = "\n".join(visible(line) for line in text[:MAX_MESSAGE].splitlines())
    mark = f"\x1b[{style}m{label}\x1b[0m" if coloured() and label else label
    try:
        sys.stderr.write(f"{mark}{shown}\n")
        sys.stderr.flush()
    except OSError:
        pass  # nobody listens on stderr; the exit code still tells


def note(text: str) -> None:
    """Says something that is useful to know."""
    _write("", "", text)


def warn(text: str) -> None:
    """Says something that may need action; the command goes on."""
    _write("Warning: ", "1;33", text)


def error(text: str, hint: str = "") -> None:
    """Says why the command ends, and what to do about it."""
    _write("Error: ", "1;31", f"{text}\n{hint}" if hint else text)


def usage_error(problem: TyperException) -> None:
    """Reports a wrong use of the command line, with the nearest right one."""
    if type(problem).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{problem.message}\n")
        return
    text = (
        problem.message
        if isinstance(getattr(problem, "possibilities", None), list)
        else problem.format_message()
    )
    context = getattr(problem, "ctx", None)
    command = context.command_path if context is not None else "apisentinel"
    error(
        text.rstrip(".") + did_you_mean(getattr(problem, "possibilities", None) or ()),
        f"Try '{command} --help'.",
    )


def did_you_mean(suggestions: Iterable[str]) -> str:
    """A clause such as ``; did you mean 'a' or 'b'?``, empty without suggestions."""
    quoted = [f"'{name}'" for name in suggestions]
    return f"; did you mean {' or '.join(quoted)}?" if quoted else ""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The known names that `name` most likely means, best first, at most three.

    Being like the beginning of a known name counts, too: people know the first word of a name.

    Example:
        >>> nearest("ngnix", ["apache", "nginx", "nginx-json"])
        ['nginx', 'nginx-json']
    """
    wanted = name.lower()
    likeness = {candidate: _likeness(wanted, candidate.lower()) for candidate in known}
    close = [candidate for candidate in likeness if likeness[candidate] >= MIN_LIKENESS]
    return sorted(close, key=lambda candidate: (-likeness[candidate], candidate))[:3]


def _likeness(wanted: str, candidate: str) -> float:
    whole = difflib.SequenceMatcher(None, wanted, candidate).ratio()
    start = (
        difflib.SequenceMatcher(None, wanted, candidate[: len(wanted)]).ratio()
        if len(wanted) >= 3
        else 0.0
    )
    return max(whole, start * 0.95)
