"""Writes rows as NDJSON: one renderer for honest and hostile requests alike.

A program is a run of operations ``(code, a, b, c)``; a place (path, query, body, reply, header) is
one program, and a line is one of programs. See `programs` for the words that become operations.
"""

import numpy as np

from apisentinel.kernels.compiler import inline, kernel
from apisentinel.simulator.rows import COL, ITEM, NO_BODY, PLAIN_HEADERS, REF

LIT, VAL, HEX, UUID, MONEY, RANDOM, PICK, LIST, COND, PAD, HASHED, JWT = range(12)
ISO, MICROS, ADDRESS, LENGTH, TOKEN, STATUS, SIZE, METHOD, HOST, PATH, QUERY, BODY = range(12, 24)
REPLY, HEADERS, NUMBER, EXTRA, VERSION, CTYPE, EVENT, USER = range(24, 32)

PLAIN, JSON, PERCENT, FORM, DEEP = range(5)
"""How a value is written: as is, in a JSON string, in a target, in a form, in JSON in a string."""

HAS_BODY, HAS_TOKEN, HAS_REFERER, HAS_SESSION, HAS_EXTRA, IS_CALL, HAS_USER = (
    1,
    2,
    4,
    8,
    16,
    32,
    64,
)
HAS_QUERY, HAS_REPLY, IS_V1, HAS_CRED, HAS_LANG = 128, 256, 512, 1024, 2048

MARGIN = 1 << 20
"""Bytes that a line may take: nine strings of 16 KiB, each sevenfold when all of it is escaped."""

E_METHOD, E_HOST, E_PATH, E_QUERY, E_BODY, E_REPLY, E_CTYPE, E_ERROR, E_CALL, E_USER = range(10)
"""Columns of the table of endpoints."""

_TS, _EP, _KIND = COL["ts"], COL["endpoint"], COL["kind"]
_HI, _LO, _STATUS, _BYTES = COL["addr_hi"], COL["addr_lo"], COL["status"], COL["resp_bytes"]
_USER, _SESSION, _CRED = COL["user"], COL["session"], COL["cred"]
_AGENT, _REFERER, _LANG = COL["agent"], COL["referer"], COL["lang"]
_METHOD_S, _PATH_S, _QUERY_S = COL["method_s"], COL["path_s"], COL["query_s"]
_BODY_S, _REPLY_S, _HEAD_S, _AUTH_S = COL["body_s"], COL["reply_s"], COL["head_s"], COL["auth_s"]
_FLAGS, _SALT, _TAIL_S = COL["flags"], COL["salt"], COL["tail_s"]
_U = np.uint64
_HEXES = np.frombuffer(b"0123456789abcdef", np.uint8)
_HEXES_BIG = np.frombuffer(b"0123456789ABCDEF", np.uint8)
_B64 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", np.uint8)
_ALNUM = np.frombuffer(
    b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#*-+?.", np.uint8
)
_SAFE = np.zeros(256, np.uint8)
_SAFE[
    np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", np.uint8)
] = 1


@inline
def _mix(value, salt):
    state = _U(value) + _U(salt) * _U(0x9E3779B97F4A7C15) + _U(0x632BE59BD9B4E019)
    state = (state ^ (state >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> _U(27))) * _U(0x94D049BB133111EB)
    return state ^ (state >> _U(31))


@inline
def _hashed(value, salt):
    return np.int64(_mix(value, salt) >> _U(1))


@inline
def _digits(out, at, value, width):
    """Writes a number of at least `width` digits."""
    if value < 0:
        out[at] = 45
        at += 1
        value = -value
    count = 1
    rest = value // 10
    while rest > 0:
        count += 1
        rest //= 10
    count = max(count, width)
    for k in range(count):
        out[at + count - 1 - k] = 48 + value % 10
        value //= 10
    return at + count


@inline
def _copy(out, at, pool, begin, end):
    for k in range(begin, end):
        out[at + k - begin] = pool[k]
    return at + end - begin


