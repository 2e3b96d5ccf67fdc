"""API threat detection: learns how an API is used and finds attacks in its traffic."""

__version__ = "0.1.0"
