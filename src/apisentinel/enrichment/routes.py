"""Routes: the template of each path, learned from the paths themselves.

A segment that looks like an identifier becomes a placeholder at once. Any other segment is a word
of the API until its position has shown more words than an API has; from then on new words there
become ``{slug}``, while words that are known keep their routes, so a route never changes its name.
Paths that do not exist name no routes: what a scanner guesses goes to ``{unknown}``, and what finds
no room to ``{other}``.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.enrichment.route_tree import (
    FOUND_FLAGS,
    FOUND_NUMBER,
    FOUND_THING,
    KNOWN,
    MISSING,
    NODES,
    ROOT,
    ROUTE_TEXT,
    walk,
)
from apisentinel.enrichment.words import EXTENSIONS, LANGUAGES, PATH_WORDS
from apisentinel.errors import StateError
from apisentinel.kernels.bytes import prefetch
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.hashing import HashKey, hash_bytes, mix, siphash
from apisentinel.kernels.interning import home, locate, rotate, slot_of
from apisentinel.records.batch import RequestBatch
from apisentinel.records.flags import NO_OBJECT, PATH_GARBAGE
from apisentinel.records.taxonomy import METHODS

_U = np.uint64

ROUTES = 4096
"""Routes with a name of their own; the largest public APIs document about 1,500."""
HOSTS = 256
"""Hosts with a name of their own; the Host header is the client's word."""
HOST_TEXT = 80
"""Bytes kept of a host."""
ENDPOINTS = 1 << 14
"""Slots for endpoints, of which half are used: two methods for each route."""
CACHE = 1 << 17
"""Slots for distinct paths in each of two generations, of which half are used; such paths are not
walked again.
"""

UNKNOWN, OTHER, GARBAGE = 0, 1, 2
FIXED_ROUTES = ("{unknown}", "{other}", "{garbage}")
"""Routes that no path can have, by number: no such path, no room, no path at all."""

ROUTES_USED, HOSTS_USED, CACHED, ENDPOINTS_USED = range(4)
_PREFETCH = 12
_CONNECT = METHODS.index("CONNECT")
_WITH_BODY = METHODS.index("POST"), METHODS.index("PATCH")


@inline
def is_real(status, method):
    """False when the answer says that there is no such path.

    So do permanent redirects, which servers give for every path (to https, to another host). A
    refused body (400) speaks for a path that reads bodies.
    """
    if status == 400:
        return _WITH_BODY[0] <= method <= _WITH_BODY[1]
    return not (
        status == 404
        or status == 410
        or status == 414
        or status == 301
        or status == 308
        or status == 444
    )


@inline
def _intern(keys, ids, texts, lengths, used, key, source, begin, end):
    """``(number, used)`` of a text by its hash; number -1 when there is no room for another one."""
    at = locate(keys, key)
    if keys[at] == key:
        return np.int64(ids[at]), used
    if used >= texts.shape[0]:
        return np.int64(-1), used
    keys[at] = key
    ids[at] = used
    length = min(end - begin, texts.shape[1])
    for k in range(length):
        texts[used, k] = source[begin + k]
    lengths[used] = length
    return np.int64(used), used + 1


