"""Keyed state: what each client, session, user, endpoint, network and object has done so far, as
fixed-size records.
"""

from apisentinel.features.events import EVENT, LOGIN, make_events
from apisentinel.features.state import FeatureSettings, FeatureState, Signals

__all__ = ["EVENT", "LOGIN", "FeatureSettings", "FeatureState", "Signals", "make_events"]
