"""What a value of a JSON line can be used for, in the numbers that the kernel works with.

A mapping names a slot for each path. The first slots are the text columns of the batch themselves;
the others are values from which columns are made.
"""

from apisentinel.records.batch import TEXT_COLUMNS, TEXT_INDEX

TEXT_SLOTS = len(TEXT_COLUMNS)
TS, STATUS, REQUEST_BYTES, RESPONSE_BYTES, DURATION = range(TEXT_SLOTS, TEXT_SLOTS + 5)
URI, REQUEST_LINE, DATE, CLOCK, QUERY_PAIRS, REQUEST_BASE64, RESPONSE_BASE64, RESPONSE_ENCODING = (
    range(DURATION + 1, DURATION + 9)
)
HEADER = RESPONSE_ENCODING + 1
SLOTS = HEADER + 1

METHOD, SCHEME, HOST, PATH, QUERY = (
    TEXT_INDEX[n] for n in ("method", "scheme", "host", "path", "query")
)
VERSION, AGENT, REFERER, HEADERS = (
    TEXT_INDEX[n] for n in ("http_version", "user_agent", "referer", "headers")
)
REQUEST_BODY, RESPONSE_BODY = TEXT_INDEX["request_body"], TEXT_INDEX["response_body"]
PEER, CLIENT = TEXT_INDEX["peer_ip"], TEXT_INDEX["client_ip"]

NULL, STRING, ESCAPED, NUMBER, TRUE, FALSE, OBJECT, LIST = range(8)
"""Types of JSON values; `ESCAPED` is a string that holds escapes."""

T_SLOT, T_RANK, T_CODE, T_NAME, T_NAME_LENGTH, T_INNER = range(6)
"""Columns of the target table: slot, rank among paths of the same slot (0 wins), unit of a duration
or escape of a text, header name in the literals, 1 when paths below this one are targets too."""

MARK = -1
"""Rank of a path whose presence alone is noted; T_CODE and T_NAME are then the low and high 31 bits
of what it sets."""

S_RANK, S_TARGET, S_BEGIN, S_END, S_TYPE = range(5)
"""Columns of the slot table of one line."""

F_LENIENT, F_DASH, F_NON_EMPTY, F_IDENTIFY = 1, 2, 4, 8
"""Mapping flags: lenient strings and numbers; ``-`` means missing; required values must not be
empty; nothing is parsed, only the paths that are present are told."""

MAX_DEPTH = 32
"""Nesting of objects and lists; real access logs stay below ten."""

MAX_HEADERS = 64
"""Single-value header fields taken from one line; more are ignored."""

MAX_BODY = 64 * 1024
"""Bytes kept of a body; attacks stand at its start and the batch keeps no more."""

MAX_SCALAR = 96
"""Bytes of a number or time that is written with escapes; none is longer."""

MAX_KEY = 256
"""Bytes of a key that is written with escapes; longer ones match no path."""
