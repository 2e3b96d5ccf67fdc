"""Checks that the core's requirements resolve beside Flink and, apart, beside Spark.

Nothing is installed. The check reads `pyproject.toml` and asks the package index; when the index
cannot be reached it says so and ends with 0, because that tells nothing about the requirements.
With `--required` it ends with 1 then.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

NEIGHBOURS = {
    "apache-flink==2.3.0": ("numpy", "pandas", "protobuf", "pyarrow"),
    "pyspark[sql]==4.3.0": ("numpy", "pandas", "pyarrow"),
}
"""What the core has to live beside, and the packages worth showing."""

CONFLICT = "No solution found"
"""Words by which uv says that requirements contradict each other; any other failure is about the
index.
"""

PYTHON = "3.11"
"""The oldest supported Python, and one that both neighbours support."""


def find_uv() -> str | None:
    """The uv of the set-up or of the path."""
    local = ROOT / ".uv" / "bin" / "uv"
    return str(local) if local.exists() else shutil.which("uv")


def resolve(uv: str, requirements: list[str]) -> subprocess.CompletedProcess[str]:
    """Resolves requirements without installing them; one `name==version` a line on stdout."""
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--python-version", PYTHON, "-"]
    return subprocess.run(
        command, input="\n".join(requirements), capture_output=True, text=True, check=False
    )


def main(arguments: list[str]) -> int:
    """Resolves the core beside each neighbour and prints what was chosen."""
    uv = find_uv()
    if uv is None:
        print("resolve: uv is not here; run `make setup` first")
        return 1
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    failures = 0
    for neighbour, shown in NEIGHBOURS.items():
        result = resolve(uv, [*project["dependencies"], neighbour])
        if result.returncode == 0:
            names = dict(line.split("==", 1) for line in result.stdout.splitlines())
            chosen = ", ".join(f"{name} {names[name]}" for name in shown if name in names)
            print(f"resolve: {neighbour} and the core: {len(names)} packages ({chosen})")
        elif CONFLICT in result.stderr:
            print(f"resolve: {neighbour} and the core do not fit together\n{result.stderr}")
            failures += 1
        else:
            reason = result.stderr.strip().partition("\n")[0]
            print(f"resolve: {neighbour} not checked, the package index did not answer: {reason}")
            failures += "--required" in arguments
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