@inline
def _escaped(out, at, byte, deep):
    """One byte inside a JSON string, or inside JSON text inside a JSON string."""
    if byte == 34 or byte == 92:
        if deep:
            out[at] = 92
            out[at + 1] = 92
            at += 2
        out[at] = 92
        out[at + 1] = byte
        return at + 2
    if byte >= 32:
        out[at] = byte
        return at + 1
    out[at] = 92
    at += 1
    if deep:
        out[at] = 92
        at += 1
    short = 110 if byte == 10 else 114 if byte == 13 else 116 if byte == 9 else 0
    if short:
        out[at] = short
        return at + 1
    out[at] = 117
    out[at + 1] = 48
    out[at + 2] = 48
    out[at + 3] = _HEXES[byte >> 4]
    out[at + 4] = _HEXES[byte & 15]
    return at + 5


@inline
def _string(out, at, pool, strings, index, context):
    begin, end, flags = strings[index, 0], strings[index, 1], strings[index, 2]
    if context == PLAIN:
        return _copy(out, at, pool, begin, end)
    target = (context == PERCENT or context == FORM) and flags & 1 == 0
    for k in range(begin, end):
        byte = pool[k]
        if target:
            if _SAFE[byte]:
                out[at] = byte
                at += 1
            elif byte == 32 and context == FORM:
                out[at] = 43
                at += 1
            else:
                out[at] = 37
                out[at + 1] = _HEXES_BIG[byte >> 4]
                out[at + 2] = _HEXES_BIG[byte & 15]
                at += 3
        else:
            at = _escaped(out, at, byte, context == DEEP)
    return at


@inline
def _value(out, at, pool, strings, value, context):
    """A number, or the string that a negative number stands for."""
    if value >= 0:
        return _digits(out, at, value, 1)
    if value <= REF:
        return _string(out, at, pool, strings, REF - value, context)
    return at


@inline
def _hex(out, at, value, count):
    for k in range(count):
        out[at + k] = _HEXES[np.int64(value >> _U(4 * (15 - k % 16))) & 15]
    return at + count


@inline
def _base64(out, at, begin, end):
    """Encodes bytes that stand further behind in `out`, base64url without padding."""
    k = begin
    while k < end:
        left = end - k
        word = np.int64(out[k]) << 16
        if left > 1:
            word |= np.int64(out[k + 1]) << 8
        if left > 2:
            word |= np.int64(out[k + 2])
        for j in range(min(4, left + 1)):
            out[at] = _B64[word >> (18 - 6 * j) & 63]
            at += 1
        k += 3
    return at


@inline
def _jwt(out, at, row, pool, strings, head):
    """Header . {"sub", "sid", "iat", "exp"} . signature."""
    at = _string(out, at, pool, strings, head, PLAIN)
    out[at] = 46
    at += 1
    # the same for all requests of a session in an hour, as a token is
    issued = row[_TS] // 3_600_000_000 * 3600 - np.int64(_mix(row[_SESSION], 5) % _U(3600))
    mark = at + 4096
    end = _string(out, mark, pool, strings, head + 1, PLAIN)
    end = _digits(out, end, max(row[_USER], 0), 1)
    end = _string(out, end, pool, strings, head + 2, PLAIN)
    end = _digits(out, end, issued, 1)
    end = _string(out, end, pool, strings, head + 3, PLAIN)
    end = _digits(out, end, issued + 7200, 1)
    out[end] = 125
    at = _base64(out, at, mark, end + 1)
    out[at] = 46
    at += 1
    word = _mix(row[_CRED], 11)
    for k in range(43):
        if k % 10 == 0:
            word = _mix(np.int64(word >> _U(1)), k)
        out[at + k] = _B64[np.int64(word >> _U(6 * (k % 10))) & 63]
    return at + 43


