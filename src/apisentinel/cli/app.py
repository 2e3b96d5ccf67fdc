"""The commands and their options; each works in a module of its own, imported when it runs."""

import gc
import io
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from apisentinel import __version__
from apisentinel.cli import (
    account_commands,
    backup,
    config_commands,
    dead_letter_commands,
    messages,
    model_commands,
    service_commands,
)
from apisentinel.cli.options import (
    Config,
    FormatName,
    Model,
    ModelsOnly,
    NoProgress,
    NoSummary,
    Paths,
    Rate,
    RulesOnly,
    model_options,
    severity,
    size,
)
from apisentinel.cli.outcome import Exit, reported_errors

EPILOG = (
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 findings at or above --fail-on, "
    "130 interrupted (the partial report is written)."
)

GC_THRESHOLD, GC_YOUNG = 20_000, 250
"""New objects between two searches for circles among them, short enough that nobody waits long for
one, and such searches until those that outlived them are searched, too.
"""

# Rich's help panels need 0.3 s to import; plain help keeps the start of every command short.
app = typer.Typer(
    name="apisentinel",
    help="Finds attacks and misuse in the traffic of an API and says why.",
    epilog=EPILOG,
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # A default for help: without one, Typer imports pydantic (half a second) to learn that None is
    # no flag.
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "default_map": {"help": False},
    },
)


def _version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"apisentinel {__version__}")
        raise typer.Exit


