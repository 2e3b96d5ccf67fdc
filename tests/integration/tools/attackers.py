"""The tools: how they are called, and what they must be called."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PLACES = (ROOT / ".tools" / "bin", ROOT / ".tools" / "venv" / "bin")
WORDS = Path(__file__).parent / "words"

BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)

SECONDS = 20
"""A tool is ended after this time, whatever it still wants to do."""

SEARCHES = frozenset({"scanning", "probing", "enumeration", "crawling"})
GUESSES = frozenset({"brute_force", "credential_stuffing", "password_spraying"})
INJECTIONS = frozenset(
    {"sqli", "nosqli", "xss", "cmdi", "traversal", "ssti", "rfi", "ssrf", "crlf"}
)


@dataclass(frozen=True)
class Tool:
    """One tool.

    Attributes:
        name: Of its program.
        call: Its arguments; ``{url}``, ``{host}``, ``{port}``, ``{words}`` and ``{agent}`` are
            filled in.
        disguise: Further arguments that make it say that it is a browser; without them it says
            what it says by itself.
        types: Attack types of which one, at least, must be told.
    """

    name: str
    call: tuple[str, ...]
    disguise: tuple[str, ...]
    types: frozenset[str]

    def program(self):
        """Its path, or None when it is not here."""
        for place in PLACES:
            if (place / self.name).exists():
                return str(place / self.name)
        return shutil.which(self.name)

    def run(self, host, port, folder, *, disguised):
        """Runs it against one door.

        Returns:
            What it wrote, for people who look for why nothing was found.
        """
        texts = {
            "host": host,
            "port": str(port),
            "url": f"http://{host}:{port}",
            "words": str(WORDS),
            "agent": BROWSER,
            "escaped": BROWSER.replace(":", "\\:"),
        }
        words = [each.format(**texts) for each in self.call]
        if self.name == "hydra":  # its form, which comes last, holds the header and the condition
            header = "".join(self.disguise).format(**texts) if disguised else ""
            words[-1] += f"{header}F=Wrong name"
        elif disguised:
            words += [each.format(**texts) for each in self.disguise]
        folder.mkdir(parents=True)
        kept = {k: v for k, v in os.environ.items() if k in {"PATH", "LANG"}}
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [self.program(), *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=kept | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "TERM": "dumb"},
                start_new_session=True,
            )
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
        return (folder / "output").read_text(errors="replace")[-2000:]


TOOLS = (
    Tool(
        "sqlmap",
        (
            *("-u", "{url}/item?id=1", "--batch", "--flush-session", "--disable-coloring"),
            *("--technique", "BEU", "--level", "1", "--threads", "2", "--timeout", "5"),
            *("--output-dir", "out"),
        ),
        ("--user-agent", "{agent}"),
        frozenset({"sqli"}),
    ),
    Tool(
        "ffuf",
        ("-u", "{url}/FUZZ", "-w", "{words}/paths.txt", "-t", "4", "-maxtime", "15", "-s"),
        ("-H", "User-Agent: {agent}"),
        SEARCHES,
    ),
    Tool(
        "gobuster",
        (
            *("dir", "-u", "{url}", "-w", "{words}/paths.txt", "-t", "4", "-q", "-z"),
            *("-x", "php,bak", "--timeout", "5s"),
        ),
        ("-a", "{agent}"),
        SEARCHES,
    ),
    Tool(
        "hydra",
        (
            *("-I", "-l", "ann", "-P", "{words}/passwords.txt", "-t", "4", "-s", "{port}"),
            *("{host}", "http-post-form", "/login:user=^USER^&pass=^PASS^:"),
        ),
        ("H=User-Agent\\: {escaped}:",),
        GUESSES,
    ),
    Tool(
        "wfuzz",
        (
            *("-z", "file,{words}/strings.txt,urlencode", "-t", "2", "--req-delay", "5"),
            *("-u", "{url}/search?q=FUZZ"),
        ),
        ("-H", "User-Agent: {agent}"),
        INJECTIONS,
    ),
    Tool(
        "dirb",
        ("{url}/", "{words}/paths.txt", "-S", "-r", "-w"),
        ("-a", "{agent}"),
        SEARCHES,
    ),
    Tool(
        "wapiti",
        (
            *("-u", "{url}/", "-m", "sql,xss,file,exec", "-d", "2", "--max-scan-time", "12"),
            *("--max-attack-time", "4", "--flush-session", "--no-bugreport", "-S", "paranoid"),
            *("-t", "5", "-f", "json", "-o", "report.json", "--store-session", "."),
        ),
        ("-A", "{agent}"),
        INJECTIONS,
    ),
    Tool(
        "arjun",
        ("-u", "{url}/search", "-w", "{words}/parameters.txt", "-c", "10", "-t", "2", "-T", "5"),
        ("--headers", "User-Agent: {agent}"),
        # as a browser it looks like somebody who takes one search after the other
        SEARCHES | {"parameter_tampering", "automation", "scraping"},
    ),
    Tool(
        "whatweb",
        ("-a", "4", "--max-threads", "4", "--open-timeout", "5", "--colour", "never", "{url}/"),
        ("-U", "{agent}"),
        SEARCHES,
    ),
)
