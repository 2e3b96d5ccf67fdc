"""Settings: which source wins, and faults that say where they are."""

import pytest

from apisentinel.cli.configuration import load
from apisentinel.errors import ConfigError

pytestmark = pytest.mark.usefixtures("pipeline")


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "settings.toml"
        path.write_text(text)
        return str(path)

    return write


def test_defaults_need_nothing():
    assert load(None, {}, {}).format == "auto"


def test_command_line_wins_over_environment_over_file(file):
    path = file("threads = 4\ntop = 4\ntrusted_hops = 4\n[limits]\nwindow_s = 4\n")
    variables = {"APISENTINEL_TOP": "3", "APISENTINEL_THREADS": "3", "HOME": "/"}
    settings = load(path, {"threads": 2, "format": None}, variables)
    assert (settings.threads, settings.top, settings.trusted_hops, settings.limits.window_s) == (
        2,
        3,
        4,
        4,
    )


def test_environment_reaches_into_tables(file):
    path = file("[limits]\nwindow_s = 4\n")
    assert load(path, {}, {"APISENTINEL_LIMITS__WINDOW_S": "9"}).limits.window_s == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("thread = 4", "settings.toml: thread: there is no such setting; did you mean 'threads'?"),
        (
            "[limits]\nwindows = 4",
            "limits.windows: there is no such setting; did you mean 'window_s'?",
        ),
        ("[limits]\nwindow_s = 0", "limits.window_s: Input should be greater than or equal to 1"),
        ("threads = [", "not valid TOML"),
        ("threads = 'many'", "settings.toml: threads: "),
        ("x" * 2_000_000, "larger than 1 MiB"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_place(file, text, words):
    with pytest.raises(ConfigError, match=r"settings\.toml") as caught:
        load(file(text), {}, {})
    assert words in str(caught.value)


def test_all_faults_come_at_once(file):
    with pytest.raises(ConfigError) as caught:
        load(file("thread = 4\ntop = 'x'"), {"trusted_hops": 99}, {})
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert any(line.startswith("  command line: trusted_hops") for line in lines)


def test_an_unknown_variable_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'APISENTINEL_THREADS'"):
        load(None, {}, {"APISENTINEL_THREDS": "3"})


def test_our_other_variables_are_no_settings():
    load(None, {}, {"APISENTINEL_DEBUG": "1", "APISENTINEL_CACHE_DIR": "/tmp"})


def test_a_missing_file_is_named():
    with pytest.raises(ConfigError, match=r"/no/file.toml: cannot read"):
        load("/no/file.toml", {}, {})
