"""``apisentinel run``: carries out a pipeline file."""

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from apisentinel.cli import messages
from apisentinel.cli.document import STDOUT, check_destination, report_json, write
from apisentinel.cli.interrupt import Interrupt
from apisentinel.cli.outcome import Exit
from apisentinel.cli.pipeline_file import (
    AlertOutput,
    LogInput,
    PipelineFile,
    ReportOutput,
    Stage,
    StdinInput,
    SyslogInput,
    read,
)
from apisentinel.errors import ConfigError

if TYPE_CHECKING:
    from apisentinel.records.report import ScanReport

STOPPING = "\nStopping: judging what was accepted …"

_encode = msgspec.json.Encoder().encode


def run(path: str, *, check_only: bool) -> int:
    """Carries out a pipeline file.

    Args:
        path: The file.
        check_only: Only say whether it can be used.

    Returns:
        Exit code of the contract.

    Raises:
        ConfigError: The file, an input or an output cannot be used.
    """
    found = read(path)
    for number, stage in enumerate(found.pipeline):
        _check(stage, number)
    if check_only:
        messages.note(f"{path} can be used: {len(found.pipeline)} in the pipeline.")
        return Exit.DONE
    if found.pipeline[0].is_live:
        return _live(found, found.pipeline[0])
    code = Exit.DONE
    with Interrupt() as interrupt:
        for stage in found.pipeline:
            _finite(stage, interrupt)
            if interrupt.stop.is_set():
                messages.warn("interrupted: the rest was left out")
                code = Exit.INTERRUPTED
                break
    return code


def _check(stage: Stage, number: int) -> None:
    """Refuses outputs that could not be written, before any work is done."""
    paths = _paths(stage)
    for output in stage.output:
        check_destination(f"pipeline[{number}].output", output.path, paths)
    if stage.input.format != "auto":
        from apisentinel.cli.formats import check_name

        check_name(stage.input.format)


def _paths(stage: Stage) -> list[str]:
    """What a stage reads, as ``scan`` takes it."""
    source = stage.input
    if isinstance(source, StdinInput):
        return [STDOUT]
    if isinstance(source, LogInput):
        return list(source.path)
    return []


def _finite(stage: Stage, interrupt: Interrupt) -> None:
    """Reads an input to its end, then writes the outputs."""
    from apisentinel.cli import progress
    from apisentinel.pipeline import ScanSettings, scan

    source = stage.input
    if isinstance(source, SyslogInput):
        raise ConfigError("a syslog input has no end")
    settings = ScanSettings(
        format=source.format, log_format=source.log_format, trusted_hops=source.trusted_hops
    )
    with progress.shown(quiet=False) as show:
        result = scan(_paths(stage), settings, on_progress=show, stop=interrupt.stop)
    report = result.report
    for output in stage.output:
        if isinstance(output, AlertOutput):
            threshold = max(output.threshold, stage.filter.threshold)
            lines = [_encode(alert) + b"\n" for alert in alerts_of(report, threshold)]
            write(output.path, lines)
            messages.note(f"{len(lines):,} alerts from a score of {threshold:g} on")
        else:
            write(output.path, [_report(report, output)])
    if report.input.lines and not report.input.parsed:
        messages.warn("not one line could be read as a request; name the format of the input")


def _report(report: "ScanReport", output: ReportOutput) -> bytes:
    if output.format == "json":
        return report_json(report)
    from apisentinel.cli.html import page

    return page(report)


def alerts_of(report: "ScanReport", threshold: float) -> list[dict[str, Any]]:
    """Incidents from a score on, as the alerts of a pipeline, in order of time."""
    found = [incident for incident in report.incidents if incident.risk >= 100 * threshold]
    return [
        {
            "id": incident.id,
            "ts": incident.alert_ts,
            "anomaly_score": incident.risk / 100,
            "risk": incident.risk,
            "severity": incident.severity,
            "attack_types": incident.attack_types,
            "entities": incident.entities,
            "endpoints": incident.endpoints,
            "reason": incident.reason,
            "requests": incident.requests,
            "first_ts": incident.first_ts,
            "last_ts": incident.last_ts,
        }
        for incident in sorted(found, key=lambda incident: (incident.alert_ts or "", incident.id))
    ]


def alert_of(item: dict[str, Any]) -> dict[str, Any]:
    """An alert of the live stream in the shape of `alerts_of`."""
    evidence = item["evidence"]
    factors = [factor for piece in evidence for factor in piece["factors"]]
    return {
        "id": item["id"],
        "ts": item["ts"],
        "anomaly_score": item["risk"] / 100,
        "risk": item["risk"],
        "severity": item["severity"],
        "attack_types": [item["attack_type"]],
        "entities": [item["entity"]],
        "endpoints": [item["endpoint"]],
        "reason": "; ".join(f"{factor['name']}: {factor['actual']}" for factor in factors[:3]),
        "requests": item["requests_before"],
        "first_ts": item["first_ts"],
        "last_ts": item["ts"],
    }


# --------------------------------------------------------------------------------------------- live


def _live(found: PipelineFile, stage: Stage) -> int:
    """Judges an input without an end until it is stopped, and writes alerts as they are raised."""
    from apisentinel.pipeline.service import Service
    from apisentinel.pipeline.service_settings import ServiceSettings
    from apisentinel.sources.settings import SourceSettings

    settings = ServiceSettings(
        data_dir=Path(found.data_dir),
        sources=SourceSettings.model_validate({"inputs": _inputs(stage)}),
        detection=ServiceSettings().detection.model_copy(
            update={"trusted_hops": stage.input.trusted_hops}
        ),
    )
    with ExitStack() as stack:
        outputs = [
            (max(output.threshold, stage.filter.threshold), _stream(output.path, stack))
            for output in stage.output
            if isinstance(output, AlertOutput)
        ]
        interrupt = stack.enter_context(Interrupt(STOPPING))
        service = Service(settings)
        watcher = service.bus.subscribe(["alerts"])
        service.start()
        stack.callback(service.stop)
        messages.note(
            f"Reading {', '.join(state.place for state in service.sources.states())};"
            f" data is kept in {found.data_dir}. Ctrl-C stops it."
        )
        while not interrupt.stop.wait(0.2):
            _write_alerts(watcher, outputs)
        service.stop()
        _write_alerts(watcher, outputs)
    return Exit.INTERRUPTED


def _inputs(stage: Stage) -> list[dict[str, Any]]:
    """The input as sources of the service."""
    source = stage.input
    if isinstance(source, SyslogInput):
        return [source.model_dump(exclude={"trusted_hops"})]
    if isinstance(source, LogInput):
        if source.log_format is not None:
            raise ConfigError("log_format needs an input that is read once: leave follow out")
        return [
            {"type": "file", "path": path, "format": source.format, "start": "beginning"}
            for path in _paths(stage)
        ]
    return []


def _stream(path: str, stack: ExitStack) -> BinaryIO:
    """An output that grows."""
    if path == STDOUT:
        return sys.stdout.buffer
    return stack.enter_context(Path(path).open("ab"))


def _write_alerts(watcher: Any, outputs: Iterable[tuple[float, BinaryIO]]) -> None:
    """Writes what was raised since the last call."""
    news, gap = watcher.get_nowait()
    if gap is not None:
        messages.warn("alerts came faster than they could be written; see apisentinel serve")
    items = [item for message in news for item in message.items]
    for threshold, stream in outputs:
        for item in items:
            if item["risk"] >= 100 * threshold:
                stream.write(_encode(alert_of(item)) + b"\n")
        stream.flush()
