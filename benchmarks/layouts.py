"""Log formats that the generator writes: a line is a join of entries of prepared tables."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.rows import METHODS, MICROS, ORIGINS, STATUSES, USERS, VERSIONS, Rows
from benchmarks.shop import Integers, Site, user_name

Texts = npt.NDArray[np.object_]

LOG_FORMAT = Path(__file__).with_name("log_format.txt").read_text("ascii").strip()
"""The nginx `log_format` of the custom layout."""

HOST = b"shop.example.com"
_PLAIN = bytes(c for c in range(32, 127) if c not in b'"\\')
SIZES = 60_000
"""Different response sizes; a size is written modulo this."""

DURATIONS = 60_000
"""Different durations in milliseconds; longer ones are cut by the visits."""

PARTNER_USERS = 40
"""Users that sign in by HTTP authentication, the only ones that an access log of nginx names."""


def nginx_escaped(text: bytes) -> bytes:
    r"""As nginx writes variables: quotes, backslashes, controls and bytes over 0x7e as ``\xHH``.

    Example:
        >>> nginx_escaped(b'a"b\x16')
        b'a\\x22b\\x16'
    """
    if not text.translate(None, _PLAIN):
        return text
    return b"".join(
        b"\\x%02X" % c if c in b'"\\' or c < 32 or c > 126 else bytes([c]) for c in text
    )


def json_escaped(text: bytes) -> bytes:
    """Inside of a JSON string; bytes that are no UTF-8 become the code points of Latin-1."""
    return (
        json.dumps(text.decode("latin-1"))[1:-1].encode() if text.translate(None, _PLAIN) else text
    )


def table(entries: Iterable[bytes], before: bytes = b"", after: bytes = b"") -> Texts:
    """Array of the entries with constant bytes around each."""
    made = [before + entry + after for entry in entries]
    out = np.empty(len(made), object)
    out[:] = made
    return out


class Layout:
    """Renders rows as lines. Made by `combined`, `custom` or `ndjson`.

    Attributes:
        pieces: Functions of (rows, serial of the first row) that give one text per row, in the
            order of the line.
    """

    def __init__(self, pieces: Sequence[Callable[[Rows, int], Texts]]) -> None:
        self.pieces = pieces

    def render(self, rows: Rows, serial: int) -> bytes:
        """Lines of all rows."""
        cells = np.empty((rows["time"].size, len(self.pieces)), object)
        for k, piece in enumerate(self.pieces):
            cells[:, k] = piece(rows, serial)
        return b"".join(cells.ravel().tolist())


def _column(name: str, texts: Texts, modulo: int = 0) -> Callable[[Rows, int], Texts]:
    def piece(rows: Rows, _serial: int) -> Texts:
        index = rows[name] % modulo if modulo else rows[name]
        return np.asarray(texts[index])

    return piece


def _clock(
    pattern: str, after: bytes, fraction: Texts | None = None
) -> list[Callable[[Rows, int], Texts]]:
    """Event time, written once per distinct second; with `fraction`, milliseconds follow."""

    def seconds(rows: Rows, _serial: int) -> Texts:
        distinct, inverse = np.unique(rows["time"] // MICROS, return_inverse=True)
        texts = (datetime.fromtimestamp(int(s), UTC).strftime(pattern).encode() for s in distinct)
        return np.asarray(table(texts, after=b"" if fraction is not None else after)[inverse])

    if fraction is None:
        return [seconds]
    return [seconds, lambda rows, _serial: fraction[rows["time"] // 1_000 % 1_000]]


def _clients(site: Site, before: bytes, after: bytes) -> Callable[[Rows, int], Texts]:
    """Addresses; a negative client −1 − k is visitor k of the endless crowd, who comes once."""
    texts = table(site.clients, before, after)

    def piece(rows: Rows, _serial: int) -> Texts:
        index = rows["client"]
        crowd = index < 0
        if not crowd.any():
            return texts[index]
        out = np.empty(index.size, object)
        out[~crowd] = texts[index[~crowd]]
        out[crowd] = table(crowd_addresses(-1 - index[crowd].astype(np.int64)), before, after)
        return out

    return piece


def crowd_addresses(number: Integers) -> list[bytes]:
    """A distinct address for each number below 2**32; IPv6 where IPv4 has no public one.

    Example:
        >>> crowd_addresses(np.array([0, 1]))
        [b'2001:db8:0:1::a', b'158.55.121.185']
    """
    # An odd factor permutes the numbers modulo 2**32.
    value = (number.astype(np.uint64) * np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)
    return [
        b"%d.%d.%d.%d" % (v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255)
        if 0 < v >> 24 < 224 and v >> 24 not in {10, 127, 172, 192, 169}
        else b"2001:db8:%x:1:%x::a" % (v >> 16, v & 0xFFFF)
        if v & 0xFFFF
        else b"2001:db8:%x:1::a" % (v >> 16)
        for v in value.tolist()
    ]


def _users(absent: bytes, shown: int, *, quoted: bool) -> list[bytes]:
    names = [user_name(k) for k in range(USERS)]
    named = [b'"' + name + b'"' for name in names] if quoted else names
    return [name if 0 < k <= shown else absent for k, name in enumerate(named)]


def _request(
    site: Site, escaped: Callable[[bytes], bytes], after: bytes
) -> list[Callable[[Rows, int], Texts]]:
    return [
        _column("method", table([m + b" " if m else m for m in METHODS])),
        _column("path", table(map(escaped, site.paths))),
        _column("query", table(map(escaped, site.queries))),
        _column("version", table(VERSIONS, b"", after)),
    ]


def _numbers(count: int, after: bytes) -> Texts:
    return table((b"%d" % k for k in range(count)), after=after)


def combined(site: Site) -> Layout:
    """The combined format of nginx and Apache."""
    return Layout(
        [
            _clients(site, b"", b" - "),
            _column("user", table(_users(b"-", PARTNER_USERS, quoted=False), after=b" [")),
            *_clock("%d/%b/%Y:%H:%M:%S +0000", b'] "'),
            *_request(site, nginx_escaped, b'" '),
            _column("status", table([b"%d " % s for s in STATUSES])),
            _column("size", _numbers(SIZES, b' "'), SIZES),
            _column("origin", table(ORIGINS)),
            _column("referer", table(map(nginx_escaped, site.paths), after=b'" "')),
            _column("agent", table(map(nginx_escaped, site.agents), after=b'"\n')),
        ]
    )


def custom(site: Site) -> Layout:
    """The format of `LOG_FORMAT`."""
    seconds = [f"{k / 1000:.3f}".encode() for k in range(DURATIONS)]
    low, high = (
        table(b"%03x\n" % k for k in range(4096)),
        table(b"7f3a%025x" % k for k in range(65_536)),
    )

    def serials(rows: Rows, serial: int) -> Integers:
        return np.arange(serial, serial + rows["time"].size)

    return Layout(
        [
            _clients(site, b"", b" - "),
            _column("user", table(_users(b"-", PARTNER_USERS, quoted=False), after=b" [")),
            *_clock("%Y-%m-%dT%H:%M:%S+00:00", b"] " + HOST + b' "'),
            *_request(site, nginx_escaped, b'" '),
            _column("status", table([b"%d " % s for s in STATUSES])),
            _column("size", _numbers(SIZES, b" "), SIZES),
            _column("duration", table(seconds, after=b" "), DURATIONS),
            _column("origin", table(ORIGINS, before=b'"')),
            _column("referer", table(map(nginx_escaped, site.paths), after=b'" "')),
            _column("agent", table(map(nginx_escaped, site.agents), after=b'" ')),
            _column("path", _numbers(2_000, b' "')[200:], 1_800),
            _column("duration", table(seconds, after=b'" '), DURATIONS),
            lambda rows, serial: high[serials(rows, serial) >> 12 & 65_535],
            lambda rows, serial: low[serials(rows, serial) & 4095],
        ]
    )


def ndjson(site: Site) -> Layout:
    """Our own NDJSON, one request a line."""
    fraction = table(b'.%03dZ","peer_ip":"' % k for k in range(1_000))
    methods = table([m or b"GET" for m in METHODS], b'"method":"', b'","url":"')
    versions = table(
        [v[6:] or b"1.0" for v in VERSIONS],
        b'","http_version":"',
        b'","host":"' + HOST + b'","status":',
    )
    agents = (b"" if agent == b"-" else json_escaped(agent) for agent in site.agents)
    pieces: list[Callable[[Rows, int], Texts]] = [
        *_clock('{"ts":"%Y-%m-%dT%H:%M:%S', b"", fraction),
        _clients(site, b"", b'",'),
        _column("method", methods),
        _column("path", table(map(json_escaped, site.paths))),
        _column("query", table(map(json_escaped, site.queries))),
        _column("version", versions),
        _column("status", table([b'%d,"response_bytes":' % s for s in STATUSES])),
        _column("size", _numbers(SIZES, b',"duration_us":'), SIZES),
        _column("duration", _numbers(DURATIONS, b'000,"user_id":'), DURATIONS),
        _column("user", table(_users(b"null", USERS, quoted=True), after=b',"referer":"')),
        _column("origin", table([b"" if o == b"-" else o for o in ORIGINS])),
        _column("referer", table(map(json_escaped, site.paths), after=b'","user_agent":"')),
        _column("agent", table(agents, after=b'"}\n')),
    ]
    return Layout(pieces)


def mapped(site: Site) -> Layout:
    """JSON of a program with its own names; ``mapping.toml`` beside this file explains them."""
    fraction = table(b'.%03dZ","client":{"address":"' % k for k in range(1_000))
    methods = table([m or b"GET" for m in METHODS], b'{"verb":"', b'","target":"')
    agents = (b"" if agent == b"-" else json_escaped(agent) for agent in site.agents)
    return Layout(
        [
            *_clock('{"time":"%Y-%m-%dT%H:%M:%S', b"", fraction),
            _clients(site, b"", b'"},"req":'),
            _column("method", methods),
            _column("path", table(map(json_escaped, site.paths))),
            _column("query", table(map(json_escaped, site.queries), after=b'","referrer":"')),
            _column("origin", table([b"" if o == b"-" else o for o in ORIGINS])),
            _column("referer", table(map(json_escaped, site.paths), after=b'","agent":"')),
            _column("agent", table(agents, after=b'"},"who":')),
            _column("user", table(_users(b"null", USERS, quoted=True), after=b',"res":{"code":')),
            _column("status", table([b'%d,"size":' % s for s in STATUSES])),
            _column("size", _numbers(SIZES, b',"took_ms":'), SIZES),
            _column("duration", _numbers(DURATIONS, b"}}\n"), DURATIONS),
        ]
    )


LAYOUTS: dict[str, Callable[[Site], Layout]] = {
    "combined": combined,
    "custom": custom,
    "ndjson": ndjson,
    "mapped": mapped,
}
"""Layouts by the name of the option ``--format``."""
