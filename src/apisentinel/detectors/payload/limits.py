"""Limits of the payload detector. Each bounds the work or memory that one hostile request can
cause.
"""

MAX_SCREEN_TARGET = 8_192
"""Bytes of path and of query that the screen reads; servers refuse longer targets (nginx and Apache
at 8 KiB).
"""

MAX_SCREEN_FIELD = 16_384
"""Bytes of all headers, of a referer and of a user agent that the screen reads; the usual limit of
all headers together.
"""

MAX_SCREEN_BODY = 65_536
"""Bytes of a body that the screen reads; sources sample bodies far below that."""

SCREEN_LAYERS = 3
"""Encodings that the screen undoes; a payload with more layers shows its percent signs of the
fourth.
"""

MAX_LAYERS = 5
"""Encodings that are undone at most; the deepest chain seen in public attack collections is
four.
"""

MAX_INPUT = 65_536
"""Bytes of one request that are decoded and inspected."""

MAX_VALUE = 8_192
"""Bytes of one value that patterns read: its beginning and its end, where a break-out stands."""

MAX_VIEWS = 4
"""Readings of one value (sent, decoded, base64 inside, nested)."""

MAX_GROWTH = 8
"""A decoder may not make a value longer than so many times its length (ligatures in NFKC grow up to
18 times).
"""

MAX_VALUES = 256
"""Values of one request; a body of thousands of fields costs no more than this."""

MAX_CLOSE = 64
"""Values of one field that are read closely; each costs 50 µs. Decoys are findings themselves."""

ENOUGH_FIRM = 8
"""Firm findings of one field after which nothing more is read: the answer can no longer change."""

MAX_DEPTH = 16
"""Nesting of JSON or of encodings inside encodings that is followed."""

MAX_TOKENS = 256
"""SQL tokens of one value that are matched."""

MAX_MATCH = 120
"""Characters of the shown match."""

MAX_FINDINGS = 8
"""Findings that one request keeps, strongest first."""

CACHE_ENTRIES = 65_536
"""Distinct field contents whose findings are remembered; the older half is dropped when full."""

MAX_CACHED_BYTES = 4_096
"""Longer contents are not remembered, so that the cache stays below 300 MB even when an attacker
fills it.
"""

PATTERN_MEMORY = 16 << 20
"""Bytes one RE2 automaton may use before it starts afresh."""
"""Below the default of 64 MB for all sets together, and far above what the sets need on ordinary
text.
"""