@kernel(
    "void(uint8[::1], int32[:,::1], int32[:,::1], int16[::1], uint8[::1], uint64[::1], "
    "uint64[::1], uint64, uint64,"
    " uint64[::1], int64[::1], uint64[::1], int64[::1], uint64[::1], int64[::1],"
    " uint64[::1], int64[:,::1], uint64[::1], int64[:,::1], uint64[::1], int32[::1], int64[::1],"
    " uint64[::1], int32[::1], uint8[:,::1], int32[::1], uint64[::1],"
    " uint64[::1], int32[::1], uint8[:,::1], int32[::1],"
    " uint64[::1], int64[::1], int64[::1],"
    " int32[::1], uint64[::1], uint32[::1], int64[::1], uint64[::1], uint8[::1], int64[::1])"
)
def find_routes(
    buffer, paths, hosts, status, method, h_path, h_host, k0, k1,
    words, word_values, extensions, extension_values, languages, language_values,
    young, young_values, old, old_values, node_keys, children, nodes_used,
    route_keys, route_ids, route_text, route_length, route_hash, host_keys, host_ids, host_text,
    host_length,
    endpoint_keys, endpoint_values, used,
    route, endpoint, flags, number, thing, text, found,
):  # fmt: skip
    """Route, endpoint, path flags and object of each row.

    Ordering: routes depend on the order of the rows, not on how they are cut into blocks.
    Cost: see docs/explanation/identity.md.
    """
    rows = paths.shape[0]
    for i in range(rows):
        if i + _PREFETCH < rows:
            prefetch(young, home(h_path[i + _PREFETCH], young.shape[0]) * 8)
        begin, end = np.int64(paths[i, 0]), np.int64(paths[i, 1])
        key = h_path[i]
        kind, bits, value, object_hash = (
            np.int64(OTHER),
            np.int64(0),
            np.int64(NO_OBJECT),
            np.int64(0),
        )
        if begin < 0 or begin == end or method[i] == 0:
            kind, bits = np.int64(GARBAGE), np.int64(PATH_GARBAGE)
        elif buffer[begin] != 47:
            if method[i] != _CONNECT and buffer[begin] != 42:
                kind, bits = np.int64(GARBAGE), np.int64(PATH_GARBAGE)
        else:
            real = is_real(status[i], method[i])
            at = locate(young, key)
            is_young = young[at] == key
            is_cached = is_young
            if is_young:
                kind, bits, value, object_hash = (
                    young_values[at, 0],
                    young_values[at, 1],
                    young_values[at, 2],
                    young_values[at, 3],
                )
            else:
                past = locate(old, key)
                is_cached = old[past] == key
                if is_cached:
                    kind, bits, value, object_hash = (
                        old_values[past, 0],
                        old_values[past, 1],
                        old_values[past, 2],
                        old_values[past, 3],
                    )
            is_new = not is_cached or (kind == UNKNOWN and real)
            if is_new:
                state, length = walk(
                    buffer, begin, end, real, k0, k1, words, word_values, extensions,
                    extension_values, languages, language_values,
                    node_keys, children, nodes_used, text, found,
                )  # fmt: skip
                bits, value, object_hash = (
                    found[FOUND_FLAGS],
                    found[FOUND_NUMBER],
                    found[FOUND_THING],
                )
                kind = np.int64(UNKNOWN) if state == MISSING else np.int64(OTHER)
                if state == KNOWN:
                    name = siphash(text, 0, length, k0, k1)
                    kind, count = _intern(
                        route_keys,
                        route_ids,
                        route_text,
                        route_length,
                        used[ROUTES_USED],
                        name,
                        text,
                        0,
                        length,
                    )
                    used[ROUTES_USED] = count
                    if kind < 0:
                        kind = np.int64(OTHER)
                    else:
                        route_hash[kind] = name
            if is_new or not is_young:
                if not is_young:
                    if used[CACHED] * 2 >= young.shape[0]:
                        rotate(young, young_values, old, old_values)
                        used[CACHED] = 0
                        at = locate(young, key)
                    used[CACHED] += 1
                young[at] = key
                (
                    young_values[at, 0],
                    young_values[at, 1],
                    young_values[at, 2],
                    young_values[at, 3],
                ) = kind, bits, value, object_hash
        route[i], flags[i], number[i], thing[i] = kind, bits, value, _U(object_hash)
        host = np.int64(-1)
        if h_host[i] != _U(0):
            host, count = _intern(
                host_keys, host_ids, host_text, host_length, used[HOSTS_USED], h_host[i], buffer,
                np.int64(hosts[i, 0]), np.int64(hosts[i, 1]),
            )  # fmt: skip
            used[HOSTS_USED] = count
            host = np.int64(HOSTS) if host < 0 else host
        host_hash = h_host[i] if host < HOSTS else _U(HOSTS)
        name = mix(mix(route_hash[kind], host_hash), k0 ^ _U(method[i]))
        at = locate(endpoint_keys, name)
        if endpoint_keys[at] == _U(0):
            if used[ENDPOINTS_USED] * 2 < endpoint_keys.shape[0]:
                endpoint_keys[at] = name
                endpoint_values[at] = (np.int64(method[i]) << 48) | ((host + 1) << 32) | kind
                used[ENDPOINTS_USED] += 1
            else:
                name = mix(mix(route_hash[OTHER], _U(0)), k0)
        endpoint[i] = name


_PARTS = (
    "young", "young_values", "old", "old_values", "node_keys", "children", "nodes_used",
    "route_keys", "route_ids", "route_text", "route_length", "route_hash",
    "host_keys", "host_ids", "host_text", "host_length", "endpoint_keys", "endpoint_values", "used",
)  # fmt: skip
"""Arrays of a table in the order of the kernel's arguments."""


