"""One line for Flask.

As in::

    protect(app, url="https://sentinel.internal:8080", key=os.environ["SENTINEL_KEY"])

Route, user (Flask-Login) and session come from Flask; callables are handed Flask's request.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apisentinel_agent import wsgi
from apisentinel_agent.agent import Agent
from apisentinel_agent.options import Options
from apisentinel_agent.reading import as_text, read


def protect(app: Any, agent: Agent | None = None, **given: Any) -> Agent:
    """Reports the requests of a Flask application.

    Args:
        app: The application.
        agent: An agent to share; without one, `given` makes one.
        given: Options of the agent.

    Returns:
        The agent, for its `stats`.

    Raises:
        TypeError: There is no such option.
        ValueError: An option cannot be used.
    """
    options = agent.options if agent is not None else Options.read(given)
    # The callables see Flask's request, here, while it is there; not the environ, later.
    agent = agent or Agent(replace(options, client=None, user=None, session=None, route=None))
    chosen = agent

    def leave(_problem: BaseException | None = None) -> None:
        try:
            _leave(options, chosen)
        except Exception:
            chosen.fault("Flask's request could not be read")

    app.teardown_request(leave)
    app.wsgi_app = wsgi.SentinelMiddleware(app.wsgi_app, chosen)
    return chosen


def _leave(options: Options, agent: Agent) -> None:
    """Leaves in the environ what Flask knows, for the middleware around it."""
    from flask import request

    environ = request.environ
    rule = request.url_rule
    environ[wsgi.ROUTE] = read(options.route, request, agent) or (rule.rule if rule else None)
    environ[wsgi.USER] = read(options.user or _user, request, agent)
    environ[wsgi.SESSION] = read(options.session or _session, request, agent)
    client = read(options.client, request, agent)
    if client:
        environ[wsgi.CLIENT] = client


def _user(_request: Any) -> object:
    from flask import g

    user = getattr(g, "_login_user", None)  # Flask-Login; only when the application asked for it
    if user is not None and getattr(user, "is_authenticated", False):
        return as_text(user.get_id())
    return getattr(g, "user_id", None)


def _session(_request: Any) -> object:
    """An id of the session that outlives its content; Flask's own cookie changes with it."""
    from flask import session

    return getattr(session, "sid", None) or session.get("_id")
