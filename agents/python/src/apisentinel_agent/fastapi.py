"""One line for FastAPI and Starlette.

As in::

    protect(app, url="https://sentinel.internal:8080", key=os.environ["SENTINEL_KEY"])

Call it after all other ``add_middleware``: the one added last sees each request first.
"""

from __future__ import annotations

from typing import Any

from apisentinel_agent.agent import Agent
from apisentinel_agent.asgi import SentinelMiddleware


def protect(app: Any, agent: Agent | None = None, **given: Any) -> Agent:
    """Reports the requests of an application.

    Args:
        app: A FastAPI or Starlette application.
        agent: An agent to share; without one, `given` makes one.
        given: Options of the agent.

    Returns:
        The agent, for its `stats`.

    Raises:
        TypeError: There is no such option.
        ValueError: An option cannot be used.
    """
    agent = agent or Agent(**given)
    app.add_middleware(SentinelMiddleware, agent=agent)
    return agent
