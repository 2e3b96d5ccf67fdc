"""The one kernel that reads text log lines: it interprets a compiled `Program` over the bytes,
without a Python object.

Longer than other files because it is one kernel: each separate entry point costs start-up time, and
its state does not fit through calls.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.bytes import PADDING, find
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.parsers.base import Reason
from apisentinel.parsers.escapes import BACKSLASH, VERBATIM, undo
from apisentinel.parsers.fields import (
    captures,
    clf_head,
    clf_tail,
    duration,
    is_absent,
    put,
    same,
    seek,
    seek_quoted,
    timers,
    whole_number,
)
from apisentinel.parsers.moments import (
    INVALID,
    UNKNOWN,
    c_time,
    civil_micros,
    clf_time,
    clock,
    epoch_time,
    fraction,
    iso_time,
    two,
)
from apisentinel.parsers.program import (
    DIGIT_AFTER,
    HEADERS_AT,
    KEEP_EMPTY,
    LISTED,
    MAY_END,
    MOST_HEADERS,
    PEER_LAST,
    PORT_ALWAYS,
    REQUEST_BYTES,
    SPACES,
    STATUS,
    UNTIL_LAST,
    Op,
    Program,
)
from apisentinel.parsers.request import split_request, split_target, without_port
from apisentinel.records.batch import (
    HEADER_END,
    HEADER_SPLIT,
    MISSING,
    NO_TIME,
    TEXT_COLUMNS,
    TEXT_INDEX,
    Bytes,
    Spans,
)

LONGEST_LINE = 65536
"""Bytes. A longer line is refused as a whole: its rest, cut off, could read as a forged line of its
own.
"""

MOST_STEPS = 4096
"""Steps that one line may take; far above what any program needs, so that no description can loop
for ever.
"""

HOSTED, TRAEFIK = 4, 3
"""Variants that the steps CLF_HEAD (a virtual host in front) and CLF_TAIL (Traefik's extra fields)
find out.
"""

NO_ROOM = 255
"""Internal reason: the headers of this line did not fit behind the chunk; the caller makes room and
calls again.
"""

_COLUMNS = len(TEXT_COLUMNS)
_TARGETS = tuple(TEXT_INDEX[name] for name in ("path", "query", "host"))
_PATH, _QUERY, _HOST = _TARGETS
_HEADERS, _PEER = TEXT_INDEX["headers"], TEXT_INDEX["peer_ip"]
_BIT_TARGETS = np.uint64(1 << _PATH | 1 << _QUERY | 1 << _HOST)
_AGENT, _REFERER = TEXT_INDEX["user_agent"], TEXT_INDEX["referer"]
_BIT_CAPTURES = np.uint64(1 << _HOST | 1 << _AGENT | 1 << _REFERER)
_SCRATCH = 64 + 2 * MOST_HEADERS + 2

_END, _LITERAL, _TEXT, _QUOTED, _ADDRESS, _REQUEST, _TARGET = (int(Op(k)) for k in range(7))
_VERSION, _CLF, _ISO, _EPOCH, _C, _SLASH = (int(Op(k)) for k in range(7, 13))
_DATE, _CLOCK, _NUMBER, _DURATION, _TIMERS, _MARK, _LAST, _MESSAGE = (
    int(Op(k)) for k in range(13, 21)
)
_AT_END, _JUMP, _HEAD, _TAIL, _CAPTURES, _UNTIL_SLASH, _FIRST, _BARE, _VARIANT, _REFUSE = (
    int(Op(k)) for k in range(21, 31)
)
_OK, _NO_MATCH, _BAD_TIME, _BAD_NUMBER, _TOO_LONG, _NO_REQUEST = (
    int(r)
    for r in (
        Reason.OK,
        Reason.NO_MATCH,
        Reason.BAD_TIME,
        Reason.BAD_NUMBER,
        Reason.TOO_LONG,
        Reason.NO_REQUEST,
    )
)
_MARK_AT, _FORWARDED = 64 + 2 * MOST_HEADERS, 64 + 2 * MOST_HEADERS


@inline
def _date(buffer, at, end):
    """``yyyy-mm-dd`` as microseconds."""
    if at + 10 > end or buffer[at + 4] != 45 or buffer[at + 7] != 45:
        return np.int64(0), np.int64(UNKNOWN)
    high, low, month, day = (
        two(buffer, at),
        two(buffer, at + 2),
        two(buffer, at + 5),
        two(buffer, at + 8),
    )
    if high < 0 or low < 0 or month < 0 or day < 0:
        return np.int64(0), np.int64(UNKNOWN)
    micros, known = civil_micros(high * 100 + low, month, day, 0)
    return micros, (at + 10 if known else np.int64(INVALID))


@inline
def _clock(buffer, at, end):
    """``hh:mm:ss[.fraction]`` as microseconds of the day."""
    seconds = clock(buffer, at, end)
    if seconds < 0:
        return np.int64(0), seconds
    micros, i = np.int64(0), at + 8
    if i < end and buffer[i] == 46:
        micros, i = fraction(buffer, i + 1, end)
    return seconds * 1000000 + micros, i


@inline
def _peer_last(buffer, begin, end, spans, row):
    """Takes the last entry of a forwarded list for the peer: the only one that our side of the last
    proxy has written.
    """
    first = end
    while first > begin and buffer[first - 1] != 44 and buffer[first - 1] != 32:
        first -= 1
    first, last = without_port(buffer, first, end, False)
    if not is_absent(buffer, first, last):
        put(spans, _PEER, row, first, last)


@inline
def _clear(row, spans, ts, status, request_bytes, response_bytes, duration_us):
    """Takes back what a refused line has written."""
    for c in range(_COLUMNS):
        spans[c, row, 0] = -1
        spans[c, row, 1] = -1
    ts[row] = NO_TIME
    status[row] = MISSING
    request_bytes[row] = MISSING
    response_bytes[row] = MISSING
    duration_us[row] = MISSING


@inline
def _compose(buffer, row, spans, scratch, count, names, name_ends, room):
    """Writes the headers text of a row behind the chunk."""
    out = room[0]
    start = out
    for h in range(count):
        which = np.int64(scratch[64 + 2 * h])
        for k in range(name_ends[which], name_ends[which + 1]):
            buffer[out] = names[k]
            out += 1
        buffer[out] = HEADER_SPLIT
        out += 1
        begin = np.int64(scratch[64 + 2 * h + 1])
        for k in range(begin, begin + scratch[32 + h]):
            byte = buffer[k]
            buffer[out] = 32 if byte == HEADER_END or byte == HEADER_SPLIT else byte
            out += 1
        buffer[out] = HEADER_END
        out += 1
    put(spans, _HEADERS, row, start, out)
    room[0] = out


@kernel(
    "int64(uint8[::1], int32[::1], int32[::1], int32[::1], int64, int32[:,::1], "
    "uint8[::1], uint8[::1], int32[::1], int32[:,:,::1],"
    " int64[::1], int16[::1], int64[::1], int64[::1], int64[::1], uint8[::1], "
    "uint8[::1], int64[::1], int32[::1])",
)
def interpret(
    buffer, begins, ends, pick, start, code, literals, names, name_ends, spans,
    ts, status, request_bytes, response_bytes, duration_us, reason, variants, room, scratch,
):  # fmt: skip
    """Runs a program over ``pick[start:]``; gives how many entries of `pick` are done.

    Fewer than all only when a headers text did not fit into ``buffer[room[0]:room[1]]``; that line
    is untouched then. `scratch`: escapes of the columns, headers as (name, begin) with their
    lengths, a pair for forwarded addresses.
    """
    forwarded = scratch[_FORWARDED : _FORWARDED + 2]
    for p in range(start, pick.shape[0]):
        row = np.int64(pick[p])
        s, e = np.int64(begins[row]), np.int64(ends[row])
        if e - s > LONGEST_LINE:
            reason[row] = _TOO_LONG
            continue
        escaped = find(buffer, s, e, 92) < e
        pending = np.uint64(0)
        headers, need = 0, np.int64(0)
        variant, hosted, why = 0, False, _NO_MATCH
        mark, day, hour = s, np.int64(NO_TIME), np.int64(-1)
        i, pc, done = s, np.int64(0), False
        for _ in range(MOST_STEPS):
            op = code[pc, 0]
            column = np.int64(code[pc, 1])
            at, length = np.int64(code[pc, 2]), np.int64(code[pc, 3])
            flags = code[pc, 6]
            j = np.int64(UNKNOWN)
            bad = _NO_MATCH
            first, last = i, i
            is_text = False
            if op == _TEXT or op == _QUOTED or op == _ADDRESS:
                if length == 0:
                    last = e
                elif op == _QUOTED and escaped:
                    last = seek_quoted(buffer, i, e, literals, at, length, flags & DIGIT_AFTER)
                else:
                    last = seek(buffer, i, e, literals, at, length, flags & DIGIT_AFTER)
                if flags & LISTED:
                    while last > i and (
                        buffer[last - 1] == 44
                        or buffer[last - 1] == 58
                        or (last + 1 < e and buffer[last + 1] == 58)
                    ):
                        last = seek(buffer, last + 1, e, literals, at, length, 0)
                if flags & UNTIL_LAST and last >= 0:
                    k = last
                    while k >= 0:
                        last = k
                        k = seek(buffer, k + 1, e, literals, at, length, flags & DIGIT_AFTER)
                if last < 0 and flags & MAY_END:
                    last = e
                    length = np.int64(0)
                j = last
                is_text = column >= 0
            elif op == _LITERAL:
                j = i
            elif op == _NUMBER:
                value, j = whole_number(buffer, i, e)
                if j == INVALID:
                    bad = _BAD_NUMBER
                elif column == STATUS:
                    if j - i > 3 and value >= 0:
                        j = np.int64(INVALID)
                        bad = _BAD_NUMBER
                    else:
                        status[row] = value
                elif column == REQUEST_BYTES:
                    request_bytes[row] = value
                else:
                    response_bytes[row] = value
            elif op == _REQUEST or op == _TARGET:
                if escaped:
                    last = seek_quoted(buffer, i, e, literals, at, length, flags & DIGIT_AFTER)
                else:
                    last = seek(buffer, i, e, literals, at, length, flags & DIGIT_AFTER)
                if last < 0 and flags & MAY_END:
                    last = e
                    length = np.int64(0)
                j = last
                if j >= 0:
                    if op == _REQUEST:
                        split_request(buffer, i, j, spans, row)
                    else:
                        split_target(buffer, i, j, spans, row)
                    mode = code[pc, 7]
                    if mode > BACKSLASH or (mode == BACKSLASH and escaped):
                        pending |= _BIT_TARGETS
                        scratch[_PATH] = mode
                        scratch[_QUERY] = mode
                        scratch[_HOST] = mode
            elif op == _HEAD:
                forwarded[0] = -1
                value, j, has_host = clf_head(buffer, i, e, spans, row, forwarded)
                if j < 0:
                    bad = _BAD_TIME if j == INVALID else _NO_MATCH
                else:
                    ts[row] = value
                    hosted = has_host
                    first, last = np.int64(forwarded[0]), np.int64(forwarded[1])
                    is_text = first >= 0
            elif op == _TAIL:
                if i < e and buffer[i] != 32:
                    j = np.int64(UNKNOWN)
                else:
                    forwarded[0] = -1
                    value, traefik = clf_tail(buffer, i, e, forwarded)
                    if value >= 0:
                        duration_us[row] = value
                    variant = TRAEFIK if traefik else code[pc, 5]
                    first, last = np.int64(forwarded[0]), np.int64(forwarded[1])
                    is_text = first >= 0
                    j = e
            elif op == _END:
                done = True
                break
            elif op == _AT_END:
                j = i
                while j < e and (buffer[j] == 32 or buffer[j] == 9):
                    j += 1
                if j < e:
                    j = np.int64(UNKNOWN)
            elif op == _VARIANT:
                variant = max(variant, code[pc, 5])
                j = i
            elif op == _CLF:
                value, j = clf_time(buffer, i, e)
            elif op == _ISO:
                value, j = iso_time(buffer, i, e, 45)
            elif op == _SLASH:
                value, j = iso_time(buffer, i, e, 47)
            elif op == _C:
                value, j = c_time(buffer, i, e)
            elif op == _EPOCH:
                value, j = epoch_time(buffer, i, e)
            elif op == _DATE:
                value, j = _date(buffer, i, e)
                if j >= 0:
                    day = value
            elif op == _CLOCK:
                value, j = _clock(buffer, i, e)
                if j >= 0:
                    hour = value
            elif op == _DURATION:
                value, j = duration(buffer, i, e, np.int64(code[pc, 5]))
                if j >= 0:
                    duration_us[row] = value
            elif op == _TIMERS:
                value, j = timers(buffer, i, e)
                if j >= 0:
                    duration_us[row] = value
            elif op == _VERSION:
                last = seek(buffer, i, e, literals, at, length, 0) if length > 0 else e
                j = last
                if last - i > 5 and buffer[i + 4] == 47:
                    first = i + 5
                is_text = column >= 0
            elif op == _MARK:
                mark = i
                j = i
            elif op == _LAST:
                k = seek(buffer, i, e, literals, at, length, 0)
                while k >= 0:
                    j = k
                    k = seek(buffer, k + 1, e, literals, at, length, 0)
            elif op == _FIRST:
                j = seek(buffer, i, e, literals, at, length, 0)
            elif op == _MESSAGE:
                stop = i if i > mark else e
                for k in range(code[pc, 5], code[pc, 5] + column):
                    if (
                        seek(
                            buffer,
                            mark,
                            stop,
                            literals,
                            np.int64(code[k, 2]),
                            np.int64(code[k, 3]),
                            0,
                        )
                        >= 0
                    ):
                        status[row] = code[k, 1]
                        break
                j = i
                column = np.int64(-1)
            elif op == _JUMP:
                pc = np.int64(code[pc, 4])
                continue
            elif op == _CAPTURES:
                forwarded[0] = -1
                j = captures(buffer, i, e, spans, row, forwarded)
                first, last = np.int64(forwarded[0]), np.int64(forwarded[1])
                is_text = j >= 0 and first >= 0
                if j >= 0:
                    pending |= _BIT_CAPTURES
                    scratch[_HOST] = code[pc, 7]
                    scratch[_AGENT] = code[pc, 7]
                    scratch[_REFERER] = code[pc, 7]
            elif op == _UNTIL_SLASH:
                last = find(buffer, i, e, 47)
                j = last if last < e else np.int64(UNKNOWN)
                is_text = column >= 0
            elif op == _REFUSE:
                why = _NO_REQUEST
                break
            elif op == _BARE:
                last = e
                while last > i and buffer[last - 1] == 32:
                    last -= 1
                split_request(buffer, i, last, spans, row)
                j = e
            if j >= 0 and _CLF <= op <= _SLASH:
                ts[row] = value
            elif j == INVALID and (_CLF <= op <= _SLASH or op == _DATE or op == _CLOCK):
                why = _BAD_TIME
                break
            elif j == INVALID and op == _DURATION:
                bad = _BAD_NUMBER
            if j >= 0 and length > 0 and op != _MESSAGE:
                if same(buffer, j, e, literals, at, length):
                    j += length
                    if flags & SPACES:
                        while j < e and buffer[j] == 32:
                            j += 1
                elif flags & MAY_END and j == e:
                    j = e
                else:
                    j = np.int64(UNKNOWN)
            if j < 0:
                pc = np.int64(code[pc, 4])
                if pc < 0:
                    why = _NO_MATCH if bad == _BAD_NUMBER and spans[_PATH, row, 0] < 0 else bad
                    break
                continue
            if is_text:
                if op == _ADDRESS:
                    first, last = without_port(buffer, first, last, flags & PORT_ALWAYS)
                if not is_absent(buffer, first, last) or (flags & KEEP_EMPTY and last == first):
                    mode = code[pc, 7]
                    slot = column
                    if column < HEADERS_AT:
                        put(spans, column, row, first, last)
                    elif headers < MOST_HEADERS:
                        slot = np.int64(32 + headers)
                        which = column - HEADERS_AT
                        scratch[32 + headers] = last - first
                        scratch[64 + 2 * headers] = which
                        scratch[64 + 2 * headers + 1] = first
                        need += last - first + name_ends[which + 1] - name_ends[which] + 2
                        headers += 1
                        if flags & PEER_LAST and spans[_PEER, row, 0] < 0:
                            _peer_last(buffer, first, last, spans, row)
                    if mode > BACKSLASH or (mode == BACKSLASH and escaped):
                        pending |= np.uint64(1) << np.uint64(slot)
                        if slot < HEADERS_AT:
                            scratch[slot] = mode
            i = j
            pc += 1
        if not done:
            _clear(row, spans, ts, status, request_bytes, response_bytes, duration_us)
            reason[row] = why
            continue
        if headers > 0 and room[0] + need > room[1]:
            _clear(row, spans, ts, status, request_bytes, response_bytes, duration_us)
            reason[row] = NO_ROOM
            return p
        if pending != 0:
            for c in range(HEADERS_AT):
                if pending >> np.uint64(c) & np.uint64(1) and spans[c, row, 0] >= 0:
                    spans[c, row, 1] = undo(
                        buffer, np.int64(spans[c, row, 0]), np.int64(spans[c, row, 1]), scratch[c]
                    )
            for h in range(headers):
                if pending >> np.uint64(32 + h) & np.uint64(1):
                    begin = np.int64(scratch[64 + 2 * h + 1])
                    scratch[32 + h] = (
                        undo(buffer, begin, begin + scratch[32 + h], BACKSLASH) - begin
                    )
        if headers > 0:
            _compose(buffer, row, spans, scratch, headers, names, name_ends, room)
        if day != NO_TIME and hour >= 0:
            ts[row] = day + hour
        variants[row] = HOSTED if hosted else max(variant, code[pc, 5])
        reason[row] = _OK
    return np.int64(pick.shape[0])


class TextParser:
    """A `Parser` for the lines that a `Program` describes.

    Header fields are composed behind the chunk, in ``buffer[room[0]:room[1]]``: `parse_into` gives
    what did not fit back to its caller, which makes the buffer longer. `parse` has no such place
    and leaves headers out when the buffer has no spare bytes.

    Thread safety: one call at a time (the scratch memory is shared).
    """

    def __init__(self, name: str, program: Program) -> None:
        self.name = name
        self.program = program
        self.variants = program.variants
        self.has_headers = len(program.name_ends) > 1
        self._scratch = np.zeros(_SCRATCH, np.int32)

    def parse_into(
        self,
        buffer: Bytes,
        begin: npt.NDArray[Any],
        end: npt.NDArray[Any],
        pick: npt.NDArray[Any],
        start: int,
        spans: Spans,
        numbers: dict[str, npt.NDArray[Any]],
        reason: npt.NDArray[Any],
        variant: npt.NDArray[Any],
        room: npt.NDArray[Any],
    ) -> int:
        """Parses ``pick[start:]``; gives how many entries are done. See `Parser.parse` for the
        arguments.

        Args:
            variant: uint8 per line, index into `variants` of the rows that parsed.
            room: int64 ``(next, limit)``, the spare bytes of the buffer; `next` moves on.
        """
        program = self.program
        return int(
            interpret(
                buffer,
                begin,
                end,
                pick,
                start,
                program.code,
                program.literals,
                program.names,
                program.name_ends,
                spans,
                numbers["ts"],
                numbers["status"],
                numbers["request_bytes"],
                numbers["response_bytes"],
                numbers["duration_us"],
                reason,
                variant,
                room,
                self._scratch,
            )
        )

    def parse(
        self,
        buffer: Bytes,
        begin: npt.NDArray[Any],
        end: npt.NDArray[Any],
        pick: npt.NDArray[Any],
        spans: Spans,
        numbers: dict[str, npt.NDArray[Any]],
        reason: npt.NDArray[Any],
    ) -> None:
        """See `Parser.parse`; a line whose headers do not fit behind the last line is refused as
        `NO_ROOM`.
        """
        used = int(end.max()) if end.size else 0
        room = np.array([used, buffer.size - PADDING], np.int64)
        variant = np.zeros(begin.size, np.uint8)
        at = 0
        while at < pick.size:
            at = (
                self.parse_into(buffer, begin, end, pick, at, spans, numbers, reason, variant, room)
                + 1
            )


__all__ = ["LONGEST_LINE", "NO_ROOM", "VERBATIM", "TextParser", "interpret"]
