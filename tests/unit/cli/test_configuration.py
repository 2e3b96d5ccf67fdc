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
        (
            "thread = 4",
            "settings.toml:1: thread: there is no such setting; did you mean 'threads'?",
        ),
        (
            "[limits]\nwindows = 4",
            "limits.windows: there is no such setting; did you mean 'window_s'?",
        ),
        ("[limits]\nwindow_s = 0", "limits.window_s: Input should be greater than or equal to 1"),
        ("threads = [", "not valid TOML"),
        ("threads = 'many'", "settings.toml:1: threads: "),
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
    variables = ("APISENTINEL_DEBUG", "APISENTINEL_CACHE_DIR", "APISENTINEL_AGENT_URL")
    load(None, {}, dict.fromkeys(variables, "1"))


def test_a_scan_takes_its_part_of_the_settings_of_the_service(file):
    path = file("data_dir = '/data'\ntop = 5\n[server]\nport = 1\n[detection]\nthreads = 3\n")
    variables = {"APISENTINEL_SERVER__PORT": "2", "APISENTINEL_DETECTION__TRUSTED_HOPS": "1"}
    settings = load(path, {}, variables)
    assert (settings.top, settings.threads, settings.trusted_hops) == (5, 3, 1)


def test_a_setting_that_stands_in_both_places_is_refused(file):
    path = file("threads = 2\n[detection]\nthreads = 3\n")
    with pytest.raises(ConfigError, match=r"threads is set twice"):
        load(path, {}, {})


def test_a_number_is_a_text_where_a_text_is_wanted():
    assert load(None, {}, {"APISENTINEL_FORMAT": "2024"}).format == "2024"


def test_faults_name_their_lines(file):
    path = file("# comment\n\ntop = 1\n[limits]\n\nwindow_s = 0\nwindow = 1\n")
    with pytest.raises(ConfigError) as caught:
        load(path, {}, {"APISENTINEL_TOPP": "1"})
    lines = [line.strip().removeprefix(path) for line in str(caught.value).splitlines()[1:]]
    assert sorted(line.partition(": ")[0] for line in lines) == [":6", ":7", "environment"]


def test_a_missing_file_is_named():
    with pytest.raises(ConfigError, match=r"/no/file.toml: cannot read"):
        load("/no/file.toml", {}, {})
