"""``apisentinel scan``: runs the pipeline over logs and writes the reports."""

import gc
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apisentinel.cli import messages, progress
from apisentinel.cli.document import STDOUT, check_destination, entity_lines, report_json, write
from apisentinel.cli.interrupt import Interrupt
from apisentinel.cli.options import SEVERITIES
from apisentinel.cli.outcome import Exit
from apisentinel.cli.process import tune
from apisentinel.errors import ConfigError
from apisentinel.records.report import ScanReport

if TYPE_CHECKING:
    from apisentinel.pipeline import ScanSettings
    from apisentinel.pipeline.learning import Learning

TERMINAL_TOP = 10
"""Entries of the lists on the terminal when ``--top`` says nothing: what fits a few screens."""

HARMLESS = frozenset({"empty line", "comment or header line"})
"""Reasons that ``--strict`` forgives: such lines are part of healthy files, as in W3C logs."""


WRITTEN = {"--json": "JSON report", "--html": "HTML report", "--entities": "Entities"}
"""Options that name a file, and what it holds."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for on the command line."""

    paths: tuple[str, ...]
    options: Mapping[str, object]
    json: str | None
    html: str | None
    entities: str | None
    fail_on: str | None
    config: str | None
    quiet: bool
    learn: str | None = None

    def destinations(self) -> dict[str, str]:
        """Option and file of each wanted output."""
        named = dict(zip(WRITTEN, (self.json, self.html, self.entities), strict=True))
        return {option: name for option, name in named.items() if name is not None}


def run(request: Request) -> int:
    """Scans and reports.

    Args:
        request: Options of the command line.

    Returns:
        Exit code of the contract.

    Raises:
        ConfigError: Options or settings cannot be used.
    """
    tune()
    _check(request)
    if not request.quiet:
        _announce_compilation()
    chosen = request.options.get("format")
    if isinstance(chosen, str):
        from apisentinel.cli.formats import check_name

        check_name(chosen)
    from apisentinel.cli.configuration import load
    from apisentinel.pipeline import scan

    gc.freeze()  # what was imported stays; looking through it again and again finds nothing

    settings = load(
        request.config, {**request.options, "entities": request.entities is not None or None}
    )
    with Interrupt() as interrupt:
        learn = _learner(request, settings)
        with progress.shown(quiet=request.quiet) as show:
            result = scan(
                list(request.paths),
                settings,
                on_progress=show,
                stop=interrupt.stop,
                watcher=None if learn is None else learn.watch,
            )
        report = result.report
        if request.json is not None:
            write(request.json, [report_json(report)])
        if request.entities is not None:
            write(request.entities, entity_lines(result.entities()))
        if request.html is not None:
            from apisentinel.cli.html import page

            write(request.html, [page(report)])
        if learn is not None and not interrupt.stop.is_set():
            learn.save(result.engine)
        if not request.quiet:
            given = "top" in settings.model_fields_set
            _show(request, report, top=settings.top if given else TERMINAL_TOP)
        return _exit_code(
            request, report, interrupted=interrupt.stop.is_set(), strict=settings.strict
        )


def _learner(request: Request, settings: "ScanSettings") -> "Learning | None":
    """What learns beside the scan, None without ``--learn``."""
    if request.learn is None:
        return None
    from apisentinel.cli.train import check_folder
    from apisentinel.clock import SystemClock
    from apisentinel.pipeline.learning import Learning, TrainSettings

    folder = check_folder("--learn", request.learn)
    return Learning(folder, settings, TrainSettings(), SystemClock())


def _check(request: Request) -> None:
    """Refuses impossible outputs before any work is done."""
    destinations = request.destinations()
    to_stdout = [option for option, name in destinations.items() if name == STDOUT]
    if len(to_stdout) > 1:
        raise ConfigError(
            f"{' and '.join(to_stdout)} cannot both go to standard output; name a file for one"
        )
    files = [name for name in destinations.values() if name != STDOUT]
    if len(set(files)) < len(files):
        raise ConfigError("two outputs have the same file name; give each its own")
    for option, name in destinations.items():
        check_destination(option, name, request.paths)


def _announce_compilation() -> None:
    from apisentinel.kernels.compiler import is_warm

    if not is_warm():
        messages.note(
            "First run on this machine: compiling the kernels takes about a minute, once."
        )


def _show(request: Request, report: ScanReport, *, top: int) -> None:
    """Prints the report, unless stdout carries a document, and where the documents are."""
    destinations = request.destinations()
    if STDOUT not in destinations.values():
        from apisentinel.cli.terminal import show

        try:
            show(report, top=top)
            sys.stdout.flush()
        except BrokenPipeError:
            from apisentinel.cli.outcome import close_stdout

            close_stdout()  # a pager that was left; the exit code still tells what was found
    for option, name in destinations.items():
        if name != STDOUT:
            messages.note(f"{WRITTEN[option]} written to {name}")


def _exit_code(request: Request, report: ScanReport, *, interrupted: bool, strict: bool) -> Exit:
    if interrupted:
        messages.warn("interrupted: the report covers only a part of the input")
        return Exit.INTERRUPTED
    broken = [item for item in report.input.unparsed if item.reason not in HARMLESS]
    unread = sum(item.count for item in broken)
    damaged = [file for file in report.input.files if file.problem]
    for file in damaged:
        messages.warn(f"{file.path}: {file.problem}")
    if damaged and len(damaged) == len(report.input.files) and not report.input.parsed:
        messages.error(
            "nothing could be read: every input is damaged",
            "Copy the files again, or look at them with gzip -t or zstd -t.",
        )
        return Exit.FAILED
    if strict and (unread or damaged):
        hint = "Name the format with --format or --log-format, or leave out --strict."
        example = f", such as: {broken[0].example}" if broken else ""
        messages.error(
            f"{unread:,} of {report.input.lines:,} lines cannot be read as requests{example}", hint
        )
        return Exit.FAILED
    if report.input.lines and not report.input.parsed:
        messages.warn(
            "not one line could be read as a request; name the format with --format or --log-format"
        )
    if request.fail_on is None:
        return Exit.DONE
    lowest = SEVERITIES.index(request.fail_on)
    found = sum(SEVERITIES.index(incident.severity) >= lowest for incident in report.incidents)
    if not found:
        return Exit.DONE
    messages.note(
        f"{found:,} incident{'s' if found > 1 else ''} at or above {request.fail_on} (--fail-on)"
    )
    return Exit.FINDINGS