@app.callback()
def apisentinel(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda value: _version(asked=value),
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Finds attacks and misuse in the traffic of an API and says why."""


@app.command(epilog=EPILOG)
def scan(  # noqa: PLR0913 (one parameter per option)
    paths: Paths,
    *,
    format_name: FormatName = None,
    log_format: Annotated[
        str | None,
        typer.Option(
            metavar="STRING",
            help="The nginx log_format or Apache LogFormat string that wrote the lines.",
        ),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the report as JSON; - is standard output."),
    ] = None,
    html: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the report as one self-contained HTML file; - is standard output.",
        ),
    ] = None,
    entities: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write every client, user, session and endpoint with its risk as NDJSON;"
            " - is standard output.",
        ),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="SEVERITY",
            callback=severity,
            help="Exit with 3 when an incident is at least low, medium, high or critical.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 when a line cannot be read as a request.")
    ] = False,
    trusted_hops: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Proxies of your own in front of the server: so many entries of X-Forwarded-For,"
            " from the right, are believed. [default: 0]",
        ),
    ] = None,
    model: Model = None,
    rules_only: RulesOnly = False,
    models_only: ModelsOnly = False,
    learn: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Also learn from this traffic, as 'apisentinel train' does, and write the bundle.",
        ),
    ] = None,
    config: Config = None,
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Threads: 1 reads and judges in turn, more read ahead. [default: 2]",
        ),
    ] = None,
    chunk_size: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            callback=size,
            help="Bytes read at a time, such as 4MiB. The result does not depend on it.",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Length of lists in reports. [default: 10 on the terminal, 20 in files]",
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="No report on the terminal and no progress; files and errors as usual.",
        ),
    ] = False,
) -> int:
    """Reports who attacked what, how and why, out of access logs."""
    from apisentinel.cli.scan import Request, run

    options = {
        "format": format_name,
        "log_format": log_format,
        "strict": strict or None,
        "trusted_hops": trusted_hops,
        "threads": threads,
        "chunk_bytes": chunk_size,
        "top": top,
        **model_options(model, rules_only=rules_only, models_only=models_only),
    }
    return run(
        Request(
            paths=tuple(paths),
            options=options,
            json=json,
            html=html,
            entities=entities,
            fail_on=fail_on,
            learn=learn,
            config=config,
            quiet=quiet,
        )
    )


@app.command(epilog=EPILOG)
def score(
    *,
    stateless: Annotated[
        bool,
        typer.Option(
            "--stateless", help="Judge each line alone, without the history of its client."
        ),
    ] = False,
    model: Model = None,
    rules_only: RulesOnly = False,
    models_only: ModelsOnly = False,
    config: Config = None,
) -> int:
    """Judges NDJSON requests on standard input: a verdict each."""
    from apisentinel.cli.score import run

    chosen = model_options(model, rules_only=rules_only, models_only=models_only)
    return run(config, chosen, stateless=stateless)


@app.command(epilog=EPILOG)
def train(  # noqa: PLR0913 (one parameter per option)
    paths: Paths,
    *,
    output: Annotated[
        str,
        typer.Option(metavar="DIR", help="Folder for the bundle; an older bundle is replaced."),
    ],
    format_name: FormatName = None,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="Field of NDJSON requests that says whether they are attacks: 1, true or an attack"
            " type, 0, false or nothing.",
        ),
    ] = None,
    trials: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Parameter sets that are tried for the models."),
    ] = 20,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Equal input, options and seed: equal bundle.")
    ] = 1,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            help="End the search for parameters after this time. The bundle then depends on the"
            " machine, too. [default: no limit]",
        ),
    ] = None,
    config: Config = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.")
    ] = False,
) -> int:
    """Learns how an API is normally used; writes a signed bundle."""
    from apisentinel.cli.train import Wanted, run

    return run(
        Wanted(
            paths=tuple(paths),
            output=output,
            options={"format": format_name},
            labels=labels,
            trials=trials,
            seed=seed,
            budget=budget,
            config=config,
            quiet=quiet,
        )
    )


@app.command(epilog=EPILOG)
def simulate(  # noqa: PLR0913 (one parameter per option)
    *,
    output: Annotated[
        str,
        typer.Option(metavar="DIR", help="Folder for the files; made when it is missing."),
    ],
    hours: Annotated[float, typer.Option(metavar="H", help="Simulated hours.")],
    rate: Rate,
    profile: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="default, demo (lively), week (quiet, no attacks) or train (a tenth attacks).",
        ),
    ] = "default",
    attacks: Annotated[
        str | None,
        typer.Option(
            metavar="LIST|none",
            help="Attack types with commas between, or none. [default: all that the profile has]",
        ),
    ] = None,
    density: Annotated[
        float | None,
        typer.Option(
            metavar="F", help="Share of attack requests, 0 to 0.5. [default: that of the profile]"
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Equal seeds and options give equal bytes.")
    ] = 1,
    quiet: NoSummary = False,
) -> int:
    """Writes made-up traffic with attacks and their ground truth."""
    from apisentinel.cli.simulate import Wanted, run

    return run(Wanted(output, hours, rate, profile, attacks, density, seed, quiet))


@app.command(epilog=EPILOG)
def series(
    path: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="CSV with the columns timestamp and value, .gz and .zst too; - is standard input.",
            show_default=False,
        ),
    ],
    *,
    output: Annotated[
        str, typer.Option(metavar="FILE", help="Where the scores go; - is standard output.")
    ] = "-",
    quiet: NoSummary = False,
) -> int:
    """Scores each value of a metric by those before it."""
    from apisentinel.cli.series import run

    return run(path, target=output, quiet=quiet)


@app.command(epilog=EPILOG)
def evaluate(  # noqa: PLR0913 (one parameter per option)
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]…",
            help="Log files of your own: attacks are planted in a copy of them.",
            show_default=False,
        ),
    ] = None,
    *,
    data_dir: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The same with stored events of a service at rest."),
    ] = None,
    days: Annotated[
        float, typer.Option(metavar="D", min=0.0, help="How far back --data-dir goes.")
    ] = 7.0,
    seeds: Annotated[str, typer.Option(metavar="LIST", help="Seeds: 1,2,3 or 1-5.")] = "1,2,3",
    hours: Annotated[float, typer.Option(metavar="H", help="Simulated hours of each.")] = 24.0,
    rate: Rate = 2.0,
    attacks: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Attack types with commas between. [default: all]"),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write every figure as JSON; - is standard output."),
    ] = None,
    markdown: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the scoreboard as a page.")
    ] = None,
    model: Model = None,
    rules_only: RulesOnly = False,
    models_only: ModelsOnly = False,
    config: Config = None,
    quiet: NoProgress = False,
) -> int:
    """Measures detection with attacks planted in traffic."""
    options = model_options(model, rules_only=rules_only, models_only=models_only)
    if paths or data_dir is not None:
        from apisentinel.cli import selftest

        return selftest.run(
            selftest.Wanted(
                paths=tuple(paths or ()), data_dir=data_dir, days=days, seeds=seeds, json=json,
                options=options, config=config, quiet=quiet,
            )
        )  # fmt: skip
    from apisentinel.cli.evaluate import Wanted, run

    return run(
        Wanted(
            seeds=seeds, hours=hours, rate=rate, attacks=attacks, json=json, markdown=markdown,
            options=options, config=config, quiet=quiet,
        )
    )  # fmt: skip


@app.command(epilog=EPILOG)
def backtest(  # noqa: PLR0913 (one parameter per option)
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]…", help="Log files, folders or globs.", show_default=False),
    ] = None,
    *,
    data_dir: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Stored events of this service, which must not run."),
    ] = None,
    days: Annotated[
        float, typer.Option(metavar="N", min=0.01, help="How far back stored events are read.")
    ] = 7.0,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings to try. [default: the usual ones]")
    ] = None,
    model: Annotated[str | None, typer.Option(metavar="DIR", help="Bundle to try.")] = None,
    threshold: Annotated[
        int, typer.Option(metavar="N", min=0, max=100, help="Risk of an alarm to try.")
    ] = 40,
    from_config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings to compare with.")
    ] = None,
    from_model: Annotated[
        str | None, typer.Option(metavar="DIR", help="Bundle to compare with.")
    ] = None,
    from_threshold: Annotated[
        int, typer.Option(metavar="N", min=0, max=100, help="Risk of an alarm to compare with.")
    ] = 40,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write as JSON; - is standard output.")
    ] = None,
    quiet: NoProgress = False,
) -> int:
    """Shows what a change would have meant for past traffic."""
    from apisentinel.cli.backtest import Wanted, run

    return run(
        Wanted(
            paths=tuple(paths or ()), data_dir=data_dir, days=days, first_config=from_config,
            first_model=from_model, first_threshold=from_threshold, config=config, model=model,
            threshold=threshold, json=json, quiet=quiet,
        )
    )  # fmt: skip


@app.command("run", epilog=EPILOG)
def run_pipeline(
    path: Annotated[
        str,
        typer.Argument(metavar="PIPELINE", help="Pipeline file, JSON or YAML.", show_default=False),
    ],
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the file can be used.")
    ] = False,
) -> int:
    """Carries out a pipeline file: input, anomaly filter, alerts."""
    from apisentinel.cli.run import run

    return run(path, check_only=check)


@app.command(epilog=EPILOG)
def doctor(
    *,
    warm: Annotated[
        bool,
        typer.Option("--warm", help="Compile all kernels now, so that the next start is fast."),
    ] = False,
    data_dir: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Data folder of the service. [default: that of the settings]",
        ),
    ] = None,
    config: Config = None,
) -> int:
    """Checks whether this machine can run it; exits with 1 if not."""
    from apisentinel.cli.doctor import run

    return run(warm=warm, config=config, data_dir=data_dir)


@app.command(epilog=EPILOG)
def formats(
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> int:
    """Lists the log formats that are known, with sample lines."""
    from apisentinel.cli.formats import run

    return run(as_json=json)


service_commands.register(app, EPILOG)
backup.register(app, EPILOG)
app.add_typer(account_commands.keys)
app.add_typer(account_commands.users)
app.add_typer(config_commands.app)
app.add_typer(dead_letter_commands.app)
app.add_typer(model_commands.app)


def main() -> None:
    """Runs the command line and leaves the process with its exit code.

    Raises:
        SystemExit: Always, with the exit code of the contract.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a character that the terminal lacks is no reason to fail
    # Most objects of a run live to its end; looking for circles among them costs a tenth of the
    # time.
    gc.set_threshold(GC_THRESHOLD, GC_YOUNG, 100)
    code: object = Exit.FAILED
    with reported_errors() as outcome:
        try:
            code = app(prog_name="apisentinel", standalone_mode=False)
        except TyperException as problem:
            messages.usage_error(problem)
            code = problem.exit_code
    sys.exit(
        outcome.code if outcome.code is not None else code if isinstance(code, int) else Exit.DONE
    )
