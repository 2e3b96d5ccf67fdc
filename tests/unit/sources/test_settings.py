"""Settings of sources: complete, sensible, and described."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from apisentinel.sources.settings import SourceSettings, SyslogSettings, TailSettings

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "sources.md"


@pytest.mark.parametrize("model", [TailSettings, SyslogSettings])
def test_every_setting_is_on_the_page(model):
    text = PAGE.read_text("utf-8")
    for name in model.model_fields:
        assert f"`{name}`" in text or f"`{name} = " in text, name


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "kafka"},
        {"type": "file"},
        {"type": "file", "path": ""},
        {"type": "syslog", "protocol": "tls"},
        {"type": "syslog", "tls_cert": "a", "tls_key": "b"},
        {"type": "syslog", "port": 70_000},
        {"type": "file", "path": "a", "colour": "red"},
    ],
)
def test_unusable_settings_are_refused(wanted):
    with pytest.raises(ValidationError):
        SourceSettings.model_validate({"inputs": [wanted]})