class RouteTable:
    """All routes, hosts and endpoints learned so far. Ordered: one call at a time, rows in event
    order.
    """

    def __init__(self, key: HashKey) -> None:
        self.key = key
        self._arrays: dict[str, npt.NDArray[Any]] = {
            "young": np.zeros(CACHE, np.uint64), "young_values": np.zeros((CACHE, 4), np.int64),
            "old": np.zeros(CACHE, np.uint64), "old_values": np.zeros((CACHE, 4), np.int64),
            "node_keys": np.zeros(2 * NODES, np.uint64), "children": np.zeros(2 * NODES, np.int32),
            "nodes_used": np.zeros(1, np.int64),
            "route_keys": np.zeros(4 * ROUTES, np.uint64),
            "route_ids": np.zeros(4 * ROUTES, np.int32),
            "route_text": np.zeros((ROUTES, ROUTE_TEXT), np.uint8),
            "route_length": np.zeros(ROUTES, np.int32),
            "route_hash": np.zeros(ROUTES, np.uint64),
            "host_keys": np.zeros(4 * HOSTS, np.uint64), "host_ids": np.zeros(4 * HOSTS, np.int32),
            "host_text": np.zeros((HOSTS, HOST_TEXT), np.uint8),
            "host_length": np.zeros(HOSTS, np.int32),
            "endpoint_keys": np.zeros(ENDPOINTS, np.uint64),
            "endpoint_values": np.zeros(ENDPOINTS, np.int64),
            "used": np.zeros(4, np.int64),
        }  # fmt: skip
        arrays = self._arrays
        for number, word in enumerate(FIXED_ROUTES):
            arrays["route_text"][number, : len(word)] = np.frombuffer(word.encode(), np.uint8)
            arrays["route_length"][number] = len(word)
            arrays["route_hash"][number] = hash_bytes(word.encode(), key)
        arrays["used"][ROUTES_USED] = len(FIXED_ROUTES)
        arrays["node_keys"][slot_of(arrays["node_keys"], ROOT)] = ROOT
        arrays["nodes_used"][0] = 1

    def add(self, batch: RequestBatch) -> None:
        """Adds route, endpoint, path_flags, object_id and h_object to a batch."""
        rows = len(batch)
        route, endpoint = np.empty(rows, np.int32), np.empty(rows, np.uint64)
        flags, number, thing = (
            np.empty(rows, np.uint32),
            np.empty(rows, np.int64),
            np.empty(rows, np.uint64),
        )
        columns = batch.enriched
        find_routes(
            batch.buffer, batch.span("path"), batch.span("host"), batch.numbers["status"],
            columns["method"],
            columns["h_path"], columns["h_host"], _U(self.key.k0), _U(self.key.k1), *PATH_WORDS,
            *EXTENSIONS, *LANGUAGES,
            *(self._arrays[name] for name in _PARTS), route, endpoint, flags, number, thing,
            np.empty(ROUTE_TEXT, np.uint8), np.zeros(3, np.int64),
        )  # fmt: skip
        without = thing == 0
        number[without] = columns["query_object"][without]
        thing[without] = columns["h_query_object"][without]
        columns["route"], columns["endpoint"] = route, endpoint
        columns["path_flags"] = flags | columns["query_flags"]
        columns["object_id"], columns["h_object"] = number, thing

    def __len__(self) -> int:
        """Routes with a number, the fixed ones included."""
        return int(self._arrays["used"][ROUTES_USED])

    def route_text_of(self, number: int) -> str:
        """Text of a route."""
        raw = self._arrays["route_text"][number, : int(self._arrays["route_length"][number])]
        return raw.tobytes().decode("utf-8", "replace")

    def label_of(self, endpoint: int) -> str:
        """``METHOD host route`` of an endpoint hash; endpoints beyond the table have one label,
        `{other}`.
        """
        at = slot_of(self._arrays["endpoint_keys"], endpoint)
        if int(self._arrays["endpoint_keys"][at]) != endpoint:
            return FIXED_ROUTES[OTHER]
        packed = int(self._arrays["endpoint_values"][at])
        method, host = METHODS[packed >> 48], (packed >> 32 & 0xFFFF) - 1
        words = (method or "-", self._host_text(host), self.route_text_of(packed & 0xFFFFFFFF))
        return " ".join(word for word in words if word)

    def _host_text(self, host: int) -> str:
        """Host without port in small letters; empty without one."""
        if host < 0 or host == HOSTS:
            return "" if host < 0 else FIXED_ROUTES[OTHER]
        raw = self._arrays["host_text"][host, : int(self._arrays["host_length"][host])]
        text = raw.tobytes().decode("utf-8", "replace").lower()
        name, colon, port = text.rpartition(":")
        return (name if colon and port.isdigit() and not name.endswith(":") else text).rstrip(".")

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """All that was learned."""
        return {name: array.copy() for name, array in self._arrays.items()}

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Takes over a snapshot.

        Raises:
            StateError: It has other bounds.
        """
        for name, mine in self._arrays.items():
            theirs = arrays.get(name)
            if theirs is None or theirs.shape != mine.shape or theirs.dtype != mine.dtype:
                raise StateError(
                    f"snapshot of routes: {name} has other bounds than this version; scan from "
                    f"the beginning"
                )
        for name, mine in self._arrays.items():
            mine[:] = arrays[name]
