"""``apisentinel doctor``: can this machine run the product, and how well?"""

import importlib
import itertools
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from apisentinel import __version__
from apisentinel.cli.checkup import Finding, State
from apisentinel.cli.outcome import Exit
from apisentinel.errors import ConfigError

IMPORT_NAMES = {
    "argon2-cffi": "argon2",
    "google-re2": "re2",
    "pyyaml": "yaml",
}
"""Import names of distributions that are called something else."""

NAME_ENDS = str.maketrans("<>=!~;[(", " " * 8)
"""Signs that end the name in a requirement such as ``apsw>=3.51``."""

PACKAGES_IN_ROW = 8
"""Packages in one line of the report."""

MIN_PYTHON = (3, 11)

COMFORTABLE_BYTES = 1 << 30
"""Memory that a scan of any size stays below."""

CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def run(*, warm: bool, config: str | None = None, data_dir: str | None = None) -> int:
    """Prints every check on standard output.

    Args:
        warm: Compile all kernels first.
        config: Settings of the service, as TOML.
        data_dir: Data folder of the service; the one of the settings when left out.

    Returns:
        1 when something is broken, else 0.
    """
    if warm:
        _warm()
    findings = [finding for check in CHECKS for finding in check()]
    findings += service(config, data_dir, is_asked=not warm)
    _print(findings)
    return Exit.FAILED if any(finding.state is State.BROKEN for finding in findings) else Exit.DONE


def service(config: str | None, data_dir: str | None, *, is_asked: bool) -> Iterator[Finding]:
    """Yields what concerns the service: its settings, and the machine as they need it.

    What is wrong with the machine is a warning only where nobody asked for the service: it does not
    keep anybody from scanning logs, and setting up does not fail on it.
    """
    from apisentinel.cli import doctor_service as checks
    from apisentinel.cli.configuration import load_service

    try:
        settings = load_service(config, {"data_dir": data_dir})
    except ConfigError as problem:
        text, *faults = str(problem).splitlines()
        for fault in faults or [text]:
            yield Finding("Settings", State.BROKEN, fault.strip())
        return
    yield Finding("Settings", State.GOOD, config or "defaults and environment")
    folder = settings.data_dir
    is_wanted = bool(config or data_dir) or (is_asked and folder.exists())
    for finding in itertools.chain(
        checks.versions(),
        checks.data_folder(folder),
        checks.disk(folder, settings.storage.disk),
        checks.encryption(settings.server),
        checks.port(settings.server, folder),
        checks.clocks(folder),
        checks.files(),
    ):
        is_mild = finding.state is State.BROKEN and not is_wanted
        yield replace(finding, state=State.ODD) if is_mild else finding


def python() -> Iterator[Finding]:
    """Yields whether the interpreter is recent enough."""
    good = sys.version_info[:2] >= MIN_PYTHON
    system = f"{platform.system()} {platform.machine()}"
    text = f"{platform.python_version()} ({platform.python_implementation()}, {system})"
    yield Finding(
        "Python",
        State.GOOD if good else State.BROKEN,
        text,
        "" if good else "Install Python 3.11 or newer.",
    )


def needed() -> dict[str, str]:
    """Distributions that the product demands, with their import names."""
    demands: list[str] = []
    with suppress(PackageNotFoundError):  # run from its sources, not installed
        demands = requires("apisentinel") or []
    names = [
        text.translate(NAME_ENDS).split()[0].lower() for text in demands if "extra ==" not in text
    ]
    return {name: IMPORT_NAMES.get(name, name.replace("-", "_")) for name in sorted(names)}


def packages() -> Iterator[Finding]:
    """Yields whether every needed package is installed and can be imported."""
    good = []
    for name, module in needed().items():
        try:
            importlib.import_module(module)
            good.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            good.append(f"{name} (version unknown)")
        except Exception as problem:  # noqa: BLE001 (whatever a broken binary package raises)
            text = f"{name} cannot be imported: {problem}"
            yield Finding(
                "Package",
                State.BROKEN,
                text,
                "Install API Sentinel again into a fresh environment.",
            )
    good.insert(0, f"apisentinel {__version__}")
    for begin in range(0, len(good), PACKAGES_IN_ROW):
        row = ", ".join(good[begin : begin + PACKAGES_IN_ROW])
        yield Finding("Packages", State.GOOD, row)


def kernels() -> Iterator[Finding]:
    """Yields where machine code is kept and whether it is there."""
    from apisentinel.kernels import compiler

    folder = compiler.CACHE_FOLDER
    if folder is None:
        advice = "Every start compiles. Make ~/.cache writable, or set APISENTINEL_CACHE_DIR."
        yield Finding("Kernel cache", State.BROKEN, "no writable folder", advice)
        return
    compiled = sum(1 for _ in folder.rglob(f"*{compiler.SUFFIX}"))
    if compiled:
        yield Finding("Kernel cache", State.GOOD, f"warm, {compiled} kernels in {folder}")
    else:
        yield Finding(
            "Kernel cache",
            State.ODD,
            f"cold: {folder}",
            "The first scan compiles; do it now with 'apisentinel doctor --warm'.",
        )


