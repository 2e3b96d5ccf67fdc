"""What a route can ask the application for."""

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from apisentinel.clock import Clock

if TYPE_CHECKING:
    from apisentinel.api.access.accounts import Accounts
    from apisentinel.api.access.auth import Authenticator
    from apisentinel.api.http.limits import Limits
    from apisentinel.api.ingest.agent_reports import AgentReports
    from apisentinel.api.ingest.bodies import Intake
    from apisentinel.pipeline.service import Service


def get_service(connection: HTTPConnection) -> "Service":
    """The running service."""
    service: Service = connection.app.state.service
    return service


def get_authenticator(connection: HTTPConnection) -> "Authenticator":
    """The part that tells who asks."""
    authenticator: Authenticator = connection.app.state.authenticator
    return authenticator


def get_accounts(connection: HTTPConnection) -> "Accounts":
    """Where keys, users, sessions and the audit are kept."""
    accounts: Accounts = connection.app.state.accounts
    return accounts


def get_limits(connection: HTTPConnection) -> "Limits":
    """The limits that callers share."""
    limits: Limits = connection.app.state.limits
    return limits


def get_intake(connection: HTTPConnection) -> "Intake":
    """The part that receives ingest bodies."""
    intake: Intake = connection.app.state.intake
    return intake


def get_agent_reports(connection: HTTPConnection) -> "AgentReports":
    """What middlewares say of themselves."""
    reports: AgentReports = connection.app.state.agent_reports
    return reports


def get_clock(connection: HTTPConnection) -> Clock:
    """The clock of the service."""
    clock: Clock = connection.app.state.clock
    return clock


def get_request_id(connection: HTTPConnection) -> str:
    """The id of this request, as in the answer's ``X-Request-Id``."""
    request_id: str = connection.scope.get("state", {}).get("request_id", "")
    return request_id
