"""What each type of campaign does, one function a type."""

from collections.abc import Callable
from typing import Any

from apisentinel.simulator.attack import Attack
from apisentinel.simulator.campaigns.access import ACCESS
from apisentinel.simulator.campaigns.automation import AUTOMATION
from apisentinel.simulator.campaigns.injection import INJECTION
from apisentinel.simulator.campaigns.load import LOAD
from apisentinel.simulator.campaigns.login import LOGIN

BUILDERS: dict[str, Callable[[Attack], Any]] = {
    **INJECTION,
    **LOGIN,
    **ACCESS,
    **AUTOMATION,
    **LOAD,
}
"""Attack type → rows of a campaign, labelled."""

__all__ = ["BUILDERS"]