def folders() -> Iterator[Finding]:
    """Yields whether the folders that a scan may write to are writable."""
    for name, folder in (
        ("Temporary folder", Path(tempfile.gettempdir())),
        ("Current folder", Path.cwd()),
    ):
        try:
            with tempfile.TemporaryFile(dir=folder):
                yield Finding(name, State.GOOD, f"{folder} is writable")
        except OSError as problem:
            advice = (
                "Name report files elsewhere."
                if name == "Current folder"
                else "Set TMPDIR to a writable folder."
            )
            yield Finding(name, State.ODD, f"{folder}: {problem.strerror}", advice)


def memory() -> Iterator[Finding]:
    """Yields how much memory there is, counting the limit of a container."""
    total = _memory_bytes()
    if total is None:
        yield Finding("Memory", State.GOOD, "size unknown on this system")
        return
    good = total >= COMFORTABLE_BYTES
    text = f"{total / (1 << 30):.1f} GiB"
    yield Finding(
        "Memory",
        State.GOOD if good else State.ODD,
        text,
        "" if good else "Scans stay below 1 GiB, but that is more than there is.",
    )


def _memory_bytes() -> int | None:
    sizes = []
    with suppress(AttributeError, OSError, ValueError):
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in CGROUP_LIMITS:
        try:
            sizes.append(int(path.read_text()))
        except (OSError, ValueError):
            continue
    return min(sizes, default=None)


def cores() -> Iterator[Finding]:
    """Yields how many cores this process may use."""
    usable = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    text = f"{usable} of {os.cpu_count()} usable"
    yield Finding(
        "Cores",
        State.GOOD if usable > 1 else State.ODD,
        text,
        "" if usable > 1 else "Reading and judging share one core.",
    )


def terminal() -> Iterator[Finding]:
    """Yields whether output can carry all characters."""
    encoding = sys.stdout.encoding or "unknown"
    good = encoding.lower().startswith("utf")
    yield Finding(
        "Output",
        State.GOOD if good else State.ODD,
        encoding,
        "" if good else "Set PYTHONUTF8=1 to see all characters.",
    )


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    python,
    packages,
    kernels,
    folders,
    memory,
    cores,
    terminal,
)


def _print(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from apisentinel.cli.console import STYLES, console, foreign, glyphs

    out = console()
    signs = glyphs(out)
    marks = {
        State.GOOD: Text(f"{signs.yes} ok", STYLES["good"]),
        State.ODD: Text("! warning", "bold yellow"),
        State.BROKEN: Text(f"{signs.no} broken", STYLES["bad"]),
    }
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style=STYLES["title"])
    table.add_column(overflow="fold")
    for finding in findings:
        text = foreign(finding.text)
        if finding.advice:
            text.append("\n")
            text.append_text(foreign(finding.advice, "italic"))
        table.add_row(marks[finding.state], finding.name, text)
    out.print(table)
    counts = [sum(finding.state is state for finding in findings) for state in State]
    broken = f"{counts[2]} broken" if counts[2] else "nothing broken"
    warnings = f", {counts[1]} warning{'s' if counts[1] != 1 else ''}" if counts[1] else ""
    out.print(f"\n{broken}{warnings}", style=STYLES["bad"] if counts[2] else STYLES["good"])


def kernel_modules() -> list[str]:
    """Import names of all modules that define kernels, in a fixed order."""
    package = Path(__file__).resolve().parent.parent
    found = []
    for path in sorted(package.rglob("*.py")):
        if path.parent.name != "cli" and "kernel(" in path.read_text(encoding="utf-8"):
            steps = path.relative_to(package.parent).with_suffix("").parts
            found.append(".".join(step for step in steps if step != "__init__"))
    return found


def _warm() -> None:
    """Imports every module with kernels and compiles what the cache does not hold."""
    from apisentinel.cli import messages, progress
    from apisentinel.kernels.compiler import kernels_of

    modules = kernel_modules()
    begin = time.perf_counter()
    with progress.counted("Compiling", len(modules), quiet=False) as advance:
        for name in modules:
            advance(name.removeprefix("apisentinel."))
            importlib.import_module(name)
            for kernel in kernels_of(name):
                kernel.ready()
    noun = "module" if len(modules) == 1 else "modules"
    messages.note(
        f"{len(modules)} {noun} with kernels ready in {time.perf_counter() - begin:.1f} s"
    )
