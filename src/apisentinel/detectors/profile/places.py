"""Where a value stands in a request, and bounds of what is read of one."""

SEGMENT, QUERY, FORM, JSON, PART, COOKIE, HEADER, BODY = range(8)
PLACE_NAMES = (
    "path segment", "query", "form", "body", "part", "cookie", "header", "body",
)  # fmt: skip
"""Words for the places, by number."""

MAX_ITEMS = 192
"""Values read of one request; the rest of a larger one is not looked at, its number of values
is.
"""
MAX_VALUE = 1024
"""Bytes of a value that are looked at; what makes a longer one unusual stands at its beginning, or
is its length.
"""
MAX_DEPTH = 16
"""Nesting of JSON that has names of its own."""
MAX_SEGMENTS = 16
"""Path segments that are looked at."""
MAX_FIELD = 65_536
"""Bytes of one field (path, query, headers, body) that are read."""