@inline
def _moment(out, at, micros):
    """RFC 3339 in UTC with microseconds."""
    days = micros // 86_400_000_000
    rest = micros - days * 86_400_000_000
    shifted = days + 719468
    era = shifted // 146097
    day_of_era = shifted - era * 146097
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    part = (5 * day_of_year + 2) // 153
    month = part + 3 if part < 10 else part - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    at = _digits(out, at, year, 4)
    out[at] = 45
    at = _digits(out, at + 1, month, 2)
    out[at] = 45
    at = _digits(out, at + 1, day_of_year - (153 * part + 2) // 5 + 1, 2)
    out[at] = 84
    at = _digits(out, at + 1, rest // 3_600_000_000, 2)
    out[at] = 58
    at = _digits(out, at + 1, rest // 60_000_000 % 60, 2)
    out[at] = 58
    at = _digits(out, at + 1, rest // 1_000_000 % 60, 2)
    out[at] = 46
    at = _digits(out, at + 1, rest % 1_000_000, 6)
    out[at] = 90
    return at + 1


@inline
def _address(out, at, high, low):
    if high == 0:
        for k in range(4):
            if k:
                out[at] = 46
                at += 1
            at = _digits(out, at, low >> (24 - 8 * k) & 255, 1)
        return at
    # The halves never hold two groups of zero in a row, so the canonical text has no "::".
    for k in range(8):
        if k:
            out[at] = 58
            at += 1
        word = high if k < 4 else low
        group = np.int64(_U(word) >> _U(48 - 16 * (k & 3))) & 0xFFFF
        started = False
        for j in range(4):
            digit = group >> (12 - 4 * j) & 15
            if digit or started or j == 3:
                out[at] = _HEXES[digit]
                at += 1
                started = True
    return at


@inline
def _simple(out, at, op, row, pool, strings):
    """Operations whose text depends on the row only."""
    code, a, b, c = op[0], op[1], op[2], op[3]
    if code == LIT:
        return _copy(out, at, pool, strings[a, 0], strings[a, 1])
    if code == VAL:
        return _value(out, at, pool, strings, row[a], b)
    if code == HEX:
        return _hex(out, at, _mix(row[a], 1), b)
    if code == UUID:
        word = _mix(row[a], 2)
        at = _hex(out, at, word, 8)
        out[at] = 45
        at = _hex(out, at + 1, word << _U(32), 4)
        out[at] = 45
        out[at + 1] = 52
        at = _hex(out, at + 2, word << _U(48), 3)
        out[at] = 45
        out[at + 1] = 97
        word = _mix(row[a], 3)
        at = _hex(out, at + 2, word, 3)
        out[at] = 45
        return _hex(out, at + 1, word << _U(12), 12)
    if code == MONEY:
        value = row[a]
        if value <= REF:
            return _value(out, at, pool, strings, value, b)
        if c:
            value = 199 + _hashed(value, 7) % 20000
        if value < 0:
            out[at] = 45
            at += 1
            value = -value
        at = _digits(out, at, value // 100, 1)
        out[at] = 46
        return _digits(out, at + 1, value % 100, 2)
    if code == RANDOM:
        if row[a] <= REF:
            return _value(out, at, pool, strings, row[a], c)
        word = _mix(row[a], 9)
        for k in range(b):
            if k % 10 == 0:
                word = _mix(np.int64(word >> _U(1)), k)
            out[at + k] = _ALNUM[np.int64(word >> _U(6 * (k % 10))) & 63]
        return at + b
    if code == PICK:
        begin = a + _hashed(row[c], a) % b
        return _copy(out, at, pool, strings[begin, 0], strings[begin, 1])
    if code == HASHED:
        return _digits(out, at, _hashed(row[a], b) % c, 1)
    if code == PAD:
        if row[a] <= REF:
            return _value(out, at, pool, strings, row[a], c)
        limit = 1
        for _ in range(b):
            limit *= 10
        return _digits(out, at, row[a] % limit, b)
    return at


@inline
def _program(out, at, ops, begin, end, row, pool, strings, items, lists):
    """Runs a program without nested places: path, query, body or reply."""
    for k in range(begin, end):
        if ops[k, 0] != LIST:
            at = _simple(out, at, ops[k], row, pool, strings)
            continue
        spec = ops[k, 1]
        count, kind, column, table = lists[spec, 0], lists[spec, 1], lists[spec, 2], lists[spec, 3]
        for j in range(count):
            if j:
                out[at] = 44
                at += 1
            if kind == 0:
                place = _hashed(row[column], j + 1) % lists[spec, 4]
                row[ITEM] = items[table + place]
            elif kind == 2:
                # accounts one after the other, page by page
                row[ITEM] = lists[spec, 3] + (row[column] * count + j) % lists[spec, 4]
            else:
                # the objects of an owner: those of its numbers, scattered over the range of ids
                place = (row[column] - table) * lists[spec, 4] + j % lists[spec, 4]
                size = lists[spec, 7]
                row[ITEM] = lists[spec, 8] + (place % size * lists[spec, 5] + lists[spec, 6]) % size
            for m in range(lists[spec, 9], lists[spec, 10]):
                at = _simple(out, at, ops[m], row, pool, strings)
    return at


@inline
def _length(out, begin, end):
    """Bytes of the text whose JSON string stands in ``out[begin:end]``."""
    count = 0
    k = begin
    while k < end:
        if out[k] == 92:
            k += 6 if out[k + 1] == 117 else 2
        else:
            k += 1
        count += 1
    return count


@kernel(
    "int64(int64[:, ::1], int64, int64[::1], int64[:, ::1], int64[:, ::1],"
    " int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[::1], uint8[::1],"
    " int64[:, ::1], uint8[::1], int64[::1])"
)
def write_rows(
    rows, first, ids, endpoints, errors, kinds, spans, ops, lists, items, pool, strings, out, used
):
    """Writes rows from `first` on as lines until `out` is nearly full.

    Args:
        rows: (n, WIDTH); the column of the item is scratch.
        first: Row to begin with.
        ids: Event id of each row.
        endpoints: (e, 10): method, host, programs of path, query, body and reply, content type,
            first program of its errors, 1 for calls, program of the user's name.
        errors: (d, 8) programs of replies to 400, 401, 403, 404, 409, 429, 5xx, other.
        kinds: (k, 4): program of the headers, string of the version, program of the line, first
            string of the token.
        spans: (p, 2) first and last operation of each program.
        ops: (o, 4) operations.
        lists: (l, 11) descriptors of lists.
        items: Ids in the proportion of their popularity.
        pool: Bytes of all strings.
        strings: (s, 3) begin, end, flags.
        out: Room for text.
        used: One number, gets the bytes written.

    Returns:
        Next row.
    """
    at = 0
    number = first
    while number < rows.shape[0] and at + MARGIN < out.shape[0]:
        row = rows[number]
        endpoint = endpoints[row[_EP]]
        kind = kinds[row[_KIND]]
        status = row[_STATUS]
        plain = row[_FLAGS] & PLAIN_HEADERS != 0
        flags = IS_CALL if endpoint[E_CALL] and not plain else 0
        if (endpoint[E_BODY] >= 0 and row[_FLAGS] & NO_BODY == 0) or row[_BODY_S] <= REF:
            flags |= HAS_BODY
        if row[_CRED] or row[_AUTH_S] <= REF:
            flags |= HAS_TOKEN
        if row[_CRED]:
            flags |= HAS_CRED
        if row[_REFERER] <= REF:
            flags |= HAS_REFERER
        if row[_LANG] <= REF:
            flags |= HAS_LANG
        if row[_SESSION]:
            flags |= HAS_SESSION
        if row[_HEAD_S] <= REF:
            flags |= HAS_EXTRA
        if row[_USER] >= 0:
            flags |= HAS_USER
        if (endpoint[E_QUERY] >= 0 and row[_PATH_S] > REF) or row[_QUERY_S] <= REF:
            flags |= HAS_QUERY
        reply = np.int64(-1)
        if status < 300:
            reply = endpoint[E_REPLY]
        elif status >= 400:
            place = (
                0
                if status == 400 or status == 422
                else 1
                if status == 401
                else 2
                if status == 403
                else 3
                if status == 404
                else 4
                if status == 409
                else 5
                if status == 429
                else 6
                if status >= 500
                else 7
            )
            reply = errors[endpoint[E_ERROR], place]
        if reply >= 0 or row[_REPLY_S] <= REF:
            flags |= HAS_REPLY
        body_length = np.int64(0)
        reply_length = row[_BYTES]
        layout = kind[2]
        line, line_end = spans[layout, 0], spans[layout, 1]
        in_headers = False
        back, back_end = np.int64(0), np.int64(0)
        while True:
            if line >= line_end:
                if not in_headers:
                    break
                line, line_end, in_headers = back, back_end, False
                continue
            op = ops[line]
            code = op[0]
            line += 1
            if code < COND or code == PAD or code == HASHED:
                at = _simple(out, at, op, row, pool, strings)
            elif code == COND:
                if (flags & op[1]) != op[1]:
                    line += op[2]
            elif code == HEADERS:
                back, back_end, in_headers = line, line_end, True
                line, line_end = spans[kind[0], 0], spans[kind[0], 1]
            elif code == EVENT:
                at = _hex(out, at, _U(ids[number]), 16)
            elif code == ISO:
                at = _moment(out, at, row[_TS])
            elif code == MICROS:
                at = _digits(out, at, row[_TS] // op[1], 1)
            elif code == ADDRESS:
                at = _address(out, at, row[_HI], row[_LO])
            elif code == NUMBER:
                at = _digits(out, at, row[op[1]], 1)
            elif code == STATUS:
                at = _digits(out, at, status, 3)
            elif code == METHOD:
                if row[_METHOD_S] <= REF:
                    at = _string(out, at, pool, strings, REF - row[_METHOD_S], JSON)
                else:
                    at = _string(out, at, pool, strings, endpoint[E_METHOD], PLAIN)
            elif code == HOST:
                at = _string(out, at, pool, strings, endpoint[E_HOST], PLAIN)
            elif code == PATH:
                if row[_PATH_S] <= REF:
                    at = _string(out, at, pool, strings, REF - row[_PATH_S], JSON)
                else:
                    p = endpoint[E_PATH]
                    at = _program(
                        out, at, ops, spans[p, 0], spans[p, 1], row, pool, strings, items, lists
                    )
            elif code == QUERY:
                if row[_QUERY_S] <= REF:
                    at = _string(out, at, pool, strings, REF - row[_QUERY_S], JSON)
                else:
                    p = endpoint[E_QUERY]
                    at = _program(
                        out, at, ops, spans[p, 0], spans[p, 1], row, pool, strings, items, lists
                    )
            elif code == BODY:
                begin = at
                if row[_BODY_S] <= REF:
                    at = _string(out, at, pool, strings, REF - row[_BODY_S], JSON)
                else:
                    p = endpoint[E_BODY]
                    at = _program(
                        out, at, ops, spans[p, 0], spans[p, 1], row, pool, strings, items, lists
                    )
                if row[_TAIL_S] <= REF and at > begin and out[at - 1] == 125:
                    # more fields in front of the closing brace
                    at = _string(out, at - 1, pool, strings, REF - row[_TAIL_S], JSON)
                    out[at] = 125
                    at += 1
                body_length = _length(out, begin, at)
            elif code == REPLY:
                begin = at
                if row[_REPLY_S] <= REF:
                    at = _string(out, at, pool, strings, REF - row[_REPLY_S], JSON)
                else:
                    at = _program(
                        out,
                        at,
                        ops,
                        spans[reply, 0],
                        spans[reply, 1],
                        row,
                        pool,
                        strings,
                        items,
                        lists,
                    )
                reply_length = _length(out, begin, at)
            elif code == LENGTH:
                at = _digits(out, at, body_length, 1)
            elif code == SIZE:
                at = _digits(out, at, reply_length, 1)
            elif code == TOKEN:
                if row[_AUTH_S] <= REF:
                    at = _string(out, at, pool, strings, REF - row[_AUTH_S], JSON)
                elif op[1] == 1:
                    at = _string(out, at, pool, strings, kind[3] + 4, PLAIN)
                    at = _hex(out, at, _mix(row[_CRED], 21), 16)
                    at = _hex(out, at, _mix(row[_CRED], 22), 16)
                else:
                    at = _string(out, at, pool, strings, kind[3] + 5, PLAIN)
                    at = _jwt(out, at, row, pool, strings, kind[3])
            elif code == USER:
                p = endpoint[E_USER]
                at = _program(
                    out, at, ops, spans[p, 0], spans[p, 1], row, pool, strings, items, lists
                )
            elif code == CTYPE:
                at = _string(out, at, pool, strings, endpoint[E_CTYPE], PLAIN)
            elif code == VERSION:
                at = _string(out, at, pool, strings, kind[1], PLAIN)
            elif code == EXTRA:
                at = _string(out, at, pool, strings, REF - row[_HEAD_S], PLAIN)
        out[at] = 10
        at += 1
        number += 1
    used[0] = at
    return number
