"""Bits of the flag columns that enrichment adds. Plain integers, because kernels compile them in as
constants.
"""

AGENT_CLAIMS_GOOD_BOT = 1
"""Names itself after a well-known crawler (search engine, archive, social preview); not proven."""
AGENT_SCANNER_TOOL = 2
"""Names a vulnerability scanner or attack tool."""
AGENT_INCONSISTENT = 4
"""Looks like a browser but holds parts that no browser sends together, or versions that never
existed.
"""
AGENT_OUTDATED = 8
"""A browser that is many years behind."""
AGENT_URL_OR_MAIL = 16
"""Holds a URL or mail address, as crawlers do to say who runs them."""
AGENT_HEADLESS = 32
"""A browser driven by a program."""

AGENT_FLAG_TEXT = {
    AGENT_CLAIMS_GOOD_BOT: "claims to be a known crawler",
    AGENT_SCANNER_TOOL: "names a scanning tool",
    AGENT_INCONSISTENT: "impossible browser string",
    AGENT_OUTDATED: "browser many years old",
    AGENT_URL_OR_MAIL: "holds a URL or mail address",
    AGENT_HEADLESS: "browser without a screen",
}
"""Words of the report for each bit of `agent_flags`."""

PATH_ASSET = 1
"""Style sheet, script, image, font, media, source map or icon."""
PATH_LOGIN = 2
"""Place where a user or program signs in or gets a token."""
PATH_LOGOUT = 4
PATH_REGISTER = 8
"""Sign-up, password reset, one-time password and other steps beside the login."""
PATH_ROBOTS = 16
"""robots.txt and site maps."""
PATH_FEED = 32
"""RSS and Atom."""
PATH_HEALTH = 64
"""Health, readiness, metrics and status pages that monitors read."""
PATH_ADMIN = 128
"""Administration area."""
PATH_API = 256
"""Path of an API by its own words: api, v1, graphql, rpc, odata, json and the like."""
PATH_ROOT = 512
"""The path is ``/``."""
PATH_GARBAGE = 1024
"""The request line is no HTTP: TLS or binary bytes, or no path at all."""
PATH_SEARCH = 2048
PATH_FETCHED_BY_ITSELF = 4096
"""Files that clients ask for without a user: /.well-known/, favicon, apple-touch-icon, ads.txt and
the like.
"""
PATH_PAGINATION = 8192
"""The query walks through a list: page, offset, cursor and the like."""

NO_OBJECT = -1
"""`object_id` of a request whose path and query name no numeric object."""
