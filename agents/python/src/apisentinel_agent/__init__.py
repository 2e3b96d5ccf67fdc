"""Reports the requests of a Python web application to API Sentinel.

One line for each framework::

    from apisentinel_agent.fastapi import protect     # FastAPI, Starlette, any ASGI application
    from apisentinel_agent.flask import protect       # Flask
    MIDDLEWARE = ["apisentinel_agent.django.SentinelMiddleware", ...]  # Django

The agent never raises into the application, never makes it wait, and holds a bounded amount of
memory whatever becomes of the collector.
"""

from apisentinel_agent.agent import Agent
from apisentinel_agent.options import Options
from apisentinel_agent.version import __version__

__all__ = ["Agent", "Options", "__version__"]
