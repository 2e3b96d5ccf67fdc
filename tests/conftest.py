"""What all tests share: how hypothesis searches."""

import os

from hypothesis import HealthCheck, settings

# Tests give the same result on every run and on every machine, however busy; `make fuzz` searches
# on, with new seeds.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "search", deadline=None, max_examples=1_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
